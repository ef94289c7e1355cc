package nonroot

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/effects"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/text"
)

// A wrote is a pattern of a program's text that writes to the path in its first
// group, or to that in the constant in its second.
type wrote struct {
	what    string // as a message says it, before the path
	pattern *regexp.Regexp
	folder  bool // it makes the folder, and is content where it is there
	always  bool // wherever it stands; else only where the file is run from top to bottom
}

// quoted is a literal path in the group of a pattern, without variables, or the name
// of a constant.
const quoted = `(?:["']([\w./-]*[\w-])["']|([A-Za-z_]\w*))`

// Source: docs.python.org (os, pathlib, sqlite3, logging), docs.sqlalchemy.org.
var pythonWrites = []wrote{
	{"opens the SQLite database", regexp.MustCompile(`\b(?:aio)?sqlite3?\.connect\(\s*` + quoted + `\s*[,)]`), false, true},
	{"opens the SQLite database", regexp.MustCompile(`\bcreate_(?:async_)?engine\(\s*["']sqlite(?:\+\w+)?:///(/?[\w./-]*[\w-])()["']`), false, true},
	{"creates the folder", regexp.MustCompile(`\bos\.(?:makedirs|mkdir)\(\s*` + quoted + `\s*[,)]`), true, false},
	{"creates the folder", regexp.MustCompile(`\bPath\(\s*` + quoted + `\s*\)\.mkdir\(`), true, false},
	{"creates the folder", regexp.MustCompile(`()\b([A-Za-z_]\w*)\.mkdir\(`), true, false},
	{"writes", regexp.MustCompile(`\bopen\(\s*` + quoted + `\s*,\s*(?:mode\s*=\s*)?["'][wax]`), false, false},
	{"writes the log file", regexp.MustCompile(`\b(?:\w*FileHandler|basicConfig)\((?:[^()]*\bfilename\s*=\s*)?` + quoted), false, false},
}

// Source: nodejs.org (fs, sqlite), github.com/WiseLibs/better-sqlite3,
// github.com/TryGhost/node-sqlite3.
var nodeWrites = []wrote{
	{"opens the SQLite database", regexp.MustCompile(`\bnew (?:sqlite3?\.)?Database(?:Sync)?\(\s*` + quoted + `\s*[,)]`), false, true},
	{"creates the folder", regexp.MustCompile(`\bmkdirSync\(\s*` + quoted + `\s*[,)]`), true, false},
	{"writes", regexp.MustCompile(`\b(?:writeFileSync|appendFileSync|createWriteStream)\(\s*` + quoted + `\s*[,)]`), false, false},
}

// Limits of what is read for one build.
const (
	maxProgramFiles = 24
	maxProgramFile  = 256 << 10
)

// ownWrites are the folders that the project's own program certainly writes to by
// literal paths: what its entry file does, and the modules that this imports.
func ownWrites(b *source.Build, cs []*shell.Command) []write {
	var list []write
	seen := map[string]bool{}
	run, imports := entryFiles(b, cs)
	todo := append(slices.Clone(run), imports...)
	for len(todo) > 0 && len(seen) < maxProgramFiles {
		p := todo[0]
		todo = todo[1:]
		if seen[p] {
			continue
		}
		seen[p] = true
		o := b.FileAt(p)
		if o == nil || o.Entry.Dir {
			continue
		}
		data, ok := o.Data()
		if !ok || len(data) > maxProgramFile {
			continue
		}
		list = append(list, writesIn(b, o, p, data, slices.Contains(run, p))...)
		todo = append(todo, imported(p, data)...)
	}
	return list
}

