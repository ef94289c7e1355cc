package layercache

import (
	"fmt"
	"path"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/effects"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
)

// removes tells whether a RUN takes a path away again.
func removes(run *source.Run, name string) bool {
	for _, fx := range run.Effects.Files {
		if fx.Kind != effects.Delete || fx.When != shell.Always {
			continue
		}
		for _, p := range fx.Paths {
			if path.Clean(p.Text) == name {
				return true
			}
		}
	}
	return false
}

var chownDuplicates = &check.Check{
	Name:     "chown-duplicates",
	Claim:    "the owner and mode of files are set in the layer that adds them",
	Why:      "a recursive chown or chmod copies every file that it touches into a new layer: the files are in the image twice",
	Mend:     "use COPY --chown and --chmod, or run chown in the RUN that creates the files; better, leave application files owned by root",
	Quiet:    "For folders that the same RUN creates, for folders that were empty before, and without -R.",
	Severity: check.Warning,
	Since:    "0.1.0",
	Image:    builtTwice,
	Source: func(b *source.Build) check.Verdict {
		if !b.Linux() {
			return check.None()
		}
		var found []check.Finding
		filled := map[string]*source.Step{} // folders that earlier layers put something into
		copies := map[string]*source.Step{} // copies from the context by their target
		v := newView(b)
		said := map[string]bool{}
		for step := range b.Steps() {
			run := step.Run()
			if run == nil {
				fill(filled, step)
				if c := step.Copy; c != nil && c.FromContext() && c.Dest.Known {
					copies[path.Clean(c.Target)] = step
				}
				continue
			}
			for _, fx := range run.Effects.Files {
				if fx.Kind != effects.Chown && fx.Kind != effects.Chmod || !fx.Recursive || fx.Partial || fx.When != shell.Always {
					continue
				}
				for _, p := range fx.Paths {
					dir := path.Clean(strings.TrimSuffix(p.Text, "*"))
					earlier := under(filled, dir)
					if earlier == nil {
						earlier = v.copiedInto(copies, dir)
					}
					if !p.Known || !strings.HasPrefix(dir, "/") || earlier == nil || removes(run, dir) {
						continue
					}
					key := fmt.Sprint(fx.Kind, dir)
					if said[key] {
						continue
					}
					said[key] = true
					tool := "chown"
					if fx.Kind == effects.Chmod {
						tool = "chmod"
					}
					found = append(found, check.Finding{
						Place:   check.Place{File: b.Text(), Span: fx.Command.Span},
						Related: []check.Place{{File: b.Text(), Span: earlier.Span, Message: "this layer adds the files"}},
						Stage:   step.Stage,
						Message: fmt.Sprintf("%s -R copies the files that line %d adds to %s into a second layer", tool, earlier.Line(), dir),
					})
					break
				}
			}
			fill(filled, step)
		}
		return check.Judge(found)
	},
}

// fill notes the folders into which a step puts files.
func fill(filled map[string]*source.Step, step *source.Step) {
	put := func(dir string) {
		dir = path.Clean(dir)
		if !strings.HasPrefix(dir, "/") {
			return
		}
		// The folders above hold it as well, which under() asks about.
		for range 32 {
			if _, ok := filled[dir]; ok {
				return
			}
			filled[dir] = step
			if dir == "/" {
				return
			}
			dir = path.Dir(dir)
		}
	}
	if c := step.Copy; c != nil {
		if c.Dest.Known {
			put(c.Target)
		}
		return
	}
	run := step.Run()
	if run == nil {
		return
	}
	for _, in := range run.Effects.Installs {
		if in.When != shell.Always || in.Global || in.System {
			continue
		}
		switch knowledge.EcosystemOf(in.Manager) {
		case "node":
			put(path.Join(in.Command.Dir, "node_modules"))
		case "composer":
			put(path.Join(in.Command.Dir, "vendor"))
		}
	}
	for _, fx := range run.Effects.Files {
		if fx.When != shell.Always || len(fx.Paths) != 1 || !fx.Paths[0].Known {
			continue
		}
		if fx.Kind == effects.Venv || fx.Kind == effects.Unpack {
			put(fx.Paths[0].Text)
		}
	}
	for _, f := range run.Effects.Fetches {
		if f.Tool == "git" && f.When == shell.Always && f.To.Known && f.To.Text != "" {
			put(f.To.Text)
		}
	}
}

// under is the earlier step that put something into dir or below it. The root
// folder is left alone: who changes all of it is beyond advice on layers.
func under(filled map[string]*source.Step, dir string) *source.Step {
	if dir == "/" {
		return nil
	}
	return filled[dir]
}

// copiedInto is the earlier COPY that brings a folder of the context to dir, as
// part of a folder that it copies.
func (v *view) copiedInto(copies map[string]*source.Step, dir string) *source.Step {
	ctx := v.b.Context
	if ctx == nil {
		return nil
	}
	for at := path.Dir(dir); ; at = path.Dir(at) {
		if step := copies[at]; step != nil {
			rel := strings.TrimPrefix(strings.TrimPrefix(dir, at), "/")
			for _, src := range step.Copy.Sources {
				name := source.Clean(path.Join(source.Clean(src.Value), rel))
				if e, err := ctx.Stat(name); err == nil && e.Dir && ctx.Has(name) {
					return step
				}
			}
		}
		if at == "/" || at == "." {
			return nil
		}
	}
}
