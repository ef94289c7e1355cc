package secret

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// keyStart is how many characters of a private key's base64 its Sum is made of:
// more than the algorithm's own at the beginning, and not more than Search sees.
const keyStart = 112

// Sum is a short name of a secret, the first eight bytes of its SHA-256 in
// hexadecimal digits: enough to tell that two places hold the same value, and to
// find it again for those who know it. Of a private key it is the sum of its first
// characters without what parts its lines, which is not the same in PEM, in JSON
// and in settings.
func Sum(v string) string {
	if at := strings.Index(v, "PRIVATE KEY"); at >= 0 && strings.HasPrefix(v, "-----BEGIN ") {
		v = keyChars(v[at+len("PRIVATE KEY"):])
	}
	h := sha256.Sum256([]byte(v))
	return hex.EncodeToString(h[:8])
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
