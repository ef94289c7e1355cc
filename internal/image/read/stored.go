package read

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// decompress undoes gzip or zstd, whatever the media type says.
func decompress(r io.Reader) (content io.Reader, done func(), compressed bool, err error) {
	br := bufio.NewReaderSize(r, blockSize)
	magic, err := br.Peek(4)
	if err != nil && err != io.EOF {
		return nil, nil, false, err
	}
	switch {
	case isGzip(magic):
		z, err := gzip.NewReader(br)
		if err != nil {
			return nil, nil, false, err
		}
		return z, func() { z.Close() }, true, nil
	case isZstd(magic):
		z, err := zstd.NewReader(br, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(32<<20))
		if err != nil {
			return nil, nil, false, err
		}
		return z, z.Close, true, nil
	}
	return br, func() {}, false, nil
}

func isGzip(magic []byte) bool { return bytes.HasPrefix(magic, []byte{0x1f, 0x8b}) }
func isZstd(magic []byte) bool { return bytes.HasPrefix(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}) }

// A sum holds bytes against a digest.
type sum struct {
	hash.Hash
	want string // "" = whatever comes is right
}

func newSum(want string) *sum {
	if want == "" {
		return &sum{Hash: nothing{}}
	}
	return &sum{sha256.New(), want}
}

func (s *sum) check(what string) error {
	if s.want == "" {
		return nil
	}
	if !strings.HasPrefix(s.want, "sha256:") {
		return fmt.Errorf("its digest %s is not a SHA-256", short(s.want))
	}
	if got := "sha256:" + hex.EncodeToString(s.Sum(nil)); got != s.want {
		return fmt.Errorf("%w: %s is %s, but %s was expected", ErrDigest, what, shortDigest(got), shortDigest(s.want))
	}
	return nil
}

// nothing is a hash that nobody asks.
type nothing struct{}

func (nothing) Write(p []byte) (int, error) { return len(p), nil }
func (nothing) Sum(b []byte) []byte         { return b }
func (nothing) Reset()                      {}
func (nothing) Size() int                   { return 0 }
func (nothing) BlockSize() int              { return 1 }

type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// interruptible ends a stream when its context does.
type interruptible struct {
	ctx context.Context
	r   io.Reader
}

func (i *interruptible) Read(p []byte) (int, error) {
	if err := i.ctx.Err(); err != nil {
		return 0, err
	}
	return i.r.Read(p)
}
