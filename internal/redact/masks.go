package redact

import (
	"bytes"
	"index/suffixarray"
	"slices"
	"sort"
	"strings"

	"github.com/dockworthy/dockworthy/internal/secret"
	"github.com/dockworthy/dockworthy/text"
)

// Masks are the places of secret values by file: what no output may show. The
// nil and the zero Masks hide nothing.
type Masks struct {
	spans map[*text.File][]text.Span
	files []*text.File // in the order in which they came
	made  *hider       // nil = to be made again
}

// Add takes places of a file in.
func (m *Masks) Add(f *text.File, spans ...text.Span) {
	if len(spans) == 0 {
		return
	}
	if m.spans == nil {
		m.spans = map[*text.File][]text.Span{}
	}
	if _, ok := m.spans[f]; !ok {
		m.files = append(m.files, f)
	}
	m.spans[f] = append(m.spans[f], spans...)
	m.made = nil
}

// AddAll takes in what other masks hide.
func (m *Masks) AddAll(o *Masks) {
	if o == nil {
		return
	}
	for _, f := range o.files {
		m.Add(f, o.spans[f]...)
	}
}

// Empty tells whether nothing is hidden.
func (m *Masks) Empty() bool { return m == nil || len(m.files) == 0 }

// In are the places in a part of a file, in order, none within another.
func (m *Masks) In(f *text.File, part text.Span) []text.Span {
	if m.Empty() || len(m.spans[f]) == 0 {
		return nil
	}
	list := m.ready().ordered(f)
	from := sort.Search(len(list), func(i int) bool { return list[i].End > part.Start })
	to := from
	for to < len(list) && list[to].Start < part.End {
		to++
	}
	return list[from:to]
}

// Hide is s with every value of the masks in it replaced, for messages. A plain
// word that the file has in the clear too, as a password that is the service's
// name, is left: it says nothing that is not said.
func (m *Masks) Hide(s string) string {
	if m.Empty() {
		return s
	}
	h := m.ready()
	var b strings.Builder
	done := 0
	for i := 0; i+leastMasked <= len(s); {
		v := h.at(s[i:])
		if v == "" {
			i++
			continue
		}
		b.WriteString(s[done:i])
		b.WriteString(secret.Mask(v))
		i += len(v)
		done = i
	}
	if done == 0 {
		return s
	}
	b.WriteString(s[done:])
	return b.String()
}

// Spread adds the places in a file where the values stand again, as a build
// step repeats a line of the Dockerfile.
func (m *Masks) Spread(f *text.File) {
	if m.Empty() {
		return
	}
	h := m.ready()
	have := map[text.Span]bool{}
	for _, s := range m.spans[f] {
		have[s] = true
	}
	var found []text.Span
	data := f.Text(text.Span{End: len(f.Data)})
	for i := 0; i+leastMasked <= len(data); i++ {
		// Not beyond a value, but from the next byte on: two may overlap.
		if v := h.at(data[i:]); v != "" {
			if s := (text.Span{Start: i, End: i + len(v)}); !have[s] {
				found = append(found, s)
			}
		}
	}
	if len(found) > 0 {
		m.Add(f, found...)
		h.lists[f] = nil
		m.made = h // the values are the same
	}
}

// leastMasked is the length of the shortest value that is looked for in messages.
const leastMasked = 4

// A hider finds the values of masks in text, in time that grows with the text
// and hardly with the number of values.
type hider struct {
	m      *Masks
	values []string // sorted
	within []int    // of each value, the longest other one that it begins with; -1 = none
	heads  [1 << 10]uint64
	clear  map[string]bool // plain words: whether they are left as they are
	words  map[*text.File]*suffixarray.Index
	asked  map[*text.File]int
	times  map[*text.File]map[string]int // how often each value is masked in a file
	lists  map[*text.File][]text.Span
}

