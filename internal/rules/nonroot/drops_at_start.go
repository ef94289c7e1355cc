package nonroot

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
)

var dropsAtStart = &check.Check{
	Name:     "drops-at-start",
	Claim:    "the container does not start as root",
	Why:      "the container is root until the entrypoint switches to another user: a cluster that forbids root does not start it",
	Mend:     "do at build time what the entrypoint does as root, and set USER; otherwise run prove, which shows whether the container switches to another user",
	Quiet:    "Where the image starts as a non-root user.",
	Unfixed:  "what the script does as root has to move into the build or to the platform",
	Severity: check.Note,
	Since:    "0.1.0",
	Source: func(b *source.Build) check.Verdict {
		if !b.Runnable() {
			return check.None()
		}
		if u := b.User(); !u.Root() {
			return check.Judge(nil)
		}
		d, ok := drop(b)
		if !ok {
			return check.Judge(nil)
		}
		return check.Judge([]check.Finding{{
			Place:   d.place,
			Message: "the container starts as root and switches to another user with " + d.how,
			Cause:   rootCause,
			Missing: true,
		}})
	},
}

// A dropped is where and how a start hands over to another user.
type dropped struct {
	place check.Place
	how   string
}

// drop finds the hand-over in the start's argv, in its script, or in the entry
// script of the base image.
func drop(b *source.Build) (dropped, bool) {
	st := b.Start()
	if st.Script != nil {
		for _, c := range st.Script.Commands {
			if name, ok := drops(c); ok {
				place := check.Place{File: b.Text(), Span: c.Span}
				return dropped{place, name}, true
			}
		}
	}
	if f := st.File; f != nil {
		if f.Script != nil {
			for _, c := range stays(f.Script) {
				if name, ok := drops(c); ok && c.When != shell.Never {
					return dropped{check.Place{File: f.Origin.File, Span: c.Span}, name}, true
				}
			}
			for _, c := range shell.FromWords(shell.Input{}, f.Args).Commands {
				if name, ok := drops(c); ok && st.Step != nil {
					return dropped{check.Place{File: b.Text(), Span: st.Step.Rest().Span}, name}, true
				}
			}
		} else if data, ok := f.Origin.Data(); ok {
			if how := dropsIn(data); how != "" {
				return dropped{check.Place{File: f.Origin.File}, how + " in " + f.Path}, true
			}
		}
	}
	if img := b.Base(); st.Entrypoint.Step == nil && img != nil && img.Known != nil && img.Known.DropsTo != "" && startsAsRoot(b) {
		from := b.Chain()[0].From
		return dropped{check.Place{File: b.Text(), Span: imageSpan(from)}, fmt.Sprintf("the entrypoint script of %s, which runs the service as %s", img.String(), img.Known.DropsTo)}, true
	}
	return dropped{}, false
}

// inQuotes is a program's name or path as a text of its own, as in an argv.
var inQuotes = regexp.MustCompile(`["'](?:/[\w./-]*/)?([a-z][a-z0-9-]{2,20})["']`)

// dropsIn is how a start script in another language than the shell's changes its user,
// by a call or by a program that it hands over to; "" = nothing of it says so.
func dropsIn(data string) string {
	for _, call := range knowledge.DropCalls.Names() {
		if strings.Contains(data, call+"(") {
			return call
		}
	}
	for _, m := range inQuotes.FindAllStringSubmatch(data, -1) {
		if knowledge.UserSwitchers.Has(m[1]) {
			return m[1]
		}
	}
	return ""
}

// stays are the commands of a script that may be what runs in the container: those that
// it ends in, where these are known; a command that drops before them is a helper that
// ends. One that only waits looks after what was started before.
func stays(s *shell.Script) []*shell.Command {
	ends, ok := s.Endings()
	var list []*shell.Command
	for _, e := range ends {
		if e.Exit {
			continue
		}
		if !ok || e.Command == nil || e.Wait || knowledge.Brief.Has(e.Command.Program()) || idle(e.Command) {
			return s.Commands
		}
		list = append(list, e.Command)
	}
	if len(list) == 0 {
		return s.Commands
	}
	return list
}

// idle tells whether a command does nothing but keep a container alive.
func idle(c *shell.Command) bool {
	program := c.Program()
	return program == "tail" || program == "sleep" || program == "wait"
}

// startsAsRoot tells whether an image starts as its base does: nothing names a user, or
// root is named, as which such bases start.
func startsAsRoot(b *source.Build) bool {
	step := b.Target.Final.User
	if step == nil {
		return true
	}
	name, _, _ := strings.Cut(step.Value.Value, ":")
	return name == "root" || name == "0"
}

// drops tells whether a command hands over to another user than root.
func drops(c *shell.Command) (string, bool) {
	program := c.Program()
	if !knowledge.Droppers.Has(program) {
		return "", false
	}
	args := c.Args()
	switch program {
	case "chroot":
		for _, a := range args {
			if strings.HasPrefix(a.Text, "--userspec") {
				return "chroot --userspec", true
			}
		}
		return "", false
	case "capsh":
		for _, a := range args {
			if name, ok := strings.CutPrefix(a.Text, "--user="); ok {
				return program, name != "root" && name != "0"
			}
		}
		return "", false
	case "setpriv":
		for _, a := range args {
			if strings.HasPrefix(a.Text, "--reuid") || strings.HasPrefix(a.Text, "--ruid") {
				return program, !strings.HasSuffix(a.Text, "=0") && !strings.HasSuffix(a.Text, "=root")
			}
		}
		return "", false
	case "sudo", "su", "runuser":
		// `su -c cmd` without a user stays root.
		for i, a := range args {
			switch {
			case (a.Text == "-u" || a.Text == "--user") && i+1 < len(args):
				return program, notRoot(args[i+1].Text)
			case program != "sudo" && !strings.HasPrefix(a.Text, "-") && (i == 0 || args[i-1].Text != "-c" && args[i-1].Text != "-s"):
				return program, notRoot(a.Text)
			}
		}
		return "", false
	}
	for _, a := range args {
		if !strings.HasPrefix(a.Text, "-") {
			return program, notRoot(a.Text)
		}
	}
	return "", false
}

func notRoot(user string) bool {
	name, _, _ := strings.Cut(user, ":")
	return name != "root" && name != "0" && name != ""
}
