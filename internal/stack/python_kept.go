package stack

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/python"
)

// keptNames are names of settings for folders in which a program keeps what it is sent or
// makes, whatever they are called beyond that.
// Source: docs.djangoproject.com: settings; flask-session.readthedocs.io: configuration.
var keptNames = []string{"MEDIA_ROOT", "FILE_UPLOAD_TEMP_DIR", "SESSION_FILE_DIR"}

// kept tells whether a setting is the place of a folder that is written.
func kept(name string) bool {
	name = strings.ToUpper(strings.TrimSuffix(name, "]"))
	for _, k := range keptNames {
		if name == k || strings.HasSuffix(name, "["+k) {
			return true
		}
	}
	return strings.Contains(name, "UPLOAD") && !strings.Contains(name, "EMOJI") && !strings.Contains(name, "SIZE") && !strings.Contains(name, "EXT") && !strings.Contains(name, "HANDLER")
}

// isFolder tells whether a setting that is called like a folder is one: its framework knows it,
// its value is put together as a path, or it reaches what makes, reads or writes one.
func (p *pyProject) isFolder(name string, e *python.Expr) bool {
	upper := strings.ToUpper(name)
	if strings.Contains(name, "[") || slices.Contains(keptNames, upper) || slices.Contains([]string{"UPLOAD_FOLDER", "UPLOAD_DIR", "UPLOADS_DIR", "UPLOADED_FILES_DEST"}, upper) || e != nil && e.Form != python.String {
		return true
	}
	re := regexp.MustCompile(`(?:makedirs|mkdir|open|Path|join|joinpath|listdir|scandir|save|copy\w*|move|FileSystemStorage|FileHandler|StaticFiles)\s*\([^\n]*\b` + regexp.QuoteMeta(name) + `\b|\b` + regexp.QuoteMeta(name) + `(?:\s*/\s*[\w"']|\.(?:mkdir|joinpath)\b)|\{(?:\w+\.)*` + regexp.QuoteMeta(name) + `\}/`)
	return slices.ContainsFunc(p.modules, func(m *module) bool { return m.mentions(name) && re.Match(m.source) })
}

// dictionary calls a function for each text that is a key of a dictionary in an expression,
// with its value and all that stands in the same dictionary.
func dictionary(e *python.Expr, found func(key string, value *python.Expr, all []python.Expr)) {
	if e == nil {
		return
	}
	for i := range e.Parts {
		if e.Form == python.List && e.Parts[i].Form == python.String && i+1 < len(e.Parts) {
			found(e.Parts[i].Text, &e.Parts[i+1], e.Parts)
		}
		dictionary(&e.Parts[i], found)
	}
	if e.Call != nil {
		for i := range e.Call.Args {
			dictionary(&e.Call.Args[i].Value, found)
		}
	}
}

// settingsFiles notes the files that dictionaries of settings name: a database of SQLite as
// Django has it, and files of logs.
func (p *pyProject) settingsFiles(m *module, a *python.Assign, note func(where string, line int)) {
	if a.If || !m.mentions("sqlite3", "filename", "FileBasedCache") {
		return
	}
	holds := func(all []python.Expr, word string) bool {
		for i := range all {
			for _, s := range all[i].Literals() {
				if strings.Contains(s, word) {
					return true
				}
			}
		}
		return false
	}
	dictionary(&a.Value, func(key string, value *python.Expr, all []python.Expr) {
		switch {
		case key == "NAME" && holds(all, "sqlite3"), key == "filename" && strings.Contains(a.Name, "LOG"):
		case key == "LOCATION" && holds(all, "FileBasedCache"):
		default:
			return
		}
		if s, ok := p.pathOf(m, value, 0); ok && !strings.HasPrefix(s, ":") && !strings.HasPrefix(s, "file:") {
			if key == "LOCATION" {
				s = path.Join(s, "x.cache")
			}
			note(s, a.Line)
		}
	})
}

// instance is the folder beside its package in which Flask keeps what is of one
// installation. Source: flask.palletsprojects.com: instance folders.
func (p *pyProject) instance() string {
	root := p.py.Root
	if root == "" {
		root = "."
	}
	return path.Join(root, "instance")
}

// inInstance tells whether a path of SQLite is relative to Flask's instance folder, as
// Flask-SQLAlchemy takes it since 3.0. Source: flask-sqlalchemy.readthedocs.io: configuration.
func (p *pyProject) inInstance() bool {
	d, ok := p.dep("flask-sqlalchemy")
	return ok && !strings.HasPrefix(d.version, "2.") && !strings.HasPrefix(d.version, "1.") && !strings.HasPrefix(d.version, "0.")
}
