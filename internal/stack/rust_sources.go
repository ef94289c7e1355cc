package stack

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

var (
	// The file lies below the manifest's folder. Source: docs.rs: sqlx::query_file!.
	rustQueryFileRE = regexp.MustCompile(`\bquery_file(?:_as|_scalar)?(?:_unchecked)?!\s*[({\[]\s*(?:[\w:]+\s*,\s*)?"([^"]+)"`)

	rustIncludeRE = regexp.MustCompile(`\binclude(?:_str|_bytes)?!\(\s*"([^"]+)"`)
	rustEmbedRE   = regexp.MustCompile(`\b(?:migrate|embed_migrations|include_dir|embed_dir|Asset)!?\(\s*"(?:\$CARGO_MANIFEST_DIR/)?([^"]*)"|#\[folder\s*=\s*"([^"]+)"|concat!\(\s*env!\("CARGO_MANIFEST_DIR"\)\s*,\s*"/?([^"]+)"`)
	rustMigrateRE = regexp.MustCompile(`\b(?:sqlx::)?(?:migrate|embed_migrations)!\(\s*\)`)
)

// gather tells what the build reads, and what the program reads where it runs.
func (p *rustProject) gather() {
	r, t := p.r, p.t
	add := func(list *[]string, name string) {
		if name = path.Clean(name); (t.has[name] || t.dir(name)) && !slices.ContainsFunc(*list, func(have string) bool { return have == name || strings.HasPrefix(name, have+"/") }) {
			*list = append(*list, name)
		}
	}
	add(&r.Files, "Cargo.toml")
	add(&r.Files, "Cargo.lock")
	for _, f := range []string{".cargo/config.toml", ".cargo/config"} {
		// What concerns linkers and processors of somebody's machine stays out.
		if data := string(t.read(f)); regexp.MustCompile(`(?m)^\[(?:env|registries|registry|source|net|http)\b`).MatchString(data) {
			add(&r.Files, f)
			r.Vendor = r.Vendor || strings.Contains(data, "vendored-sources") && t.dir("vendor")
		}
	}
	ours := p.ours()
	for _, k := range r.packages {
		add(&r.Files, path.Join(k.dir, "Cargo.toml"))
		mine := slices.Contains(ours, k)
		stub := func(file string, main bool) {
			if file != "" && !slices.ContainsFunc(r.Stubs, func(s Stub) bool { return s.File == file }) {
				r.Stubs = append(r.Stubs, Stub{file, main, mine && t.has[file]})
			}
		}
		stub(k.lib, false)
		for _, b := range k.bins {
			stub(b.Path, true)
		}
		stub(k.build, true)
		for _, list := range []struct {
			dir     string
			targets []cargoTarget
		}{{"benches", k.file.Bench}, {"tests", k.file.Test}, {"examples", k.file.Example}} {
			for _, x := range list.targets {
				file := x.Path
				if file == "" {
					file = list.dir + "/" + x.Name + ".rs"
				}
				stub(path.Join(k.dir, file), true)
			}
		}
	}
	for _, k := range ours {
		p.code(k, func(name string) { add(&r.Code, path.Join(k.dir, name)) }, func(name string) { add(&r.Code, name) })
	}
	if r.Offline {
		add(&r.Code, ".sqlx")
		add(&r.Code, path.Join(p.pkg.dir, ".sqlx"))
		add(&r.Code, path.Join(p.pkg.dir, "sqlx-data.json"))
		add(&r.Code, path.Join(p.offline, ".sqlx"))
		add(&r.Code, path.Join(p.offline, "sqlx-data.json"))
	}
	p.data()
	slices.Sort(r.Code)
	p.s.Sources = r.Data
}

