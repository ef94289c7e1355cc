package stack

import (
	"cmp"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
)

// A buildLine is a command of the build, in the folder in which it runs.
type buildLine struct {
	dir   string
	words []string
}

// buildLines are the commands of the build, through the scripts that it runs, also those of
// a folder with a package of its own.
func (p *nodeProject) buildLines() (list []buildLine) {
	seen := map[string]bool{}
	var follow func(dir, script string)
	follow = func(dir, script string) {
		if seen[dir+" "+script] || len(seen) > 40 {
			return
		}
		seen[dir+" "+script] = true
		scripts := p.pkg.Scripts
		if dir != "." {
			pkg, err := readPackage(p.t, dir+"/package.json")
			if err != nil {
				return
			}
			scripts = pkg.Scripts
		}
		in := dir
		for _, part := range strings.FieldsFunc(scripts[script], func(c rune) bool { return c == '&' || c == ';' || c == '|' }) {
			words := split(part)
			for len(words) > 0 && (assignRE.MatchString(words[0]) || slices.Contains([]string{"cross-env", "npx", "env", "exec", "dotenv", "--"}, words[0])) {
				words = words[1:]
			}
			if len(words) == 0 {
				continue
			}
			if words[0] == "cd" && len(words) == 2 {
				in = path.Join(in, words[1])
				continue
			}
			list = append(list, buildLine{in, words})
			switch words[0] {
			case "npm", "yarn", "pnpm", "bun", "run-s", "run-p", "npm-run-all", "npm-run-all2", "concurrently":
				where := path.Join(in, flagValue(words, "--prefix", "--cwd", "--dir", "-C"))
				names := scripts
				if where != dir {
					if pkg, err := readPackage(p.t, path.Join(where, "package.json")); err == nil {
						names = pkg.Scripts
					}
				}
				for _, w := range words[1:] {
					for _, w := range split(w) {
						w = strings.TrimPrefix(w, "npm:")
						if names[w] != "" {
							follow(where, w)
						} else if pre, ok := strings.CutSuffix(w, "*"); ok && pre != "" {
							for _, name := range slices.Sorted(maps.Keys(names)) {
								if strings.HasPrefix(name, pre) {
									follow(where, name)
								}
							}
						}
					}
				}
			}
		}
	}
	follow(".", p.n.Script)
	return list
}

// flagValue is what a flag of a command is given; "" = nothing.
func flagValue(words []string, names ...string) string {
	for i, w := range words {
		for _, n := range names {
			if w == n && i+1 < len(words) {
				return words[i+1]
			}
			if v, ok := strings.CutPrefix(w, n+"="); ok {
				return v
			}
		}
	}
	return ""
}

var (
	rollupOutRE  = regexp.MustCompile(`\b(?:dir|file)\s*:\s*['"` + "`" + `]([^'"` + "`" + `$]+)['"` + "`" + `]`)
	webpackOutRE = regexp.MustCompile(`\bpath\s*:\s*(?:path\.)?(?:resolve|join)\(\s*(?:__dirname|process\.cwd\(\))\s*((?:,\s*['"][^'"]+['"]\s*)+)\)`)
	viteOutRE    = regexp.MustCompile(`\boutDir\s*:\s*(?:(?:path\.)?(?:resolve|join)\(\s*__dirname\s*((?:,\s*['"][^'"]+['"]\s*)+)\)|['"]([^'"]+)['"])`)
	viteRootRE   = regexp.MustCompile(`\broot\s*:\s*(?:(?:path\.)?(?:resolve|join)\(\s*__dirname\s*((?:,\s*['"][^'"]+['"]\s*)+)\)|['"]([^'"]+)['"])`)
	esbuildOutRE = regexp.MustCompile(`\b(?:outdir|outfile)\s*:\s*['"]([^'"]+)['"]`)
	partRE       = regexp.MustCompile(`['"]([^'"]+)['"]`)
)

// joinedParts are the words of a list of arguments as one path.
func joinedParts(arguments string) string {
	where := ""
	for _, m := range partRE.FindAllStringSubmatch(arguments, -1) {
		where = path.Join(where, m[1])
	}
	return where
}

