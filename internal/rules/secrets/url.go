package secrets

import (
	"regexp"
	"strings"

	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/secret"
)

// userinfo is SCHEME://USER:PASSWORD@HOST, or without a password.
var userinfo = regexp.MustCompile(`[a-zA-Z][a-zA-Z0-9+.-]*://([^\s/@:"'<>|]*)(?::([^\s/@"'<>]*))?@([^\s/:"'@?#,\\)]+)`)

// A login is the user and password of a URL.
type login struct {
	user, password, host string
	from, to             int // of the password; of the user where there is none
}

// logins are the URLs of a text that carry a user.
func logins(s string) []login {
	if !strings.Contains(s, "@") || !strings.Contains(s, "://") {
		return nil
	}
	var list []login
	for _, m := range userinfo.FindAllStringSubmatchIndex(s, -1) {
		l := login{user: s[m[2]:m[3]], host: s[m[6]:m[7]], from: m[2], to: m[3]}
		if m[4] >= 0 {
			l.password = s[m[4]:m[5]]
			if !knowledge.TokenPasswords.Has(l.password) {
				l.from, l.to = m[4], m[5]
			}
		}
		list = append(list, l)
	}
	return list
}

// bare tells whether a password, or a token in its place, stands there as it is.
func (l login) bare() bool {
	if l.password == "" || knowledge.TokenPasswords.Has(l.password) {
		return l.token()
	}
	if strings.ContainsAny(l.password, "${}%`<") && !strings.Contains(l.password, "%40") || worthOf(l.password) != literal {
		return false
	}
	return !l.generic()
}

// token tells whether the user's place holds a token: what is too long and too
// mixed for a name. Sentry's public keys stand there, too.
func (l login) token() bool {
	return len(l.user) >= 20 && usable(l.user) && !strings.ContainsAny(l.user, "${}%<.") && !strings.Contains(l.host, "sentry") && worthOf(l.user) == literal
}

// who says whose login it is, without saying a token.
func (l login) who() string {
	host := strings.TrimRight(l.host, ".")
	if l.password == "" || knowledge.TokenPasswords.Has(l.password) {
		return "a URL with a token for " + host
	}
	user := l.user
	if len(user) >= 16 && usable(user) {
		user = secret.Mask(user)
	}
	return "a URL with the password of " + user + " at " + host
}

// generic tells whether user and password are the words of a manual.
func (l login) generic() bool {
	return knowledge.ManualUsers.Has(strings.ToLower(l.user)) && knowledge.ManualPasswords.Has(strings.ToLower(l.password))
}

// local tells whether the host is the machine itself.
func (l login) local() bool {
	h := strings.ToLower(strings.Trim(l.host, "[]"))
	return h == "localhost" || strings.HasPrefix(h, "127.") || h == "" || h == "0.0.0.0"
}

// weakPassword tells whether a password is a word that nobody would guard.
func weakPassword(p string) bool {
	return knowledge.WeakPasswords.Has(strings.ToLower(p))
}
