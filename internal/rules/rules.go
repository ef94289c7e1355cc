// Package rules is the eight rules, in order.
package rules

import (
	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/rules/dockerignore"
	"github.com/dockworthy/dockworthy/internal/rules/entrypoint"
	"github.com/dockworthy/dockworthy/internal/rules/healthcheck"
	"github.com/dockworthy/dockworthy/internal/rules/layercache"
	"github.com/dockworthy/dockworthy/internal/rules/multistage"
	"github.com/dockworthy/dockworthy/internal/rules/nonroot"
	"github.com/dockworthy/dockworthy/internal/rules/pinnedbase"
	"github.com/dockworthy/dockworthy/internal/rules/secrets"
)

// All are the eight rules in the order of their numbers.
var All = []*check.Rule{
	multistage.Rule,
	nonroot.Rule,
	layercache.Rule,
	pinnedbase.Rule,
	secrets.Rule,
	dockerignore.Rule,
	entrypoint.Rule,
	healthcheck.Rule,
}

// Find is the rule of that name and, for a check's id, the check.
func Find(id string) (r *check.Rule, c *check.Check, ok bool) {
	for _, r := range All {
		if r.Name == id {
			return r, nil, true
		}
		for _, c := range r.Checks {
			if r.ID(c) == id {
				return r, c, true
			}
		}
	}
	return nil, nil, false
}
