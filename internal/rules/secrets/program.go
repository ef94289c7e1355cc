package secrets

import (
	"regexp"
	"strings"

	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/text"
)

var pass = regexp.MustCompile(`^pass:(.+)$`)

// program judges the options that only the program gives their meaning.
func (s *scan) program(program string, args []shell.Word, c *shell.Command) {
	if len(args) == 0 {
		return
	}
	has := func(word string) bool {
		for _, a := range args {
			if a.Text == word {
				return true
			}
		}
		return false
	}
	switch {
	case knowledge.LoginTools.Has(program) && has("login"):
		s.option(args, "-p", true, program+" login")
	case program == "sshpass":
		s.option(args, "-p", true, "sshpass")
	case strings.HasPrefix(program, "mysql") || strings.HasPrefix(program, "mariadb"):
		s.option(args, "-p", false, program)
		s.after(args, "password", program)
	case program == "redis-cli":
		s.option(args, "-a", false, program)
		s.option(args, "-a", true, program)
	case program == "useradd" || program == "usermod":
		s.option(args, "-p", true, program)
	case strings.HasPrefix(program, "ldap"):
		s.option(args, "-w", true, program)
	case program == "htpasswd" && strings.Contains(args[0].Text, "b") && strings.HasPrefix(args[0].Text, "-"):
		s.last(args, "htpasswd")
	case program == "openssl":
		for _, a := range args {
			if raw, at, ok := s.bare(a.Span); ok {
				if m := pass.FindStringSubmatchIndex(raw); m != nil && worthOf(raw[m[2]:m[3]]) == literal {
					s.add(a.Span, part(at, raw, m[2], m[3]), "passes a literal password to openssl")
				}
			}
		}
		if has("passwd") && !has("-stdin") && len(args) > 1 && !strings.HasPrefix(args[len(args)-1].Text, "-") {
			s.last(args, "openssl passwd")
		}
	case program == "curl":
		for _, o := range []string{"-u", "--user", "-U", "--proxy-user"} {
			s.userPassword(args, o)
		}
	case knowledge.ConfigTools.Has(program):
		s.config(program, args)
	}
}

// option notes the literal value of an option: in the next word, or joined to it.
func (s *scan) option(args []shell.Word, name string, apart bool, program string) {
	for i, a := range args {
		raw, at, ok := s.bare(a.Span)
		if !ok {
			continue
		}
		if raw == name {
			if !apart || i+1 == len(args) {
				continue
			}
			if next, nextAt, ok := s.bare(args[i+1].Span); ok && next[0] != '-' && next[0] != '!' && worthOf(next) == literal {
				s.addNamed(a.Span.Join(args[i+1].Span), nextAt, "passes a literal password to "+program, program+"_password")
			}
			return
		}
		if v, ok := strings.CutPrefix(raw, name); ok && strings.HasPrefix(name, "-") && worthOf(v) == literal {
			v, vAt := unquote(v, part(at, raw, len(name), len(raw)))
			if v != "" {
				s.addNamed(a.Span, vAt, "passes a literal password to "+program, program+"_password")
			}
			return
		}
	}
}

// after notes the literal after a plain word: mysqladmin password NEW.
func (s *scan) after(args []shell.Word, word, program string) {
	for i, a := range args {
		if a.Text != word || i+1 == len(args) {
			continue
		}
		if next, at, ok := s.bare(args[i+1].Span); ok && worthOf(next) == literal {
			s.addNamed(args[i+1].Span, at, "passes a literal password to "+program, program+"_password")
		}
	}
}

// last notes the last argument where it is a literal.
func (s *scan) last(args []shell.Word, program string) {
	w := args[len(args)-1]
	if raw, at, ok := s.bare(w.Span); ok && raw[0] != '-' && worthOf(raw) == literal {
		s.addNamed(w.Span, at, "passes a literal password to "+program, program+"_password")
	}
}

// userPassword notes USER:PASSWORD after an option of curl.
func (s *scan) userPassword(args []shell.Word, name string) {
	for i, a := range args {
		raw, at, ok := s.bare(a.Span)
		if !ok || !strings.HasPrefix(raw, name) {
			continue
		}
		value, where := strings.TrimPrefix(raw, name), a.Span
		from := len(name)
		if value == "" {
			if i+1 == len(args) {
				continue
			}
			if value, at, ok = s.bare(args[i+1].Span); !ok {
				continue
			}
			raw, from, where = value, 0, a.Span.Join(args[i+1].Span)
		} else if strings.HasPrefix(name, "--") {
			if value[0] != '=' {
				continue
			}
			value, from = value[1:], from+1
		}
		user, password, ok := strings.Cut(value, ":")
		if !ok || worthOf(password) != literal || (login{User: user, Password: password}).Generic() {
			continue
		}
		s.addNamed(where, part(at, raw, from+len(user)+1, len(raw)), "passes to curl the password of "+user, "curl_password")
	}
}

