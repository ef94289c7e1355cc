package nonroot

import (
	"fmt"
	"path"
	"regexp"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/text"
)

// What Django's settings say, where they say it plainly.
// Source: docs.djangoproject.com: settings, the template of startproject.
var (
	settingsModule = regexp.MustCompile(`DJANGO_SETTINGS_MODULE["']\s*,\s*["']([\w.]+)["']`)
	baseDir        = regexp.MustCompile(`(?m)^BASE_DIR\s*=\s*(.+)$`)
	staticRoot     = regexp.MustCompile(`(?m)^STATIC_ROOT\s*=\s*(.+)$`)
	sqliteName     = regexp.MustCompile(`["']NAME["']\s*:\s*([^\n#]+)`)
	joined         = regexp.MustCompile(`^(?:str\()?\(?(?:os\.path\.join\()?\s*BASE_DIR((?:\s*[/,]\s*["'][\w./-]+["'])+)\s*\)*,?\s*$`)
	plain          = regexp.MustCompile(`^["'](/[\w./-]+)["'],?\s*$`)
	parts          = regexp.MustCompile(`["']([\w./-]+)["']`)
)

// djangoWrites are the folders that manage.py writes to at each start: collectstatic
// into STATIC_ROOT, migrate into a SQLite database.
func djangoWrites(b *source.Build, cs []*shell.Command) []write {
	var list []write
	for _, c := range cs {
		args := words(c)
		if !shell.IsPython(c.Program()) || len(args) < 2 || path.Base(args[0]) != "manage.py" || args[1] != "collectstatic" && args[1] != "migrate" {
			continue
		}
		dir := c.Dir
		if dir == "" {
			dir = b.Target.Final.Workdir.Value
		}
		p, o := djangoSettings(b, path.Join("/", dir, args[0]))
		if o == nil {
			continue
		}
		data, ok := o.Data()
		if !ok || len(data) > maxProgramFile {
			continue
		}
		m, what := staticRoot.FindStringSubmatchIndex(data), "manage.py collectstatic writes to"
		if args[1] == "migrate" {
			if strings.Count(data, "ENGINE") != 1 || !strings.Contains(data, "django.db.backends.sqlite3") {
				continue
			}
			m, what = sqliteName.FindStringSubmatchIndex(data), "manage.py migrate writes the SQLite database"
		}
		if m == nil {
			continue
		}
		name := settingsPath(p, data, strings.TrimSpace(data[m[2]:m[3]]))
		if name == "" {
			continue
		}
		if w, ok := folderOf(b, dir, name, args[1] == "collectstatic"); ok {
			w.place = check.Place{File: o.File, Span: text.Span{Start: o.Span.Start + m[2], End: o.Span.Start + m[3]}}
			w.what = fmt.Sprintf("%s %s at each start", what, name)
			list = append(list, w)
		}
	}
	return list
}

// djangoSettings is the settings module of a manage.py, and its path.
func djangoSettings(b *source.Build, manage string) (string, *source.Origin) {
	o := b.FileAt(manage)
	if o == nil {
		return "", nil
	}
	data, _ := o.Data()
	m := settingsModule.FindStringSubmatch(data)
	if m == nil {
		return "", nil
	}
	name := m[1]
	if v, ok := b.RuntimeEnv("DJANGO_SETTINGS_MODULE"); ok {
		name = v
	}
	for _, p := range modules(path.Dir(manage), name) {
		if o := b.FileAt(p); o != nil && !strings.HasSuffix(p, "__main__.py") {
			return p, o
		}
	}
	return "", nil
}

// settingsPath is the path that an expression of a settings file stands for; "" where
// it is not a plain one.
func settingsPath(file, data, expr string) string {
	if m := plain.FindStringSubmatch(expr); m != nil {
		return m[1]
	}
	m, base := joined.FindStringSubmatch(expr), baseDir.FindStringSubmatch(data)
	if m == nil || base == nil || !strings.Contains(base[1], "__file__") {
		return ""
	}
	dir := file
	for range strings.Count(base[1], ".parent") + strings.Count(base[1], "dirname(") {
		dir = path.Dir(dir)
	}
	if dir == file {
		return ""
	}
	for _, part := range parts.FindAllStringSubmatch(m[1], -1) {
		dir = path.Join(dir, part[1])
	}
	return dir
}
