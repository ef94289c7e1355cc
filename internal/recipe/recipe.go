// Package recipe says how a thing is written down well on the base at hand: a
// user, a command, an update. The words of a finding's advice and the edits that do
// it come from one recipe, so that what is told is what would be written.
//
// A recipe is a function from a build and what is to be mended to an Advice. It
// gives edits only where it knows that they build and mend; where it does not, its
// words say what a person has to decide.
package recipe

import (
	"github.com/dockworthy/dockworthy/check"
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
