package stack

import (
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"
)

// release takes over the commands of the Procfile's `release`: what has to run once before
// the program. What the image lacks is told.
func (p *nodeProject) release() {
	l, ok := procfile(p.t)["release"]
	if !ok || p.s.Kind == Static {
		return
	}
	steps, missing := p.commands(l.text, nil, 0)
	if missing != "" {
		p.s.Notes = append(p.s.Notes, fmt.Sprintf("%s runs %q before the program, for which %s: it is no step of the container", l.at, l.text, missing))
		return
	}
	for _, words := range steps {
		p.s.Steps = append(p.s.Steps, Process{Name: p.stepName(slices.Concat(words, []string{l.text})), Exec: words, At: l.at})
	}
}

// stepName names a step by what it does.
func (p *nodeProject) stepName(words []string) string {
	if name := stepName(words); name != "prepare" {
		return name
	}
	for _, w := range words {
		if strings.Contains(strings.ToLower(w), "migrat") {
			return "migrate"
		}
	}
	return "prepare"
}

// commands are the commands of a line as the image can run them, through the scripts of
// package.json; missing says what there is none for.
func (p *nodeProject) commands(text string, more []string, depth int) (list [][]string, missing string) {
	if depth > 4 {
		return nil, "scripts run each other"
	}
	parts := strings.Split(text, "&&")
	for i, part := range parts {
		if strings.HasPrefix(strings.TrimSpace(part), "echo ") {
			continue // for whoever reads along, or into a file for people at work
		}
		if strings.ContainsAny(part, "|`<>;$(") {
			return nil, "a shell would be needed"
		}
		words := split(part)
		for len(words) > 0 && (assignRE.MatchString(words[0]) || words[0] == "exec" || words[0] == "env" || words[0] == "cross-env") {
			words = words[1:]
		}
		if len(words) == 0 {
			continue
		}
		if i == len(parts)-1 {
			words = append(words, more...)
		}
		script, rest := "", []string(nil)
		switch words[0] {
		case "npm", "yarn", "pnpm", "bun":
			script, rest = p.script(words)
		case "npx":
			words = words[1:]
			for len(words) > 0 && strings.HasPrefix(words[0], "-") {
				words = words[1:]
			}
		}
		if script != "" {
			inner, lacks := p.commands(p.pkg.Scripts[script], rest, depth+1)
			if lacks != "" {
				return nil, lacks
			}
			list = append(list, inner...)
			continue
		}
		if len(words) == 0 {
			return nil, "nothing is named"
		}
		if words[0] == "node" {
			at := slices.IndexFunc(words[1:], func(w string) bool { return !strings.HasPrefix(w, "-") })
			if at < 0 || slices.ContainsFunc(words[1:], func(w string) bool {
				return w == "-r" || w == "--require" || w == "--import" || w == "--loader" || w == "-e"
			}) {
				return nil, "node is given more than a file"
			}
			list = append(list, words)
			continue
		}
		file, ok := p.binary(words[0])
		if !ok {
			return nil, words[0] + " is in no package that is installed in the image"
		}
		list = append(list, append([]string{"node", file}, words[1:]...))
	}
	return list, ""
}

// script is the script of package.json that a manager's command runs, with what it hands
// on to it; "" = none.
func (p *nodeProject) script(words []string) (name string, rest []string) {
	for i, w := range words[1:] {
		if w == "run" || w == "run-script" || strings.HasPrefix(w, "-") && w != "--" {
			continue
		}
		if p.pkg.Scripts[w] == "" {
			return "", nil
		}
		rest = words[i+2:]
		if len(rest) > 0 && rest[0] == "--" {
			rest = rest[1:]
		}
		return w, rest
	}
	return "", nil
}

// A packageLock is what is asked of a package-lock.json.
type packageLock struct {
	Packages map[string]struct {
		Bin any  `json:"bin"`
		Dev bool `json:"dev"`
	} `json:"packages"`
}

// nodeBinaries are the files of commands by the packages that bring them, where the lock
// does not say: it does in that of npm since 7.
// Source: package.json of each package: bin, read 2026-11.
var nodeBinaries = map[string]struct{ name, file string }{
	"knex":            {"knex", "bin/cli.js"},
	"prisma":          {"prisma", "build/index.js"},
	"sequelize-cli":   {"sequelize-cli", "lib/sequelize"},
	"typeorm":         {"typeorm", "cli.js"},
	"node-pg-migrate": {"node-pg-migrate", "bin/node-pg-migrate.js"},
	"db-migrate":      {"db-migrate", "bin/db-migrate"},
	"migrate-mongo":   {"migrate-mongo", "bin/migrate-mongo.js"},
	"drizzle-kit":     {"drizzle-kit", "bin.cjs"},
}

// binary is the file that a command of a package runs, which is installed in the image.
func (p *nodeProject) binary(command string) (string, bool) {
	for _, prefix := range []string{"node_modules/.bin/", "./node_modules/.bin/"} {
		command = strings.TrimPrefix(command, prefix)
	}
	if strings.Contains(command, "/") || p.n.PnP {
		return "", false
	}
	var lock packageLock
	if path.Base(p.s.Lock.Value) == "package-lock.json" && json.Unmarshal(p.root.read(p.s.Lock.Value), &lock) == nil {
		for name, k := range lock.Packages {
			bins, _ := k.Bin.(map[string]any)
			file, _ := bins[command].(string)
			if one, ok := k.Bin.(string); ok && path.Base(name) == command {
				file = one
			}
			// A package inside of another has its commands there, and not in .bin.
			if file != "" && !k.Dev && strings.Count(name, "node_modules/") == 1 && strings.HasPrefix(name, "node_modules/") {
				return path.Join(name, file), true
			}
		}
	}
	for name, b := range nodeBinaries {
		if p.pkg.Dependencies[name] != "" && (b.name == command || name == "sequelize-cli" && command == "sequelize") {
			return path.Join("node_modules", name, b.file), true
		}
	}
	return "", false
}
