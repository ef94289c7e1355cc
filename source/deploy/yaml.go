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
	maxSize  = 8 << 20 // bytes of a file
	maxMerge = 16      // nesting of merge keys and aliases
	maxNodes = 100_000 // entries taken through merge keys and aliases
)

// A source is one YAML file with what is needed to find its places.
type source struct {
	file   *text.File
	starts []int // offset of each line as YAML counts lines
	budget int   // entries that may still be taken
	env    map[string]string
	plain  bool // no interpolation: Kubernetes
}

func newSource(f *text.File) *source {
	return &source{file: f, starts: lineStarts(f.Data), budget: maxNodes}
}

// documents parses the file. The root of an empty document is left out.
func (s *source) documents() (roots []*yaml.Node, err error) {
	data := s.file.Data
	if len(data) > maxSize {
		return nil, &Error{File: s.file.Name, What: fmt.Sprintf("%d bytes are more than is read of a YAML file", len(data)), Hint: "split the file"}
	}
	if bytes.HasPrefix(data, []byte{0xfe, 0xff}) || bytes.HasPrefix(data, []byte{0xff, 0xfe}) {
		return nil, &Error{File: s.file.Name, Line: 1, What: "the file is UTF-16", Hint: "save it as UTF-8"}
	}
	// The parser turns its own errors into panics and back; anything that
	// slips through is a file that could not be read, not a reason to stop.
	defer func() {
		if r := recover(); r != nil {
			roots, err = nil, &Error{File: s.file.Name, What: fmt.Sprint(r), Hint: "check the file as YAML"}
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
	at := s.starts[n.Line-1]
	for c := 1; c < n.Column && at < len(s.file.Data); c++ {
		_, size := utf8.DecodeRune(s.file.Data[at:])
		at += size
	}
	return at
}

func isNull(n *yaml.Node) bool {
	return n == nil || n.Kind == 0 || n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null"
}

// deref follows aliases to what they stand for; nil where they lead nowhere.
func deref(n *yaml.Node) *yaml.Node {
	for i := 0; n != nil && n.Kind == yaml.AliasNode; i++ {
		if i > maxMerge {
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
// first. nil for anything but a mapping.
func (s *source) pairs(n *yaml.Node) []pair {
	return s.merge(n, nil, map[string]int{}, 0)
}

func (s *source) merge(n *yaml.Node, list []pair, seen map[string]int, depth int) []pair {
	n = deref(n)
	if n == nil || n.Kind != yaml.MappingNode || depth > maxMerge {
		return list
	}
	var merged []*yaml.Node
	here := len(list)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := deref(n.Content[i]), deref(n.Content[i+1])
		if key == nil || value == nil || key.Kind != yaml.ScalarNode {
			continue
		}
		if key.ShortTag() == "!!merge" {
			merged = append(merged, value)
			continue
		}
		if s.budget--; s.budget < 0 {
			return list
		}
		at, twice := seen[key.Value]
		switch {
		case !twice:
			seen[key.Value] = len(list)
			list = append(list, pair{key, value})
		case at >= here: // written twice in one mapping: the last counts
			list[at] = pair{key, value}
		}
	}
	for _, m := range merged {
		if m.Kind == yaml.SequenceNode {
			for _, one := range m.Content {
				list = s.merge(one, list, seen, depth+1)
			}
			continue
		}
		list = s.merge(m, list, seen, depth+1)
	}
	return list
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
		if s.budget--; s.budget < 0 {
			break
		}
		list = append(list, one)
	}
	return list
}
