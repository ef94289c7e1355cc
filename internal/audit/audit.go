// Package audit makes the audit that is signed of a report: the scorecard, the
// findings, and the controls that the rules support.
package audit

import (
	"fmt"
	"strings"

	"github.com/dockworthy/dockworthy/attest"
	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/excerpt"
)

// Of is the audit of the reports of one build by these rules, a report for each
// run: the worst of all counts. Who judged, when, the platform
// and where the source comes from are for the caller to add, and the profile
// where no source was looked at. Secrets are masked.
func Of(rules []*check.Rule, reports ...*check.Report) attest.Audit {
	rep := reports[0]
	a := attest.Audit{Scorecard: attest.Scorecard{}}
	for _, r := range rules {
		a.Scorecard[r.Name] = map[attest.Level]attest.Outcome{}
	}
	var card check.Scorecard
	for _, r := range reports {
		card.Add(r)
	}
	for _, row := range card.Rows {
		for l, o := range row.Outcomes {
			a.Scorecard[row.Rule.Name][level(check.Level(l))] = attest.Outcome(o)
		}
	}
	if b := rep.Build; b != nil {
		a.Unit = attest.Unit{Dockerfile: b.Path, Profile: string(b.Profile)}
		if b.Target != nil {
			a.Unit.Target = b.Target.Name
		}
		if b.Context != nil {
			a.Unit.Context = b.Context.Root
		}
	}
	hidden := excerpt.Masks(reports...)
	unit := check.Unit{}
	if rep.Build != nil {
		unit.Path = rep.Build.Path
	}
	for _, f := range check.ResultOf(unit, reports...).Findings {
		a.Findings = append(a.Findings, attest.Finding{
			ID: f.ID(), Level: level(f.Level), Severity: f.Severity.String(), Message: hidden.Hide(f.Message), Place: place(f.Place),
		})
	}
	a.Controls = Controls(rules, a.Scorecard, reports...)
	return a
}

func level(l check.Level) attest.Level { return attest.Level(l.String()) }

func place(p check.Place) string {
	switch {
	case p.File == nil:
		return ""
	case p.Span.IsZero():
		return p.File.Name
	}
	return fmt.Sprintf("%s:%d", p.File.Name, p.File.Position(p.Span.Start).Line)
}

// standards tells the versions apart from the names in the rules' own
// declarations.
var standards = map[string]struct{ name, version string }{
	"CIS Docker Benchmark 1.6":          {"CIS Docker Benchmark", "1.6"},
	"ISO/IEC 27001:2022 Annex A":        {"ISO/IEC 27001 Annex A", "2022"},
	"SOC 2 TSC":                         {"SOC 2 Trust Services Criteria", "2017"},
	"NIST SP 800-190":                   {"NIST SP 800-190", "2017"},
	"PCI DSS 4.0.1":                     {"PCI DSS", "4.0.1"},
	"NIST SP 800-53 Rev. 5":             {"NIST SP 800-53", "Rev. 5"},
	"OWASP Docker Security Cheat Sheet": {"OWASP Docker Security Cheat Sheet", ""},
}

// Controls are the controls that the given rules declare, each with what its
// rule came to at the levels that were really looked at, or those of its checks that
// it is about, by the reports. A rule that declares none, or only tenuous ones, gives
// none: that blank is honest.
func Controls(rules []*check.Rule, card attest.Scorecard, reports ...*check.Report) []attest.Control {
	list := []attest.Control{}
	for _, r := range rules {
		for _, c := range r.Controls {
			strength := attest.Strength(c.Strength)
			if strength != attest.Direct && strength != attest.Supports {
				continue
			}
			s, ok := standards[c.Standard]
			if !ok {
				s.name = c.Standard
			}
			came, ids := card, []string(nil)
			if c.Checks != nil {
				row := map[attest.Level]attest.Outcome{}
				for l, o := range r.Outcomes(c, reports...) {
					row[level(check.Level(l))] = attest.Outcome(o)
				}
				came = attest.Scorecard{r.Name: row}
				for _, k := range c.Checks {
					ids = append(ids, r.ID(k))
				}
			}
			for id := range strings.SplitSeq(c.IDs, ",") {
				list = append(list, attest.Control{
					Standard: s.name, Version: s.version, ID: strings.TrimSpace(id), Rule: r.Name, Checks: ids, Strength: strength,
					Outcome: came.Rule(r.Name), Levels: came.Looked(r.Name),
				})
			}
		}
	}
	return list
}