// config judges `TOOL config set NAME VALUE` and its like.
func (s *scan) config(program string, args []shell.Word) {
	setting := false
	for i, a := range args {
		t := a.Text
		switch t {
		case "config", "configure", "set", "alias":
			setting = true
			continue
		}
		if !setting || strings.HasPrefix(t, "-") || i+1 == len(args) {
			continue
		}
		if !credentialSetting(t) {
			continue
		}
		value := args[i+1]
		if nameOf(t) != strong && !strings.HasSuffix(t, ":_auth") {
			value = args[len(args)-1] // the user may stand before it
		}
		if raw, at, ok := s.bare(value.Span); ok && raw[0] != '-' && worthOf(raw) == literal {
			s.add(a.Span.Join(value.Span), at, "stores a literal value for "+clean(t)+" in the settings of "+program)
		}
		return
	}
}

// credentialSetting tells whether a setting of a tool is a credential: npm's
// //HOST/:_authToken, Poetry's and Composer's http-basic.HOST.
func credentialSetting(name string) bool {
	for _, p := range []string{"http-basic.", "pypi-token.", "github-oauth.", "gitlab-token.", "bearer."} {
		if strings.HasPrefix(name, p) {
			return true
		}
	}
	return nameOf(name) == strong || strings.HasSuffix(name, ":_auth")
}

// sink is the program that reads a password from standard input.
func sink(c *shell.Command) (string, bool) {
	if p := c.Program(); knowledge.PasswordReaders.Has(p) {
		return p, true
	}
	for _, w := range c.Words {
		switch w.Text {
		case "--password-stdin", "--with-token", "--passphrase-fd":
			return c.Program(), true
		case "-S":
			if base(c.Words[0]) == "sudo" {
				return "sudo", true
			}
		}
	}
	return "", false
}

// piped judges what is given to a program that reads a password: by echo and a
// pipe, by a here-string or a here-document.
func (s *scan) piped(c *shell.Command, program string) {
	if to := c.PipeTo; to != nil && (program == "echo" || program == "printf") {
		name, ok := sink(to)
		if !ok {
			return
		}
		for _, a := range c.Args() {
			if !strings.HasPrefix(a.Text, "-") && !(program == "printf" && strings.HasPrefix(a.Text, "%")) {
				s.given(name, a.Span)
			}
		}
	}
	if name, ok := sink(c); ok {
		for _, r := range c.Redirects {
			if r.Fd == 0 && strings.HasPrefix(r.Op, "<<") {
				s.given(name, r.Body.Span)
			}
		}
	}
}

// given notes a password on its way into a program.
func (s *scan) given(name string, at text.Span) {
	raw, inner := unquote(strings.TrimSpace(s.file.Text(at)), at)
	if raw == "" || strings.ContainsAny(raw, "$`") {
		return
	}
	if name == "chpasswd" {
		user, password, ok := strings.Cut(raw, ":")
		// A password that is set here is one, whatever it says.
		if !ok || password == "" || strings.ContainsAny(password[:1], "*!x<{\\") && len(password) < 3 {
			return
		}
		user = strings.Trim(user[strings.LastIndexByte(user, '\n')+1:], " .")
		s.addNamed(at, part(inner, raw, len(raw)-len(password), len(raw)), "sets the password of "+user, user+"_password")
		return
	}
	if worthOf(raw) == literal {
		s.addNamed(at, inner, "passes a literal password to "+name, name+"_password")
	}
}

// stored judges what echo, printf, cat and tee write into a file.
func (s *scan) stored(c *shell.Command, program string, args []shell.Word) {
	switch program {
	case "echo", "printf", "cat", "tee", "":
	default:
		return
	}
	_, written := c.Redirected()
	if !written && program != "tee" && !(c.PipeTo != nil && c.PipeTo.Program() == "tee") {
		return
	}
	for _, a := range args {
		s.content(a.Span)
	}
	for _, r := range c.Redirects {
		if strings.HasPrefix(r.Op, "<<") {
			s.content(r.Body.Span)
		}
	}
}

// content judges a piece of a file.
func (s *scan) content(at text.Span) {
	raw := s.file.Text(at)
	for _, l := range lines(raw) {
		span := part(at, raw, l.From, l.To)
		s.addNamed(span, span, "writes a literal value for "+clean(l.Name), clean(l.Name))
	}
}
