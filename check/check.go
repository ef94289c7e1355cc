// Package check is the vocabulary: rules and their checks, verdicts and
// findings. A check is one claim about a build, written as what is true when
// all is well, and judged by a pure function at each level of evidence.
package check

import (
	"fmt"
	"io/fs"

	"github.com/dockworthy/dockworthy/internal/image"
	"github.com/dockworthy/dockworthy/internal/run"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/text"
)

// A Severity says how much a finding matters. The zero Severity is none: the
// finding takes its check's.
type Severity uint8

// The severities are SARIF's levels. A Note never fails a run.
const (
	_ Severity = iota
	Note
	Warning
	Error
)

func (s Severity) String() string {
	switch s {
	case Note:
		return "note"
	case Warning:
		return "warning"
	case Error:
		return "error"
	}
	return "none"
}

// ParseSeverity is the severity of that name; ok is false for any other word.
func ParseSeverity(name string) (s Severity, ok bool) {
	for s := Note; s <= Error; s++ {
		if s.String() == name {
			return s, true
		}
	}
	return 0, false
}

// An Outcome is what a check came to. The zero Outcome is NotLookedAt, so that
// what nobody judged never looks green.
type Outcome uint8

const (
	NotLookedAt   Outcome = iota // nobody judged it
	NotApplicable                // there is nothing here that the claim is about
	Holds                        // the claim is true
	Undecided                    // the evidence at this level cannot tell
	Violated                     // there is a finding
)

func (o Outcome) String() string {
	return [...]string{"not-looked-at", "not-applicable", "holds", "undecided", "violated"}[o]
}

// A Settle is what would settle an undecided verdict.
type Settle uint8

const (
	_          Settle = iota
	ByBases           // an entry under bases: in .dockworthy.yaml
	ByArg             // a build argument
	ByContext         // the build context
	ByFiles           // files that name what this level does not read, as Bake's
	ByImage           // looking at the built image
	ByRun             // running it
	BySettings        // telling prove how to run it
	ByLess            // less to read: something went beyond a limit
	ByEye             // a look into what is not read
)

func (s Settle) String() string {
	switch s {
	case ByBases:
		return "describe the base image under `bases:` in .dockworthy.yaml"
	case ByArg:
		return "set the build argument with --build-arg NAME=VALUE"
	case ByContext:
		return "name the build context"
	case ByFiles:
		return "name the target or the context under `targets:` in .dockworthy.yaml"
	case ByImage:
		return "inspect the built image: `dockworthy image`"
	case ByRun:
		return "run the container: `dockworthy prove`"
	case BySettings:
		return "set how the container is run, with --env, --network and similar flags or under `run:` in .dockworthy.yaml"
	case ByLess:
		return "shorten the file, or inspect the built image: `dockworthy image`"
	case ByEye:
		return "unpack what was not read, and look into it"
	}
	return ""
}

// A Place is where something stands. A zero Span means the whole file, as for
// something that is missing.
type Place struct {
	File    *text.File
	Span    text.Span
	Message string // what this place has to do with it; "" at a finding's own place
}

// A Finding is one violation of a check in one unit.
type Finding struct {
	Severity Severity // 0 = the check's own
	Place    Place
	Related  []Place
	Message  string // what is so, in this file's own terms
	Help     string // what to do; "" = what the check says in general
	Fixes    []Fix  // that do it, the best first
	Unfixed  string // why there is no Fix, in words of this place; "" = what the check says of it

	// Stage is the stage it is about, by which the severity is capped where
	// no target reaches it; nil = the target.
	Stage *source.Stage
	// Missing says that the finding is about something that is not there, so
	// that a suppression at the head of the file covers it.
	Missing bool
	// Group names what findings of one check have in common, so that they are told
	// once: the most severe speaks, and the others are related places. "" = nothing.
	Group string
	// Shared names what several units of a project may have in common, such as their
	// ignore file: what one edit mends is told once in a project. "" = nothing.
	Shared string
	// Firm keeps the severity where the stage would lower it.
	Firm bool
	// Secrets are the places, in Place's file, of values that no output may
	// show.
	Secrets []text.Span
	// Cause is what the finding comes from. Within a rule, findings of one cause
	// are one: the most severe speaks, then the earlier check.
	Cause Cause
	// Where is the place in a few words, for causes that may lie in many places, as a
	// value: it is said where another finding of the cause speaks. "" = it is not.
	Where string
}

// A Cause names what a finding comes from. The zero Cause is the place that the
// finding is about.
type Cause string

// The causes that rooms share: a later rule's finding then names the earlier's.
const (
	StartCause  Cause = "start"  // what keeps the container from coming up
	SentCause   Cause = "sent"   // of a file that the build context sends
	ClosedCause Cause = "closed" // of a file or folder that the user may not open
	ValueCause  Cause = "value"  // of a value that stands in several places
)

