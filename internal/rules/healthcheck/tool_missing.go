package healthcheck

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/effects"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/base"
)

var toolMissing = &check.Check{
	Name:     "tool-missing",
	Claim:    "the probe's program is in the image",
	Why:      "a probe that cannot start fails every time: the container never becomes healthy and is replaced again and again",
	Mend:     "use a tool that is in the image: a flag of the program, python's http.client, node's fetch, busybox wget",
	Quiet:    "Where an installed package, a COPY or a RUN may add the program, and where the base image is not known.",
	Severity: check.Error,
	Since:    "0.1.0",
	Image:    builtTool,
	Source: func(b *source.Build) check.Verdict {
		if !b.Runnable() {
			return check.None()
		}
		p := inForce(b)
		if p == nil {
			return check.Judge(nil)
		}
		img := b.Base()
		if p.shell && noShell(b) {
			return check.Judge([]check.Finding{{
				Place:   p.place(b),
				Message: fmt.Sprintf("the probe is in shell form, but %s has no shell", img.String()),
				Help:    "write the probe in exec form, with a program that is in the image",
			}})
		}
		if img.Known == nil && !img.Scratch {
			if p.shell || usesTool(b, p) {
				return check.Unknown(check.ByBases, fmt.Sprintf("it is not known whether %s has the probe's program", img.String()))
			}
			return check.Judge(nil)
		}
		if name := ownShell(b); p.shell && name != "" && img.Known != nil && img.Known.HasTool(name) == base.No && !mayBring(b, name) {
			return check.Judge([]check.Finding{{
				Place:   p.place(b),
				Message: fmt.Sprintf("SHELL makes %s run the probe, but it is not in the image: %s does not have it and nothing installs it", name, img.String()),
				Help:    `write SHELL ["/bin/sh", "-c"], or write the probe in exec form`,
			}})
		}
		if alone := p.absent(b, img); alone != nil {
			return check.Judge([]check.Finding{{
				Place:   check.Place{File: b.Text(), Span: alone.Span},
				Message: fmt.Sprintf("the probe runs %s, which is not in the image: %s does not have it and nothing installs or copies it", alone.Program(), img.String()),
			}})
		}
		return check.Judge(nil)
	},
}

// absent is a command of the probe whose program certainly is not in the
// image; nil where there is none, or where one side of a || works without it.
func (p *probe) absent(b *source.Build, img *source.Image) *shell.Command {
	var missing *shell.Command
	var runs, lacks bool // what is known of the current side
	whole := func() bool { return runs && !lacks }
	end := 0 // of what was looked at: the program in a word of sh -c is on its side
	if p.script == nil {
		return nil
	}
	for _, c := range p.script.Commands {
		if p.shell && c.Before == shell.Or && end <= c.Span.Start {
			if whole() {
				return nil
			}
			runs, lacks = false, false
		}
		if c.When == shell.Never || len(c.Words) == 0 {
			continue
		}
		end = max(end, c.Span.End)
		program := c.Program()
		if c.Func != "" || program == "" || knowledge.Builtins.Has(program) || strings.Contains(program, "$") {
			continue
		}
		runs = true
		if absent(b, img, program, c) {
			lacks = true
			if missing == nil {
				missing = c
			}
		}
	}
	if whole() {
		return nil
	}
	return missing
}

// ownShell is the program of the SHELL in force, which runs a probe in shell
// form too; "" where there is none, or it is the usual one.
func ownShell(b *source.Build) string {
	step := b.Target.Final.Shell
	if step == nil {
		return ""
	}
	words := step.Words()
	if len(words) == 0 || path.Base(words[0].Text) == "sh" {
		return ""
	}
	return path.Base(words[0].Text)
}

// noShell tells whether the image certainly has no /bin/sh.
func noShell(b *source.Build) bool {
	img := b.Base()
	if b.Target.Final.Shell != nil {
		return false
	}
	none := img.Scratch || img.Known != nil && img.Known.HasShell() == base.No
	return none && !mayBring(b, "sh") && !mayBring(b, "busybox")
}

// usesTool tells whether the probe needs a program that nothing in the chain may
// bring.
func usesTool(b *source.Build, p *probe) bool {
	return slices.ContainsFunc(p.commands(), func(c *shell.Command) bool {
		program := c.Program()
		return !mayBring(b, program) || knowledge.Clients.Has(program)
	})
}

