package stack

import (
	"cmp"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/knowledge"
)

// run takes over what a command says.
func (r *cmakeReader) run(c cmakeCommand, dir string, test bool) {
	args := r.words(c.args)
	if len(args) == 0 {
		return
	}
	switch c.name {
	case "cmake_minimum_required":
		if i := slices.Index(args, "VERSION"); i >= 0 && i+1 < len(args) && r.least == "" {
			r.least, _, _ = strings.Cut(args[i+1], "...")
			r.leastAt = c.at
		}
	case "project":
		r.vars["PROJECT_NAME"], r.vars["PROJECT_SOURCE_DIR"], r.vars["PROJECT_BINARY_DIR"] = args[0], "@/"+dir, path.Join("/build", dir)
		if _, ok := r.vars["CMAKE_PROJECT_NAME"]; !ok {
			r.vars["CMAKE_PROJECT_NAME"] = args[0]
		}
		r.vars[args[0]+"_SOURCE_DIR"] = "@/" + dir
		r.languages(args[1:])
	case "enable_language":
		r.langs = append(r.langs, args...)
	case "set":
		if len(c.args) > 1 && !strings.HasPrefix(args[0], "ENV{") {
			values := c.args[1:]
			for i, a := range values {
				if a == "CACHE" || a == "PARENT_SCOPE" {
					values = values[:i]
					break
				}
			}
			for i := range values {
				values[i] = r.expand(values[i])
			}
			r.vars[args[0]] = strings.Join(values, ";")
		}
	case "list":
		if len(args) > 2 && args[0] == "APPEND" {
			r.vars[args[1]] = strings.Trim(r.vars[args[1]]+";"+strings.Join(args[2:], ";"), ";")
		}
	case "option", "cmake_dependent_option":
		on := args[len(args)-1] == "ON" || args[len(args)-1] == "TRUE"
		if c.name == "cmake_dependent_option" {
			on = len(args) > 2 && args[2] == "ON"
		}
		if cmakeAsideRE.MatchString(args[0]) {
			if !slices.Contains(r.off, args[0]) {
				r.off = append(r.off, args[0])
			}
			on = false
		}
		if _, ok := r.options[args[0]]; !ok {
			r.options[args[0]] = on
		}
	case "include":
		if args[0] == "CTest" {
			r.testing = true
		}
		name := r.local(args[0], dir)
		if !strings.Contains(path.Base(args[0]), ".") { // a module: cmake/Warnings.cmake
			name = ""
			for _, in := range strings.Split(r.vars["CMAKE_MODULE_PATH"], ";") {
				if f := r.local(path.Join(in, args[0]+".cmake"), dir); f != "" && in != "" && r.t.has[f] {
					name = f
				}
			}
		}
		if name != "" && r.t.has[name] {
			r.dirs = append(r.dirs, name)
			r.read(name, dir, test)
			r.vars["CMAKE_CURRENT_LIST_DIR"] = "@/" + dir
		}
	case "add_subdirectory":
		name := r.local(args[0], dir)
		if name == "" {
			return
		}
		file := path.Join(name, "CMakeLists.txt")
		if !r.t.has[file] {
			r.missing = append(r.missing, cmakeAsk{title: name, at: c.at})
			return
		}
		r.dirs = append(r.dirs, name)
		kept := map[string]string{}
		for k, v := range r.vars {
			kept[k] = v
		}
		r.read(file, name, test || cmakeAsideRE.MatchString(path.Base(name)))
		r.vars = kept // a folder has a scope of its own
	case "add_executable", "add_library":
		r.target(c, args, dir, test)
	case "target_sources":
		if t := r.byName[args[0]]; t != nil {
			t.sources = append(t.sources, r.files(args[1:], t.dir)...)
		}
	case "set_target_properties":
		if i := slices.Index(args, "PROPERTIES"); i > 0 {
			for j := i + 1; j+1 < len(args); j += 2 {
				for _, name := range args[:i] {
					if t := r.byName[name]; t != nil {
						switch args[j] {
						case "OUTPUT_NAME":
							t.output = args[j+1]
						case "RUNTIME_OUTPUT_DIRECTORY":
							t.out = args[j+1]
						}
					}
				}
			}
		}
	case "target_link_libraries", "link_libraries":
		to := []*cmakeTarget{r.byName[args[0]]}
		if c.name == "link_libraries" {
			to = nil
		}
		for _, w := range args {
			if slices.Contains([]string{"PUBLIC", "PRIVATE", "INTERFACE", "debug", "optimized", "general"}, w) {
				continue
			}
			if w != args[0] || c.name == "link_libraries" {
				for _, t := range to {
					if t != nil {
						t.links = append(t.links, w)
						if regexp.MustCompile(`^(?:GTest::|gtest|gmock|Catch2|benchmark::|doctest|Boost::unit_test)`).MatchString(w) {
							t.test = true
						}
					}
				}
				name := strings.TrimPrefix(w, "-l")
				if !strings.ContainsAny(name, "$:/") {
					r.asks = append(r.asks, cmakeAsk{names: []string{name}, title: name, at: c.at})
				}
			}
		}
	case "add_test", "gtest_discover_tests", "catch_discover_tests", "doctest_discover_tests":
		for _, w := range args {
			if t := r.byName[w]; t != nil && !t.library && (c.name != "add_test" || w != args[len(args)-1] || len(args) < 3 || args[len(args)-2] == "COMMAND") {
				t.test = t.test || c.name != "add_test" || cmakeAsideRE.MatchString(w)
			}
		}
	case "find_package":
		r.find(c, args)
	case "find_library":
		var names []string
		for _, w := range args[1:] {
			if w == "NAMES" || w == "REQUIRED" {
				continue
			}
			if strings.ToUpper(w) == w && strings.ToLower(w) != w {
				break
			}
			names = append(names, w)
		}
		if len(names) > 0 {
			r.asks = append(r.asks, cmakeAsk{names: names, title: names[0], at: c.at})
		}
	case "pkg_check_modules", "pkg_search_module":
		r.pkg = true
		for _, w := range args[1:] {
			if slices.Contains([]string{"REQUIRED", "QUIET", "IMPORTED_TARGET", "GLOBAL", "NO_CMAKE_PATH", "NO_CMAKE_ENVIRONMENT_PATH"}, w) {
				continue
			}
			name := strings.TrimSpace(regexp.MustCompile(`[<>=].*`).ReplaceAllString(w, ""))
			r.asks = append(r.asks, cmakeAsk{names: []string{name}, title: name, required: slices.Contains(args, "REQUIRED"), at: c.at})
		}
	case "fetchcontent_declare", "cpmaddpackage", "externalproject_add":
		r.fetched[strings.ToLower(args[0])] = true
		switch i := slices.Index(args, "URL"); {
		case slices.ContainsFunc(args, func(w string) bool {
			return w == "GIT_REPOSITORY" || w == "GITHUB_REPOSITORY" || w == "GITLAB_REPOSITORY" || strings.HasPrefix(w, "gh:")
		}):
			r.git = cmp.Or(r.git, c.at)
		case i >= 0:
			r.url = cmp.Or(r.url, c.at)
		}
		if c.name == "externalproject_add" {
			r.extern = cmp.Or(r.extern, c.at)
		}
	case "file":
		if (args[0] == "GLOB" || args[0] == "GLOB_RECURSE") && len(args) > 2 {
			r.vars[args[1]] = strings.Join(r.glob(args[2:], dir, args[0] == "GLOB_RECURSE"), ";")
		}
	case "aux_source_directory":
		if in := r.local(args[0], dir); in != "" && len(args) > 1 {
			r.vars[args[1]] = strings.Join(r.glob([]string{args[0] + "/*.c*"}, dir, false), ";")
		}
	case "install":
		r.installs(c, args, dir)
	}
}

