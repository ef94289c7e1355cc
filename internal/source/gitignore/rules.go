package gitignore

import (
	"regexp"
	"strings"
)

// rules are the patterns of one .gitignore. Of those that match a path the last
// one decides. Most are a plain name, path, beginning or ending: these are looked
// up, however many there are. Only the others are tried one by one, and only on
// what begins and ends as they do.
type rules struct {
	count    int
	names    map[string]pair // at any depth
	paths    map[string]pair // below the folder of the file
	endings  affixes         // of a base name: *.log
	openings affixes         // of a base name: npm-debug.log*
	patterns []pattern       // the last one first
}

// A pair is the last rule of a text for everything, and the last one for folders
// alone; 0 = there is none. A rule that negates has the number of its line below
// zero.
type pair struct{ any, folder int }

// later is the rule that decides, of the one so far and those of a pair.
func (p pair) later(so int, dir bool) int {
	if abs(p.any) > abs(so) {
		so = p.any
	}
	if dir && abs(p.folder) > abs(so) {
		so = p.folder
	}
	return so
}

func abs(n int) int { return max(n, -n) }

// affixes are beginnings or endings, with the lengths that they have.
type affixes struct {
	lengths []int
	of      map[string]pair
}

// A pattern is one that no table can hold.
type pattern struct {
	line    int    // below zero where it negates
	text    string // without its marks
	folder  bool   // for folders alone
	whole   bool   // of the path; else of the base name
	opening string // a plain text that it begins with
	ending  string // and that it ends with
	first   set    // where there is no opening
	final   set    // where there is no ending
	re      *regexp.Regexp
	broken  bool // it is no expression: it matches nothing
}

// A set is bytes; the zero set is all of them.
type set struct {
	some bool
	has  [256 / 64]uint64
}

func (s *set) add(c byte)         { s.some = true; s.has[c/64] |= 1 << (c % 64) }
func (s *set) allows(c byte) bool { return !s.some || s.has[c/64]&(1<<(c%64)) != 0 }

// parse reads a .gitignore; long tells whether a pattern of it is left out for its
// length.
func parse(data string) (r *rules, long bool) {
	r = &rules{}
	for line := range strings.Lines(data) {
		if len(line) > maxPattern {
			long = true
			continue
		}
		r.add(strings.TrimRight(line, "\r\n"))
	}
	for i, j := 0, len(r.patterns)-1; i < j; i, j = i+1, j-1 {
		r.patterns[i], r.patterns[j] = r.patterns[j], r.patterns[i]
	}
	return r, long
}

