package stack

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

// assets tells whether Node.js builds files that the program gives out, into folders that
// the image has: a style sheet beside the templates, a bundle in static/. One that lies in
// the project already is taken as it is.
func (p *pyProject) assets() error {
	if !p.t.has["package.json"] || p.s.Kind != Service {
		return nil
	}
	pkg, err := readPackage(p.t, "package.json")
	if err != nil || pkg.Scripts["build"] == "" {
		return nil // tools of people
	}
	build := &nodeProject{t: p.t, root: p.t, s: &Stack{Dir: "."}, n: &Node{Script: "build"}, pkg: pkg}
	var made []string
	for _, m := range build.made() {
		within := slices.ContainsFunc(p.s.Sources, func(s string) bool { return m == s || strings.HasPrefix(m, s+"/") })
		top, _, _ := strings.Cut(m, "/")
		if (within || p.named(top, true)) && !p.t.has[m] && !p.t.dir(m) {
			made = append(made, m)
		}
	}
	if len(made) == 0 {
		return nil
	}
	at := Place{"package.json", p.t.lineOf("package.json", `"build"`)}
	apart := slices.ContainsFunc(build.buildLines(), func(l buildLine) bool { return p.t.has[path.Join(l.dir, "package.json")] && l.dir != "." })
	if p.py.Install.Project || p.py.Install.Member != "" || apart {
		p.s.Notes = append(p.s.Notes, fmt.Sprintf("%s makes %s, which the image does not have: build it before the image, and let it come along", at, strings.Join(made, ", ")))
		return nil
	}
	n, v, notes, err := assets(p.t)
	if err != nil {
		return err
	}
	n.Output, n.Code = made, p.builtFrom(build, made)
	p.s.Assets, p.s.AssetsVersion = n, v
	p.s.Notes = append(p.s.Notes, notes...)
	return nil
}

// builtFrom are the names at the top that a build reads: those in its commands and in the
// settings of its tools that are not what it makes, and what these take where nothing is said.
func (p *pyProject) builtFrom(build *nodeProject, made []string) (list []string) {
	var text strings.Builder
	tools := map[string]bool{}
	for _, l := range build.buildLines() {
		tools[l.words[0]] = true
		for _, w := range l.words {
			text.WriteString("'" + path.Join(l.dir, w) + "' ")
			if _, v, ok := strings.Cut(w, "="); ok {
				text.WriteString("'" + path.Clean(v) + "' ")
			}
			if data := p.t.read(path.Join(l.dir, w)); data != nil {
				text.WriteString(uncommented(string(data)) + "\n")
			}
		}
	}
	settings := func(base string) bool {
		return strings.Contains(base, ".config.") || strings.HasPrefix(base, "tsconfig") || base == ".babelrc" || base == ".browserslistrc" || base == ".postcssrc"
	}
	for _, name := range p.t.in(".") {
		if settings(name) {
			text.WriteString(uncommented(string(p.t.read(name))) + "\n")
		}
	}
	named := text.String()
	for _, m := range made {
		named = regexp.MustCompile(`['"](?:\./)?`+regexp.QuoteMeta(m)+`/?['"]`).ReplaceAllString(named, "")
	}
	styles := tools["tailwindcss"] || tools["@tailwindcss/cli"] || tools["tailwind"]
	for _, name := range p.t.in(".") {
		base := strings.TrimSuffix(name, "/")
		folder := base != name
		if base == "package.json" || base == "node_modules" || strings.HasPrefix(base, ".") && !settings(base) {
			continue
		}
		word := regexp.MustCompile(`['"](?:\./)?` + regexp.QuoteMeta(base) + `(?:/[^'"\n]*)?['"]`)
		switch {
		case settings(base), word.MatchString(named):
		case (tools["vite"] || tools["webpack"] || tools["webpack-cli"] || tools["parcel"]) && (base == "src" || base == "index.html"):
		case styles && folder && slices.Contains(p.s.Sources, base): // the classes that they name
		default:
			continue
		}
		list = append(list, base)
	}
	return list
}
