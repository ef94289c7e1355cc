package deploy

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	yaml "go.yaml.in/yaml/v3"

	"github.com/dockworthy/dockworthy/text"
)

// Limits that no file written by people comes near.
const (
	maxSize  = 8 << 20  // bytes of a file
	maxAlias = 16       // aliases of aliases
	maxMerge = 250      // nesting of merge keys
	maxNest  = 16       // nesting of variables
	maxValue = 64 << 10 // bytes of one value
)

// A source is one YAML file with what is needed to find its places.
type source struct {
	file    *text.File
	starts  []int         // offset of each line as YAML counts lines
	columns map[int][]int // of long lines: the offsets of every stride-th character
	mapping map[*yaml.Node][]pair
	budget  *budget
	env     map[string]string
	plain   bool // no interpolation: Kubernetes
}

func newSource(f *text.File) *source {
	return &source{file: f, starts: lineStarts(f.Data), budget: newBudget(len(f.Data)), mapping: map[*yaml.Node][]pair{}}
}

// documents parses the file. The root of an empty document is left out.
func (s *source) documents() (roots []*yaml.Node, err error) {
	data := s.file.Data
	if len(data) > maxSize {
		return nil, &Error{File: s.file.Name, What: fmt.Sprintf("the file has %d bytes, which is more than the limit for a YAML file", len(data)), Hint: "split the file"}
	}
	if bytes.HasPrefix(data, []byte{0xfe, 0xff}) || bytes.HasPrefix(data, []byte{0xff, 0xfe}) {
		return nil, &Error{File: s.file.Name, Line: 1, What: "the file is UTF-16", Hint: "save it as UTF-8"}
	}
	// The parser turns its own errors into panics and back; anything that
	// slips through is a file that could not be read, not a reason to stop.
	defer func() {
		if r := recover(); r != nil {
			roots, err = nil, &Error{File: s.file.Name, What: fmt.Sprint(r), Hint: "check the YAML syntax of the file"}
		}
	}()
	d := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var doc yaml.Node
		err := d.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return roots, nil
		}
		if err != nil {
			return nil, yamlError(s.file.Name, err)
		}
		if doc.Kind == yaml.DocumentNode && len(doc.Content) == 1 && !isNull(doc.Content[0]) {
			roots = append(roots, doc.Content[0])
		}
	}
}

// lineStarts counts lines as YAML 1.1 does: CR LF, LF, CR, NEL, LS and PS each
// end one. A byte order mark at the beginning belongs to no line.
func lineStarts(data []byte) []int {
	first := 0
	if bytes.HasPrefix(data, []byte("\xef\xbb\xbf")) {
		first = 3
	}
	starts := []int{first}
	for i := first; i < len(data); i++ {
		switch data[i] {
		case '\n':
		case '\r':
			if i+1 < len(data) && data[i+1] == '\n' {
				i++
			}
		case 0xc2:
			if i+1 >= len(data) || data[i+1] != 0x85 {
				continue
			}
			i++
		case 0xe2:
			if i+2 >= len(data) || data[i+1] != 0x80 || data[i+2] != 0xa8 && data[i+2] != 0xa9 {
				continue
			}
			i += 2
		default:
			continue
		}
		starts = append(starts, i+1)
	}
	return starts
}

// offset is the place of a node: lines count from 1, columns from 1 in
// characters.
func (s *source) offset(n *yaml.Node) int {
	if n.Line < 1 || n.Line > len(s.starts) {
		return len(s.file.Data)
	}
	at, c := s.starts[n.Line-1], 1
	if n.Column > stride {
		table := s.columnsOf(n.Line - 1)
		if i := min((n.Column-1)/stride, len(table)-1); i >= 0 {
			at, c = table[i], 1+i*stride
		}
	}
	for ; c < n.Column && at < len(s.file.Data); c++ {
		_, size := utf8.DecodeRune(s.file.Data[at:])
		at += size
	}
	return at
}

// stride is how far apart the characters of a line are whose offsets are kept.
const stride = 256

