package secrets

import (
	"github.com/dockworthy/dockworthy/internal/secret"
)

// strength says how surely a variable's name is a secret's.
type strength = secret.Strength

const (
	notSecret = secret.NotNamed
	weak      = secret.WeakName
	strong    = secret.StrongName
)

// nameOf judges a name as people give them to variables, options and keys.
func nameOf(name string) strength { return secret.StrengthOf(name) }

// forEverybody tells whether a name says that its value is handed to every
// visitor.
func forEverybody(name string) bool { return secret.ForEverybody(name) }