// absent tells whether a program certainly is not in the image.
func absent(b *source.Build, img *source.Image, program string, c *shell.Command) bool {
	if img.Scratch {
		// What a path names may have been copied; a bare name too.
		if strings.HasPrefix(c.Words[0].Text, "/") && neverMade(b, img, c.Words[0].Text) {
			return true
		}
		return knowledge.Probes.Has(program) && !mayBring(b, program)
	}
	if strings.Contains(c.Words[0].Text, "/") && !strings.Contains(c.Words[0].Text, "$") && strings.HasSuffix(program, ".sh") {
		return neverMade(b, img, c.Words[0].Text)
	}
	return img.Known.HasTool(program) == base.No && !mayBring(b, program)
}

// neverMade tells whether nothing in the chain can have made the script at a
// path: no COPY or ADD over it, no RUN that names it or is not read, and no
// base image that brings scripts of its own.
func neverMade(b *source.Build, img *source.Image, name string) bool {
	if !strings.HasPrefix(name, "/") {
		dir := b.Target.Final.Workdir
		if !dir.Known {
			return false
		}
		name = path.Join(dir.Value, name)
	}
	name = path.Clean(name)
	if img.Known != nil && img.Known.Kind == base.KindService || mayBring(b, path.Base(name)) {
		return false
	}
	for step := range b.Steps() {
		if c := step.Copy; c != nil {
			target := path.Clean(c.Target)
			if !strings.HasPrefix(target, "/") || target == "/" || name == target || strings.HasPrefix(name, target+"/") {
				return false
			}
		}
		if run := step.Run(); run != nil && strings.Contains(step.File().Text(step.Span), path.Base(name)) {
			return false
		}
	}
	return true
}

// mayBring tells whether something in the chain may bring a program: a
// package of its name or one that is known to, a COPY, a download, a RUN that
// is not read.
func mayBring(b *source.Build, program string) bool {
	for step := range b.Steps() {
		if c := step.Copy; c != nil && copies(c, program) {
			return true
		}
		run := step.Run()
		if run == nil {
			continue
		}
		if run.Opaque != "" || run.Script == nil || run.Script.Err != nil {
			return true
		}
		for _, in := range run.Effects.Kept() {
			for _, p := range in.Packages {
				if !p.Known || strings.HasPrefix(p.Name, program) || strings.HasSuffix(p.Name, program) || p.Path {
					return true
				}
				for _, name := range knowledge.Bringers(program) {
					if strings.Contains(p.Name, name) {
						return true
					}
				}
				if knowledge.Metapackages.Has(p.Name) {
					return true
				}
			}
			if in.System && len(in.Packages) == 0 && len(in.Manifests) > 0 {
				return true // a list of packages that is not read
			}
		}
		for _, fx := range run.Effects.Files {
			if fx.Kind == effects.Delete || fx.Kind == effects.Chmod || fx.Kind == effects.Chown {
				continue
			}
			for _, p := range fx.Paths {
				if path.Base(p.Text) == program {
					return true
				}
			}
			if fx.Kind == effects.Unpack && len(fx.Paths) > 0 {
				for _, p := range fx.Paths {
					if p.Text == "/" || strings.HasPrefix(p.Text, "/usr") && !strings.HasPrefix(p.Text, "/usr/share") && !strings.HasPrefix(p.Text, "/usr/src") {
						return true
					}
				}
			}
		}
		for _, c := range run.Commands() {
			p := c.Program()
			if strings.HasSuffix(p, ".sh") || knowledge.Shells.Has(p) && !c.Inner && len(c.Args()) > 0 && !strings.HasPrefix(c.Args()[0].Text, "-") || knowledge.Shells.Has(p) && c.PipeFrom != nil {
				return true // a script, or a download fed to a shell
			}
		}
	}
	return false
}

// copies tells whether a COPY brings a program by name, or a folder where it
// may lie.
func copies(c *source.Copy, program string) bool {
	target := strings.TrimSuffix(c.Target, "/")
	if path.Base(target) == program {
		return true
	}
	for _, s := range c.Sources {
		v := path.Clean(s.Value)
		if path.Base(v) == program || strings.ContainsAny(v, "*?") && strings.Contains(v, "bin") {
			return true
		}
		// A tree over the system's own folders.
		if c.From != "" && (v == "/" || v == "/usr" || v == "/usr/bin" || v == "/bin" || v == "/usr/local" || v == "/usr/local/bin") {
			return true
		}
		if target == "" || target == "/usr" || target == "/usr/local" || target == "/usr/bin" || target == "/usr/local/bin" || target == "/bin" {
			if path.Ext(v) == "" && path.Base(v) != program && (strings.HasSuffix(s.Value, "/") || v == "." || strings.Contains(v, "rootfs") || strings.Contains(v, "root") || strings.HasSuffix(v, "bin") || strings.HasSuffix(v, "install")) {
				return true
			}
		}
	}
	return false
}
