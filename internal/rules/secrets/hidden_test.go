package secrets_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/tools/txtar"

	"github.com/dockworthy/dockworthy"
	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/source"
)

// No message of any case says a value that it hides.
func TestMessagesHideValues(t *testing.T) {
	paths, err := filepath.Glob("testdata/*/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatal(paths, err)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		fsys := fstest.MapFS{}
		for _, f := range txtar.Parse(data).Files {
			fsys[f.Name] = &fstest.MapFile{Data: f.Data}
		}
		p := dockworthy.Open(fsys, []string{"."}, source.Options{})
		err = p.Check(context.Background(), check.Options{}, func(res *check.Result) error {
			for _, f := range res.Findings {
				for _, s := range f.Secrets {
					if v := f.Place.File.Text(s); len(v) >= 6 && strings.Contains(f.Message+f.Help, v) {
						t.Errorf("%s: %s: the message says %q", path, f.ID(), v)
					}
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
