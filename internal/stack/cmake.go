package stack

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// A cmakeCommand is one command of a CMakeLists.txt: add_executable(shop main.cpp).
type cmakeCommand struct {
	name string // in small letters
	args []string
	at   Place
}

// cmakeCommands parts a file into its commands.
// Source: cmake.org/cmake/help: cmake-language(7), syntax.
func cmakeCommands(file string, data []byte) (list []cmakeCommand) {
	s, i := string(data), 0
	line := 1
	bracket := func(at int) (text string, end int, ok bool) { // [=[ … ]=]
		n := at + 1
		for n < len(s) && s[n] == '=' {
			n++
		}
		if n >= len(s) || s[n] != '[' {
			return "", 0, false
		}
		closing := "]" + s[at+1:n] + "]"
		if j := strings.Index(s[n+1:], closing); j >= 0 {
			return s[n+1 : n+1+j], n + 1 + j + len(closing), true
		}
		return s[n+1:], len(s), true
	}
	comment := func() {
		if i+1 < len(s) && s[i+1] == '[' {
			if _, end, ok := bracket(i + 1); ok {
				line += strings.Count(s[i:end], "\n")
				i = end
				return
			}
		}
		for i < len(s) && s[i] != '\n' {
			i++
		}
	}
	for i < len(s) {
		switch c := s[i]; {
		case c == '\n':
			line++
			i++
		case c == '#':
			comment()
		case c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
			from := i
			for i < len(s) && (s[i] == '_' || s[i] >= 'a' && s[i] <= 'z' || s[i] >= 'A' && s[i] <= 'Z' || s[i] >= '0' && s[i] <= '9') {
				i++
			}
			cmd := cmakeCommand{name: strings.ToLower(s[from:i]), at: Place{file, line}}
			for i < len(s) && (s[i] == ' ' || s[i] == '\t') {
				i++
			}
			if i >= len(s) || s[i] != '(' {
				continue
			}
			i++
			depth := 1
			for i < len(s) && depth > 0 {
				switch c := s[i]; {
				case c == '\n':
					line++
					i++
				case c == ' ' || c == '\t' || c == '\r' || c == ';':
					i++
				case c == '#':
					comment()
				case c == '(':
					depth++
					cmd.args = append(cmd.args, "(")
					i++
				case c == ')':
					if depth--; depth > 0 {
						cmd.args = append(cmd.args, ")")
					}
					i++
				case c == '"':
					var b strings.Builder
					for i++; i < len(s) && s[i] != '"'; i++ {
						if s[i] == '\\' && i+1 < len(s) {
							i++
							if s[i] == '\n' {
								line++
								continue
							}
						}
						if s[i] == '\n' {
							line++
						}
						b.WriteByte(s[i])
					}
					i++
					cmd.args = append(cmd.args, b.String())
				case c == '[':
					if text, end, ok := bracket(i); ok {
						line += strings.Count(s[i:end], "\n")
						i = end
						cmd.args = append(cmd.args, text)
						continue
					}
					fallthrough
				default:
					from := i
					for i++; i < len(s) && !strings.ContainsRune(" \t\r\n()#;\"", rune(s[i])); i++ {
						if s[i] == '\\' {
							i++
						}
					}
					cmd.args = append(cmd.args, s[from:min(i, len(s))])
				}
			}
			list = append(list, cmd)
		default:
			i++
		}
	}
	return list
}

// A cmakeTarget is a program or a library that the project makes.
type cmakeTarget struct {
	name    string
	output  string // what its file is called
	out     string // the folder in which the build leaves it
	library bool
	shared  bool
	dir     string // of the CMakeLists.txt that makes it
	sources []string
	links   []string
	test    bool
	at      Place
	// installed is the folder that an install puts it into; "" = in none that is known.
	installed string
}

// A cmakeAsk is a package of the system that something asks for.
type cmakeAsk struct {
	names    []string // as natives of C++ have them
	title    string
	required bool
	at       Place
}

// A cmakeReader runs through the files of a project as CMake does, as far as that says
// what is built.
type cmakeReader struct {
	t       *tree
	vars    map[string]string
	options map[string]bool // options of the project, and what they are set to
	off     []string        // those of tests and examples, which are switched off
	targets []*cmakeTarget
	byName  map[string]*cmakeTarget
	asks    []cmakeAsk
	dirs    []string // folders that are added, and files that are included
	fetched map[string]bool
	// functions are those of the project, by their names in small letters.
	functions map[string]*cmakeFunction
	install   map[string]Place // targets that are installed
	data      []cmakeData
	missing   []cmakeAsk // folders that are added and not there
	git       Place      // what is fetched from a repository
	url       Place      // or as an archive
	extern    Place      // ExternalProject_Add
	least     string     // cmake_minimum_required
	leastAt   Place
	pkg       bool // pkg-config is asked
	testing   bool // BUILD_TESTING is read
	langs     []string
	depth     int
}