// languages are those that a project is in; without any they are C and C++.
func (r *cmakeReader) languages(args []string) {
	for i := 0; i < len(args); i++ {
		switch args[i] {
		case "VERSION", "DESCRIPTION", "HOMEPAGE_URL", "COMPAT_VERSION":
			i++
		case "LANGUAGES":
		default:
			r.langs = append(r.langs, args[i])
		}
	}
}

// target notes a program or a library.
func (r *cmakeReader) target(c cmakeCommand, args []string, dir string, test bool) {
	if slices.Contains(args, "IMPORTED") || slices.Contains(args, "ALIAS") {
		if i := slices.Index(args, "ALIAS"); i == 1 && len(args) > 2 {
			r.byName[args[0]] = r.byName[args[2]]
		}
		return
	}
	t := &cmakeTarget{name: args[0], output: args[0], out: cmp.Or(r.vars["CMAKE_RUNTIME_OUTPUT_DIRECTORY"], r.vars["EXECUTABLE_OUTPUT_PATH"], path.Join("/build", dir)), dir: dir, at: c.at}
	t.library = c.name == "add_library"
	t.shared = t.library && (slices.Contains(args, "SHARED") || r.options["BUILD_SHARED_LIBS"] && !slices.Contains(args, "STATIC"))
	t.test = test || !t.library && cmakeAsideRE.MatchString(t.name)
	t.sources = r.files(args[1:], dir)
	r.targets = append(r.targets, t)
	r.byName[t.name] = t
}

