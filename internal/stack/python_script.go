package stack

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"
)

// runFile starts a file, or the package that it is the beginning of.
func (p *pyProject) runFile(m *module) {
	p.py.Entry = m.file
	p.py.Root = p.root(m)
	args := []string{m.file}
	exec := []string{"python"}
	name := p.inRoot(m)
	inPackage := strings.Contains(name, ".") && p.t.has[path.Dir(m.file)+"/__init__.py"]
	if base := path.Base(m.file); base == "__main__.py" || inPackage {
		exec, args = []string{"python", "-m"}, []string{strings.TrimSuffix(name, ".__main__")}
	} else if p.py.Root != "." {
		exec, args = []string{"python"}, []string{m.file}
	}
	p.stops()
	p.s.App = Fact{Value: m.file, At: Place{m.file, m.parsed().Main}}
	p.s.Exec, p.s.Args = exec, args
	p.s.Start.Value = strings.Join(append(slices.Clone(exec), args...), " ")
}

// stops says by which signal a program ends that has no handler.
func (p *pyProject) stops() {
	if !p.handles() {
		p.s.StopSignal, p.s.StopWhy = "SIGINT", "Python ends on SIGINT; without a handler the first process of a container does not hear SIGTERM."
	}
}

// script starts what is no program of a known framework: a console script of the
// project, or a file.
func (p *pyProject) script() error {
	if p.consoleScript() {
		_, function, _ := strings.Cut(p.s.App.Value, ":")
		return p.subcommand(p.byFile(p.py.Entry), function)
	}
	type option struct {
		m    *module
		rank int
	}
	var list []option
	for _, m := range p.modules {
		if m.mentions("__main__") && m.parsed().Main > 0 || path.Base(m.file) == "__main__.py" {
			list = append(list, option{m, rankOf(m.file)})
		} else if r := rankOf(m.file); r < 100 && r%100 < 50 && path.Base(m.file) != "__init__.py" && len(m.parsed().Calls) > 0 {
			list = append(list, option{m, r + 30})
		}
	}
	slices.SortStableFunc(list, func(a, b option) int { return cmp.Compare(a.rank, b.rank) })
	switch {
	case len(list) == 0:
		only := p.onlyFile()
		if only == nil {
			return &Unclear{Question: "nothing in this project looks like a program to start", Flag: "--app", Choices: []Choice{{"FILE.py", "the file that starts it"}}}
		}
		p.runFile(only)
	case len(list) > 1 && list[0].rank == list[1].rank:
		u := &Unclear{Question: "several files of this project can be started", Flag: "--app"}
		for _, o := range list {
			if o.rank == list[0].rank {
				u.Choices = append(u.Choices, Choice{o.m.file, ""})
			}
		}
		return u
	default:
		p.runFile(list[0].m)
	}
	m := p.byFile(p.py.Entry)
	p.kindOf(m, "")
	return p.subcommand(m, "")
}

func (p *pyProject) onlyFile() *module {
	var found *module
	for _, m := range p.modules {
		if strings.Contains(m.file, "/") || path.Base(m.file) == "__init__.py" {
			continue
		}
		if found != nil {
			return nil
		}
		found = m
	}
	return found
}

// scripts are the console scripts that the project declares: what each calls, by its
// name.
func (p *pyProject) scripts() map[string]string {
	list := map[string]string{}
	f := p.project
	if f == nil {
		return list
	}
	if f.Project != nil {
		for n, v := range f.Project.Scripts {
			list[n] = v
		}
	}
	if f.Tool.Poetry != nil {
		for n, v := range f.Tool.Poetry.Scripts {
			if s, ok := v.(string); ok {
				list[n] = s
			}
		}
	}
	return list
}

// consoleScript starts the script that the project means.
func (p *pyProject) consoleScript() bool {
	name, target := p.theScript()
	return name != "" && p.startScript(name, target)
}

// theScript is the script that the project declares: the only one, or the one with a name
// that says so; "" = there is none, or none that stands out.
func (p *pyProject) theScript() (name, target string) {
	scripts := p.scripts()
	for _, n := range []string{"start", "serve", "server", "web", "run", "main", "app"} {
		if scripts[n] != "" && name == "" {
			name = n
		}
	}
	for n := range scripts {
		if normal(n) == normal(p.py.Install.Package) || len(scripts) == 1 {
			name = n
		}
	}
	return name, scripts[name]
}

// startScript starts a console script.
func (p *pyProject) startScript(name, target string) bool {
	mod, function, _ := strings.Cut(target, ":")
	m, rest := p.find(nil, mod)
	if m == nil || rest != "" {
		return false
	}
	at := Place{"pyproject.toml", p.t.lineOf("pyproject.toml", name+" =")}
	p.py.Entry, p.py.Root = m.file, p.root(m)
	p.s.App = Fact{Value: target, At: at}
	if p.py.Install.Project && p.py.Install.By != "" {
		p.py.Install.Script = name
		p.run([]string{name}, nil)
	} else {
		// The project is no package: what the script calls is called.
		p.run([]string{"python", "-c"}, []string{fmt.Sprintf("import %s as m; raise SystemExit(m.%s())", p.inRoot(m), function)})
	}
	p.stops()
	p.s.Start = Fact{Value: name, At: at}
	if p.s.Kind == "" {
		p.kindOf(m, function)
	}
	return true
}