// cmakeData is what an install puts beside the program.
type cmakeData struct {
	name, to string
	at       Place
}

var (
	cmakeVarRE = regexp.MustCompile(`\$\{(\w+)\}`)
	// cmakeAsideRE matches what is no part of the program, by the name of an option, a
	// target or a folder.
	cmakeAsideRE = regexp.MustCompile(`(?i)(?:^|[_-])(?:build_?)?(?:unit_?|integration_?)?(?:tests?|testing|gtest|examples?|samples?|demos?|bench(?:mark)?s?|fuzz(?:ing|er|ers)?|docs?|documentation|doxygen)(?:$|[_-])`)
	cmakeForRE   = regexp.MustCompile(`^(?:WIN32|MSVC|APPLE|ANDROID|IOS|EMSCRIPTEN|MINGW|CYGWIN|XCODE|MSYS|FREEBSD)$`)
)

// expand puts in the values of variables; what is not known stays as it is.
func (r *cmakeReader) expand(word string) string {
	for range 4 {
		next := cmakeVarRE.ReplaceAllStringFunc(word, func(m string) string {
			if v, ok := r.vars[m[2:len(m)-1]]; ok {
				return v
			}
			return m
		})
		if next == word {
			break
		}
		word = next
	}
	return word
}

// words are arguments with their variables put in, lists as words of their own.
func (r *cmakeReader) words(args []string) (list []string) {
	for _, a := range args {
		for w := range strings.SplitSeq(r.expand(a), ";") {
			if w != "" {
				list = append(list, w)
			}
		}
	}
	return list
}

// A truth is what a condition comes to.
type truth int

const (
	unknown truth = iota
	yes
	no
)

// holds evaluates a condition, as far as it is about options and platforms.
func (r *cmakeReader) holds(args []string) truth {
	result, op, not := unknown, "", false
	first := true
	for i := 0; i < len(args); i++ {
		w := args[i]
		switch w {
		case "AND", "OR":
			op = w
			continue
		case "NOT":
			not = !not
			continue
		case "(", ")":
			return unknown
		}
		v := r.value(w)
		if i+2 < len(args) && slices.Contains([]string{"STREQUAL", "EQUAL", "MATCHES", "VERSION_LESS", "VERSION_GREATER", "VERSION_GREATER_EQUAL", "LESS", "GREATER", "IN_LIST", "VERSION_LESS_EQUAL", "VERSION_EQUAL"}, args[i+1]) {
			v = unknown
			if a, b := r.expand(w), r.expand(args[i+2]); args[i+1] == "STREQUAL" {
				if x, ok := r.vars[a]; ok {
					a = x
				}
				if x, ok := r.vars[b]; ok {
					b = x
				}
				if !strings.Contains(a+b, "$") {
					v = no
					if a == b {
						v = yes
					}
				}
			}
			i += 2
		} else if slices.Contains([]string{"TARGET", "DEFINED", "EXISTS", "COMMAND", "POLICY", "IS_DIRECTORY"}, w) {
			v = unknown
			i++
		}
		if not && v != unknown {
			v = yes + no - v
		}
		not = false
		switch {
		case first:
			result, first = v, false
		case op == "AND":
			if result == no || v == no {
				result = no
			} else if result == unknown || v == unknown {
				result = unknown
			}
		case op == "OR":
			if result == yes || v == yes {
				result = yes
			} else if result == unknown || v == unknown {
				result = unknown
			}
		}
	}
	return result
}

func (r *cmakeReader) value(word string) truth {
	name := strings.TrimSuffix(strings.TrimPrefix(word, "${"), "}")
	if slices.Contains(r.off, name) {
		return no
	}
	if on, ok := r.options[name]; ok {
		if on {
			return yes
		}
		return no
	}
	switch strings.ToUpper(r.expand(word)) {
	case "UNIX", "LINUX", "PROJECT_IS_TOP_LEVEL", "ON", "TRUE", "YES", "1":
		return yes
	case "OFF", "FALSE", "NO", "0", "IGNORE", "NOTFOUND":
		return no
	}
	if cmakeForRE.MatchString(name) {
		return no
	}
	if name == "BUILD_TESTING" {
		r.testing = true
		return no
	}
	if cmakeAsideRE.MatchString(name) && strings.ToUpper(name) == name {
		r.off = append(r.off, name)
		return no
	}
	if v, ok := r.vars[name]; ok {
		switch strings.ToUpper(v) {
		case "ON", "TRUE", "YES", "1":
			return yes
		case "OFF", "FALSE", "NO", "0", "":
			return no
		}
	}
	return unknown
}

