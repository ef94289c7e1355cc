package report

import (
	"encoding/json"
	"io"
	"slices"

	"github.com/dockworthy/dockworthy"
	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/excerpt"
	"github.com/dockworthy/dockworthy/internal/image"
	"github.com/dockworthy/dockworthy/internal/redact"
	"github.com/dockworthy/dockworthy/internal/rules"
)

// SchemaVersion is the version of the JSON format. It changes when a field
// goes or changes its meaning; new fields do not change it. docs/json.md
// describes the format.
const SchemaVersion = 1

// A jsonWriter writes one object: findings as they come, then units and scorecard.
type jsonWriter struct {
	names Names
	w     *redact.Writer
	tally check.Tally
	units []jsonUnit
	wrote bool
	began bool
	all   bool // something was run: the scorecard has every level
}

type (
	jsonPlace struct {
		File      string `json:"file"`
		Line      int    `json:"line,omitempty"` // absent where the whole file is meant
		Column    int    `json:"column,omitempty"`
		EndLine   int    `json:"endLine,omitempty"`
		EndColumn int    `json:"endColumn,omitempty"`
		Message   string `json:"message,omitempty"`
	}
	jsonFinding struct {
		ID          string      `json:"id"`
		Rule        string      `json:"rule"`
		Family      int         `json:"family"`
		Level       string      `json:"level"`
		Severity    string      `json:"severity"`
		Message     string      `json:"message"`
		Why         string      `json:"why"`
		Mend        string      `json:"mend"`
		Evidence    string      `json:"evidence,omitempty"`
		Unit        string      `json:"unit"`
		Targets     []string    `json:"targets,omitempty"`
		Place       jsonPlace   `json:"place"`
		Related     []jsonPlace `json:"related,omitempty"`
		Fixes       []jsonFix   `json:"fixes,omitempty"`
		Fingerprint string      `json:"fingerprint"`
	}
	jsonFix struct {
		Title  string        `json:"title"`
		Grade  string        `json:"grade"` // safe, unsafe, needs-you
		Reason string        `json:"reason,omitempty"`
		Edits  []jsonEdit    `json:"edits,omitempty"`
		Create []jsonCreated `json:"create,omitempty"`
	}
	jsonEdit struct {
		jsonPlace
		Text string `json:"text"` // what comes in its place
	}
	jsonCreated struct {
		File string `json:"file"`
		Text string `json:"text"`
	}
	jsonBuild struct {
		Target    string            `json:"target,omitempty"`
		Service   string            `json:"service,omitempty"` // that it was run as
		Context   *string           `json:"context,omitempty"`
		Profile   string            `json:"profile,omitempty"`
		Why       string            `json:"development,omitempty"` // why it does not ship
		Image     *jsonImage        `json:"image,omitempty"`
		Scorecard map[string]string `json:"scorecard"`
		Undecided []jsonOpen        `json:"undecided,omitempty"`
	}
	jsonImage struct {
		Name     string      `json:"name"`
		ID       string      `json:"id,omitempty"`
		Digest   string      `json:"digest,omitempty"`
		Platform string      `json:"platform"`
		Bytes    int64       `json:"bytes"`
		Wasted   int64       `json:"wasted"`
		Layers   []jsonLayer `json:"layers"`
		Problems []string    `json:"problems,omitempty"`
	}
	jsonLayer struct {
		DiffID      string `json:"diffId,omitempty"`
		Digest      string `json:"digest,omitempty"`
		Bytes       int64  `json:"bytes"`
		Files       int    `json:"files"`
		Wasted      int64  `json:"wasted"`
		Instruction string `json:"instruction,omitempty"`
		Skipped     string `json:"skipped,omitempty"`
	}
	jsonProof struct {
		Log            any                 `json:"log"`
		More           []any               `json:"more,omitempty"` // the logs of further runs, each as another service
		Contradictions []jsonContradiction `json:"contradictions,omitempty"`
		Published      []jsonPublished     `json:"published,omitempty"`
	}
	jsonContradiction struct {
		ID       string `json:"id"`
		Holds    string `json:"holds"`
		Violated string `json:"violated"`
	}
	jsonPublished struct {
		Name   string `json:"name"`
		Digest string `json:"digest"`
		Signed bool   `json:"signed"`
	}
	jsonOpen struct {
		ID     string `json:"id"`
		Reason string `json:"reason"`
		Settle string `json:"settle"`
	}
	jsonUnit struct {
		Path         string            `json:"path"`
		Service      string            `json:"service,omitempty"` // whose dockerfile_inline it is
		Proof        *jsonProof        `json:"proof,omitempty"`
		Kind         string            `json:"kind"`
		Builds       []jsonBuild       `json:"builds,omitempty"`
		Problem      *jsonProblem      `json:"problem,omitempty"`
		Suppressions []jsonSuppression `json:"suppressions,omitempty"`
	}
	jsonProblem struct {
		Message string `json:"message"`
		Line    int    `json:"line,omitempty"`
		Named   bool   `json:"named"`
	}
	jsonSuppression struct {
		Place   jsonPlace `json:"place"`
		Checks  []string  `json:"checks"`
		Problem string    `json:"problem"`
	}
)

