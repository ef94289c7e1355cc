package secrets

import (
	"fmt"
	"path"
	"regexp"
	"strings"

	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/text"
)

// curlSwitches are options of one letter without a value, with -u or -U behind
// them: -fsSu.
var curlSwitches = regexp.MustCompile(`^-[fgIijkLlnNqRSsv#0346]+[uU]$`)

// known judges what only the program gives its meaning.
func (u *usage) known(program string, args []shell.Word, k *knowledge.Credential) {
	after := -1
	for i, a := range args {
		if k.After == "" || a.Text == k.After {
			after = i
			break
		}
	}
	if after < 0 {
		return
	}
	if k.After != "" {
		program += " " + k.After
	}
	last := args[len(args)-1]
	switch k.Form {
	case knowledge.LastForm:
		if after < len(args)-1 {
			u.note(last, 0, last.Span, "is passed to "+program+" as its credential")
		}
	case knowledge.HostForm:
		if host := args[max(0, len(args)-2)]; after < len(args)-2 && strings.Contains(host.Text, ".") && !strings.Contains(host.Text, "build.") && !strings.Contains(host.Text, "mirror.") {
			u.note(last, 0, host.Span.Join(last.Span), "is stored by "+program+" as the credential for "+host.Text)
		}
	default:
		for i, a := range args {
			u.option(program, args, i, a, k)
		}
	}
}

// option judges one argument as one of a program's options for credentials.
func (u *usage) option(program string, args []shell.Word, i int, a shell.Word, k *knowledge.Credential) {
	raw := u.file.Text(a.Span)
	how := func(option string) string { return fmt.Sprintf("is passed to %s with %s", program, option) }
	if k.Form == knowledge.JoinedForm {
		for _, o := range k.Options {
			if strings.HasPrefix(raw, o) && len(raw) > len(o) {
				u.note(a, len(o), a.Span, how(o))
			}
		}
		return
	}
	option := a.Text
	if k.Form == knowledge.LoginForm && len(option) > 2 && option[0] == '-' && option[1] != '-' && curlSwitches.MatchString(option) {
		option = "-" + option[len(option)-1:] // -fsSu
	}
	if k.Has(option) {
		if i+1 < len(args) {
			u.value(args[i+1], 0, a.Span.Join(args[i+1].Span), how(option), k)
		}
		return
	}
	for _, o := range k.Options {
		switch {
		case strings.HasPrefix(raw, o+"="):
			u.value(a, len(o)+1, a.Span, how(o), k)
			return
		case len(o) == 2 && strings.HasPrefix(raw, o) && len(raw) > 2 && strings.ContainsAny(raw[2:3], `$"'`):
			u.value(a, 2, a.Span, how(o), k)
			return
		}
	}
}

// value judges the value of an option for a credential: that of a login is
// behind the user.
func (u *usage) value(w shell.Word, from int, at text.Span, how string, k *knowledge.Credential) {
	raw := spelled(u.file.Text(w.Span))
	if k.Form != knowledge.LoginForm {
		u.note(w, from, at, how)
		return
	}
	colon := colonOf(raw[from:])
	switch {
	case colon < 0:
		// A user, or a user with the password in one variable: its name tells.
		if list := references(raw[from:]); len(list) == 1 && nameOf(list[0].name) == strong {
			u.note(w, from, at, how)
		}
	case strings.Trim(raw[from+colon+1:], `"'`) == "":
		u.note(w, from, at, how) // a token in the user's place
	default:
		u.behind(w, from+colon+1, at, how)
	}
}

// behind notes the argument behind the colon of USER:PASSWORD, unless the user is
// the same.
func (u *usage) behind(w shell.Word, from int, at text.Span, how string) {
	list := references(u.file.Text(w.Span))
	for i := 1; i < len(list); i++ {
		if list[i].at >= from && list[0].at < from && list[i].name == list[0].name {
			return
		}
	}
	u.note(w, from, at, how)
}

// colonOf is the first colon of a text outside of ${…}; -1 where there is none.
func colonOf(s string) int {
	open := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '{':
			open++
		case '}':
			open--
		case ':':
			if open <= 0 {
				return i
			}
		}
	}
	return -1
}

