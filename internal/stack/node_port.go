package stack

import (
	"cmp"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var (
	listenCallRE = regexp.MustCompile(`\.listen\s*\(|\bserve\s*\(\s*\{|\bBun\.serve\s*\(|\bexport\s+default\s*\{`)
	propRE       = regexp.MustCompile(`(?:^|[{,\s])['"]?port['"]?\s*(:|,|\}|$)`)
	plainRE      = regexp.MustCompile(`^[A-Za-z_$][\w$]*$`)
	memberRE     = regexp.MustCompile(`^[A-Za-z_$][\w$]*(?:\??\.[A-Za-z_$][\w$]*|\(\)|\[['"][\w.]+['"]\])+!?$`)
	wrapRE       = regexp.MustCompile(`^(?:Number|parseInt|parseFloat|String|normalizePort|\w*[pP]ort\w*)\s*\((.*)\)$`)
	gotRE        = regexp.MustCompile(`\.(?:get|getOrThrow)(?:<[^>]*>)?\(\s*['"]([\w.:-]+)['"]\s*(?:,\s*([^)]+))?\)`)
	aliasRE      = regexp.MustCompile(`import\s+(\w+)[^;'"\n]*from\s*['"]([@~][^'"\n]*/[^'"\n]*)['"]`)
	namedRE      = regexp.MustCompile(`(?:import\s*(?:\w+\s*,\s*)?\{([^}]*)\}\s*from\s*|(?:const|let|var)\s*\{([^}]*)\}\s*=\s*require\(\s*)['"](\.[^'"]+)['"]`)
)

// A jsPort is what reaches a listener: a number, the variable that gives it, or both.
type jsPort struct {
	n        int
	variable string
}

func (v jsPort) known() bool { return v.n > 0 || v.variable != "" }

// or is what one falls back on where the other says nothing of it.
func (v jsPort) or(w jsPort) jsPort {
	return jsPort{cmp.Or(v.n, w.n), cmp.Or(v.variable, w.variable)}
}

// listened takes the port that reaches a listener of the program. unknown is where one listens
// on what is not known.
func (p *nodeProject) listened() (unknown Place, ok bool) {
	reached := p.reachedFiles()
	best, rank := Fact{}, 1<<10
	for i := range p.js {
		f := &p.js[i]
		if !strings.Contains(f.text, ".listen") && !strings.Contains(f.text, "serve(") && !(strings.Contains(f.text, "export default") && strings.Contains(f.text, "port:")) {
			continue
		}
		for _, m := range listenCallRE.FindAllStringIndex(f.text, -1) {
			call := f.text[m[0]:m[1]]
			text := expression(f.text, m[1])
			switch {
			case strings.HasPrefix(call, "export") || strings.HasSuffix(call, "{"):
				end := min(len(f.text), m[1]+800)
				if text = property(f.text[m[1]-1 : end]); text == "" {
					continue
				}
			case strings.HasPrefix(strings.TrimSpace(text), "{"):
				if text = property(strings.TrimSpace(text)); text == "" {
					continue
				}
			case strings.TrimSpace(text) == "" || strings.HasPrefix(strings.TrimSpace(text), "'") || strings.HasPrefix(strings.TrimSpace(text), `"`) && !strings.ContainsAny(text, "0123456789"):
				continue // what listens to an event, a socket
			}
			at := Place{f.file, lineAt(f.text, m[0])}
			beside := besideRE.MatchString(path.Base(f.file)) || isBeside(f.text, m[0], m[1])
			r := 0
			if beside {
				r++
			}
			if reached != nil && !reached[f.file] {
				r += 2
			}
			v := p.value(f, text, 0)
			if r%2 == 0 && besideRE.MatchString(text+" "+v.variable) {
				r++
			}
			if !v.known() {
				if r == 0 && unknown == (Place{}) && strings.HasPrefix(call, ".listen") {
					unknown = at
				}
				continue
			}
			if r >= rank || r > 1 {
				continue
			}
			if v.variable != "" && v.n == 0 {
				v.n, _ = strconv.Atoi(p.schemaPort(v.variable))
			}
			fact := Fact{Value: strconv.Itoa(cmp.Or(v.n, 3000)), At: at}
			if v.variable != "" {
				fact.Why = "from " + v.variable
			}
			best, rank = fact, r
		}
	}
	if rank > 1 || rank == 1 && unknown != (Place{}) {
		return unknown, false
	}
	p.s.Port = best
	return Place{}, true
}

// property is the expression of port in an object that a text begins with; "" = it has none.
func property(object string) string {
	depth := 0
	for i := 0; i < len(object); i++ {
		switch object[i] {
		case '{', '(', '[':
			depth++
		case '}', ')', ']':
			if depth--; depth == 0 {
				i = len(object)
				continue
			}
		}
		if depth != 1 {
			continue
		}
		if m := propRE.FindStringSubmatchIndex(object[i:]); m != nil && m[0] == 0 {
			if object[i+m[2]:i+m[3]] == ":" {
				return strings.TrimSpace(expression(object, i+m[3]))
			}
			return "port"
		}
	}
	return ""
}

// value is what an expression of a file comes to: through what wraps a number, several that are
// fallen back on, names of the file, and of those that it imports.
func (p *nodeProject) value(f *script, text string, depth int) jsPort {
	text = strings.TrimSpace(text)
	text = strings.TrimSuffix(strings.TrimSuffix(text, " as number"), "!")
	for strings.HasPrefix(text, "+") {
		text = strings.TrimSpace(text[1:])
	}
	if depth > 6 || text == "" || len(text) > 2000 {
		return jsPort{}
	}
	if strings.HasPrefix(text, "(") && strings.HasSuffix(text, ")") {
		return p.value(f, text[1:len(text)-1], depth+1)
	}
	if n, err := strconv.Atoi(strings.Trim(text, "'\"`")); err == nil {
		if n > 0 && n < 1<<16 {
			return jsPort{n: n}
		}
		return jsPort{}
	}
	if parts := alternatives(text); len(parts) > 1 {
		v := jsPort{}
		for _, part := range parts {
			v = v.or(p.value(f, part, depth+1))
		}
		return v
	}
	if m := wrapRE.FindStringSubmatch(text); m != nil {
		if v := p.value(f, expression(m[1], 0), depth+1); v.known() {
			return v
		}
	}
	if m := envRE.FindStringSubmatch(text); m != nil && strings.HasPrefix(text, m[0][:1]) && (m[1] != "" || m[2] != "") {
		return jsPort{variable: cmp.Or(m[1], m[2])}
	}
	if m := gotRE.FindStringSubmatch(text); m != nil {
		// The configuration of NestJS, express's settings: by a name.
		v := jsPort{}
		if m[2] != "" {
			v = p.value(f, m[2], depth+1)
		}
		last := m[1][strings.LastIndexAny(m[1], ".:")+1:]
		if strings.ToUpper(last) == last {
			return jsPort{v.n, last}
		}
		if set := regexp.MustCompile(`\.set\(\s*['"]` + regexp.QuoteMeta(m[1]) + `['"]\s*,`).FindStringIndex(f.text); set != nil {
			return p.value(f, expression(f.text, set[1]), depth+1).or(v)
		}
		return p.member("", "", last, depth).or(v)
	}
	switch {
	case plainRE.MatchString(text):
		return p.nameOf(f, text, depth)
	case memberRE.MatchString(text):
		of, last := text, ""
		at := strings.LastIndexAny(text, ".")
		if strings.HasSuffix(text, "]") {
			at = strings.LastIndexByte(text, '[')
			last = strings.Trim(text[at:], `[]'"`)
		} else if at >= 0 {
			last = strings.TrimSuffix(text[at+1:], "!")
		}
		if at < 0 {
			return jsPort{}
		}
		of = strings.TrimSuffix(text[:at], "?")
		root := of
		if i := strings.IndexAny(of, ".([?"); i > 0 {
			root = of[:i]
		}
		file := f.file
		if from := p.importedFrom(f, root); from != "" {
			file = from
		}
		if v := p.member(file, strings.TrimPrefix(strings.TrimPrefix(of, root), "."), last, depth); v.known() {
			return v
		}
		if strings.ToUpper(last) == last && strings.Contains(last, "PORT") {
			n, _ := strconv.Atoi(p.schemaPort(last))
			return jsPort{n, last}
		}
		if v := p.settingsValue(of+"."+last, depth); v.known() {
			return v
		}
	}
	return jsPort{}
}

// alternatives are the parts of an expression between || and ??, and behind a condition.
func alternatives(text string) (list []string) {
	depth, from, quote := 0, 0, byte(0)
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'' || c == '`':
			quote = c
		case c == '(' || c == '{' || c == '[':
			depth++
		case c == ')' || c == '}' || c == ']':
			depth--
		case depth == 0 && i+1 < len(text) && (text[i:i+2] == "||" || text[i:i+2] == "??"):
			list = append(list, text[from:i])
			i++
			from = i + 1
		case depth == 0 && c == '?' && i+1 < len(text) && text[i+1] == ' ':
			list, from = nil, i+1 // the condition itself is no value
		case depth == 0 && c == ':' && from > 0:
			list = append(list, text[from:i])
			from = i + 1
		}
	}
	if from == 0 {
		return nil
	}
	return append(list, text[from:])
}

