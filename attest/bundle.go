package attest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// The media types of a signed statement.
const (
	BundleType  = "application/vnd.dev.sigstore.bundle.v0.3+json"
	PayloadType = "application/vnd.in-toto+json"
	// bundleTypeAlias is how version 0.3 was written at first.
	bundleTypeAlias = "application/vnd.dev.sigstore.bundle+json;version=0.3"
)

// MaxBundle is the most bytes that a bundle may have.
const MaxBundle = 8 << 20

// A Bundle is a signed statement with what is needed to check it, in
// Sigstore's form, version 0.3. Nothing that it says is known to be true until
// Verify has said so.
type Bundle struct {
	raw  []byte
	form bundleForm
}

// bundleForm is the JSON of a bundle, as
// https://github.com/sigstore/protobuf-specs/blob/main/protos/sigstore_bundle.proto
// has it.
type bundleForm struct {
	MediaType            string `json:"mediaType"`
	VerificationMaterial struct {
		PublicKey            *publicKeyForm  `json:"publicKey,omitempty"`
		Certificate          json.RawMessage `json:"certificate,omitempty"`
		X509CertificateChain json.RawMessage `json:"x509CertificateChain,omitempty"`
		TlogEntries          json.RawMessage `json:"tlogEntries,omitempty"`
		TimestampData        json.RawMessage `json:"timestampVerificationData,omitempty"`
	} `json:"verificationMaterial"`
	DSSEEnvelope     *envelopeForm   `json:"dsseEnvelope,omitempty"`
	MessageSignature json.RawMessage `json:"messageSignature,omitempty"`
}

type publicKeyForm struct {
	Hint string `json:"hint"`
}

// envelopeForm is a DSSE envelope: https://github.com/secure-systems-lab/dsse
type envelopeForm struct {
	Payload     []byte          `json:"payload"`
	PayloadType string          `json:"payloadType"`
	Signatures  []signatureForm `json:"signatures"`
}

type signatureForm struct {
	Sig   []byte `json:"sig"`
	KeyID string `json:"keyid,omitempty"`
}

// Sign signs a statement. The same key and statement give the same bundle.
func Sign(key Key, s Statement) (Bundle, error) {
	payload, err := encode(s)
	if err != nil {
		return Bundle{}, fmt.Errorf("write the statement: %w", err)
	}
	if _, err := parseStatement(payload); err != nil {
		return Bundle{}, err
	}
	sig, err := key.sign(preAuth(PayloadType, payload))
	if err != nil {
		return Bundle{}, fmt.Errorf("sign the statement: %w", err)
	}
	var b Bundle
	b.form.MediaType = BundleType
	b.form.VerificationMaterial.PublicKey = &publicKeyForm{Hint: key.Public().Hint()}
	b.form.DSSEEnvelope = &envelopeForm{Payload: payload, PayloadType: PayloadType, Signatures: []signatureForm{{Sig: sig}}}
	if b.raw, err = encode(b.form); err != nil {
		return Bundle{}, fmt.Errorf("write the bundle: %w", err)
	}
	if len(b.raw) > MaxBundle {
		return Bundle{}, fmt.Errorf("the bundle would have %d bytes: the limit is %d", len(b.raw), MaxBundle)
	}
	return b, nil
}

// preAuth is what is signed: DSSE's pre-authentication encoding.
func preAuth(payloadType string, payload []byte) []byte {
	return fmt.Appendf(nil, "DSSEv1 %d %s %d %s", len(payloadType), payloadType, len(payload), payload)
}

