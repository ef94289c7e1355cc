package attest_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dockworthy/dockworthy/attest"
)

var (
	digest = attest.Digest("sha256:" + strings.Repeat("ab", 32))
	other  = attest.Digest("sha256:" + strings.Repeat("cd", 32))
)

// audit is one with every field.
func audit() attest.Audit {
	card := attest.Scorecard{
		"non-root":    {attest.BySource: attest.Holds, attest.ByRun: attest.Holds},
		"layer-cache": {attest.BySource: attest.Holds},
		"healthcheck": {attest.BySource: attest.Holds, attest.ByRun: attest.Violated},
		"pinned-base": {attest.BySource: attest.Undecided},
	}
	return attest.Audit{
		Tool:       attest.Tool{Name: "dockworthy", Version: "0.1.0"},
		StartedOn:  time.Date(2026, 11, 25, 12, 0, 0, 999, time.FixedZone("here", 3600)),
		FinishedOn: time.Date(2026, 11, 25, 12, 1, 0, 0, time.FixedZone("here", 3600)),
		Platform:   "linux/amd64",
		Source:     &attest.Source{URI: "git+https://example.com/agent", Revision: "0123abc"},
		Unit:       attest.Unit{Dockerfile: "Dockerfile", Target: "runtime", Context: ".", Profile: "standard"},
		Scorecard:  card,
		Findings:   []attest.Finding{{ID: "healthcheck/missing", Level: attest.ByRun, Severity: "error", Message: "frozen for 9 s & <healthy>", Place: "Dockerfile:9"}},
		Controls: []attest.Control{
			{Standard: "CIS Docker Benchmark", Version: "1.6", ID: "4.1", Rule: "non-root", Strength: attest.Direct, Outcome: attest.Holds, Levels: []attest.Level{attest.BySource, attest.ByRun}},
			{Standard: "OWASP Docker Security Cheat Sheet", ID: "#2", Rule: "non-root", Strength: attest.Supports, Outcome: attest.Holds, Levels: []attest.Level{attest.BySource, attest.ByRun}},
		},
	}
}