// nameOf is what a name of a file stands for.
func (p *nodeProject) nameOf(f *script, name string, depth int) jsPort {
	v := jsPort{}
	q := regexp.QuoteMeta(name)
	for _, m := range regexp.MustCompile(`(?:^|[^\w.$])`+q+`\s*(?::\s*[\w| ]+)?\s*=[^=>]`).FindAllStringIndex(f.text, 12) {
		at := m[1] - 1
		text := expression(f.text, at)
		if line := strings.IndexByte(text, '\n'); line >= 0 && !strings.ContainsAny(strings.TrimSpace(text[line:])+" ", "|?:&") {
			text = text[:line]
		}
		v = v.or(p.value(f, text, depth+1))
	}
	if v.known() {
		return v
	}
	// const { PORT = 3000 } = process.env, const { port } = config
	for _, m := range regexp.MustCompile(`\{([^{}]*\b`+q+`\b[^{}]*)\}\s*=\s*([\w.$()]+)`).FindAllStringSubmatch(f.text, 3) {
		if m[2] == "process.env" {
			if d := regexp.MustCompile(`\b(\w+)\s*:\s*` + q + `\b`).FindStringSubmatch(m[1]); d != nil {
				name = d[1]
			}
			return jsPort{variable: name}
		}
		if m[2] != "require" && m[2] != "require()" {
			if v := p.value(f, m[2]+"."+name, depth+1); v.known() {
				return v
			}
		}
	}
	if from := p.importedFrom(f, name); from != "" {
		return p.member(from, "", name, depth)
	}
	return v
}

