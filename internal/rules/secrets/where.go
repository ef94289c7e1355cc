package secrets

import (
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/dockerfile"
	"github.com/dockworthy/dockworthy/text"
)

// eachStep calls fn for every step that this build answers for: of the stages
// that it needs and of those that no build needs, with the triggers of ONBUILD
// as steps of their own. What only another target needs is judged with that.
func eachStep(b *source.Build, fn func(*source.Step)) {
	for _, s := range b.Stages {
		if !b.Needs(s) && b.Reaches(s) {
			continue
		}
		for _, step := range s.Steps {
			fn(step)
			if t := step.Triggered(); t != nil {
				fn(t)
			}
		}
	}
}

// inFile marks a finding as one of a value that stands in the file itself: in
// a stage that nothing needs it is a warning, for it is in the repository.
func inFile(b *source.Build, s *source.Stage, f check.Finding) check.Finding {
	f.Stage = s
	if s != nil && !b.Reaches(s) {
		f.Severity, f.Firm = check.Warning, true
	}
	return f
}

// whereKept is where the value of a build argument stays that a step uses.
func whereKept(b *source.Build, s *source.Step) string {
	if s.Stage != nil && !b.InChain(s.Stage) {
		return "the build cache and in provenance"
	}
	return "the image's history"
}

// A pair is NAME=value of an ENV, ARG or LABEL, as written.
type pair struct {
	name     string
	value    string // without its quotes, not expanded
	raw      string // as written
	set      bool   // there is a value; not so for ARG NAME
	span     text.Span
	valueAt  text.Span // of value
	nameSpan text.Span
}

// pairs are the pairs of an instruction, in order.
func pairs(in *dockerfile.Instruction) []pair {
	words := in.Words()
	if len(words) == 0 {
		return nil
	}
	file := in.File()
	// ENV NAME the rest of the line
	if in.Keyword != "ARG" && !strings.Contains(words[0].Text, "=") {
		p := pair{name: words[0].Text, span: words[0].Span, nameSpan: words[0].Span}
		if len(words) > 1 {
			p.valueAt = text.Span{Start: words[1].Span.Start, End: words[len(words)-1].Span.End}
			p.span = p.span.Join(p.valueAt)
			p.raw, p.set = file.Text(p.valueAt), true
			p.value, p.valueAt = unquote(p.raw, p.valueAt)
		}
		return []pair{p}
	}
	list := make([]pair, 0, len(words))
	for _, w := range words {
		name, value, set := strings.Cut(w.Text, "=")
		p := pair{name: strings.Trim(name, `"'`), raw: value, set: set, span: w.Span}
		p.nameSpan = text.Span{Start: w.Span.Start, End: w.Span.Start + len(name)}
		p.valueAt = text.Span{Start: min(w.Span.Start+len(name)+1, w.Span.End), End: w.Span.End}
		p.value, p.valueAt = unquote(value, p.valueAt)
		list = append(list, p)
	}
	return list
}

// unquote takes quotes off that go around the whole.
func unquote(s string, at text.Span) (string, text.Span) {
	if n := len(s); n >= 2 && (s[0] == '"' || s[0] == '\'') && s[n-1] == s[0] && at.Len() >= 2 {
		return s[1 : n-1], text.Span{Start: at.Start + 1, End: at.End - 1}
	}
	return s, at
}

// variables are the names that a word of a Dockerfile refers to, without those
// in single quotes or after a backslash.
func variables(raw string) []string {
	var names []string
	if strings.HasPrefix(raw, "'") {
		return nil
	}
	for i := 0; i+1 < len(raw); i++ {
		switch raw[i] {
		case '\\':
			i++
		case '$':
			rest := strings.TrimPrefix(raw[i+1:], "{")
			n := 0
			for n < len(rest) && (rest[n] == '_' || rest[n] >= 'a' && rest[n] <= 'z' || rest[n] >= 'A' && rest[n] <= 'Z' || n > 0 && rest[n] >= '0' && rest[n] <= '9') {
				n++
			}
			// ${X:+y} tells only whether there is one.
			if n > 0 && !strings.HasPrefix(rest[n:], ":+") && !strings.HasPrefix(rest[n:], "+") {
				names = append(names, rest[:n])
			}
		}
	}
	return names
}

// argument is the build argument of that name where it is one at a step, and
// may carry a secret: by its own name or, where asked by a secret's name, by
// that.
func argument(s *source.Step, name string, bySecret bool) (source.Var, bool) {
	v, ok := s.Env.Lookup(name)
	if !ok || !v.Arg || v.Step == nil || nameOf(name) != strong && !bySecret {
		return source.Var{}, false
	}
	if v.Set && v.Value != "" {
		if w := worthOf(v.Value); w == nothing || w == dummy {
			return source.Var{}, false
		}
	}
	return v, true
}

// defaultAt is where the value stands that a variable got in this file.
func defaultAt(v source.Var) (text.Span, bool) {
	if v.Step == nil {
		return text.Span{}, false
	}
	for _, p := range pairs(v.Step.Instruction) {
		if p.name == v.Name && p.set {
			return p.valueAt, true
		}
	}
	return text.Span{}, false
}

// argCause is the cause of everything that comes of a build argument.
func argCause(name string) check.Cause { return check.Cause("build-argument").Of(name) }

// command is the argv or shell line of a CMD, ENTRYPOINT or HEALTHCHECK.
func command(s *source.Step) ([]string, bool) {
	switch cmd := s.Command.(type) {
	case *instructions.CmdCommand:
		return cmd.CmdLine, true
	case *instructions.EntrypointCommand:
		return cmd.CmdLine, true
	case *instructions.HealthCheckCommand:
		if cmd.Health == nil || len(cmd.Health.Test) < 2 {
			return nil, false
		}
		return cmd.Health.Test[1:], true
	}
	return nil, false
}
