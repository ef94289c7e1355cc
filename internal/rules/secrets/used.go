package secrets

import (
	"fmt"
	"slices"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/secret"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/text"
)

// A use is a build argument where only a credential stands.
type use struct {
	name string // the argument's
	at   text.Span
	how  string // the predicate of a sentence: "is sent in the header Authorization"
}

// A usage follows build arguments through the commands of one RUN to the places
// where only a credential stands. What an argument is called does not matter.
type usage struct {
	step  *source.Step
	file  *text.File
	own   map[string]string                  // variables that the program sets: the argument that they hold, or ""
	heads map[string]bool                    // those of them that hold a whole header for credentials
	raws  map[*source.Step]map[string]string // what ENVs say, by name
	found []use
}

// used are the build arguments that a RUN uses as credentials, without those of
// which more is told already.
func used(b *source.Build, s *source.Step, run *source.Run, told []check.Finding) []check.Finding {
	var found []check.Finding
	for _, x := range usesOf(b.Text(), s, run) {
		if slices.ContainsFunc(told, func(f check.Finding) bool { return f.Cause == argCause(x.name) }) {
			continue
		}
		found = append(found, mounted(b, x.name).To(check.Finding{
			Place:   check.Place{File: b.Text(), Span: x.at},
			Stage:   s.Stage,
			Message: fmt.Sprintf("the build argument %s %s, so its value is in %s", x.name, x.how, whereKept(b, s)),
			Cause:   argCause(x.name),
		}))
	}
	return found
}

func usesOf(file *text.File, s *source.Step, run *source.Run) []use {
	u := &usage{step: s, file: file, own: map[string]string{}, heads: map[string]bool{}, raws: map[*source.Step]map[string]string{}}
	for _, m := range run.Mounts {
		if m.Env != "" {
			u.own[m.Env] = ""
		}
	}
	for _, c := range run.Commands() {
		if len(u.found) < most {
			u.command(c)
		}
		u.follow(c)
	}
	return u.found
}

// follow notes the variables that a command sets.
func (u *usage) follow(c *shell.Command) {
	for _, a := range c.Assigns {
		raw := u.file.Text(a.Span)
		name, _ := u.carried(references(raw))
		u.own[a.Name] = name
		_, value, _ := strings.Cut(raw, "=")
		head, _, ok := strings.Cut(strings.Trim(value, `"'`), ":")
		u.heads[a.Name] = ok && credentialHeader(head)
	}
	if c.Program() == "read" {
		for _, w := range c.Args() {
			u.own[w.Text] = ""
		}
	}
}

// carried is the build argument that the last of some variables holds which
// holds one.
func (u *usage) carried(list []reference) (string, bool) {
	for i := len(list) - 1; i >= 0; i-- {
		if n, ok := u.argument(list[i].name); ok {
			return n, true
		}
	}
	return "", false
}

// argument is the build argument that a variable holds, where it may be a secret.
func (u *usage) argument(name string) (string, bool) {
	if n, ok := u.own[name]; ok {
		return n, n != ""
	}
	return u.handed(u.step, name, 0)
}

// mostHands bounds how many ENVs hand a build argument on.
const mostHands = 8

// handed is the build argument that a variable of a step is, or that an ENV
// hands on to it.
func (u *usage) handed(s *source.Step, name string, hands int) (string, bool) {
	_, isArg := argument(s, name, true)
	v, ok := s.Env.Lookup(name)
	if !isArg && !ok || nameOf(name) != strong && (userName(name) || secret.Aside(name) || forEverybody(name)) {
		return "", false
	}
	if isArg {
		return name, true
	}
	if !ok || v.Arg || v.Step == nil || hands == mostHands {
		return "", false
	}
	if _, ok := v.Step.Command.(*instructions.EnvCommand); !ok {
		return "", false
	}
	for _, n := range variables(u.raw(v.Step, name)) {
		if arg, ok := u.handed(v.Step, n, hands+1); ok {
			return arg, true
		}
	}
	return "", false
}

// raw is the value that an ENV gives a variable, as written.
func (u *usage) raw(s *source.Step, name string) string {
	raws := u.raws[s]
	if raws == nil {
		raws = map[string]string{}
		for _, p := range pairs(s.Instruction) {
			raws[p.name] = p.raw
		}
		u.raws[s] = raws
	}
	return raws[name]
}