// importedFrom is the file of the project that a name of another comes from; "" = none.
func (p *nodeProject) importedFrom(f *script, name string) string {
	for _, m := range importRE.FindAllStringSubmatch(f.text, -1) {
		if cmp.Or(m[1], m[3]) == name {
			return p.resolve(f.file, cmp.Or(m[2], m[4]))
		}
	}
	for _, m := range aliasRE.FindAllStringSubmatch(f.text, -1) {
		if m[1] == name {
			return p.aliased(m[2])
		}
	}
	for _, m := range namedRE.FindAllStringSubmatch(f.text, -1) {
		for n := range strings.SplitSeq(m[1]+m[2], ",") {
			n = strings.TrimSpace(n)
			if _, as, ok := strings.Cut(n, " as "); ok {
				n = strings.TrimSpace(as)
			}
			if n == name {
				return p.resolve(f.file, m[3])
			}
		}
	}
	return ""
}

// member is what a property or an export of a file comes to, in an object of it where one is
// said: server of config.server.port. It is of any file of settings where the file is not known.
func (p *nodeProject) member(file, of, name string, depth int) jsPort {
	if depth > 6 {
		return jsPort{}
	}
	of = strings.TrimSuffix(of[strings.LastIndexAny(of, ".")+1:], "()")
	re := regexp.MustCompile(`(?:^|[{,\s.])['"]?` + regexp.QuoteMeta(name) + `['"]?\s*(?::\s*|(?::\s*[\w| ]+)?=\s*)`)
	for i := range p.js {
		f := &p.js[i]
		if file != "" && f.file != file || file == "" && !strings.Contains(f.file, "config") && !strings.Contains(f.file, "settings") && !strings.Contains(f.file, "env") {
			continue
		}
		// Those of the object that is meant, then those that lie in none with a name.
		type found struct{ rank, at int }
		var list []found
		for _, m := range re.FindAllStringIndex(f.text, 12) {
			if m[1] < len(f.text) && (f.text[m[1]] == '=' || f.text[m[1]] == '>') {
				continue
			}
			r := 2
			switch within := enclosing(f.text, m[0]+1); {
			case of != "" && within == of:
				r = 0
			case within == "" || within == "exports" || within == "default" || strings.EqualFold(within, "config") || strings.EqualFold(within, "settings") || strings.EqualFold(within, "env"):
				r = 1
			}
			list = append(list, found{r, m[1]})
		}
		slices.SortStableFunc(list, func(a, b found) int { return a.rank - b.rank })
		for _, l := range list {
			if l.rank == 2 && len(list) > 1 {
				break
			}
			text := expression(f.text, l.at)
			if strings.TrimSpace(text) == name {
				continue
			}
			if v := p.value(f, text, depth+1); v.known() {
				return v
			}
			if strings.ToUpper(name) == name && strings.Contains(text, "default") {
				n, _ := strconv.Atoi(p.schemaPort(name))
				return jsPort{n, name}
			}
		}
		if file != "" {
			if from := p.importedFrom(f, name); from != "" && from != file {
				return p.member(from, "", name, depth+1)
			}
		}
	}
	return jsPort{}
}

