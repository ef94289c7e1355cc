package nonroot

import (
	"fmt"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/effects"
	"github.com/dockworthy/dockworthy/internal/recipe"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
)

// withoutBit is what to do where a program has the setuid bit.
const withoutBit = "leave the bit out; a program that needs one right of root gets that alone: setcap cap_net_raw+ep for ping"

// sudoCause is that of all that a way back to root brings.
const sudoCause check.Cause = "sudo"

var sudo = &check.Check{
	Name:     "sudo",
	Claim:    "nothing in the image lets its user become root",
	Why:      "with sudo without a password, or a program with the setuid bit, the non-root user can become root",
	Mend:     "do what needs root at build time, before USER, and remove sudo",
	Quiet:    "Where sudo is only used during the build and removed in the same RUN, or the config names it under runtime-tools.",
	Unfixed:  "what needs root, and whether it can be done in the build, is for you to say",
	Severity: check.Error,
	Since:    "0.1.0",
	Aliases:  []string{"trivy DS-0010", "hadolint DL3004"},
	Source: func(b *source.Build) check.Verdict {
		if !b.Linux() {
			return check.None()
		}
		if b.RuntimeTool("sudo") {
			return check.Judge(nil)
		}
		var found []check.Finding
		var mend *recipe.Advice // of all of them, asked for once
		for step := range b.Steps() {
			if c := step.Copy; c != nil {
				found = append(found, copied(b, step, c)...)
			}
			run := step.Run()
			if run == nil {
				continue
			}
			add := func(f check.Finding) {
				if mend == nil {
					a := recipe.Unsudo(b)
					mend = &a
				}
				f.Fixes, f.Unfixed = mend.Fixes, mend.Unfixed
				f.Place.File, f.Stage, f.Cause = b.Text(), step.Stage, sudoCause
				found = append(found, f)
			}
			for _, in := range run.Effects.Kept() {
				if !in.System || in.When == shell.Never {
					continue
				}
				for _, p := range in.Packages {
					if p.Name == "sudo" || p.Name == "doas" {
						add(check.Finding{Place: check.Place{Span: p.Span}, Message: p.Name + " is installed and stays in the image"})
					}
				}
			}
			for _, c := range run.Commands() {
				if c.When == shell.Never {
					continue
				}
				for _, w := range c.Words {
					if strings.Contains(w.Text, "NOPASSWD") {
						add(check.Finding{Place: check.Place{Span: w.Span}, Message: "sudo is allowed without a password"})
					}
				}
				for _, r := range c.Redirects {
					if strings.Contains(r.Body.Text, "NOPASSWD") {
						add(check.Finding{Place: check.Place{Span: c.Span}, Message: "sudo is allowed without a password"})
					}
				}
			}
			for _, fx := range run.Effects.Files {
				if fx.Kind == effects.Chmod && setuid(fx.Mode) {
					path := ""
					if len(fx.Paths) > 0 {
						path = fx.Paths[0].Text
					}
					f := check.Finding{Place: check.Place{File: b.Text(), Span: fx.Command.Span}, Stage: step.Stage, Message: fmt.Sprintf("chmod %s sets the setuid bit on %s", fx.Mode, path), Help: withoutBit}
					found = append(found, f)
				}
			}
		}
		return check.Judge(found)
	},
}

// copied judges a COPY: its --chmod, and the rules of sudo that it brings.
func copied(b *source.Build, step *source.Step, c *source.Copy) []check.Finding {
	if f, ok := step.Flag("chmod"); ok && c.Chmod.Known && setuid(strings.TrimPrefix(c.Chmod.Value, "0")) {
		return []check.Finding{{
			Place:   check.Place{File: b.Text(), Span: f.Span},
			Stage:   step.Stage,
			Message: fmt.Sprintf("%s --chmod=%s sets the setuid bit", step.Keyword, c.Chmod.Value),
			Help:    withoutBit,
		}}
	}
	if !strings.HasPrefix(c.Target, "/etc/sudoers") {
		return nil
	}
	var texts []string
	for _, h := range c.Heredocs {
		texts = append(texts, step.File().Text(h.Body))
	}
	for _, src := range c.Sources {
		if c.FromContext() && b.Context != nil {
			data, _ := b.Context.Read(source.Clean(src.Value))
			texts = append(texts, string(data))
		}
	}
	for _, t := range texts {
		if strings.Contains(t, "NOPASSWD") {
			return []check.Finding{{
				Place:   check.Place{File: b.Text(), Span: step.Rest().Span},
				Stage:   step.Stage,
				Cause:   sudoCause,
				Message: "sudo is allowed without a password",
			}}
		}
	}
	return nil
}

// setuid tells whether a mode adds the set-user-ID or set-group-ID bit on an
// executable: 4755, 6755, u+s. A directory's 2775 is left alone.
func setuid(mode string) bool {
	if len(mode) == 4 && (mode[0] == '4' || mode[0] == '6') {
		return strings.Trim(mode, "01234567") == ""
	}
	for _, part := range strings.Split(mode, ",") {
		who, what, ok := strings.Cut(part, "+")
		if ok && strings.Contains(what, "s") && (who == "" || strings.ContainsAny(who, "ua")) {
			return true
		}
	}
	return false
}
