// Package uv tells which Python uv takes for a virtual environment, and where that
// lies: one answer for the user who cannot enter root's home and for the stage in
// which it stays behind.
package uv

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/python"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/base"
)

// A Python is the interpreter of a virtual environment that uv downloads for it. It
// lies in uv's own folder, so that the environment's bin/python is a link to there.
// The zero Python is none, or not known.
type Python struct {
	Version string // as it is asked for: a version or a specifier; "" = the newest
	Home    string // the folder
	Why     string // why the image's own Python is not taken; "" where Open is not
	Open    string // what is not known and would decide; "" = nothing
}

// Downloads is the Python that a uv command, which makes or fills an environment,
// certainly downloads for it.
func Downloads(b *source.Build, step *source.Step, c *shell.Command) Python {
	img := step.Stage.Origin()
	if img == nil || img.Scratch || img.Context != "" || !asRoot(step) {
		return Python{}
	}
	m := Python{Home: Home(step, c)}
	if m.Home == "" || keepsSystem(b, step, c) {
		return Python{}
	}
	asked, by, ok := askedPython(b, step, c)
	if !ok {
		return Python{}
	}
	m.Version = asked
	switch have := pythonVersion(img); {
	case installsPython(step, c):
		m.Why = "uv python install puts one there"
	case img.Known == nil:
		m.Open = fmt.Sprintf("whether %s has a Python that uv takes for its virtual environments is not known", img.String())
	case img.Known.HasTool("python3") == base.No && !mayHavePython(step):
		m.Why = img.String() + " has no Python"
	case asked == "" || have == "" || mayHavePython(step) || img.Ref.Familiar != "python" && img.Ref.Familiar != "ghcr.io/astral-sh/uv":
		return Python{}
	case !python.Fits(have, asked):
		m.Why = fmt.Sprintf("%s asks for Python %s, and %s has %s", by, asked, img.String(), have)
	default:
		return Python{}
	}
	return m
}

// asRoot tells whether a RUN is certainly that of root, as far as the Dockerfile
// says: the image's own user counts as root.
func asRoot(step *source.Step) bool {
	u := step.Before.User
	if u == nil {
		return true
	}
	name, _, _ := strings.Cut(u.Value.Value, ":")
	return name == "0" || name == "root"
}

// Home is the folder in which uv keeps the Pythons of a command; "" where it is not
// known. Source: docs.astral.sh/uv: reference, storage.
func Home(step *source.Step, c *shell.Command) string {
	if containsAny(step.File().Text(step.Span), []string{"UV_PYTHON_INSTALL_DIR", "XDG_DATA_HOME"}) ||
		slices.ContainsFunc(c.Args(), func(w shell.Word) bool {
			return !w.Known || w.Text == "-i" || strings.HasPrefix(w.Text, "--install-dir")
		}) {
		return ""
	}
	for _, v := range []struct{ name, below string }{{"UV_PYTHON_INSTALL_DIR", ""}, {"XDG_DATA_HOME", "uv/python"}, {"HOME", ".local/share/uv/python"}} {
		if e, ok := step.Env.Lookup(v.name); ok && e.Value != "" {
			if !e.Known || !path.IsAbs(e.Value) {
				return ""
			}
			return path.Join(e.Value, v.below)
		}
	}
	return "/root/.local/share/uv/python"
}

// keepsSystem tells whether something may keep uv from downloading a Python, or
// have it take another one.
func keepsSystem(b *source.Build, step *source.Step, c *shell.Command) bool {
	for _, name := range []string{"UV_PYTHON_PREFERENCE", "UV_PYTHON_DOWNLOADS", "UV_NO_MANAGED_PYTHON", "UV_MANAGED_PYTHON", "UV_SYSTEM_PYTHON", "UV_CONFIG_FILE", "UV_NO_CONFIG", "UV_OFFLINE"} {
		if step.Env.Has(name) {
			return true
		}
	}
	text := step.File().Text(step.Span)
	if containsAny(text, []string{"UV_PYTHON_", "_MANAGED_PYTHON"}) {
		return true
	}
	for _, w := range c.Args() {
		if !w.Known || strings.HasPrefix(w.Text, "--python-") || strings.HasSuffix(w.Text, "managed-python") || w.Text == "--system" || w.Text == "--offline" || w.Text == "--project" || w.Text == "--directory" {
			return true
		}
	}
	for _, name := range []string{"uv.toml", "pyproject.toml"} {
		if o := b.SeesBefore(step, path.Join(c.Dir, name)); o != nil {
			if data, _ := o.Data(); containsAny(data, []string{"python-preference", "python-downloads", "no-python-downloads"}) {
				return true
			}
		}
	}
	return false
}

// mayHavePython tells whether a stage may have got another Python than its
// image's before a step.
func mayHavePython(at *source.Step) bool {
	for s := range at.Stage.Upwards() {
		for _, step := range s.Steps {
			if step.Stage == at.Stage && step.Index >= at.Index {
				break
			}
			if bringsPython(step) {
				return true
			}
		}
	}
	return bringsPython(at)
}

func containsAny(s string, parts []string) bool {
	return slices.ContainsFunc(parts, func(p string) bool { return strings.Contains(s, p) })
}

