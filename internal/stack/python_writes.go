package stack

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/dockworthy/dockworthy/internal/python"
)

// escapeRE is what is left of a sign that is written by its number: no path.
var escapeRE = regexp.MustCompile(`^(?:[uU][0-9a-fA-F]{4,8})+$`)

// writes finds the folders and files that the program makes where it runs.
func (p *pyProject) writes() {
	files := map[string]bool{} // that have no extension by which they are known for one
	put := func(where string, at Place, file bool) {
		if strings.ContainsAny(where, "{}*%$ ~\\") || escapeRE.MatchString(where) || len(where) > 100 || where == "" {
			return
		}
		where = path.Clean(strings.TrimPrefix(where, "./"))
		if where == "." || where == ".." || strings.HasPrefix(where, "../") || strings.HasPrefix(where, "/tmp") || strings.HasPrefix(where, "/dev/") || where == "/" {
			return
		}
		dir := where
		if (file || path.Ext(strings.TrimPrefix(path.Base(where), ".")) != "") && !p.t.dir(where) {
			dir, files[where] = path.Dir(where), true
		}
		if dir == "." {
			dir = where // a file beside the program
		}
		if !slices.ContainsFunc(p.s.Writes, func(f Fact) bool { return f.Value == dir || strings.HasPrefix(dir, f.Value+"/") }) {
			p.s.Writes = slices.DeleteFunc(p.s.Writes, func(f Fact) bool { return strings.HasPrefix(f.Value, dir+"/") })
			p.s.Writes = append(p.s.Writes, Fact{Value: dir, At: at})
		}
	}
	add := func(where string, at Place) { put(where, at, false) }
	tops := p.tops()
	for _, m := range p.modules {
		if p.aside(m, tops) || !m.mentions("mkdir", "makedirs", "open(", "sqlite", "UPLOAD", "MEDIA_ROOT", "SESSION_FILE_DIR", "FileBasedCache", "FileHandler", "write_text", "write_bytes", "touch(", ".log\"", ".log'") {
			continue
		}
		src := m.parsed()
		for _, c := range src.Calls {
			at := Place{m.file, c.Line}
			p.within = c.In
			note := func(e *python.Expr) {
				if s, ok := p.pathOf(m, e, 0); ok {
					put(s, at, c.Method() != "mkdir" && c.Method() != "makedirs")
				}
			}
			switch c.Method() {
			case "makedirs":
				note(c.Arg("name", 0))
			case "mkdir", "write_text", "write_bytes", "touch":
				switch {
				case c.Of() == "os":
					note(c.Arg("path", 0))
				case c.On != nil:
					note(c.On)
				default:
					for _, name := range m.looped(c.Of()) {
						note(&python.Expr{Form: python.Name, Text: name})
					}
				}
			case "open":
				mode, _ := c.Arg("mode", 1).Literal()
				if c.Func == "open" && strings.ContainsAny(mode, "wax") {
					note(c.Arg("file", 0))
				}
			case "FileHandler", "RotatingFileHandler", "TimedRotatingFileHandler":
				note(c.Arg("filename", 0))
			case "connect":
				if s, ok := p.pathOf(m, c.Arg("database", 0), 0); ok && (c.Func == "sqlite3.connect" || c.Func == "aiosqlite.connect") && s != ":memory:" {
					add(s, at)
				}
			}
		}
		// Settings that say where it keeps what it is sent, and its logs.
		named := func(name string, e *python.Expr, line int) {
			p.within = ""
			if kept(name) && p.isFolder(name, e) {
				if s, ok := p.pathOf(m, e, 0); ok && !strings.Contains(s, ",") {
					add(s, Place{m.file, line})
				}
			}
		}
		for i := range src.Assigns {
			named(src.Assigns[i].Name, &src.Assigns[i].Value, src.Assigns[i].Line)
			p.settingsFiles(m, &src.Assigns[i], func(where string, line int) { put(where, Place{m.file, line}, true) })
		}
		for _, c := range src.Classes {
			for _, f := range c.Fields {
				named(f.Name, f.Value, f.Line)
			}
		}
		for _, s := range src.Strings {
			if path.Ext(s.Value) == ".log" && strings.Contains(s.Value, "/") {
				add(s.Value, Place{m.file, s.Line})
			}
			if file, ok := sqliteFile(s.Value); ok && !path.IsAbs(file) && p.inInstance() {
				add(p.instance(), Place{m.file, s.Line})
			} else if ok {
				add(file, Place{m.file, s.Line})
			}
		}
	}
	p.movable(files)
}

// sqliteFile is the file of a URL of SQLAlchemy's for SQLite.
func sqliteFile(url string) (string, bool) {
	scheme, file, ok := strings.Cut(url, ":///")
	return file, ok && (scheme == "sqlite" || strings.HasPrefix(scheme, "sqlite+")) && file != "" && !strings.HasPrefix(file, ":")
}

