package deploy

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	yaml "go.yaml.in/yaml/v3"

	"github.com/dockworthy/dockworthy/text"
)

// This file says where keys and items are put into a YAML file, so that comments,
// quotes and layout stay as they are.

// AddKey puts a key in front of the others of a mapping. The path leads to the
// mapping from the root of a document, the first one for doc 0: keys, and the
// numbers of items ("services", "web", "volumes", "0"). The value is YAML of one
// line. An error is a mapping that is not there, that is written elsewhere (an
// alias), that is empty, or that has the key.
func AddKey(f *text.File, doc int, path []string, key, value string) (text.Edit, error) {
	s, n, err := nodeAt(f, doc, path)
	if err != nil {
		return text.Edit{}, err
	}
	if n.Kind != yaml.MappingNode || len(n.Content) == 0 {
		return text.Edit{}, fmt.Errorf("%s: %s is not a mapping with keys", f.Name, strings.Join(path, "."))
	}
	for i := 0; i < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return text.Edit{}, fmt.Errorf("%s: %s already has the key %s", f.Name, strings.Join(path, "."), key)
		}
	}
	return s.before(n, n.Content[0], key+": "+value), nil
}

// AddItem puts an item in front of the others of a list. The path is AddKey's.
func AddItem(f *text.File, doc int, path []string, item string) (text.Edit, error) {
	s, n, err := nodeAt(f, doc, path)
	switch {
	case err != nil:
		return text.Edit{}, err
	case n.Kind != yaml.SequenceNode:
		return text.Edit{}, fmt.Errorf("%s: %s is not a list", f.Name, strings.Join(path, "."))
	case len(n.Content) == 0:
		at := skipProperties(f.Data, s.offset(n)) + 1 // behind its bracket
		return text.Edit{Span: text.Span{Start: at, End: at}, New: item}, nil
	}
	e := s.before(n, n.Content[0], item)
	if n.Style&yaml.FlowStyle == 0 {
		// The item begins at its dash.
		at := e.Span.Start
		for at > 0 && f.Data[at] != '-' {
			at--
		}
		e.Span = text.Span{Start: at, End: at}
		e.New = "- " + item + f.LineBreak() + s.blank(at)
	}
	return e, nil
}

// before puts something in front of the first entry of a collection.
func (s *source) before(n, first *yaml.Node, entry string) text.Edit {
	at := s.offset(first)
	e := text.Edit{Span: text.Span{Start: at, End: at}, New: entry + ", "}
	if n.Style&yaml.FlowStyle == 0 {
		e.New = entry + s.file.LineBreak() + s.blank(at)
	}
	return e
}

// blank is white space as wide as what stands on a line before a place.
func (s *source) blank(at int) string {
	line := s.file.LineSpan(s.file.Position(at).Line)
	before := strings.TrimPrefix(s.file.Text(text.Span{Start: line.Start, End: at}), "\ufeff")
	if indent := before[:len(before)-len(strings.TrimLeft(before, " "))]; len(indent) == len(before) {
		return indent
	}
	return strings.Repeat(" ", utf8.RuneCountInString(before))
}

// nodeAt is the node at the end of a path.
func nodeAt(f *text.File, doc int, path []string) (*source, *yaml.Node, error) {
	s := newSource(f)
	roots, err := s.documents()
	if err != nil {
		return nil, nil, err
	}
	if doc < 0 || doc >= len(roots) {
		return nil, nil, fmt.Errorf("%s: there is no document %d", f.Name, doc+1)
	}
	n := roots[doc]
	for i, key := range path {
		var next *yaml.Node
		switch n.Kind {
		case yaml.MappingNode:
			for j := 0; j+1 < len(n.Content); j += 2 {
				if n.Content[j].Value == key {
					next = n.Content[j+1]
				}
			}
		case yaml.SequenceNode:
			if k, err := strconv.Atoi(key); err == nil && k >= 0 && k < len(n.Content) {
				next = n.Content[k]
			}
		}
		if next == nil {
			return nil, nil, fmt.Errorf("%s: there is no %s", f.Name, strings.Join(path[:i+1], "."))
		}
		if next.Kind == yaml.AliasNode {
			return nil, nil, fmt.Errorf("%s: %s is an alias, *%s", f.Name, strings.Join(path[:i+1], "."), next.Value)
		}
		n = next
	}
	return s, n, nil
}
