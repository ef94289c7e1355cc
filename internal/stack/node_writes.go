package stack

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

var (
	// nodeMakesRE are calls that make a folder or a file, up to what names it.
	nodeMakesRE = regexp.MustCompile(`\b(mkdirSync|mkdir|ensureDirSync|ensureDir|mkdirp(?:\.sync)?|outputFileSync|createWriteStream|writeFileSync|writeFile|appendFileSync|appendFile)\(\s*`)
	// nodeKeepsRE are settings of what keeps files that are sent.
	nodeKeepsRE = regexp.MustCompile(`\bmulter\(\s*\{\s*dest\s*:\s*|\bdestination\s*:\s*(?:\([^)]*\)\s*=>\s*(?:\{\s*)?\w+\(\s*null\s*,\s*|function\s*\w*\([^)]*\)\s*\{\s*\w+\(\s*null\s*,\s*)?|\buploadDir\s*:\s*`)
	// nodeSqliteRE are databases of SQLite in a file.
	nodeSqliteRE = regexp.MustCompile(`\bnew\s+(?:Database|DatabaseSync|sqlite3\.Database)\(\s*|\bstorage\s*:\s*`)

	nodeToolRE = regexp.MustCompile(`^(?:gulpfile|Gruntfile|seed|generate|build|setup|install|migrate|cli)\b`)
	// nodeOutsideRE are folders outside of the project that are there for data.
	nodeOutsideRE = regexp.MustCompile(`^/(?:data|var/(?:lib|data|log)|srv|mnt|storage|uploads)(?:/|$)`)

	nodeTextRE = regexp.MustCompile("^(?:'([^'\\n]*)'|\"([^\"\\n]*)\"|`([^`\\n]*)`)")
	nodeJoinRE = regexp.MustCompile(`^(?:path\.)?(?:join|resolve)\(`)
	nodeOrRE   = regexp.MustCompile(`^(?:process\.env(?:\.\w+|\[[^\]]*\])|[\w.]+)\s*(?:\|\||\?\?)\s*`)
	nodeNameRE = regexp.MustCompile(`^[A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)*`)
)

// writes notes the folders that the program makes where it runs. What its build and its
// tools write is none of it.
func (p *nodeProject) writes() {
	s := p.s
	if s.Kind == Static {
		return
	}
	for _, f := range p.js {
		if isNodeTool(f.file) {
			continue
		}
		for _, x := range []struct {
			re   *regexp.Regexp
			file bool
		}{{nodeMakesRE, false}, {nodeKeepsRE, false}, {nodeSqliteRE, true}} {
			if x.re == nodeSqliteRE && !p.pkg.needs("better-sqlite3") && !p.pkg.needs("sqlite3") && !strings.Contains(f.text, "node:sqlite") {
				continue
			}
			for _, m := range x.re.FindAllStringSubmatchIndex(f.text, -1) {
				where, ok := p.pathIn(f, f.text[m[1]:min(len(f.text), m[1]+300)], 0)
				if !ok {
					continue
				}
				file := x.file || len(m) > 2 && m[2] >= 0 && (strings.Contains(f.text[m[2]:m[3]], "File") || strings.Contains(f.text[m[2]:m[3]], "Stream"))
				p.wrote(where, file, Place{f.file, lineAt(f.text, m[0])})
			}
		}
	}
	s.Writes = outermost(s.Writes)
}

// isNodeTool tells whether a file is one of the build, or a script for people at work.
func isNodeTool(file string) bool {
	first, _, deep := strings.Cut(file, "/")
	base := path.Base(file)
	return strings.HasPrefix(file, ".") || deep && slices.Contains([]string{"scripts", "script", "tools", "bin", "prisma", "seed", "seeds", "gulp", "cypress", "client", "frontend", "build"}, first) ||
		strings.Contains(base, ".config.") || nodeToolRE.MatchString(base)
}

