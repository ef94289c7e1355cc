package audit_test

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/dockworthy/dockworthy"
	"github.com/dockworthy/dockworthy/attest"
	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/audit"
	"github.com/dockworthy/dockworthy/internal/image"
	"github.com/dockworthy/dockworthy/internal/image/read"
	"github.com/dockworthy/dockworthy/internal/rules"
	"github.com/dockworthy/dockworthy/internal/source"
)

// The two packages mean the same by the same outcome.
func TestOutcomes(t *testing.T) {
	for o := check.NotLookedAt; o <= check.Violated; o++ {
		if got := attest.Outcome(o).String(); got != o.String() {
			t.Errorf("%s is called %s", o, got)
		}
	}
}

func TestOf(t *testing.T) {
	p := dockworthy.Open(fstest.MapFS{"Dockerfile": {Data: []byte("FROM debian:bookworm-slim\nENV API_TOKEN=ghp_0123456789abcdefghijABCDEFGHIJ012345\nCMD [\"sleep\", \"60\"]\n")}}, []string{"."}, source.Options{})
	builds, prob := p.Builds(p.Units()[0])
	if prob != nil {
		t.Fatal(prob.Err)
	}
	a := audit.Of(rules.All, dockworthy.Look(check.Evidence{Source: builds[0]}, check.Options{}))
	if a.Unit.Dockerfile != "Dockerfile" || a.Unit.Profile != "standard" {
		t.Errorf("unit %+v", a.Unit)
	}
	if len(a.Scorecard) != 8 || a.Scorecard["secrets"][attest.BySource] != attest.Violated || a.Scorecard["secrets"][attest.ByRun] != attest.NotLookedAt {
		t.Errorf("scorecard %v", a.Scorecard)
	}
	i := slices.IndexFunc(a.Findings, func(f attest.Finding) bool { return f.ID == "secrets/in-env" })
	if i < 0 || a.Findings[i].Place != "Dockerfile:2" || a.Findings[i].Level != attest.BySource || a.Findings[i].Severity != "error" {
		t.Errorf("findings %+v", a.Findings)
	}
	for _, f := range a.Findings {
		if strings.Contains(f.Message, "ghp_0123456789abcdef") {
			t.Errorf("a secret is in the evidence: %s", f.Message)
		}
	}
	a.Tool, a.StartedOn, a.FinishedOn = attest.Tool{Name: "dockworthy", Version: dockworthy.Version}, time.Unix(1, 0), time.Unix(2, 0)
	if _, err := a.Statement(attest.NewSubject("app", attest.Digest("sha256:"+strings.Repeat("ab", 32)))); err != nil {
		t.Error(err)
	}
}

func TestControls(t *testing.T) {
	card := attest.Scorecard{"non-root": {attest.BySource: attest.Undecided, attest.ByRun: attest.Holds}}
	seen := map[string]bool{}
	direct := map[string]bool{}
	for _, c := range audit.Controls(rules.All, card) {
		if c.Strength == attest.Direct {
			direct[c.ID] = true
		}
		if c.Version == "" && !strings.HasPrefix(c.Standard, "OWASP") {
			t.Errorf("%s: the version of the standard is not known", c.Standard)
		}
		if c.Strength == attest.Direct && !strings.HasPrefix(c.Standard, "CIS") {
			t.Errorf("%s %s: direct", c.Standard, c.ID)
		}
		if strings.ContainsAny(c.ID, ", ") || c.ID == "" {
			t.Errorf("%s: id %q", c.Standard, c.ID)
		}
		seen[c.Rule] = true
		switch c.Rule {
		case "non-root":
			if c.Checks != nil {
				if c.Outcome != attest.NotLookedAt {
					t.Errorf("%s %s: %v, and no check was asked", c.Standard, c.ID, c.Outcome)
				}
				continue
			}
			if c.Outcome != attest.Holds || !slices.Equal(c.Levels, []attest.Level{attest.BySource, attest.ByRun}) {
				t.Errorf("%s %s: %v at %v", c.Standard, c.ID, c.Outcome, c.Levels)
			}
		default:
			if c.Outcome != attest.NotLookedAt || len(c.Levels) != 0 {
				t.Errorf("%s %s: %v at %v, and nobody looked", c.Standard, c.ID, c.Outcome, c.Levels)
			}
		}
	}
	// Honest blanks: what is tenuous is no control.
	if len(seen) != 7 || seen["entrypoint"] {
		t.Errorf("rules with controls: %v", seen)
	}
	if want := map[string]bool{"4.1": true, "4.6": true, "4.7": true, "4.10": true}; !maps.Equal(direct, want) {
		t.Errorf("direct are %v", direct)
	}
}

