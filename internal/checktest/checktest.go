// Package checktest runs the cases of a rule: txtar files in its testdata, one
// folder for each check.
//
// A case is prose, the files of a project, and as the last file `want`: the
// findings of the rule, one a line, and the checks of the rule that stayed
// undecided. Lines of the prose may begin with
//
//	flags: profile=banking as-of=2026-11-25 target=web arg=NAME=VALUE
//	mode: run.sh 0755
//	link: web/.env ../.env                  a symbolic link and where it leads
//	advice: shown                           want has the advice of a finding behind it, where it has its own
//	size: package-lock.json 2000000         how large a file is, filled up by blanks
//
// A case with a run.json, a run.Log, is judged at that level, with the build of
// its Dockerfile where there is one; a case with an image.json and the files of
// its layers (layer0/usr/bin/x) at the level of the image. See image.go.
//
// A case under the folder of a check must not be silent on another check of
// the rule without saying so in want. `go test ./internal/rules/... -update` rewrites
// want; read what it wrote.
//
// Every case is looked at by all eight rules: none may fail on it, and every
// place that they name lies in its file. The cases example and mended make a
// check's page, and all eight rules decide about them. See pages.go.
package checktest

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/dockworthy/dockworthy"
	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/source"
)

var update = flag.Bool("update", false, "rewrite the want files of the cases")

// Day is the day that cases are judged on unless they say another.
const Day = "2026-11-25"

// Run runs all cases of a rule, and fails where a check has no case in which
// it speaks or none in which it is quiet, and where one that judges sources has
// no cases for its page.
func Run(t *testing.T, rule *check.Rule) {
	t.Helper()
	paths, err := filepath.Glob("testdata/*/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	speaks, quiet := map[string]bool{}, map[string]bool{}
	for _, path := range paths {
		name := filepath.Base(filepath.Dir(path))
		t.Run(strings.TrimSuffix(filepath.ToSlash(strings.TrimPrefix(path, "testdata/")), ".txtar"), func(t *testing.T) {
			got := runCase(t, path, rule)
			if strings.Contains(got, " "+rule.Name+"/"+name+" ") {
				speaks[name] = true
			} else {
				quiet[name] = true
			}
		})
	}
	for _, c := range rule.Checks {
		if !speaks[c.Name] {
			t.Errorf("%s: no case under testdata/%s in which it speaks", rule.ID(c), c.Name)
		}
		if !quiet[c.Name] {
			t.Errorf("%s: no case under testdata/%s in which it is quiet", rule.ID(c), c.Name)
		}
		for _, name := range []string{example, mended} {
			if _, err := os.Stat(filepath.Join("testdata", c.Name, name)); err != nil && c.At(check.Source) {
				t.Errorf("%s: its page has no %s", rule.ID(c), name)
			}
		}
	}
}

func runCase(t *testing.T, path string, rule *check.Rule) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	ar := txtar.Parse(data)
	fsys, opt := project(t, ar)
	want := ""
	if n := len(ar.Files); n > 0 && ar.Files[n-1].Name == "want" {
		want = string(ar.Files[n-1].Data)
	}
	said := look(t, fsys, opt)
	got := of(rule, said, bytes.Contains(ar.Comment, []byte("\nadvice: shown\n")))
	if ev, ok := evidence(t, ar, fsys, opt); ok {
		got = judged(t, ev, rule)
	}
	switch id := rule.Name + "/" + filepath.Base(filepath.Dir(path)); filepath.Base(path) {
	case example:
		violates(t, id, said)
	case mended:
		passes(t, said)
	}
	if *update {
		write(t, path, ar, got)
		return got
	}
	if got != want {
		t.Errorf("got:\n%swant:\n%s", got, want)
	}
	return got
}

// project makes the files of a case into a file system and its flags into
// options.
func project(t *testing.T, ar *txtar.Archive) (fstest.MapFS, source.Options) {
	t.Helper()
	day, err := time.Parse(time.DateOnly, Day)
	if err != nil {
		t.Fatal(err)
	}
	opt := source.Options{AsOf: day, BuildArgs: map[string]string{}}
	fsys := fstest.MapFS{}
	for _, f := range ar.Files {
		if f.Name != "want" {
			fsys[f.Name] = &fstest.MapFile{Data: f.Data, Mode: 0o644}
		}
	}
	for line := range strings.Lines(string(ar.Comment)) {
		if rest, ok := strings.CutPrefix(line, "mode:"); ok {
			fields := strings.Fields(rest)
			if strings.HasPrefix(fields[0], "layer") {
				continue // of an image
			}
			mode, err := strconv.ParseUint(fields[1], 8, 32)
			if err != nil || fsys[fields[0]] == nil {
				t.Fatalf("bad line %q", line)
			}
			fsys[fields[0]].Mode = fs.FileMode(mode)
		}
		if rest, ok := strings.CutPrefix(line, "link:"); ok {
			if fields := strings.Fields(rest); len(fields) == 2 && !strings.HasPrefix(fields[0], "layer") {
				fsys[fields[0]] = &fstest.MapFile{Data: []byte(fields[1]), Mode: fs.ModeSymlink | 0o777}
			}
			continue
		}
		if rest, ok := strings.CutPrefix(line, "size:"); ok {
			fields := strings.Fields(rest)
			if strings.HasPrefix(fields[0], "layer") {
				continue // of an image
			}
			size, err := strconv.Atoi(fields[1])
			if err != nil || fsys[fields[0]] == nil {
				t.Fatalf("bad line %q", line)
			}
			f := fsys[fields[0]]
			f.Data = append(f.Data, bytes.Repeat([]byte(" "), size-len(f.Data))...)
			continue
		}
		rest, ok := strings.CutPrefix(line, "flags:")
		if !ok {
			continue
		}
		for _, word := range strings.Fields(rest) {
			key, value, _ := strings.Cut(word, "=")
			switch key {
			case "profile":
				opt.Profile = source.Profile(value)
			case "target":
				opt.Targets = append(opt.Targets, value)
			case "as-of":
				if opt.AsOf, err = time.Parse(time.DateOnly, value); err != nil {
					t.Fatal(err)
				}
			case "arg":
				name, v, _ := strings.Cut(value, "=")
				opt.BuildArgs[name] = v
			case "context":
				opt.Context = value
			case "file":
				opt.Dockerfile = value
			default:
				t.Fatalf("unknown flag %q", word)
			}
		}
	}
	return fsys, opt
}

