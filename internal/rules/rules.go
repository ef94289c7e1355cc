// Package rules is the eight rules, in order.
package rules

import (
	"fmt"

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

// Find is what a query names: a rule, a check, or all checks that an id from
// elsewhere stands for. Where it names nothing the error says what is near.
func Find(query string) ([]check.Named, error) {
	if found := check.Find(All, query); found != nil {
		return found, nil
	}
	if near := check.Near(All, query); near != "" {
		return nil, fmt.Errorf("there is no rule or check %q: did you mean %s?", query, near)
	}
	return nil, fmt.Errorf("there is no rule or check %q; `dockworthy rules` lists them", query)
}
