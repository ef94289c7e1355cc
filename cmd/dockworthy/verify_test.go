package main

import (
	"context"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	ggcr "github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/dockworthy/dockworthy/attest"
	"github.com/dockworthy/dockworthy/internal/audit"
	"github.com/dockworthy/dockworthy/internal/rules"
	"github.com/dockworthy/dockworthy/registry"
)

// TestVerify runs the scripts of keygen and verify, each with a registry of
// its own at $REGISTRY.
func TestVerify(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/verify",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":  exits,
			"layout": makeLayout,
			"attest": attestTo,
		},
		Setup: func(env *testscript.Env) error {
			s := httptest.NewServer(ggcr.New(ggcr.Logger(log.New(io.Discard, "", 0)), ggcr.WithReferrersSupport(true)))
			env.Defer(s.Close)
			env.Setenv("REGISTRY", strings.TrimPrefix(s.URL, "http://"))
			env.Setenv("BUNDLETYPE", attest.BundleType)
			return nil
		},
	})
}

// makeLayout makes an OCI layout with one image, also pushed to
// $REGISTRY/app:1, and sets DIGEST: layout DIR
func makeLayout(ts *testscript.TestScript, _ bool, args []string) {
	img, err := mutate.Config(empty.Image, v1.Config{User: "10001"})
	ts.Check(err)
	p, err := layout.Write(ts.MkAbs(args[0]), empty.Index)
	ts.Check(err)
	ts.Check(p.AppendImage(img, layout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": "1"})))
	h, err := img.Digest()
	ts.Check(err)
	ts.Setenv("DIGEST", h.String())
	ref, err := name.ParseReference(ts.Getenv("REGISTRY") + "/app:1")
	ts.Check(err)
	ts.Check(remote.Write(ref, img))
}

// attestTo signs evidence about $DIGEST and attaches it: attest KEY
// audit|summary|other DAY WHERE…, where WHERE is a layout's folder, "registry",
// or a file for the bundle. On the 1st and 2nd day the image was good; then not.
func attestTo(ts *testscript.TestScript, _ bool, args []string) {
	data := ts.ReadFile(args[0])
	key, err := attest.ParseKey([]byte(data))
	ts.Check(err)
	day, err := time.Parse(time.DateOnly, args[2])
	ts.Check(err)
	card := attest.Scorecard{}
	for _, r := range rules.All {
		card[r.Name] = map[attest.Level]attest.Outcome{attest.BySource: attest.Holds}
	}
	card["non-root"][attest.ByRun] = attest.Holds
	card["layer-cache"][attest.BySource] = attest.Undecided
	card["healthcheck"][attest.BySource] = attest.NotApplicable
	a := attest.Audit{
		Tool: attest.Tool{Name: "dockworthy", Version: "0.1.0"}, StartedOn: day, FinishedOn: day,
		Platform: "linux/amd64", Unit: attest.Unit{Dockerfile: "Dockerfile", Context: ".", Profile: "standard"}, Scorecard: card,
	}
	if day.Day() > 2 {
		card["secrets"][attest.ByImage] = attest.Violated
		a.Findings = []attest.Finding{{ID: "secrets/in-env", Level: attest.ByImage, Severity: "error", Message: "TOKEN=\x1b[31m****", Place: "layer 3"}}
	}
	a.Controls = audit.Controls(rules.All, card)
	digest := attest.Digest(ts.Getenv("DIGEST"))
	sub := attest.NewSubject("example.com/app", digest)
	var s attest.Statement
	switch args[1] {
	case "audit":
		s, err = a.Statement(sub)
	case "summary":
		s, err = a.Summary().Statement(sub)
	case "other":
		s = attest.Statement{Type: attest.StatementType, Subject: []attest.Subject{sub}, PredicateType: "https://slsa.dev/provenance/v1", Predicate: []byte(`{"buildDefinition":{}}`)}
	case "empty":
		s = attest.Statement{Type: attest.StatementType, Subject: []attest.Subject{sub}, PredicateType: attest.AuditType, Predicate: []byte("{}")}
	}
	ts.Check(err)
	b, err := attest.Sign(key, s)
	ts.Check(err)
	for _, where := range args[3:] {
		if where == "registry" {
			img, err := registry.Open(ts.Getenv("REGISTRY")+"/app:1", registry.Options{})
			ts.Check(err)
			_, err = img.Attach(context.Background(), digest, b)
			ts.Check(err)
			continue
		}
		if filepath.Ext(where) == ".json" {
			ts.Check(os.WriteFile(ts.MkAbs(where), b.JSON(), 0o644))
			continue
		}
		l, err := registry.OpenLayout(ts.MkAbs(where), "")
		ts.Check(err)
		_, err = l.Attach(context.Background(), digest, b)
		ts.Check(err)
	}
}
