package attest

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// StatementType is the type of every statement that is made here: in-toto's
// Statement v1.
const StatementType = "https://in-toto.io/Statement/v1"

// olderType is what cosign still writes; its fields mean the same.
const olderType = "https://in-toto.io/Statement/v0.1"

// A Statement says something, its predicate, about its subjects. Its form is
// in-toto's: https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md
type Statement struct {
	Type          string          `json:"_type"`
	Subject       []Subject       `json:"subject"`
	PredicateType string          `json:"predicateType"`
	Predicate     json.RawMessage `json:"predicate"`
}

// A Subject is what a statement is about. The name is for people: the digest
// decides.
type Subject struct {
	Name   string            `json:"name,omitempty"`
	Digest map[string]string `json:"digest"` // algorithm → hex
}

// NewSubject is the image of that name whose manifest, or index, has that
// digest. It is the digest that the registry answered: an engine's image id is
// another one.
func NewSubject(name string, d Digest) Subject {
	return Subject{Name: name, Digest: map[string]string{d.Algorithm(): d.Hex()}}
}

// Is says whether the subject has that digest.
func (s Subject) Is(d Digest) bool {
	return d != "" && strings.EqualFold(s.Digest[d.Algorithm()], d.Hex())
}

// Digests are the subjects' digests, for people.
func (s Statement) Digests() string {
	var list []string
	for _, sub := range s.Subject {
		switch {
		case sub.Digest["sha256"] != "":
			list = append(list, "sha256:"+sub.Digest["sha256"])
		case sub.Digest["sha512"] != "":
			list = append(list, "sha512:"+sub.Digest["sha512"])
		}
	}
	if len(list) == 0 {
		return "nothing with a sha256 or sha512 digest"
	}
	text := strings.Join(list[:min(len(list), 3)], ", ")
	if len(list) > 3 {
		text += fmt.Sprintf(" and %d more", len(list)-3)
	}
	return text
}

// newStatement is a statement about one subject.
func newStatement(sub Subject, predicateType string, predicate any) (Statement, error) {
	if len(sub.Digest) == 0 {
		return Statement{}, errors.New("a statement needs the digest of its subject")
	}
	for algorithm, hexed := range sub.Digest {
		if _, err := ParseDigest(algorithm + ":" + hexed); err != nil {
			return Statement{}, fmt.Errorf("the subject: %w", err)
		}
	}
	raw, err := encode(predicate)
	if err != nil {
		return Statement{}, fmt.Errorf("write the predicate %s: %w", predicateType, err)
	}
	return Statement{Type: StatementType, Subject: []Subject{sub}, PredicateType: predicateType, Predicate: raw}, nil
}

// Empty tells whether a statement says nothing of its subjects: its predicate is
// missing, null, or has nothing in it.
func (s Statement) Empty() bool {
	var v any
	if json.Unmarshal(s.Predicate, &v) != nil {
		return true
	}
	switch v := v.(type) {
	case nil:
		return true
	case map[string]any:
		return len(v) == 0
	case []any:
		return len(v) == 0
	case string:
		return v == ""
	}
	return false
}

// parseStatement reads a payload. Fields that it does not know are passed
// over, as in-toto wants it.
func parseStatement(data []byte) (Statement, error) {
	var s Statement
	if err := decode(data, &s, false); err != nil {
		return Statement{}, fmt.Errorf("the payload is not an in-toto statement: %w", err)
	}
	switch {
	case s.Type != StatementType && s.Type != olderType:
		return Statement{}, fmt.Errorf("the payload's _type is %s, not %s", quote(s.Type), StatementType)
	case s.PredicateType == "":
		return Statement{}, errors.New("the statement has no predicateType")
	case len(s.Subject) == 0:
		return Statement{}, errors.New("the statement has no subject")
	}
	return s, nil
}
