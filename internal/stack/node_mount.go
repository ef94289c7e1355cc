package stack

import (
	"regexp"
	"strings"
)

// A jsMount puts the routes of a router below a prefix of another, both by file and name:
// src/api.js#router.
type jsMount struct{ to, prefix string }

var (
	mountRE      = regexp.MustCompile(`(\w+)\s*\.\s*(?:use|route)\s*\(`)
	requireRE    = regexp.MustCompile(`^require\(\s*['"](\.[^'"]+)['"]\s*\)(?:\.(\w+))?$`)
	exportOneRE  = regexp.MustCompile(`(?m)(?:module\.exports\s*=|export\s+default)\s+(\w+)\s*;?\s*$`)
	exportFromRE = regexp.MustCompile(`module\.exports\s*=\s*require\(\s*['"](\.[^'"]+)['"]\s*\)`)
	exportAllRE  = regexp.MustCompile(`module\.exports\s*=\s*\{([^}]*)\}`)
)

// mounts are where routers of express and its kind are put, through the names that files give
// them and take from others.
func (p *nodeProject) mounts() map[string]jsMount {
	list := map[string]jsMount{}
	for i := range p.js {
		f := &p.js[i]
		if !strings.Contains(f.text, ".use(") && !strings.Contains(f.text, ".route(") {
			continue
		}
		for _, m := range mountRE.FindAllStringSubmatchIndex(f.text, -1) {
			args := arguments(f.text, m[1])
			prefix := ""
			if len(args) > 0 && len(args[0]) > 1 && strings.ContainsAny(args[0][:1], "'\"`") {
				prefix = strings.Trim(args[0], "'\"`")
				args = args[1:]
			}
			if prefix != "" && !strings.HasPrefix(prefix, "/") || strings.ContainsAny(prefix, ":*({$") {
				continue
			}
			for _, a := range args {
				key := p.routerOf(f, a, 0)
				// The first one counts: /api/v2 and then /api are both asked.
				if _, ok := list[key]; key != "" && !ok {
					list[key] = jsMount{f.file + "#" + f.text[m[2]:m[3]], strings.TrimSuffix(prefix, "/")}
				}
			}
		}
	}
	return list
}

// arguments are those of a call whose bracket opens before a place of a text.
func arguments(text string, from int) (list []string) {
	for from < len(text) && len(list) < 8 {
		a := expression(text, from)
		if from += len(a); strings.TrimSpace(a) != "" {
			list = append(list, strings.TrimSpace(a))
		}
		if from >= len(text) || text[from] != ',' {
			break
		}
		from++
	}
	return list
}

// routerOf is the router that an expression of a file means; "" = it is none that is known.
func (p *nodeProject) routerOf(f *script, e string, depth int) string {
	if m := requireRE.FindStringSubmatch(e); m != nil {
		return p.exported(p.resolve(f.file, m[1]), m[2], depth+1)
	}
	name, member, _ := strings.Cut(e, ".")
	if !plainRE.MatchString(name) || member != "" && !plainRE.MatchString(member) {
		return ""
	}
	if from := p.importedFrom(f, name); from != "" {
		if member != "" {
			return p.exported(from, member, depth+1)
		}
		for _, m := range importRE.FindAllStringSubmatch(f.text, -1) {
			if m[1] == name || m[3] == name {
				return p.exported(from, "", depth+1)
			}
		}
		for _, m := range aliasRE.FindAllStringSubmatch(f.text, -1) {
			if m[1] == name {
				return p.exported(from, "", depth+1)
			}
		}
		return p.exported(from, name, depth+1)
	}
	if member != "" {
		return ""
	}
	return f.file + "#" + name
}

// exported is the router that a file exports by a name, "" = as all that it exports.
func (p *nodeProject) exported(file, name string, depth int) string {
	f := p.scriptOf(file)
	if f == nil || depth > 5 {
		return ""
	}
	if m := exportFromRE.FindStringSubmatch(f.text); m != nil {
		return p.exported(p.resolve(file, m[1]), name, depth+1)
	}
	if name == "" {
		if m := exportOneRE.FindStringSubmatch(f.text); m != nil {
			return file + "#" + m[1]
		}
		return ""
	}
	if m := exportAllRE.FindStringSubmatch(f.text); m != nil {
		for item := range strings.SplitSeq(m[1], ",") {
			key, value, ok := strings.Cut(item, ":")
			if strings.TrimSpace(key) != name {
				continue
			}
			if !ok {
				value = name
			}
			return p.routerOf(f, strings.TrimSpace(value), depth+1)
		}
	}
	return file + "#" + name
}

func (p *nodeProject) scriptOf(file string) *script {
	return p.scripts()[file]
}

// scripts are the files of source by their names.
func (p *nodeProject) scripts() map[string]*script {
	if p.byFile == nil {
		p.byFile = map[string]*script{}
		for i := range p.js {
			p.byFile[p.js[i].file] = &p.js[i]
		}
	}
	return p.byFile
}

// climb is what the routes of a router begin with; ok = it lies in another that is known.
func climb(mounts map[string]jsMount, key string) (prefix string, ok bool) {
	for range 6 {
		m, is := mounts[key]
		if !is || m.to == key {
			break
		}
		prefix, key, ok = m.prefix+prefix, m.to, true
	}
	return prefix, ok
}
