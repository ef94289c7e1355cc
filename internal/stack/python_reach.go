package stack

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/python"
)

// A way is something that a program may come through: a function, or what a module does
// where it is imported.
type way struct {
	m        *module
	function string // "" = the module's own level
}

// A walker follows a program from where it begins through what it imports and calls.
type walker struct {
	p     *pyProject
	entry *module
	ways  map[way]bool // true = the program comes through it for sure
	calls map[*module]map[string][]*python.Call
	// methods are the modules in which classes have a method, by its name.
	methods map[string][]*module
}

// from are the ways of a program that begins in a module, and there in a function, "" = it is
// the module that is started.
func (p *pyProject) from(m *module, function string) *walker {
	w := &walker{p: p, entry: m, ways: map[way]bool{}, calls: map[*module]map[string][]*python.Call{}, methods: map[string][]*module{}}
	for _, m := range p.modules {
		if !m.mentions("class ") {
			continue
		}
		for _, d := range m.parsed().Defs {
			if d.Class != "" && !slices.Contains(w.methods[d.Name], m) {
				w.methods[d.Name] = append(w.methods[d.Name], m)
			}
		}
	}
	w.visit(way{m, ""}, true)
	if function != "" {
		w.visit(way{m, function}, true)
	}
	return w
}

// of are the calls of a way, in their order.
func (w *walker) of(at way) []*python.Call {
	by := w.calls[at.m]
	if by == nil {
		by = map[string][]*python.Call{}
		for _, c := range at.m.parsed().Calls {
			if c.Main && at.m != w.entry {
				continue
			}
			by[c.In] = append(by[c.In], c)
		}
		w.calls[at.m] = by
	}
	return by[at.function]
}

func (w *walker) visit(at way, sure bool) {
	if before, seen := w.ways[at]; seen && (before || !sure) {
		return
	}
	w.ways[at] = sure
	src := at.m.parsed()
	for _, i := range src.Imports {
		if i.In != at.function {
			continue
		}
		for _, m := range w.p.meant(at.m, i) {
			w.visit(way{m, ""}, sure && !i.If)
		}
	}
	if at.function == "" {
		commands := 0
		for _, d := range src.Defs {
			if isCommand(d) {
				commands++
			}
		}
		for _, d := range src.Defs {
			if d.Class == "" && d.In == "" && len(d.Decorators) > 0 {
				// Somebody calls it when there is something for it: a request, an event. The
				// only command is what is started.
				w.visit(way{at.m, d.Name}, sure && (commands == 1 && isCommand(d) || isStartup(d)))
			}
		}
	}
	// What is called on each of several ways is called on any.
	times := map[way]int{}
	for _, c := range w.of(at) {
		list, later := w.targets(at, c)
		for _, to := range list {
			if c.If {
				times[to]++
			}
			w.visit(to, sure && (!c.If || times[to] > 1))
		}
		for _, to := range later {
			w.visit(to, false)
		}
	}
}

// isStartup tells whether a framework calls a function when the program starts.
// Source: starlette.io: events; sanic.dev: listeners; quart: startup and shutdown.
func isStartup(d *python.Def) bool {
	return slices.ContainsFunc(d.Decorators, func(e python.Expr) bool {
		f, c := called(&e)
		switch f[strings.LastIndexByte(f, '.')+1:] {
		case "on_event", "listener", "on":
			s := ""
			if c != nil {
				s = first(c)
			}
			return strings.Contains(s, "start")
		case "on_startup", "before_serving", "before_first_request", "before_server_start", "after_server_start", "main_process_start":
			return true
		}
		return false
	})
}

// isCommand tells whether a function is a command of click or typer.
func isCommand(d *python.Def) bool {
	return slices.ContainsFunc(d.Decorators, func(e python.Expr) bool {
		f, _ := called(&e)
		return strings.HasSuffix(f, ".command") || strings.HasSuffix(f, ".group")
	})
}

// meant are the modules that run where an import is done: those that it names, and the
// packages that they lie in.
func (p *pyProject) meant(m *module, i python.Import) (list []*module) {
	full := i.Module
	if i.Name != "" && i.Name != "*" {
		full += "." + i.Name
		if strings.HasSuffix(i.Module, ".") {
			full = i.Module + i.Name
		}
	}
	other, _ := p.find(m, full)
	for other != nil && !slices.Contains(list, other) {
		list = append(list, other)
		above := parent(other.name)
		for other = nil; above != "" && other == nil; above = parent(above) {
			other = p.byName[above]
		}
	}
	return list
}

// laterRE are calls that keep what they are given for when there is something for it.
var laterRE = regexp.MustCompile(`^(?:add_|on_|set_|register|signal$|command$|connect$|subscribe|option$|argument$)`)

