package dockerignore

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/packages"
	"github.com/dockworthy/dockworthy/internal/recipe"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/manifest"
)

// example is the advice with what lies in the build context; "" where that is nothing
// that builds commonly need.
func example(b *source.Build) string {
	file, folder := "", ""
	best := 0 // how well file suits
	for _, e := range b.Context.Dir(".") {
		base := path.Base(e.Path)
		if e.Dir {
			if folder == "" && knowledge.SourceFolders.Has(base) {
				folder = base
			}
		} else if info, ok := manifest.Kind(base); ok && info.Role == manifest.Manifest && (info.Ecosystem != "python" || installs(b, "python")) {
			// Projects in other languages have lists for tools that are written in Python.
			if n := suits(b, base); n > best {
				file, best = base, n
			}
		}
	}
	switch {
	case file != "" && folder != "":
		return fmt.Sprintf("write a .dockerignore that begins with * and then includes what the build needs, such as !%s and !%s", file, folder)
	case file+folder != "":
		return fmt.Sprintf("write a .dockerignore that begins with * and then includes what the build needs, such as !%s", file+folder)
	}
	return ""
}

// suits tells how well a manifest is an example of what the build needs: 3 where an
// instruction names it, 1 where it is for who works on the project, or the source of another.
func suits(b *source.Build, base string) int {
	for _, s := range b.Stages {
		for _, step := range s.Steps {
			for field := range strings.FieldsFuncSeq(b.Text().Text(step.Span), func(r rune) bool { return strings.ContainsRune(" \t\n\"',[]=;&|", r) }) {
				if path.Base(field) == base {
					return 3
				}
			}
		}
	}
	stem := strings.TrimSuffix(base, path.Ext(base))
	if path.Ext(base) == ".in" || slices.ContainsFunc(strings.FieldsFunc(stem, func(r rune) bool { return r == '-' || r == '_' || r == '.' }), knowledge.DevFileWords.Has) {
		return 1
	}
	return 2
}

// installs tells whether a stage installs packages of an ecosystem.
func installs(b *source.Build, ecosystem string) bool {
	return slices.ContainsFunc(b.Stages, func(s *source.Stage) bool {
		return slices.ContainsFunc(s.Steps, func(step *source.Step) bool {
			run := step.Run()
			return run != nil && slices.ContainsFunc(run.Effects.Installs, func(in packages.Install) bool {
				return knowledge.EcosystemOf(in.Manager) == ecosystem
			})
		})
	})
}

var missing = &check.Check{
	Name:     "missing",
	Claim:    "an ignore file limits what a copy of the whole build context includes",
	Why:      "without an ignore file, the repository's history, .env files and local build output end up in the image",
	Mend:     "write a .dockerignore that begins with * and then includes what the build needs, one exception a line",
	Quiet:    "Where only named files and folders are copied. For a bind mount of the whole build context, the finding is a note.",
	Severity: check.Error,
	Since:    "0.1.0",
	Aliases:  []string{"sonar docker:S6470"},
	Source: func(b *source.Build) check.Verdict {
		if b.File == nil {
			return check.None()
		}
		list := takes(b)
		broad := broadest(list)
		f := check.Finding{Missing: true, Cause: "dockerignore"}
		if len(broad) == 0 {
			// A mount of the whole is no layer, but all of it is sent.
			for _, t := range list {
				if t.mount && t.path == "." {
					broad = append(broad, t)
				}
			}
			f.Severity = check.Note
		}
		switch {
		case len(broad) == 0:
			return check.Judge(nil)
		case b.Context == nil:
			return unknownContext(b)
		case effective(b.Context):
			return check.Judge(nil)
		}
		f.Help, f.Fixes = example(b), recipe.AllowList(b)
		if step := recipe.AsksGit(b); step != nil {
			f.Unfixed = given(step)
		}
		first := broad[0]
		f.Place = check.Place{File: b.Text(), Span: first.at()}
		what := "there is no .dockerignore"
		if b.Context.File != nil {
			what = fmt.Sprintf("%s contains no patterns", path.Base(b.Context.File.Name))
			f.Related = append(f.Related, check.Place{File: b.Context.File, Message: "this is the ignore file"})
		} else if b.Context.Root != "." {
			what += " in " + b.Context.Root + ", the build context"
		}
		f.Message = fmt.Sprintf("%s includes the whole build context, and %s", first.step.Keyword, what)
		if first.mount {
			f.Message = "the bind mount includes the whole build context, and " + what
		}
		for _, t := range broad[1:min(len(broad), 4)] {
			f.Related = append(f.Related, check.Place{File: b.Text(), Span: t.at(), Message: "this also includes the whole build context"})
		}
		return check.Judge([]check.Finding{f})
	},
}
