package transport

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"
)

// What goes wrong on the way is said in words, with the way out, and is not tried again
// for each image.
func TestExplain(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{&url.Error{Op: "Head", URL: "https://r.example/v2/", Err: &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}}, "the certificate of r.example is not trusted"},
		{&url.Error{Op: "Head", URL: "https://r.example/v2/", Err: tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"}}, "does not speak TLS"},
		{&net.DNSError{Err: "no such host", Name: "r.example"}, "cannot be found"},
		{&net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}, "cannot be reached"},
	} {
		reason, lasting := Explain(t.Context(), t.Context(), "r.example", time.Second, c.err)
		if !lasting || !strings.Contains(reason.Error(), c.want) {
			t.Errorf("%v is told as %v", c.err, reason)
		}
	}
}