// code are the files and folders that the build of a package reads, beside it or from
// the project's folder.
func (p *rustProject) code(k *rustPackage, beside, at func(string)) {
	files := []string{k.lib, k.build}
	for _, b := range k.bins {
		files = append(files, b.Path)
	}
	for _, f := range files {
		if f == "" {
			continue
		}
		if rel := strings.TrimPrefix(strings.TrimPrefix(f, k.dir), "/"); k.dir == "." {
			beside(top(f))
		} else {
			beside(top(rel))
		}
	}
	var sources []*rustSource
	for _, f := range files {
		if f != "" {
			sources = append(sources, p.modules(f)...)
		}
	}
	for _, s := range sources {
		for _, m := range rustIncludeRE.FindAllStringSubmatch(s.code, -1) {
			at(path.Join(path.Dir(s.file), m[1]))
		}
		for _, m := range rustEmbedRE.FindAllStringSubmatch(s.code, -1) {
			for _, v := range m[1:] {
				if v != "" {
					beside(v)
				}
			}
		}
		for _, m := range rustQueryFileRE.FindAllStringSubmatch(s.code, -1) {
			beside(top(m[1]))
		}
		if rustMigrateRE.MatchString(s.code) {
			beside("migrations")
		}
		if s.file == k.build {
			for _, m := range rustTextRE.FindAllStringSubmatch(s.code, -1) {
				v := strings.TrimPrefix(m[1], "cargo:rerun-if-changed=")
				if v != "" && v != "." && !strings.Contains(v, " ") {
					beside(top(strings.TrimPrefix(v, "./")))
				}
			}
		}
	}
	for name := range map[string]bool{"askama": true, "rinja": true, "sailfish": true, "askama_axum": true} {
		if _, ok := k.deps[name]; ok {
			beside("templates") // they are compiled in
			beside("askama.toml")
		}
	}
}

// top is the first part of a path.
func top(name string) string {
	first, _, _ := strings.Cut(name, "/")
	if first == ".." {
		return name
	}
	return first
}

// data finds what the program reads where it runs: what its source names and is
// there, in the project's folder or in its package's.
func (p *rustProject) data() {
	r := p.r
	for _, dir := range slices.Compact([]string{".", p.pkg.dir}) {
		for _, name := range p.t.in(dir) {
			folder := strings.HasSuffix(name, "/")
			name = strings.TrimSuffix(name, "/")
			base := path.Base(name)
			if sides[base] || base == "src" || slices.Contains(r.Files, name) || slices.Contains(r.Code, name) && !p.named(base, folder) ||
				strings.HasPrefix(base, ".") || path.Ext(base) == ".rs" || strings.EqualFold(path.Ext(base), ".md") || p.pkgs[name] != nil {
				continue
			}
			if base == "Rocket.toml" && p.s.Framework.Value == "Rocket" || base == "templates" && p.mentions("rocket_dyn_templates", "Template::fairing") || p.named(base, folder) {
				r.Data = append(r.Data, name)
				r.DataIn = dir
			}
		}
		if len(r.Data) > 0 {
			break
		}
	}
	for _, w := range p.s.Writes {
		r.Data = slices.DeleteFunc(r.Data, func(d string) bool { return d == w.Value && !slices.ContainsFunc(p.t.below(d), isGiven) })
	}
}

// isGiven tells whether a file is one that a program was given, and not what an earlier
// run of it left.
func isGiven(file string) bool {
	switch path.Ext(file) {
	case ".db", ".sqlite", ".sqlite3", ".log", ".pid", ".lock":
		return false
	}
	return path.Base(file) != ".gitkeep" && path.Base(file) != ".gitignore"
}

func (p *rustProject) mentions(words ...string) bool {
	return slices.ContainsFunc(p.files, func(f *rustSource) bool {
		return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(f.bare, w) })
	})
}

var rustBuildTimeRE = regexp.MustCompile(`\b(?:include(?:_str|_bytes)?|migrate|embed_migrations|include_dir|concat|env)!\([^)]*\)|#\[folder[^\]]*\]|#\[(?:template|get|post|put|delete|derive)\b[^\]]*\]|\.(?:route|nest|at|mount|scope)\(\s*"[^"]*"`)

// named tells whether the source names a file or a folder that lies beside it.
func (p *rustProject) named(base string, folder bool) bool {
	stem := strings.TrimSuffix(base, path.Ext(base))
	for _, f := range p.files {
		if !strings.Contains(f.code, stem) {
			continue
		}
		if f.texts == nil {
			f.texts = []string{}
			code := rustBuildTimeRE.ReplaceAllString(f.code, "")
			for _, m := range rustTextRE.FindAllStringSubmatch(code, -1) {
				f.texts = append(f.texts, strings.TrimPrefix(m[1], "./"))
			}
			f.withName = strings.Contains(code, "with_name")
		}
		for _, v := range f.texts {
			if v == base || folder && strings.HasPrefix(v, base+"/") || !folder && v == stem && f.withName {
				return true
			}
		}
	}
	return false
}
