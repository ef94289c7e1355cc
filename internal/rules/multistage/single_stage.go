package multistage

import (
	"fmt"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/packages"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/base"
)

var singleStage = &check.Check{
	Name:     "single-stage",
	Claim:    "a build that compiles or needs development dependencies has a separate build stage",
	Why:      "with one stage, everything that the build needs stays in the image, unless each RUN removes what it installed",
	Mend:     "build in a separate stage (FROM … AS builder) and copy its output into the final stage",
	Quiet:    "Where one stage is enough: pip installs wheels, or npm ci --omit=dev runs on a slim image.",
	Unfixed:  "nothing is known of what this image is built from that would tell what it needs where it runs",
	Severity: check.Note,
	Banking:  check.Warning,
	Since:    "0.1.0",
	Source: func(b *source.Build) check.Verdict {
		if !b.Runnable() {
			return check.None()
		}
		if len(b.Stages) != 1 || b.Toolbox() {
			return check.Judge(nil)
		}
		why, cause := nativeBuildLikely(b)
		if why == "" {
			return check.Judge(nil)
		}
		return check.Judge([]check.Finding{{
			Place:   check.Place{File: b.Text(), Span: b.Target.From.Span},
			Stage:   b.Target,
			Cause:   cause,
			Message: "one stage both builds and runs the program: " + why,
		}})
	},
}

// nativeBuildLikely says why a build in one stage is likely to need tools, and
// the cause that it shares with other checks; "" where it is not.
func nativeBuildLikely(b *source.Build) (why string, cause check.Cause) {
	if img := underlying(b); img.Known.Toolchain() != base.LevelNone && ownTool(img) == "" {
		return fmt.Sprintf("%s is meant for building", img.String()), baseCause
	}
	for step := range b.Steps() {
		run := step.Run()
		if run == nil {
			continue
		}
		for _, c := range run.Commands() {
			// What a RUN compiles with and takes away again needs no stage.
			if what, ok := packages.Compiles(c); ok && len(run.Effects.Removes) == 0 && !(kindOf(firstWord(what)) == nodeBuild && nodeModulesGo(run, c)) {
				return what + " compiles in it", ""
			}
		}
		for _, in := range run.Effects.Kept() {
			for _, p := range in.Packages {
				if classOf(in.Manager, p.Name).Builds() {
					return p.Name + " is installed in it", toolCause(step)
				}
			}
		}
	}
	sd := newDeposits(b).of(b.Target)
	for _, dir := range sd.order {
		if dep := sd.at[dir]; dep != nil && (dep.dev || dep.guess) {
			return dep.what + " adds development dependencies to it", nodeCause
		}
	}
	return "", ""
}
