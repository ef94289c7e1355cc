package entrypoint

import (
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/effects"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/source"
)

var notExecutable = &check.Check{
	Name:     "not-executable",
	Claim:    "the program that the image starts exists and is executable",
	Why:      "the container does not start: the program is not found (127), may not be executed (126), or names an interpreter that ends in a carriage return",
	Mend:     "copy the program to the path that ENTRYPOINT names, with --chmod=0755, and save it with LF line endings",
	Quiet:    "Where the program is passed to a shell, where a RUN creates it or makes it executable, and where the file cannot be read here.",
	Severity: check.Error,
	Since:    "0.1.0",
	Image:    builtNotExecutable,
	Source: func(b *source.Build) check.Verdict {
		if !b.Runnable() {
			return check.None()
		}
		st := b.Start()
		if !st.Known() {
			return check.Unknown(check.ByBases, fmt.Sprintf("what %s starts is not known", b.Base().String()))
		}
		if st.Step == nil {
			return check.Judge(nil)
		}
		if f := st.File; f != nil {
			if msg := flawOf(b, f); msg != "" {
				return check.Judge([]check.Finding{{
					Place:   place(b, st.Step),
					Related: []check.Place{{File: b.Text(), Span: f.Origin.Step.Span, Message: "it is copied here"}},
					Message: msg,
				}})
			}
			return check.Judge(nil)
		}
		if name, ok := nowhere(b, st); ok {
			return check.Judge([]check.Finding{{
				Place:   place(b, st.Step),
				Message: fmt.Sprintf("no instruction adds %s to the image, and %s has no such file", name, b.Base().String()),
			}})
		}
		return check.Judge(nil)
	},
}

// flawOf is what keeps a start script from being started.
func flawOf(b *source.Build, f *source.StartScript) string {
	data, ok := f.Origin.Data()
	if !ok {
		return ""
	}
	line, _, _ := strings.Cut(data, "\n")
	if f.Direct && strings.HasPrefix(line, "#!") && strings.HasSuffix(line, "\r") && !converted(b, f.Path) {
		return fmt.Sprintf("the first line of %s ends in a carriage return, so its interpreter is not found", f.Path)
	}
	if !f.Direct || f.Origin.Context == nil || executable(b, f) {
		return ""
	}
	if f.Origin.Entry.Mode.Perm()&0o111 != 0 {
		return ""
	}
	return fmt.Sprintf("%s has mode %04o in the build context, and no instruction makes it executable", f.Path, f.Origin.Entry.Mode.Perm())
}

// executable tells whether COPY or a later RUN gives the x bit.
func executable(b *source.Build, f *source.StartScript) bool {
	if mode := f.Origin.Step.Copy.Chmod.Value; mode != "" {
		if n, err := strconv.ParseUint(mode, 8, 32); err == nil {
			return n&0o111 != 0
		}
		return true
	}
	return touched(b, f.Path, func(fx effects.File) bool { return fx.Kind == effects.Chmod || fx.Kind == effects.Write })
}

// converted tells whether a RUN may have mended the line ends.
func converted(b *source.Build, name string) bool {
	for step := range b.Steps() {
		for _, c := range step.Run().Commands() {
			if knowledge.Converters.Has(c.Program()) {
				return true
			}
		}
	}
	return touched(b, name, func(fx effects.File) bool { return fx.Kind == effects.Write })
}

// touched tells whether a RUN of any stage that is needed may have changed a
// file in the wanted way: by its name, by a pattern, by its folder, or by a
// path that is not known.
func touched(b *source.Build, name string, want func(effects.File) bool) bool {
	for _, s := range b.Stages {
		if !b.Needs(s) {
			continue
		}
		for _, step := range s.Steps {
			run := step.Run()
			if run == nil {
				continue
			}
			if run.Opaque != "" || run.Script != nil && run.Script.Err != nil {
				return true
			}
			for _, fx := range run.Effects.Files {
				if !want(fx) {
					continue
				}
				for _, p := range fx.Paths {
					q := path.Clean(p.Text)
					ok, _ := path.Match(q, name)
					if ok || !p.Known || q == name || path.Base(q) == path.Base(name) || strings.HasPrefix(name, q+"/") || strings.Contains(p.Text, "*") || !strings.HasPrefix(q, "/") {
						return true
					}
				}
			}
			for _, c := range run.Commands() {
				if p := c.Program(); p == "find" || p == "xargs" || p == "chmod" && len(c.Args()) < 2 {
					return true
				}
			}
		}
	}
	return false
}

// nowhere is a program that certainly is not in the image: an absolute path on
// an image without files of its own, to which no COPY leads and no RUN writes.
func nowhere(b *source.Build, st *source.Start) (string, bool) {
	img := b.Base()
	if len(st.Words) == 0 || !img.Scratch && !(img.Known != nil && img.Known.Kind == "minimal" && strings.Contains(img.Known.ID, "static")) {
		return "", false
	}
	name := st.Words[0].Text
	if st.Words[0].Span.IsZero() || !strings.HasPrefix(name, "/") || strings.Contains(name, "$") {
		return "", false
	}
	name = path.Clean(name)
	copied := false
	for step := range b.Steps() {
		if step.Keyword == "RUN" {
			return "", false
		}
		c := step.Copy
		if c == nil {
			continue
		}
		copied = true
		t := c.Target
		if !strings.HasPrefix(t, "/") {
			if step.Before.Workdir.Value != "" {
				return "", false
			}
			t = "/" + t
		}
		t = path.Clean(t)
		// A folder may hold anything; a file is itself.
		if t == name || t == "/" && single(c, name) || strings.HasPrefix(name, t+"/") || t == "/" && !allFiles(c) || c.Add {
			return "", false
		}
	}
	return name, copied
}

// single tells whether one of the sources has the base name of a path.
func single(c *source.Copy, name string) bool {
	for _, s := range c.Sources {
		if path.Base(s.Value) == path.Base(name) {
			return true
		}
	}
	return false
}

// allFiles tells whether every source is certain to be a single file that goes
// under its own name: none is the whole, a pattern or unknown.
func allFiles(c *source.Copy) bool {
	for _, s := range c.Sources {
		v := path.Clean(s.Value)
		if !s.Known || v == "." || v == "/" || strings.ContainsAny(v, "*?[") || strings.HasSuffix(s.Value, "/") {
			return false
		}
		if path.Ext(v) == "" {
			return false // a folder, perhaps
		}
	}
	return true
}
