package dockworthy_test

import (
	"context"
	"fmt"
	"os"
	"testing/fstest"
	"time"

	"github.com/dockworthy/dockworthy"
	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/report"
	"github.com/dockworthy/dockworthy/text"
)

// A project is any file system: a folder by os.DirFS, or as here files in
// memory, such as an editor's unsaved buffers.
func Example() {
	fsys := fstest.MapFS{"Dockerfile": {Data: []byte("FROM python:3.12\nCMD python app.py\n")}}
	project := dockworthy.Open(fsys, []string{"."}, dockworthy.Options{})
	err := project.Check(context.Background(), check.Options{Only: []string{"non-root", "entrypoint/shell-form"}}, func(res *check.Result) error {
		for _, f := range res.Findings {
			at := f.Place.File.Position(f.Place.Span.Start)
			fmt.Printf("%s:%d: %s: %s\n", f.Place.File.Name, at.Line, f.Severity, f.ID())
		}
		return nil
	})
	if err != nil {
		fmt.Println(err)
	}
	// Output:
	// Dockerfile:1: error: non-root/final-user-root
	// Dockerfile:2: error: entrypoint/shell-form
}

// The scorecard says what each rule came to, and what is not known.
func ExampleLook() {
	fsys := fstest.MapFS{"Dockerfile": {Data: []byte("FROM registry.example.com/team/base:1.4.2\nENTRYPOINT [\"/app\"]\n")}}
	project := dockworthy.Open(fsys, []string{"."}, dockworthy.Options{})
	for _, unit := range project.Units() {
		builds, problem := project.Builds(unit)
		if problem != nil {
			fmt.Println(problem.Path, problem.Err)
			continue
		}
		for _, build := range builds {
			rep := dockworthy.Look(check.Evidence{Source: build}, check.Options{})
			for _, row := range rep.Scorecard().Rows[:3] {
				fmt.Println(row.Rule.Name, row.Worst())
			}
			for _, a := range rep.Answers {
				if a.Verdict.Outcome == check.Undecided {
					fmt.Printf("%s: %s; %s\n", a.Rule.ID(a.Check), a.Verdict.Reason, a.Verdict.Settle)
					break
				}
			}
		}
	}
	// Output:
	// multi-stage undecided
	// non-root undecided
	// layer-cache holds
	// multi-stage/sdk-base-in-final: it is not known whether registry.example.com/team/base:1.4.2 contains a toolchain; describe the base image under `bases:` in .dockworthy.yaml
}

// An editor looks again at each change of a buffer: what the change cannot touch is
// not read a second time.
func ExampleProject_Edit() {
	fsys := fstest.MapFS{"Dockerfile": {Data: []byte("FROM alpine:3.21.0\nUSER root\n")}}
	project := dockworthy.Open(fsys, []string{"."}, dockworthy.Options{Editable: true})
	count := func(p *dockworthy.Project) (n int) {
		_ = p.Check(context.Background(), check.Options{Only: []string{"non-root"}}, func(res *check.Result) error {
			n += len(res.Findings)
			return nil
		})
		return n
	}
	edited := project.Edit(dockworthy.Changes{"Dockerfile": []byte("FROM alpine:3.21.0\nUSER 10001\n")})
	fmt.Println(count(project), count(edited))
	// Output: 1 0
}

// A finding carries the edits that mend it, with how far they can be trusted.
func ExampleProject_Check_fixes() {
	fsys := fstest.MapFS{"Dockerfile": {Data: []byte("FROM debian:12.8\nRUN apt-get update\nRUN apt-get install -y curl\n")}}
	project := dockworthy.Open(fsys, []string{"."}, dockworthy.Options{})
	err := project.Check(context.Background(), check.Options{Only: []string{"layer-cache/update-alone"}}, func(res *check.Result) error {
		for _, f := range res.Findings {
			for _, fix := range f.Fixes {
				files, err := fix.Apply()
				if err != nil {
					return err
				}
				fmt.Println(fix.Grade)
				for name, after := range files {
					fmt.Print(text.Diff("a/"+name, "b/"+name, fsys[name].Data, after))
				}
			}
		}
		return nil
	})
	if err != nil {
		fmt.Println(err)
	}
	// Output:
	// safe
	// --- a/Dockerfile
	// +++ b/Dockerfile
	// @@ -1,3 +1,2 @@
	//  FROM debian:12.8
	// -RUN apt-get update
	// -RUN apt-get install -y curl
	// +RUN apt-get update && apt-get install -y curl
}

// A report is written as text, as JSON, or as SARIF for a code host.
func Example_report() {
	fsys := fstest.MapFS{"Dockerfile": {Data: []byte("FROM scratch\nCOPY app /app\nUSER 10001:10001\nENTRYPOINT [\"/app\"]\n")}, "app": {Data: []byte("x")}}
	project := dockworthy.Open(fsys, []string{"."}, dockworthy.Options{Profile: "banking", AsOf: time.Date(2026, 11, 28, 0, 0, 0, 0, time.UTC)})
	w, err := report.New("text", os.Stdout, report.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := project.Check(context.Background(), check.Options{Only: []string{"non-root"}}, w.Result); err != nil {
		fmt.Println(err)
	}
	if err := w.Close(project.Problems()); err != nil {
		fmt.Println(err)
	}
	// Output:
	// Dockerfile  target stage 0 · context . · profile banking
	//   no findings
	//
	// scorecard, from source
	//   1 multi-stage   not looked at
	//   2 non-root      holds
	//   3 layer-cache   not looked at
	//   4 pinned-base   not looked at
	//   5 secrets       not looked at
	//   6 dockerignore  not looked at
	//   7 entrypoint    not looked at
	//   8 healthcheck   not looked at
	// 0 errors, 0 warnings, 0 notes in 1 file: no rule violated
}