func (m *Masks) ready() *hider {
	if m.made != nil {
		return m.made
	}
	h := &hider{m: m, clear: map[string]bool{}, lists: map[*text.File][]text.Span{}}
	for _, f := range m.files {
		for _, s := range m.spans[f] {
			// A word that everybody knows is hidden where it stands for a password, and
			// nowhere else: --mount=type=secret would be unreadable.
			if v := f.Text(s); len(v) >= leastMasked && !secret.WeakPassword(v) {
				h.values = append(h.values, v)
			}
		}
	}
	slices.Sort(h.values)
	h.values = slices.Compact(h.values)
	h.within = make([]int, len(h.values))
	for i, v := range h.values {
		// Sorted, the values that one begins with stand before it.
		j := i - 1
		for j >= 0 && !strings.HasPrefix(v, h.values[j]) {
			j = h.within[j]
		}
		h.within[i] = j
		n := headOf(v)
		h.heads[n>>6] |= 1 << (n & 63)
	}
	m.made = h
	return h
}

// headOf is a number for the first bytes of a value.
func headOf(s string) uint {
	n := uint(s[0]) | uint(s[1])<<8 | uint(s[2])<<16 | uint(s[3])<<24
	return n * 2654435761 >> 7 & (1<<16 - 1)
}

// at is the longest value that s begins with and that is hidden; "" = none.
// s has at least as many bytes as the leastMasked.
func (h *hider) at(s string) string {
	n := headOf(s)
	if h.heads[n>>6]&(1<<(n&63)) == 0 {
		return ""
	}
	i := sort.Search(len(h.values), func(i int) bool { return h.values[i] > s }) - 1
	for ; i >= 0; i = h.within[i] {
		if v := h.values[i]; strings.HasPrefix(s, v) && !h.left(v) {
			return v
		}
	}
	return ""
}

// left tells whether a value is left as it is: a plain word that stands in the
// file outside the masks.
func (h *hider) left(v string) bool {
	if !plainWord(v) {
		return false
	}
	left, ok := h.clear[v]
	if ok {
		return left
	}
	left = true
	for _, f := range h.m.files {
		if n := h.masked(f)[v]; n > 0 && h.count(f, v, n+1) <= n {
			left = false
			break
		}
	}
	h.clear[v] = left
	return left
}

func plainWord(v string) bool {
	return strings.Trim(v, "abcdefghijklmnopqrstuvwxyz") == ""
}

// masked is how often each value is masked in a file.
func (h *hider) masked(f *text.File) map[string]int {
	if h.times == nil {
		h.times = map[*text.File]map[string]int{}
	}
	times := h.times[f]
	if times == nil {
		times = map[string]int{}
		for _, s := range h.m.spans[f] {
			times[f.Text(s)]++
		}
		h.times[f] = times
	}
	return times
}

// count is how often a word stands in a file, or any number from enough on.
// After some words an index is worth its while.
func (h *hider) count(f *text.File, v string, enough int) int {
	const few = 16
	if h.asked == nil {
		h.asked, h.words = map[*text.File]int{}, map[*text.File]*suffixarray.Index{}
	}
	if h.asked[f]++; h.asked[f] <= few {
		return bytes.Count(f.Data, []byte(v))
	}
	if h.words[f] == nil {
		h.words[f] = suffixarray.New(f.Data)
	}
	return len(h.words[f].Lookup([]byte(v), enough))
}

// ordered are the places of a file in order, those within others left out.
func (h *hider) ordered(f *text.File) []text.Span {
	if list := h.lists[f]; list != nil {
		return list
	}
	all := slices.Clone(h.m.spans[f])
	slices.SortFunc(all, func(a, b text.Span) int {
		if a.Start != b.Start {
			return a.Start - b.Start
		}
		return b.End - a.End
	})
	list := all[:0]
	for _, s := range all {
		if n := len(list); n > 0 && s.End <= list[n-1].End {
			continue
		}
		list = append(list, s)
	}
	h.lists[f] = list
	return list
}