// made are the files and folders that the build writes, by what bundlers and compilers of
// style sheets are told.
func (p *nodeProject) made() (list []string) {
	if p.n.Script == "" {
		return nil
	}
	dir := "."
	add := func(where string) {
		if where == "" {
			return
		}
		where = path.Join(dir, where)
		if where != "." && where != "" && !strings.HasPrefix(where, "..") && !path.IsAbs(where) && !strings.ContainsAny(where, "$*{}[]") && !slices.Contains(list, where) {
			list = append(list, where)
		}
	}
	for _, line := range p.buildLines() {
		words := line.words
		dir = line.dir
		switch words[0] {
		case "rollup":
			text := p.configOf(line, "rollup.config", "-c", "--config")
			for _, m := range rollupOutRE.FindAllStringSubmatch(text, -1) {
				add(path.Dir(m[1] + "/x"))
			}
			add(flagValue(words, "-o", "--file", "-d", "--dir"))
		case "webpack", "webpack-cli":
			text := p.configOf(line, "webpack.config", "-c", "--config")
			out := flagValue(words, "-o", "--output-path")
			if m := webpackOutRE.FindStringSubmatch(text); m != nil && out == "" {
				out = joinedParts(m[1])
			}
			add(cmp.Or(out, "dist"))
		case "vite":
			if len(words) < 2 || words[1] != "build" {
				continue
			}
			text := p.configOf(line, "vite.config", "-c", "--config")
			root, out := "", flagValue(words, "--outDir")
			if len(words) > 2 && p.t.dir(path.Join(dir, words[2])) {
				root = words[2]
				text = p.configOf(buildLine{path.Join(dir, root), words}, "vite.config", "-c", "--config")
			}
			if m := viteRootRE.FindStringSubmatch(text); m != nil {
				root = cmp.Or(joinedParts(m[1]), m[2])
			}
			if m := viteOutRE.FindStringSubmatch(text); m != nil && out == "" {
				if m[1] != "" {
					out, root = joinedParts(m[1]), ""
				} else {
					out = m[2]
				}
			}
			add(path.Join(root, cmp.Or(out, "dist")))
		case "esbuild":
			add(flagValue(words, "--outdir", "--outfile"))
		case "tailwindcss", "@tailwindcss/cli", "tailwind", "postcss", "lessc", "stylus":
			add(flagValue(words, "-o", "--output", "--out"))
		case "parcel":
			add(cmp.Or(flagValue(words, "--dist-dir", "-d", "--out-dir"), "dist"))
		case "sass", "node-sass":
			var plain []string
			for _, w := range words[1:] {
				if !strings.HasPrefix(w, "-") {
					plain = append(plain, w)
				}
			}
			for _, w := range plain {
				if _, out, ok := strings.Cut(w, ":"); ok {
					add(out)
				}
			}
			if len(plain) == 2 && !strings.Contains(plain[0], ":") {
				add(plain[1])
			}
		case "node", "bun", "tsx":
			for _, w := range words[1:] {
				if data := p.t.read(path.Join(dir, w)); data != nil {
					for _, m := range esbuildOutRE.FindAllStringSubmatch(uncommented(string(data)), -1) {
						add(m[1])
					}
				}
			}
		}
	}
	return list
}

// configOf is the text of the settings file of a command: the one that it names, or the one
// of that name in its folder.
func (p *nodeProject) configOf(line buildLine, stem string, flags ...string) string {
	if name := flagValue(line.words, flags...); name != "" && p.t.has[path.Join(line.dir, name)] {
		return uncommented(string(p.t.read(path.Join(line.dir, name))))
	}
	text, _ := p.config(path.Join(line.dir, stem))
	return text
}

// outputs adds what the build writes beside what it compiles to what the program takes from
// it: a bundle in a folder that is also in the project is there once it is built alone.
func (p *nodeProject) outputs() {
	n := p.n
	for _, m := range p.made() {
		covered := slices.ContainsFunc(n.Output, func(o string) bool { return m == o || strings.HasPrefix(m, o+"/") })
		first, _, deep := strings.Cut(m, "/")
		// A program that was compiled needs what it serves; one of source, whatever is built.
		if covered || len(n.Output) > 0 && !p.named(first) {
			continue
		}
		if !deep || p.t.dir(first) || p.t.has[m] {
			n.Output = append(n.Output, m)
		} else {
			n.Output = append(n.Output, first)
		}
	}
}
