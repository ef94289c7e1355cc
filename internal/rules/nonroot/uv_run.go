package nonroot

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/effects"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/base"
)

// uvRun is what `uv run` writes before it starts the program: its cache below the
// user's home, and into the virtual environment what that lacks. Where both are
// there, it writes nothing.
func uvRun(b *source.Build, u source.User, cs []*shell.Command) (write, bool) {
	for _, c := range cs {
		args := words(c)
		if c.Program() != "uv" || len(args) == 0 || args[0] != "run" {
			continue
		}
		var flags []string
		for _, a := range args[1:] {
			if !strings.HasPrefix(a, "-") {
				break
			}
			flags = append(flags, a)
		}
		if _, ok := b.RuntimeEnv("UV_NO_SYNC"); ok || has(flags, "--no-sync", "--no-project", "--isolated", "--project", "--directory", "--active", "--script") {
			continue
		}
		w := write{place: check.Place{File: b.Text(), Span: b.Start().Step.Rest().Span}}
		if home, ok := homeless(b, u); ok && !has(flags, "--no-cache", "-n", "--cache-dir") {
			w.dir = path.Join(home, ".cache/uv")
			w.what = fmt.Sprintf("uv run creates its cache in %s", w.dir)
			w.help = "start the program of the environment itself, CMD [\"/app/.venv/bin/python\", …], or set UV_NO_SYNC=1 and UV_CACHE_DIR to a folder that the user owns"
			return w, true
		}
		dir := c.Dir
		if dir == "" {
			dir = b.Target.Final.Workdir.Value
		}
		if lacks := lacking(b, dir, flags); lacks != "" && given(b, u, path.Join(dir, ".venv")) == base.No {
			w.dir = path.Join(dir, ".venv")
			w.what = fmt.Sprintf("uv run installs %s into %s", lacks, w.dir)
			w.help = "start the program of the environment itself, CMD [\"" + w.dir + "/bin/python\", …], or set UV_NO_SYNC=1"
			return w, true
		}
	}
	return write{}, false
}

func has(flags []string, names ...string) bool {
	return slices.ContainsFunc(flags, func(f string) bool {
		name, _, _ := strings.Cut(f, "=")
		return slices.Contains(names, name)
	})
}

// homeless is the home of a user who certainly has none that he may write to: his
// entry in /etc/passwd is missing, so that it is /, or nobody makes the folder.
func homeless(b *source.Build, u source.User) (home string, ok bool) {
	for _, name := range []string{"HOME", "UV_CACHE_DIR", "UV_NO_CACHE", "XDG_CACHE_HOME"} {
		if _, set := b.RuntimeEnv(name); set {
			return "", false
		}
	}
	made := u.Made
	if made == nil && u.UID != "" {
		made = b.Maker(u.UID)
	}
	if made != nil {
		home = made.Home
		if home == "" {
			home = "/home/" + made.Name
		}
		return home, made.NoCreateHome && made.Tool != "passwd-line" && strings.HasPrefix(home, "/") && !mayCome(b, home, home)
	}
	img := b.Base()
	if !numeric(u.Name) || img.Known == nil || img.Local != nil {
		return "", false
	}
	open := false
	walk(b, func(step *source.Step, a *accounts) {
		if step == u.Step {
			open = a.open || a.edited
		}
	})
	name, known := img.Known.Accounts(img.Ref).UserOf(u.UID)
	return "/", known && name == "" && !open && !mayCome(b, "/.cache", "/.cache")
}

