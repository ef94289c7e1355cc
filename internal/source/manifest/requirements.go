package manifest

import (
	"regexp"
	"strings"
)

// A Requirement is one line of a pip requirements file.
type Requirement struct {
	Name       string // as written, without extras; "" where only a place is given
	Version    string // what follows ==; "" unless Pinned
	Pinned     bool   // == or ===, without a wildcard, or a URL with a commit or a hash
	Hashed     bool   // with --hash
	Editable   bool   // with -e
	Path       string // a folder or file of the project: ., ./lib, dist/x.whl
	Extras     string // of Path, as written between the brackets
	URL        string // a URL or a VCS reference
	Include    string // the file of -r
	Constraint string // the file of -c
	Line       int    // from 1
}

var (
	nameRE   = regexp.MustCompile(`^([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[[^\]]*\])?\s*(.*)$`)
	pinRE    = regexp.MustCompile(`^\(?\s*={2,3}\s*([^\s,;*)]+)\s*\)?$`)
	commitRE = regexp.MustCompile(`@[0-9a-f]{40}(?:[#?]|$)|#(?:.*&)?sha256=`)
	urlRE    = regexp.MustCompile(`^(?:[a-z]+\+)?[a-z][a-z0-9.-]*://|^(?:git|hg|svn|bzr)\+`)
)

// ParseRequirements reads a pip requirements file as pip's documentation
// describes it: continued lines, comments, options of a line, and the options
// that include other files. Options of the whole file are left out.
func ParseRequirements(data []byte) []Requirement {
	var list []Requirement
	lines := strings.Split(strings.TrimPrefix(string(data), "\xef\xbb\xbf"), "\n")
	for n := 0; n < len(lines); n++ {
		first := n + 1
		line := strings.TrimRight(lines[n], "\r")
		if strings.HasSuffix(line, `\`) && !isComment(line) {
			var whole strings.Builder
			for part := line; ; {
				body, more := strings.CutSuffix(part, `\`)
				whole.WriteString(body)
				if !more || n+1 >= len(lines) {
					break
				}
				n++
				part = strings.TrimSpace(strings.TrimRight(lines[n], "\r"))
				whole.WriteByte(' ')
			}
			line = whole.String()
		}
		if at := commentStart(line); at >= 0 {
			line = line[:at]
		}
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		r, ok := requirement(line)
		if ok {
			r.Line = first
			list = append(list, r)
		}
	}
	return list
}

func isComment(line string) bool { return strings.HasPrefix(strings.TrimSpace(line), "#") }

// commentStart is where a comment begins: at the line's beginning or after
// white space, so that the # of a URL stays.
func commentStart(line string) int {
	for i := range len(line) {
		if line[i] == '#' && (i == 0 || line[i-1] == ' ' || line[i-1] == '\t') {
			return i
		}
	}
	return -1
}

func requirement(line string) (Requirement, bool) {
	var r Requirement
	if line[0] == '-' {
		option, value := cutOption(line)
		switch option {
		case "-r", "--requirement":
			return Requirement{Include: value}, value != ""
		case "-c", "--constraint":
			return Requirement{Constraint: value}, value != ""
		case "-e", "--editable":
			r.Editable = true
			line = value
		default:
			return r, false
		}
	}
	// The options of a line come last.
	if at := strings.Index(" "+line, " --"); at >= 0 {
		r.Hashed = strings.Contains(line[at:], "--hash")
		line = strings.TrimSpace(line[:at])
	}
	line, _, _ = strings.Cut(line, " ;")
	if line == "" {
		return r, false
	}
	if urlRE.MatchString(line) {
		r.URL = line
		r.Pinned = commitRE.MatchString(line)
		if _, egg, ok := strings.Cut(line, "#egg="); ok {
			r.Name, _, _ = strings.Cut(egg, "&")
		}
		return r, true
	}
	if isPath(line) {
		r.Path, r.Extras, _ = strings.Cut(line, "[")
		r.Extras, _, _ = strings.Cut(r.Extras, "]")
		return r, true
	}
	spec, _, _ := strings.Cut(line, ";")
	m := nameRE.FindStringSubmatch(strings.TrimSpace(spec))
	if m == nil {
		return r, false
	}
	r.Name = m[1]
	rest := strings.TrimSpace(m[2])
	if url, ok := strings.CutPrefix(rest, "@"); ok {
		r.URL = strings.TrimSpace(url)
		r.Pinned = commitRE.MatchString(r.URL)
		return r, true
	}
	if pin := pinRE.FindStringSubmatch(rest); pin != nil {
		r.Pinned, r.Version = true, pin[1]
	}
	return r, true
}

// cutOption parts -r file, --requirement file, --requirement=file and -rfile.
func cutOption(line string) (option, value string) {
	if strings.HasPrefix(line, "--") {
		at := strings.IndexAny(line, "= \t")
		if at < 0 {
			return line, ""
		}
		return line[:at], strings.TrimSpace(line[at+1:])
	}
	if len(line) < 2 {
		return line, ""
	}
	return line[:2], strings.TrimSpace(strings.TrimPrefix(line[2:], "="))
}

func isPath(s string) bool {
	first, _, _ := strings.Cut(s, "[")
	return first == "." || strings.HasPrefix(s, "./") || strings.HasPrefix(s, "../") || strings.HasPrefix(s, "/") || first == ".." ||
		strings.HasSuffix(first, ".whl") || strings.HasSuffix(first, ".tar.gz") || strings.HasSuffix(first, ".zip") ||
		strings.Contains(first, "/") && !strings.ContainsAny(first, "@ <>=")
}
