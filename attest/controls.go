package attest

import (
	"strings"

	"github.com/dockworthy/dockworthy/check"
)

// A Control is a requirement of a published standard that a rule supports, and
// what that rule came to. It never says that anybody complies with anything.
type Control struct {
	Standard string  `json:"standard"` // "CIS Docker Benchmark"
	Version  string  `json:"version"`  // "1.6"; "" = the standard has no versions
	ID       string  `json:"id"`       // "4.1"
	Rule     string  `json:"rule"`
	Strength string  `json:"strength"` // "direct" or "supports"
	Outcome  Outcome `json:"outcome"`
	Levels   []Level `json:"levels"` // those that were looked at
}

// The strengths that an audit carries. A tenuous link is none: it is left out.
const (
	Direct   = "direct"   // the control asks for what the rule judges
	Supports = "supports" // what the rule judges serves the control's aim
)

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
// rule came to at the levels that were really looked at. A rule that declares
// none, or only tenuous ones, gives none: that blank is honest.
func Controls(rules []*check.Rule, card Scorecard) []Control {
	list := []Control{}
	for _, r := range rules {
		for _, c := range r.Controls {
			if c.Strength != Direct && c.Strength != Supports {
				continue
			}
			s, ok := standards[c.Standard]
			if !ok {
				s.name = c.Standard
			}
			for id := range strings.SplitSeq(c.IDs, ",") {
				list = append(list, Control{
					Standard: s.name, Version: s.version, ID: strings.TrimSpace(id), Rule: r.Name, Strength: c.Strength,
					Outcome: Outcome(card.Rule(r.Name)), Levels: card.Looked(r.Name),
				})
			}
		}
	}
	return list
}