// columnsOf are the offsets of the characters 0, stride, 2*stride, … of a line,
// worked out once: a file may be one line of a hundred thousand nodes.
func (s *source) columnsOf(line int) []int {
	if table, ok := s.columns[line]; ok {
		return table
	}
	end := len(s.file.Data)
	if line+1 < len(s.starts) {
		end = s.starts[line+1]
	}
	var table []int
	for at, c := s.starts[line], 0; at < end; c++ {
		if c%stride == 0 {
			table = append(table, at)
		}
		_, size := utf8.DecodeRune(s.file.Data[at:])
		at += size
	}
	if s.columns == nil {
		s.columns = map[int][]int{}
	}
	s.columns[line] = table
	return table
}

func isNull(n *yaml.Node) bool {
	return n == nil || n.Kind == 0 || n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null"
}

// deref follows aliases to what they stand for; nil where they lead nowhere.
func deref(n *yaml.Node) *yaml.Node {
	for i := 0; n != nil && n.Kind == yaml.AliasNode; i++ {
		if i > maxAlias {
			return nil
		}
		n = n.Alias
	}
	return n
}

// A pair is a key of a mapping with its value, aliases followed.
type pair struct{ key, value *yaml.Node }

// pairs are the entries of a mapping with merge keys resolved: what is written
// in the mapping wins over what is merged, and of several merged mappings the
// first. nil for anything but a mapping. The list is shared: it must not be
// changed.
func (s *source) pairs(n *yaml.Node) []pair {
	n = deref(n)
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	list, ok := s.mapping[n]
	if !ok {
		m := merger{source: s, seen: map[string]int{}}
		m.merge(n, 0)
		list = m.list
		s.mapping[n] = list
	}
	// Each reader looks at each of them, also where many mappings merge one.
	if !s.budget.spend(len(list), manyEntries) {
		return nil
	}
	return list
}

// A merger gathers the entries of one mapping and of those that it merges.
type merger struct {
	*source
	list []pair
	seen map[string]int // where in list
	from map[*yaml.Node]bool
}

func (m *merger) merge(n *yaml.Node, depth int) {
	n = deref(n)
	if !m.budget.spend(1, manyEntries) || n == nil || n.Kind != yaml.MappingNode {
		return
	}
	if depth > maxMerge {
		m.budget.stop(deepMerge)
		return
	}
	// What was merged once adds nothing the second time.
	if depth > 0 {
		if m.from[n] {
			return
		}
		if m.from == nil {
			m.from = map[*yaml.Node]bool{}
		}
		m.from[n] = true
	}
	var merged []*yaml.Node
	here := len(m.list)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := deref(n.Content[i]), deref(n.Content[i+1])
		if key == nil || value == nil || key.Kind != yaml.ScalarNode {
			continue
		}
		if key.ShortTag() == "!!merge" {
			merged = append(merged, value)
			continue
		}
		if !m.budget.spend(1, manyEntries) {
			return
		}
		at, twice := m.seen[key.Value]
		switch {
		case !twice:
			m.seen[key.Value] = len(m.list)
			m.list = append(m.list, pair{key, value})
		case at >= here: // written twice in one mapping: the last counts
			m.list[at] = pair{key, value}
		}
	}
	for _, one := range merged {
		if one.Kind == yaml.SequenceNode {
			for _, one := range one.Content {
				m.merge(one, depth+1)
			}
			continue
		}
		m.merge(one, depth+1)
	}
}

// get is the value of a key of a mapping; nil where it is missing or null.
func (s *source) get(n *yaml.Node, path ...string) *yaml.Node {
	for _, name := range path {
		var found *yaml.Node
		for _, p := range s.pairs(n) {
			if p.key.Value == name {
				found = p.value
			}
		}
		if isNull(found) {
			return nil
		}
		n = found
	}
	return deref(n)
}

// items are the entries of a sequence, aliases followed; nil for anything
// else.
func (s *source) items(n *yaml.Node) []*yaml.Node {
	n = deref(n)
	if n == nil || n.Kind != yaml.SequenceNode {
		return nil
	}
	var list []*yaml.Node
	for _, one := range n.Content {
		if one = deref(one); one == nil {
			continue
		}
		if !s.budget.spend(1, manyEntries) {
			break
		}
		list = append(list, one)
	}
	return list
}
