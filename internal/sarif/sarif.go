// Package sarif writes SARIF 2.1.0 logs with one run, as GitHub's code scanning takes
// them. What the results mean it does not know.
package sarif

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/url"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/excerpt"
	"github.com/dockworthy/dockworthy/internal/redact"
	"github.com/dockworthy/dockworthy/text"
)

// The parts of a log. Source: SARIF 2.1.0, OASIS Standard.
type (
	Text struct {
		Text string `json:"text"`
	}
	Help struct {
		Text     string `json:"text"`
		Markdown string `json:"markdown"`
	}
	Rule struct {
		ID               string         `json:"id"`
		Name             string         `json:"name"`
		ShortDescription Text           `json:"shortDescription"`
		FullDescription  Text           `json:"fullDescription"`
		Help             Help           `json:"help"`
		HelpURI          string         `json:"helpUri,omitempty"`
		Default          Level          `json:"defaultConfiguration"`
		Properties       map[string]any `json:"properties"`
	}
	Level struct {
		Level string `json:"level"`
	}
	Region struct {
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn,omitempty"`
		EndLine     int `json:"endLine,omitempty"`
		EndColumn   int `json:"endColumn,omitempty"`
	}
	Artifact struct {
		URI string `json:"uri"`
	}
	Physical struct {
		Artifact Artifact `json:"artifactLocation"`
		Region   Region   `json:"region"`
	}
	Location struct {
		ID       int      `json:"id,omitempty"`
		Physical Physical `json:"physicalLocation"`
		Message  *Text    `json:"message,omitempty"`
	}
	Result struct {
		RuleID       string            `json:"ruleId"`
		RuleIndex    int               `json:"ruleIndex"`
		Level        string            `json:"level"`
		Message      Text              `json:"message"`
		Locations    []Location        `json:"locations"`
		Related      []Location        `json:"relatedLocations,omitempty"`
		Fingerprints map[string]string `json:"partialFingerprints"`
		Fixes        []Fix             `json:"fixes,omitempty"`
		Properties   map[string]any    `json:"properties,omitempty"`
	}
	Fix struct {
		Description Text              `json:"description"`
		Changes     []Change          `json:"artifactChanges"`
		Properties  map[string]string `json:"properties"`
	}
	Change struct {
		Artifact     Artifact      `json:"artifactLocation"`
		Replacements []Replacement `json:"replacements"`
	}
	Replacement struct {
		Deleted  Region `json:"deletedRegion"`
		Inserted Text   `json:"insertedContent"`
	}
)

// A Log is one that is written.
type Log struct {
	Failed bool // something could not be looked at

	names excerpt.Names
	w     *redact.Writer
	wrote bool
}

// New is a Log that nothing is written of yet.
func New(w io.Writer, names excerpt.Names) *Log {
	return &Log{names: names, w: redact.NewWriter(w, names.Redactor, redact.JSON)}
}

// Begin writes the head: the program, of a version, and what its results may be of.
func (l *Log) Begin(version string, list []Rule) {
	l.w.WriteString(`{"$schema":"https://json.schemastore.org/sarif-2.1.0.json","version":"2.1.0","runs":[{"tool":{"driver":{"name":"dockworthy","version":"` + version + `","semanticVersion":"` + version + `","rules":`)
	l.json(list)
	l.w.WriteString(`}},"columnKind":"unicodeCodePoints","results":[`)
}

func (l *Log) json(v any) {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err) // only plain data is ever written
	}
	l.w.Write(data)
}

// Result writes one result.
func (l *Log) Result(r Result) {
	if l.wrote {
		l.w.WriteByte(',')
	}
	l.wrote = true
	l.w.WriteByte('\n')
	l.json(r)
}

// Flush writes all that was taken.
func (l *Log) Flush() error { return l.w.Flush() }

// End writes the end.
func (l *Log) End() error {
	l.w.WriteString("\n]")
	l.w.WriteString(`,"invocations":[{"executionSuccessful":`)
	l.json(!l.Failed)
	l.w.WriteString("}]}]}\n")
	return l.w.Flush()
}

// Location is a place, with its message as it may be shown.
func (l *Log) Location(p check.Place, id int, message string) Location {
	at := Location{ID: id, Physical: Physical{Artifact: Artifact{l.URI(p.File.Name)}, Region: Region{StartLine: 1}}}
	if !p.Span.IsZero() {
		at.Physical.Region = RegionOf(p.File, p.Span)
	}
	if message != "" {
		at.Message = &Text{message}
	}
	return at
}

// RegionOf is a span of a file.
func RegionOf(f *text.File, s text.Span) Region {
	from, to := f.Position(s.Start), f.Position(s.End)
	return Region{from.Line, from.Column, to.Line, to.Column}
}

// URI is a path as a relative URI reference.
func (l *Log) URI(p string) string {
	name := l.names.Of(p)
	if name == "<stdin>" {
		name = "stdin"
	}
	return (&url.URL{Path: name}).EscapedPath()
}

// Fingerprint identifies a result by what stays when lines move.
func Fingerprint(parts ...string) string {
	h := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(h[:16])
}
