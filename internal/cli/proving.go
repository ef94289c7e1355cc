package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/dockworthy/dockworthy"
	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/engine"
	"github.com/dockworthy/dockworthy/internal/proof"
	"github.com/dockworthy/dockworthy/internal/run"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/report"
)

// said is what a run came to, in a line.
func (p *proving) said() string {
	switch {
	case p.failed:
		return "the build fails"
	case p.unseen:
		return "the container did not become ready"
	case p.worst > check.Note:
		return "the worst finding is of severity " + p.worst.String()
	}
	return "no errors and no warnings"
}

// A proving is the proofs of one run, and what they came to.
type proving struct {
	f      *proveFlags
	c      Command
	e      *engine.Engine
	names  report.Names
	bar    *status
	w      report.Writer
	opt    proof.Options
	worst  check.Severity
	failed bool  // a build failed
	unseen bool  // nobody has seen a program alive
	unsent error // why an image could not be sent
	proved bool  // something was
	absent error // that the service which is meant runs none of the images so far
}

// unit proves the builds of one Dockerfile.
func (p *proving) unit(ctx context.Context, project *dockworthy.Project, unit source.Unit) error {
	builds, prob := project.Builds(unit)
	if prob != nil {
		return fmt.Errorf("%s: %w", p.names.Shown(prob.Path), prob.Err)
	}
	if p.f.image != "" && len(builds) > 1 {
		return fmt.Errorf("--image needs one target, but %s has %d: name it with --target", p.names.Shown(unit.Path), len(builds))
	}
	for _, b := range proof.Order(builds) {
		proved, err := proof.Prove(ctx, p.e, b, p.opt)
		p.bar.end()
		var missing *proof.NoService
		if errors.As(err, &missing) {
			p.absent = err
			continue
		}
		if err != nil && proved == nil {
			return err
		}
		p.proved = true
		if err != nil {
			// What was proved is told, also when it could not be sent.
			p.unsent = err
		}
		res := proved.Result(unit)
		if err := p.w.Result(res); err != nil {
			return fmt.Errorf("write the report: %w", err)
		}
		if p.f.record != "" {
			if err := writeRecord(p.f.record, res, p.names); err != nil {
				return err
			}
		}
		p.worst = max(p.worst, proved.Worst())
		for _, rep := range proved.Reports() {
			if p.f.seen != nil {
				p.f.seen(rep.Evidence.Run)
			}
			p.unseen = p.f.unready(p.c, rep.Evidence.Run, proved.Worst()) || p.unseen
		}
		p.failed = p.failed || proved.Run.Build != nil && proved.Run.Build.Error != ""
	}
	return nil
}

// unready says that nobody has seen a program alive, where nothing speaks against
// it: the findings do otherwise.
func (f *proveFlags) unready(c Command, log *run.Log, worst check.Severity) bool {
	as := ""
	if log.Settings.Role != "" {
		as = " " + log.Settings.Role
	}
	if b := log.Blocked(); b != nil {
		c.complain("the container%s was not started: the service %s was not %s: %s", as, b.Name, b.Until, b.Why)
		return true
	}
	s, what := log.Failed(), "did not become ready"
	if s == nil {
		s, what = log.Lonely(), "did not become healthy"
	}
	if s == nil || f.fails(worst) {
		return false
	}
	need := s.Need()
	if it := need.String(); it != "" {
		c.complain("the container%s %s: it needs %s", as, what, it)
		if lines := need.Lines(); lines != nil {
			c.complain("to have it started beside the container, add this to .dockworthy.yaml, or depends_on and a service to the Compose file that runs the image:")
			fmt.Fprintf(c.Stderr, "\n%s\n\n", strings.Join(lines, "\n"))
		}
	} else {
		c.complain("the container%s %s: %s; %s", as, what, s.Why(), check.BySettings)
	}
	for _, r := range log.Settings.Requests {
		if !r.Given && r.Flag != "" {
			c.complain("%s", r)
		}
	}
	for _, left := range log.Settings.Left {
		c.complain("not taken from Compose: %s", left)
	}
	return true
}
