package source

import (
	"maps"

	"go.yaml.in/yaml/v3"
)

// maxRows is how many rows of a matrix are looked at.
const maxRows = 32

// rows are those of the matrix of a job of GitHub or GitLab; one that is nil where
// the mapping has none.
// Source: docs.github.com/actions: matrix strategies; docs.gitlab.com/ci/yaml:
// parallel:matrix.
func (r *ciReader) rows(job map[string]*yaml.Node) []map[string]string {
	none := []map[string]string{nil}
	if list := fields(job["parallel"])["matrix"]; list != nil && list.Kind == yaml.SequenceNode {
		var rows []map[string]string
		for _, one := range list.Content {
			rows = append(rows, crossed(fields(one), false)...)
		}
		if len(rows) == 0 {
			return none
		}
		return rows[:min(len(rows), maxRows)]
	}
	matrix := fields(fields(job["strategy"])["matrix"])
	if len(matrix) == 0 {
		return none
	}
	rows := crossed(matrix, true)
	if include := matrix["include"]; include != nil && include.Kind == yaml.SequenceNode {
		for _, one := range include.Content {
			if len(rows) >= maxRows {
				break
			}
			rows = included(rows, rowOf(one))
		}
	}
	if len(rows) == 0 {
		return none
	}
	return rows
}

// crossed are the combinations of lists of a matrix.
func crossed(lists map[string]*yaml.Node, apart bool) []map[string]string {
	var rows []map[string]string
	for _, name := range sortedKeys(lists) {
		n := lists[name]
		if apart && (name == "include" || name == "exclude") {
			continue
		}
		values := n.Content
		if n.Kind == yaml.ScalarNode && !apart {
			values = []*yaml.Node{n}
		} else if n.Kind != yaml.SequenceNode {
			continue
		}
		if rows == nil {
			rows = []map[string]string{{}}
		}
		var next []map[string]string
		for _, row := range rows {
			for _, v := range values {
				if len(next) == maxRows {
					break
				}
				one := maps.Clone(row)
				for key, text := range valuesOf(name, v) {
					one[key] = text
				}
				next = append(next, one)
			}
		}
		if len(next) > 0 {
			rows = next
		}
	}
	return rows
}

// valuesOf is an entry of a matrix by its name, and by those of its fields.
func valuesOf(name string, v *yaml.Node) map[string]string {
	m := map[string]string{}
	if v.Kind == yaml.ScalarNode {
		m[name] = v.Value
	}
	for key, f := range fields(v) {
		if f.Kind == yaml.ScalarNode {
			m[name+"."+key] = f.Value
		}
	}
	return m
}

// rowOf is an entry of include.
func rowOf(n *yaml.Node) map[string]string {
	row := map[string]string{}
	for key, v := range fields(n) {
		maps.Copy(row, valuesOf(key, v))
	}
	return row
}

// included are the rows with an entry of include: it says more of those that it
// does not contradict, or else is one of its own.
func included(rows []map[string]string, entry map[string]string) []map[string]string {
	fits := false
	for _, row := range rows {
		against := false
		for key, v := range entry {
			have, ok := row[key]
			against = against || ok && have != v
		}
		if !against {
			fits = true
			maps.Copy(row, entry)
		}
	}
	if fits {
		return rows
	}
	return append(rows, entry)
}
