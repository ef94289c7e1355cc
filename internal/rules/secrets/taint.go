package secrets

import (
	"regexp"
	"strings"

	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/text"
)

// A taint follows the values of a RUN's secret mounts through its commands.
type taint struct {
	file  *text.File
	paths []string        // where secrets are mounted
	vars  map[string]bool // variables that hold one
}

// certificate is a mount that holds what everybody may see.
var certificate = regexp.MustCompile(`(?i)(?:^|[-_./])(?:ca|cacert|cert|certs|crt|certificate|certificates|ca-?bundle|bundle)(?:[-_./]|$)`)

// newTaint is nil where the RUN mounts no secret.
func newTaint(file *text.File, run *source.Run) *taint {
	t := &taint{file: file, vars: map[string]bool{}}
	for _, m := range run.Mounts {
		if m.Type != "secret" {
			continue
		}
		if certificate.MatchString(m.ID) && !strings.Contains(strings.ToLower(m.ID), "key") {
			continue
		}
		if m.Target != "" {
			t.paths = append(t.paths, m.Target)
		}
		if m.Env != "" {
			t.vars[m.Env] = true
		}
	}
	if len(t.paths) == 0 && len(t.vars) == 0 {
		return nil
	}
	return t
}

// names tells whether a text names a mounted file.
func (t *taint) names(s string) bool {
	for _, p := range t.paths {
		for rest := s; ; {
			i := strings.Index(rest, p)
			if i < 0 {
				break
			}
			rest = rest[i+len(p):]
			if rest == "" || !isPathByte(rest[0]) {
				return true
			}
		}
		if strings.HasPrefix(p, "/run/secrets/") && strings.Contains(s, "/run/secrets/*") {
			return true
		}
	}
	return false
}

func isPathByte(c byte) bool {
	return c == '_' || c == '-' || c == '.' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// substitution is a command substitution that says a file's content.
var substitution = regexp.MustCompile("(?:\\$\\(|`)\\s*(?:<|(?:cat|head|tail|tr|base64|sed|cut|grep|awk|jq|xargs|echo|printf)\\b)[^)`]*[)`]")

// holds tells whether a word's value has a secret in it.
func (t *taint) holds(w shell.Word) bool {
	if w.Span.Len() == 0 {
		return false
	}
	raw := t.file.Text(w.Span)
	for _, v := range w.Vars {
		if t.vars[v] && !strings.Contains(raw, "${#"+v) && !strings.Contains(raw, "${"+v+":+") && !strings.Contains(raw, "${"+v+"+") {
			return true
		}
	}
	if !strings.Contains(raw, "$(") && !strings.Contains(raw, "`") {
		return false
	}
	for _, sub := range substitution.FindAllString(raw, -1) {
		if t.names(sub) || t.names(w.Text) && strings.Contains(sub, "$") {
			return true
		}
	}
	return false
}

// reads tells whether a command takes a mounted file as its input.
func (t *taint) reads(c *shell.Command) bool {
	p := c.Program()
	if knowledge.Filters.Has(p) && p != "echo" && p != "printf" || knowledge.Copiers.Has(p) {
		args := c.Args()
		if knowledge.Copiers.Has(p) && len(args) > 0 {
			args = args[:len(args)-1]
		}
		for _, w := range args {
			if t.names(w.Text) && !strings.Contains(w.Text, "$(") {
				return true
			}
		}
		for _, r := range c.Redirects {
			if r.Op == "<" && t.names(r.Target.Text) {
				return true
			}
		}
	}
	return false
}

// says tells whether a command's words or its here-document hold a secret.
func (t *taint) says(c *shell.Command) bool {
	for _, w := range c.Words {
		if t.holds(w) {
			return true
		}
	}
	for _, r := range c.Redirects {
		if strings.HasPrefix(r.Op, "<<") && t.holds(r.Body) {
			return true
		}
	}
	return false
}

// follow notes the variables that a command sets.
func (t *taint) follow(c *shell.Command) {
	for _, a := range c.Assigns {
		t.vars[a.Name] = t.holds(a.Value) || t.vars[a.Name] && a.Append
	}
	if c.Program() == "read" {
		for _, r := range c.Redirects {
			if r.Op == "<" && t.names(r.Target.Text) || r.Op == "<<<" && t.holds(r.Body) {
				for _, w := range c.Args() {
					t.vars[w.Text] = true
				}
			}
		}
	}
}
