package secrets

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/recipe"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/text"
)

// A leak is a secret that stands somewhere in clear.
type leak struct {
	at   text.Span // what a reader would point at
	hide text.Span // what no output may show
	what string    // the predicate of a sentence: "holds a GitHub token"

	name     string // what the value is called where it stands; "" = not said
	password string // the value that people chose; "" = a machine made it
	user     string // whose it is; "" = not said
}

// setting judges NAME=value, as of ENV, ARG, LABEL or a deployment file. quiet
// is said of URLs of the machine itself with a weak password.
func setting(name, value string, at text.Span, quietLocal bool) (leak, bool) {
	s := nameOf(name)
	for _, f := range vendors(value) {
		if f.public && forEverybody(name) {
			continue
		}
		return leak{at: at, hide: part(at, value, f.from, f.to), what: "contains " + f.what}, true
	}
	for _, l := range logins(value) {
		if !l.Bare() || l.Local() && (quietLocal || weakPassword(l.Password) || strings.EqualFold(l.User, l.Password)) {
			continue
		}
		return leak{at: at, hide: part(at, value, l.From, l.To), what: "contains " + l.Who(), password: l.Password, user: l.User}, true
	}
	if from, to, ok := among(value); ok && !(strings.HasPrefix(value, "{") && forEverybody(name)) {
		return leak{at: at, hide: part(at, value, from, to), what: "contains a password in plain text among other settings", password: value[from:to]}, true
	}
	if s == notSecret || worthUnder(name, value) != literal {
		return leak{}, false
	}
	if s == weak && !random(value) {
		return leak{}, false
	}
	return leak{at: at, hide: at, what: "has a literal value", password: value}, true
}

// connection is the password of a connection string: Server=db;Password=x;
var connection = regexp.MustCompile(`(?i)(?:^|;)\s*(?:password|pwd)\s*=\s*([^;"'$]+)`)

// inObject is a text of a JSON object.
var inObject = regexp.MustCompile(`"([A-Za-z0-9_.-]{1,64})"\s*:\s*"([^"\\$]+)"`)

// among finds a secret among the settings that one value holds: a connection
// string, options as of JAVA_OPTS, or a JSON object.
func among(value string) (from, to int, ok bool) {
	if strings.Contains(value, ";") {
		if m := connection.FindStringSubmatchIndex(value); m != nil && worthOf(value[m[2]:m[3]]) == literal {
			return m[2], m[3], true
		}
	}
	if strings.HasPrefix(value, "{") && strings.Contains(value, `":`) || strings.HasPrefix(value, "[{") {
		for _, m := range inObject.FindAllStringSubmatchIndex(value, -1) {
			if nameOf(value[m[2]:m[3]]) == strong && worthUnder(value[m[2]:m[3]], value[m[4]:m[5]]) == literal {
				return m[4], m[5], true
			}
		}
	}
	if !strings.Contains(value, "=") {
		return 0, 0, false
	}
	for at := 0; at < len(value); {
		end := at + len(value[at:])
		if i := strings.IndexByte(value[at:], ' '); i >= 0 {
			end = at + i
		}
		name, v, set := strings.Cut(value[at:end], "=")
		if set && strings.HasPrefix(name, "-") && nameOf(name) == strong && worthOf(v) == literal && !strings.Contains(v, "$") {
			return end - len(v), end, true
		}
		at = end + 1
	}
	return 0, 0, false
}

// part is the place of bytes [from, to) of a value. A value whose text is not
// the bytes of its place, as one with a continuation, is hidden whole.
func part(at text.Span, value string, from, to int) text.Span {
	if at.Len() != len(value) {
		return at
	}
	return text.Span{Start: at.Start + from, End: at.Start + to}
}

