package engine

import (
	"context"
	"io"
	"time"
)

// deadline is how long a probe beside a container lives at most.
const deadline = 30 * time.Minute

// limit is that, with the time that the caller lets a program take to come up.
func (e *Engine) limit() time.Duration { return deadline + e.Patience }

// Guard waits until in ends, which is when the process that holds its other side
// does, and then removes what that process left on the engine.
func Guard(in io.Reader) error {
	io.Copy(io.Discard, in)
	host, err := ResolveHost()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	e, err := Open(ctx, host)
	if err != nil {
		return err
	}
	defer e.Close()
	// The engine may still be making something for it, or be busy with removing what
	// something else hangs on: it is looked for until nothing was there for a while.
	for quiet := 0; quiet < 5 && ctx.Err() == nil; quiet++ {
		time.Sleep(500 * time.Millisecond)
		gone, serr := e.Sweep(ctx)
		if err = serr; err != nil || len(gone) > 0 {
			quiet = -1
		}
	}
	return err
}
