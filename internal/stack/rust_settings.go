package stack

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// settings are the entries of the settings files of the program: read tells those alone
// that its source names.
func (p *rustProject) settings(read bool) []entry {
	// They are asked for again and again, and change only with the sources that were read.
	if p.settled == nil || p.settledBy != len(p.files) {
		p.settled, p.settledBy = map[bool][]entry{}, len(p.files)
	}
	list, ok := p.settled[read]
	if !ok {
		list = p.findSettings(read)
		p.settled[read] = list
	}
	return list
}

func (p *rustProject) findSettings(read bool) (list []entry) {
	for _, f := range p.t.files {
		switch path.Ext(f) {
		case ".json", ".yaml", ".yml", ".toml":
		default:
			continue
		}
		base := strings.TrimSuffix(path.Base(f), path.Ext(f))
		if !slices.Contains([]string{"config", "configuration", "settings", "default", "base", "production", "app"}, base) && !read || isSide(f) || strings.HasPrefix(f, ".") || path.Base(f) == "Cargo.toml" {
			continue
		}
		if read && !p.named(path.Base(f), false) && !(strings.Contains(f, "/") && p.named(top(f), true)) {
			continue
		}
		list = append(list, p.t.entries(f)...)
	}
	return list
}

var (
	// Environment::with_prefix("APP").separator("__"), Environment::default()
	rustConfigEnvRE = regexp.MustCompile(`\bEnvironment::(?:with_prefix\(\s*"(\w+)"\s*\)|default\(\))((?:\s*\.\w+\([^()]*\))*)`)
	rustSeparatorRE = regexp.MustCompile(`\.(prefix_separator|separator)\(\s*"([^"]*)"\s*\)`)
	// Env::prefixed("APP_").split("__")
	rustFigmentRE = regexp.MustCompile(`\bEnv::(?:prefixed\(\s*"(\w+)"\s*\)|raw\(\))((?:\s*\.\w+\([^()]*\))*)`)
	rustSplitRE   = regexp.MustCompile(`\.split\(\s*"([^"]*)"\s*\)`)
)

// settingVariable is the variable by which the program takes the value at a path of its
// settings from the environment instead; "" = the source shows none.
// Source: docs.rs/config: Environment; docs.rs/figment: providers::Env.
func (p *rustProject) settingVariable(keys []string) string {
	for _, f := range p.files {
		if m := rustConfigEnvRE.FindStringSubmatch(f.code); m != nil {
			separator, before := "", ""
			for _, s := range rustSeparatorRE.FindAllStringSubmatch(m[2], -1) {
				if s[1] == "separator" {
					separator = s[2]
				} else {
					before = s[2]
				}
			}
			if separator == "" && len(keys) > 1 {
				return ""
			}
			name := strings.Join(keys, separator)
			if m[1] != "" {
				switch {
				case before != "":
				case separator != "":
					before = separator
				default:
					before = "_"
				}
				name = m[1] + before + name
			}
			return strings.ToUpper(name)
		}
		if m := rustFigmentRE.FindStringSubmatch(f.code); m != nil {
			split := rustSplitRE.FindStringSubmatch(m[2])
			if split == nil && len(keys) > 1 {
				return ""
			}
			separator := ""
			if split != nil {
				separator = split[1]
			}
			return strings.ToUpper(m[1] + strings.Join(keys, separator))
		}
	}
	return ""
}

var (
	rustMakesRE = regexp.MustCompile(`\b(?:create_dir_all|create_dir|File::create)\(`)
	rustKeyRE   = regexp.MustCompile(`\bget(?:_string|_str|::<[^>]*>)?\(\s*"([\w.]+)"`)
	rustLastRE  = regexp.MustCompile(`^\s*&?\s*(?:Path(?:Buf)?::(?:new|from)\(\s*&?)?([A-Za-z_][\w.]*?)(?:\.(?:clone|as_path|as_str|as_ref|to_string|unwrap)\(\))*\s*\)*\s*$`)
	rustGivesRE = regexp.MustCompile(`\b(?:const|static|let)\s+(?:mut\s+)?(\w+)\s*(?::[^=;]+)?=\s*`)
)

// made is the folder or file that a call makes whose argument is a name or a setting: by a
// constant, a variable with a default, an option of clap's or the settings file.
func (p *rustProject) made(f *rustSource, argument string) (string, bool) {
	name := ""
	if m := rustKeyRE.FindStringSubmatch(argument); m != nil {
		name = m[1]
	} else if m := rustLastRE.FindStringSubmatch(argument); m != nil {
		name = m[1]
		if at := strings.LastIndexByte(name, '.'); at >= 0 {
			name = name[at+1:]
		}
	}
	if name == "" {
		return "", false
	}
	if !strings.Contains(name, ".") {
		for _, other := range append([]*rustSource{f}, p.files...) {
			if !strings.Contains(other.code, name) {
				continue
			}
			if other.gives == nil {
				other.gives = append([][]int{}, rustGivesRE.FindAllStringSubmatchIndex(other.code, -1)...)
				other.options = rustClapRE.FindAllStringSubmatch(other.code, -1)
			}
			for _, m := range other.gives {
				if other.code[m[2]:m[3]] != name || other != f && strings.HasPrefix(other.code[m[0]:], "let") {
					continue
				}
				rest := other.code[m[1]:min(len(other.code), m[1]+400)]
				if end := strings.IndexByte(rest, ';'); end >= 0 {
					rest = rest[:end]
				}
				if s := rustTextRE.FindStringSubmatchIndex(rest); s != nil && s[0] == 0 {
					return rest[s[2]:s[3]], true
				}
				if d := rustDefaultRE.FindStringSubmatch(rest); d != nil && d[1] != "" {
					return d[1], true
				}
			}
			for _, m := range other.options {
				if m[2] != name {
					continue
				}
				if d := rustClapDefRE.FindStringSubmatch(m[1]); d != nil {
					return d[1], true
				}
			}
		}
	}
	for _, e := range p.settings(true) {
		if e.is(name) {
			return e.value, true
		}
	}
	return "", false
}
