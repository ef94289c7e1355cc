package secrets

import (
	"path"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/effects"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
)

// A kept is a file into which a command writes and which stays in the layer.
type kept struct {
	file    string
	command *shell.Command // the last of the pipeline
}

// keeps tells into which file, if any, a command brings what its words or its
// input hold, such that it stays in the layer: not on a mount, and not taken
// away by the same RUN.
func keeps(run *source.Run, c *shell.Command) (kept, bool) {
	end, ok := pipelineEnd(c)
	if !ok {
		return kept{}, false
	}
	for i, fx := range run.Effects.Files {
		if fx.Kind != effects.Write || fx.Command != end || fx.Link || len(fx.Paths) == 0 {
			continue
		}
		target := fx.Paths[len(fx.Paths)-1]
		if !target.Known || !lasting(run, target.Text) || removed(run, target.Text, i) {
			continue
		}
		return kept{target.Text, end}, true
	}
	file, ok := remembered(end)
	if !ok || removed(run, file, -1) || forgets(run, end) {
		return kept{}, false
	}
	for _, m := range run.Mounts {
		if strings.HasSuffix(m.Target, "/"+file) || strings.Contains(file, "/") && path.Base(m.Target) == path.Dir(file) {
			return kept{}, false
		}
	}
	return kept{"~/" + file, end}, true
}

// pipelineEnd is the last command of a pipeline of filters, which writes what
// the first one says.
func pipelineEnd(c *shell.Command) (*shell.Command, bool) {
	for range 16 {
		if c.PipeTo == nil {
			return c, true
		}
		if c = c.PipeTo; !knowledge.Filters.Has(c.Program()) {
			return nil, false
		}
	}
	return nil, false
}

// lasting tells whether a path is in the layer: not a device, and not under a
// mount that goes away after the RUN.
func lasting(run *source.Run, p string) bool {
	for _, dir := range []string{"/dev/", "/proc/", "/sys/", "/run/secrets/"} {
		if strings.HasPrefix(p, dir) {
			return false
		}
	}
	if strings.ContainsAny(p, "$`") {
		return false
	}
	for _, m := range run.Mounts {
		if t := path.Clean(m.Target); m.Target != "" && (home(p) == t || strings.HasPrefix(home(p), strings.TrimSuffix(t, "/")+"/")) {
			return false
		}
	}
	return true
}

// home is a path with root's home folder in place of ~.
func home(p string) string {
	if p == "~" || strings.HasPrefix(p, "~/") {
		return "/root" + p[1:]
	}
	return path.Clean(p)
}

// removed tells whether the RUN itself takes a file away after effect number
// at, or at its end by a trap.
func removed(run *source.Run, file string, at int) bool {
	for i, fx := range run.Effects.Files {
		if fx.Kind != effects.Delete && !fx.Move || i <= at && !fx.Command.Inner {
			continue
		}
		gone := fx.Paths
		if fx.Move {
			gone = fx.Sources
		}
		for _, p := range gone {
			if covers(p.Text, file) {
				return true
			}
		}
	}
	return false
}

// covers tells whether taking away p takes file away. A base name alone is
// enough where one of them is relative to an unknown folder.
func covers(p, file string) bool {
	p, file = home(strings.TrimSuffix(p, "/*")), home(file)
	if p == file || strings.HasPrefix(file, strings.TrimSuffix(p, "/")+"/") {
		return true
	}
	if path.Base(p) == path.Base(file) {
		return true
	}
	if strings.ContainsAny(path.Base(p), "*?") {
		ok, err := path.Match(path.Base(p), path.Base(file))
		return err == nil && ok
	}
	// ~/.aws, ~/.docker
	return strings.Contains(file, "/") && path.Base(p) == path.Base(path.Dir(file)) && strings.HasPrefix(path.Base(p), ".")
}

// remembered is the settings file in which a tool keeps its arguments.
func remembered(c *shell.Command) (string, bool) {
	program := c.Program()
	file := knowledge.SettingsFile(program)
	if file == "" {
		return "", false
	}
	var words []string
	for _, w := range c.Args() {
		if !strings.HasPrefix(w.Text, "-") {
			words = append(words, w.Text)
		}
	}
	verb := strings.Join(words[:min(len(words), 2)], " ")
	ok := false
	switch program {
	case "npm", "pnpm", "yarn":
		ok = verb == "config set" || len(words) > 0 && words[0] == "set"
	case "aws":
		ok = verb == "configure set"
	case "git":
		ok = len(words) > 1 && words[0] == "config"
	case "docker", "cargo":
		ok = len(words) > 0 && words[0] == "login"
	case "gh":
		ok = verb == "auth login"
	default:
		ok = len(words) > 0 && words[0] == "config"
	}
	return file, ok
}

// forgets tells whether the RUN makes the tool forget what it was told.
func forgets(run *source.Run, told *shell.Command) bool {
	for _, c := range run.Commands() {
		if c.Program() != told.Program() || c == told {
			continue
		}
		if slices.ContainsFunc(c.Args(), func(w shell.Word) bool { return knowledge.ForgetWords.Has(w.Text) }) {
			return true
		}
	}
	return false
}
