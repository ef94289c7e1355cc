package dockworthy_test

import (
	"fmt"
	"testing/fstest"

	"github.com/dockworthy/dockworthy"
	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/source"
)

// A project is any file system: a folder by os.DirFS, or as here files in
// memory, such as an editor's unsaved buffers.
func Example() {
	fsys := fstest.MapFS{"Dockerfile": {Data: []byte("FROM python:3.12\nCMD python app.py\n")}}
	project := dockworthy.Open(fsys, []string{"."}, source.Options{})
	for _, unit := range project.Units() {
		builds, problem := project.Builds(unit)
		if problem != nil {
			fmt.Println(problem.Path, problem.Err)
			continue
		}
		for _, build := range builds {
			report := dockworthy.Look(check.Evidence{Source: build}, check.Options{Only: []string{"non-root", "entrypoint/shell-form"}})
			for _, f := range report.Findings {
				at := f.Place.File.Position(f.Place.Span.Start)
				fmt.Printf("%s:%d: %s: %s\n", f.Place.File.Name, at.Line, f.Severity, f.ID())
			}
		}
	}
	// Output:
	// Dockerfile:1: error: non-root/final-user-root
	// Dockerfile:2: error: entrypoint/shell-form
}
