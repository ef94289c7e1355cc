package pin

import (
	"encoding/json"
	"testing"

	"github.com/moby/buildkit/solver/pb"
	"github.com/moby/buildkit/sourcepolicy"
	spb "github.com/moby/buildkit/sourcepolicy/pb"

	"github.com/dockworthy/dockworthy/attest"
	"github.com/dockworthy/dockworthy/internal/source/base"
)

// BuildKit's own engine takes the policy, and with it the digest for the tag.
func TestPolicy(t *testing.T) {
	use := func(name, digest string) *Decision {
		ref, err := base.ParseRef(name)
		if err != nil {
			t.Fatal(err)
		}
		return &Decision{Use: &Use{Ref: ref}, Digest: attest.Digest(digest)}
	}
	one, two := "sha256:"+hex('1'), "sha256:"+hex('2')
	data := Policy([]*Decision{use("python:3.12", one), use("docker.io/library/python:3.12", one), use("ghcr.io/a/b", two), use("twice:1", one), use("twice:1", two), use("scratch", "")})
	var p spb.Policy
	if err := json.Unmarshal(data, &p); err != nil {
		t.Fatalf("%v: %s", err, data)
	}
	engine := sourcepolicy.NewEngine([]*spb.Policy{&p})
	for name, want := range map[string]string{
		"docker-image://docker.io/library/python:3.12": "docker-image://docker.io/library/python:3.12@" + one,
		"docker-image://ghcr.io/a/b:latest":            "docker-image://ghcr.io/a/b:latest@" + two,
		"docker-image://docker.io/library/twice:1":     "docker-image://docker.io/library/twice:1",
		"docker-image://docker.io/library/python:3.13": "docker-image://docker.io/library/python:3.13",
	} {
		op := &pb.SourceOp{Identifier: name}
		if _, err := engine.Evaluate(t.Context(), op); err != nil || op.Identifier != want {
			t.Errorf("%s becomes %s, %v, want %s", name, op.Identifier, err, want)
		}
	}
}

func hex(c byte) string {
	b := make([]byte, 64)
	for i := range b {
		b[i] = c
	}
	return string(b)
}