// entryFiles are the files of the program that the container may begin with: those
// that are run themselves, and those that a server imports.
func entryFiles(b *source.Build, cs []*shell.Command) (run, imports []string) {
	workdir := b.Target.Final.Workdir.Value
	add := func(dir, name string) {
		if p := path.Join(dir, name); strings.HasPrefix(p, "/") && !strings.ContainsAny(p, "$*") {
			run = append(run, p)
		}
	}
	for _, c := range cs {
		program, args := c.Program(), c.Args()
		dir := c.Dir
		if dir == "" {
			dir = workdir
		}
		if (program == "uv" || program == "poetry" || program == "pipenv") && len(args) > 1 && args[0].Text == "run" && !strings.HasPrefix(args[1].Text, "-") {
			program, args = path.Base(args[1].Text), args[2:]
		}
		switch {
		case shell.IsPython(program), program == "node":
			for i, a := range args {
				if a.Text == "-m" && i+1 < len(args) {
					run = append(run, modules(dir, args[i+1].Text)...)
				}
				if a.Text == "-c" || a.Text == "-e" || a.Text == "-m" {
					break
				}
				if !strings.HasPrefix(a.Text, "-") {
					add(dir, a.Text)
					break
				}
			}
		case slices.Contains([]string{"uvicorn", "gunicorn", "hypercorn", "daphne", "granian"}, program):
			if slices.ContainsFunc(args, func(w shell.Word) bool {
				return strings.HasPrefix(w.Text, "--app-dir") || strings.HasPrefix(w.Text, "--chdir")
			}) {
				continue
			}
			for _, a := range args {
				if name, _, ok := strings.Cut(a.Text, ":"); ok && moduleName.MatchString(name) {
					imports = append(imports, modules(dir, name)...)
				}
			}
		}
	}
	return run, imports
}

var moduleName = regexp.MustCompile(`^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*$`)

// modules are the files that a module of Python may be.
func modules(dir, name string) []string {
	if !moduleName.MatchString(name) || !strings.HasPrefix(dir, "/") {
		return nil
	}
	p := path.Join(dir, strings.ReplaceAll(name, ".", "/"))
	return []string{p + ".py", p + "/__main__.py", p + "/__init__.py"}
}

var (
	pythonImport = regexp.MustCompile(`(?m)^(?:from\s+(\.{0,2}[\w.]*)\s+import\s+([\w, ]+)|import\s+([\w.]+))`)
	nodeImport   = regexp.MustCompile(`(?m)^(?:import\s[^'"\n]*|(?:const|let|var)\s[^'"\n]*=\s*require\()['"](\.{1,2}/[\w./-]+)['"]`)
)

// imported are the files of the project that a file may import.
func imported(p, data string) []string {
	dir := path.Dir(p)
	var list []string
	if path.Ext(p) != ".py" {
		for _, m := range nodeImport.FindAllStringSubmatch(data, -1) {
			q := path.Join(dir, m[1])
			list = append(list, q, q+".js", q+".mjs", q+"/index.js")
		}
		return list
	}
	for _, m := range pythonImport.FindAllStringSubmatch(data, -1) {
		name, from := m[1]+m[3], dir
		if strings.HasPrefix(name, "..") {
			from = path.Dir(dir)
		}
		relative := strings.HasPrefix(name, ".")
		name = strings.TrimLeft(name, ".")
		if name != "" {
			list = append(list, modules(from, name)...)
			if !relative {
				list = append(list, modules(path.Dir(dir), name)...)
			}
		}
		for _, part := range strings.Split(m[2], ",") {
			if part = strings.TrimSpace(part); part != "" {
				list = append(list, modules(path.Join(from, strings.ReplaceAll(name, ".", "/")), part)...)
			}
		}
	}
	return list
}

// writesIn are the writes of one file. main tells that it is run itself, rather than
// imported.
func writesIn(b *source.Build, o *source.Origin, p, data string, main bool) []write {
	if strings.Contains(data, "chdir(") {
		return nil
	}
	patterns := nodeWrites
	if path.Ext(p) == ".py" {
		patterns = pythonWrites
	}
	values, runs := constants(data), called(data, main)
	var list []write
	lines := statements{called: runs}
	at := 0
	for line := range strings.Lines(data) {
		start := at
		at += len(line)
		code, through := lines.next(line)
		if code == "" {
			continue
		}
		for _, w := range patterns {
			m := w.pattern.FindStringSubmatchIndex(line)
			if m == nil || !w.always && (!through || strings.Contains(line[:m[0]], "lambda") || strings.Contains(line[:m[0]], "=>")) {
				continue
			}
			name, span := "", text.Span{Start: o.Span.Start + start + m[0], End: o.Span.Start + start + m[1]}
			if m[2] >= 0 && m[3] > m[2] {
				name, span = line[m[2]:m[3]], text.Span{Start: o.Span.Start + start + m[2], End: o.Span.Start + start + m[3]}
			} else if m[4] >= 0 {
				name = values[line[m[4]:m[5]]]
			}
			if name == "" {
				continue
			}
			if x, ok := folderOf(b, b.Target.Final.Workdir.Value, name, w.folder); ok {
				x.place = check.Place{File: o.File, Span: span}
				x.what = fmt.Sprintf("%s %s %s", path.Base(p), w.what, name)
				list = append(list, x)
			}
		}
	}
	return list
}

