package pin

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	bkshell "github.com/moby/buildkit/frontend/dockerfile/shell"

	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/base"
	"github.com/dockworthy/dockworthy/internal/source/dockerfile"
	"github.com/dockworthy/dockworthy/text"
)

// A reader finds the uses in one Dockerfile.
type reader struct {
	finder *finder
	builds []*source.Build // of the Dockerfile, as the project builds it
	file   *dockerfile.File
	real   *text.File // the file itself: of dockerfile_inline, the Compose file
	uses   []*Use

	stages    map[string]bool   // by their names
	contexts  map[string]string // named build contexts of any build
	elsewhere map[string]string // names that a file which is not read seems to define as contexts, and the file
	mentions  map[string]*mention
}

// A mention is where a Dockerfile uses an argument.
type mention struct {
	froms     []*dockerfile.Instruction
	platforms []*dockerfile.Instruction // FROM --platform
	args      []metaArg                 // above the first FROM, whose values have it in them
	declared  *dockerfile.Instruction   // in a stage, without a value of its own; nil = nowhere
}

type metaArg struct {
	name string
	at   *dockerfile.Instruction
}

// maxBuilds is how many builds of a Dockerfile are asked for what they say of a place.
const maxBuilds = 32

// dockerfile finds the uses in a Dockerfile.
func (f *finder) dockerfile(builds []*source.Build) []*Use {
	r := &reader{finder: f, builds: builds, file: builds[0].File, stages: map[string]bool{}, contexts: map[string]string{}, elsewhere: map[string]string{}}
	r.real = f.file(r.file.Name)
	if r.real == nil {
		return nil
	}
	r.index()
	for _, d := range r.file.Directives {
		if d.Name == "syntax" {
			r.syntax(d)
		}
	}
	r.froms()
	for _, in := range r.file.Instructions {
		r.instruction(in, "")
	}
	return r.uses
}

// index works out what is asked for many places.
func (r *reader) index() {
	for _, b := range r.builds {
		maps.Copy(r.contexts, b.Contexts)
		for _, s := range b.Stages {
			if s.Image != nil && s.Image.Elsewhere != "" {
				r.elsewhere[s.Image.Text.Value] = s.Image.Elsewhere
			}
		}
	}
	r.builds = r.builds[:min(len(r.builds), maxBuilds)]
	r.mentions = map[string]*mention{}
	of := func(name string) *mention {
		m := r.mentions[name]
		if m == nil {
			m = &mention{}
			r.mentions[name] = m
		}
		return m
	}
	inStage := false
	for _, in := range r.file.Instructions {
		switch cmd := in.Command.(type) {
		case *instructions.Stage:
			inStage = true
			if cmd.Name != "" {
				r.stages[strings.ToLower(cmd.Name)] = true
			}
			for _, name := range namesIn(cmd.BaseName) {
				of(name).froms = append(of(name).froms, in)
			}
			for _, name := range namesIn(cmd.Platform) {
				of(name).platforms = append(of(name).platforms, in)
			}
		case *instructions.ArgCommand:
			for _, kv := range cmd.Args {
				switch {
				case inStage && kv.Value == nil && of(kv.Key).declared == nil:
					of(kv.Key).declared = in
				case !inStage && kv.Value != nil:
					for _, name := range namesIn(*kv.Value) {
						of(name).args = append(of(name).args, metaArg{kv.Key, in})
					}
				}
			}
		}
	}
}

// namesIn are the variables that a text uses, each once.
func namesIn(s string) (list []string) {
	for rest := s; ; {
		i := strings.IndexByte(rest, '$')
		if i < 0 {
			return list
		}
		rest = strings.TrimPrefix(rest[i+1:], "{")
		if n := nameLen(rest); n > 0 && !slices.Contains(list, rest[:n]) && len(list) < maxNesting {
			list = append(list, rest[:n])
		}
	}
}

// syntax is the frontend that reads the file.
func (r *reader) syntax(d dockerfile.Directive) {
	value, _, _ := strings.Cut(d.Value, " ")
	span := text.Span{Start: d.Span.Start, End: d.Span.Start + len(value)}
	r.literal("# syntax", value, span, span.End)
}

