// Package deploy reads what Compose files and Kubernetes manifests say of the
// images built beside them. It reads the keys that rules ask about, each with
// its place in the file, and leaves the rest alone.
package deploy

import "github.com/dockworthy/dockworthy/text"

// A Value is one scalar of a file. The zero Value is a key that is not there.
type Value struct {
	Text       string    // what it means: interpolated, unquoted
	Raw        string    // the scalar as YAML gives it, before interpolation
	Span       text.Span // the scalar as written, quotes included; a part of it where it was split
	Set        bool      // the key is there and is not null
	Unresolved bool      // Text still holds a variable as written: it has no value, or one that is too long
	Vars       []string  // the names of those variables
}

// True tells whether the value is a YAML true. Compose also takes a quoted
// one.
func (v Value) True() bool {
	switch v.Text {
	case "true", "True", "TRUE", "yes", "Yes", "on":
		return v.Set
	}
	return false
}

// False tells whether the value is a YAML false. A missing value is neither
// true nor false.
func (v Value) False() bool {
	switch v.Text {
	case "false", "False", "FALSE", "no", "No", "off":
		return v.Set
	}
	return false
}

// A KeyValue is an entry of a mapping, or of a list of KEY=value.
type KeyValue struct {
	Key      Value
	Value    Value
	HasValue bool   // false for KEY alone, which takes its value from elsewhere
	From     string // Kubernetes valueFrom: secretKeyRef, configMapKeyRef, fieldRef, …; "" for a literal
}

// An Error is a file that could not be read: where, why, and the way out.
type Error struct {
	File string
	Line int // from 1; 0 where it is not known
	What string
	Hint string
}
