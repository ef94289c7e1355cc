package healthcheck

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
)

var vacuous = &check.Check{
	Name:     "vacuous",
	Claim:    "the probe fails when the program does not respond",
	Why:      "a probe that cannot fail reports a program that hangs as healthy",
	Mend:     "query the program on its port, and let an error status fail the probe: curl -f, wget -q, or the program's own exit status",
	Quiet:    "Where the response is compared or searched (grep, test), and for a file that the program keeps updating.",
	Severity: check.Warning,
	Since:    "0.1.0",
	Run:      frozen,
	Source: func(b *source.Build) check.Verdict {
		return each(b, func(p *probe) check.Verdict {
			if p.script == nil || p.script.Err != nil {
				return check.Judge(nil)
			}
			why, c := p.cannotFail(p.build)
			if why == "" {
				return check.Judge(nil)
			}
			place := p.where()
			if c != nil {
				place = p.of(c)
			}
			return check.Judge([]check.Finding{p.mended(check.Finding{Place: place, Message: p.who + " cannot detect that the program hangs: " + why}, "")})
		})
	},
}

// cannotFail says why a probe succeeds whatever the program does.
func (p *probe) cannotFail(b *source.Build) (string, *shell.Command) {
	var top []*shell.Command
	for _, c := range p.commands() {
		if !c.Substitution && c.Func == "" {
			top = append(top, c)
		}
	}
	if len(top) == 0 {
		return "", nil
	}
	if !p.shell {
		if i := syntaxWord(p.test[1:]); i >= 0 {
			return "", nil // healthcheck/shell-syntax-in-exec's
		}
	}
	last := top[len(top)-1]
	if slices.ContainsFunc(top, connects) {
		return "", nil
	}
	// cmd || true, cmd || exit 0, cmd; exit 0, true
	for _, c := range top {
		if c.Ignored {
			return fmt.Sprintf("a failure of %s is ignored", c.Program()), c
		}
	}
	switch last.Program() {
	case "true", ":", "echo", "printf":
		if last.PipeFrom == nil && (len(top) == 1 || last.When == shell.Always && !p.conditional(top)) {
			return last.Program() + " always succeeds", last
		}
	case "exit":
		if args := last.Args(); len(args) > 0 && args[0].Text == "0" && last.When == shell.Always && !p.conditional(top) {
			return "it ends with exit 0", last
		}
	}
	if c := swallowed(b, p, top); c != nil {
		return fmt.Sprintf("the pipeline ends with %s, which succeeds for any input", c.Program()), c
	}
	if host, c := p.elsewhere(top); host != "" {
		return fmt.Sprintf("it queries %s, which says nothing about this container", host), c
	}
	asks := ""
	var at *shell.Command
	for _, c := range top {
		if knowledge.ProcessViewers.Has(c.Program()) {
			if c.Program() == "ps" || b != nil && b.Role() == source.Serves {
				asks, at = c.Program()+" shows that the process exists, not that it responds", c
				continue
			}
			return "", nil
		}
		switch c.Program() {
		case "curl":
			if !failing(c) && c.PipeTo == nil {
				asks, at = "curl without --fail succeeds on every response, including errors", c
				continue
			}
			return "", nil
		case "kill":
			if has(c, "-0") {
				asks, at = "kill -0 succeeds as long as the process exists", c
				continue
			}
			return "", nil
		default:
			if !knowledge.Bystanders.Has(c.Program()) {
				return "", nil
			}
		}
	}
	return asks, at
}

// connects tells whether bash opens a connection for a command, and fails where
// nobody answers: echo > /dev/tcp/localhost/8000.
func connects(c *shell.Command) bool {
	return slices.ContainsFunc(c.Redirects, func(r shell.Redirect) bool {
		return strings.HasPrefix(r.Target.Text, "/dev/tcp/") || strings.HasPrefix(r.Target.Text, "/dev/udp/")
	})
}

