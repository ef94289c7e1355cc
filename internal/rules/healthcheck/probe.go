package healthcheck

import (
	"path"
	"regexp"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/presence"
	"github.com/dockworthy/dockworthy/internal/recipe"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/deploy"
	"github.com/dockworthy/dockworthy/text"
)

// A probe is the HEALTHCHECK in force, as far as this file writes it, or that of a
// deployment.
type probe struct {
	who       string          // what messages call it
	build     *source.Build   // of the image that it probes; nil = nothing here builds it
	step      *source.Step    // nil: a deployment's
	at        check.Place     // of a deployment's
	img       *presence.Image // made when it is asked for
	published string          // the image's name where nothing here builds it
	mild      bool            // of a file for development
	asks      deploy.Value    // the port of a probe that runs no program
	test      []string        // CMD or CMD-SHELL and what follows
	script    *shell.Script
	shell     bool
}

// inForce is the probe that this file sets for the target; nil where there is
// none, or it is NONE.
func inForce(b *source.Build) *probe {
	step := b.Target.Final.Health
	if step == nil || step.DisablesHealth() {
		return nil
	}
	hc, ok := step.Command.(*instructions.HealthCheckCommand)
	if !ok || len(hc.Health.Test) < 2 {
		return nil
	}
	p := &probe{who: "the probe", build: b, step: step, test: hc.Health.Test, shell: hc.Health.Test[0] == "CMD-SHELL"}
	p.script, _ = step.Script(nil)
	return p
}

// health is the parsed instruction.
func (p *probe) health() *instructions.HealthCheckCommand {
	return p.step.Command.(*instructions.HealthCheckCommand)
}

// where is the probe's command.
func (p *probe) where() check.Place {
	if p.step == nil {
		return p.at
	}
	return check.Place{File: p.build.Text(), Span: p.span()}
}

// of is the place of one of its commands.
func (p *probe) of(c *shell.Command) check.Place {
	if p.step == nil || c.Span.IsZero() {
		return p.where()
	}
	return check.Place{File: p.build.Text(), Span: c.Span}
}

// ownShell is the program of the SHELL in force, which runs a probe in shell form
// too; "" where there is none, or it is the usual one.
func (p *probe) ownShell() string {
	if p.build == nil {
		return ""
	}
	step := p.build.Target.Final.Shell
	if step == nil {
		return ""
	}
	words := step.Words()
	if len(words) == 0 || path.Base(words[0].Text) == "sh" {
		return ""
	}
	return path.Base(words[0].Text)
}

func (p *probe) span() text.Span {
	if !p.shell {
		if words := p.step.Words(); len(words) > 0 {
			return words[0].Span.Join(words[len(words)-1].Span)
		}
	}
	if m, ok := p.step.Masked(); ok {
		lead := len(m.Src) - len(strings.TrimLeft(string(m.Src), " \t\n"))
		tail := len(strings.TrimRight(string(m.Src), " \t\n\r"))
		if lead < tail {
			return text.Span{Start: m.Base + lead, End: m.Base + tail}
		}
	}
	return p.step.Rest().Span
}

// commands are what the probe runs, without what never runs.
func (p *probe) commands() []*shell.Command {
	if p.script == nil {
		return nil
	}
	var list []*shell.Command
	for _, c := range p.script.Commands {
		if c.When != shell.Never && len(c.Words) > 0 {
			list = append(list, c)
		}
	}
	return list
}

var (
	urlPort  = regexp.MustCompile(`\b(https?)://(?:[^/@\s'"]*@)?(localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1?\]|\[::\])(?::(\d{1,5}))?(?:[/'"?\s\x60)#,;]|$)`)
	hostPort = regexp.MustCompile(`(?:localhost|127\.0\.0\.1|0\.0\.0\.0|::1)['"]?\s*[,:\s/]\s*(?:port\s*[=:]\s*)?(\d{1,5})\b`)
	portKey  = regexp.MustCompile(`\bport['"]?\s*[:=]\s*(\d{2,5})\b`)
)

// port is the port that a probe asks on this host; ok is false where that is
// not known, or there are several.
func (p *probe) port() (string, bool) {
	if p.script == nil {
		return p.asks.Text, p.asks.Set && !p.asks.Unresolved
	}
	var parts []string
	if p.shell {
		for _, c := range p.commands() {
			for _, w := range c.Words {
				parts = append(parts, w.Text)
			}
			parts = append(parts, "\n")
		}
	} else {
		parts = p.test[1:]
	}
	s := strings.Join(parts, " ")
	if strings.Contains(s, "${") && strings.Contains(s, "://") && !urlPort.MatchString(s) {
		return "", false
	}
	found := map[string]bool{}
	for _, m := range urlPort.FindAllStringSubmatch(s, -1) {
		switch {
		case m[3] != "":
			found[m[3]] = true
		case m[1] == "https":
			found["443"] = true
		default:
			found["80"] = true
		}
	}
	if len(found) == 0 {
		for _, re := range []*regexp.Regexp{hostPort, portKey} {
			for _, m := range re.FindAllStringSubmatch(s, -1) {
				found[m[1]] = true
			}
			if len(found) > 0 {
				break
			}
		}
	}
	if len(found) != 1 {
		return "", false
	}
	for port := range found {
		return port, true
	}
	return "", false
}

// mended gives a finding about the probe of a Dockerfile another command for it, which asks
// the port that the program listens on; port is "" where that is to be found out.
func (p *probe) mended(f check.Finding, port string) check.Finding {
	if p.step == nil || p.build == nil {
		return f
	}
	if port == "" {
		port, _ = p.port()
	}
	if listens, ok := p.build.ListenPort(); ok || port == "" {
		port = listens
	}
	if port == "" {
		if port = askable(p.build); port == "PORT" {
			port = p.build.UsualPort()
		}
	}
	a := recipe.Reprobe(p.build, p.step, port)
	f.Fixes, f.Unfixed = a.Fixes, a.Unfixed
	return f
}

// orElse gives a finding that nothing mends yet another advice.
func (p *probe) orElse(f check.Finding, other func() recipe.Advice) check.Finding {
	if p.build == nil || len(f.Fixes) > 0 {
		return f
	}
	if a := other(); len(a.Fixes) > 0 || f.Unfixed == "" {
		f.Fixes, f.Unfixed = a.Fixes, a.Unfixed
	}
	return f
}
