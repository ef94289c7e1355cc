package report_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/dockworthy/dockworthy"
	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/report"
)

const secret = "Zx81qqP0wLmN55t"

func render(t *testing.T, fsys fstest.MapFS, w report.Writer) {
	t.Helper()
	p := dockworthy.Open(fsys, []string{"."}, source.Options{})
	if err := p.Check(context.Background(), check.Options{}, w.Result); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(p.Problems()); err != nil {
		t.Fatal(err)
	}
}

func project() fstest.MapFS {
	return fstest.MapFS{
		"Dockerfile": {Data: []byte("FROM python:3.12.8-slim-bookworm\n" +
			"ENV DB_HOST=db DB_PASSWORD=" + secret + "\n" +
			"CMD python app.py --password " + secret + "\n")},
		"typo/Dockerfile": {Data: []byte("FROM alpine:3.21.0\nENV A=b\n  DB_PASSWORD=" + secret + "\n")},
		"compose.yaml":    {Data: []byte("services:\n  web:\n    build: .\n    environment:\n      DB_PASSWORD: " + secret + "\n")},
	}
}

// writer writes a format, "color" being text with colours.
func writer(t *testing.T, format string, w io.Writer) report.Writer {
	t.Helper()
	opt := report.Options{}
	if format == "color" {
		format, opt.Color = "text", true
	}
	out, err := report.New(format, w, opt)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestNoFormatShowsASecret(t *testing.T) {
	for _, name := range []string{"text", "color", "json", "sarif"} {
		var b bytes.Buffer
		render(t, project(), writer(t, name, &b))
		if strings.Contains(b.String(), secret) {
			t.Errorf("%s shows the secret:\n%s", name, b.String())
		}
		if !strings.Contains(b.String(), "secrets/in-env") {
			t.Errorf("%s does not speak of it", name)
		}
	}
}

// A value that is a word of what a check says in general is hidden where it stands, and
// the advice stays readable.
func TestAdviceStaysReadable(t *testing.T) {
	files := fstest.MapFS{"Dockerfile": {Data: []byte("FROM python:3.12.8-slim-bookworm\nENV DB_PASSWORD=orchestrator\n")}}
	for _, name := range []string{"text", "json", "sarif"} {
		var b bytes.Buffer
		render(t, files, writer(t, name, &b))
		if out := b.String(); strings.Contains(out, "DB_PASSWORD=orchestrator") || !strings.Contains(out, "a secret of the orchestrator") {
			t.Errorf("%s:\n%s", name, out)
		}
	}
}

// A secret is masked in the lines that other rules show, also where the rule
// about secrets is left out.
func TestSkippedSecretsStayMasked(t *testing.T) {
	var b bytes.Buffer
	w := writer(t, "text", &b)
	p := dockworthy.Open(project(), []string{"."}, source.Options{})
	if err := p.Check(context.Background(), check.Options{Skip: []string{"secrets"}}, w.Result); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), secret) || strings.Contains(b.String(), "[secrets/") {
		t.Errorf("shown:\n%s", b.String())
	}
	if !strings.Contains(b.String(), "entrypoint/shell-form") {
		t.Error("the line with the secret is not shown at all, so this shows nothing")
	}
}

func TestText(t *testing.T) {
	var b bytes.Buffer
	w := writer(t, "text", &b)
	render(t, fstest.MapFS{"Dockerfile": {Data: []byte("FROM scratch\nCOPY --from=alpine:3.21.0 /bin/ä /bin/app\nUSER\t0:0\nENTRYPOINT [\"/bin/app\"]\n")}}, w)
	want := `error[non-root/final-user-root]: the container starts as root: the last USER is 0:0
  --> Dockerfile:3:6
  |
3 | USER 0:0
  |      ^^^
   = why: root in the container is root to the kernel, so an attacker has fewer barriers to escape from the container
`
	if !strings.Contains(b.String(), want) {
		t.Errorf("got:\n%s\nwant in it:\n%s", b.String(), want)
	}
}

