package source

import (
	"hash/maphash"
	"slices"
	"strings"
	"sync"

	bkshell "github.com/moby/buildkit/frontend/dockerfile/shell"

	"github.com/dockworthy/dockworthy/internal/meter"
	"github.com/dockworthy/dockworthy/internal/source/dockerfile"
)

// A Var is one build variable as a Dockerfile makes it: an ARG or an ENV.
type Var struct {
	Name  string
	Value string
	Set   bool  // it has a value; an ARG without default that nobody sets has none
	Known bool  // the value is the same in every build: not one of the platform's
	Long  bool  // the value is longer than is kept, so that it is not known
	Arg   bool  // made by ARG; else by ENV or the base image
	Step  *Step // the instruction that made it; nil when the base image, the builder or the command line did
}

// An Env is the variables at one point of a stage. It is a chain of what was
// set, the newest first, so a step keeps its own view at no cost. The nil Env
// has no variables.
type Env struct {
	Var
	older *Env
	links int   // to the oldest, or to the next one with an index
	index *trie // of this one and all older ones; nil where few follow the last index
}

// maxLinks is how far a chain is walked before it gets an index: the variables
// of an ordinary stage need none.
const maxLinks = 64

// With is env after v was set. A value that is too long is not known.
func (env *Env) With(v Var) *Env {
	if len(v.Value) > maxValue {
		v.Value, v.Known, v.Long = "", false, true
	}
	next := &Env{Var: v, older: env}
	if env != nil && env.index == nil {
		next.links = env.links + 1
	}
	if next.links >= maxLinks {
		next.indexed()
	}
	return next
}

// indexed gives env an index, over that of the one further down.
func (env *Env) indexed() {
	var chain []*Env
	var t *trie
	for e := env; e != nil; e = e.older {
		if e.index != nil {
			t = e.index
			break
		}
		chain = append(chain, e)
	}
	for i := len(chain) - 1; i >= 0; i-- {
		t = t.with(chain[i], hash(chain[i].Name))
	}
	env.index, env.links = t, 0
}

// Has tells whether anything set or declared a variable.
func (env *Env) Has(name string) bool {
	_, ok := env.Lookup(name)
	return ok
}

// Lookup finds a variable by its name. ok is false where nothing set or
// declared it.
func (env *Env) Lookup(name string) (v Var, ok bool) {
	for e := env; e != nil; e = e.older {
		if e.index != nil {
			if e = e.index.find(name, hash(name)); e == nil {
				return Var{}, false
			}
			return e.Var, true
		}
		if e.Name == name {
			return e.Var, true
		}
	}
	return Var{}, false
}

// A trie finds the newest variable of a name by the name's hash. It is never
// changed: a chain of variables that parts shares what lies before.
type trie struct {
	of   *Env // newest of its name; nil = none
	kids [4]*trie
}

var hashSeed = maphash.MakeSeed()

func hash(name string) uint64 { return maphash.String(hashSeed, name) }

// with is t with a variable in the place of an older one of its name. Names
// whose hashes agree follow each other down, beyond the last bit as well.
func (t *trie) with(env *Env, h uint64) *trie {
	if t == nil {
		return &trie{of: env}
	}
	next := *t
	if t.of.Name == env.Name {
		next.of = env
	} else {
		kid := &next.kids[h&3]
		*kid = (*kid).with(env, h>>2)
	}
	return &next
}

func (t *trie) find(name string, h uint64) *Env {
	for ; t != nil; t, h = t.kids[h&3], h>>2 {
		if t.of.Name == name {
			return t.of
		}
	}
	return nil
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
	Long    bool     // it is longer than is kept: Value is as it is written
}

func literal(s string) Text { return Text{Raw: s, Value: s, Known: true} }

// Values that grow from line to line (ENV A=$A$A) are not followed for ever.
const (
	maxValue     = 8 << 10  // of one variable; a longer value is taken as not known
	maxExpansion = 64 << 10 // of one word
)

type envGetter struct {
	env   *Env
	used  map[string]Var
	total int // bytes handed out
	long  bool
}

func (g *envGetter) Get(name string) (string, bool) {
	v, ok := g.env.Lookup(name)
	if !ok || !v.Set {
		return "", false
	}
	g.used[name] = v
	g.long = g.long || v.Long
	if g.total += len(v.Value); g.total > maxExpansion {
		g.long = true
		return "", true
	}
	return v.Value, true
}

func (g *envGetter) Keys() []string { return nil }

var lexers = map[byte]*sync.Pool{
	'\\': {New: func() any { return bkshell.NewLex('\\') }},
	'`':  {New: func() any { return bkshell.NewLex('`') }},
}

// An expander puts the values of variables into the words of one Dockerfile,
// up to a budget for all of them: a hundred lines may name a long value a
// thousand times.
type expander struct {
	escape byte
	meter  meter.Meter
	beyond *limits
}

// Steps are bytes of values. A pattern (${A##*x}) is held against a value byte
// by byte, for each byte of its own.
const (
	freeExpansion    = 1 << 20
	expansionPerByte = 16
	patternSteps     = 8
)

