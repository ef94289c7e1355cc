package healthcheck

import (
	"fmt"
	"path"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/image"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
)

// serves tells whether an image answers on a port.
func serves(ev check.Evidence) bool {
	if ev.Source != nil {
		r := ev.Source.Role()
		return ev.Source.Runnable() && (r == source.Serves || r == source.Develop)
	}
	return ev.Image.Platform.OS != "windows" && len(ev.Image.Config.ExposedPorts) > 0
}

// onHealth is the place of the image's health check.
func onHealth(img *image.Image) check.Place {
	return check.Place{File: img.Text, Span: img.Span(image.Health, "")}
}

// builtMissing asks the config for a health check.
func builtMissing(ev check.Evidence) check.Verdict {
	img := ev.Image
	switch {
	case img.Config.Healthcheck != nil && len(img.Config.Healthcheck.Test) > 0:
		return check.Judge(nil)
	case !serves(ev):
		return check.None()
	}
	f := check.Finding{Place: check.Place{File: img.Text}, Missing: true, Message: "the image serves, but its config has no health check"}
	b := ev.Source
	switch {
	case b != nil:
		if step, inherited, _ := b.Health(); step != nil || inherited {
			f.Message = "the Dockerfile has a health check, but the image has none: the OCI image format drops it (podman, buildah)"
			f.Help = "build in Docker's image format (buildah and podman: --format docker), or configure a probe in the orchestrator"
		}
		switch {
		case b.Role() == source.Develop || b.KubeProbes():
			f.Severity = check.Note
		case composeHas(b) || platform(b) != "":
			f.Severity = check.Warning
		}
	}
	return check.Judge([]check.Finding{f})
}

// builtDisabled asks the config for HEALTHCHECK NONE.
func builtDisabled(ev check.Evidence) check.Verdict {
	h := ev.Image.Config.Healthcheck
	if h == nil || !serves(ev) {
		return check.None()
	}
	if len(h.Test) > 0 && h.Test[0] == "NONE" {
		return check.Judge([]check.Finding{{Place: onHealth(ev.Image), Message: "the image disables its health check"}})
	}
	return check.Judge(nil)
}

// builtTool asks the layers for the probe's program, and for what that needs.
func builtTool(ev check.Evidence) check.Verdict {
	img := ev.Image
	h := img.Config.Healthcheck
	if h == nil || len(h.Test) < 2 || img.Platform.OS == "windows" {
		return check.None()
	}
	if img.NotLookedAt() {
		return check.Unknown(check.ByRun, "a layer of the image could not be read")
	}
	if h.Test[0] == "CMD" {
		return probeProgram(ev, h.Test[1])
	}
	sh := "/bin/sh"
	if len(img.Config.Shell) > 0 {
		sh = img.Config.Shell[0]
	}
	if img.LookPath(sh) == nil {
		return check.Judge([]check.Finding{{Place: onHealth(img), Message: "the probe is in shell form, but the image has no " + sh, Help: "write the probe in exec form, with a program that is in the image"}})
	}
	line := h.Test[1]
	script := shell.Parse(shell.Input{Src: []byte(line), Shell: path.Base(sh)})
	if script == nil || script.Err != nil {
		return check.Judge(nil)
	}
	// One side of a || that works is enough.
	var first *check.Verdict
	works, or, exits := false, false, false
	for _, c := range script.Commands {
		name := c.Program()
		if c.Before == shell.Or {
			or, exits = true, exits || name == "exit"
		}
		if name == "" || knowledge.Builtins.Has(name) || strings.Contains(name, "$") || c.Func != "" {
			continue
		}
		v := probeProgram(ev, name)
		if v.Outcome == check.Violated {
			if first == nil {
				first = &v
			}
		} else {
			works = true
		}
	}
	if first == nil || works && or && !exits {
		return check.Judge(nil)
	}
	return *first
}

// probeProgram asks the layers for one program.
func probeProgram(ev check.Evidence, name string) check.Verdict {
	img := ev.Image
	f := img.LookPath(name)
	if f == nil {
		return check.Judge([]check.Finding{{Place: onHealth(img), Message: fmt.Sprintf("the probe runs %s, which is not in the image", name)}})
	}
	if me, err := img.User(); err == nil {
		if ok, by := img.Tree.Executable(f.Path, me); !ok && by != nil {
			return check.Judge([]check.Finding{{Place: onHealth(img), Message: fmt.Sprintf("the probe runs %s, which is not accessible or not executable for the user: %s has mode %04o", f.Path, by.Path, by.Mode.Perm())}})
		}
	}
	if lacks := img.Missing(f.Path); len(lacks) > 0 {
		p := ev.LayerPlace(f.Layer)
		p.Message = path.Base(f.Path) + " was added here"
		return check.Judge([]check.Finding{{Place: onHealth(img), Related: []check.Place{p}, Message: fmt.Sprintf("the probe runs %s, which cannot start: %s", f.Path, lacks[0])}})
	}
	return check.Judge(nil)
}