func TestJSON(t *testing.T) {
	var b bytes.Buffer
	render(t, project(), writer(t, "json", &b))
	var doc struct {
		Version  int
		Findings []struct {
			ID, Rule, Severity, Message, Why, Mend, Unit, Fingerprint string
			Family                                                    int
			Place                                                     struct {
				File                  string
				Line, Column, EndLine int
			}
		}
		Units []struct {
			Path, Kind string
			Problem    *struct{ Message string }
		}
		Scorecard map[string]map[string]string
		Summary   map[string]int
	}
	dec := json.NewDecoder(&b)
	if err := dec.Decode(&doc); err != nil {
		t.Fatal(err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		t.Error("there is more than one value")
	}
	if doc.Version != report.SchemaVersion || len(doc.Findings) == 0 || len(doc.Scorecard) != 8 {
		t.Errorf("version %d, %d findings, %d rules", doc.Version, len(doc.Findings), len(doc.Scorecard))
	}
	for _, f := range doc.Findings {
		if f.ID == "" || f.Family < 1 || f.Family > 8 || f.Message == "" || f.Why == "" || f.Mend == "" || f.Unit == "" || len(f.Fingerprint) != 32 {
			t.Errorf("incomplete: %+v", f)
		}
	}
	if got := doc.Scorecard["secrets"]["source"]; got != "violated" {
		t.Errorf("secrets are %s", got)
	}
	problems := 0
	for _, u := range doc.Units {
		if u.Problem != nil {
			problems++
		}
	}
	if problems != 1 || doc.Summary["unparsable"] != 1 {
		t.Errorf("%d problems, summary %v", problems, doc.Summary)
	}
}

type sarifLog struct {
	Version string
	Runs    []struct {
		Tool struct {
			Driver struct {
				Rules []struct {
					ID         string
					Help       struct{ Markdown string }
					Properties struct {
						Family           int
						Precision        string
						SecuritySeverity string `json:"security-severity"`
					}
				}
			}
		}
		Results []struct {
			RuleID    string
			RuleIndex int
			Level     string
			Locations []struct {
				PhysicalLocation struct {
					ArtifactLocation struct{ URI string }
					Region           struct{ StartLine int }
				}
			}
			PartialFingerprints map[string]string
			Fixes               []struct {
				Description     struct{ Text string }
				ArtifactChanges []struct {
					ArtifactLocation struct{ URI string }
					Replacements     []struct {
						DeletedRegion   struct{ StartLine, StartColumn, EndLine, EndColumn int }
						InsertedContent struct{ Text string }
					}
				}
				Properties struct{ Grade, Reason string }
			}
		}
	}
}

func TestSARIF(t *testing.T) {
	for name, fsys := range map[string]fstest.MapFS{"findings": project(), "nothing": {}} {
		var b bytes.Buffer
		render(t, fsys, writer(t, "sarif", &b))
		var log sarifLog
		if err := json.Unmarshal(b.Bytes(), &log); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if log.Version != "2.1.0" || len(log.Runs) != 1 {
			t.Fatalf("%s: version %s, %d runs", name, log.Version, len(log.Runs))
		}
		list := log.Runs[0].Tool.Driver.Rules
		for _, r := range list {
			ours := r.ID != "input/unparsable"
			// A code host makes an alert of what has a security severity.
			switch secure := slices.Contains([]int{2, 4, 5, 6}, r.Properties.Family); {
			case ours && r.Properties.Precision == "":
				t.Errorf("%s: rule %s has no precision", name, r.ID)
			case secure != (r.Properties.SecuritySeverity != ""):
				t.Errorf("%s: rule %s has the security severity %q", name, r.ID, r.Properties.SecuritySeverity)
			}
			if ours != (r.Properties.Family >= 1 && r.Properties.Family <= 8) || r.Help.Markdown == "" {
				t.Errorf("%s: rule %s has family %d", name, r.ID, r.Properties.Family)
			}
		}
		if (len(log.Runs[0].Results) > 0) != (name == "findings") {
			t.Errorf("%s: %d results", name, len(log.Runs[0].Results))
		}
		for _, r := range log.Runs[0].Results {
			if list[r.RuleIndex].ID != r.RuleID || len(r.Locations) == 0 || r.Locations[0].PhysicalLocation.Region.StartLine < 1 || len(r.PartialFingerprints) == 0 {
				t.Errorf("%s: %+v", name, r)
			}
		}
	}
}

// A fingerprint outlives edits elsewhere in the file.
// A finding keeps its fingerprint when other lines come and go, and two findings
// on equal lines have two.
func TestFingerprint(t *testing.T) {
	prints := func(src string) map[string]int {
		count := map[string]int{}
		p := dockworthy.Open(fstest.MapFS{"Dockerfile": {Data: []byte(src)}}, []string{"."}, source.Options{})
		err := p.Check(context.Background(), check.Options{}, func(res *check.Result) error {
			for _, f := range res.Findings {
				count[report.Fingerprint(f, res.Unit)]++
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return count
	}
	before := prints("FROM alpine:3.21.0\nUSER root\nCMD x y\n")
	after := prints("# new\n\nFROM alpine:3.21.0\nLABEL a=b\nUSER   root\nCMD x y\n")
	for id := range before {
		if after[id] == 0 {
			t.Errorf("%s is gone", id)
		}
	}
	const line = "RUN apt-get update\n"
	two := prints("FROM debian:12.9\n" + line + line + "USER 10001\n")
	for id, n := range two {
		if n > 1 {
			t.Errorf("%d findings share %s", n, id)
		}
	}
	three := prints("FROM debian:12.9\n" + line + line + line + "USER 10001\n")
	if len(three) <= len(two) {
		t.Errorf("a third equal line brings no finding of its own: %d and %d", len(two), len(three))
	}
	for id := range two {
		if three[id] == 0 {
			t.Errorf("%s is gone with a third equal line", id)
		}
	}
}

// A fix is in JSON and in SARIF as the same edits, and not where it would write a
// secret, which a report hides.
func TestFixesInReports(t *testing.T) {
	const df = "FROM python:3.13.1-slim-bookworm\nUSER 10001\nCMD python main.py --port 80\n"
	type place struct{ Line, Column, EndLine, EndColumn int }
	var doc struct {
		Findings []struct {
			ID    string
			Fixes []struct {
				Title, Grade, Reason string
				Edits                []struct {
					place
					File, Text string
				}
			}
		}
	}
	var b bytes.Buffer
	render(t, fstest.MapFS{"Dockerfile": {Data: []byte(df)}}, writer(t, "json", &b))
	if err := json.Unmarshal(b.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	found := false
	for _, f := range doc.Findings {
		if f.ID != "entrypoint/shell-form" {
			continue
		}
		found = true
		if len(f.Fixes) != 1 || f.Fixes[0].Grade != "safe" || len(f.Fixes[0].Edits) != 1 {
			t.Fatalf("%+v", f)
		}
		e := f.Fixes[0].Edits[0]
		if e.place != (place{3, 5, 3, 29}) || e.File != "Dockerfile" || e.Text != `["python", "main.py", "--port", "80"]` {
			t.Errorf("%+v", e)
		}
	}
	var log sarifLog
	b.Reset()
	render(t, fstest.MapFS{"Dockerfile": {Data: []byte(df)}}, writer(t, "sarif", &b))
	if err := json.Unmarshal(b.Bytes(), &log); err != nil {
		t.Fatal(err)
	}
	for _, r := range log.Runs[0].Results {
		if r.RuleID != "entrypoint/shell-form" {
			continue
		}
		if len(r.Fixes) != 1 || r.Fixes[0].Properties.Grade != "safe" || r.Fixes[0].Description.Text == "" {
			t.Fatalf("%+v", r)
		}
		c := r.Fixes[0].ArtifactChanges
		if len(c) != 1 || c[0].ArtifactLocation.URI != "Dockerfile" || len(c[0].Replacements) != 1 || c[0].Replacements[0].DeletedRegion.EndColumn != 29 ||
			c[0].Replacements[0].InsertedContent.Text != `["python", "main.py", "--port", "80"]` {
			t.Errorf("%+v", c)
		}
	}
	if !found {
		t.Error("there is no finding with a fix")
	}
	for _, format := range []string{"json", "sarif"} {
		b.Reset()
		render(t, fstest.MapFS{"Dockerfile": {Data: []byte(strings.ReplaceAll(df, "--port 80", "--password "+secret))}}, writer(t, format, &b))
		if strings.Contains(b.String(), secret) {
			t.Errorf("%s shows a secret", format)
		}
		if strings.Contains(b.String(), `"fixes":[{"title":"write`) || strings.Contains(b.String(), `"fixes":[{"description":{"text":"Write`) {
			t.Errorf("%s has a fix that would write asterisks", format)
		}
	}
}
