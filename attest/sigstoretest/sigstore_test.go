// Package sigstoretest verifies our bundles with sigstore-go, the library that
// cosign and others verify with. It is a module of its own, so that the
// program does not depend on any of it.
package sigstoretest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/verify"
	"github.com/sigstore/sigstore/pkg/signature"

	"github.com/dockworthy/dockworthy/attest"
)

var (
	digest = attest.Digest("sha256:" + strings.Repeat("ab", 32))
	other  = attest.Digest("sha256:" + strings.Repeat("cd", 32))
)

func newKey(t *testing.T) attest.Key {
	t.Helper()
	k, err := attest.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func signed(t *testing.T, k attest.Key) map[string]attest.Bundle {
	t.Helper()
	a := attest.Audit{
		Tool:       attest.Tool{Name: "dockworthy", Version: "0.1.0"},
		StartedOn:  time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC),
		FinishedOn: time.Date(2026, 11, 25, 12, 1, 0, 0, time.UTC),
		Unit:       attest.Unit{Dockerfile: "Dockerfile", Profile: "standard"},
		Scorecard:  attest.Scorecard{"non-root": {attest.ByRun: attest.Holds}},
		Findings:   []attest.Finding{{ID: "secrets/in-env", Level: attest.BySource, Severity: "error", Message: "<&> ünïcode"}},
	}
	audit, err := a.Statement(attest.NewSubject("example.com/app", digest))
	if err != nil {
		t.Fatal(err)
	}
	summary, err := a.Summary().Statement(attest.NewSubject("example.com/app", digest))
	if err != nil {
		t.Fatal(err)
	}
	bundles := map[string]attest.Bundle{}
	for _, s := range []attest.Statement{audit, summary} {
		b, err := attest.Sign(k, s)
		if err != nil {
			t.Fatal(err)
		}
		bundles[s.PredicateType] = b
	}
	return bundles
}

// verifyWith verifies a bundle as sigstore-go's own command does, with a key
// that is known by its hint and without a transparency log.
func verifyWith(t *testing.T, k attest.PublicKey, b attest.Bundle, d attest.Digest) (*verify.VerificationResult, error) {
	t.Helper()
	var sb bundle.Bundle
	if err := sb.UnmarshalJSON(b.JSON()); err != nil {
		return nil, err
	}
	block, _ := pem.Decode(k.PEM())
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	sv, err := signature.LoadECDSAVerifier(parsed.(*ecdsa.PublicKey), crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	material := root.NewTrustedPublicKeyMaterial(func(hint string) (root.TimeConstrainedVerifier, error) {
		return root.NewExpiringKey(sv, time.Time{}, time.Time{}), nil
	})
	v, err := verify.NewVerifier(material, verify.WithNoObserverTimestamps())
	if err != nil {
		t.Fatal(err)
	}
	sum, err := hex.DecodeString(d.Hex())
	if err != nil {
		t.Fatal(err)
	}
	return v.Verify(&sb, verify.NewPolicy(verify.WithArtifactDigest(d.Algorithm(), sum), verify.WithKey()))
}

func TestSigstoreVerifiesOurs(t *testing.T) {
	k := newKey(t)
	for predicate, b := range signed(t, k) {
		res, err := verifyWith(t, k.Public(), b, digest)
		if err != nil {
			t.Errorf("%s: %v", predicate, err)
			continue
		}
		if got := res.Statement.GetPredicateType(); got != predicate {
			t.Errorf("predicate type %s, want %s", got, predicate)
		}
		if _, err := verifyWith(t, k.Public(), b, other); err == nil {
			t.Errorf("%s: verified for another digest", predicate)
		}
		if _, err := verifyWith(t, newKey(t).Public(), b, digest); err == nil {
			t.Errorf("%s: verified with another key", predicate)
		}
	}
}
