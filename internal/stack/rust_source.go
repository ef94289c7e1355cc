package stack

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// A rustSource is a file of Rust: code is its text without comments and tests, bare
// is that without what its strings hold. Both are as long as the file.
type rustSource struct {
	file       string
	code, bare string

	functions []rustFn // of bare, in its order; see fn
	indexed   bool
	texts     []string   // of code, without what is read when it is compiled; nil = not looked for yet
	gives     [][]int    // of code: where a constant or a variable gets its value; nil = not looked for yet
	options   [][]string // of code: fields that clap fills
	withName  bool       // it reads settings by names without an ending
}

// A rustFn is a function: its name, and where its body begins and ends.
type rustFn struct {
	name       string
	start, end int
}

var rustTestRE = regexp.MustCompile(`#\[cfg\(test\)\]\s*(?:pub\s+)?mod\s+\w+\s*\{`)

// readRust reads a file.
func readRust(file string, data []byte) *rustSource {
	text := string(data)
	code, bare := []byte(text), []byte(text)
	blank := func(b []byte, from, to int) {
		for i := from; i < min(to, len(b)); i++ {
			if b[i] != '\n' {
				b[i] = ' '
			}
		}
	}
	for i := 0; i < len(text); i++ {
		rest := text[i:]
		next := byte(0)
		if len(rest) > 1 {
			next = rest[1]
		}
		switch c := rest[0]; {
		case c == '/' && next == '/':
			end := i + len(rest)
			if n := strings.IndexByte(rest, '\n'); n >= 0 {
				end = i + n
			}
			blank(code, i, end)
			blank(bare, i, end)
			i = end - 1
		case c == '/' && next == '*':
			end, depth := i+2, 1
			for ; end < len(text) && depth > 0; end++ {
				switch {
				case strings.HasPrefix(text[end:], "*/"):
					depth--
					end++
				case strings.HasPrefix(text[end:], "/*"):
					depth++
					end++
				}
			}
			blank(code, i, end)
			blank(bare, i, end)
			i = end - 1
		case c == 'r' && (next == '"' || next == '#') && (i == 0 || !isWord(text[i-1]) || text[i-1] == 'b'):
			hashes := 0
			for i+1+hashes < len(text) && text[i+1+hashes] == '#' {
				hashes++
			}
			open := i + 1 + hashes
			if open >= len(text) || text[open] != '"' {
				continue
			}
			end := strings.Index(text[open+1:], `"`+strings.Repeat("#", hashes))
			if end < 0 {
				end = len(text) - open - 1
			}
			blank(bare, open+1, open+1+end)
			i = open + 1 + end + hashes
		case c == '"':
			end := i + 1
			for end < len(text) && text[end] != '"' {
				if text[end] == '\\' {
					end++
				}
				end++
			}
			blank(bare, i+1, end)
			i = end
		case c == '\'' && next == '\\':
			end := i + 3
			for end < len(text) && text[end] != '\'' {
				end++
			}
			blank(bare, i+1, end)
			i = end
		case c == '\'' && len(rest) > 2 && rest[2] == '\'':
			blank(bare, i+1, i+2)
			i += 2
		}
	}
	s := &rustSource{file: file, code: string(code), bare: string(bare)}
	for _, m := range rustTestRE.FindAllStringIndex(s.bare, -1) {
		end := s.closing(m[1] - 1)
		blank(code, m[0], end)
		blank(bare, m[0], end)
	}
	s.code, s.bare = string(code), string(bare)
	return s
}

func isWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// closing is where the bracket that opens at a place is closed.
func (s *rustSource) closing(at int) int {
	depth := 0
	for i := at; i < len(s.bare); i++ {
		switch s.bare[i] {
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			if depth--; depth <= 0 {
				return i
			}
		}
	}
	return len(s.bare)
}

// outer is where the bracket around a place is closed.
func (s *rustSource) outer(at int) int {
	depth := 0
	for i := at; i < len(s.bare); i++ {
		switch s.bare[i] {
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			if depth == 0 {
				return i
			}
			depth--
		}
	}
	return len(s.bare)
}

// statement is the text of the statement around a place.
func (s *rustSource) statement(at int) string {
	from := strings.LastIndexAny(s.bare[:at], ";{}") + 1
	to := at
	for depth := 0; to < len(s.bare); to++ {
		c := s.bare[to]
		if depth == 0 && c == ';' || depth < 0 {
			break
		}
		switch c {
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			depth--
		}
	}
	// What is called on brackets that a place lies in goes on behind them.
	end := strings.IndexByte(s.bare[to:], ';')
	if end > 0 && end < 120 {
		to += end
	}
	return s.code[from:to]
}

func (s *rustSource) at(offset int) Place {
	return Place{s.file, 1 + strings.Count(s.code[:offset], "\n")}
}

var rustFnRE = regexp.MustCompile(`\bfn\s+(\w+)`)