var constant = regexp.MustCompile(`(?m)^(?:const |let |var )?([A-Za-z_]\w*)\s*=\s*(?:Path\(\s*)?["']([\w./-]*[\w-])["']\s*\)?;?[ \t]*$`)

// assigned matches an assignment, or global, in a block.
var assigned = regexp.MustCompile(`(?m)^[ \t]+(?:global\s+)?([A-Za-z_]\w*)[ \t]*(?:=[^=]|$)`)

// constants are the values of the names that a file sets once, to a literal.
func constants(data string) map[string]string {
	values := map[string]string{}
	for _, m := range constant.FindAllStringSubmatch(data, -1) {
		if _, twice := values[m[1]]; twice {
			m[2] = ""
		}
		values[m[1]] = m[2]
	}
	for _, m := range assigned.FindAllStringSubmatch(data, -1) {
		delete(values, m[1])
	}
	return values
}

var (
	topCall  = regexp.MustCompile(`(?m)^(?:[\w.]+\()?([A-Za-z_]\w*)\(\)\)?;?[ \t]*$`)
	mainCall = regexp.MustCompile(`(?m)^if __name__ == ["']__main__["']:\s*\n(?:[ \t]+.*\n)*?[ \t]+(?:[\w.]+\()?([A-Za-z_]\w*)\(\)`)
)

// called are the functions that a file certainly calls when it is run.
func called(data string, main bool) map[string]bool {
	names := map[string]bool{}
	for _, m := range topCall.FindAllStringSubmatch(data, -1) {
		names[m[1]] = true
	}
	if main {
		for _, m := range mainCall.FindAllStringSubmatch(data, -1) {
			names[m[1]] = true
		}
	}
	return names
}

// statements tell which lines of a file are run from top to bottom: those at its left
// edge, and the first level of the functions that are called.
type statements struct {
	called  map[string]bool
	comment string // the quotes of a text of several lines, which is no statement
	inside  bool   // a function that is called
	indent  int    // of its first statement; 0 = not met yet
}

var function = regexp.MustCompile(`^(?:async )?(?:def|function) ([A-Za-z_]\w*)\(`)

// next is a line without its indentation, "" where it is no statement, and whether it
// is run through.
func (s *statements) next(line string) (code string, through bool) {
	for _, quotes := range []string{`"""`, `'''`} {
		n := strings.Count(line, quotes)
		if s.comment != quotes && (s.comment != "" || n == 0) {
			continue
		}
		if n%2 == 1 {
			if s.comment == quotes {
				s.comment = ""
			} else {
				s.comment = quotes
			}
		}
		return "", false
	}
	code = strings.TrimLeft(line, " \t")
	if strings.TrimSpace(code) == "" || code[0] == '#' || code[0] == '*' || strings.HasPrefix(code, "//") {
		return "", false
	}
	indent := len(line) - len(code)
	if indent == 0 {
		m := function.FindStringSubmatch(code)
		s.inside, s.indent = m != nil && s.called[m[1]], 0
		return code, m == nil && !strings.HasPrefix(code, "if ")
	}
	if s.inside && s.indent == 0 {
		s.indent = indent
	}
	return code, s.inside && indent == s.indent && !strings.HasPrefix(code, "if ")
}