func newJSON(w io.Writer, names Names) *jsonWriter {
	return &jsonWriter{names: names, w: redact.NewWriter(w, names.Redactor, redact.JSON)}
}

func (j *jsonWriter) begin() {
	if j.began {
		return
	}
	j.began = true
	j.w.WriteString(`{"version":1,"tool":{"name":"dockworthy","version":"` + dockworthy.Version + `"},"findings":[`)
}

func (j *jsonWriter) json(v any) {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err) // only plain data is ever written
	}
	j.w.Write(data)
}

func (j *jsonWriter) place(p check.Place, hidden *excerpt.Hidden) jsonPlace {
	out := jsonPlace{File: j.names.Of(p.File.Name), Message: hidden.Hide(p.Message)}
	if !p.Span.IsZero() {
		from, to := p.File.Position(p.Span.Start), p.File.Position(p.Span.End)
		out.Line, out.Column, out.EndLine, out.EndColumn = from.Line, from.Column, to.Line, to.Column
	}
	return out
}

// Result writes the findings of one unit.
func (j *jsonWriter) Result(res *check.Result) error {
	j.begin()
	j.tally.Add(res)
	hidden := j.names.Hide(res)
	u := jsonUnit{Proof: j.proved(res, hidden), Path: j.names.Of(res.Unit.Path), Service: res.Unit.Service, Kind: []string{"image", "dockerfile", "compose", "kubernetes"}[res.Unit.Kind]}
	if p := res.Problem; p != nil {
		u.Problem = &jsonProblem{j.names.Redactor.Hide(excerpt.Problem(*p)), p.Line, res.Unit.Named}
	}
	for _, rep := range res.Reports {
		u.Builds = append(u.Builds, j.build(rep, hidden))
	}
	for _, s := range res.Unused {
		u.Suppressions = append(u.Suppressions, jsonSuppression{j.place(s.Place, hidden), s.Checks, s.Problem})
	}
	if res.Problem == nil && len(res.Reports) == 0 {
		if i := slices.IndexFunc(j.units, func(o jsonUnit) bool { return o.Path == u.Path }); i >= 0 {
			j.units[i].Suppressions = append(j.units[i].Suppressions, u.Suppressions...)
			return j.w.Flush()
		}
		u.Kind = "unknown"
	}
	j.units = append(j.units, u)
	for _, f := range res.Findings {
		out := jsonFinding{
			ID: f.ID(), Rule: f.Rule.Name, Family: f.Rule.Number, Level: f.Level.String(), Severity: f.Severity.String(),
			Message: hidden.Hide(f.Message), Why: f.Check.Why, Mend: excerpt.Sentence(helpOf(f, hidden)), Evidence: hidden.Hide(j.evidence(f.Place, hidden)),
			Unit: u.Path, Place: j.place(f.Place, hidden), Fingerprint: Fingerprint(f, res.Unit),
		}
		for _, t := range f.Targets {
			if t != "" {
				out.Targets = append(out.Targets, t)
			}
		}
		for _, p := range f.Related {
			out.Related = append(out.Related, j.place(p, hidden))
		}
		for _, x := range shownFixes(f, hidden) {
			fix := jsonFix{Title: hidden.Hide(x.Title), Grade: x.Grade.String(), Reason: hidden.Hide(x.Reason)}
			for _, e := range x.Edits {
				fix.Edits = append(fix.Edits, jsonEdit{j.place(check.Place{File: e.File, Span: e.Span}, hidden), e.New})
			}
			for _, c := range x.Create {
				fix.Create = append(fix.Create, jsonCreated{j.names.Of(c.Path), string(c.Data)})
			}
			out.Fixes = append(out.Fixes, fix)
		}
		if j.wrote {
			j.w.WriteByte(',')
		}
		j.wrote = true
		j.w.WriteByte('\n')
		j.json(out)
	}
	return j.w.Flush()
}