func newKey(t testing.TB) attest.Key {
	t.Helper()
	k, err := attest.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func sign(t testing.TB, k attest.Key) attest.Bundle {
	t.Helper()
	s, err := audit().Statement(attest.NewSubject("registry.example/agent", digest))
	if err != nil {
		t.Fatal(err)
	}
	b, err := attest.Sign(k, s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestRoundTrip(t *testing.T) {
	k := newKey(t)
	signed := sign(t, k)
	if again := sign(t, k); !bytes.Equal(signed.JSON(), again.JSON()) {
		t.Error("the same key and statement gave two bundles")
	}
	b, err := attest.ParseBundle(signed.JSON())
	if err != nil {
		t.Fatal(err)
	}
	s, err := attest.Verify(b, k.Public(), digest)
	if err != nil {
		t.Fatal(err)
	}
	got, err := attest.ParseAudit(s)
	if err != nil {
		t.Fatal(err)
	}
	if got.Scorecard.Rule("healthcheck") != attest.Violated || got.Findings[0] != audit().Findings[0] || got.Source.Revision != "0123abc" {
		t.Errorf("the audit came back as %+v", got)
	}
	if o, ok := got.Scorecard["non-root"][attest.ByImage]; !ok || o != attest.NotLookedAt {
		t.Error("a level that was not looked at is not said")
	}
	if got.StartedOn.Format(time.RFC3339Nano) != "2026-11-25T11:00:00Z" {
		t.Errorf("startedOn is %s", got.StartedOn.Format(time.RFC3339Nano))
	}
	if b.Hint() != k.Public().Hint() {
		t.Errorf("hint %q, want %q", b.Hint(), k.Public().Hint())
	}
}

// TestSchema holds the predicate against testdata/audit.json, so that no field
// changes unseen.
func TestSchema(t *testing.T) {
	a := audit()
	s, err := a.Statement(attest.NewSubject("registry.example/agent", digest))
	if err != nil {
		t.Fatal(err)
	}
	sum, err := a.Summary().Statement(attest.NewSubject("registry.example/agent", digest))
	if err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]attest.Statement{"audit.json": s, "summary.json": sum} {
		got, err := json.MarshalIndent(s, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, '\n')
		path := filepath.Join("testdata", name)
		if os.Getenv("UPDATE") != "" {
			if err := os.WriteFile(path, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is now (UPDATE=1 writes it; a changed meaning needs a new predicate type):\n%s", name, got)
		}
	}
}

func TestVerifySaysWhatDiffers(t *testing.T) {
	k, k2 := newKey(t), newKey(t)
	b := sign(t, k)
	edit := func(f func(map[string]any)) attest.Bundle {
		t.Helper()
		var m map[string]any
		if err := json.Unmarshal(b.JSON(), &m); err != nil {
			t.Fatal(err)
		}
		f(m)
		data, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		b, err := attest.ParseBundle(data)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	envelope := func(m map[string]any) map[string]any { return m["dsseEnvelope"].(map[string]any) }

	var keyErr *attest.KeyError
	if _, err := attest.Verify(b, k2.Public(), digest); !errors.As(err, &keyErr) || keyErr.Signed != k.Public().Hint() || keyErr.Given != k2.Public().Hint() {
		t.Errorf("another key: %v", err)
	}
	var subErr *attest.SubjectError
	if _, err := attest.Verify(b, k.Public(), other); !errors.As(err, &subErr) || subErr.Says != string(digest) || subErr.Wants != other {
		t.Errorf("another digest: %v", err)
	}
	if _, err := attest.Verify(b, k.Public(), attest.Digest("sha512:"+strings.Repeat("ab", 64))); !errors.As(err, &subErr) {
		t.Errorf("another algorithm: %v", err)
	}

	for name, c := range map[string]struct {
		b    attest.Bundle
		want string
	}{
		"changed payload": {edit(func(m map[string]any) {
			payload, _ := base64.StdEncoding.DecodeString(envelope(m)["payload"].(string))
			payload = bytes.Replace(payload, []byte("violated"), []byte("holds"), 1)
			envelope(m)["payload"] = base64.StdEncoding.EncodeToString(payload)
		}), "changed after it was signed"},
		"changed signature": {edit(func(m map[string]any) {
			envelope(m)["signatures"] = []any{map[string]any{"sig": "MAA="}}
		}), "changed after it was signed"},
		"another payload type": {edit(func(m map[string]any) { envelope(m)["payloadType"] = "text/plain\x1b[2J" }), `"text/plain\x1b[2J", not application/vnd.in-toto+json`},
		"a certificate": {edit(func(m map[string]any) {
			m["verificationMaterial"] = map[string]any{"certificate": map[string]any{"rawBytes": "MAA="}}
		}), "cosign verify-attestation"},
		"a plain signature": {edit(func(m map[string]any) {
			delete(m, "dsseEnvelope")
			m["messageSignature"] = map[string]any{}
		}), "cosign verify"},
		"no bundle": {attest.Bundle{}, "no bundle"},
	} {
		if _, err := attest.Verify(c.b, k.Public(), digest); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	if _, err := attest.Verify(b, attest.PublicKey{}, digest); err == nil {
		t.Error("verified without a key")
	}
	if _, err := attest.Verify(b, k.Public(), ""); err == nil {
		t.Error("verified without a digest")
	}
	// A hint is only a hint: another spelling of it changes nothing.
	renamed := edit(func(m map[string]any) {
		m["verificationMaterial"] = map[string]any{"publicKey": map[string]any{"hint": "the key in the safe"}}
	})
	if _, err := attest.Verify(renamed, k.Public(), digest); err != nil {
		t.Errorf("another hint: %v", err)
	}
}

// A predicate of any type is given back: what to do with it is the caller's.
func TestUnknownPredicate(t *testing.T) {
	k := newKey(t)
	b, err := attest.Sign(k, attest.Statement{
		Type: attest.StatementType, Subject: []attest.Subject{attest.NewSubject("", digest)},
		PredicateType: "https://slsa.dev/provenance/v1", Predicate: json.RawMessage(`{"buildDefinition":{}}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	s, err := attest.Verify(b, k.Public(), digest)
	if err != nil || s.PredicateType != "https://slsa.dev/provenance/v1" {
		t.Errorf("%+v, %v", s, err)
	}
	// cosign still writes the older type, whose fields mean the same.
	for kind, ok := range map[string]bool{"https://in-toto.io/Statement/v0.1": true, "https://in-toto.io/Statement/v2": false} {
		s.Type = kind
		if _, err := attest.Sign(k, s); (err == nil) != ok {
			t.Errorf("%s: %v", kind, err)
		}
	}
	if _, err := attest.ParseAudit(s); err == nil {
		t.Error("read as an audit")
	}
	if _, err := attest.ParseSummary(s); err == nil {
		t.Error("read as a summary")
	}
}

// An outcome that this version does not know must not look green, or like
// nothing.
func TestUnknownOutcome(t *testing.T) {
	s := attest.Statement{PredicateType: attest.AuditType, Predicate: json.RawMessage(`{"scorecard":{"non-root":{"run":"fabulous"}}}`)}
	if _, err := attest.ParseAudit(s); err == nil || !strings.Contains(err.Error(), `"fabulous" is not an outcome`) {
		t.Errorf("%v", err)
	}
	// A field that it does not know is passed over, as in-toto wants it.
	s.Predicate = json.RawMessage(`{"scorecard":{"non-root":{"run":"holds"}},"finishedOn":"2026-11-01T00:00:00Z","novelty":1}`)
	if a, err := attest.ParseAudit(s); err != nil || a.Scorecard.Rule("non-root") != attest.Holds {
		t.Errorf("%+v, %v", a, err)
	}
}

// What says nothing is no evidence.
func TestEmpty(t *testing.T) {
	for predicate, want := range map[string]bool{"": true, "null": true, "{}": true, "[]": true, `""`: true, `{"a":null}`: false, "1": false} {
		s := attest.Statement{PredicateType: attest.AuditType, Predicate: json.RawMessage(predicate)}
		if s.Empty() != want {
			t.Errorf("%q is empty: %t", predicate, !want)
		}
	}
	for _, s := range []attest.Statement{
		{PredicateType: attest.AuditType, Predicate: json.RawMessage(`{"scorecard":{}}`)},
		{PredicateType: attest.AuditType, Predicate: json.RawMessage(`{"scorecard":{"non-root":{"run":"holds"}}}`)},
	} {
		if a, err := attest.ParseAudit(s); err == nil {
			t.Errorf("%s is the audit %+v", s.Predicate, a)
		}
	}
	if sum, err := attest.ParseSummary(attest.Statement{PredicateType: attest.SummaryType, Predicate: json.RawMessage(`{"properties":["X"]}`)}); err == nil {
		t.Errorf("it is the summary %+v", sum)
	}
}

func TestParseBundleRefuses(t *testing.T) {
	good := string(sign(t, newKey(t)).JSON())
	for name, c := range map[string]struct{ data, want string }{
		"empty":         {"", "ends early"},
		"truncated":     {good[:len(good)/2], "ends early"},
		"text":          {"hello", "invalid character"},
		"array":         {"[]", "not an object"},
		"trailing":      {good + "{}", "more data after"},
		"version":       {strings.Replace(good, "v0.3", "v0.9", 1), "v0.9"},
		"unknown field": {strings.Replace(good, `"mediaType"`, `"more":1,"mediaType"`, 1), `"more"`},
		"no content":    {`{"mediaType":"` + attest.BundleType + `","verificationMaterial":{}}`, "no signature"},
		"no signatures": {`{"mediaType":"` + attest.BundleType + `","dsseEnvelope":{"payload":"","payloadType":"","signatures":[]}}`, "0 signatures"},
		"both":          {`{"mediaType":"` + attest.BundleType + `","messageSignature":{},"dsseEnvelope":{"signatures":[{}]}}`, "both"},
		"kind":          {`{"mediaType":"` + attest.BundleType + `","dsseEnvelope":{"signatures":1}}`, `"dsseEnvelope.signatures" has the wrong type`},
		"base64":        {`{"mediaType":"` + attest.BundleType + `","dsseEnvelope":{"payload":"???"}}`, "base64"},
		"deep":          {strings.Repeat("[", 1<<20), "exceeded max depth"},
		"huge":          {good + strings.Repeat(" ", attest.MaxBundle), "the limit is"},
	} {
		if _, err := attest.ParseBundle([]byte(c.data)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func TestSignRefuses(t *testing.T) {
	k := newKey(t)
	for name, s := range map[string]attest.Statement{
		"nothing":    {},
		"no subject": {Type: attest.StatementType, PredicateType: "x"},
		"too large": {Type: attest.StatementType, Subject: []attest.Subject{attest.NewSubject("", digest)}, PredicateType: "x",
			Predicate: json.RawMessage(`"` + strings.Repeat("x", attest.MaxBundle) + `"`)},
	} {
		if _, err := attest.Sign(k, s); err == nil {
			t.Errorf("%s: signed", name)
		}
	}
	if _, err := attest.Sign(attest.Key{}, attest.Statement{Type: attest.StatementType, Subject: []attest.Subject{attest.NewSubject("", digest)}, PredicateType: "x", Predicate: json.RawMessage("{}")}); err == nil {
		t.Error("signed without a key")
	}
	a := audit()
	a.FinishedOn = time.Time{}
	if _, err := a.Statement(attest.NewSubject("", digest)); err == nil {
		t.Error("an audit without a time")
	}
	if _, err := audit().Statement(attest.NewSubject("", "")); err == nil {
		t.Error("a subject without a digest")
	}
}

func TestRuleOutcome(t *testing.T) {
	const n, a, h, u, v = attest.NotLookedAt, attest.NotApplicable, attest.Holds, attest.Undecided, attest.Violated
	for _, c := range []struct{ source, image, run, want attest.Outcome }{
		{n, n, n, n},
		{h, n, n, h},
		{u, n, h, h}, // settled by stronger evidence
		{h, n, u, u}, // and by no weaker one
		{h, h, v, v},
		{v, h, h, v}, // a contradiction is not green
		{v, n, u, v},
		{a, n, n, a},
		{h, a, n, h},
		{a, h, n, h},
		{u, a, n, u},
	} {
		card := attest.Scorecard{"r": {attest.BySource: c.source, attest.ByImage: c.image, attest.ByRun: c.run}}
		if got := card.Rule("r"); got != c.want {
			t.Errorf("source %v, image %v, run %v: %v, want %v", c.source, c.image, c.run, got, c.want)
		}
	}
}

func TestSummary(t *testing.T) {
	got := audit().Summary()
	want := []string{"DOCKWORTHY_LAYER_CACHE_SOURCE", "DOCKWORTHY_NON_ROOT_RUN", "DOCKWORTHY_NON_ROOT_SOURCE"}
	if !slices.Equal(got.Properties, want) {
		t.Errorf("properties %v, want %v", got.Properties, want)
	}
	if got.Verifier.ID != "https://dockworthy.dev/verifier/v1/standard" {
		t.Errorf("verifier %s", got.Verifier.ID)
	}
}

func TestKeys(t *testing.T) {
	k := newKey(t)
	data, err := k.PEM()
	if err != nil {
		t.Fatal(err)
	}
	k2, err := attest.ParseKey(data)
	if err != nil || k2.Public().Hint() != k.Public().Hint() {
		t.Fatalf("%v, %v", k2, err)
	}
	p, err := attest.ParsePublicKey(k.Public().PEM())
	if err != nil || p.Hint() != k.Public().Hint() {
		t.Fatalf("%v", err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if s := fmt.Sprintf(verb, k); s != "private key of "+k.Public().Hint() {
			t.Errorf("%s shows %s", verb, s)
		}
	}
}

// TestKeyFiles reads keys in the forms that openssl and cosign write.
func TestKeyFiles(t *testing.T) {
	files := keyFiles(t)
	for name, want := range map[string]string{
		"sec1":            "",
		"pkcs8":           "",
		"ecparam":         "",
		"p384":            "only P-256",
		"p384 pkcs8":      "only P-256",
		"rsa":             "an RSA key",
		"ed25519":         "an Ed25519 key",
		"encrypted pkcs8": "openssl pkcs8",
		"encrypted sec1":  "openssl ec",
		"cosign":          "dockworthy keygen",
		"public":          "signing needs the private key",
		"certificate":     "signing needs the private key",
		"text":            "no PEM block",
		"broken":          "read the private key",
		"dsa":             "not a supported private key",
	} {
		k, err := attest.ParseKey(files[name])
		switch {
		case want == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case want == "" && k.Public().Hint() == "no key":
			t.Errorf("%s: no key", name)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
	for name, want := range map[string]string{
		"public":      "",
		"public p384": "only P-256",
		"sec1":        "give the public key",
		"cosign":      "give the public key",
		"certificate": "openssl x509",
		"text":        "no PEM block",
		"dsa":         "not a public key",
	} {
		_, err := attest.ParsePublicKey(files[name])
		if (want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
	if _, err := attest.ParseKey(make([]byte, attest.MaxKey+1)); err == nil || !strings.Contains(err.Error(), "the limit for a key") {
		t.Errorf("a large file: %v", err)
	}
}

// keyFiles are keys in many forms, good and bad.
func keyFiles(t testing.TB) map[string][]byte {
	t.Helper()
	must := func(der []byte, err error) []byte {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	block := func(kind string, der []byte) []byte {
		return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
	}
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(nil, err)
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	must(nil, err)
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	must(nil, err)
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	must(nil, err)
	sec1 := block("EC PRIVATE KEY", must(x509.MarshalECPrivateKey(p256)))
	return map[string][]byte{
		"sec1":            sec1,
		"ecparam":         append(block("EC PARAMETERS", []byte{6, 8}), sec1...),
		"pkcs8":           block("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(p256))),
		"p384":            block("EC PRIVATE KEY", must(x509.MarshalECPrivateKey(p384))),
		"p384 pkcs8":      block("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(p384))),
		"rsa":             block("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(rsaKey))),
		"ed25519":         block("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(edKey))),
		"encrypted pkcs8": block("ENCRYPTED PRIVATE KEY", []byte{1, 2, 3}),
		"encrypted sec1": pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: []byte{1, 2, 3},
			Headers: map[string]string{"Proc-Type": "4,ENCRYPTED", "DEK-Info": "AES-256-CBC,C479971F34C6547DDC8FC9C39D099829"}}),
		"cosign":      block("ENCRYPTED SIGSTORE PRIVATE KEY", []byte("{}")),
		"public":      block("PUBLIC KEY", must(x509.MarshalPKIXPublicKey(&p256.PublicKey))),
		"public p384": block("PUBLIC KEY", must(x509.MarshalPKIXPublicKey(&p384.PublicKey))),
		"certificate": block("CERTIFICATE", []byte{1, 2, 3}),
		"text":        []byte("hello\n"),
		"broken":      block("PRIVATE KEY", []byte{1, 2, 3}),
		"dsa":         block("DSA PARAMETERS", []byte{1, 2, 3}),
	}
}

// TestOpenssl checks a signature with another program, where it is installed.
func TestOpenssl(t *testing.T) {
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("openssl is not installed: the signature is not checked by it")
	}
	k := newKey(t)
	var form struct {
		DSSEEnvelope struct {
			Payload     []byte
			PayloadType string
			Signatures  []struct{ Sig []byte }
		}
	}
	if err := json.Unmarshal(sign(t, k).JSON(), &form); err != nil {
		t.Fatal(err)
	}
	e, dir := form.DSSEEnvelope, t.TempDir()
	pae := fmt.Sprintf("DSSEv1 %d %s %d %s", len(e.PayloadType), e.PayloadType, len(e.Payload), e.Payload)
	for name, data := range map[string][]byte{"pub": k.Public().PEM(), "sig": e.Signatures[0].Sig, "pae": []byte(pae)} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(openssl, "dgst", "-sha256", "-verify", "pub", "-signature", "sig", "pae")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("openssl: %v\n%s", err, out)
	}
}

func TestParseDigest(t *testing.T) {
	for _, good := range []string{string(digest), "sha512:" + strings.Repeat("0", 128)} {
		if _, err := attest.ParseDigest(good); err != nil {
			t.Error(err)
		}
	}
	for _, bad := range []string{"", "sha256", "sha256:", "sha256:../../etc/passwd", "md5:" + strings.Repeat("0", 32), "sha256:" + strings.Repeat("AB", 32), "sha256:" + strings.Repeat("g", 64)} {
		if _, err := attest.ParseDigest(bad); err == nil {
			t.Errorf("%s passes for a digest", bad)
		}
	}
}

func FuzzVerify(f *testing.F) {
	k := newKey(f)
	good := sign(f, k).JSON()
	f.Add(good)
	f.Add(good[:len(good)-2])
	f.Add([]byte(`{"mediaType":"` + attest.BundleType + `","messageSignature":{"messageDigest":{}}}`))
	f.Add([]byte(`{"mediaType":"` + attest.BundleType + `","verificationMaterial":{"certificate":{"rawBytes":""},"tlogEntries":[{}]},"dsseEnvelope":{"payload":"e30=","payloadType":"application/vnd.in-toto+json","signatures":[{"sig":"MAA="}]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := attest.ParseBundle(data)
		if err != nil {
			return
		}
		if !bytes.Equal(b.JSON(), data) {
			t.Error("a bundle is not what was read")
		}
		b.Unverified()
		s, err := attest.Verify(b, k.Public(), digest)
		if err != nil {
			return
		}
		// What verifies is what was signed, however it is wrapped.
		if a, err := attest.ParseAudit(s); err != nil || a.Scorecard.Rule("healthcheck") != attest.Violated {
			t.Errorf("verified and not what was signed: %v", err)
		}
	})
}

func FuzzStatement(f *testing.F) {
	for _, name := range []string{"audit.json", "summary.json"} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	k := newKey(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		var s attest.Statement
		if json.Unmarshal(data, &s) != nil {
			return
		}
		b, err := attest.Sign(k, s)
		if err != nil {
			return
		}
		if _, err := attest.ParseBundle(b.JSON()); err != nil {
			t.Errorf("signed and not read again: %v", err)
		}
		got, err := attest.Verify(b, k.Public(), digest)
		if err != nil {
			return
		}
		if a, err := attest.ParseAudit(got); err == nil {
			a.Summary()
			if st, err := a.Statement(attest.NewSubject("", digest)); err == nil {
				if _, err := attest.ParseAudit(st); err != nil {
					t.Errorf("written and not read again: %v", err)
				}
			}
		}
		attest.ParseSummary(got)
	})
}

func FuzzKey(f *testing.F) {
	for _, data := range keyFiles(f) {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if k, err := attest.ParseKey(data); err == nil {
			pem, err := k.PEM()
			if err != nil {
				t.Fatal(err)
			}
			if again, err := attest.ParseKey(pem); err != nil || again.Public().Hint() != k.Public().Hint() {
				t.Errorf("written and not read again: %v", err)
			}
		}
		if p, err := attest.ParsePublicKey(data); err == nil {
			if again, err := attest.ParsePublicKey(p.PEM()); err != nil || again.Hint() != p.Hint() {
				t.Errorf("written and not read again: %v", err)
			}
		}
	})
}

// TestSigstoresBundle verifies a bundle that sigstore-go 1.3.0 signed with a key
// of its own. The other direction is in sigstoretest.
func TestSigstoresBundle(t *testing.T) {
	read := func(name string) []byte {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	pub, err := attest.ParsePublicKey(read("sigstore-go.pub"))
	if err != nil {
		t.Fatal(err)
	}
	b, err := attest.ParseBundle(read("sigstore-go.sigstore.json"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := attest.Verify(b, pub, digest)
	if err != nil || s.PredicateType != "https://example.com/anything" {
		t.Errorf("%+v, %v", s, err)
	}
	if b.Hint() != pub.Hint() {
		t.Errorf("hint %s, sigstore-go has %s", pub.Hint(), b.Hint())
	}
}