// instruction finds the images of COPY --from and RUN --mount.
func (r *reader) instruction(in *dockerfile.Instruction, prefix string) {
	switch in.Keyword {
	case "ONBUILD":
		if in.Trigger != nil && prefix == "" {
			r.instruction(in.Trigger, "ONBUILD ")
		}
	case "COPY":
		f, ok := in.Flag("from")
		if !ok || r.isStage(f.Value) {
			return
		}
		end := f.Span.End
		if b := r.real.Data[end-1]; b == '"' || b == '\'' {
			end--
		}
		r.literal(prefix+"COPY --from", f.Value, text.Span{Start: max(f.Span.Start, end-len(f.Value)), End: end}, end)
	case "RUN":
		for _, f := range in.Flags() {
			if f.Name == "mount" {
				r.mount(f, prefix)
			}
		}
	}
}

// mount is the image of a mount.
func (r *reader) mount(f dockerfile.Flag, prefix string) {
	for part := range strings.SplitSeq(f.Value, ",") {
		key, value, ok := strings.Cut(part, "=")
		if !ok || strings.ToLower(strings.TrimSpace(key)) != "from" || value == "" || r.isStage(value) {
			continue
		}
		// It stands in the flag once, in front of what ends a field.
		written := r.real.Text(f.Span)
		at := strings.Index(written, key+"="+value)
		end := f.Span.Start + at + len(key) + 1 + len(value)
		if at < 0 || end < f.Span.End && strings.IndexByte(`,"'`, r.real.Data[end]) < 0 {
			r.add(&Use{File: r.real, Span: f.Span, What: prefix + "RUN --mount", Written: value}, "it is spelled in a way that is not edited: over several lines, or with escapes")
			continue
		}
		r.literal(prefix+"RUN --mount", value, text.Span{Start: end - len(value), End: end}, end)
	}
}

// isStage tells whether --from names a stage of the file, by name or by number. A
// stage further down counts: BuildKit says so as an error, and nobody means an image.
func (r *reader) isStage(name string) bool {
	if name == "" {
		return true
	}
	if n, err := strconv.Atoi(name); err == nil && n >= 0 {
		return true
	}
	return r.stages[strings.ToLower(name)]
}

// literal is a use without variables.
func (r *reader) literal(what, value string, span text.Span, end int) {
	u := &Use{File: r.real, Span: span, What: what, Written: value}
	if strings.Contains(value, "$") {
		r.add(u, "a variable there is not expanded by the builder")
		return
	}
	r.settle(u, value, word{value, r.real, end}, func(string) (variable, bool) { return variable{}, false })
}

// settle judges what a use names, and finds its carrier.
func (r *reader) settle(u *Use, value string, w word, lookup func(string) (variable, bool)) (names trail) {
	if value == "scratch" {
		return nil
	}
	if ctx, ok := r.contexts[value]; ok && u.What != "# syntax" {
		r.add(u, "it is a build context, "+ctx)
		return nil
	}
	ref, err := base.ParseRef(value)
	if err != nil {
		r.add(u, invalid)
		return nil
	}
	u.Ref = ref
	if u.What != "# syntax" {
		if file := r.elsewhere[value]; file != "" {
			r.add(u, "it appears to be a build context that "+file+" defines")
			return nil
		}
		if r.builds[0].BuiltHere(ref) {
			r.add(u, "the project builds it itself")
			return nil
		}
	}
	if why := local(ref); why != "" {
		r.add(u, why)
		return nil
	}
	if u.Pinned() && !u.Follows() {
		r.add(u, "")
		return nil
	}
	c, names, why := carry(w, need(ref, value), lookup)
	u.Carrier, u.stuck = c, why != ""
	r.add(u, why)
	return names
}

// local tells why no registry has an image.
func local(ref base.Ref) string {
	switch {
	case strings.HasPrefix(ref.Repo, "localhost/"):
		return "localhost/ names images of the local store"
	case !strings.Contains(ref.Familiar, "/") && knowledge.LocalTags.Has(strings.ToLower(ref.Tag)):
		return "the tag " + ref.Tag + " is one of images that are built where they are used"
	}
	return ""
}