// folderOf is the folder that has to be writable for a path to be made; ok is false
// where it is there already, or where nothing of this build makes its parents, so
// that what lies there at run time is not known.
func folderOf(b *source.Build, dir, name string, folder bool) (write, bool) {
	if !path.IsAbs(name) {
		if !path.IsAbs(dir) {
			return write{}, false
		}
		name = path.Join(dir, name)
	}
	name = path.Clean(name)
	if b.FileAt(name) != nil || folder && comes(b, name) {
		return write{}, false
	}
	for at := path.Dir(name); at != "/"; at = path.Dir(at) {
		if b.MadeByRoot(at) {
			return write{dir: at, path: name, made: folder}, true
		}
		if comes(b, at) {
			return write{}, false
		}
	}
	return write{}, false
}

// comes tells whether a step of the build may bring or make a folder.
func comes(b *source.Build, dir string) bool { return mayCome(b, dir, path.Base(dir)) }

// mayCome does so, where a RUN that says a word may make the folder.
func mayCome(b *source.Build, dir, word string) bool {
	for step := range b.Steps() {
		if c := step.Copy; c != nil {
			t := path.Clean("/" + c.Target)
			if t == dir || strings.HasPrefix(t, dir+"/") || strings.HasPrefix(dir, strings.TrimSuffix(t, "/")+"/") && bringsFolder(b, c, strings.TrimPrefix(dir, strings.TrimSuffix(t, "/")+"/")) {
				return true
			}
			continue
		}
		if step.Keyword == "WORKDIR" && strings.HasPrefix(step.Before.Workdir.Value+"/", dir+"/") {
			return true
		}
		run := step.Run()
		if run == nil {
			continue
		}
		if strings.Contains(step.File().Text(step.Span), word) || run.Opaque != "" || slices.ContainsFunc(run.Commands(), unseen) {
			return true
		}
		for _, fx := range run.Effects.Files {
			if slices.ContainsFunc(fx.Paths, func(p shell.Word) bool { return strings.HasPrefix(path.Clean(p.Text)+"/", dir+"/") }) {
				return true
			}
		}
	}
	workdir := b.Target.Final.Workdir.Value
	return workdir == dir || strings.HasPrefix(workdir, dir+"/")
}

// bringsFolder tells whether a COPY may bring a folder below its target.
func bringsFolder(b *source.Build, c *source.Copy, below string) bool {
	if !c.FromContext() || b.Context == nil {
		return true
	}
	for _, src := range c.Sources {
		name := source.Clean(src.Value)
		if !src.Known || strings.ContainsAny(name, "*?[") {
			return true
		}
		if e, err := b.Context.Stat(name); err != nil || !e.Dir {
			continue // a file
		}
		if _, err := b.Context.Stat(path.Join(name, below)); err == nil || b.Context.Has(path.Join(name, below)) {
			return true
		}
	}
	return false
}

// scriptWrites are the folders that the start script makes or writes to by literal
// paths.
func scriptWrites(b *source.Build, f *source.StartScript) []write {
	if f == nil || f.Script == nil || f.Script.Err != nil {
		return nil
	}
	var list []write
	made := map[string]bool{}
	for _, fx := range effects.Of(f.Script).Files {
		if fx.When != shell.Always || fx.Command.Ignored || fx.Command.Func != "" || fx.Kind != effects.Mkdir && fx.Kind != effects.Write || len(fx.Sources) > 0 {
			continue
		}
		for _, p := range fx.Paths {
			if !p.Known || strings.ContainsAny(p.Text, "$*?~`") || strings.HasPrefix(p.Text, "/dev/") || made[path.Dir(path.Clean(p.Text))] {
				continue
			}
			dir := fx.Command.Dir
			if dir == "" {
				dir = b.Target.Final.Workdir.Value
			}
			x, ok := folderOf(b, dir, p.Text, fx.Kind == effects.Mkdir)
			if !ok {
				continue
			}
			made[path.Join("/", dir, p.Text)] = true
			verb := "writes"
			if fx.Kind == effects.Mkdir {
				verb = "creates the folder"
			}
			span := text.Span{Start: fx.Command.Span.Start, End: fx.Command.Span.End}
			x.place = check.Place{File: f.Origin.File, Span: span}
			x.what = fmt.Sprintf("%s %s %s", path.Base(f.Path), verb, p.Text)
			list = append(list, x)
		}
	}
	return list
}
