package check

import (
	"slices"
	"strconv"
	"strings"

	"github.com/dockworthy/dockworthy/internal/near"
)

// A Named is a rule, or one of its checks.
type Named struct {
	Rule  *Rule
	Check *Check // nil = the rule as a whole
}

// ID is the rule's name, or the check's id.
func (n Named) ID() string {
	if n.Check == nil {
		return n.Rule.Name
	}
	return n.Rule.ID(n.Check)
}

// Find is what a query names among some rules: a rule by its name or number
// ("non-root", "2"), a check by its id, by the second part of it, or by an id that
// the same condition has elsewhere ("hadolint DL3002", "DL3002", "CIS 4.1"), which
// may be several. Case, dashes and spaces do not matter. nil = it names nothing.
func Find(rules []*Rule, query string) []Named {
	q := near.Plain(query)
	if q == "" {
		return nil
	}
	for _, r := range rules {
		if q == near.Plain(r.Name) || q == strconv.Itoa(r.Number) {
			return []Named{{Rule: r}}
		}
	}
	var byName, byAlias []Named
	for _, r := range rules {
		for _, c := range r.Checks {
			switch {
			case q == near.Plain(r.ID(c)):
				return []Named{{r, c}}
			case q == near.Plain(c.Name):
				byName = append(byName, Named{r, c})
			case slices.ContainsFunc(c.Aliases, func(a string) bool { return q == near.Plain(a) || q == near.Plain(lastWord(a)) }):
				byAlias = append(byAlias, Named{r, c})
			}
		}
	}
	if byName != nil {
		return byName
	}
	return byAlias
}

// Near is the name of a rule or a check that is nearest to a query which names
// nothing; "" = none is near.
func Near(rules []*Rule, query string) string {
	var names []string
	means := map[string]string{}
	add := func(name, id string) {
		names = append(names, name)
		if means[name] == "" {
			means[name] = id
		}
	}
	for _, r := range rules {
		add(r.Name, r.Name)
		for _, c := range r.Checks {
			add(r.ID(c), r.ID(c))
			add(c.Name, r.ID(c))
		}
	}
	return means[near.Of(names, query)]
}

func lastWord(s string) string { return s[strings.LastIndexAny(s, " :")+1:] }