// checks are those whose suppression leaves a reference alone.
var checks = []string{"pinned-base/no-digest", "pinned-base/latest", "pinned-base/floating", "pinned-base/unpinned-frontend", "pinned-base/compose-latest", "pinned-base/kube-latest"}

// add takes a use; why is why it is left alone.
func (r *reader) add(u *Use, why string) {
	u.Why = why
	if (u.Why == "" || u.stuck) && !u.Pinned() {
		a := r.finder.allowed(r.builds, u.File, u.Span)
		if a == nil && u.Carrier != nil {
			a = r.finder.allowed(r.builds, u.Carrier.File, text.Span{Start: u.Carrier.End - len(u.Carrier.Tail), End: u.Carrier.End})
		}
		if a != nil {
			u.Why, u.stuck = suppressed(a), false
		}
	}
	r.uses = append(r.uses, u)
}

func suppressed(a *source.Allow) string { return "a comment allows it: " + a.Reason }

// An assignment is one set of build arguments that the Dockerfile is built with.
type assignment struct {
	given map[string]string // nil = none
}

// froms finds the images of the FROM lines, as each set of arguments makes them.
func (r *reader) froms() {
	list := []assignment{{}} // none are given: what the file says by itself
	most := max(2, min(maxAssignments, maxReadings/(1+len(r.stages)+len(r.file.Instructions))))
	for _, b := range r.builds {
		if len(b.Args) > 0 && !slices.ContainsFunc(list, func(a assignment) bool { return maps.Equal(a.given, b.Args) }) && len(list) < most {
			list = append(list, assignment{given: b.Args})
		}
	}
	type found struct {
		uses  []*Use
		names []trail
	}
	byStage := map[*dockerfile.Instruction]*found{}
	for _, a := range list {
		e := r.evaluate(a)
		earlier := map[string]bool{}
		for _, in := range r.file.Instructions {
			cmd, ok := in.Command.(*instructions.Stage)
			if !ok {
				continue
			}
			if byStage[in] == nil {
				byStage[in] = &found{}
			}
			for _, one := range r.from(e, in, cmd, earlier) {
				f := byStage[in]
				if !slices.ContainsFunc(f.uses, func(u *Use) bool { return u.same(one.use) }) {
					f.uses, f.names = append(f.uses, one.use), append(f.names, one.names)
				}
			}
			if cmd.Name != "" {
				earlier[strings.ToLower(cmd.Name)] = true
			}
		}
	}
	carried := map[*dockerfile.Instruction]map[string]bool{}
	through := map[string]map[string]bool{} // by argument, the arguments that hand its value on
	for in, f := range byStage {
		if slices.ContainsFunc(f.uses, func(u *Use) bool { return u.Ref.Repo != "" }) {
			// What a build gives is not missing.
			for i := len(f.uses) - 1; i >= 0; i-- {
				if f.uses[i].Ref.Repo == "" {
					f.uses, f.names = slices.Delete(f.uses, i, i+1), slices.Delete(f.names, i, i+1)
				}
			}
		}
		carried[in] = map[string]bool{}
		for _, names := range f.names {
			for i, name := range names {
				carried[in][name] = true
				if through[name] == nil {
					through[name] = map[string]bool{}
				}
				for _, by := range names[:i] {
					through[name][by] = true
				}
			}
		}
	}
	reasons := map[string]string{}
	reason := func(name string) string {
		why, ok := reasons[name]
		if !ok {
			why = r.otherwise(name, carried, through)
			reasons[name] = why
		}
		return why
	}
	// A text that one reference cannot have with a digest gets none for the others.
	type place struct {
		file *text.File
		end  int
	}
	blocked := map[place]string{}
	for again := true; again; {
		again = false
		for _, in := range r.file.Instructions {
			f := byStage[in]
			if f == nil {
				continue
			}
			for i, u := range f.uses {
				if u.Carrier == nil {
					continue
				}
				at, why := place{u.Carrier.File, u.Carrier.End}, ""
				if u.Why == "" {
					why = blocked[at]
					for _, name := range f.names[i] {
						if why == "" {
							why = reason(name)
						}
					}
				}
				if why != "" {
					u.Why, u.stuck = why, true
				}
				if u.Why != "" {
					u.Carrier = nil
					if blocked[at] == "" {
						blocked[at], again = "FROM on line "+strconv.Itoa(in.Line())+" has the same text, and is left alone", true
					}
				}
			}
		}
	}
	for _, in := range r.file.Instructions {
		f := byStage[in]
		if f == nil {
			continue
		}
		for _, u := range f.uses {
			u.literal = strings.Contains(u.Written, "$") && u.Ref.Repo != "" && len(f.uses) == 1 && (u.Why == "" || u.stuck)
			r.uses = append(r.uses, u)
		}
	}
}

