package attest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// SummaryType is the predicate type of a Summary: in-toto's Simple
// Verification Result, https://github.com/in-toto/attestation/blob/main/spec/predicates/svr.md
const SummaryType = "https://in-toto.io/attestation/svr/v0.1"

// VerifierPrefix begins the verifier id of every summary that dockworthy
// makes; the profile ends it.
const VerifierPrefix = "https://dockworthy.dev/verifier/v1/"

// A Summary lists what was seen to hold, for policies that need to know no
// more.
type Summary struct {
	Verifier    Verifier  `json:"verifier"`
	TimeCreated time.Time `json:"timeCreated"`
	Properties  []string  `json:"properties"` // "DOCKWORTHY_NON_ROOT_RUN", sorted
}

// A Verifier is who says it.
type Verifier struct {
	ID string `json:"id"`
}

// Summary is the audit's summary: a property for each rule and level that
// holds. Of a rule that is violated at one level it lists nothing, even where
// another level saw no harm.
func (a Audit) Summary() Summary {
	s := Summary{Verifier: Verifier{ID: VerifierPrefix + a.Unit.Profile}, TimeCreated: instant(a.FinishedOn), Properties: []string{}}
	for rule, row := range a.Scorecard {
		if a.Scorecard.Rule(rule) == Violated {
			continue
		}
		for _, l := range Levels {
			if row[l] == Holds {
				s.Properties = append(s.Properties, Property(rule, l))
			}
		}
	}
	slices.Sort(s.Properties)
	return s
}

// Property is the name under which a summary lists that a rule holds at a
// level.
func Property(rule string, l Level) string {
	return "DOCKWORTHY_" + strings.ToUpper(strings.ReplaceAll(rule, "-", "_")+"_"+string(l))
}

// Statement is the statement that carries the summary.
func (s Summary) Statement(sub Subject) (Statement, error) {
	if s.Verifier.ID == "" || s.TimeCreated.IsZero() {
		return Statement{}, errors.New("a summary needs its verifier and the time when it was made")
	}
	return newStatement(sub, SummaryType, s)
}

// ParseSummary reads the summary in a statement.
func ParseSummary(s Statement) (Summary, error) {
	var sum Summary
	if s.PredicateType != SummaryType {
		return sum, fmt.Errorf("the predicate is %s, not %s", quote(s.PredicateType), SummaryType)
	}
	if err := decode(s.Predicate, &sum, false); err != nil {
		return Summary{}, fmt.Errorf("read the summary: %w", err)
	}
	if sum.Verifier.ID == "" || sum.TimeCreated.IsZero() {
		return Summary{}, errors.New("the summary is incomplete: it has no verifier or no date")
	}
	return sum, nil
}