// A statement is one line of what is said of a project: a finding, a check that
// is undecided or, without a rule, a file that cannot be judged.
type statement struct {
	rule    *check.Rule
	id      string // of the check
	finding bool
	line    string
	advice  string // of its own; "" = the check's in general
}

// look is what all eight rules say of a project's sources.
func look(t *testing.T, fsys fs.FS, opt source.Options) []statement {
	t.Helper()
	p := dockworthy.Open(fsys, []string{"."}, opt)
	var said []statement
	for _, prob := range p.Problems() {
		said = append(said, statement{line: fmt.Sprintf("problem %s: %v", prob.Path, prob.Err)})
	}
	err := p.Check(context.Background(), check.Options{}, func(res *check.Result) error {
		if prob := res.Problem; prob != nil {
			if _, ok := errors.AsType[*dockworthy.Defect](prob.Err); ok {
				t.Errorf("%s: %v", prob.Path, prob.Err)
			}
			said = append(said, statement{line: fmt.Sprintf("problem %s:%d: %v", prob.Path, prob.Line, prob.Err)})
			return nil
		}
		for _, f := range res.Findings {
			promises(t, f)
			said = append(said, statement{f.Rule, f.ID(), true, fmt.Sprintf("%s %s %s: %s", f.Severity, f.ID(), place(f.Place), f.Message), f.Help})
		}
		seen := map[string]bool{}
		for _, rep := range res.Reports {
			for _, r := range rep.Answers {
				if r.Verdict.Outcome != check.Undecided {
					continue
				}
				id := r.Rule.ID(r.Check)
				line := fmt.Sprintf("undecided %s: %s", id, r.Verdict.Reason)
				if !seen[line] {
					seen[line] = true
					said = append(said, statement{r.Rule, id, false, line, ""})
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return said
}

// of are the lines that one rule says, and those that no rule does, with its advice
// where that is asked for.
func of(rule *check.Rule, said []statement, advice bool) string {
	var b strings.Builder
	for _, s := range said {
		if s.rule == nil || s.rule == rule {
			b.WriteString(s.line + "\n")
			if advice && s.advice != "" {
				b.WriteString("  " + s.advice + "\n")
			}
		}
	}
	return b.String()
}

// promises are what every finding keeps.
func promises(t *testing.T, f check.Reported) {
	t.Helper()
	for _, p := range append([]check.Place{f.Place}, f.Related...) {
		if p.File == nil {
			t.Errorf("%s: a place without a file", f.ID())
			continue
		}
		if err := p.File.Check(p.Span); err != nil {
			t.Errorf("%s: %v", f.ID(), err)
		}
	}
	if f.Message == "" || strings.HasSuffix(f.Message, ".") || strings.Contains(f.Message, "\n") {
		t.Errorf("%s: message %q is empty, ends in a full stop or has several lines", f.ID(), f.Message)
	}
	if f.Check.Why == "" || f.Check.Mend == "" || f.Check.Claim == "" {
		t.Errorf("%s: no claim, why or mend", f.ID())
	}
}

// place is where a finding stands and the words it underlines.
func place(p check.Place) string {
	if p.Span.IsZero() {
		return p.File.Name
	}
	pos := p.File.Position(p.Span.Start)
	words := strings.Join(strings.Fields(p.File.Text(p.Span)), " ")
	if len(words) > 60 {
		words = words[:60] + "…"
	}
	return fmt.Sprintf("%s:%d:%d %q", p.File.Name, pos.Line, pos.Column, words)
}

func write(t *testing.T, path string, ar *txtar.Archive, got string) {
	t.Helper()
	if n := len(ar.Files); n > 0 && ar.Files[n-1].Name == "want" {
		ar.Files = ar.Files[:n-1]
	}
	ar.Files = append(ar.Files, txtar.File{Name: "want", Data: []byte(got)})
	if err := os.WriteFile(path, txtar.Format(ar), 0o644); err != nil {
		t.Fatal(err)
	}
}