var ownerRE = regexp.MustCompile(`([\w$]+)['"]?\s*(?::|=|\()\s*$|\bexport\s+(default)\s*$`)

// enclosing is the name of the object that a place of a text lies in; "" = it lies in none, or
// in one without a name.
func enclosing(text string, at int) string {
	depth := 0
	for i := at - 1; i >= 0 && at-i < 20_000; i-- {
		switch text[i] {
		case '}', ')', ']':
			depth++
		case '{', '(', '[':
			if depth--; depth < 0 {
				if m := ownerRE.FindStringSubmatch(text[max(0, i-80):i]); m != nil && text[i] == '{' {
					return m[1] + m[2]
				}
				return ""
			}
		}
	}
	return ""
}

// settingsValue is what the files of settings of the project say under a key.
func (p *nodeProject) settingsValue(key string, depth int) jsPort {
	parts := strings.Split(key, ".")
	if len(parts) < 2 {
		return jsPort{}
	}
	tail := strings.Join(parts[max(0, len(parts)-2):], ".")
	for _, file := range p.t.files {
		if strings.Count(file, "/") > 1 || !isSettingsFile(file) || !settingsNameRE.MatchString(path.Base(file)) && path.Base(file) != "default.json" {
			continue
		}
		for _, e := range p.t.entries(file) {
			if n, err := strconv.Atoi(e.value); err == nil && n > 0 && n < 1<<16 && (e.is(tail) || len(e.path) == 1 && e.is(parts[len(parts)-1])) {
				return jsPort{n: n}
			}
		}
	}
	return jsPort{}
}

// reachedFiles are the files of source that the program imports, from the one that it starts
// on; nil where that is not known, and any may be of it.
func (p *nodeProject) reachedFiles() map[string]bool {
	if !p.walked {
		p.reach, p.walked = p.walkFiles(), true
	}
	return p.reach
}

func (p *nodeProject) walkFiles() map[string]bool {
	by := p.scripts()
	entry := p.s.App.Value
	if by[entry] == nil {
		stem := strings.TrimSuffix(path.Base(entry), path.Ext(entry))
		entry = ""
		for _, f := range p.js {
			// The shallowest of what the build may make it of, if it listens.
			if strings.TrimSuffix(path.Base(f.file), path.Ext(f.file)) != stem || stem == "" {
				continue
			}
			if listens := strings.Contains(f.text, "listen("); entry == "" || listens && !strings.Contains(by[entry].text, "listen(") {
				entry = f.file
			}
		}
	}
	if by[entry] == nil {
		return nil
	}
	seen := map[string]bool{entry: true}
	work := []string{entry}
	for len(work) > 0 {
		f := by[work[0]]
		work = work[1:]
		if f == nil {
			continue
		}
		for _, m := range anyImportRE.FindAllStringSubmatch(f.text, -1) {
			to := p.resolve(f.file, m[1])
			if !strings.HasPrefix(m[1], ".") {
				to = p.aliased(m[1])
			}
			if to != "" && !seen[to] {
				seen[to] = true
				work = append(work, to)
			}
		}
		if autoloadRE.MatchString(f.text) {
			return nil // folders are read for what to load
		}
	}
	return seen
}

var (
	anyImportRE = regexp.MustCompile(`(?:\bfrom\s*|\brequire\(\s*|\bimport\(?\s*)['"]([^'"\n]+)['"]`)
	autoloadRE  = regexp.MustCompile(`autoload|AutoLoad|readdirSync|import\.meta\.glob|require\.context|NestFactory`)
)

// aliased is the file of the project that an import without dots means, by the aliases that
// settings of TypeScript usually have: @/x, @server/x, src/x.
func (p *nodeProject) aliased(to string) string {
	to = strings.TrimPrefix(strings.TrimPrefix(to, "~/"), "@/")
	to = strings.TrimPrefix(to, "@")
	if !strings.Contains(to, "/") {
		return ""
	}
	for _, dir := range []string{".", "src"} {
		if f := p.resolve(path.Join(dir, "x.js"), "./"+to); f != "" && p.scripts()[f] != nil {
			return f
		}
	}
	return ""
}
