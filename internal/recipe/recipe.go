// Package recipe says how a thing is written down well on the base at hand: a
// user, a command, an update. The words of a finding's advice and the edits that do
// it come from one recipe, so that what is told is what would be written.
//
// A recipe is a function from a build and what is to be mended to an Advice. It
// gives edits only where it knows that they build and mend; where it does not, its
// words say what a person has to decide.
package recipe

import (
	"cmp"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/text"
)

// An Advice is what to do about a finding: in words, and as edits where it can be
// done by them.
type Advice struct {
	Help    string // "" = what the check says in general
	Fixes   []check.Fix
	Unfixed string // why there are no Fixes; "" = what the check says of it
}

// To gives the advice to a finding.
func (a Advice) To(f check.Finding) check.Finding {
	f.Help, f.Fixes, f.Unfixed = a.Help, a.Fixes, a.Unfixed
	return f
}

// words is an advice without edits, which is also why nothing does it by itself.
func words(help string) Advice { return Advice{Help: help, Unfixed: "it needs you: " + help} }

// unfixed is an advice that says in general what to do, and why nothing does it.
func unfixed(why string) Advice { return Advice{Unfixed: why} }

// fix is a fix of one file.
func fix(title string, grade check.Grade, reason string, f *text.File, edits ...text.Edit) check.Fix {
	x := check.Fix{Title: title, Grade: grade, Reason: reason}
	for _, e := range edits {
		x.Edits = append(x.Edits, check.Edit{File: f, Edit: e})
	}
	return x
}

// flag puts a flag in front of an instruction's others.
func flag(step *source.Step, word string) text.Edit {
	at := step.KeywordSpan().End
	return text.Edit{Span: text.Span{Start: at, End: at}, New: " " + word}
}

// appended puts lines at the end of a file, which goes on ending with a line break, or
// without one.
func appended(f *text.File, lines ...string) text.Edit {
	block, at := strings.Join(lines, "\n"), len(f.Data)
	if at > 0 && f.Data[at-1] != '\n' {
		block = "\n" + block
	} else {
		block += "\n"
	}
	return text.Edit{Span: text.Span{Start: at, End: at}, New: f.Lined(block)}
}

// numbers are a user's, and his group's or the same again, as chown and USER take them; "" =
// they are not known.
func numbers(u source.User) string {
	group := cmp.Or(u.Group, u.UID)
	if u.UID == "" || strings.Trim(group, "0123456789") != "" {
		return ""
	}
	return u.UID + ":" + group
}

// Together gives findings that are told as one, as those with one Group or one Cause are, what mends them
// all.
func Together(found []check.Finding) {
	groups := map[string][]*check.Finding{}
	for i := range found {
		f := &found[i]
		if key := cmp.Or(f.Group, string(f.Cause)); key != "" {
			groups[key] = append(groups[key], f)
		}
	}
	for _, list := range groups {
		var edits []check.Edit
		left := slices.IndexFunc(list, func(f *check.Finding) bool { return len(f.Fixes) == 0 })
		for _, f := range list {
			switch {
			case left >= 0:
				f.Fixes, f.Unfixed = nil, list[left].Unfixed
			default:
				for _, e := range f.Fixes[0].Edits {
					if !slices.Contains(edits, e) {
						edits = append(edits, e)
					}
				}
			}
		}
		for _, f := range list {
			if len(f.Fixes) > 0 {
				x := f.Fixes[0]
				x.Edits = edits
				f.Fixes = []check.Fix{x}
			}
		}
	}
}
