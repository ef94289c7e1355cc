package report

import (
	"maps"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/proof"
	"github.com/dockworthy/dockworthy/internal/redact"
)

// A veil hides in words that a build or a program said what nobody wrote them
// to show: secrets, the values of its environment, folders of this machine.
type veil struct {
	masks *hiding
	red   *redact.Redactor
	root  string // the project's folder on this machine
}

func veilOf(p *proof.Proof, hidden *hiding, names Names) *veil {
	v := &veil{masks: hidden}
	root := names.Root
	// A root as /app or /usr/src/app tells nothing of this machine, and may be
	// a folder of the container too.
	if strings.Count(root, "/") > 1 && !strings.HasPrefix(root, "/usr/") {
		v.root = strings.TrimRight(root, "/")
	}
	var values []string
	for _, m := range []map[string]string{p.Run.Settings.Env, p.Plan.Args} {
		for _, value := range m {
			values = append(values, value)
		}
	}
	v.red = names.Redactor.With(values...)
	return v
}

// said is what a program or a builder said, fit to be shown.
func (v *veil) said(s string) string {
	return visible(v.red.Hide(v.masks.Hide(s)))
}

// told is said of words that name files of this machine, as errors do.
func (v *veil) told(s string) string {
	if v.root != "" {
		s = strings.ReplaceAll(s, v.root+"/", "")
		s = strings.ReplaceAll(s, v.root, ".")
	}
	return v.said(s)
}

// words joins words, each fit to be shown.
func (v *veil) words(list []string) string { return v.said(strings.Join(list, " ")) }

// lines are the last lines of what was said, none of them endless.
func (v *veil) lines(list []string) []string {
	list = v.red.Lines(list[max(0, len(list)-most):])
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = cut(v.told(s), 400)
	}
	return out
}

// sortedKeys are a map's keys in order.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