// How many sets of build arguments a Dockerfile is read with.
const (
	maxAssignments = 64
	maxReadings    = 200_000 // of instructions, for all of them
)

// same tells whether two uses are one.
func (u *Use) same(o *Use) bool {
	return u.Span == o.Span && u.Ref == o.Ref && u.Why == o.Why && (u.Carrier == nil) == (o.Carrier == nil) && (u.Carrier == nil || *u.Carrier == *o.Carrier)
}

// otherwise tells why the value of an argument must not get a digest: it is used for
// something else than the ends of references.
func (r *reader) otherwise(name string, carried map[*dockerfile.Instruction]map[string]bool, through map[string]map[string]bool) string {
	m := r.mentions[name]
	if m == nil {
		return ""
	}
	if m.declared != nil {
		return "the stage around line " + strconv.Itoa(m.declared.Line()) + " uses " + name + " as well, where a digest would be part of its value"
	}
	for _, in := range m.platforms {
		return "FROM on line " + strconv.Itoa(in.Line()) + " uses " + name + " for its platform"
	}
	for _, in := range m.froms {
		if !carried[in][name] {
			return "FROM on line " + strconv.Itoa(in.Line()) + " uses " + name + " for something else"
		}
	}
	for _, a := range m.args {
		if !through[name][a.name] {
			return "ARG " + a.name + " on line " + strconv.Itoa(a.at.Line()) + " uses " + name + " for something else"
		}
	}
	return ""
}

// An evaluation is the arguments above the first FROM as one assignment makes them.
type evaluation struct {
	vars     map[string]variable
	places   map[string][]word // of the values that are given, where several files say the same
	platform map[string]bool   // variables whose values differ from build to build
	lex      *bkshell.Lex
}

// maxWord is the longest text that is expanded: no name of an image comes near.
const (
	maxWord    = 4 << 10
	maxArg     = 1 << 10
	maxNesting = 64
)

func (r *reader) evaluate(a assignment) *evaluation {
	e := &evaluation{vars: map[string]variable{}, places: map[string][]word{}, platform: map[string]bool{}, lex: bkshell.NewLex(rune(r.file.Escape))}
	for _, name := range []string{"BUILDPLATFORM", "BUILDOS", "BUILDOSVERSION", "BUILDARCH", "BUILDVARIANT", "TARGETPLATFORM", "TARGETOS", "TARGETOSVERSION", "TARGETARCH", "TARGETVARIANT"} {
		e.platform[name] = true
	}
	for _, in := range r.file.Instructions {
		cmd, ok := in.Command.(*instructions.ArgCommand)
		if !ok {
			if _, stage := in.Command.(*instructions.Stage); stage {
				break
			}
			continue
		}
		for _, kv := range cmd.Args {
			if v, given := a.given[kv.Key]; given {
				places := r.finder.givenBy(kv.Key, v)
				e.vars[kv.Key] = variable{value: v, set: true, from: "the config, a file of CI, or a variable of Compose"}
				e.places[kv.Key] = places
				delete(e.platform, kv.Key)
				continue
			}
			if kv.Value == nil {
				continue
			}
			value, missing, ok := e.expand(*kv.Value)
			if !ok || missing != "" || len(value) > maxArg || placeholder(value) {
				delete(e.vars, kv.Key)
				continue
			}
			v := variable{value: value, set: true, from: "a line that is not understood"}
			delete(e.places, kv.Key)
			if list := in.Assigned(kv.Key); len(list) > 0 {
				last := list[len(list)-1]
				if _, raw, ok := strings.Cut(last.Text, "="); ok {
					v.by = &word{raw, r.real, last.Span.End}
				}
			}
			e.vars[kv.Key] = v
		}
	}
	return e
}

