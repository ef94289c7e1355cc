package fix_test

import (
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/dockworthy/dockworthy/internal/fix"
)

// FuzzFix mends whatever text a Dockerfile holds: it neither panics nor hangs, nothing that
// could be read becomes unreadable, and a second time changes nothing.
func FuzzFix(f *testing.F) {
	list, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range list {
		a, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range a.Files {
			if file.Name == "Dockerfile" {
				f.Add(string(file.Data))
				f.Add(strings.ReplaceAll(string(file.Data), "\n", "\r\n"))
			}
		}
	}
	f.Add("\ufeff# escape=`\nFROM python:3.13\nRUN apt-get update `\n && apt-get install -y x\nCMD python a.py")
	f.Add("FROM debian:13\nRUN <<EOF\napt-get update\napt-get install -y x\nEOF\nENTRYPOINT run")
	f.Fuzz(func(t *testing.T, dockerfile string) {
		if len(dockerfile) > 4<<10 {
			t.Skip("long ones are slow, and no different")
		}
		files := []txtar.File{{Name: "Dockerfile", Data: []byte(dockerfile)}, {Name: "a.py"}}
		opt := fix.Options{Unsafe: true}
		res, err := fix.Run(t.Context(), open(files, nil), opt)
		if err != nil {
			t.Fatal(err)
		}
		if len(res.Files) > 0 {
			again(t, files, res, opt)
		}
	})
}
