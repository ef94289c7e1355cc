package multistage

import (
	_ "embed"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/manifest"
)

//go:embed outputs.jsonl
var outputsData []byte

// outputLine is one line of outputs.jsonl: where a program that a package.json
// runs writes what it builds.
type outputLine struct {
	Program string   `json:"program"`
	Names   []string `json:"names"`
	Verb    string   `json:"verb"`    // "" = none
	Out     []string `json:"out"`     // in the project's folder, where nothing says otherwise
	Options []string `json:"options"` // that name another folder
	Env     []string `json:"env"`     // variables that name another one
	Configs []string `json:"configs"` // globs of the files that may name another one
	Key     string   `json:"key"`     // an expression whose group is the folder that such a file names
	Needs   bool     `json:"needs"`   // without a name it writes beside the sources
	But     []string `json:"but"`     // globs of files of frameworks that change it
	// Plain are globs of what such a file may import without writing elsewhere; none =
	// nothing that it imports does.
	Plain  []string `json:"plain"`
	Source string   `json:"source"`

	key *regexp.Regexp
}

var outputLines = sync.OnceValue(func() []outputLine {
	list := decodeLines[outputLine]("outputs.jsonl", outputsData)
	for i := range list {
		if list[i].Key != "" {
			list[i].key = regexp.MustCompile(list[i].Key)
		}
	}
	return list
})

// folderKey is a key of a file of settings that names a folder.
var folderKey = regexp.MustCompile(`(?i)out(?:put)?_?-?(?:dir|path|file)|dist_?dir|\bdest\b|\bpath\.|\broot\s*:|\bextends\b|\breferences\b|projectFolder`)

// A nodeProject is the folder of a package.json in a stage, and what its scripts
// write.
type nodeProject struct {
	a    *absence
	dir  string // in the stage
	ctx  string // in the context; see files
	pkg  *manifest.Package
	outs []string
	deep int
}

// node tells whether npm and its kin may bring the path: node_modules, and what
// the scripts of package.json build.
func (a *absence) node(step *source.Step, c *shell.Command, program string, args []shell.Word) bool {
	if !below(a.path, c.Dir) {
		return true // caches, programs, and what a script may do outside
	}
	o := a.b.FileIn(a.stage, path.Join(c.Dir, "package.json"))
	if o == nil || o.Context == nil {
		return true
	}
	p := &nodeProject{a: a, dir: c.Dir, ctx: path.Dir(o.Path), pkg: o.PackageJSON()}
	if p.pkg == nil || p.pkg.Workspaces {
		return true
	}
	rel := topName(strings.TrimPrefix(strings.TrimPrefix(a.path, c.Dir), "/"))
	if rel == "node_modules" || strings.HasSuffix(rel, ".json") || strings.HasSuffix(rel, ".yaml") || strings.HasSuffix(rel, ".lock") || rel == ".yarn" {
		return true
	}
	var words []string
	for _, w := range append([]shell.Word{{Text: program}}, args...) {
		words = append(words, w.Text)
	}
	if !p.command(step, words) {
		return true
	}
	for _, out := range p.outs {
		if over(rel, out) || strings.HasPrefix(out, "..") {
			return true
		}
	}
	if len(p.outs) > 0 {
		a.note(strings.Join(words[:min(3, len(words))], " "), path.Join(c.Dir, p.outs[0]))
	}
	return false
}

// command tells whether it is known what a command line of a script writes, and
// notes it.
func (p *nodeProject) command(step *source.Step, words []string) bool {
	if p.deep++; p.deep > 20 {
		return false
	}
	for len(words) > 0 && (strings.Contains(words[0], "=") || words[0] == "cross-env" || words[0] == "npx") {
		words = words[1:]
	}
	if len(words) == 0 {
		return true
	}
	switch words[0] {
	case "npm", "pnpm", "yarn", "bun":
		return p.manager(step, words[0], words[1:])
	case "corepack", "rimraf", "eslint", "prettier", "tslint", "jest", "vitest", "echo", "true", "rm":
		return true
	}
	for i := range outputLines() {
		l := &outputLines()[i]
		if slices.Contains(l.Names, words[0]) && (l.Verb == "" || len(words) > 1 && words[1] == l.Verb) {
			return p.tool(step, l, words)
		}
	}
	return false
}

