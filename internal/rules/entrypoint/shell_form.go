package entrypoint

import (
	"fmt"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/recipe"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/base"
)

var shellForm = &check.Check{
	Name:     "shell-form",
	Claim:    "ENTRYPOINT and CMD are in exec form, so that the program is PID 1",
	Why:      "in shell form PID 1 is /bin/sh -c, which does not pass signals on: every stop takes ten seconds and then kills the program",
	Mend:     `write a JSON array: CMD ["program", "argument"]`,
	Quiet:    "For a command without effect, such as that of a parent stage which the target overrides, below an init that signals the whole group (dumb-init, tini -g), and for HEALTHCHECK and RUN.",
	Severity: check.Error,
	Since:    "0.1.0",
	Aliases:  []string{"hadolint DL3025", "sonar docker:S7019", "BuildKit JSONArgsRecommended"},
	Image:    builtShellForm,
	Source: func(b *source.Build) check.Verdict {
		if !b.Runnable() {
			return check.None()
		}
		var found []check.Finding
		for _, step := range effective(b) {
			if toAll(b.Start()) {
				continue // the init in front signals the whole group, also past the shell
			}
			if step.JSON || looksLikeArray(step.Rest().Text) || step.Rest().Text == "" {
				continue
			}
			f := check.Finding{
				Place:   place(b, step),
				Message: fmt.Sprintf("%s is in shell form: PID 1 is a shell, and the program does not receive SIGTERM", step.Keyword),
			}
			script, opaque := step.Script(nil)
			switch {
			case opaque != "" || script == nil || script.Err != nil:
			case handsOver(b, step):
				f.Severity = check.Note
				f.Message = fmt.Sprintf("%s is in shell form; exec makes the program PID 1, but the image needs a shell", step.Keyword)
			case lone(script):
				if name, ok := replacing(b, step); ok {
					f.Severity = check.Warning
					f.Message = fmt.Sprintf("%s is in shell form; %s replaces itself with a single command, so the program receives signals only while the shell is %s and there is one command", step.Keyword, name, name)
				} else if unknownShell(b, step) {
					f.Severity = check.Warning
					f.Message = fmt.Sprintf("%s is in shell form: unless the shell of %s replaces itself with a single command, as bash and ash do, PID 1 is a shell and the program does not receive SIGTERM", step.Keyword, b.Base().String())
				}
			}
			if img := b.Base(); img.Known != nil && img.Known.HasShell() == base.No && step.Before.Shell == nil {
				f.Severity = check.Error
				f.Message = fmt.Sprintf("%s is in shell form, but %s has no shell: the container does not start", step.Keyword, img.String())
			}
			if script != nil && script.Err == nil && lone(script) {
				if why, ok := swallows(script.Commands[0]); ok {
					// An array of the same words would be no better.
					f.Help = fmt.Sprintf("write the program that %s starts as an array, such as `%s [\"node\", \"server.js\"]`: %s itself %s", words(script.Commands[0]), step.Keyword, script.Commands[0].Program(), why)
					a := recipe.Direct(b, step, script.Commands[0])
					f.Fixes, f.Unfixed = a.Fixes, a.Unfixed
					found = append(found, f)
					continue
				}
			}
			f = recipe.ExecForm(b, step).To(f)
			if len(f.Fixes) == 0 && script != nil && script.Err == nil {
				line := step.Rest().Text
				inner := shell.Parse(shell.Input{Src: []byte(line)})
				if last, _, ok := foreground(inner); ok {
					if a := recipe.Hand(b, step, line, inner, last); a.Fixes != nil || a.Unfixed != "" {
						f.Fixes, f.Unfixed = a.Fixes, a.Unfixed
					}
				}
			}
			found = append(found, f)
		}
		return check.Judge(found)
	},
}

// handsOver tells whether every path of a shell form ends in exec.
func handsOver(_ *source.Build, step *source.Step) bool {
	script, _ := step.Script(nil)
	list, all, ok := foreground(script)
	if !ok || len(list) > 0 || all {
		return false
	}
	return true
}