// installsPython tells whether `uv python install` has put a Python into uv's
// folder before a command.
func installsPython(at *source.Step, before *shell.Command) bool {
	for s := range at.Stage.Upwards() {
		for _, step := range s.Steps {
			if step.Stage == at.Stage && step.Index > at.Index {
				break
			}
			for _, c := range step.Run().Commands() {
				args := c.Args()
				if c.Program() != "uv" || len(args) < 2 || args[0].Text != "python" || args[1].Text != "install" || step == at && c.Index >= before.Index {
					continue
				}
				if c.When == shell.Always && !slices.ContainsFunc(args, func(w shell.Word) bool { return !w.Known || strings.HasPrefix(w.Text, "-") }) && len(args) <= 3 {
					return true
				}
			}
		}
	}
	return false
}

func bringsPython(step *source.Step) bool {
	if c := step.Copy; c != nil && !c.FromContext() {
		return slices.ContainsFunc(c.Sources, func(src source.Text) bool {
			base := path.Base(src.Value)
			return base != "uv" && base != "uvx"
		})
	}
	run := step.Run()
	if run == nil {
		return false
	}
	if run.Script == nil || run.Script.Err != nil || run.Script.Truncated {
		return true
	}
	for _, c := range run.Commands() {
		program, args := c.Underlying()
		switch {
		case program == "uv":
			if len(args) > 0 && args[0].Text == "self" {
				return true
			}
		case program == "" || knowledge.Quiet.Has(program) || knowledge.Speakers.Has(program) || knowledge.SystemManagers.Has(program) || program == "pip" || program == "git":
		case knowledge.Shells.Has(program) && c.PipeFrom != nil && mentionsUV(c.PipeFrom):
		default:
			return true
		}
	}
	for _, in := range run.Effects.Installs {
		if !in.System {
			continue
		}
		if in.Verb != "install" && in.Verb != "add" || len(in.Manifests) > 0 {
			return true
		}
		for _, p := range in.Packages {
			if !p.Known || p.Path || !knowledge.PythonlessPackages.Has(p.Name) {
				return true
			}
		}
	}
	return false
}

// mentionsUV tells whether a download is that of uv's installer.
func mentionsUV(c *shell.Command) bool {
	return slices.ContainsFunc(c.Args(), func(w shell.Word) bool { return strings.Contains(w.Text, "astral.sh/uv") })
}

var pinnedPython = regexp.MustCompile(`^(?:cpython-?|python)?@?(\d+\.\d+(?:\.\d+)?)$`)

// askedPython is the version of Python that a uv command asks for, and by what:
// "" where anything does. ok is false where that is not known.
func askedPython(b *source.Build, step *source.Step, c *shell.Command) (version, by string, ok bool) {
	args := c.Args()
	for i, w := range args {
		name, value, joined := strings.Cut(w.Text, "=")
		if name != "--python" && name != "-p" {
			continue
		}
		if !joined && i+1 < len(args) {
			value = args[i+1].Text
		}
		m := pinnedPython.FindStringSubmatch(value)
		if m == nil {
			return "", "", false
		}
		return m[1], name + " " + value, true
	}
	if v, set := c.Setting("UV_PYTHON"); set || step.Env.Has("UV_PYTHON") {
		m := pinnedPython.FindStringSubmatch(v)
		if m == nil {
			return "", "", false
		}
		return m[1], "UV_PYTHON", true
	}
	for dir := c.Dir; strings.HasPrefix(dir, "/"); dir = path.Dir(dir) {
		if o := b.SeesBefore(step, path.Join(dir, ".python-version")); o != nil {
			data, read := o.Data()
			m := pinnedPython.FindStringSubmatch(strings.TrimSpace(data))
			if !read || m == nil {
				return "", "", false
			}
			return m[1], ".python-version", true
		}
		if dir == "/" {
			break
		}
	}
	if o := b.SeesBefore(step, path.Join(c.Dir, "pyproject.toml")); o != nil {
		if py := o.PyProject(); py != nil && py.RequiresPython != "" {
			return py.RequiresPython, "requires-python", true
		}
	}
	return "", "", true
}

// pythonTag matches the version at the beginning of a tag of Python's image.
var pythonTag = regexp.MustCompile(`^(?:python)?(3\.\d+(?:\.\d+)?)(?:[.-]|$)`)

// pythonVersion is the version of Python that an image has, as far as its tag
// says.
func pythonVersion(img *source.Image) string {
	if Minor(img) == "" {
		return ""
	}
	if m := pythonTag.FindStringSubmatch(img.Ref.Tag); m != nil {
		return m[1]
	}
	return Minor(img)
}

// Minor is the minor version of Python in an image, by its tag, or by
// its Debian release; "" where it does not say, or has none of its own.
func Minor(img *source.Image) string {
	if img == nil || !img.Valid || img.Known == nil {
		return ""
	}
	if img.Known.HasTool("python3") == base.No {
		return ""
	}
	switch img.Ref.Familiar {
	case "python", "ghcr.io/astral-sh/uv":
		if m := versionHead.FindStringSubmatch(img.Ref.Tag); m != nil {
			return m[1]
		}
	case "gcr.io/distroless/python3-debian11":
		return "3.9"
	case "gcr.io/distroless/python3-debian12":
		return "3.11"
	case "gcr.io/distroless/python3-debian13":
		return "3.13"
	}
	return ""
}

// versionHead matches major.minor at the beginning of a tag, or after the word
// python: 3.12.8-slim, python3.12-bookworm-slim.
var versionHead = regexp.MustCompile(`^(?:python)?(3\.\d+)(?:[.-]|$)`)
