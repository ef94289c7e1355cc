package deploy

import (
	"errors"
	"slices"
	"strconv"

	yaml "go.yaml.in/yaml/v3"

	"github.com/dockworthy/dockworthy/text"
)

// maxKeys is how many keys and items lead to a scalar that is told of.
const maxKeys = 16

// Scalars calls put for each scalar of a YAML file, as it is written, with the keys
// that lead to it; items of lists are numbers. Aliases are followed, and merge keys
// resolved. The keys belong to the caller only until put returns.
func Scalars(f *text.File, put func(keys []string, v Value)) error {
	s := newSource(f)
	s.plain = true
	roots, err := s.documents()
	if err != nil {
		return err
	}
	var keys []string
	var walk func(n *yaml.Node)
	walk = func(n *yaml.Node) {
		if n = deref(n); n == nil || len(keys) > maxKeys {
			return
		}
		switch n.Kind {
		case yaml.ScalarNode:
			if len(keys) > 0 && !isNull(n) {
				put(keys, s.value(n))
			}
		case yaml.MappingNode:
			for _, p := range slices.Clone(s.pairs(n)) {
				keys = append(keys, p.key.Value)
				walk(p.value)
				keys = keys[:len(keys)-1]
			}
		case yaml.SequenceNode:
			for i, item := range s.items(n) {
				keys = append(keys, strconv.Itoa(i))
				walk(item)
				keys = keys[:len(keys)-1]
			}
		}
	}
	for _, root := range roots {
		walk(root)
	}
	if s.budget.beyond != "" {
		return errors.New(s.budget.beyond)
	}
	return nil
}
