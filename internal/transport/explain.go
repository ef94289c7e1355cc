package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"syscall"
	"time"

	ggcr "github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// Explain says in words why a question to a registry failed, and what may help.
// lasting tells that the registry cannot be reached at all.
func Explain(ctx, within context.Context, host string, timeout time.Duration, err error) (reason error, lasting bool) {
	var large *TooLarge
	var unknown *net.DNSError
	var certificate *tls.CertificateVerificationError
	var plain tls.RecordHeaderError
	var op *net.OpError
	code := Status(err)
	switch {
	case ctx.Err() != nil:
		return ctx.Err(), false
	case within.Err() != nil:
		return fmt.Errorf("%s did not respond within %s", host, timeout), true
	case errors.As(err, &large):
		return fmt.Errorf("the response of %s has more than %d bytes", host, large.Limit), false
	case errors.Is(err, ErrElsewhere):
		return err, false
	case errors.Is(err, ErrAddress):
		return fmt.Errorf("%s is not asked: %w", host, ErrAddress), true
	case code == http.StatusUnauthorized || code == http.StatusForbidden:
		return answered(fmt.Sprintf("%s denies access, try `docker login %s`", host, host), err), false
	case code == http.StatusNotFound:
		return answered(host+" has no such image", err), false
	case code == http.StatusTooManyRequests:
		return answered(fmt.Sprintf("%s has been asked too often: wait, or log in with `docker login %s`, which raises the limit", host, host), err), true
	case errors.As(err, &certificate):
		return fmt.Errorf("the certificate of %s is not trusted: %w", host, certificate.Err), true
	case errors.As(err, &plain):
		return fmt.Errorf("%s does not speak TLS: %w", host, err), true
	case errors.As(err, &unknown):
		return fmt.Errorf("%s cannot be found: %w: is there a network?", host, unknown), true
	case errors.As(err, &op) && op.Op == "dial":
		return fmt.Errorf("%s cannot be reached: %w", host, op), true
	}
	return err, false
}

// An answer is an error that a registry answered with, in our words.
type answer struct {
	said string
	err  error
}

func (a *answer) Error() string { return a.said }
func (a *answer) Unwrap() error { return a.err }

// answered is what a registry answered: in our words, with its own behind them. To a
// question for a header there are none, but for the status.
func answered(said string, err error) error {
	var e *ggcr.Error
	if errors.As(err, &e) && e.Request != nil && e.Request.Method == http.MethodHead {
		return &answer{fmt.Sprintf("%s (%d)", said, e.StatusCode), err}
	}
	return fmt.Errorf("%s: %w", said, err)
}

// Status is the status that a registry answered with; 0 = it did not answer.
func Status(err error) int {
	var answer *ggcr.Error
	if errors.As(err, &answer) {
		return answer.StatusCode
	}
	return 0
}

// Again says whether an error may go away by itself. One that took
// its time does not.
func Again(err error) bool {
	var slow net.Error
	if errors.As(err, &slow) && slow.Timeout() {
		return false
	}
	var temporary interface{ Temporary() bool }
	return errors.As(err, &temporary) && temporary.Temporary() ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET)
}