// settings are the leaks of an ENV, ARG or LABEL.
func settings(b *source.Build, s *source.Step, kind string) []check.Finding {
	var found []check.Finding
	for i, p := range pairs(s.Instruction) {
		if !p.set {
			continue
		}
		if f, ok := laundered(b, s, p, kind); ok {
			found = append(found, f)
			continue
		}
		value, at := p.value, p.valueAt
		vars := variables(p.raw)
		if len(vars) > 0 && i < len(s.Vars) {
			// ${NAME:-default}, or a variable that has a value here.
			if !s.Vars[i].Known || said(s, vars) {
				continue
			}
			value = s.Vars[i].Value
		}
		builder := s.Stage != nil && !b.InChain(s.Stage)
		l, ok := setting(p.name, value, at, builder)
		if !ok || builder && onlyForAssets(s.Stage, l) {
			continue
		}
		f := check.Finding{
			Place:   check.Place{File: b.Text(), Span: p.span},
			Message: fmt.Sprintf("%s %s %s", kind, p.name, l.what),
			Secrets: []text.Span{l.hide},
		}
		for _, n := range vars {
			if v, ok := s.Env.Lookup(n); ok && v.Step != nil {
				if span, ok := defaultAt(v); ok {
					f.Secrets = append(f.Secrets, span)
				}
			}
		}
		a := recipe.Unset(b, s, p.name, p.span)
		if kind == "LABEL" {
			a = recipe.Unlabel(b, s, p.name, p.span)
		}
		f.Fixes, f.Unfixed = a.Fixes, a.Unfixed
		found = append(found, inFile(b, s.Stage, f))
	}
	return found
}

// onlyForAssets tells whether a value that no machine made is there because what
// publishes the assets in this stage wants some: the value is used for nothing.
func onlyForAssets(stage *source.Stage, l leak) bool {
	if l.password == "" || random(l.password) || mixed(l.password) {
		return false
	}
	return slices.ContainsFunc(stage.Steps, func(s *source.Step) bool {
		run := s.Run()
		return run != nil && slices.ContainsFunc(run.Commands(), assets)
	})
}

// logsIn tells whether a variable is the password, or the token in its place, of
// a URL.
func logsIn(raw, name string) bool {
	for _, l := range logins(raw) {
		password := l.Password
		if password == "" || knowledge.TokenPasswords.Has(password) {
			if password = l.User; userName(name) {
				continue
			}
		}
		if slices.Contains(variables(password), name) {
			return true
		}
	}
	return false
}

// said tells whether one of the variables is itself an ENV that is told of
// where it is set.
func said(s *source.Step, vars []string) bool {
	for _, n := range vars {
		v, ok := s.Env.Lookup(n)
		if ok && !v.Arg && v.Step != nil && nameOf(n) == strong {
			return true
		}
	}
	return false
}

// laundered is the finding where a value brings a build argument's secret into
// the image.
func laundered(b *source.Build, s *source.Step, p pair, kind string) (check.Finding, bool) {
	for _, n := range variables(p.raw) {
		v, ok := argument(s, n, nameOf(p.name) == strong || logsIn(p.raw, n))
		if !ok {
			continue
		}
		f := check.Finding{
			Place:   check.Place{File: b.Text(), Span: p.span},
			Stage:   s.Stage,
			Message: fmt.Sprintf("%s %s stores the value of the build argument %s in the image", kind, p.name, n),
			Cause:   argCause(n),
		}
		f = mounted(b, n).To(f)
		if s.Stage != nil && b.Reaches(s.Stage) && !b.InChain(s.Stage) {
			f.Severity = check.Warning
			f.Message = fmt.Sprintf("%s %s keeps the value of the build argument %s in the build cache", kind, p.name, n)
		}
		f.Related = []check.Place{{File: b.Text(), Span: v.Step.Span, Message: "the build argument is declared here"}}
		if span, ok := defaultAt(v); ok && worthOf(b.Text().Text(span)) == literal {
			f.Secrets = []text.Span{span}
			f = inFile(b, s.Stage, f)
		}
		return f, true
	}
	return check.Finding{}, false
}