// Of is the cause of that name that lies in one thing: a file, a place.
func (c Cause) Of(thing any) Cause { return Cause(fmt.Sprint(string(c), ":", thing)) }

// A Level is a level of evidence. The zero Level is Source.
type Level uint8

// The levels, from what is written to what was seen.
const (
	Source Level = iota // Dockerfile, .dockerignore, Compose, Kubernetes
	Image               // the built image: config, history, layers
	Run                 // a real build and real containers
)

func (l Level) String() string { return [...]string{"source", "image", "run"}[l] }

// Evidence is all that there is to judge by. A level whose evidence is nil is
// not looked at.
type Evidence struct {
	Source *source.Build
	Image  *image.Image
	Run    *run.Log

	pairs *pairing // nil = to be worked out
}

// A Verdict is what a check says of one build at one level. The zero Verdict
// is "not looked at".
type Verdict struct {
	Outcome  Outcome
	Findings []Finding
	Settle   Settle // of an undecided verdict
	Reason   string // of an undecided verdict: what is not known, in a few words
}

// Judge is the verdict on findings: violated when there is one, else it holds.
func Judge(findings []Finding) Verdict {
	if len(findings) > 0 {
		return Verdict{Outcome: Violated, Findings: findings}
	}
	return Verdict{Outcome: Holds}
}

// Unknown is an undecided verdict.
func Unknown(by Settle, reason string) Verdict {
	return Verdict{Outcome: Undecided, Settle: by, Reason: reason}
}

// None is the verdict where the claim is about nothing here.
func None() Verdict { return Verdict{Outcome: NotApplicable} }

// A Merge is how findings of several targets become one. The zero Merge is Any.
type Merge uint8

const (
	Any Merge = iota // what is found for any target is told, with the targets that it holds for
	All              // it is told only where it is found for every target
)

// A Check is one claim with everything that is said of it anywhere: by
// explain, on its page, in SARIF.
type Check struct {
	Name     string   // within its rule, as "final-user-root"
	Claim    string   // what is true when all is well: one sentence, lower case, no full stop
	Why      string   // why it matters: one line
	Mend     string   // what to do, in general
	Quiet    string   // when it stays silent, for the page; "" = nothing to say
	Unfixed  string   // why nothing mends it by itself: the end of "it is not mended, for …"; "" = something does, or nobody has said
	Severity Severity // at the standard profile
	Banking  Severity // at the banking profile; 0 = the same
	Since    string   // the version that brought it
	Merge    Merge    // how the findings of several targets of a Dockerfile become one
	// RestsOn is what of a build the claim rests on; nil = what its rule says.
	RestsOn []source.Subject
	Aliases []string // the same condition elsewhere: "hadolint DL3002"
	// Source, Image and Run judge the claim at their level; nil = nothing can
	// be said of it there. Image is asked only where there is an image, Run
	// where there is a log; they may look at the other evidence too.
	Source func(*source.Build) Verdict
	Image  func(Evidence) Verdict
	Run    func(Evidence) Verdict
}

// At tells whether the check can say something at a level.
func (c *Check) At(l Level) bool {
	switch l {
	case Image:
		return c.Image != nil
	case Run:
		return c.Run != nil
	}
	return c.Source != nil
}

// A Rule is one of the eight, with its checks in the order of the tables.
type Rule struct {
	Number   int
	Name     string // "non-root"
	Title    string // "Run as a user who is not root"
	Text     string // what the rule asks for and why: a paragraph
	Controls []Control
	Security bool             // what breaks it weakens the image, rather than its build or its running
	Precise  Precision        // how often a finding is right
	RestsOn  []source.Subject // where one of these went beyond a limit, no check holds
	Checks   []*Check
	Examples fs.FS // testdata: NAME/example.txtar is the before and after of a check's page
}

// A Precision is how often the findings of a rule are right, as measured on labelled
// builds of real repositories. The names are those of CodeQL, which GitHub sorts by.
type Precision string

// The precisions.
const (
	VeryHigh Precision = "very-high" // 95 of 100 and more
	High     Precision = "high"      // 90 and more
	Medium   Precision = "medium"
)

// A Control is a requirement of a published standard that a rule supports.
type Control struct {
	Standard string // "CIS Docker 1.6"
	IDs      string // "4.1"
	Strength string // "direct", "supports", "tenuous"
	// Checks are those of the rule that the control is about; nil = the rule as a whole.
	Checks []*Check
	// Whole tells whether all that the control asks for was seen to be so, where that is
	// more than the checks judge; where it is not, what holds is undecided. nil = it is no
	// more.
	Whole func(Evidence) bool
}

// ID is a check's id within a rule: "non-root/final-user-root".
func (r *Rule) ID(c *Check) string { return r.Name + "/" + c.Name }