// ParseBundle reads a bundle of version 0.3: one JSON object with no field
// that its specification does not have. Bundles of other signers are read too;
// whether this package can check one is for Verify to say.
func ParseBundle(data []byte) (Bundle, error) {
	if len(data) > MaxBundle {
		return Bundle{}, fmt.Errorf("the bundle has %d bytes: the limit is %d", len(data), MaxBundle)
	}
	// The version first: another version may well have other fields.
	var head struct {
		MediaType string `json:"mediaType"`
	}
	if err := decode(data, &head, false); err != nil {
		return Bundle{}, fmt.Errorf("read the bundle: %w", err)
	}
	if head.MediaType != BundleType && head.MediaType != bundleTypeAlias {
		return Bundle{}, fmt.Errorf("the bundle's mediaType is %s, not %s", quote(head.MediaType), BundleType)
	}
	b := Bundle{raw: bytes.Clone(data)}
	if err := decode(data, &b.form, true); err != nil {
		return Bundle{}, fmt.Errorf("read the bundle: %w", err)
	}
	if string(b.form.MessageSignature) == "null" {
		b.form.MessageSignature = nil
	}
	e := b.form.DSSEEnvelope
	switch {
	case e == nil && len(b.form.MessageSignature) == 0:
		return Bundle{}, errors.New("the bundle contains no signature: neither dsseEnvelope nor messageSignature")
	case e != nil && len(b.form.MessageSignature) != 0:
		return Bundle{}, errors.New("the bundle contains both dsseEnvelope and messageSignature")
	case e != nil && len(e.Signatures) != 1:
		return Bundle{}, fmt.Errorf("the bundle's envelope has %d signatures, but must have one", len(e.Signatures))
	}
	return b, nil
}

// JSON is the bundle as it was read or written.
func (b Bundle) JSON() []byte { return bytes.Clone(b.raw) }

// Hint names the key that the bundle says it was signed with; "" = it names
// none, as where a certificate is in its place.
func (b Bundle) Hint() string {
	if k := b.form.VerificationMaterial.PublicKey; k != nil {
		return k.Hint
	}
	return ""
}

// Unverified is the bundle's statement, unchecked: good for a label, and for
// nothing that matters.
func (b Bundle) Unverified() (Statement, error) {
	if b.form.DSSEEnvelope == nil {
		return Statement{}, errNoStatement
	}
	return parseStatement(b.form.DSSEEnvelope.Payload)
}

var errNoStatement = errors.New("the bundle signs a digest and contains no statement: it is a plain signature, which `cosign verify` verifies")

// A KeyError says that a bundle was signed with another key.
type KeyError struct {
	Signed string // the hint of the key that the bundle names
	Given  string // the hint of the key that it was checked with
}

func (e *KeyError) Error() string {
	return fmt.Sprintf("it was signed with another key: the bundle names %s, the given key is %s", quote(e.Signed), quote(e.Given))
}

// A SubjectError says that a statement is about another image.
type SubjectError struct {
	Says  string // the digests that the statement is about
	Wants Digest
}

func (e *SubjectError) Error() string {
	return fmt.Sprintf("it is about another image: the statement says %s, the image is %s", e.Says, e.Wants)
}

// Verify gives the statement of a bundle that was signed with the key and is
// about the digest, and otherwise an error that says what differs: a KeyError,
// a SubjectError, or words. A predicate may be of any type. It says nothing of
// when the bundle was signed: there is no transparency log in it.
func Verify(b Bundle, key PublicKey, d Digest) (Statement, error) {
	e := b.form.DSSEEnvelope
	switch {
	case key.ec == nil:
		return Statement{}, errors.New("there is no key to verify with")
	case d == "":
		return Statement{}, errors.New("there is no digest to verify for")
	case len(b.raw) == 0:
		return Statement{}, errors.New("there is no bundle to verify")
	case e == nil:
		return Statement{}, errNoStatement
	case b.form.VerificationMaterial.PublicKey == nil:
		return Statement{}, errors.New("it was signed with a certificate, not with a key: `cosign verify-attestation` verifies those")
	case e.PayloadType != PayloadType:
		return Statement{}, fmt.Errorf("its payload type is %s, not %s", quote(e.PayloadType), PayloadType)
	}
	if !key.verify(preAuth(e.PayloadType, e.Payload), e.Signatures[0].Sig) {
		// The hint is nobody's word: it only helps to say what is wrong.
		if hint := b.Hint(); hint != key.Hint() {
			return Statement{}, &KeyError{Signed: hint, Given: key.Hint()}
		}
		return Statement{}, errors.New("its signature does not match its contents: it was changed after it was signed")
	}
	s, err := parseStatement(e.Payload)
	if err != nil {
		return Statement{}, err
	}
	for _, sub := range s.Subject {
		if sub.Is(d) {
			return s, nil
		}
	}
	return Statement{}, &SubjectError{Says: s.Digests(), Wants: d}
}

// IsBundleType says whether a media type is that of a Sigstore bundle, of any
// version.
func IsBundleType(mediaType string) bool {
	return strings.HasPrefix(mediaType, "application/vnd.dev.sigstore.bundle")
}