// read runs through a file. dir is the folder whose names it means.
func (r *cmakeReader) read(file, dir string, test bool) {
	if r.depth > 12 {
		return
	}
	r.depth++
	defer func() { r.depth-- }()
	before := r.vars["CMAKE_CURRENT_SOURCE_DIR"]
	r.vars["CMAKE_CURRENT_SOURCE_DIR"], r.vars["CMAKE_CURRENT_LIST_DIR"] = "@/"+dir, "@/"+path.Dir(file)
	r.vars["CMAKE_CURRENT_BINARY_DIR"] = path.Join("/build", dir)
	defer func() {
		r.vars["CMAKE_CURRENT_SOURCE_DIR"] = before
		r.vars["CMAKE_CURRENT_BINARY_DIR"] = path.Join("/build", strings.TrimPrefix(before, "@/"))
	}()
	r.exec(cmakeCommands(file, r.t.read(file)), dir, test)
}

// A cmakeFunction is a function or a macro of the project.
type cmakeFunction struct {
	params []string
	body   []cmakeCommand
}

// call runs the body of a function of the project.
func (r *cmakeReader) call(f *cmakeFunction, c cmakeCommand, dir string, test bool) {
	if r.depth > 12 {
		return
	}
	r.depth++
	defer func() { r.depth-- }()
	args := r.words(c.args)
	before := map[string]string{}
	for i, name := range append(slices.Clone(f.params), "ARGN", "ARGV") {
		before[name] = r.vars[name]
		switch {
		case name == "ARGV":
			r.vars[name] = strings.Join(args, ";")
		case name == "ARGN":
			r.vars[name] = strings.Join(args[min(len(f.params), len(args)):], ";")
		case i < len(args):
			r.vars[name] = args[i]
		}
	}
	body := make([]cmakeCommand, len(f.body))
	for i, b := range f.body {
		body[i] = cmakeCommand{b.name, slices.Clone(b.args), c.at} // it is the call that people look for
	}
	r.exec(body, dir, test)
	for name, value := range before {
		r.vars[name] = value
	}
}

// exec runs commands in a row.
func (r *cmakeReader) exec(list []cmakeCommand, dir string, test bool) {
	// Each if that is open: what it comes to, and whether a branch of it was taken.
	type branch struct{ now, taken truth }
	var open []branch
	var in *cmakeFunction // whose body this is, which is run where it is called
	deep := 0
	for _, c := range list {
		if in != nil {
			switch c.name {
			case "function", "macro":
				deep++
			case "endfunction", "endmacro":
				deep--
			}
			if deep == 0 {
				in = nil
			} else {
				in.body = append(in.body, c)
			}
			continue
		}
		switch c.name {
		case "function", "macro":
			if len(c.args) > 0 {
				in, deep = &cmakeFunction{params: c.args[1:]}, 1
				r.functions[strings.ToLower(c.args[0])] = in
			}
			continue
		case "if":
			v := r.holds(c.args)
			open = append(open, branch{v, v})
			continue
		case "elseif":
			if n := len(open) - 1; n >= 0 {
				v := r.holds(c.args)
				if open[n].taken == yes {
					v = no
				} else if v == yes || v == unknown && open[n].taken == no {
					open[n].taken = v
				}
				open[n].now = v
			}
			continue
		case "else":
			if n := len(open) - 1; n >= 0 {
				open[n].now = unknown
				if open[n].taken != unknown {
					open[n].now = yes + no - open[n].taken
				}
			}
			continue
		case "endif":
			if n := len(open) - 1; n >= 0 {
				open = open[:n]
			}
			continue
		}
		skip := false
		for _, b := range open {
			skip = skip || b.now == no
		}
		if f := r.functions[c.name]; f != nil && !skip {
			r.call(f, c, dir, test)
		} else if !skip {
			r.run(c, dir, test)
		}
	}
}

// local is a name of a file or a folder of the project; "" = it lies elsewhere.
func (r *cmakeReader) local(word, dir string) string {
	if rest, ok := strings.CutPrefix(word, "@/"); ok {
		return path.Clean(rest)
	}
	if path.IsAbs(word) || strings.Contains(word, "$") || word == "" {
		return ""
	}
	word = path.Join(dir, word)
	if strings.HasPrefix(word, "..") {
		return ""
	}
	return word
}
