// Package attest makes and checks signed evidence about an image: in-toto
// statements about a manifest's digest, signed with a local ECDSA key in a
// DSSE envelope, and carried in a Sigstore bundle that other tools verify too.
//
// A statement is either an Audit, all that was judged, or a Summary of it.
// The package is pure: no network, no files, no clock and no randomness but
// that of GenerateKey. Signing is deterministic (RFC 6979), so that the same
// statement and the same key give the same bundle, byte for byte. Where
// bundles are kept is the business of package registry.
package attest

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// A Digest names bytes by their hash, as OCI writes it: "sha256:" and 64
// lower-case hex digits. The zero Digest is none.
type Digest string

// ParseDigest reads a sha256 or sha512 digest.
func ParseDigest(s string) (Digest, error) {
	algorithm, hexed, ok := strings.Cut(s, ":")
	want := map[string]int{"sha256": 64, "sha512": 128}[algorithm]
	switch {
	case !ok || want == 0:
		return "", fmt.Errorf("%s is not a digest: want sha256: and 64 hex digits", quote(s))
	case len(hexed) != want:
		return "", fmt.Errorf("%s is not a digest: %s has %d hex digits, not %d", quote(s), algorithm, want, len(hexed))
	}
	if _, err := hex.DecodeString(hexed); err != nil || hexed != strings.ToLower(hexed) {
		return "", fmt.Errorf("%s is not a digest: want lower-case hex digits", quote(s))
	}
	return Digest(s), nil
}

// Algorithm is "sha256" or "sha512".
func (d Digest) Algorithm() string { a, _, _ := strings.Cut(string(d), ":"); return a }

// Hex is the hash itself.
func (d Digest) Hex() string { _, h, _ := strings.Cut(string(d), ":"); return h }

// quote shows what somebody else wrote: short, and without control characters.
func quote(s string) string {
	const most = 200
	if len(s) > most {
		s = s[:most] + "…"
	}
	return fmt.Sprintf("%q", s)
}

// decode reads exactly one JSON value. With strict, a field that v does not
// have is an error.
func decode(data []byte, v any, strict bool) error {
	d := json.NewDecoder(bytes.NewReader(data))
	if strict {
		d.DisallowUnknownFields()
	}
	if err := d.Decode(v); err != nil {
		var kind *json.UnmarshalTypeError
		switch {
		case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
			return errors.New("it ends early")
		case errors.As(err, &kind) && kind.Field != "":
			return fmt.Errorf("the field %s has the wrong type: it is a JSON %s", quote(kind.Field), kind.Value)
		case errors.As(err, &kind):
			return fmt.Errorf("it is a JSON %s, not an object", kind.Value)
		}
		return errors.New(strings.TrimPrefix(err.Error(), "json: "))
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is more data after the JSON value")
	}
	return nil
}

// encode is the JSON of v, in one line, with <, > and & left as they are.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
