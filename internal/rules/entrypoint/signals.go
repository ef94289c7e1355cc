package entrypoint

import (
	"fmt"
	"path"
	"regexp"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/source"
)

var stopSignal = &check.Check{
	Name:     "stopsignal",
	Claim:    "the signal that stops the container can be handled",
	Why:      "no program can handle SIGKILL or SIGSTOP, so it cannot finish what it is doing",
	Mend:     "remove STOPSIGNAL, or name the signal on which the program stops gracefully",
	Unfixed:  "which signal the program understands is for you to say",
	Severity: check.Warning,
	Since:    "0.1.0",
	Image:    builtStopSignal,
	Source: func(b *source.Build) check.Verdict {
		if !b.Runnable() {
			return check.None()
		}
		step := b.Target.Final.StopSignal
		if step == nil {
			return check.Judge(nil)
		}
		if s := knowledge.SignalOf(step.Value.Value); s != nil && s.Uncaught {
			return check.Judge([]check.Finding{{
				Place:   place(b, step),
				Message: fmt.Sprintf("STOPSIGNAL %s cannot be handled by any program", step.Value.Value),
			}})
		}
		return check.Judge(nil)
	},
}

var noSignalHandler = &check.Check{
	Name:     "no-signal-handler",
	Claim:    "a program that is PID 1 handles SIGTERM",
	Why:      "the kernel applies no default action to PID 1: a Node.js or Python program without a handler ignores SIGTERM and is killed after ten seconds",
	Mend:     "install a handler for SIGTERM that closes connections and files and exits; until then, use docker run --init",
	Quiet:    "Where the file starts a server that handles signals itself, where it cannot be read here, and under an init process. Running the container decides it.",
	Unfixed:  "the program has to end by itself on that signal: its code has to change",
	Severity: check.Note,
	Since:    "0.1.0",
	Source: func(b *source.Build) check.Verdict {
		if !b.Runnable() {
			return check.None()
		}
		st := b.Start()
		if st.Step == nil || st.Init != "" || len(st.Words) < 2 || st.Script == nil {
			return check.Judge(nil)
		}
		program, args := st.Script.Commands[0].Underlying()
		program = strings.TrimRight(program, "0123456789.")
		var handler *regexp.Regexp
		var ext string
		switch program {
		case "node":
			handler, ext = nodeHandler, ".js"
		case "python":
			handler, ext = pythonHandler, ".py"
		default:
			return check.Judge(nil)
		}
		if len(args) == 0 || strings.HasPrefix(args[0].Text, "-") || path.Ext(args[0].Text) != ext {
			return check.Judge(nil)
		}
		file := args[0]
		if file.Span.IsZero() {
			return check.Judge(nil)
		}
		name := file.Text
		if !strings.HasPrefix(name, "/") {
			dir := b.Target.Final.Workdir.Value
			if !strings.HasPrefix(dir, "/") {
				return check.Judge(nil)
			}
			name = path.Join(dir, name)
		}
		o := b.FileAt(name)
		if o == nil {
			return check.Judge(nil)
		}
		if data, ok := o.Data(); !ok || handler.MatchString(data) || (&importer{b, handler, path.Dir(name), map[string]bool{}}).handles(name, data) {
			return check.Judge(nil)
		}
		return check.Judge([]check.Finding{{
			Place:   check.Place{File: b.Text(), Span: file.Span},
			Message: fmt.Sprintf("%s is PID 1, and its source has no handler for SIGTERM", file.Text),
		}})
	},
}

// What tells that a source handles SIGTERM, or leaves that to a library that
// does.
var (
	nodeHandler   = regexp.MustCompile(`SIGTERM|terminus|graceful|closeWithGrace|close-with-grace|enableShutdownHooks|http-terminator|lightship|stoppable|process\.on\(\s*signal`)
	pythonHandler = regexp.MustCompile(`SIGTERM|add_signal_handler|signal\.signal|uvicorn|gunicorn|hypercorn|aiohttp|web\.run_app|celery|twisted|KeyboardInterrupt.*SIGTERM|serve_forever.*signal`)
)