// wrote notes a folder that is written, or the folder of a file.
func (p *nodeProject) wrote(where string, file bool, at Place) {
	where = path.Clean(strings.TrimPrefix(where, "./"))
	if where == "." || where == "" || strings.HasPrefix(where, "..") || path.IsAbs(where) && !nodeOutsideRE.MatchString(where) || strings.HasPrefix(where, ":") || strings.ContainsAny(where, "*?{}$%~ :") {
		return
	}
	dir := where
	if file || path.Ext(strings.TrimPrefix(path.Base(where), ".")) != "" {
		dir = path.Dir(where)
	}
	if p.t.has[where] && !file { // a file that is there is read, or made anew by a tool
		return
	}
	// What a build writes is there before the program runs.
	for _, made := range append(p.made(), p.n.Output...) {
		if dir == made || strings.HasPrefix(dir, made+"/") || strings.HasPrefix(made, dir+"/") {
			return
		}
	}
	for _, made := range []string{"dist", "build", "out", "coverage", "node_modules", "src", ".next"} {
		if dir == made || strings.HasPrefix(dir, made+"/") {
			return
		}
	}
	if dir == "." {
		note := fmt.Sprintf("%s writes %s beside the program, where a container's user may not: let a variable say where it lies, in a folder of its own", at, where)
		if !slices.Contains(p.s.Notes, note) {
			p.s.Notes = append(p.s.Notes, note)
		}
		return
	}
	if !slices.ContainsFunc(p.s.Writes, func(f Fact) bool { return f.Value == dir }) {
		p.s.Writes = append(p.s.Writes, Fact{Value: dir, At: at})
	}
}

// pathIn is the path that an expression stands for, relative to the project: through
// constants, path.join, what falls back on a default, and settings of the project's own.
func (p *nodeProject) pathIn(f script, text string, depth int) (string, bool) {
	if depth > 5 {
		return "", false
	}
	if m := nodeTextRE.FindStringSubmatch(text); m != nil {
		v := m[1] + m[2] + m[3]
		for _, own := range []string{"${__dirname}", "${import.meta.dirname}"} {
			if rest, ok := strings.CutPrefix(v, own); ok {
				return path.Join(path.Dir(f.file), rest), !strings.Contains(rest, "${")
			}
		}
		if rest, ok := strings.CutPrefix(v, "${process.cwd()}"); ok {
			return strings.TrimPrefix(rest, "/"), !strings.Contains(rest, "${")
		}
		return v, v != "" && !strings.Contains(v, "${")
	}
	if at := nodeJoinRE.FindString(text); at != "" {
		return p.joined(f, text[len(at):], depth)
	}
	if at := nodeOrRE.FindString(text); at != "" {
		return p.pathIn(f, text[len(at):], depth+1)
	}
	name := nodeNameRE.FindString(text)
	switch {
	case name == "":
		return "", false
	case name == "__dirname", name == "import.meta.dirname":
		return path.Dir(f.file), true
	case strings.HasPrefix(text, "process.cwd()"):
		return ".", true
	case !strings.Contains(name, "."):
		re := regexp.MustCompile(`\b(?:const|let|var)\s+` + regexp.QuoteMeta(name) + `\s*(?::\s*\w+\s*)?=\s*`)
		if m := re.FindStringIndex(f.text); m != nil {
			return p.pathIn(f, f.text[m[1]:min(len(f.text), m[1]+300)], depth+1)
		}
		return "", false
	}
	// config.uploads.dir: the property of that name in a file of settings.
	key := name[strings.LastIndexByte(name, '.')+1:]
	re := regexp.MustCompile(`\b` + regexp.QuoteMeta(key) + `\s*:\s*`)
	for _, o := range p.js {
		if !strings.Contains(strings.ToLower(o.file), "config") && !strings.Contains(strings.ToLower(o.file), "settings") && !strings.Contains(o.file, "env") {
			continue
		}
		if m := re.FindStringIndex(o.text); m != nil {
			return p.pathIn(o, o.text[m[1]:min(len(o.text), m[1]+300)], depth+1)
		}
	}
	return "", false
}

// joined is what path.join or path.resolve make of their arguments.
func (p *nodeProject) joined(f script, text string, depth int) (string, bool) {
	where := ""
	for text != "" {
		// The end of an argument is a comma or a bracket that is not inside of it.
		end, open := 0, 0
		for end < len(text) {
			c := text[end]
			if open == 0 && (c == ',' || c == ')') {
				break
			}
			if c == '(' {
				open++
			} else if c == ')' {
				open--
			}
			end++
		}
		if end == len(text) {
			return "", false
		}
		if part := strings.TrimSpace(text[:end]); part != "" {
			s, ok := p.pathIn(f, part, depth+1)
			if !ok {
				return "", false
			}
			if path.IsAbs(s) {
				where = s
			} else {
				where = path.Join(where, s)
			}
		}
		if text[end] == ')' {
			return where, where != ""
		}
		text = text[end+1:]
	}
	return "", false
}