// fn is the function around a place, the innermost; "" = none.
func (s *rustSource) fn(at int) string {
	if !s.indexed {
		s.indexed = true
		for _, m := range rustFnRE.FindAllStringSubmatchIndex(s.bare, -1) {
			if open := strings.IndexByte(s.bare[m[1]:], '{'); open >= 0 {
				s.functions = append(s.functions, rustFn{s.bare[m[2]:m[3]], m[1] + open, s.closing(m[1] + open)})
			}
		}
	}
	name := ""
	for _, f := range s.functions {
		if f.start >= at {
			break
		}
		if f.end > at {
			name = f.name
		}
	}
	return name
}

var rustLetRE = regexp.MustCompile(`\blet\s+(?:mut\s+)?(\w+)[^=;{]*=$`)

// let is the variable that the statement around a place gives a value; "" = none.
func (s *rustSource) let(at int) string {
	from := strings.LastIndexAny(s.bare[:at], ";{}") + 1
	if eq := strings.IndexByte(s.bare[from:at], '='); eq >= 0 {
		if m := rustLetRE.FindStringSubmatch(s.bare[from : from+eq+1]); m != nil {
			return m[1]
		}
	}
	return ""
}

var rustModRE = regexp.MustCompile(`\bmod\s+(\w+)\s*;`)

// source is a file of the project, read once; nil = it is not there.
func (p *rustProject) source(file string) *rustSource {
	if s, ok := p.sources[file]; ok {
		return s
	}
	var s *rustSource
	if data := p.t.read(file); data != nil {
		s = readRust(file, data)
	}
	p.sources[file] = s
	return s
}

// modules are a file and those that it and its modules declare.
func (p *rustProject) modules(root string) (list []*rustSource) {
	seen := map[string]bool{}
	var follow func(file string, top bool)
	follow = func(file string, top bool) {
		s := p.source(file)
		if s == nil || seen[file] {
			return
		}
		seen[file] = true
		list = append(list, s)
		dir := path.Dir(file)
		if base := path.Base(file); !top && base != "mod.rs" {
			dir = strings.TrimSuffix(file, ".rs")
		}
		for _, m := range rustModRE.FindAllStringSubmatch(s.bare, -1) {
			follow(path.Join(dir, m[1]+".rs"), false)
			follow(path.Join(dir, m[1], "mod.rs"), false)
		}
	}
	follow(root, true)
	return list
}

var rustServeRE = regexp.MustCompile(`\baxum::serve\b|\bServer::bind\b|\bHttpServer::new\b|\bwarp::serve\b|\brocket::(?:build|custom|ignite)\b|#\[(?:rocket::)?launch\]|\bTcpListener::bind\b|\bServer::(?:builder|new|http)\(|\bserve_connection\b|\.listen\(|\bwarp::[\w:]*run\b`)

func (p *rustProject) servesIn(list []*rustSource) (Place, bool) {
	for _, s := range list {
		if m := rustServeRE.FindStringIndex(s.bare); m != nil {
			return s.at(m[0]), true
		}
	}
	return Place{}, false
}

// serves tells whether a binary's own modules listen, or else the library beside it
// that it uses.
func (p *rustProject) serves(k *rustPackage, b cargoTarget) (own, lib bool) {
	list := p.modules(b.Path)
	_, own = p.servesIn(list)
	for _, l := range p.libraries(k, list) {
		_, ok := p.servesIn(p.modules(l))
		lib = lib || ok
	}
	return own, lib
}

// libraries are the files of the libraries of the project that sources use.
func (p *rustProject) libraries(k *rustPackage, list []*rustSource) (files []string) {
	uses := func(name string) bool {
		re := regexp.MustCompile(`\b` + regexp.QuoteMeta(strings.ReplaceAll(name, "-", "_")) + `\b`)
		return slices.ContainsFunc(list, func(s *rustSource) bool { return re.MatchString(s.bare) })
	}
	if k.lib != "" {
		name := k.name
		if k.file.Lib != nil && k.file.Lib.Name != "" {
			name = k.file.Lib.Name
		}
		if uses(name) {
			files = append(files, k.lib)
		}
	}
	for key, d := range k.deps {
		if other := p.pkgs[d.path]; d.path != "" && other != nil && other.lib != "" && uses(key) {
			files = append(files, other.lib)
		}
	}
	slices.Sort(files)
	return files
}

// reach collects the files of the program.
func (p *rustProject) reach() {
	p.files = p.modules(p.bin.Path)
	seen := map[string]bool{}
	for _, k := range p.ours() {
		for _, l := range p.libraries(k, p.files) {
			if seen[l] {
				continue
			}
			seen[l] = true
			for _, s := range p.modules(l) {
				if !slices.Contains(p.files, s) {
					p.files = append(p.files, s)
				}
			}
		}
	}
}
