package read

import (
	"fmt"
	"io"
	"sync/atomic"
)

// ahead reads a stream in a goroutine of its own, so that decompressing and
// summing run beside what is done with the content.
type ahead struct {
	full chan block
	free chan []byte
	done chan struct{}
	end  chan struct{} // closed when the goroutine has left
	cur  []byte
	used []byte // the whole of cur's block, to give back
	err  error
}

type block struct {
	data []byte
	err  error
}

// blocks are in flight at a time.
const blocks = 3

// readAhead reads r to its end, or until stop. Every byte is given to diff
// (nil = nobody) and taken from the budget.
func readAhead(r io.Reader, diff *sum, budget *atomic.Int64) *ahead {
	a := &ahead{full: make(chan block, blocks), free: make(chan []byte, blocks), done: make(chan struct{}), end: make(chan struct{})}
	for range blocks {
		a.free <- make([]byte, blockSize)
	}
	go func() {
		defer close(a.end)
		for {
			var buf []byte
			select {
			case buf = <-a.free:
			case <-a.done:
				return
			}
			n, err := fill(r, buf)
			if diff != nil {
				diff.Write(buf[:n])
			}
			if budget.Add(int64(-n)) < 0 {
				n, err = 0, fmt.Errorf("%w: its unpacked size is beyond the limit", ErrTooLarge)
			}
			select {
			case a.full <- block{buf[:n], err}:
			case <-a.done:
				return
			}
			if err != nil {
				return
			}
		}
	}()
	return a
}

// fill reads until buf is full or the stream ends, whatever pieces come.
func fill(r io.Reader, buf []byte) (n int, err error) {
	for n < len(buf) && err == nil {
		var m int
		m, err = r.Read(buf[n:])
		n += m
	}
	return n, err
}

func (a *ahead) Read(p []byte) (int, error) {
	for len(a.cur) == 0 {
		if a.used != nil {
			a.free <- a.used[:cap(a.used)]
			a.used = nil
		}
		if a.err != nil {
			return 0, a.err
		}
		b := <-a.full
		a.cur, a.used, a.err = b.data, b.data, b.err
	}
	n := copy(p, a.cur)
	a.cur = a.cur[n:]
	return n, nil
}

// stop ends the goroutine and waits for it.
func (a *ahead) stop() {
	close(a.done)
	<-a.end
}
