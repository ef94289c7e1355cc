package secret

import (
	"hash/fnv"
	"strings"
)

// keyStart is how many characters of a private key's base64 tell it from others:
// more than the algorithm's own at the beginning, and not more than Search sees.
const keyStart = 112

// IDOf is a number that tells whether two places hold the same value. It proves
// nothing, and is never shown.
func IDOf(v string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(Canonical(v)))
	return h.Sum64()
}

// Canonical is a value without what is another in each place. Of a private key
// that is its first characters, for what parts its lines is not the same in PEM,
// in JSON and in settings.
func Canonical(v string) string {
	if at := strings.Index(v, "PRIVATE KEY"); at >= 0 && strings.HasPrefix(v, "-----BEGIN ") {
		return keyChars(v[at+len("PRIVATE KEY"):])
	}
	return v
}

// keyChars are the first characters of a key's base64.
func keyChars(s string) string {
	s = strings.NewReplacer(`\\n`, "", `\\r`, "", `\n`, "", `\r`, "").Replace(strings.TrimPrefix(strings.TrimPrefix(s, " BLOCK"), "-----"))
	if end := strings.Index(s, "-----"); end >= 0 {
		s = s[:end]
	}
	var b strings.Builder
	for i := 0; i < len(s) && b.Len() < keyStart; i++ {
		if isBase64(s[i]) {
			b.WriteByte(s[i])
		}
	}
	return b.String()
}
