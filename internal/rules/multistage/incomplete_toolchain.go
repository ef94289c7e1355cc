package multistage

import (
	"fmt"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/packages"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/base"
	"github.com/dockworthy/dockworthy/text"
)

var incompleteToolchain = &check.Check{
	Name:     "incomplete-toolchain",
	Claim:    "a C compiler is installed together with the headers of the C library",
	Why:      "without stdio.h and stdlib.h the compiler cannot compile: the first package that has no wheel fails the build",
	Mend:     "install build-essential (apt) or build-base (apk), or add libc6-dev or musl-dev to gcc",
	Quiet:    "Where another package includes the headers (g++, *-dev packages), where recommended packages are installed, and where the base image has a compiler.",
	Unfixed:  "which parts of the toolchain the build needs is for you to say",
	Severity: check.Note,
	Since:    "0.1.0",
	Run:      ranToolchain,
	Source: func(b *source.Build) check.Verdict {
		if !b.Linux() {
			return check.None()
		}
		v := &headers{b: b, have: map[*source.Stage]bool{}}
		var found []check.Finding
		for _, s := range b.Stages {
			found = append(found, v.stage(s)...)
		}
		return check.Judge(found)
	},
}

// headers follows, stage by stage, where the C library's headers are.
type headers struct {
	b    *source.Build
	have map[*source.Stage]bool // at the end of the stage, or it cannot be told
}

func (v *headers) stage(s *source.Stage) []check.Finding {
	if s.Parent != nil {
		v.have[s] = v.have[s.Parent]
	} else {
		known := s.Image.Known
		v.have[s] = known == nil || known.HasCompiler() == base.Yes
	}
	type lone struct {
		name, lacks string
		span        text.Span
	}
	var gcc []lone
	for _, step := range s.Steps {
		run := step.Run()
		if run == nil {
			continue
		}
		for _, in := range run.Effects.Installs {
			if !in.System || in.When == shell.Never {
				continue
			}
			for _, p := range in.Packages {
				switch lacks := headersOf(in, p.Name); {
				case !p.Known || bringsHeaders(p.Name):
					v.have[s] = true
				case lacks != "" && in.When == shell.Always:
					gcc = append(gcc, lone{p.Name, lacks, p.Span})
				}
			}
		}
	}
	if v.have[s] || len(gcc) == 0 {
		return nil
	}
	v.have[s] = true // said once
	g := gcc[0]
	return []check.Finding{{
		Place:   check.Place{File: v.b.Text(), Span: g.span},
		Stage:   s,
		Message: fmt.Sprintf("%s is installed without %s, so it cannot build C extensions", g.name, g.lacks),
	}}
}

// headersOf is the package with the C library's headers that a compiler does
// not bring by itself; "" where it does, or is none.
func headersOf(in packages.Install, name string) string {
	switch {
	case in.Manager == "apt" && in.NoRecommends && (name == "gcc" || strings.HasPrefix(name, "gcc-") && strings.Trim(name[4:], "0123456789") == ""):
		return "libc6-dev"
	case in.Manager == "apk" && name == "gcc":
		return "musl-dev"
	}
	return ""
}

// bringsHeaders tells whether a package is, or depends on, the C library's
// headers. Many -dev packages do, so all of them count.
func bringsHeaders(name string) bool {
	return knowledge.HeaderPackages.Has(name) || strings.HasPrefix(name, "g++-") || strings.HasSuffix(name, "-dev") || strings.HasPrefix(name, "clang")
}