const marks = `*?[\`

// add takes one line.
func (r *rules) add(line string) {
	if strings.HasPrefix(line, "#") {
		return
	}
	for strings.HasSuffix(line, " ") && !strings.HasSuffix(line, `\ `) {
		line = line[:len(line)-1]
	}
	n := r.count + 1
	line, negated := strings.CutPrefix(line, "!")
	if negated {
		n = -n
	}
	line, folder := strings.CutSuffix(line, "/")
	for strings.HasPrefix(line, "**/") && !strings.Contains(line[3:], "/") && line != "**/" {
		line = line[3:] // at any depth, as without
	}
	if line == "" {
		return
	}
	r.count++
	set := func(table *map[string]pair, key string) {
		if *table == nil {
			*table = map[string]pair{}
		}
		p := (*table)[key]
		if folder {
			p.folder = n
		} else {
			p.any = n
		}
		(*table)[key] = p
	}
	affix := func(a *affixes, key string) {
		known := false
		for _, l := range a.lengths {
			known = known || l == len(key)
		}
		if !known {
			a.lengths = append(a.lengths, len(key))
		}
		set(&a.of, key)
	}
	whole := strings.Contains(line, "/")
	line = strings.TrimPrefix(line, "/")
	plain := !strings.ContainsAny(line, marks)
	switch {
	case plain && whole:
		set(&r.paths, line)
		return
	case plain:
		set(&r.names, line)
		return
	case !whole && len(line) > 1 && line[0] == '*' && !strings.ContainsAny(line[1:], marks):
		affix(&r.endings, line[1:])
		return
	case !whole && len(line) > 1 && strings.IndexAny(line, marks) == len(line)-1 && line[len(line)-1] == '*':
		affix(&r.openings, line[:len(line)-1])
		return
	}
	p := pattern{line: n, text: line, folder: folder, whole: whole}
	p.hints()
	r.patterns = append(r.patterns, p)
}

// hints takes from a pattern how all that it matches begins and ends.
func (p *pattern) hints() {
	i := strings.IndexAny(p.text, marks)
	p.opening = p.text[:i]
	if strings.HasPrefix(p.text[i:], "**") {
		p.opening = strings.TrimSuffix(p.opening, "/")
	}
	if p.opening == "" {
		p.first = classOf(p.text)
	}
	end := strings.LastIndexAny(p.text, marks+"]")
	p.ending = p.text[end+1:]
	switch {
	case strings.HasPrefix(p.ending, "/"): // of **/, which may be nothing
		p.ending = p.ending[1:]
	case p.text[end] == '\\':
		p.ending = "" // the mark is of what follows
	case p.ending == "" && p.text[end] == ']':
		if from := strings.LastIndexByte(p.text, '['); from >= 0 && from+1+strings.IndexByte(p.text[from+1:], ']') == end {
			p.final = classOf(p.text[from:])
		}
	}
}

// classOf are the bytes of the class that a pattern begins with; all bytes where
// it begins with something else or the class is no plain one.
func classOf(text string) (s set) {
	if !strings.HasPrefix(text, "[") {
		return set{}
	}
	end := strings.IndexByte(text[1:], ']')
	if end < 1 {
		return set{}
	}
	class := text[1 : 1+end]
	if class[0] == '!' || class[0] == '^' || strings.ContainsAny(class, "-[:\\") {
		return set{}
	}
	for i := range len(class) {
		if class[i] >= 0x80 {
			return set{}
		}
		s.add(class[i])
	}
	return s
}

// last is the rule that decides on a path, and whether it negates; -1 = none does.
func (r *rules) last(rel, base string, dir bool, t *tries) (line int, negated bool) {
	if t.left -= 2 + len(r.endings.lengths) + len(r.openings.lengths); t.left < 0 {
		t.left, t.beyond = 0, true
		return -1, false
	}
	so := r.names[base].later(0, dir)
	so = r.paths[rel].later(so, dir)
	for _, n := range r.endings.lengths {
		if n <= len(base) {
			so = r.endings.of[base[len(base)-n:]].later(so, dir)
		}
	}
	for _, n := range r.openings.lengths {
		if n <= len(base) {
			so = r.openings.of[base[:n]].later(so, dir)
		}
	}
	for i := range r.patterns {
		p := &r.patterns[i]
		if abs(p.line) <= abs(so) {
			break
		}
		if p.folder && !dir {
			continue
		}
		name := base
		if p.whole {
			name = rel
		}
		cost := 1
		may := p.may(name)
		if may {
			cost = 8 + len(p.text)*len(name)/8
			if p.re == nil {
				cost += 16 * len(p.text)
			}
		}
		if t.left -= cost; t.left < 0 {
			t.left, t.beyond = 0, true
			return -1, false
		}
		if may && p.match(name) {
			so = p.line
			break
		}
	}
	if so == 0 {
		return -1, false
	}
	return abs(so), so < 0
}

// may tells whether a name begins and ends as the pattern does.
func (p *pattern) may(name string) bool {
	return strings.HasPrefix(name, p.opening) && strings.HasSuffix(name, p.ending) && name != "" &&
		p.first.allows(name[0]) && p.final.allows(name[len(name)-1])
}

// match tries the expression, which is made when it is needed first.
func (p *pattern) match(name string) bool {
	if p.re == nil && !p.broken {
		re, err := regexp.Compile(expression(p.text))
		p.re, p.broken = re, err != nil
	}
	return !p.broken && p.re.MatchString(name)
}

// expression is a pattern as a regular expression.
func expression(line string) string {
	var b strings.Builder
	b.WriteString("^")
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case strings.HasPrefix(line[i:], "**/"):
			b.WriteString("(?:.*/)?")
			i += 2
		case strings.HasPrefix(line[i:], "**"):
			b.WriteString(".*")
			i++
		case c == '*':
			b.WriteString("[^/]*")
		case c == '?':
			b.WriteString("[^/]")
		case c == '[':
			end := strings.IndexByte(line[i+1:], ']')
			if end < 1 {
				b.WriteString(`\[`)
				continue
			}
			class := line[i+1 : i+1+end]
			if class[0] == '!' {
				class = "^" + class[1:]
			}
			b.WriteString("[" + strings.ReplaceAll(class, `\`, `\\`) + "]")
			i += end + 1
		case c == '\\' && i+1 < len(line):
			i++
			b.WriteString(regexp.QuoteMeta(line[i : i+1]))
		default:
			b.WriteString(regexp.QuoteMeta(line[i : i+1]))
		}
	}
	b.WriteString("$")
	return b.String()
}
