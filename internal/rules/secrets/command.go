package secrets

import (
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/text"
)

// A scan looks through the commands of one shell program for secrets that
// stand there in clear.
type scan struct {
	file    *text.File
	runtime bool // it runs in the container, where localhost is no dummy
	leaks   []leak
	looked  map[text.Span]bool // the words of a program inside a word all stand there
	bares   map[text.Span]bare
}

type bare struct {
	raw   string
	at    text.Span
	plain bool
}

// commands are the leaks of the commands, in the order of the file.
func (s *scan) commands(list []*shell.Command) []leak {
	for _, c := range list {
		if c.When != shell.Never {
			s.command(c)
		}
	}
	return s.leaks
}

// most bounds the leaks of one program: nobody reads more.
const most = 200

// add notes a leak once, however many ways lead to it.
func (s *scan) add(at, hide text.Span, what string) { s.addNamed(at, hide, what, "") }

// addNamed notes a leak of which it is known what it is called.
func (s *scan) addNamed(at, hide text.Span, what, name string) {
	if len(s.leaks) == most {
		return
	}
	for _, l := range s.leaks {
		if l.hide.Start < hide.End && hide.Start < l.hide.End {
			return
		}
	}
	s.leaks = append(s.leaks, leak{at: at, hide: hide, what: what, name: name})
}

func (s *scan) command(c *shell.Command) {
	for _, w := range c.Words {
		s.look(w.Span)
	}
	for _, a := range c.Assigns {
		s.assign(c, a)
	}
	for _, r := range c.Redirects {
		s.look(r.Target.Span)
		s.look(r.Body.Span)
	}
	program, args := c.Underlying()
	if !knowledge.Speakers.Has(program) {
		s.words(c)
		s.program(program, args, c)
	}
	s.piped(c, program)
	s.stored(c, program, args)
}

var (
	header = regexp.MustCompile(`(?i)\bauthorization:\s*(?:(?:bearer|basic|token|digest|apikey|splunk)\s+)?([^\s"'\\$<{` + "`" + `]{3,})`)
	sql    = regexp.MustCompile(`(?i)\b(?:identified\s+(?:with\s+\S+\s+)?by|password(?:\s*\()?)\s*\\?['"]([^'"$\\{<]{3,})\\?['"]`)
	member = regexp.MustCompile(`(?i)\\?"(?:[a-z_-]*(?:password|passwd|secret|token|api_?key))\\?"\s*:\s*\\?"([^"\\$<{` + "`" + `]{3,})`)
	field  = regexp.MustCompile(`^["']?([A-Za-z][A-Za-z0-9-]*):\s*([^\s"']\S*?)["']?$`)
)

// look finds what shows by its look, wherever it stands.
func (s *scan) look(at text.Span) {
	if at.Len() < 8 || s.looked[at] {
		return
	}
	if s.looked == nil {
		s.looked = map[text.Span]bool{}
	}
	s.looked[at] = true
	raw := s.file.Text(at)
	for _, f := range vendors(raw) {
		span := part(at, raw, f.from, f.to)
		s.add(span, span, "contains "+f.what)
	}
	for _, l := range logins(raw) {
		if l.Bare() && !(l.Local() && !s.runtime) {
			span := part(at, raw, l.From, l.To)
			s.add(at, span, "contains "+l.Who())
		}
	}
	if anyOf(raw, "uthorization", "UTHORIZATION") {
		for _, m := range header.FindAllStringSubmatchIndex(raw, -1) {
			if v := raw[m[2]:m[3]]; worthOf(v) == literal && !knowledge.AuthSchemes.Has(strings.ToLower(v)) {
				s.addNamed(at, part(at, raw, m[2], m[3]), "sends an Authorization header with a literal value", "api_token")
			}
		}
	}
	if strings.Contains(raw, `"`) && anyOf(raw, "assw", "ecret", "oken", "key", "Key") {
		for _, m := range member.FindAllStringSubmatchIndex(raw, -1) {
			if worthOf(raw[m[2]:m[3]]) == literal {
				s.add(at, part(at, raw, m[2], m[3]), "contains JSON with a literal secret")
			}
		}
	}
	if anyOf(raw, "assword", "ASSWORD", "dentified", "DENTIFIED") && strings.ContainsAny(raw, `'"`) {
		for _, m := range sql.FindAllStringSubmatchIndex(raw, -1) {
			if worthOf(raw[m[2]:m[3]]) == literal {
				s.add(at, part(at, raw, m[2], m[3]), "sets a literal password")
			}
		}
	}
}

// anyOf tells whether one of the parts is in a text; it keeps the expressions
// away from most.
func anyOf(s string, parts ...string) bool {
	for _, p := range parts {
		if strings.Contains(s, p) {
			return true
		}
	}
	return false
}

