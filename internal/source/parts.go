package source

import (
	"strings"

	"github.com/dockworthy/dockworthy/internal/source/dockerfile"
	"github.com/dockworthy/dockworthy/text"
)

// A Part is a piece of an expanded value, with the place in the Dockerfile where it
// is written: what has to be edited to change it.
type Part struct {
	Value string
	// Span is where it stands; zero where it is not in the Dockerfile: a build
	// argument, a platform's name, a variable of the base image.
	Span text.Span
	// Var is the variable that it comes through, the innermost one where it went
	// through several; nil = it stands in the word itself.
	Var *Var
}

// Parts are the pieces of a word of an instruction after expansion, in order;
// together they are its value. nil = that cannot be told: the word has a pattern
// (${A#b}), is continued on another line, or is not expanded as it stands. env is
// the variables that the word sees: Step.Env; for a FROM, Build.MetaEnv.
func (b *Build) Parts(env *Env, word dockerfile.Word) []Part {
	x := parting{file: b.File, meta: b.Target.eval.metaArgs}
	parts, ok := x.word(env, word.Span, 0)
	if !ok || joined(parts) != b.Target.eval.words.expand(env, word.Text).Value {
		return nil
	}
	return parts
}

// MetaEnv is the variables that FROM sees: the ARGs above the first one.
func (b *Build) MetaEnv() *Env { return b.Target.eval.meta }

func joined(parts []Part) string {
	var b strings.Builder
	for _, p := range parts {
		b.WriteString(p.Value)
	}
	return b.String()
}

// A parting finds the pieces of words of one file.
type parting struct {
	file *dockerfile.File
	meta []*Step
}

// word are the pieces of what stands at a place.
func (x parting) word(env *Env, at text.Span, depth int) (parts []Part, ok bool) {
	raw := x.file.Text(at)
	if depth > maxNesting || strings.ContainsAny(raw, "\n\r") || len(raw) > maxValue {
		return nil, false
	}
	from := -1 // of the run of plain characters that is open
	flush := func(to int) {
		if from >= 0 && to > from {
			parts = append(parts, Part{Value: raw[from:to], Span: text.Span{Start: at.Start + from, End: at.Start + to}})
		}
		from = -1
	}
	quote := byte(0)
	for i := 0; i < len(raw); {
		c := raw[i]
		switch {
		case quote == 0 && (c == '\'' || c == '"'):
			flush(i)
			quote = c
			i++
		case quote != 0 && c == quote:
			flush(i)
			quote = 0
			i++
		case quote != '\'' && c == x.file.Escape && i+1 < len(raw):
			flush(i)
			if next := raw[i+1]; quote == '"' && next != '"' && next != '$' && next != x.file.Escape {
				from = i // within double quotes it stays
			} else {
				from = i + 1
			}
			flush(i + 2)
			i += 2
		case quote != '\'' && c == '$':
			flush(i)
			some, n, ok := x.variable(env, at.Start+i, raw[i:], depth)
			if !ok {
				return nil, false
			}
			parts = append(parts, some...)
			i += n
		default:
			if from < 0 {
				from = i
			}
			i++
		}
	}
	flush(len(raw))
	return parts, quote == 0
}

// variable are the pieces of $NAME or ${NAME} at the beginning of raw, and how many
// bytes it takes.
func (x parting) variable(env *Env, at int, raw string, depth int) (parts []Part, n int, ok bool) {
	braced := strings.HasPrefix(raw, "${")
	start := 1
	if braced {
		start = 2
	}
	end := start
	for end < len(raw) && isNameByte(raw[end]) {
		end++
	}
	if end == start || raw[start] >= '0' && raw[start] <= '9' {
		return nil, 0, false
	}
	name := raw[start:end]
	v, found := env.Lookup(name)
	if !braced {
		parts, ok = x.value(v, found && v.Set, depth)
		return parts, end, ok
	}
	closing := closingBrace(raw[end:])
	if closing < 0 {
		return nil, 0, false
	}
	inner := raw[end : end+closing]
	n = end + closing + 1
	set := found && v.Set
	if rest, colon := strings.CutPrefix(inner, ":"); colon {
		set, inner = set && v.Value != "", rest
	}
	switch {
	case inner == "" && raw[end] == '}':
		parts, ok = x.value(v, set, depth)
	case strings.HasPrefix(inner, "-") && set:
		parts, ok = x.value(v, true, depth)
	case strings.HasPrefix(inner, "-") || strings.HasPrefix(inner, "+") && set:
		to := at + end + closing
		parts, ok = x.word(env, text.Span{Start: to - len(inner) + 1, End: to}, depth+1)
	case strings.HasPrefix(inner, "+"):
		ok = true
	}
	return parts, n, ok
}

// closingBrace is where the brace closes that was open before s; -1 = nowhere.
func closingBrace(s string) int {
	depth := 1
	for i := range len(s) {
		switch s[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

// value are the pieces of a variable's value.
func (x parting) value(v Var, set bool, depth int) ([]Part, bool) {
	if !set || v.Value == "" {
		return nil, true
	}
	whole := []Part{{Value: v.Value, Var: &v}}
	step, word, ok := x.written(v)
	if !ok {
		return whole, true
	}
	parts, ok := x.word(step.Env, word, depth+1)
	if !ok || joined(parts) != v.Value {
		return whole, true // it was given from outside
	}
	for i := range parts {
		if parts[i].Var == nil {
			parts[i].Var = &v
		}
	}
	return parts, true
}

// written is where a variable's value stands: behind the = of the ARG or ENV that
// set it, for an ARG without a default that of the one above the first FROM.
func (x parting) written(v Var) (*Step, text.Span, bool) {
	if v.Step == nil {
		return nil, text.Span{}, false
	}
	if at, ok := valueSpan(v.Step, v.Name); ok {
		return v.Step, at, true
	}
	if v.Arg && v.Step.Stage != nil {
		for i := len(x.meta) - 1; i >= 0; i-- {
			if at, ok := valueSpan(x.meta[i], v.Name); ok {
				return x.meta[i], at, true
			}
		}
	}
	return nil, text.Span{}, false
}

// valueSpan is what stands behind NAME= in an ARG or ENV, quotes included.
func valueSpan(step *Step, name string) (text.Span, bool) {
	words := step.Assigned(name)
	if len(words) == 0 {
		return text.Span{}, false
	}
	w := words[len(words)-1]
	if raw := step.File().Text(w.Span); !strings.HasPrefix(raw, name+"=") || raw != w.Text {
		return text.Span{}, false
	}
	return text.Span{Start: w.Span.Start + len(name) + 1, End: w.Span.End}, true
}
