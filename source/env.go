package source

import (
	"strings"
	"sync"

	bkshell "github.com/moby/buildkit/frontend/dockerfile/shell"
)

// A Var is one build variable as a Dockerfile makes it: an ARG or an ENV.
type Var struct {
	Name  string
	Value string
	Set   bool  // it has a value; an ARG without default that nobody sets has none
	Known bool  // the value is the same in every build: not one of the platform's
	Arg   bool  // made by ARG; else by ENV or the base image
	Step  *Step // the instruction that made it; nil when the base image, the builder or the command line did
}

// An Env is the variables at one point of a stage. It is a chain of what was
// set, the newest first, so a step keeps its own view at no cost. The nil Env
// has no variables.
type Env struct {
	Var
	older *Env
}

// With is env after v was set.
func (env *Env) With(v Var) *Env {
	if len(v.Value) > maxValue {
		v.Value, v.Known = "", false
	}
	return &Env{Var: v, older: env}
}

// Lookup finds a variable by its name. ok is false where nothing set or
// declared it.
func (env *Env) Lookup(name string) (v Var, ok bool) {
	for e := env; e != nil; e = e.older {
		if e.Name == name {
			return e.Var, true
		}
	}
	return Var{}, false
}

// All calls yield for every variable, the newest value of each only.
func (env *Env) All(yield func(Var) bool) {
	seen := map[string]bool{}
	for e := env; e != nil; e = e.older {
		if seen[e.Name] {
			continue
		}
		seen[e.Name] = true
		if !yield(e.Var) {
			return
		}
	}
}

// A Text is a word of a Dockerfile with its variables expanded as BuildKit
// expands them. An unset variable gives nothing, as in a build, but then the
// text is not known.
type Text struct {
	Raw     string
	Value   string
	Known   bool     // no variable in it is unset or differs from build to build
	Missing []string // the variables that had no value
	Used    []Var    // the variables that had one
}

func literal(s string) Text { return Text{Raw: s, Value: s, Known: true} }

// Values that grow from line to line (ENV A=$A$A) are not followed for ever.
const (
	maxValue     = 8 << 10 // of one variable; a longer value is taken as not known
	maxExpansion = 1 << 20 // of one word
)

type envGetter struct {
	env   *Env
	used  map[string]Var
	total int // bytes handed out
}

func (g *envGetter) Get(name string) (string, bool) {
	v, ok := g.env.Lookup(name)
	if !ok || !v.Set {
		return "", false
	}
	g.used[name] = v
	if g.total += len(v.Value); g.total > maxExpansion {
		return "", true
	}
	return v.Value, true
}

func (g *envGetter) Keys() []string { return nil }

var lexers = map[byte]*sync.Pool{
	'\\': {New: func() any { return bkshell.NewLex('\\') }},
	'`':  {New: func() any { return bkshell.NewLex('`') }},
}

// expand is word after quotes and variables, in this environment. A word that
// BuildKit cannot expand stays as it is, unknown.
func (env *Env) expand(word string, escape byte) Text {
	if !strings.ContainsAny(word, "$\"'\\`") {
		return literal(word)
	}
	pool := lexers[escape]
	if pool == nil {
		pool = lexers['\\']
	}
	lex := pool.Get().(*bkshell.Lex)
	defer pool.Put(lex)
	get := &envGetter{env: env, used: map[string]Var{}}
	res, err := lex.ProcessWordWithMatches(word, get)
	if err != nil {
		return Text{Raw: word, Value: word}
	}
	t := Text{Raw: word, Value: res.Result, Known: true}
	for name := range res.Unmatched {
		if hasDefault(word, name) {
			continue
		}
		t.Known = false
		t.Missing = append(t.Missing, name)
	}
	if get.total > maxExpansion {
		t.Known = false
	}
	for _, v := range get.used {
		t.Used = append(t.Used, v)
		t.Known = t.Known && v.Known
	}
	return t
}

// hasDefault tells whether every use of an unset variable in word brings a
// value of its own: ${NAME:-value} or ${NAME-value}, also ${NAME:+value}.
func hasDefault(word, name string) bool {
	for rest := word; ; {
		i := strings.IndexByte(rest, '$')
		if i < 0 {
			return true
		}
		rest = rest[i+1:]
		braced := strings.HasPrefix(rest, "{")
		use := strings.TrimPrefix(rest, "{")
		after, ok := strings.CutPrefix(use, name)
		if !ok || after != "" && isNameByte(after[0]) {
			continue
		}
		if !braced || after == "" {
			return false
		}
		after = strings.TrimPrefix(after, ":")
		if after == "" || !strings.ContainsRune("-+", rune(after[0])) {
			return false
		}
	}
}

func isNameByte(b byte) bool {
	return b == '_' || b >= '0' && b <= '9' || b >= 'A' && b <= 'Z' || b >= 'a' && b <= 'z'
}
