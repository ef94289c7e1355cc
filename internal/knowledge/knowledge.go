// Package knowledge holds facts about the world that checks judge by: what
// programs do, what files and folders are by their names, what words mean,
// which package brings what. They are data files, one JSON object a line, each
// line with where it is from and the day on which it was written down, so that
// whoever knows the field adds a line without reading the code. A file is
// decoded on the first question to it.
package knowledge

import (
	"encoding/json"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// origin is where a line is from: its source, and the day on which it was
// written down.
type origin struct {
	Source string `json:"source"`
	Date   string `json:"date"`
}

// decode reads a data file, without the origins of its lines, which nobody but
// a reader of the file asks for. T is a pointer to the struct of a line, which
// fresh makes. The files are part of the program, so one that cannot be read is
// a mistake in it; a test reads each of them whole.
func decode[T any](name, data string, fresh func() T) []T {
	list := make([]T, 0, strings.Count(data, "\n"))
	for line := range strings.Lines(data) {
		head, _ := cut(line)
		v := fresh()
		if err := json.Unmarshal([]byte(head), v); err != nil {
			panic("knowledge: " + name + ": " + err.Error() + " in " + line)
		}
		list = append(list, v)
	}
	return list
}

// cut is a line without its origin, with which every line ends.
func cut(line string) (head string, ok bool) {
	head, _, ok = strings.Cut(line, `,"source":"`)
	return head + "}", ok
}

// A file is a data file of sets, whose lines begin with the sets and the names
// that are in them: {"is":["shell"],"names":["bash","sh"],
type file struct {
	name string
	data *string
	once sync.Once
	sets *[sets]members
}

type members struct {
	has   map[string]struct{}
	names []string
}

// load cuts the lines at their quotes, which takes a tenth of the time that a
// reader of any JSON takes: every run asks for most of the sets. A test holds
// the lines to the form and both readings against each other.
func (f *file) load() {
	f.sets = new([sets]members)
	kind := map[string]Set{}
	for s, k := range kinds {
		if k.in == f {
			kind[k.name] = Set(s)
		}
	}
	for line := range strings.Lines(*f.data) {
		head, _, _ := strings.Cut(line, `"],"source":"`)
		is, list, _ := strings.Cut(strings.TrimPrefix(head, `{"is":["`), `"],"names":["`)
		names := strings.Split(list, `","`)
		for is := range strings.SplitSeq(is, `","`) {
			m := &f.sets[kind[is]]
			if m.has == nil {
				m.has = make(map[string]struct{}, len(names))
			}
			for _, n := range names {
				m.has[n] = struct{}{}
			}
			m.names = append(m.names, names...)
		}
	}
}

func (s Set) members() *members {
	f := kinds[s].in
	f.once.Do(f.load)
	return &f.sets[s]
}

// Has tells whether a name is in the set.
func (s Set) Has(name string) bool {
	_, ok := s.members().has[name]
	return ok
}

// Names are the members, in the order of the file. The list must not be
// changed.
func (s Set) Names() []string { return s.members().names }

// Ends tells whether a text ends in a member.
func (s Set) Ends(text string) bool {
	for _, n := range s.Names() {
		if strings.HasSuffix(text, n) {
			return true
		}
	}
	return false
}

// In tells whether a member is a part of a text.
func (s Set) In(text string) bool {
	for _, n := range s.Names() {
		if strings.Contains(text, n) {
			return true
		}
	}
	return false
}

// Covers tells whether a path is one of the members or lies under one.
func (s Set) Covers(p string) bool {
	p = path.Clean(p)
	for _, n := range s.Names() {
		if rest, ok := strings.CutPrefix(p, n); ok && (rest == "" || rest[0] == '/') {
			return true
		}
	}
	return false
}

// Under tells whether one of the folders of a path bears a member's name, whole or
// as a word of its own: test_resources.
func (s Set) Under(p string) bool {
	dir := path.Dir(p)
	for part := range strings.SplitSeq(dir, "/") {
		if s.Has(part) || slices.ContainsFunc(strings.FieldsFunc(hump.ReplaceAllString(part, "$1-$2"), func(r rune) bool { return r == '-' || r == '_' || r == '.' }), func(w string) bool { return s.Has(strings.ToLower(w)) }) {
			return true
		}
	}
	return false
}

// hump is where a word begins within another one, as in testResources.
var hump = regexp.MustCompile(`([a-z0-9])([A-Z])`)

// String is the set's name in the data.
func (s Set) String() string { return kinds[s].name }