// controlsOf are the controls of CIS that were looked at, by their ids.
func controlsOf(t *testing.T, dockerfile string, img *image.Image) map[string]attest.Outcome {
	t.Helper()
	p := dockworthy.Open(fstest.MapFS{"Dockerfile": {Data: []byte(dockerfile)}, "main.py": {}}, []string{"."}, source.Options{})
	builds, prob := p.Builds(p.Units()[0])
	if prob != nil {
		t.Fatal(prob.Err)
	}
	ids := map[string]attest.Outcome{}
	for _, c := range audit.Of(rules.All, dockworthy.Look(check.Evidence{Source: builds[0], Image: img}, check.Options{})).Controls {
		if strings.HasPrefix(c.Standard, "CIS") && len(c.Levels) > 0 {
			ids[c.ID] = c.Outcome
		}
	}
	return ids
}

// Where a control is about one check, the others of its rule say nothing of it.
func TestControlsByCheck(t *testing.T) {
	const good = "FROM debian:12.8-slim\nRUN apt-get update && apt-get install -y --no-install-recommends curl && rm -rf /var/lib/apt/lists/*\nCOPY main.py /srv/\nUSER 10001:10001\nHEALTHCHECK CMD [\"/bin/true\"]\nEXPOSE 8080\nCMD [\"python3\", \"-m\", \"http.server\", \"8080\"]\n"
	ids := controlsOf(t, good, nil)
	// The health check shows nothing, and there is one: 4.6 asks for no more.
	if ids["4.1"] != attest.Holds || ids["4.6"] != attest.Holds || ids["4.7"] != attest.Holds {
		t.Errorf("good: %v", ids)
	}
	if _, ok := ids["4.8"]; ok {
		t.Error("4.8 without a look into the image")
	}
	bad := strings.NewReplacer("RUN apt-get update && ", "RUN apt-get update\nRUN ", "USER 10001:10001\n", "", "HEALTHCHECK CMD [\"/bin/true\"]\n", "").Replace(good)
	ids = controlsOf(t, bad, nil)
	if ids["4.1"] != attest.Violated || ids["4.6"] != attest.Violated || ids["4.7"] != attest.Violated {
		t.Errorf("bad: %v", ids)
	}
}

// imageOf is an image of a base layer and one of the Dockerfile's, each with a program
// that has this mode.
func imageOf(t *testing.T, base, own int64) *image.Image {
	t.Helper()
	pack := func(files ...tar.Header) []byte {
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		for _, h := range files {
			h.Size = int64(len(h.Linkname))
			body := h.Linkname
			h.Linkname = ""
			if err := w.WriteHeader(&h); err != nil {
				t.Fatal(err)
			}
			if _, err := w.Write([]byte(body)); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	layers := [][]byte{pack(tar.Header{Name: "bin/su", Mode: base, Linkname: "su"}), pack(tar.Header{Name: "srv/helper", Mode: own, Linkname: "helper"})}
	ids := []string{fmt.Sprintf("sha256:%x", sha256.Sum256(layers[0])), fmt.Sprintf("sha256:%x", sha256.Sum256(layers[1]))}
	config := `{"architecture":"amd64","os":"linux","config":{"User":"10001:10001"},"history":[{"created_by":"ADD rootfs / # buildkit"},{"created_by":"COPY helper /srv/ # buildkit"}],"rootfs":{"type":"layers","diff_ids":["` + ids[0] + `","` + ids[1] + `"]}}`
	data := pack(tar.Header{Name: "config.json", Mode: 0o644, Linkname: config}, tar.Header{Name: "manifest.json", Mode: 0o644, Linkname: `[{"Config":"config.json","Layers":["0.tar","1.tar"]}]`},
		tar.Header{Name: "0.tar", Mode: 0o644, Linkname: string(layers[0])}, tar.Header{Name: "1.tar", Mode: 0o644, Linkname: string(layers[1])})
	img, err := read.Archive(t.Context(), "image", bytes.NewReader(data), int64(len(data)), read.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// 4.8 asks that no file of the image is set-id, and not only none that the Dockerfile
// adds.
func TestSetIDControl(t *testing.T) {
	const dockerfile = "FROM debian:12.8-slim\nCOPY main.py /srv/\nUSER 10001:10001\nCMD [\"python3\"]\n"
	for _, c := range []struct {
		base, own int64
		want      attest.Outcome
	}{{0o755, 0o755, attest.Holds}, {0o4755, 0o755, attest.Undecided}, {0o755, 0o4755, attest.Violated}, {0o4755, 0o4755, attest.Violated}} {
		if got := controlsOf(t, dockerfile, imageOf(t, c.base, c.own))["4.8"]; got != c.want {
			t.Errorf("modes %o and %o: %v, want %v", c.base, c.own, got, c.want)
		}
	}
}
