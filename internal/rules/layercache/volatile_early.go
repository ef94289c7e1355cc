package layercache

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/packages"
	"github.com/dockworthy/dockworthy/internal/recipe"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/text"
)

var volatileEarly = &check.Check{
	Name:     "volatile-early",
	Claim:    "values that change with each build come after the expensive steps",
	Why:      "an ARG with a value and an ENV are part of the cache key of every RUN after them: a new commit or date runs all of them again",
	Mend:     "declare ARG and ENV for commit, date and version at the end of the stage, or just above the step that uses them",
	Quiet:    "For versions of tools (NODE_VERSION) and of what else is installed, for an ARG without a value, for one that the expensive step itself uses, and for LABEL, EXPOSE, CMD and HEALTHCHECK.",
	Severity: check.Warning,
	Since:    "0.1.0",
	Source: func(b *source.Build) check.Verdict {
		if !b.Linux() {
			return check.None()
		}
		v := &volatile{b: b, at: map[*source.Stage][]*changing{}, sent: map[*source.Stage]bool{}, view: newView(b), given: map[string]bool{}, told: map[string]bool{}}
		v.compose()
		for _, s := range b.Stages {
			v.stage(s)
		}
		return check.Judge(v.found)
	},
}

// A changing is a variable in force whose value changes with each build.
type changing struct {
	names   []string // the ARG's, and those of the ENV made from it
	span    text.Span
	related []check.Place
	word    string // ARG or ENV
	release bool   // it changes with each release, rather than with each build
	block   int    // of declarations that stand together
	early   bool   // it stands above the sources
	commit  bool   // it changes with each commit, and not between
	said    bool
}

// volatile follows variables that change with each build through the stages.
type volatile struct {
	b     *source.Build
	view  *view
	at    map[*source.Stage][]*changing
	sent  map[*source.Stage]bool // sources were copied by the end of the stage
	given map[string]bool        // arguments that Compose takes from whoever runs it
	told  map[string]bool        // variables of which there is a finding: of another stage, it is the same one
	block int                    // the number of the declarations that stand together
	found []check.Finding
}

// compose notes the build arguments whose value Compose takes from a variable
// or from the environment: CI gives them anew for each build.
func (v *volatile) compose() {
	for _, s := range v.b.Services {
		if s.Build == nil {
			continue
		}
		for _, kv := range s.Build.Args {
			if !kv.HasValue || strings.Contains(kv.Value.Raw, "$") {
				v.given[kv.Key.Text] = true
			}
		}
	}
}

// maxChanging bounds how many variables are followed at once.
const maxChanging = 16

func (v *volatile) stage(s *source.Stage) {
	var active []*changing
	sent := false
	if s.Parent != nil {
		up := v.at[s.Parent]
		active, sent = up[:len(up):len(up)], v.sent[s.Parent]
	}
	labels := ""
	for _, step := range s.Steps {
		if step.Keyword == "LABEL" && len(labels) < 1<<16 {
			labels += step.File().Text(step.Span) + "\n"
		}
	}
	v.block++
	for _, step := range s.Steps {
		if step.Keyword != "ARG" && step.Keyword != "ENV" && step.Keyword != "LABEL" {
			v.block++
		}
		switch {
		case step.Keyword == "ARG" || step.Keyword == "ENV":
			active = v.declare(active, step, labels, !sent)
		case step.Copy != nil && step.Copy.FromContext():
			for i := range step.Copy.Sources {
				takes := v.view.takes(step.Copy, i)
				sent = sent || takes != other
				if takes == tree { // which changes with each commit, too
					active = slices.DeleteFunc(slices.Clone(active), func(c *changing) bool { return c.commit })
				}
			}
		case step.Run() != nil && len(active) > 0:
			active = v.run(active, step)
		}
	}
	v.at[s], v.sent[s] = active, sent
}

// declare adds what an ARG or ENV sets, where it changes with each build.
func (v *volatile) declare(active []*changing, step *source.Step, labels string, early bool) []*changing {
	for _, x := range step.Vars {
		given := x.Arg && v.given[x.Name]
		if !x.Set && !given {
			continue // an ARG without a value changes nothing
		}
		span := varSpan(step, x.Name)
		if from := madeFrom(active, step, x.Name); from != nil && !x.Arg {
			// One cause: the ENV speaks for the ARG that it keeps.
			kept := *from
			kept.names = append(from.names[:len(from.names):len(from.names)], x.Name)
			kept.related = append(from.related[:len(from.related):len(from.related)], check.Place{File: v.b.Text(), Span: from.span, Message: "its value is set here"})
			kept.span, kept.word = span, "ENV"
			active = replace(active, from, &kept)
			continue
		}
		if len(active) >= maxChanging || !changes(v.b, x, given, labels) {
			continue
		}
		active = append(active[:len(active):len(active)], &changing{names: []string{x.Name}, span: span, word: step.Keyword, block: v.block, early: early, release: toRead(v.b, x, strings.ToUpper(x.Name)), commit: commit.MatchString(strings.ToUpper(x.Name))})
	}
	return active
}