// manager tells the same of npm, yarn, pnpm and bun.
func (p *nodeProject) manager(step *source.Step, program string, args []string) bool {
	var words []string
	for _, w := range args {
		switch {
		case w == "--":
			return false // what follows is given to the script
		case w == "--prefix", w == "-C", w == "--cwd", w == "--dir", w == "-w", w == "--workspace", w == "-F", w == "--filter", w == "-r", w == "--recursive", w == "-ws", w == "--workspaces":
			return false
		case !strings.HasPrefix(w, "-"):
			words = append(words, w)
		}
	}
	verb := ""
	if len(words) > 0 {
		verb = words[0]
	}
	switch verb {
	case "install", "i", "ci", "add", "":
		if verb == "" && program != "yarn" {
			return true
		}
		return p.scripts(step, "preinstall", "install", "postinstall", "prepare", "prepublish")
	case "config", "set", "cache", "prune", "version", "audit", "fund", "fetch", "rebuild":
		return true
	case "run", "run-script":
		if len(words) != 2 {
			return false
		}
		verb = words[1]
	default:
		if program == "npm" || program == "bun" || len(words) != 1 {
			return false
		}
	}
	if _, ok := p.pkg.Scripts[verb]; !ok {
		return false
	}
	return p.scripts(step, "pre"+verb, verb, "post"+verb)
}

// scripts tells the same of some scripts of package.json, where they are there.
func (p *nodeProject) scripts(step *source.Step, names ...string) bool {
	for _, name := range names {
		text := p.pkg.Scripts[name]
		if strings.ContainsAny(text, "|;$`<>()*\"'\\") {
			return false
		}
		for _, part := range strings.Split(text, "&&") {
			words := strings.Fields(part)
			if slices.Contains(words, "&") || !p.command(step, words) {
				return false
			}
		}
	}
	return true
}

// tool notes where a program writes.
func (p *nodeProject) tool(step *source.Step, l *outputLine, words []string) bool {
	if slices.Contains(words, "--noEmit") {
		return true
	}
	for _, n := range l.Env {
		if _, ok := step.Env.Lookup(n); ok || p.has(".env") {
			return false
		}
	}
	for i, w := range words {
		name, value, joined := strings.Cut(w, "=")
		if !slices.Contains(l.Options, name) {
			continue
		}
		if !joined && i+1 < len(words) {
			value = words[i+1]
		}
		p.outs = append(p.outs, path.Clean(value))
		return !path.IsAbs(value)
	}
	named, ok := p.configured(l)
	if !ok {
		return false
	}
	if len(named) == 0 && l.Needs {
		return false
	}
	p.outs = append(append(p.outs, named...), l.Out...)
	return true
}

// configured are the folders that a program's files of settings name; ok is
// false where they may name others.
func (p *nodeProject) configured(l *outputLine) (named []string, ok bool) {
	ctx := p.a.b.Context
	for _, glob := range l.But {
		if len(ctx.Glob(path.Join(p.ctx, glob))) > 0 {
			return nil, false
		}
	}
	for _, glob := range l.Configs {
		for _, name := range ctx.Glob(path.Join(p.ctx, glob)) {
			data, read := ctx.Read(name)
			if !read || len(data) > mostSettings {
				return nil, false
			}
			rest := string(data)
			if l.key != nil {
				for _, m := range l.key.FindAllStringSubmatch(rest, -1) {
					if path.IsAbs(m[1]) {
						return nil, false
					}
					named = append(named, path.Clean(m[1]))
				}
				rest = l.key.ReplaceAllString(rest, "")
			}
			if folderKey.MatchString(rest) || !l.plain(rest) {
				return nil, false
			}
		}
	}
	return named, true
}

// imported is what a JavaScript file imports.
var imported = regexp.MustCompile(`(?:\bfrom|\bimport|\brequire\s*\(|\bimport\s*\()\s*["']([^"']+)["']`)

// plain tells whether nothing that a file of settings imports may change where the
// program writes.
func (l *outputLine) plain(settings string) bool {
	if len(l.Plain) == 0 {
		return true
	}
	for _, m := range imported.FindAllStringSubmatch(settings, -1) {
		if !slices.ContainsFunc(l.Plain, func(glob string) bool {
			if start, ok := strings.CutSuffix(glob, "*"); ok {
				return strings.HasPrefix(m[1], start)
			}
			end, ok := strings.CutPrefix(glob, "*")
			return ok && strings.HasSuffix(m[1], end) || m[1] == glob
		}) {
			return false
		}
	}
	return true
}

// has tells whether a file lies in the project's folder.
func (p *nodeProject) has(name string) bool {
	_, err := p.a.b.Context.Stat(path.Join(p.ctx, name))
	return err == nil
}
