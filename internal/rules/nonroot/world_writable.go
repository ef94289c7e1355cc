package nonroot

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/effects"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/recipe"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/text"
)

var worldWritable = &check.Check{
	Name:     "world-writable",
	Claim:    "no path of the application is world-writable",
	Why:      "any process in the container can change what the container runs next",
	Mend:     "make the program's user the owner of the folders that it must write to: install -d -o 10001 -g 10001 /var/lib/app",
	Quiet:    "For /tmp, /var/tmp, /run and modes with the sticky bit (1777).",
	Severity: check.Warning,
	Since:    "0.1.0",
	Image:    builtWorldWritable,
	Source: func(b *source.Build) check.Verdict {
		if !b.Linux() {
			return check.None()
		}
		var found []check.Finding
		for step := range b.Steps() {
			if c := step.Copy; c != nil && worldMode(c.Chmod.Value) {
				flag, _ := step.Flag("chmod")
				f := check.Finding{
					Place:   check.Place{File: b.Text(), Span: flag.Span},
					Message: fmt.Sprintf("--chmod=%s makes %s world-writable", c.Chmod.Value, c.Dest.Value),
					Help:    closedMode(c.Chmod.Value),
					Stage:   step.Stage,
				}
				if raw := b.Text().Text(flag.Span); strings.HasSuffix(raw, c.Chmod.Value) {
					a := recipe.Close(b, text.Span{Start: flag.Span.End - len(c.Chmod.Value), End: flag.Span.End})
					f.Fixes, f.Unfixed = a.Fixes, a.Unfixed
				}
				found = append(found, f)
			}
			run := step.Run()
			if run == nil {
				continue
			}
			first := len(found)
			for _, fx := range run.Effects.Files {
				if fx.Kind != effects.Chmod && fx.Kind != effects.Mkdir || !worldMode(fx.Mode) {
					continue
				}
				for _, p := range fx.Paths {
					if knowledge.SharedFolders.Covers(p.Text) {
						continue
					}
					f := check.Finding{
						Place:   check.Place{File: b.Text(), Span: fx.Command.Span},
						Message: fmt.Sprintf("mode %s makes %s world-writable", fx.Mode, p.Text),
						Stage:   step.Stage,
						Group:   fmt.Sprint("of one RUN: ", step.Span.Start),
					}
					if at := recipe.ModeOf(fx.Command, fx.Mode); !at.IsZero() {
						f = recipe.OwnFolders(b, fx.Command, at).To(f)
					}
					found = append(found, f)
					break
				}
			}
			recipe.Together(found[first:])
		}
		return check.Judge(found)
	},
}

// closedMode is what to write in place of a mode of COPY: who runs the program reads and
// runs it, and writes where the files are his own.
func closedMode(mode string) string {
	with := "644"
	if n, err := strconv.ParseUint(mode, 8, 32); err != nil || n&0o111 != 0 {
		with = "755"
	}
	return fmt.Sprintf("write --chmod=%s; where the program must write to it, add --chown with its user", with)
}

// worldMode tells whether a mode gives write permission to others without the
// sticky bit.
func worldMode(mode string) bool {
	if n, err := strconv.ParseUint(mode, 8, 32); err == nil && mode != "" {
		return n&0o002 != 0 && n&0o1000 == 0
	}
	for _, part := range strings.Split(mode, ",") {
		for _, op := range []string{"+", "="} {
			who, what, ok := strings.Cut(part, op)
			// A bare +w obeys the umask, which keeps others out.
			if ok && strings.Contains(what, "w") && strings.ContainsAny(who, "oa") {
				return true
			}
		}
	}
	return false
}
