package dockworthy_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/dockworthy/dockworthy"
	"github.com/dockworthy/dockworthy/bench/hostile"
	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/source"
)

// What goes beyond a limit is undecided, with that reason, and nothing else of
// the run is lost.
func TestLimits(t *testing.T) {
	kind := func(name string, n int) hostile.Files {
		k, ok := hostile.Find(name)
		if !ok {
			t.Fatalf("there is no kind %s", name)
		}
		return k.Make(n)
	}
	run := func(program string) hostile.Files {
		return hostile.Files{"Dockerfile": []byte("FROM alpine\nRUN " + program + "\n")}
	}
	for _, c := range []struct {
		name   string
		files  hostile.Files
		reason string // of an undecided check; "" = nothing goes beyond a limit
		found  string // a finding that is told all the same
	}{
		{".env doubling", kind("dotenv-doubling", 2000), ".env: one of its values is longer than 64 KiB after its variables are expanded", "pinned-base/no-digest"},
		{".env doubling by defaults", kind("dotenv-doubling-default", 2000), ".env: one of its values is longer than 64 KiB", "pinned-base/no-digest"},
		{"Compose variables nested", kind("compose-interpolation-nested", 2000), "compose.yaml: its variables are nested more than 16 levels deep", "non-root/final-user-root"},
		{"mappings that merge each other", kind("compose-merge-bomb", 900), "", "non-root/final-user-root"},
		{"one mapping merged by thousands", kind("compose-merge-list", 200_000), "compose.yaml: its aliases and merge keys expand to more entries than the limit for a file of its size", "non-root/final-user-root"},
		{"one list for thousands", kind("kubernetes-alias-containers", 200_000), "k.yaml: its aliases and merge keys expand to more entries", "non-root/final-user-root"},
		{"merge keys in a chain", kind("compose-merge-chain", 40_000), "compose.yaml: its merge keys are nested more than 250 levels deep", "non-root/final-user-root"},
		{"services that extend each other", kind("compose-extends-builds", 20_000), "compose.yaml: its services extend others by more entries than the limit for files of this size", "non-root/final-user-root"},
		{"stages that copy all of the last", kind("stages-30-copy-all", 0), "", "pinned-base/no-digest"},
		{"stages that copy of the last two", kind("stages-30-copy-two-back", 0), "", "pinned-base/no-digest"},
		{"empty stages that copy of the last two", kind("stages-30-scratch-two-back", 0), "", "non-root/final-user-root"},
		{"stages that copy under two names", kind("stages-30-folders-two-back", 0), "", "pinned-base/latest"},
		{"much from the end of a long chain", kind("stages-copy-from-deep", 400_000), "its files come from more stages and instructions than the limit for a Dockerfile of its size", "multi-stage/"},
		{"ENV doubling", kind("env-doubling", 2000), "the value of $A$A is longer than the limit for a variable, 8 KiB", "non-root/final-user-root"},
		{"variables nested", kind("env-nested-default", 2000), "its variables are nested more than 64 levels deep", "non-root/final-user-root"},
		{"patterns on long values", kind("env-pattern", 20_000), "the patterns in its variables are matched against more text", "non-root/final-user-root"},
		{"WORKDIR without end", kind("workdir-relative", 60_000), "the working directory is longer than 4096 bytes", "non-root/final-user-root"},
		{"cd without end", kind("run-cd", 30_000), "RUN on line 2 was not fully analyzed: its working directory is longer than 4096 bytes", "pinned-base/no-digest"},
		{"eval of eval", kind("run-eval", 20_000), "shell scripts are nested in arguments of other commands more than 6 levels deep", "pinned-base/no-digest"},
		{"variables that double", kind("run-variables-doubling", 2000), "a value in it is longer than 64 KiB", "pinned-base/no-digest"},
		{"functions that call each other", kind("run-functions", 20_000), "was not fully analyzed: ", "pinned-base/no-digest"},
		{"a program nested", run(strings.Repeat("( ", 300) + "x" + strings.Repeat(" )", 300)), "it is nested more than 250 levels deep", "pinned-base/"},
		{"a program nested too deep to be read", run(strings.Repeat("(", 3000) + "x" + strings.Repeat(")", 3000)), "shell script is nested more than 2000 levels deep", "pinned-base/"},
		{"ignore patterns on many files", kind("ignore-patterns-files", 400_000), ".dockerignore: matching its patterns on the paths of the build context is beyond the limit for a file of its size", "non-root/final-user-root"},
		{"a pattern of 60 kB", kind("ignore-pattern-stars-long", 100_000), ".dockerignore: one of its patterns is longer than 4096 bytes", "non-root/final-user-root"},
		{"wildcards on many files", kind("copy-wildcards-flat-all", 200_000), "its instructions refer to more files of the build context than the limit for a context of its size", "pinned-base/no-digest"},
		{"lists of requirements on every line", kind("requirements-often", 200_000), "its instructions refer to more files of the build context", "pinned-base/floating"},
		{"many builds of a large Dockerfile", kind("compose-services-one-big-dockerfile", 1_200_000), "further builds of it, with other arguments, targets or contexts, are beyond the limit for a Dockerfile of its size", "pinned-base/"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.files["other/Dockerfile"] = []byte("FROM alpine\n") // and this one is not lost
			p := dockworthy.Open(c.files.FS(), []string{"."}, source.Options{})
			units, open, holds := 0, map[string]int{}, 0
			found := map[string]bool{}
			err := p.Check(context.Background(), check.Options{}, func(res *check.Result) error {
				units++
				if res.Problem != nil {
					t.Error(res.Problem.Err)
				}
				for _, f := range res.Findings {
					if res.Unit.Path == "other/Dockerfile" {
						continue
					}
					found[f.ID()] = true
				}
				for _, rep := range res.Reports {
					for _, r := range rep.Answers {
						switch v := r.Verdict; {
						case v.Settle == check.ByLess:
							open[v.Reason]++
							if v.Outcome != check.Undecided || !restsOnLimit(r, rep.Build) {
								t.Errorf("%s is %s: %s", r.Rule.ID(r.Check), v.Outcome, v.Reason)
							}
						case v.Outcome == check.Holds && c.reason != "" && restsOnLimit(r, rep.Build):
							t.Errorf("%s holds, and rests on what was not followed", r.Rule.ID(r.Check))
						case v.Outcome == check.Holds:
							holds++
						}
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			told := false
			for reason := range open {
				told = told || c.reason != "" && strings.Contains(reason, c.reason)
			}
			if told != (c.reason != "") || c.reason == "" && len(open) > 0 {
				t.Errorf("undecided: %v, want %q", open, c.reason)
			}
			told = false
			for id := range found {
				told = told || strings.HasPrefix(id, c.found)
			}
			if !told || units < 2 || holds == 0 {
				t.Errorf("%d units, %d checks hold, found %v, want %s", units, holds, found, c.found)
			}
		})
	}
}

// restsOnLimit tells whether a build came to a limit that a check rests on.
func restsOnLimit(r check.Answer, b *source.Build) bool {
	rests := r.Check.RestsOn
	if rests == nil {
		rests = r.Rule.RestsOn
	}
	return slices.ContainsFunc(b.Limits(), func(l source.Limit) bool { return slices.Contains(rests, l.Subject) })
}

// Patterns of .gitignore that were left untried are a problem that is told: what
// they ignore was looked at.
func TestIgnoredBeyondLimit(t *testing.T) {
	files := hostile.Files{}
	var patterns strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&patterns, "a%d[b]*\n", i)
	}
	files[".gitignore"] = []byte("hidden\n" + patterns.String())
	for i := range 2_000 {
		files[fmt.Sprintf("d%d/Dockerfile", i)] = []byte("FROM alpine\n")
	}
	p := dockworthy.Open(files.FS(), []string{"."}, source.Options{})
	if len(p.Units()) != 2_000 {
		t.Errorf("%d units", len(p.Units()))
	}
	if len(p.Problems()) != 1 || !strings.Contains(p.Problems()[0].Err.Error(), "matching the .gitignore patterns on all files is beyond the limit") {
		t.Errorf("%v", p.Problems())
	}
}
