package scaffold_test

import (
	"os"
	"testing"

	"github.com/dockworthy/dockworthy/internal/scaffold"
	"github.com/dockworthy/dockworthy/internal/stack"
)

// TestOwn: the container of this repository is the one that init writes for it.
func TestOwn(t *testing.T) {
	s, err := stack.Detect(os.DirFS("../.."), stack.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if s.Kind != stack.Job || s.App.Value != "./cmd/dockworthy" {
		t.Errorf("it is a %s of %s", s.Kind, s.App)
	}
	plan, err := scaffold.New(s, scaffold.Options{Pick: func(w scaffold.Want) (scaffold.Base, error) {
		if w.Repo == "golang" {
			// The newest that there was when it was written; a release pins it.
			return scaffold.Base{Repo: "golang", Tag: "1.26.8-bookworm", Version: "1.26.8"}, nil
		}
		return known(w)
	}})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range plan.Files {
		have, err := os.ReadFile("../../" + f.Name)
		if err != nil || string(have) != f.Data {
			t.Errorf("%s is not what `dockworthy init --offline --force .` writes: %v\n%s", f.Name, err, f.Data)
		}
	}
}
