package transport

import (
	"fmt"
	"io"
	"net/url"
	"sync/atomic"
	"time"
)

// A TooLarge is an answer, or all of a registry's, of more bytes than are read.
type TooLarge struct{ Limit int64 }

func (e *TooLarge) Error() string {
	return fmt.Sprintf("the response has more than %d bytes", e.Limit)
}

// A Silent is a registry that stopped in the middle of an answer.
type Silent struct{ Quiet time.Duration }

func (e *Silent) Error() string { return fmt.Sprintf("it has sent no data for %s", e.Quiet) }

// Timeout makes it an error that asking again does not mend.
func (e *Silent) Timeout() bool { return true }

// A budget is shared by all blobs.
type budget struct {
	n     atomic.Int64
	limit int64
}

// A body is an answer within its bounds.
type body struct {
	io.ReadCloser
	quiet       time.Duration
	left, limit int64   // where all is nil
	all         *budget // nil = the answer has a bound of its own
}

// Read reads; a pause of the other side has an end, and so has the answer.
func (b *body) Read(p []byte) (int, error) {
	if b.all == nil && b.left < 0 {
		return 0, &TooLarge{b.limit}
	}
	if b.all == nil && int64(len(p)) > b.left+1 {
		p = p[:b.left+1] // one byte more tells an answer that ends from one that goes on
	}
	silent := make(chan struct{})
	timer := time.AfterFunc(b.quiet, func() {
		close(silent)
		b.ReadCloser.Close()
	})
	n, err := b.ReadCloser.Read(p)
	if !timer.Stop() {
		<-silent
		return n, &Silent{b.quiet}
	}
	if b.all != nil {
		if b.all.n.Add(-int64(n)) < 0 {
			return n, &TooLarge{b.all.limit}
		}
		return n, err
	}
	if b.left -= int64(n); b.left < 0 {
		return n - 1, &TooLarge{b.limit}
	}
	return n, err
}

func mustURL(s string) *url.URL {
	u, err := url.Parse(s)
	if err != nil {
		panic(err) // a constant
	}
	return u
}