// placeholder tells whether a default stands for what somebody has to give.
func placeholder(v string) bool {
	return v != "" && knowledge.BasePlaceholders.Has(strings.ToLower(v))
}

// expand is a word's value; missing is a variable without one, or whose value differs
// from build to build.
func (e *evaluation) expand(s string) (value, missing string, ok bool) {
	if len(s) > maxWord || strings.Count(s, "${") > maxNesting {
		return "", "", false
	}
	get := &getter{e: e}
	res, err := e.lex.ProcessWordWithMatches(s, get)
	if err != nil || get.total > maxWord*4 {
		return "", "", false
	}
	for _, name := range slices.Sorted(maps.Keys(res.Unmatched)) {
		if needed(s, name) {
			return res.Result, name, true
		}
	}
	if get.platform != "" {
		return res.Result, get.platform, true
	}
	return res.Result, "", true
}

// needed tells whether a word uses a variable without a value of its own for it.
func needed(s, name string) bool {
	for rest := s; ; {
		i := strings.IndexByte(rest, '$')
		if i < 0 {
			return false
		}
		use, braced := strings.CutPrefix(rest[i+1:], "{")
		rest = rest[i+1:]
		if nameLen(use) != len(name) || !strings.HasPrefix(use, name) {
			continue
		}
		after := strings.TrimPrefix(use[len(name):], ":")
		if !braced || after == "" || after[0] != '-' && after[0] != '+' {
			return true
		}
	}
}

type getter struct {
	e        *evaluation
	platform string
	total    int
}

func (g *getter) Get(name string) (string, bool) {
	if v, ok := g.e.vars[name]; ok && v.set {
		if g.total += len(v.value); g.total > maxWord*4 {
			return "", true
		}
		return v.value, true
	}
	if g.e.platform[name] {
		g.platform = name
		return "", true
	}
	return "", false
}

func (g *getter) Keys() []string { return nil }

// A one is a use of a FROM, with the variables that lead to its carrier.
type one struct {
	use   *Use
	names trail
}

// from is the image of one FROM; nothing for a stage and for scratch.
func (r *reader) from(e *evaluation, in *dockerfile.Instruction, cmd *instructions.Stage, earlier map[string]bool) []one {
	words := in.Words()
	if len(words) == 0 {
		return nil
	}
	w := words[0]
	u := &Use{File: r.real, Span: w.Span, What: "FROM", Written: w.Text}
	if !strings.Contains(cmd.Platform, "$") {
		u.Platform = cmd.Platform
	}
	value, missing, ok := e.expand(cmd.BaseName)
	switch {
	case ok && missing == "" && earlier[strings.ToLower(value)]:
		return nil
	case !ok:
		u.Why = "its variables are not understood"
		return []one{{use: u}}
	case missing != "" && e.platform[missing]:
		u.Why = "it differs from platform to platform, by $" + missing
		return []one{{use: u}}
	case missing != "":
		u.Why = "$" + missing + " has no value in the project"
		return []one{{use: u}}
	}
	// One use for each file that gives the value which carries the tag.
	var out []one
	saved := r.uses
	defer func() { r.uses = saved }()
	try := func(lookup func(string) (variable, bool)) {
		r.uses = nil
		next := *u
		names := r.settle(&next, value, word{w.Text, r.real, w.Span.End}, lookup)
		for _, got := range r.uses {
			out = append(out, one{got, names})
		}
	}
	lookupAt := func(name string, at *word) func(string) (variable, bool) {
		return func(n string) (variable, bool) {
			v, ok := e.vars[n]
			if n == name && at != nil {
				v.by = at
			} else if others := e.places[n]; len(others) > 0 {
				v.by = &others[0]
			}
			return v, ok
		}
	}
	for _, name := range slices.Sorted(maps.Keys(e.places)) {
		for i := range e.places[name] {
			try(lookupAt(name, &e.places[name][i]))
		}
	}
	if len(out) == 0 {
		try(lookupAt("", nil))
	}
	return out
}
