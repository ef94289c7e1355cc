package secrets

import "github.com/dockworthy/dockworthy/internal/secret"

// A login is the user and password of a URL.
type login = secret.Login

// logins are the URLs of a text that carry a user.
func logins(s string) []login { return secret.Logins(s) }

// weakPassword tells whether a password is a word that nobody would guard.
func weakPassword(p string) bool { return secret.WeakPassword(p) }
