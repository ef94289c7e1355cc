package engine

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/moby/moby/client"

	"github.com/dockworthy/dockworthy/internal/engine/peek"
	"github.com/dockworthy/dockworthy/internal/run"
)

// strangeUser is a user that no image knows, in root's group, as OpenShift
// gives it to every container.
const strangeUser = "1000700000:0"

// stranger looks whether the program works as such a user.
func (p *prober) stranger(ctx context.Context, first *trial, s run.Settings) error {
	if s.User != "" {
		return nil // who it is is said where it is deployed
	}
	t, err := p.try(ctx, s, trying{user: strangeUser, brief: !first.start.Healthy})
	if err != nil {
		return err
	}
	defer t.remove(ctx)
	t.start.User = strangeUser
	p.log.Stranger = &t.start
	return nil
}

// overrideWord is an argument that no program takes for its own.
const overrideWord = "--dockworthy-override"

// override looks whether what is given at `docker run IMAGE …` reaches the
// program. Without an ENTRYPOINT it is the program, and there is nothing to ask.
func (p *prober) override(ctx context.Context, _ *trial, s run.Settings) error {
	if len(p.cfg.Entrypoint) == 0 || s.Entrypoint != nil {
		return nil // Compose says what is started, and nobody gives it arguments
	}
	t, err := p.create(ctx, s, []string{overrideWord}, "")
	if err != nil {
		return err
	}
	defer t.remove(ctx)
	o := &run.Override{Word: overrideWord}
	if _, err := p.e.cli.ContainerStart(ctx, t.id, client.ContainerStartOptions{}); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if strings.Contains(err.Error(), overrideWord) {
			o.Reached, o.Known, o.Seen = true, true, startError(err)
			p.log.Override = o
		}
		return nil
	}
	begin := time.Now()
	for {
		st, err := t.state(ctx)
		if err != nil {
			return err
		}
		if !st.Running {
			o.Known = true
			logs, err := t.logs(ctx, 100)
			if err != nil {
				return err
			}
			for _, line := range logs {
				if strings.Contains(line, strings.TrimLeft(overrideWord, "-")) {
					o.Reached, o.Seen = true, strings.TrimSpace(line)
					break
				}
			}
			if !o.Reached {
				// Without the argument it stays up: that it ended shows that it
				// took notice.
				o.Reached = st.ExitCode != 0
				o.Seen = "it exited with status " + strconv.Itoa(st.ExitCode)
			}
			break
		}
		if t.eyes == nil && p.peek != "" {
			t.eyes, _ = p.e.open(ctx, p.id, p.peek, t.id)
		}
		if t.eyes != nil {
			if a, err := t.eyes.ask(ctx, peek.Request{Op: "procs"}); err == nil {
				if argv := withWord(a.Procs); argv != nil {
					o.Known, o.Reached, o.Seen = true, true, strings.Join(argv, " ")
					break
				}
				if time.Since(begin) > 2*time.Second {
					o.Known = true
					break
				}
			}
		}
		if time.Since(begin) > 5*time.Second {
			break
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	p.log.Override = o
	return nil
}

// withWord is the argv of a program that has got the override's word. Behind
// `sh -c LINE` a word is only the shell's $0 and $1….
func withWord(list []run.Process) []string {
	for _, pr := range list {
		i := slices.Index(pr.Argv, overrideWord)
		if i < 0 {
			continue
		}
		if c := slices.Index(pr.Argv, "-c"); c == 1 && i > c+1 && run.IsShell(pr.Argv[0]) {
			continue
		}
		return pr.Argv
	}
	return nil
}