func (j *jsonWriter) build(rep *check.Report, hidden *excerpt.Hidden) jsonBuild {
	b := rep.Build
	out := jsonBuild{Scorecard: map[string]string{}}
	if b != nil {
		out.Profile, out.Why = string(b.Profile), b.Development()
	}
	if b != nil && b.Target != nil {
		out.Target = b.Target.Name
		if root, ok := b.ContextRoot(); ok {
			root = j.names.Of(root)
			out.Context = &root
		}
	}
	if log := rep.Evidence.Run; log != nil {
		out.Service = log.Settings.Role
	}
	out.Image = imageOf(rep.Evidence.Image, hidden)
	for _, r := range rep.Answers {
		if r.Verdict.Outcome == check.Undecided {
			out.Undecided = append(out.Undecided, jsonOpen{r.Rule.ID(r.Check), r.Verdict.Reason, r.Verdict.Settle.String()})
		}
	}
	for _, row := range rep.Scorecard().Rows {
		out.Scorecard[row.Rule.Name] = row.Worst().String()
	}
	return out
}

// evidence is the line that a finding points at; "" = the whole file.
func (j *jsonWriter) evidence(p check.Place, hidden *excerpt.Hidden) string {
	if p.Span.IsZero() {
		return ""
	}
	return excerpt.Line(p, hidden)
}

// proved is what a proof says beside its verdicts; nil = nothing was run.
func (j *jsonWriter) proved(res *check.Result, hidden *excerpt.Hidden) *jsonProof {
	var out *jsonProof
	for _, rep := range res.Reports { // of one build, a report for each run
		log := rep.Evidence.Run
		if log == nil {
			continue
		}
		j.all = true
		if shown := j.names.Veil(res, hidden).Log(log); out == nil {
			out = &jsonProof{Log: shown}
		} else {
			out.More = append(out.More, shown)
		}
		for _, c := range rep.Contradictions() {
			out.Contradictions = append(out.Contradictions, jsonContradiction{c.Rule.ID(c.Check), c.Holds.String(), c.Violated.String()})
		}
	}
	if out != nil && res.Proof != nil {
		for _, p := range res.Proof.Published {
			out.Published = append(out.Published, jsonPublished{p.Name, p.Digest, p.Signed})
		}
	}
	return out
}

// imageOf is what was looked at of an image; nil = nothing.
func imageOf(img *image.Image, hidden *excerpt.Hidden) *jsonImage {
	if img == nil {
		return nil
	}
	out := &jsonImage{Name: img.Name, ID: img.ID, Digest: img.Digest, Platform: img.Platform.String(), Bytes: img.Size(), Wasted: img.Wasted()}
	wasted := img.WastedIn()
	for i := range img.Layers {
		l := &img.Layers[i]
		one := jsonLayer{DiffID: l.DiffID, Digest: l.Digest, Bytes: l.Size, Files: l.Files, Wasted: wasted[i], Skipped: l.Skipped}
		if s := img.StepOf(i); s != nil {
			one.Instruction = hidden.Hide(s.Text)
		}
		out.Layers = append(out.Layers, one)
	}
	for _, p := range img.Problems {
		out.Problems = append(out.Problems, p.String())
	}
	return out
}

// Close ends the object.
func (j *jsonWriter) Close(problems []check.Problem) error {
	j.begin()
	j.w.WriteString("\n],\"units\":")
	if j.units == nil {
		j.units = []jsonUnit{}
	}
	for _, p := range problems {
		j.units = append(j.units, jsonUnit{Path: j.names.Of(p.Path), Kind: "unknown", Problem: &jsonProblem{j.names.Redactor.Hide(excerpt.Problem(p)), p.Line, false}})
	}
	if j.all { // a proof's record is long: a line for each value
		data, err := json.MarshalIndent(j.units, "", " ")
		if err != nil {
			panic(err) // only plain data is ever written
		}
		j.w.Write(data)
	} else {
		j.json(j.units)
	}
	card := map[string]map[string]string{}
	for _, r := range rules.All {
		levels := map[string]string{}
		for l := check.Source; l <= check.Run; l++ {
			if j.all || j.tally.Levels[l] || l == check.Source && j.tally.Levels == [3]bool{} {
				levels[l.String()] = j.tally.Scorecard.Of(r).Outcomes[l].String()
			}
		}
		card[r.Name] = levels
	}
	j.w.WriteString(",\"scorecard\":")
	j.json(card)
	j.w.WriteString(",\"summary\":")
	j.json(map[string]int{"errors": j.tally.Count(check.Error), "warnings": j.tally.Count(check.Warning), "notes": j.tally.Count(check.Note), "units": j.tally.Units, "unparsable": j.tally.Unparsable})
	j.w.WriteString("}\n")
	return j.w.Flush()
}