// targets are the functions of the project that a call calls, or hands on to be called, and
// those that are called later, if at all.
func (w *walker) targets(at way, c *python.Call) (list, later []way) {
	add := func(name string, to *[]way) bool {
		if name == "" {
			return false
		}
		m, rest := at.m, name
		if d := m.parsed().Within(name); d == nil && !slices.ContainsFunc(m.parsed().Classes, func(c *python.Class) bool { return c.Name == name }) {
			if m, rest = w.p.find(at.m, name); m == nil || rest == "" {
				return false
			}
		}
		for range 3 { // through what packages take from their modules
			i := m.parsed().Import(rest)
			if i == nil || i.Name == "" {
				break
			}
			other, r := w.p.find(m, strings.TrimSuffix(i.Module, ".")+"."+i.Name)
			if strings.HasSuffix(i.Module, ".") {
				other, r = w.p.find(m, i.Module+i.Name)
			}
			if other == nil || other == m || r == "" {
				break
			}
			m, rest = other, r
		}
		class, method, _ := strings.Cut(rest, ".")
		found := false
		for _, d := range m.parsed().Defs {
			switch {
			case d.Name == rest && d.Class == "", d.Class == class && class != "" && (d.Name == method || method == "" && strings.HasPrefix(d.Name, "__")):
				*to = append(*to, way{m, d.Name})
			case d.Class == class && class != "" && method == "":
				later = append(later, way{m, d.Name})
			default:
				continue
			}
			found = true
		}
		return found
	}
	if !add(c.Func, &list) && c.Of() != "" {
		mods := w.methods[c.Method()]
		switch {
		case slices.Contains(mods, at.m) && (strings.HasPrefix(c.Func, "self.") || len(mods) > 3):
			list = append(list, way{at.m, c.Method()})
		case len(mods) <= 3:
			for _, m := range mods {
				list = append(list, way{m, c.Method()})
			}
		}
	}
	to := &list
	if laterRE.MatchString(c.Method()) {
		to = &later
	}
	for i := range c.Args {
		if e := &c.Args[i].Value; e.Form == python.Name {
			add(e.Text, to)
		}
	}
	return list, later
}

// A listener is a call by which a program listens, and how sure it is that it comes there.
type listener struct {
	madeCall
	sure bool
}

// listeners are the calls of servers that a program comes to; those that are sure stand first.
func (w *walker) listeners() (list []listener) {
	for _, m := range w.p.modules {
		if !m.mentions(serverWords...) {
			continue
		}
		times := map[string]int{} // the functions in which one is told on a condition
		var some []listener
		for _, c := range m.parsed().Calls {
			if !slices.Contains(servers, c.Func) || c.Main && m != w.entry {
				continue
			}
			l := listener{madeCall: madeCall{m, c}}
			sure, comes := w.ways[way{m, c.In}]
			if !comes && !w.named(m, c.In) {
				continue
			}
			if l.sure = (sure || !comes) && !c.If; c.If {
				times[c.In]++
			}
			some = append(some, l)
		}
		for _, l := range some {
			l.sure = l.sure || times[l.In] > 1 && (w.ways[way{m, l.In}] || !w.comes(m, l.In))
			list = append(list, l)
		}
	}
	slices.SortStableFunc(list, func(a, b listener) int {
		switch {
		case a.sure == b.sure:
			return 0
		case a.sure:
			return -1
		}
		return 1
	})
	return list
}

func (w *walker) comes(m *module, function string) bool {
	_, ok := w.ways[way{m, function}]
	return ok
}

// named tells whether a function that no call is seen of is named where the program comes
// through, beside where it stands: in a table, for what calls it by its name.
func (w *walker) named(m *module, function string) bool {
	if function == "" || !w.comes(m, "") {
		return false
	}
	re := regexp.MustCompile(`\b` + regexp.QuoteMeta(function) + `\b`)
	n := 0
	seen := map[*module]bool{}
	for at := range w.ways {
		if !seen[at.m] && at.m.mentions(function) {
			n += len(re.FindAllIndex(at.m.source, 2))
		}
		seen[at.m] = true
	}
	return n > 1
}

// loops tells where a program goes on for good, if it comes there.
func (w *walker) loops() (where string, ok bool) {
	for _, m := range w.p.modules {
		if !m.mentions("while ") {
			continue
		}
		for _, l := range m.parsed().Loops {
			if w.ways[way{m, l.In}] && !l.Ends {
				return Place{m.file, l.Line}.String(), true
			}
		}
	}
	return "", false
}

// serverWords are texts without which a file makes no server.
var serverWords = func() (list []string) {
	for _, s := range servers {
		if word := s[strings.LastIndexByte(s, '.')+1:]; !slices.Contains(list, word) {
			list = append(list, word)
		}
	}
	return list
}()

// declared is where the project itself says that its program begins: the console script that
// bears its name, or the only package that can be started. nil = it says none.
func (p *pyProject) declared() (m *module, function string) {
	if name, target := p.theScript(); name != "" {
		mod, function, _ := strings.Cut(target, ":")
		if m, rest := p.find(nil, mod); m != nil && rest == "" {
			return m, function
		}
	}
	for _, other := range p.modules {
		if path.Base(other.file) != "__main__.py" || strings.Count(strings.TrimPrefix(other.file, "src/"), "/") > 1 {
			continue
		}
		if m != nil {
			return nil, ""
		}
		m = other
	}
	return m, ""
}

// helpers leaves out the servers of their own that lie beside where the project says that its
// program begins, and that it does not come to.
func (p *pyProject) helpers(list []*program) []*program {
	if !slices.ContainsFunc(list, p.mayHelp) {
		return list
	}
	m, function := p.declared()
	if m == nil {
		return list
	}
	if found := p.from(m, function).listeners(); len(found) > 0 && found[0].sure {
		return list
	}
	top, _, _ := strings.Cut(m.file, "/")
	return slices.DeleteFunc(list, func(c *program) bool {
		return p.mayHelp(c) && c.m != m && strings.HasPrefix(c.m.file, top+"/")
	})
}

// mayHelp tells whether a program may be a helper of another.
func (p *pyProject) mayHelp(c *program) bool {
	switch c.framework.Name {
	case "aiohttp", "Tornado":
		return !c.named
	}
	return false
}
