package secrets

import "github.com/dockworthy/dockworthy/internal/secret"

// A line is a literal under a secret's name in a settings file.
type line = secret.Line

// lines are the secrets that a piece of a settings file holds.
func lines(s string) []line { return secret.Lines(s) }