// movable moves files that the program makes beside itself into a folder, where a
// variable says where they lie.
func (p *pyProject) movable(files map[string]bool) {
	const folder = "data"
	for i := 0; i < len(p.s.Writes); i++ {
		w := p.s.Writes[i]
		if strings.Contains(w.Value, "/") || !files[w.Value] {
			continue
		}
		for _, v := range p.s.Env {
			file, url := sqliteFile(v.Default)
			switch {
			case url && path.Clean(file) == w.Value:
				scheme, _, _ := strings.Cut(v.Default, ":///")
				p.set(v.Name, scheme+":///"+folder+"/"+w.Value)
			case path.Clean(v.Default) == w.Value:
				p.set(v.Name, folder+"/"+w.Value)
			default:
				continue
			}
			p.s.Writes[i] = Fact{Value: folder, At: w.At, Why: w.Value + ", by " + v.Name}
			break
		}
		if p.s.Writes[i].Value == folder && slices.ContainsFunc(p.s.Writes, func(f Fact) bool { return f != p.s.Writes[i] && f.Value == folder }) {
			p.s.Writes = slices.Delete(p.s.Writes, i, i+1)
			i--
			continue
		}
		if p.s.Writes[i].Value == w.Value {
			p.s.Notes = append(p.s.Notes, fmt.Sprintf("%s writes %s beside the program, where a container's user may not: let a variable say where it lies, in a folder of its own", w.At, w.Value))
			p.s.Writes = slices.Delete(p.s.Writes, i, i+1)
			i--
		}
	}
}

// pathOf is the path that an expression stands for, relative to the project: through
// constants, os.path.join, pathlib's / and what falls back on a default.
func (p *pyProject) pathOf(m *module, e *python.Expr, depth int) (string, bool) {
	if e == nil || depth > 8 {
		return "", false
	}
	join := func(parts []string) string {
		where := ""
		for _, s := range parts {
			if path.IsAbs(s) {
				where = s
			} else {
				where = path.Join(where, s)
			}
		}
		return where
	}
	settled := func(x *setting) (string, bool) {
		if x == nil || x.value == e {
			return "", false
		}
		outer := p.within
		defer func() { p.within = outer }()
		p.within = x.within
		return p.pathOf(x.m, x.value, depth+1)
	}
	if key := configKey(e); key != "" {
		return settled(p.setting(key))
	}
	switch e.Form {
	case python.String:
		return e.Text, true
	case python.Name:
		if strings.HasSuffix(e.Text, "app.instance_path") {
			return p.instance(), true
		}
		if strings.Contains(e.Text, ".parent") && ofFile(e) {
			dir := m.file
			for range strings.Count(e.Text, ".parent") {
				dir = path.Dir(dir)
			}
			return dir, true
		}
		if d := m.parsed().Within(p.within); d != nil {
			for i := len(d.Assigns) - 1; i >= 0; i-- {
				if a := &d.Assigns[i]; a.Name == e.Text && a.Value.Text != e.Text {
					return p.pathOf(m, &a.Value, depth+1)
				}
			}
		}
		if a := m.parsed().Assigned(e.Text); a != nil && a.Value.Text != e.Text {
			return p.pathOf(m, &a.Value, depth+1)
		}
		if other, name := p.find(m, e.Text); other != nil && name != "" && other != m {
			if a := other.parsed().Assigned(name); a != nil {
				return p.pathOf(other, &a.Value, depth+1)
			}
		}
		if s, ok := p.text(m, e); ok {
			return s, true
		}
		if at := strings.LastIndexByte(e.Text, '.'); at > 0 {
			return settled(p.classField(e.Text[at+1:])) // settings.upload_dir
		}
	case python.Invoke:
		c := e.Call
		switch {
		case readsVariable(c) != "":
			return p.pathOf(m, c.Arg("default", 1), depth+1)
		case c.Func == "decouple.config" || c.Func == "starlette.config.Config()" || isEnviron(m.parsed(), c):
			if d := c.Arg("default", -1); d != nil {
				return p.pathOf(m, d, depth+1)
			}
			return p.pathOf(m, c.Arg("default", 1), depth+1)
		case c.Method() == "dirname" && ofFile(e):
			dir := path.Dir(m.file)
			for _, inner := range e.Calls()[1:] {
				if inner.Method() == "dirname" {
					dir = path.Dir(dir)
				}
			}
			return dir, true
		case c.Method() == "join" || strings.HasSuffix(c.Func, "Path") || c.Method() == "joinpath":
			var parts []string
			for i := range c.Args {
				s, ok := p.pathOf(m, &c.Args[i].Value, depth+1)
				if !ok {
					return "", false
				}
				parts = append(parts, s)
			}
			return join(parts), len(parts) > 0
		case (c.Method() == "abspath" || c.Method() == "resolve" || c.Method() == "expanduser" || c.Method() == "str") && len(c.Args) == 1 || c.Func == "str" && len(c.Args) == 1:
			return p.pathOf(m, &c.Args[0].Value, depth+1)
		}
	case python.Other:
		if len(e.Parts) < 2 {
			return "", false
		}
		var parts []string
		for i := range e.Parts {
			s, ok := p.pathOf(m, &e.Parts[i], depth+1)
			if !ok {
				return "", false
			}
			parts = append(parts, s)
		}
		return join(parts), true
	}
	return "", false
}

// ofFile tells whether an expression is about the file that it stands in.
func ofFile(e *python.Expr) bool {
	if e.Form == python.Name && e.Text == "__file__" {
		return true
	}
	for i := range e.Parts {
		if ofFile(&e.Parts[i]) {
			return true
		}
	}
	if e.Call != nil {
		for i := range e.Call.Args {
			if ofFile(&e.Call.Args[i].Value) {
				return true
			}
		}
	}
	return false
}

// looped are the names that a name stands for: those that a loop goes through, or the name
// itself.
func (m *module) looped(name string) []string {
	re := regexp.MustCompile(`(?m)^\s*for\s+` + regexp.QuoteMeta(name) + `\s+in\s+[(\[]([\w\s.,]+)[)\]]\s*:`)
	found := re.FindStringSubmatch(string(m.source))
	if found == nil {
		return []string{name}
	}
	return strings.FieldsFunc(found[1], func(c rune) bool { return c == ',' || unicode.IsSpace(c) })
}
