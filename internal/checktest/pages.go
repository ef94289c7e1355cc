package checktest

import "testing"

// A check's page shows two cases: one that violates the check, and the same
// project as it passes.
const (
	example = "example.txtar"
	mended  = "mended.txtar"
)

// companions are the findings without which an example cannot violate its
// check. Every other example violates its own check and nothing else, so that
// what changes on the page is what the check asks for.
var companions = map[string]string{
	// One stage that compiles with what it installs for that breaks both.
	"multi-stage/single-stage":      "multi-stage/compiles-in-final",
	"multi-stage/compiles-in-final": "multi-stage/single-stage",
	// USER cannot give a number that nobody chose.
	"non-root/uid-not-explicit": "non-root/user-not-numeric",
}

// violates holds a page's first example to its check.
func violates(t *testing.T, id string, said []statement) {
	t.Helper()
	speaks := false
	for _, s := range said {
		switch {
		case s.id == id:
			speaks = speaks || s.finding
		case s.rule == nil, s.finding && s.id != companions[id]:
			t.Errorf("the example of %s says more than that: %s", id, s.line)
		}
	}
	if !speaks {
		t.Errorf("the example does not violate %s", id)
	}
}

// passes holds a page's second example to all eight rules: no finding, not even
// a note, and nothing undecided.
func passes(t *testing.T, said []statement) {
	t.Helper()
	for _, s := range said {
		t.Errorf("the example does not pass: %s", s.line)
	}
}
