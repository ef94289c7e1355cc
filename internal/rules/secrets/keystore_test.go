package secrets

import (
	"testing"

	"github.com/dockworthy/dockworthy/check"
)

func TestKeystores(t *testing.T) {
	java := func(tags ...byte) string {
		s := "\xFE\xED\xFE\xED\x00\x00\x00\x02\x00\x00\x00" + string(rune(len(tags)))
		for _, tag := range tags {
			s += "\x00\x00\x00" + string(rune(tag)) + "\x00\x01a" + "\x00\x00\x01\x02\x03\x04\x05\x06" + "\x00\x05X.509" + "\x00\x00\x00\x03abc"
		}
		return s
	}
	pkcs12 := "\x30\x82\x0A\x00\x02\x01\x03\x30\x82\x09\x00" + string(pkcs7Data) + "\xA0\x82"
	for _, c := range []struct {
		name, data string
		want       check.Severity
	}{
		{"app.jks", java(2, 1), check.Error},
		{"app.jks", java(2, 2), 0},
		{"app.jks", java(2)[:20], check.Warning},
		{"truststore.jks", java(2)[:20], 0},
		{"app.jceks", "\xCE\xCE\xCE\xCE" + java(3)[4:], check.Error},
		{"app.p12", pkcs12 + string(shroudedKeyBag), check.Error},
		{"app.pfx", pkcs12, check.Warning},
		{"trusted.p12", pkcs12, 0},
		{"id.ppk", "PuTTY-User-Key-File-3: ssh-ed25519\nPublic-Lines: 2\nPrivate-Lines: 1\n", check.Error},
		{"notes.p12", "nothing yet\n", 0},
		{"empty.jks", "", 0},
	} {
		if got := keystoreOf([]byte(c.data), "conf/"+c.name); got.severity != c.want {
			t.Errorf("%s: %v, want %v", c.name, got.severity, c.want)
		}
	}
}
