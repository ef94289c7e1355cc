package multistage

import (
	"bytes"
	"path"
	"strings"

	"github.com/dockworthy/dockworthy/internal/effects"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/base"
)

// linked tells whether a stage on a glibc system certainly makes the program
// at p linked with glibc: by Rust's default target, by a C compiler without
// -static, by Go with cgo.
func (v *breaks) linked(s *source.Stage, p string) bool {
	p = madeAs(s, p)
	for st := range s.Upwards() {
		for _, step := range st.Steps {
			for _, c := range step.Run().Commands() {
				if c.When != shell.Always {
					continue
				}
				program, args := c.Underlying()
				switch {
				case program == "cargo":
					if (strings.Contains(p, "/target/release/") || strings.Contains(p, "/target/debug/")) && len(args) > 0 && args[0].Text == "build" {
						return v.rustDefault(s, args)
					}
				case knowledge.CCompilers.Has(program):
					if output(c, args) == p {
						return dynamicC(args)
					}
				case program == "go":
					if len(args) > 0 && args[0].Text == "build" && output(c, args) == p {
						return v.cgo(s, step, c, args)
					}
				}
			}
		}
	}
	return false
}

// madeAs is the path under which a program was made that the stage then moved
// or copied to p.
func madeAs(s *source.Stage, p string) string {
	for st := range s.Upwards() {
		for i := len(st.Steps) - 1; i >= 0; i-- {
			run := st.Steps[i].Run()
			if run == nil {
				continue
			}
			for _, fx := range run.Effects.Files {
				if fx.Kind != effects.Write || len(fx.Sources) != 1 || len(fx.Paths) != 1 {
					continue
				}
				from, to := path.Clean(fx.Sources[0].Text), path.Clean(fx.Paths[0].Text)
				if to == p || path.Join(to, path.Base(from)) == p {
					return from
				}
			}
		}
	}
	return p
}

// output is the absolute path that -o names; "" where there is none.
func output(c *shell.Command, args []shell.Word) string {
	for i, w := range args {
		t, ok := strings.CutPrefix(w.Text, "-o")
		if !ok || strings.HasPrefix(w.Text, "-os") {
			continue
		}
		t = strings.TrimPrefix(t, "=")
		if t == "" && i+1 < len(args) {
			t = args[i+1].Text
		}
		if strings.HasPrefix(t, "/") {
			return path.Clean(t)
		}
		return path.Join(c.Dir, t)
	}
	return ""
}

func dynamicC(args []shell.Word) bool {
	for _, w := range args {
		switch {
		case !w.Known, strings.HasPrefix(w.Text, "-static"), strings.Contains(w.Text, "-static"):
			return false
		case w.Text == "-c", w.Text == "-shared", strings.HasPrefix(w.Text, "-nostdlib"):
			return false
		}
	}
	return true
}

// mentions tells whether any instruction of a stage and those that it is built
// on has one of the words in it.
func mentions(s *source.Stage, words ...string) bool {
	for s := range s.Upwards() {
		for _, step := range s.Steps {
			src := step.File().Text(step.Span)
			for _, w := range words {
				if strings.Contains(src, w) {
					return true
				}
			}
		}
	}
	return false
}

// rustDefault tells whether cargo builds for the default target of a glibc
// system: nothing speaks of musl or of a static C runtime.
func (v *breaks) rustDefault(s *source.Stage, args []shell.Word) bool {
	for _, w := range args {
		if !w.Known || strings.HasPrefix(w.Text, "--target") && !strings.HasPrefix(w.Text, "--target-dir") || strings.HasPrefix(w.Text, "--config") {
			return false
		}
	}
	if mentions(s, "musl", "crt-static", "CARGO_BUILD_TARGET", "RUSTFLAGS") {
		return false
	}
	for _, name := range []string{".cargo/config.toml", ".cargo/config"} {
		if data, ok := v.b.Context.Read(name); ok && (bytes.Contains(data, []byte("musl")) || bytes.Contains(data, []byte("crt-static"))) {
			return false
		}
	}
	return true
}

// cgo tells whether a Go build certainly links with the C library: cgo is on,
// and the program uses it or a package of the standard library that does.
func (v *breaks) cgo(s *source.Stage, step *source.Step, c *shell.Command, args []shell.Word) bool {
	img := s.Image
	for st := range s.Upwards() {
		img = st.Image
	}
	if img == nil || img.Known == nil || img.Known.HasTool("gcc") != base.Yes {
		return false // without a compiler cgo is off
	}
	for _, w := range args {
		if !w.Known || strings.Contains(w.Text, "static") || strings.Contains(w.Text, "netgo") || strings.Contains(w.Text, "osusergo") {
			return false
		}
	}
	if mentions(s, "GOOS", "GOARCH", "GOFLAGS", "GO_EXTLINK") {
		return false
	}
	if mentions(s, "CGO_ENABLED") {
		return cgoValue(step, c) == "1" && !mentions(s, "CGO_ENABLED=0")
	}
	return v.importsCgo()
}

// cgoValue is the value of CGO_ENABLED for a command; "" where it is not known.
func cgoValue(step *source.Step, c *shell.Command) string {
	for _, a := range c.Assigns {
		if a.Name == "CGO_ENABLED" && a.Value.Known {
			return a.Value.Text
		}
	}
	for _, w := range c.Words {
		if t, ok := strings.CutPrefix(w.Text, "CGO_ENABLED="); ok {
			return t
		}
	}
	if e, ok := step.Env.Lookup("CGO_ENABLED"); ok && e.Known {
		return e.Value
	}
	return ""
}

// maxGoFiles bounds how many sources of a context are read for their imports.
const maxGoFiles = 60

// importsCgo tells whether a Go source of the context imports "C", or what of
// the standard library uses the C library where cgo is on.
func (v *breaks) importsCgo() bool {
	ctx := v.b.Context
	if ctx == nil {
		return false
	}
	found, left, seen := false, maxGoFiles, 0
	_ = ctx.Look(func(e source.Entry) bool {
		if seen++; seen > 20*maxGoFiles {
			return false
		}
		if !strings.HasSuffix(e.Path, ".go") || strings.HasSuffix(e.Path, "_test.go") || strings.HasPrefix(e.Path, "vendor/") {
			return true
		}
		if left--; left < 0 {
			return false
		}
		data, _ := ctx.Read(e.Path)
		for _, pkg := range []string{`"net"`, `"net/http"`, `"os/user"`, "import \"C\""} {
			if bytes.Contains(data, []byte(pkg)) {
				found = true
				return false
			}
		}
		return true
	})
	return found
}