// publicHost is the host of a URL, or a name that ping gets, where it has a dot and
// a top-level domain of letters.
var publicHost = regexp.MustCompile(`^(?:[a-zA-Z][a-zA-Z0-9+.-]*://)?(?:[^/@\s]*@)?((?:[a-zA-Z0-9-]+\.)+[a-zA-Z]{2,})(?::\d+)?(?:[/?#].*)?$`)

// elsewhere is the host that a probe queries where it is a public one and all of
// its queries go to others, and the first of these.
func (p *probe) elsewhere(top []*shell.Command) (host string, at *shell.Command) {
	for _, c := range top {
		if !knowledge.Clients.Has(c.Program()) && c.Program() != "ping" {
			continue
		}
		found := ""
		for _, w := range c.Args() {
			m := publicHost.FindStringSubmatch(w.Text)
			if m == nil || c.Program() != "ping" && !strings.Contains(w.Text, "://") {
				continue
			}
			if h := strings.ToLower(m[1]); !strings.HasSuffix(h, ".local") && !strings.HasSuffix(h, ".localhost") && !strings.HasSuffix(h, ".internal") && !strings.HasSuffix(h, ".localdomain") {
				found = m[1]
			}
		}
		if found == "" {
			return "", nil // it asks something else, perhaps this container
		}
		if host == "" {
			host, at = found, c
		}
	}
	return host, at
}

// swallowed is the end of a pipeline that hides the status of what stands
// before it, where that is all the probe does; nil otherwise.
func swallowed(b *source.Build, p *probe, top []*shell.Command) *shell.Command {
	var found *shell.Command
	for _, c := range top {
		switch p := c.Program(); {
		case knowledge.PipeEnds.Has(p):
			if c.PipeFrom == nil || c.PipeTo != nil || len(c.Redirects) > 0 {
				return nil
			}
			found = c
		case p == "exit":
		default:
			if c.PipeTo == nil {
				return nil
			}
		}
	}
	if found == nil {
		return nil
	}
	pipefail := found.Pipefail
	if p.step == nil {
		return found
	}
	if step := b.Target.Final.Shell; step != p.step.Before.Shell {
		// A probe is run by the image's last SHELL, wherever that stands.
		pipefail = step != nil && step.ShellOptions().Pipefail
	}
	if pipefail {
		return nil
	}
	return found
}

// conditional tells whether an earlier command can end the probe with a
// failure: by exit, or through && before the last.
func (p *probe) conditional(top []*shell.Command) bool {
	for _, c := range top[:len(top)-1] {
		if c.Program() == "exit" || c.Program() == "set" && has(c, "-e") {
			return true
		}
	}
	// In `a && true` the last command runs only where a succeeds, which the
	// model counts as Always; the probe then fails with a.
	if len(top) < 2 {
		return false
	}
	// The words of sh -c in exec form all have one place, and count as apart.
	a, last := top[len(top)-2], top[len(top)-1]
	if a.Span.End > last.Span.Start {
		return false
	}
	return slices.ContainsFunc(p.script.Commands[a.Index+1:last.Index+1], func(c *shell.Command) bool {
		return c.Before == shell.And && !c.Substitution && c.Func == ""
	})
}

func has(c *shell.Command, word string) bool {
	for _, a := range c.Args() {
		if a.Text == word {
			return true
		}
	}
	return false
}

// failing tells whether curl exits with an error on an HTTP error: -f, alone
// or among other letters, --fail or --fail-with-body.
func failing(c *shell.Command) bool {
	for _, a := range c.Args() {
		switch {
		case strings.HasPrefix(a.Text, "--fail"):
			return true
		case strings.HasPrefix(a.Text, "--"):
		case strings.HasPrefix(a.Text, "-") && strings.Contains(a.Text, "f"):
			return true
		case strings.Contains(a.Text, "telnet://"):
			return true
		}
	}
	return false
}
