package excerpt

import (
	"encoding/json"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/redact"
	"github.com/dockworthy/dockworthy/internal/run"
)

// most is how many of the last lines of what was said are shown.
const most = 40

// A Veil hides in words that a build or a program said what nobody wrote them
// to show: secrets, the values of its environment, folders of this machine.
type Veil struct {
	masks *Hidden
	red   *redact.Redactor
	root  string // the project's folder on this machine
}

// Veil hides what the build and the program of a result were given too.
func (n Names) Veil(res *check.Result, hidden *Hidden) *Veil {
	v := &Veil{masks: hidden}
	root := n.Root
	// A root as /app or /usr/src/app tells nothing of this machine, and may be
	// a folder of the container too.
	if strings.Count(root, "/") > 1 && !strings.HasPrefix(root, "/usr/") {
		v.root = strings.TrimRight(root, "/")
	}
	v.red = n.Redactor
	if res.Proof != nil {
		v.red = v.red.With(res.Proof.Given...)
	}
	return v
}

// Said is what a program or a builder said, fit to be shown.
func (v *Veil) Said(s string) string {
	return Visible(v.red.Hide(v.masks.Hide(s)))
}

// Told is Said of words that name files of this machine, as errors do.
func (v *Veil) Told(s string) string {
	if v.root != "" {
		s = strings.ReplaceAll(s, v.root+"/", "")
		s = strings.ReplaceAll(s, v.root, ".")
	}
	return v.Said(s)
}

// Words joins words, each fit to be shown.
func (v *Veil) Words(list []string) string { return v.Said(strings.Join(list, " ")) }

// Lines are the last lines of what was said, none of them endless.
func (v *Veil) Lines(list []string) []string {
	list = v.red.Lines(list[max(0, len(list)-most):])
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = Cut(v.Told(s), 400)
	}
	return out
}

// Log is a run's log, as JSON has it, in which no string shows a secret or a folder
// of this machine.
func (v *Veil) Log(l *run.Log) any {
	data, err := json.Marshal(l)
	if err != nil {
		panic(err) // plain data
	}
	var tree any
	if err := json.Unmarshal(data, &tree); err != nil {
		panic(err)
	}
	return v.over(tree)
}

// over is a tree of plain data with every string fit to be shown.
func (v *Veil) over(tree any) any {
	switch tree := tree.(type) {
	case string:
		return v.Told(tree)
	case []any:
		if lines, ok := stringsOf(tree); ok { // the lines of one text: a secret may go over several
			for i, line := range v.red.Lines(lines) {
				tree[i] = v.Told(line)
			}
			return tree
		}
		for i := range tree {
			tree[i] = v.over(tree[i])
		}
	case map[string]any:
		for k := range tree {
			tree[k] = v.over(tree[k])
		}
	}
	return tree
}

// stringsOf is a list of strings alone.
func stringsOf(list []any) (out []string, ok bool) {
	for _, e := range list {
		s, ok := e.(string)
		if !ok {
			return nil, false
		}
		out = append(out, s)
	}
	return out, len(out) > 0
}
