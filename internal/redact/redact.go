// Package redact hides secrets in what leaves the program. What came from files,
// images, builds and programs passes a Redactor on its way out: as text that it
// looks through (Hide), and once more, whatever the format, in the Writer that
// every report is written to.
package redact

import (
	"strings"
	"sync"

	"github.com/dockworthy/dockworthy/internal/secret"
	"github.com/dockworthy/dockworthy/text"
)

// A Redactor knows the secrets that one run of the program has met. The zero
// Redactor knows none, and nil hides only what shows by its look. It may be used
// by several goroutines.
type Redactor struct {
	parent *Redactor // knows more; nil = nobody does
	mu     sync.Mutex
	values map[string]bool
	forms  matcher // of all forms of the values
	spans  map[*text.File][]text.Span
}

// maxValues bounds how many secrets are remembered: a file of a million tokens
// is a list of something else, and what shows by its look is hidden all the same.
const maxValues = 20_000

// Give adds values that the caller gave: of secrets, of variables, of build
// arguments. They are hidden wherever they come out, also encoded. A value of a
// few characters, or a plain word, says nothing and would hide much.
func (r *Redactor) Give(values ...string) {
	if r == nil {
		return
	}
	for _, v := range values {
		r.add(v)
		if !strings.ContainsAny(v, "\r\n") {
			continue
		}
		for line := range strings.Lines(v) {
			r.add(strings.TrimSpace(line))
		}
	}
}

// With is a Redactor that hides these values too, for what a program says that
// was given them. What it finds r remembers.
func (r *Redactor) With(values ...string) *Redactor {
	own := &Redactor{parent: r}
	own.Give(values...)
	return own
}

// Learn remembers the secrets of a text, so that they are hidden wherever a part
// of it comes out: a line of a key is one as well.
func (r *Redactor) Learn(s string) {
	if r == nil {
		return
	}
	for _, f := range find(s) {
		r.remember(s[f.from:f.to])
	}
}

// remember adds a secret, a key line by line.
func (r *Redactor) remember(v string) {
	if r.parent != nil {
		r.parent.remember(v)
	}
	if !strings.Contains(v, "PRIVATE KEY-----") && !strings.Contains(v, "PRIVATE KEY BLOCK-----") {
		r.add(v)
		return
	}
	for _, line := range keyLines(v) {
		r.add(line)
	}
}

func (r *Redactor) add(v string) {
	v = strings.TrimSpace(v)
	if !telling(v) {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.values[v] || len(r.values) >= maxValues {
		return
	}
	if r.values == nil {
		r.values = map[string]bool{}
	}
	r.values[v] = true
	for _, f := range formsOf(v) {
		if !r.values[f] {
			r.forms.add(f, hidden)
		}
	}
	r.forms.add(v, Mask(v))
}

// telling tells whether a value is one to hide wherever it stands: a short one,
// a plain word or a number is in many places that have nothing to do with it.
func telling(v string) bool {
	return len(v) >= 8 && len(v) <= 64<<10 && strings.Trim(v, "abcdefghijklmnopqrstuvwxyz") != "" && strings.Trim(v, "0123456789.") != "" &&
		secret.WorthOf(v) != secret.Nothing
}

// Hide is a text that somebody else wrote, fit to be shown: without the values
// that are known, and without what is a secret by its look or by what stands
// around it. What it finds it remembers.
func (r *Redactor) Hide(s string) string {
	// What is known first: a value may hold the quote that seems to end it.
	s = r.known(s)
	found := find(s)
	if len(found) > 0 {
		var b strings.Builder
		at := 0
		for _, f := range found {
			if f.from < at {
				continue
			}
			b.WriteString(s[at:f.from] + Mask(s[f.from:f.to]))
			at = f.to
			if r != nil {
				r.remember(s[f.from:f.to])
			}
		}
		s = b.String() + s[at:]
	}
	return r.known(s)
}

// Argv is Hide for the words of a command line: an option's value is the word
// behind it.
func (r *Redactor) Argv(words []string) []string {
	out := make([]string, len(words))
	for i, w := range words {
		if i > 0 && strings.HasPrefix(words[i-1], "-") && secret.StrengthOf(words[i-1]) == secret.StrongName && !strings.Contains(words[i-1], "=") {
			if literal(w, 0, len(w)) != nil {
				if r != nil {
					r.remember(w)
				}
				out[i] = Mask(w)
				continue
			}
		}
		out[i] = r.Hide(w)
	}
	return out
}

// Lines is Hide for the lines of one text: a secret may go over several.
func (r *Redactor) Lines(list []string) []string {
	if len(list) == 0 {
		return list
	}
	whole := strings.Join(list, "\n")
	if strings.Contains(whole, "PRIVATE KEY") && r != nil {
		r.Learn(whole)
	}
	out := make([]string, len(list))
	inKey := false
	for i, line := range list {
		switch {
		case inKey:
			inKey = !strings.Contains(line, "-----END ")
			if t := strings.TrimSpace(line); inKey && strings.Trim(t, base64Letters) == "" {
				out[i] = hidden
				continue
			}
			inKey = inKey && len(strings.TrimSpace(line)) < 200
		case keyBegins(line):
			inKey = true
		}
		out[i] = r.Hide(line)
	}
	return out
}

func keyBegins(line string) bool {
	at := strings.LastIndex(line, "-----BEGIN ")
	return at >= 0 && strings.Contains(line[at:], "PRIVATE KEY") && !strings.Contains(line[at:], "-----END ")
}

// Spans are the places of secrets in a file.
func (r *Redactor) Spans(f *text.File) []text.Span {
	if r != nil {
		r.mu.Lock()
		spans, ok := r.spans[f]
		r.mu.Unlock()
		if ok {
			return spans
		}
	}
	spans := []text.Span{}
	s := string(f.Data)
	for _, m := range find(s) {
		spans = append(spans, text.Span{Start: m.from, End: m.to})
		if r != nil {
			r.remember(s[m.from:m.to])
		}
	}
	if r != nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.spans == nil || len(r.spans) >= maxFiles {
			r.spans = map[*text.File][]text.Span{}
		}
		r.spans[f] = spans
	}
	return spans
}

// maxFiles bounds how many files' places are remembered.
const maxFiles = 1000

// known is s without the values that are known, in any of their forms.
func (r *Redactor) known(s string) string {
	if r == nil {
		return s
	}
	r.mu.Lock()
	s = r.forms.replace(s)
	r.mu.Unlock()
	return r.parent.known(s)
}

// hidden stands in the place of a secret of which nothing is shown.
const hidden = "****"

// Mask is a form in which a secret may be shown, in any format: its first
// characters where these give nothing away and need no quoting.
func Mask(v string) string {
	m := secret.Mask(v)
	for i := 0; i < len(m)-len(hidden); i++ {
		if c := m[i]; c != '-' && c != '_' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return hidden
		}
	}
	return m
}
