package attest

import (
	"errors"
	"fmt"
	"time"
)

// AuditType is the predicate type of an Audit. It is a name, not a page: it
// stays the same for as long as no field of Audit goes or changes its meaning.
const AuditType = "https://dockworthy.dev/attestation/audit/v1"

// An Audit is everything that was judged of one image, and the evidence it was
// judged by. docs/attest.md describes each field.
type Audit struct {
	Tool       Tool      `json:"tool"`
	StartedOn  time.Time `json:"startedOn"`  // written in UTC, to the second
	FinishedOn time.Time `json:"finishedOn"` // the same
	Platform   string    `json:"platform,omitempty"`
	Source     *Source   `json:"source,omitempty"`
	Unit       Unit      `json:"unit"`
	Scorecard  Scorecard `json:"scorecard"`
	Findings   []Finding `json:"findings"`
	Controls   []Control `json:"controls"`
}

// A Tool is the program that judged.
type Tool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// A Source is where the build's files come from.
type Source struct {
	URI      string `json:"uri,omitempty"`
	Revision string `json:"revision,omitempty"` // a commit
	Modified bool   `json:"modified,omitempty"` // the files differ from the revision
}

// A Unit is what was judged at the level of source: which Dockerfile, for
// which target, with which context and profile. The zero Unit means that no
// source was looked at.
type Unit struct {
	Dockerfile string `json:"dockerfile,omitempty"`
	Target     string `json:"target,omitempty"` // "" = a stage without a name
	Context    string `json:"context,omitempty"`
	Profile    string `json:"profile"` // "standard" or "banking"
}

// A Finding is one violation, or one remark.
type Finding struct {
	ID       string `json:"id"` // "non-root/final-user-root"
	Level    Level  `json:"level"`
	Severity string `json:"severity"` // "error", "warning" or "note"
	Message  string `json:"message"`  // secrets masked by the one who gives it
	Place    string `json:"place,omitempty"`
}

// A Control is a requirement of a published standard that a rule supports, and
// what that rule, or a few of its checks, came to. It never says that anybody complies with anything.
type Control struct {
	Standard string   `json:"standard"` // "CIS Docker Benchmark"
	Version  string   `json:"version"`  // "1.6"; "" = the standard has no versions
	ID       string   `json:"id"`       // "4.1"
	Rule     string   `json:"rule"`
	Checks   []string `json:"checks,omitempty"` // of the rule, by their ids, that it is about; nil = the rule as a whole
	Strength Strength `json:"strength"`
	Outcome  Outcome  `json:"outcome"`
	Levels   []Level  `json:"levels"` // those that were looked at
}

// A Strength says how close a control is to its rule.
type Strength string

// The strengths that an audit carries. A tenuous link is none: it is left out.
const (
	Direct   Strength = "direct"   // the control asks for what the rule judges
	Supports Strength = "supports" // what the rule judges serves the control's aim
)

// A Level is a kind of evidence.
type Level string

// The levels, the strongest last.
const (
	BySource Level = "source"
	ByImage  Level = "image"
	ByRun    Level = "run"
)

// Levels are all levels, the strongest last.
var Levels = []Level{BySource, ByImage, ByRun}

// An Outcome is what a rule came to. The zero Outcome is NotLookedAt, so that
// what nobody judged never looks green.
type Outcome uint8

// The outcomes, as package check has them.
const (
	NotLookedAt   Outcome = iota
	NotApplicable         // there is nothing here that the rule is about
	Holds
	Undecided // the evidence at this level cannot tell
	Violated
)

func (o Outcome) String() string {
	return [...]string{"not-looked-at", "not-applicable", "holds", "undecided", "violated"}[o]
}

// MarshalText is the outcome's name.
func (o Outcome) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// UnmarshalText reads an outcome's name; any other word is an error, so that
// it cannot pass for something good.
func (o *Outcome) UnmarshalText(text []byte) error {
	for known := NotLookedAt; known <= Violated; known++ {
		if known.String() == string(text) {
			*o = known
			return nil
		}
	}
	return fmt.Errorf("%s is not an outcome", quote(string(text)))
}

// A Scorecard is what each rule came to at each level: rule → level → outcome.
// A level that is not there was not looked at.
type Scorecard map[string]map[Level]Outcome

// Rule is what a rule came to over all levels. Violated wins at any level. A
// level that cannot tell is settled by a stronger one that can, and by no
// weaker one.
func (s Scorecard) Rule(name string) Outcome {
	sum := NotLookedAt
	for _, l := range Levels {
		switch o := s[name][l]; {
		case o == NotLookedAt:
		case sum == Violated || o == Violated:
			sum = Violated
		case o == NotApplicable && sum != NotLookedAt:
			// It says nothing against what a weaker level saw.
		default:
			sum = o
		}
	}
	return sum
}

// Looked are the levels at which the rule was looked at.
func (s Scorecard) Looked(name string) []Level {
	list := []Level{}
	for _, l := range Levels {
		if s[name][l] != NotLookedAt {
			list = append(list, l)
		}
	}
	return list
}

// Statement is the statement that carries the audit. Every rule of its
// scorecard gets all three levels there.
func (a Audit) Statement(sub Subject) (Statement, error) {
	switch {
	case a.Tool.Name == "" || a.Tool.Version == "":
		return Statement{}, errors.New("an audit needs the tool and its version")
	case a.FinishedOn.IsZero() || a.StartedOn.IsZero():
		return Statement{}, errors.New("an audit needs the time when it was made")
	case len(a.Scorecard) == 0:
		return Statement{}, errors.New("an audit needs a scorecard")
	case a.Unit.Profile == "":
		return Statement{}, errors.New("an audit needs its profile")
	}
	a.StartedOn, a.FinishedOn = instant(a.StartedOn), instant(a.FinishedOn)
	full := Scorecard{}
	for rule, row := range a.Scorecard {
		full[rule] = map[Level]Outcome{}
		for _, l := range Levels {
			full[rule][l] = row[l]
		}
	}
	a.Scorecard = full
	if a.Findings == nil {
		a.Findings = []Finding{}
	}
	if a.Controls == nil {
		a.Controls = []Control{}
	}
	return newStatement(sub, AuditType, a)
}

// instant is a moment as statements write it.
func instant(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }

// ParseAudit reads the audit in a statement.
func ParseAudit(s Statement) (Audit, error) {
	var a Audit
	if s.PredicateType != AuditType {
		return a, fmt.Errorf("the predicate is %s, not %s", quote(s.PredicateType), AuditType)
	}
	if err := decode(s.Predicate, &a, false); err != nil {
		return Audit{}, fmt.Errorf("read the audit: %w", err)
	}
	if len(a.Scorecard) == 0 || a.FinishedOn.IsZero() {
		return Audit{}, errors.New("the audit is incomplete: it has no scorecard or no date")
	}
	return a, nil
}
