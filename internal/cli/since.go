package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/dockworthy/dockworthy"
	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/proof"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/report"
)

// past lays out the revision that --since names; nil = it names none. What is not
// for it is an error before anything is done.
func (f *proveFlags) past(ctx context.Context, pl *place, opt source.Options) (*proof.Past, error) {
	switch {
	case f.since == "":
		return nil, nil
	case f.image != "" || f.push != "" || f.layout != "" || f.attest || f.record != "" || f.swarm || f.service != "":
		return nil, errors.New("--since compares two builds and runs no container: it does not go with --image, --push, --layout, --attest, --record, --swarm and --service")
	case f.noCache:
		return nil, errors.New("--since shows what the build cache answers, so it does not go with --no-cache; its first build uses no earlier cache in any case")
	case f.format != "text" && f.format != "json":
		return nil, fmt.Errorf("--since is written as text or json, not as %s", f.format)
	}
	return proof.OpenPast(ctx, pl.repo, f.since, pl.paths, opt)
}

// compare builds each Dockerfile as it was and as it is, and writes what that comes to.
func (p *proving) compare(ctx context.Context, project *dockworthy.Project, units []source.Unit, past *proof.Past, out *output) error {
	var list []*check.Result
	for _, u := range units {
		builds, prob := project.Builds(u)
		if prob != nil {
			return fmt.Errorf("%s: %w", p.names.Shown(prob.Path), prob.Err)
		}
		for _, b := range proof.Order(builds) {
			since, err := proof.Since(ctx, p.e, b, past, p.opt)
			p.bar.end()
			if err != nil {
				return err
			}
			failed, _ := since.Failed()
			p.failed = p.failed || failed != nil
			list = append(list, proof.SinceResult(u, b, since))
		}
	}
	opt := report.Options{Names: p.names, Color: p.f.colored(out), Verbose: p.f.verbose}
	if err := report.Since(p.f.format, out, list, opt); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	if err := out.commit(); err != nil {
		return err
	}
	if p.failed {
		return errTrouble
	}
	return nil
}
