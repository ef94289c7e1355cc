package multistage

import (
	_ "embed"
	"fmt"
	"path"
	"strings"
	"sync"

	"github.com/dockworthy/dockworthy/internal/effects"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/recipe"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/base"
)

//go:embed programs.jsonl
var programsData []byte

// A program is one line of programs.jsonl: a program of a distribution that is
// linked with libraries which minimal images lack.
type program struct {
	Program  string   `json:"program"`
	Packages []string `json:"packages"` // with path.Match's signs: what brings it or its libraries
	Library  string   `json:"library"`  // what it does not run without
	// Runtime tells that language images also bring it, in /usr/local/bin.
	Runtime bool   `json:"runtime"`
	Source  string `json:"source"`
}

var programs = sync.OnceValue(func() map[string]program {
	all := map[string]program{}
	for _, p := range decodeLines[program]("programs.jsonl", programsData) {
		all[p.Program] = p
	}
	return all
})

// packaged are the systems whose programs come from packages, linked with
// libraries of other packages.
func packaged(img *source.Image) bool {
	if img == nil || img.Known == nil {
		return false
	}
	switch img.Known.PackageManager {
	case "apt", "apk", "dnf", "yum", "microdnf":
		return true
	}
	return false
}

// loneProgram speaks of a distribution's program that is copied without the
// libraries that it is linked with.
func (v *breaks) loneProgram(step *source.Step, c *source.Copy, i int, p string) bool {
	pr, ok := programs()[path.Base(p)]
	src := origin(c)
	if !ok || !knowledge.SystemProgramFolders.Has(path.Dir(p)) || !packaged(src) || v.img.Known == nil && !v.img.Scratch {
		return false
	}
	if v.libs || v.has(pr.Packages) || !v.img.Scratch && v.img.Known.HasTool(pr.Program) == base.Yes {
		return false
	}
	if !v.fromPackages(c.Stage, pr, p, src) {
		return false
	}
	v.add(step, i, "install the package in the stage that needs the program",
		"%s is copied without its libraries: %s does not have %s", p, v.img.String(), pr.Library)
	v.mend(recipe.Installed(v.b, step, path.Base(p)))
	return true
}

// fromPackages tells whether a stage certainly has a system program from its
// packages or its base, rather than from a build or a download of its own.
func (v *breaks) fromPackages(s *source.Stage, pr program, p string, img *source.Image) bool {
	have := img.Known.HasTool(pr.Program) == base.Yes
	for s := range s.Upwards() {
		for _, step := range s.Steps {
			if c := step.Copy; c != nil && v.mayCopy(c, p) {
				return false
			}
			run := step.Run()
			if run == nil {
				continue
			}
			for _, in := range run.Effects.Installs {
				for _, pk := range in.Packages {
					for _, g := range pr.Packages {
						if ok, _ := path.Match(g, pk.Name); ok && in.System && in.When == shell.Always {
							have = true
						}
					}
				}
			}
			for _, fx := range run.Effects.Files {
				for _, w := range fx.Paths {
					q := path.Clean(w.Text)
					if q == p || fx.Kind != effects.Delete && strings.HasPrefix(p, q+"/") {
						return false
					}
				}
			}
		}
	}
	return have
}

// libcs are the C libraries where a copy comes from and where it goes; ok is
// false where they are the same, or one of them is not known, or the image
// that ships has been given the other one.
func (v *breaks) libcs(src *source.Image) (from, to string, ok bool) {
	from, to = src.Known.Libc, "none"
	if !v.img.Scratch {
		if v.img.Known == nil {
			return "", "", false
		}
		to = v.img.Known.Libc
	}
	if from == to || from != "glibc" && from != "musl" || to != "glibc" && to != "musl" && to != "none" {
		return "", "", false
	}
	return from, to, !v.has([]string{"*gcompat*", "*glibc*", "libc6-compat", "musl", "libc6"})
}

// programRuntime tells whether a path is a runtime that its image brings by itself,
// linked with the image's C library.
func programRuntime(src *source.Image, c *source.Copy, p string) bool {
	pr, listed := programs()[path.Base(p)]
	return listed && pr.Runtime && path.Dir(p) == "/usr/local/bin" && src.Known.HasTool(pr.Program) == base.Yes
}

// foreignBinary speaks of a binary for glibc on a base with musl or without
// any C library, and of musl's on glibc.
func (v *breaks) foreignBinary(step *source.Step, c *source.Copy, i int, p string) bool {
	src := origin(c)
	if src == nil || src.Known == nil || v.libs {
		return false
	}
	if v.img.Known == nil && !v.img.Scratch {
		if c.Stage != nil && src.Known.Libc == "glibc" && v.linked(c.Stage, p) || programRuntime(src, c, p) {
			v.open = fmt.Sprintf("which C library %s has is not known", v.img.String())
		}
		return false
	}
	from, to, ok := v.libcs(src)
	if !ok {
		return false
	}
	pr, listed := programs()[path.Base(p)]
	switch {
	case listed && pr.Runtime && path.Dir(p) == "/usr/local/bin" && src.Known.HasTool(pr.Program) == base.Yes && v.fromPackages(c.Stage, pr, p, src):
	case listed && knowledge.SystemProgramFolders.Has(path.Dir(p)) && packaged(src) && v.fromPackages(c.Stage, pr, p, src):
	case from == "glibc" && c.Stage != nil && v.linked(c.Stage, p):
	default:
		return false
	}
	lacks := "but " + v.img.String() + " does not have it"
	if to == "musl" {
		lacks = "but " + v.img.String() + " has musl"
	} else if to == "glibc" {
		lacks = "but " + v.img.String() + " has glibc"
	}
	v.add(step, i, "link it statically (CGO_ENABLED=0, --target x86_64-unknown-linux-musl, -static), build it on the same operating system, or use a final base image with the same C library",
		"%s of %s is linked with %s, %s: it cannot start", p, stageText(c), from, lacks)
	v.mend(recipe.Static(v.b, c.Stage))
	return true
}