// note notes the argument in a part of a word: that from byte from on.
func (u *usage) note(w shell.Word, from int, at text.Span, how string) bool {
	list := references(u.file.Text(w.Span))
	for len(list) > 0 && list[0].at < from {
		list = list[1:]
	}
	name, ok := u.carried(list)
	if ok {
		u.found = append(u.found, use{name, at, how})
	}
	return ok
}

func (u *usage) command(c *shell.Command) {
	program, args := c.Underlying()
	if !u.holdsAny(c) {
		return
	}
	u.given(c, program)
	u.written(c, program)
	if knowledge.Speakers.Has(program) {
		return
	}
	u.environment(c, program)
	for i, w := range args {
		u.word(program, w)
		if i+1 < len(args) {
			u.next(program, w, args[i+1])
		}
	}
	for _, k := range knowledge.CredentialsOf(program) {
		u.known(program, args, k)
	}
	if knowledge.ConfigTools.Has(program) {
		u.config(program, args)
	}
}

// holdsAny tells whether a command has to do with a variable at all.
func (u *usage) holdsAny(c *shell.Command) bool {
	return strings.Contains(u.file.Text(c.Span), "$")
}

// environment judges NAME=$X before a command and after export.
func (u *usage) environment(c *shell.Command, program string) {
	if len(c.Words) == 0 || assets(c) {
		return
	}
	if program == "export" || program == "" {
		program = "the commands after it"
	}
	for _, a := range c.Assigns {
		if nameOf(a.Name) != strong || forEverybody(a.Name) {
			continue
		}
		name, ok := u.carried(references(u.file.Text(a.Span)))
		// An argument that keeps its name is told of where it is declared.
		if ok && name != a.Name {
			u.found = append(u.found, use{name, a.Span, fmt.Sprintf("is the value of %s for %s", a.Name, program)})
		}
	}
}

// word judges what shows in one word: NAME=$X, a header, a field of JSON.
func (u *usage) word(program string, w shell.Word) {
	raw := u.file.Text(w.Span)
	list := references(raw)
	if len(list) == 0 {
		return
	}
	for _, r := range list {
		name, ok := u.argument(r.name)
		if !ok {
			continue
		}
		before := raw[max(0, r.at-longestName):r.at]
		if m := authorization.FindStringSubmatch(before); m != nil {
			u.found = append(u.found, use{name, w.Span, "is sent in the header " + m[1]})
			return
		}
		if n, ok := namedBefore(raw, r.at); ok && n != name {
			how := fmt.Sprintf("is passed to %s as %s", program, clean(n))
			if n[0] == '-' {
				how = fmt.Sprintf("is passed to %s with %s", program, n)
			}
			u.found = append(u.found, use{name, w.Span, how})
			return
		}
	}
	for _, option := range []string{"--header=", "-H"} {
		if strings.HasPrefix(raw, option) && len(raw) > len(option) {
			u.header(raw[len(option):], w, w.Span)
			return
		}
	}
}

// next judges --NAME $X and -H "NAME: $X".
func (u *usage) next(program string, w, value shell.Word) {
	if program == "git" && strings.HasSuffix(strings.ToLower(w.Text), "extraheader") {
		u.header(u.file.Text(value.Span), value, w.Span.Join(value.Span))
		return
	}
	if !strings.HasPrefix(w.Text, "-") {
		return
	}
	switch {
	case w.Text == "-H" || w.Text == "--header":
		u.header(u.file.Text(value.Span), value, w.Span.Join(value.Span))
	case !strings.ContainsAny(w.Text, "= \n\t:/") && nameOf(w.Text) == strong:
		u.note(value, 0, w.Span.Join(value.Span), fmt.Sprintf("is passed to %s with %s", program, w.Text))
	}
}

// header judges NAME: VALUE, a header of a request.
func (u *usage) header(raw string, w shell.Word, at text.Span) {
	name, _, ok := strings.Cut(strings.Trim(raw, `"'`), ":")
	switch {
	case !ok:
		// The whole header may be in a variable that the program itself put together.
		if list := references(raw); len(list) == 1 && list[0].at <= 1 && u.heads[list[0].name] {
			u.note(w, 0, at, "is sent in a header")
		}
	case credentialHeader(name):
		u.note(w, strings.Index(u.file.Text(w.Span), ":"), at, "is sent in the header "+name)
	}
}

// credentialHeader tells whether the value of a header is a credential.
func credentialHeader(name string) bool {
	return knowledge.AuthHeaders.Has(strings.ToLower(name)) || nameOf(name) == strong
}
