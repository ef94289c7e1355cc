// Package cli is the command line of dockworthy: one file for each verb.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/dockworthy/dockworthy"
	"github.com/dockworthy/dockworthy/internal/redact"
)

// A Command is one run of the program over these streams.
type Command struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer

	args []string // as they were typed

	red *redact.Redactor // knows what nothing that is written may show
}

// complain tells what goes wrong, on standard error, a line each. What it quotes
// is not ours.
func (c Command) complain(format string, args ...any) {
	msg := fmt.Sprintf(format, args...)
	for line := range strings.Lines(msg) {
		fmt.Fprintf(c.Stderr, "dockworthy: %s\n", c.red.Said(strings.TrimRight(line, "\n")))
	}
}

// list is where a verb writes what is no report, in this format.
func (c Command) list(format redact.Format) *redact.Writer {
	return redact.NewWriter(c.Stdout, c.red, format)
}

// The exit statuses. Trouble wins over findings, and everything that was found
// is printed all the same.
const (
	exitClean       = 0
	exitFindings    = 1
	exitTrouble     = 2
	exitInterrupted = 130 // 128 + SIGINT, as shells say it
)

// errFindings and errTrouble end a run whose output already says all.
var (
	errFindings = errors.New("findings")
	errTrouble  = errors.New("trouble")
)

// patience is how long a verb may go on after a signal.
func (c Command) patience(args []string) time.Duration {
	if slices.Contains(args, "prove") || slices.Contains(args, "init") {
		return 2 * time.Minute
	}
	return 2 * time.Second
}

// endings are the signals that end a run in order. A terminal that goes away is
// one, unless whoever started the program said that it is to be survived.
func endings() []os.Signal {
	list := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		list = append(list, syscall.SIGHUP)
	}
	return list
}

// memory is how much is used before the collector works harder: what a file of a
// megabyte leaves behind fits in, whatever stands in it.
const memory = 400 << 20

// Main runs a command line and gives its exit status.
func (c Command) Main(args []string) int {
	// Parsing leaves much garbage and little that lasts: a lazier collector is
	// worth a fifth of the time, for a few megabytes.
	debug.SetGCPercent(400)
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memory)
	}
	c.red, c.args = &redact.Redactor{}, args
	ctx, stop := signal.NotifyContext(context.Background(), endings()...)
	defer stop()
	// A second signal ends the program at once; so does the first one where a
	// file keeps a checker busy, or a stream does not end. Cleaning up has the
	// time that it needs.
	defer context.AfterFunc(ctx, func() {
		stop()
		time.AfterFunc(c.patience(args), func() { os.Exit(exitInterrupted) })
	})()
	root := &cobra.Command{
		Use:   "dockworthy",
		Short: "dockworthy checks container builds against eight rules",
		Long: `dockworthy checks container builds against eight rules: multi-stage, non-root,
layer-cache, pinned-base, secrets, dockerignore, entrypoint, healthcheck.`,
		Example: `  dockworthy check .
  dockworthy check -f docker/Dockerfile .
  dockworthy prove .
  dockworthy explain non-root/final-user-root`,
		Version:       dockworthy.Version,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetVersionTemplate("dockworthy {{.Version}}\n")
	root.SetArgs(args)
	root.SetIn(c.Stdin)
	root.SetOut(c.Stdout)
	root.SetErr(c.Stderr)
	root.AddCommand(initCommand(c), checkCommand(c), fixCommand(c), explainCommand(c), rulesCommand(c), contextCommand(c), imageCommand(c), proveCommand(c), pinCommand(c), doctorCommand(c), keygenCommand(c), verifyCommand(c), peekCommand(c), guardCommand(c))
	root.CompletionOptions.HiddenDefaultCmd = true
	err := root.ExecuteContext(ctx)
	switch {
	case err == nil, errors.Is(err, errFindings), errors.Is(err, errTrouble), errors.Is(err, syscall.EPIPE):
		// The output says all, or the reader left: there is nobody to tell.
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(c.Stderr, "dockworthy: interrupted")
	default:
		c.complain("%v", err)
	}
	return exitOf(err)
}

// exitOf is the exit status of a run that ends with an error, or with nil.
func exitOf(err error) int {
	switch {
	case err == nil:
		return exitClean
	case errors.Is(err, errFindings):
		return exitFindings
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	}
	return exitTrouble
}