// config judges `TOOL config set NAME $X`.
func (u *usage) config(program string, args []shell.Word) {
	setting := false
	for i, a := range args {
		switch a.Text {
		case "config", "configure", "set":
			setting = true
			continue
		}
		if !setting || strings.HasPrefix(a.Text, "-") || i+1 == len(args) {
			continue
		}
		if credentialSetting(a.Text) {
			last := args[len(args)-1]
			u.note(last, 0, a.Span.Join(last.Span), fmt.Sprintf("is stored as %s in the settings of %s", clean(a.Text), program))
			return
		}
	}
}

// given judges what echo and printf pass to a program that reads a password, and
// a here-string of such a program.
func (u *usage) given(c *shell.Command, program string) {
	pass := func(w shell.Word, to string) {
		how := "is passed to " + to + " as a password"
		from := 0
		if to == "chpasswd" {
			from = max(0, colonOf(u.file.Text(w.Span)))
		}
		u.behind(w, from, w.Span, how)
	}
	if to := c.PipeTo; to != nil && (program == "echo" || program == "printf") {
		if name, ok := sink(to); ok {
			for _, a := range c.Args() {
				pass(a, name)
			}
		}
	}
	if name, ok := sink(c); ok {
		for _, r := range c.Redirects {
			if r.Fd == 0 && strings.HasPrefix(r.Op, "<<") {
				pass(r.Body, name)
			}
		}
	}
}

// written judges what is written to a file under a secret's name, and whatever is
// written to a private key. An argument that is called a secret is told of where
// it is declared, or where the file stays.
func (u *usage) written(c *shell.Command, program string) {
	switch program {
	case "echo", "printf", "cat", "tee":
	default:
		return
	}
	file, ok := destination(c)
	if !ok {
		return
	}
	words := c.Args()
	for _, r := range c.Redirects {
		if strings.HasPrefix(r.Op, "<<") {
			words = append(words[:len(words):len(words)], r.Body)
		}
	}
	if program == "printf" {
		u.formatted(c, file)
	}
	key := knowledge.HeldBy(path.Base(path.Dir(file)), path.Base(file)) == knowledge.SSHKey
	for _, w := range words {
		raw := u.file.Text(w.Span)
		for _, r := range references(raw) {
			name, ok := u.argument(r.name)
			if !ok || nameOf(name) == strong {
				continue
			}
			if n, ok := namedBefore(raw, r.at); ok {
				u.found = append(u.found, use{name, w.Span, fmt.Sprintf("is written to %s as %s", file, clean(n))})
			} else if key {
				u.found = append(u.found, use{name, w.Span, fmt.Sprintf("is written to %s, a private SSH key", file)})
			}
		}
	}
}

// formatted judges the arguments of a printf whose format says what they are:
// printf 'password=%s' "$X".
func (u *usage) formatted(c *shell.Command, file string) {
	words := c.Args()
	if len(words) < 2 {
		return
	}
	format := u.file.Text(words[0].Span)
	at := 0
	for _, w := range words[1:] {
		i := strings.Index(format[at:], "%s")
		if i < 0 {
			return
		}
		at += i
		name, ok := u.carried(references(u.file.Text(w.Span)))
		if n, named := namedBefore(format, at); ok && named && nameOf(name) != strong {
			u.found = append(u.found, use{name, w.Span, fmt.Sprintf("is written to %s as %s", file, clean(n))})
		}
		at += 2
	}
}

// destination is the file into which a command, or the tee behind it, writes.
func destination(c *shell.Command) (string, bool) {
	if r, ok := c.Redirected(); ok {
		return r.Target.Text, !strings.HasPrefix(r.Target.Text, "/dev/")
	}
	if c.PipeTo != nil {
		c = c.PipeTo
	}
	if c.Program() == "tee" {
		for _, w := range c.Args() {
			if !strings.HasPrefix(w.Text, "-") {
				return w.Text, true
			}
		}
	}
	return "", false
}
