package secret

import (
	"regexp"
	"strings"

	"github.com/dockworthy/dockworthy/internal/knowledge"
)

// userinfo is SCHEME://USER:PASSWORD@HOST, or without a password.
var userinfo = regexp.MustCompile(`[a-zA-Z][a-zA-Z0-9+.-]*://([^\s/@:"'<>|]*)(?::([^\s/@"'<>]*))?@([^\s/:"'@?#,\\)]+)`)

// escape is a character of a URL that cannot stand there as it is. %VAR% and
// %(VAR)s are variables.
var escape = regexp.MustCompile(`%[0-9A-Fa-f]{2}`)

// A Login is the user and password of a URL.
type Login struct {
	User, Password, Host string
	From, To             int // of the password; of the user where there is none
}

// Logins are the URLs of a text that carry a user.
func Logins(s string) []Login {
	if !strings.Contains(s, "@") || !strings.Contains(s, "://") {
		return nil
	}
	var list []Login
	for _, m := range userinfo.FindAllStringSubmatchIndex(s, -1) {
		l := Login{User: s[m[2]:m[3]], Host: s[m[6]:m[7]], From: m[2], To: m[3]}
		if m[4] >= 0 {
			l.Password = s[m[4]:m[5]]
			if !knowledge.TokenPasswords.Has(l.Password) {
				l.From, l.To = m[4], m[5]
			}
		}
		list = append(list, l)
	}
	return list
}

// Bare tells whether a password, or a token in its place, stands there as it is.
func (l Login) Bare() bool {
	if l.Password == "" || knowledge.TokenPasswords.Has(l.Password) {
		return l.token()
	}
	if strings.ContainsAny(l.Password, "${}`<") || strings.Contains(escape.ReplaceAllString(l.Password, ""), "%") || WorthOf(l.Password) != Literal {
		return false
	}
	return !l.Generic()
}

// token tells whether the user's place holds a token: what is too long and too
// mixed for a name. Sentry's public keys stand there, too.
func (l Login) token() bool {
	return len(l.User) >= 20 && Usable(l.User) && !strings.ContainsAny(l.User, "${}%<.") && !strings.Contains(l.Host, "sentry") && WorthOf(l.User) == Literal
}

// Who says whose login it is, without saying a token.
func (l Login) Who() string {
	host := strings.TrimRight(l.Host, ".")
	if l.Password == "" || knowledge.TokenPasswords.Has(l.Password) {
		return "a URL with a token for " + host
	}
	user := l.User
	if len(user) >= 16 && Usable(user) {
		user = Mask(user)
	}
	return "a URL with the password of " + user + " at " + host
}

// Generic tells whether user and password are the words of a manual.
func (l Login) Generic() bool {
	return knowledge.ManualUsers.Has(strings.ToLower(l.User)) && knowledge.ManualPasswords.Has(strings.ToLower(l.Password))
}

// Local tells whether the host is the machine itself.
func (l Login) Local() bool {
	h := strings.ToLower(strings.Trim(l.Host, "[]"))
	return h == "localhost" || strings.HasPrefix(h, "127.") || h == "" || h == "0.0.0.0"
}

// Usable tells whether a value is long and mixed enough to be a key rather than
// a word.
func Usable(v string) bool {
	return len(v) >= 8 && strings.ContainsAny(v, "0123456789") && strings.ContainsFunc(v, func(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' })
}

// WeakPassword tells whether a password is a word that nobody would guard.
func WeakPassword(p string) bool {
	return knowledge.WeakPasswords.Has(strings.ToLower(p))
}