// bare is a word's text as written, without quotes around it, where no part of
// it comes from a variable or a command.
func (s *scan) bare(at text.Span) (string, text.Span, bool) {
	if at.Len() <= 256 {
		raw, at := unquote(s.file.Text(at), at)
		return raw, at, raw != "" && !strings.ContainsAny(raw, "$`")
	}
	b, ok := s.bares[at]
	if !ok {
		b.raw, b.at = unquote(s.file.Text(at), at)
		b.plain = !strings.ContainsAny(b.raw, "$`")
		if s.bares == nil {
			s.bares = map[text.Span]bare{}
		}
		s.bares[at] = b
	}
	return b.raw, b.at, b.plain
}

// assign judges NAME=value before a command, alone, or after export.
func (s *scan) assign(c *shell.Command, a shell.Assign) {
	raw, at := s.file.Text(a.Span), a.Span
	name, value, ok := strings.Cut(raw, "=")
	if !ok {
		return
	}
	at.Start += len(name) + 1
	if value, at = unquote(value, at); strings.ContainsAny(value, "$`") {
		return
	}
	if strings.Contains(value, "://") {
		s.look(a.Span)
		return
	}
	if !s.runtime && (assets(c) && !mixed(value) || weakPassword(value)) {
		return // for this command alone, and a word that everybody knows
	}
	s.named(a.Name, value, a.Span, at)
}

// named notes a literal value under a secret's name.
func (s *scan) named(name, value string, at, valueAt text.Span) {
	if n := nameOf(name); worthOf(value) == literal && (n == strong || n == weak && random(value)) {
		s.addNamed(at, valueAt, "sets "+clean(name)+" to a literal value", clean(name))
	}
}

// clean is a name fit for a message.
func clean(name string) string {
	name = strings.TrimLeft(name, "-")
	if i := strings.LastIndexAny(name, ":?&"); i >= 0 {
		name = name[i+1:]
	}
	return strings.Trim(name, `"' `)
}

// assets tells whether a command compiles what a framework publishes, which
// wants some key and uses none.
func assets(c *shell.Command) bool {
	return slices.ContainsFunc(c.Words, func(w shell.Word) bool { return knowledge.AssetTasks.Has(w.Text) })
}

// words judges --name value, --name=value and NAME=value among the words.
func (s *scan) words(c *shell.Command) {
	compiles := sync.OnceValue(func() bool { return assets(c) })
	for i, w := range c.Words {
		raw, at, plain := s.bare(w.Span)
		if !plain || len(raw) > 4096 {
			continue
		}
		if name, value, ok := strings.Cut(raw, "="); ok && !strings.ContainsAny(name, " \n\t") {
			from := len(name) + 1
			// --from-literal=password=x, --build-arg=TOKEN=x
			for nameOf(name) != strong {
				n, v, more := strings.Cut(value, "=")
				if !more || strings.ContainsAny(n, " \n\t") {
					break
				}
				name, value, from = n, v, from+len(n)+1
			}
			if strings.Contains(name, "://") {
				value, _, _ = strings.Cut(value, "&")
			}
			v, valueAt := unquote(value, part(at, raw, from, from+len(value)))
			if !(compiles() && !s.runtime && !strings.HasPrefix(raw, "-") && !mixed(v)) {
				s.named(name, v, w.Span, valueAt)
			}
			continue
		}
		if i+1 == len(c.Words) || len(raw) < 4 || raw[0] != '-' || strings.ContainsAny(raw, " \n\t:/") {
			continue
		}
		next, nextAt, ok := s.bare(c.Words[i+1].Span)
		if !ok || next[0] == '-' {
			continue
		}
		if nameOf(raw) == strong {
			s.named(raw, next, w.Span.Join(c.Words[i+1].Span), nextAt)
		}
	}
	for i, w := range c.Words {
		at, raw := w.Span, s.file.Text(w.Span)
		switch {
		case (raw == "-H" || raw == "--header") && i+1 < len(c.Words):
			at = c.Words[i+1].Span
		case strings.HasPrefix(raw, "--header="):
			at.Start += len("--header=")
		case strings.HasPrefix(raw, "-H"):
			at.Start += len("-H")
		default:
			continue
		}
		s.field(at)
	}
}

// field judges NAME: VALUE, a header of a request.
func (s *scan) field(at text.Span) {
	raw := s.file.Text(at)
	m := field.FindStringSubmatchIndex(raw)
	if m == nil || strings.ContainsAny(raw, "$`") {
		return
	}
	name, value := raw[m[2]:m[3]], raw[m[4]:m[5]]
	if nameOf(name) == strong && worthOf(value) == literal {
		s.addNamed(at, part(at, raw, m[4], m[5]), "sends the header "+name+" with a literal value", name)
	}
}

// base is a program's name without its version: python3.12, mysql.
func base(w shell.Word) string { return path.Base(w.Text) }