// lacking is what an environment of the chain certainly lacks of what `uv run` with
// these flags wants in it; "" = nothing, or it is not known.
func lacking(b *source.Build, dir string, flags []string) string {
	o := b.FileAt(path.Join("/", dir, "pyproject.toml"))
	if o == nil || has(flags, "--group", "--extra", "--all-extras", "--only-group", "--all-groups") {
		return ""
	}
	data, _ := o.Data()
	py := o.PyProject()
	if py == nil {
		return ""
	}
	syncs, project, dev := 0, false, false
	for step := range b.Steps() {
		if c := step.Copy; c != nil && path.Base(path.Clean(c.Target)) == ".venv" {
			return ""
		}
		run := step.Run()
		if run == nil {
			continue
		}
		for _, in := range run.Effects.Installs {
			if in.Manager != "uv" {
				continue
			}
			if in.Verb != "sync" || in.When != shell.Always || in.Command.Dir != dir {
				return ""
			}
			syncs++
			project = project || !in.NoProject
			dev = dev || !in.OmitDev
		}
	}
	switch {
	case syncs == 0:
		return ""
	case !project && py.BuildBackend != "" && !strings.Contains(data, "package = false"):
		return "the project"
	case !dev && len(py.Groups["dev"]) > 0 && !has(flags, "--no-dev", "--no-default-groups", "--no-group") && !strings.Contains(data, "default-groups"):
		if _, set := b.RuntimeEnv("UV_NO_DEV"); !set {
			return "the development dependencies"
		}
	}
	return ""
}

// given tells whether a step gives a folder or what is around it to the user, opens
// it, or may do so: Unknown where a COPY gives the user what comes into the folder,
// which was there before. Builders differ in whether its owner stays.
func given(b *source.Build, u source.User, dir string) base.Answer {
	there := false // it was made before
	answer := base.No
	for step := range b.Steps() {
		if c := step.Copy; c != nil {
			switch t := path.Clean("/" + c.Target); {
			case !toOther(c):
			case strings.HasPrefix(dir, strings.TrimSuffix(t, "/")+"/"), dir == t && (!there || c.Link):
				return base.Yes
			case dir == t:
				answer = base.Unknown
			}
		} else if gives(step, u, dir) {
			return base.Yes
		}
		there = there || makesFolder(step, dir)
	}
	return answer
}

// toOther tells whether a COPY gives what it brings to somebody else than root.
func toOther(c *source.Copy) bool {
	owner, _, _ := strings.Cut(c.Chown.Value, ":")
	return owner != "" && owner != "root" && owner != "0"
}

// makesFolder tells whether a step certainly makes a folder, or has made it.
func makesFolder(step *source.Step, dir string) bool {
	if step.Keyword == "WORKDIR" {
		return strings.HasPrefix(path.Join("/", step.Before.Workdir.Value, step.Value.Value)+"/", dir+"/") && !path.IsAbs(step.Value.Value) ||
			path.IsAbs(step.Value.Value) && strings.HasPrefix(path.Clean(step.Value.Value)+"/", dir+"/")
	}
	if c := step.Copy; c != nil {
		return strings.HasPrefix(path.Clean("/"+c.Target)+"/", dir+"/")
	}
	run := step.Run()
	return run != nil && slices.ContainsFunc(run.Effects.Files, func(fx effects.File) bool {
		return fx.Kind == effects.Mkdir && fx.When == shell.Always && slices.ContainsFunc(fx.Paths, func(p shell.Word) bool { return path.Clean(p.Text) == dir })
	})
}

// gives tells whether a RUN gives a folder to the user, opens it, or may do so.
func gives(step *source.Step, u source.User, dir string) bool {
	run := step.Run()
	if run == nil {
		return false
	}
	if run.Opaque != "" || run.Script == nil || run.Script.Err != nil {
		return true
	}
	for _, c := range run.Commands() {
		if mayMakeUsers(c) {
			return true // what a script does to files is not seen either
		}
	}
	for _, fx := range run.Effects.Files {
		if fx.Kind != effects.Chown && fx.Kind != effects.Chmod && !(fx.Kind == effects.Mkdir && (fx.Owner != "" || fx.Mode != "")) {
			continue
		}
		for _, p := range fx.Paths {
			q := path.Clean(p.Text)
			if !p.Known || q == dir || strings.HasPrefix(dir, q+"/") || q == "/" || strings.Contains(q, "*") {
				return true
			}
		}
	}
	for _, made := range run.Effects.Users {
		home := made.Home
		if home == "" {
			home = "/home/" + made.Name
		}
		if made.Name == u.Name && (dir == home || strings.HasPrefix(dir, home+"/")) {
			return true
		}
	}
	return false
}
