package stack

import (
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/knowledge"
)

// services are what the program talks to, by the clients that it depends on.
func (p *pyProject) services() {
	for _, c := range knowledge.ServiceClients() {
		for _, name := range c.Python {
			d, ok := p.dep(name)
			if !ok || !d.direct && !p.plugged(name) {
				continue
			}
			if c.Extra != "" && !slices.Contains(d.extras, c.Extra) {
				continue
			}
			f := Fact{Value: c.Service, At: d.at, Why: name}
			if !slices.ContainsFunc(p.s.Services, func(o Fact) bool { return o.Value == f.Value }) {
				p.s.Services = append(p.s.Services, f)
			}
		}
	}
	p.s.decide(func(yield func(string, string) bool) {
		for _, m := range p.modules {
			if !yield(m.file, string(m.source)) {
				return
			}
		}
	}, false, p.t.example())
}

// plugged tells whether the project asks for a package that is made around another, by
// its name: litestar-asyncpg.
func (p *pyProject) plugged(name string) bool {
	for n, d := range p.deps {
		if d.direct && strings.HasSuffix(n, "-"+name) {
			return true
		}
	}
	return false
}

// native finds the packages of the system that dependencies need.
func (p *pyProject) native() {
	for _, n := range knowledge.Natives() {
		if n.Language != "python" {
			continue
		}
		for _, name := range n.Packages {
			d, ok := p.dep(name)
			if !ok || n.Direct && !d.direct {
				continue
			}
			for _, also := range n.Also {
				if _, ok := p.dep(also); !ok {
					t := tool(also)
					t.Why = name + " (" + d.at.String() + ") imports it without asking for it"
					p.py.Add = append(p.py.Add, t)
				}
			}
			it := Native{Package: name, At: d.at, Runtime: n.Runtime}
			switch {
			case !n.Wheels && !wheelFor(d.wheels):
				it.Build, it.Why = n.Build, "no wheel for Linux: it is compiled"
			case len(n.Runtime) > 0:
				it.Why = "it needs them to run"
			default:
				continue
			}
			p.s.Native = append(p.s.Native, it)
		}
	}
	// What the lock has no wheel of for Linux is compiled.
	names := make([]string, 0, len(p.deps))
	for name := range p.deps {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		d := p.deps[name]
		if len(d.wheels) > 0 && wheelFor(d.wheels) && !slices.ContainsFunc(d.wheels, func(w string) bool { return strings.HasSuffix(w, "-any.whl") || strings.Contains(w, "musllinux") }) {
			p.py.NoMusl = append(p.py.NoMusl, name)
		}
		if d.wheels == nil && !d.sdist || wheelFor(d.wheels) || slices.ContainsFunc(p.s.Native, func(n Native) bool { return n.Package == name }) {
			continue
		}
		if len(d.wheels) == 0 && d.sdist {
			continue // most sdists without a wheel are plain Python
		}
		if len(d.wheels) > 0 && !linuxMaybe(d.wheels) {
			continue // of another system: pywin32
		}
		p.s.Native = append(p.s.Native, Native{Package: name, At: d.at, Build: []string{"build-essential"}, Why: "the lock has no wheel of it for Linux"})
	}
}

// linuxMaybe tells whether a package is for Linux at all.
func linuxMaybe(wheels []string) bool {
	return slices.ContainsFunc(wheels, func(w string) bool { return strings.Contains(w, "linux") || strings.HasSuffix(w, "-any.whl") })
}

// wheelFor tells whether one of the wheels is for Linux with glibc on the usual
// processors.
func wheelFor(wheels []string) bool {
	return slices.ContainsFunc(wheels, func(w string) bool {
		return strings.HasSuffix(w, "-any.whl") || strings.Contains(w, "manylinux") && strings.Contains(w, "x86_64") || strings.Contains(w, "linux_x86_64") && !strings.Contains(w, "musllinux")
	})
}