func newExpander(f *dockerfile.File, beyond *limits) *expander {
	return &expander{escape: f.Escape, meter: meter.Meter{Left: freeExpansion + expansionPerByte*len(f.Data)}, beyond: beyond}
}

// expand is word after quotes and variables, in this environment. A word that
// BuildKit cannot expand stays as it is, unknown, and so does one whose value is
// too long.
func (x *expander) expand(env *Env, word string) Text {
	if !strings.ContainsAny(word, "$\"'\\`") {
		return literal(word)
	}
	if !x.meter.Spend(len(word)) {
		x.beyond.note(Variables, muchText)
		return Text{Raw: word, Value: word, Long: true}
	}
	nesting, patterns := braces(word)
	if nesting > maxNesting {
		x.beyond.note(Variables, "its variables are nested more than %d levels deep", maxNesting)
		return Text{Raw: word, Value: word, Long: true}
	}
	get := &envGetter{env: env, used: map[string]Var{}}
	if patterns > 0 {
		// What patterns cost is known before they are tried.
		text := 0
		for _, name := range namesIn(word) {
			v, _ := env.Lookup(name)
			text += len(v.Value)
		}
		steps := text * patterns * patternSteps
		if strings.Contains(word, "/") {
			steps += text * (text + len(word)) // one may take the place of each byte of another
		}
		if !x.meter.Spend(steps) {
			x.beyond.note(Variables, "the patterns in its variables are matched against more text than the limit for a Dockerfile of its size")
			return Text{Raw: word, Value: word, Long: true}
		}
	}
	pool := lexers[x.escape]
	if pool == nil {
		pool = lexers['\\']
	}
	lex := pool.Get().(*bkshell.Lex)
	defer pool.Put(lex)
	res, err := lex.ProcessWordWithMatches(word, get)
	if err != nil {
		return Text{Raw: word, Value: word}
	}
	t := Text{Raw: word, Value: res.Result, Known: true}
	if len(res.Unmatched) > 0 {
		for name := range needed(word) {
			if _, ok := res.Unmatched[name]; ok {
				t.Known = false
				t.Missing = append(t.Missing, name)
			}
		}
		slices.Sort(t.Missing)
	}
	for _, v := range get.used {
		t.Used = append(t.Used, v)
		t.Known = t.Known && v.Known
	}
	switch {
	case get.long || len(t.Value) > max(maxExpansion, len(word)):
		x.beyond.note(Variables, "the value of %s is longer than the limit for a variable, %d KiB", shortened(word), maxValue>>10)
	case !x.meter.Spend(len(t.Value)):
		x.beyond.note(Variables, muchText)
	default:
		return t
	}
	return Text{Raw: word, Value: word, Used: t.Used, Long: true}
}

const muchText = "its variables expand to more text than the limit for a Dockerfile of its size"

// maxNesting is how deep variables are followed into the defaults of others.
const maxNesting = 64

// braces is how deep ${…} are nested in a word, and how many bytes patterns
// have in it (${A#*x}, ${A%x*}, ${A/x/y}).
func braces(word string) (nesting, patterns int) {
	open, deepest, pattern := 0, 0, 0
	for i := 0; i < len(word); i++ {
		switch {
		case word[i] == '$' && i+1 < len(word) && word[i+1] == '{':
			open++
			deepest = max(deepest, open)
		case word[i] == '}' && open > 0:
			if open--; open == 0 {
				pattern = 0
			}
		case open > 0 && strings.IndexByte("#%/", word[i]) >= 0 && pattern == 0:
			pattern = 1
		}
		patterns += pattern
	}
	return deepest, patterns
}

// namesIn are the names in a word that may be those of variables.
func namesIn(word string) []string {
	return strings.FieldsFunc(word, func(r rune) bool { return r >= 0x80 || !isNameByte(byte(r)) })
}

// shortened is a word as a message shows it.
func shortened(word string) string {
	if len(word) > 40 {
		return strings.ToValidUTF8(word[:40], "") + "…"
	}
	return word
}

// needed are the names that a word uses without bringing a value of its own for
// them, as ${NAME:-value}, ${NAME-value} and ${NAME:+value} do.
func needed(word string) map[string]bool {
	names := map[string]bool{}
	for rest := word; ; {
		i := strings.IndexByte(rest, '$')
		if i < 0 {
			return names
		}
		rest = rest[i+1:]
		use, braced := strings.CutPrefix(rest, "{")
		n := 0
		for n < len(use) && isNameByte(use[n]) {
			n++
		}
		if n == 0 {
			continue
		}
		name, after := use[:n], use[n:]
		if braced {
			after = strings.TrimPrefix(after, ":")
			if after != "" && (after[0] == '-' || after[0] == '+') {
				continue
			}
		}
		names[name] = true
	}
}

func isNameByte(b byte) bool {
	return b == '_' || b >= '0' && b <= '9' || b >= 'A' && b <= 'Z' || b >= 'a' && b <= 'z'
}