var cppFileRE = regexp.MustCompile(`\.(?:c|cc|cpp|cxx|c\+\+|h|hh|hpp|hxx|ipp|cppm|ixx)$`)

// files are the sources among arguments.
func (r *cmakeReader) files(args []string, dir string) (list []string) {
	for _, w := range args {
		if f := r.local(w, dir); f != "" && cppFileRE.MatchString(f) && r.t.has[f] {
			list = append(list, f)
		}
	}
	return list
}

// glob are the files that patterns match, as CMake writes them.
func (r *cmakeReader) glob(patterns []string, dir string, deep bool) (list []string) {
	for i := 0; i < len(patterns); i++ {
		switch patterns[i] {
		case "CONFIGURE_DEPENDS", "LIST_DIRECTORIES", "true", "false":
			continue
		case "RELATIVE":
			i++
			continue
		}
		pat := r.local(patterns[i], dir)
		if pat == "" {
			continue
		}
		for _, f := range r.t.files {
			ok, _ := path.Match(pat, f)
			if !ok && deep && strings.HasPrefix(f, path.Dir(pat)+"/") || !ok && deep && path.Dir(pat) == "." {
				ok, _ = path.Match(path.Base(pat), path.Base(f))
			}
			if ok {
				list = append(list, "@/"+f)
			}
		}
	}
	return list
}

// find notes what find_package asks for.
func (r *cmakeReader) find(c cmakeCommand, args []string) {
	name := args[0]
	if name == "PkgConfig" {
		r.pkg = true
		return
	}
	ask := cmakeAsk{names: []string{name}, title: name, required: slices.Contains(args, "REQUIRED"), at: c.at}
	own := map[string]bool{"REQUIRED": true, "QUIET": true, "CONFIG": true, "NO_MODULE": true, "MODULE": true, "EXACT": true, "GLOBAL": true}
	components := false
	for _, w := range args[1:] {
		switch {
		case w == "COMPONENTS" || w == "OPTIONAL_COMPONENTS":
			components = true
		case own[w]:
			components = components || w == "REQUIRED"
		case components && regexp.MustCompile(`^[A-Za-z]\w*$`).MatchString(w):
			ask.names = append(ask.names, name+"/"+w)
		}
	}
	r.asks = append(r.asks, ask)
}

// installs notes the programs that are installed, and what is put beside them.
func (r *cmakeReader) installs(c cmakeCommand, args []string, dir string) {
	to := ""
	if i := slices.Index(args, "DESTINATION"); i >= 0 && i+1 < len(args) {
		to = args[i+1]
	}
	switch args[0] {
	case "TARGETS":
		for _, w := range args[1:] {
			if t := r.byName[w]; t != nil && !t.library {
				r.install[t.name] = c.at
				where := to
				// Of several kinds of targets the programs have a place of their own.
				if i := slices.Index(args, "RUNTIME"); i >= 0 && i+2 < len(args) && args[i+1] == "DESTINATION" {
					where = args[i+2]
				}
				if where != "" && !strings.Contains(where, "$") {
					if !path.IsAbs(where) {
						where = path.Join("/usr/local", where)
					}
					t.installed = path.Clean(where)
				}
			}
		}
	case "DIRECTORY", "FILES", "PROGRAMS":
		if strings.Contains(to, "$") || to == "" || strings.HasPrefix(to, "include") || regexp.MustCompile(`(?:^|/)(?:doc|man|cmake|pkgconfig|licenses|systemd|applications|icons)(?:/|$)`).MatchString(to) {
			return
		}
		for _, w := range args[1:] {
			if w == "DESTINATION" || w == "FILES_MATCHING" || w == "TYPE" {
				break
			}
			name := r.local(strings.TrimSuffix(w, "/"), dir)
			if name == "" || !r.t.has[name] && !r.t.dir(name) {
				continue
			}
			place := to
			if !path.IsAbs(place) {
				place = path.Join("/usr/local", place)
			}
			if !strings.HasSuffix(w, "/") || args[0] != "DIRECTORY" {
				place = path.Join(place, path.Base(name))
			}
			r.data = append(r.data, cmakeData{name, place, c.at})
		}
	}
}

// cppNative is what is known of a package that a build in C or C++ asks for. Modules that
// projects write themselves for find_package have its name in letters of their own.
func cppNative(name string) *knowledge.Native {
	for _, n := range knowledge.Natives() {
		if n.Language == "cpp" && slices.ContainsFunc(n.Packages, func(p string) bool { return strings.EqualFold(p, name) }) {
			return n
		}
	}
	return nil
}