// madeFrom is the variable in force from which an ENV takes its value.
func madeFrom(active []*changing, step *source.Step, name string) *changing {
	for _, w := range step.Assigned(name) {
		_, value, ok := strings.Cut(w.Text, "=")
		if !ok {
			continue
		}
		for _, c := range active {
			if uses(value, c.names) {
				return c
			}
		}
	}
	return nil
}

func replace(list []*changing, old, with *changing) []*changing {
	out := make([]*changing, len(list))
	for i, c := range list {
		if c == old {
			c = with
		}
		out[i] = c
	}
	return out
}

// uses tells whether a text refers to one of these variables.
func uses(s string, names []string) bool {
	for _, n := range names {
		for rest := s; ; {
			i := strings.Index(rest, n)
			if i < 0 {
				break
			}
			before, after := rest[:i], rest[i+len(n):]
			if (strings.HasSuffix(before, "$") || strings.HasSuffix(before, "${")) && (after == "" || !nameByte(after[0])) {
				return true
			}
			rest = after
		}
	}
	return false
}

func nameByte(b byte) bool {
	return b == '_' || b >= '0' && b <= '9' || b >= 'A' && b <= 'Z' || b >= 'a' && b <= 'z'
}

// run judges one RUN below variables in force, and says which go on.
func (v *volatile) run(active []*changing, step *source.Step) []*changing {
	what, install := costly(step.Run())
	body := step.File().Text(step.Span)
	kept := active[:0:0]
	var again []*changing
	for _, c := range active {
		if uses(body, c.names) {
			// The step needs it: it stands where it has to. If this is the
			// costly step, the value is part of what it makes.
			if what == "" {
				kept = append(kept, c)
			}
			continue
		}
		kept = append(kept, c)
		if what == "" || c.said || !install && !c.early {
			continue
		}
		c.said = true
		again = append(again, c)
	}
	for len(again) > 0 {
		c := again[0]
		n := 1
		for n < len(again) && again[n].block == c.block && !v.told[c.names[0]] && !v.told[again[n].names[0]] {
			n++
		}
		for _, o := range again[:n] {
			v.told[o.names[0]] = true
		}
		v.found = append(v.found, v.finding(again[:n], step, what))
		again = again[n:]
	}
	return kept
}

// finding is that of variables that stand together and cost the same step.
func (v *volatile) finding(list []*changing, step *source.Step, what string) check.Finding {
	c := list[0]
	related := c.related[:len(c.related):len(c.related)]
	who, changes, comes := c.word+" "+c.names[len(c.names)-1], "changes", "comes"
	each := "build"
	if c.release {
		each = "release"
	}
	for i, o := range list[1:] {
		related = append(related, check.Place{File: v.b.Text(), Span: o.span, Message: o.names[len(o.names)-1] + " is set here"})
		switch name := o.names[len(o.names)-1]; {
		case i > 0:
		case len(list) == 2:
			who += " and " + name
		default:
			who += fmt.Sprintf(", %s and %d more", name, len(list)-2)
			if len(list) == 3 {
				who = strings.TrimSuffix(who, " and 1 more") + " and " + list[2].names[len(list[2].names)-1]
			}
		}
		changes, comes = "change", "come"
	}
	at := []text.Span{c.span}
	for _, r := range related {
		at = append(at, r.Span)
	}
	a := recipe.Lower(v.b, step.Stage, at)
	return check.Finding{
		Fixes:   a.Fixes,
		Unfixed: a.Unfixed,
		Place:   check.Place{File: v.b.Text(), Span: c.span},
		Related: append(related, check.Place{File: v.b.Text(), Span: step.KeywordSpan(), Message: "this is the first step that runs again"}),
		Stage:   step.Stage,
		Cause:   check.Cause("volatile").Of(c.span.Start),
		Group:   c.names[0], // one variable that several stages declare is one cause
		Message: fmt.Sprintf("%s %s with each %s and %s before %s (line %d), which then runs again", who, changes, each, comes, what, step.Line()),
	}
}

// costly is the first install or compilation of a RUN; install tells which of
// the two it is. "" is none.
func costly(run *source.Run) (what string, install bool) {
	for _, in := range run.Effects.Installs {
		if in.When == shell.Always {
			return called(in.Command), true
		}
	}
	for _, c := range run.Commands() {
		if what, ok := packages.Compiles(c); ok && c.When == shell.Always {
			return what, false
		}
	}
	return "", false
}

// varSpan is the place of one variable in an ARG or ENV.
func varSpan(step *source.Step, name string) text.Span {
	if words := step.Assigned(name); len(words) > 0 {
		return words[0].Span
	}
	return step.Rest().Span
}
