package source

import (
	"cmp"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source/deploy"
	"github.com/dockworthy/dockworthy/text"
)

// The roles that a config gives to paths.
const (
	roleProduct     = "product"
	roleDevelopment = "development"
)

// devStage tells whether a stage's name says that the stage does not ship.
func devStage(name string) bool {
	return knowledge.DevStages.Has(name) || weakStage(name) || slices.ContainsFunc(parts(name), func(w string) bool { return knowledge.DevStageWords.Has(countless(w)) })
}

// countless is a word without the number that tells it from its like: test2.
func countless(w string) string {
	if short := strings.TrimRight(w, "0123456789"); short != "" {
		return short
	}
	return w
}

// weakStage tells whether a stage's name is one that stages bear which make what
// ships, or else what ships itself: builder, tools.
func weakStage(name string) bool { return knowledge.WeakStages.Has(name) }

// parts are the words of a name, in lower case: parted by marks, and where a capital
// follows a small letter or begins a word behind others.
func parts(name string) []string {
	list := strings.FieldsFunc(name, func(r rune) bool { return r == '-' || r == '_' || r == '.' })
	for i := 0; i < len(list); i++ {
		for j := 1; j < len(list[i]); j++ {
			a, b := list[i][j-1], list[i][j]
			small := j+1 < len(list[i]) && list[i][j+1] >= 'a' && list[i][j+1] <= 'z'
			if capital := b >= 'A' && b <= 'Z'; capital && (a >= 'a' && a <= 'z' || a < 'a' && small) {
				list = slices.Insert(list, i+1, list[i][j:])
				list[i] = list[i][:j]
				break
			}
		}
		list[i] = strings.ToLower(list[i])
	}
	return list
}

// development says why what a file makes or starts does not ship, as the config,
// the file's own name or that of its folder tells; "" = nothing says so.
//
// Folders are asked below the path that the user named: who names tests/app wants
// to know about it.
func (p *Snapshot) development(name string, kind UnitKind) string {
	switch role, by := p.config(path.Dir(name)).role(name); role {
	case roleDevelopment:
		return "roles in " + by
	case roleProduct:
		return ""
	}
	base := path.Base(name)
	if kind == KubernetesFile {
		for _, w := range parts(base) {
			if knowledge.DevManifestParts.Has(w) {
				return fmt.Sprintf("the file name contains %q", w)
			}
		}
	} else {
		words := parts(base)
		if last := lastWord(words); kind == Dockerfile && last == "local" {
			return fmt.Sprintf("the file name contains %q", last)
		}
		for i, w := range words {
			if kind == ComposeFile && i < len(words)-2 && knowledge.DevManifestParts.Has(w) { // compose.example.yml is to be copied to where it works
				return fmt.Sprintf("the file name contains %q", w)
			}
			if knowledge.DevFileParts.Has(countless(w)) || len(words) == 2 && knowledge.DevFileNames.Has(w) || kind == ComposeFile && knowledge.DevComposeParts.Has(w) {
				return fmt.Sprintf("the file name contains %q", w)
			}
		}
	}
	if dir := devFolder(p.below(name)); dir != "" && !(knowledge.WorkFolders.Has(dir) && p.pushed[name]) {
		return "it is in the folder " + dir
	}
	if kind != Dockerfile && under(p.below(name), ".github") { // what workflows start
		return "it is in the folder .github"
	}
	if c := p.byPath[name]; kind == ComposeFile && c != nil {
		if why, _ := declared(c.File.Data); why != "" {
			return why
		}
		return cmp.Or(arranged(c.File.Data), triesOut(c), worksOn(c))
	}
	return ""
}

// lastWord is the last word of a Dockerfile's name that is not that of its kind.
func lastWord(words []string) string {
	for _, w := range slices.Backward(words) {
		if w != "dockerfile" && w != "containerfile" {
			return w
		}
	}
	return ""
}

// below is a file's folder below the longest of the named paths that hold it.
func (p *Snapshot) below(name string) string {
	dir, best := path.Dir(name), ""
	for _, root := range p.paths {
		if root == name {
			return "."
		}
		if root != "." && len(root) > len(best) && under(name, root) {
			best = root
		}
	}
	return strings.TrimPrefix(strings.TrimPrefix(dir, best), "/")
}

// devFolder is the first folder of a path whose name says that what lies in it is
// for development; "" = none does.
func devFolder(dir string) string {
	for part := range strings.SplitSeq(dir, "/") {
		if knowledge.DevFolders.Has(strings.ToLower(part)) {
			return part
		}
		words := parts(part)
		last := len(words) - 1
		for i, w := range words {
			if knowledge.DevFolderParts.Has(countless(w)) || i > 0 && i == last && knowledge.DevFolderEnds.Has(w) || i == 0 && last > 0 && knowledge.DevFolderStarts.Has(w) && !knowledge.DevProducts.Has(words[1]) {
				return part
			}
		}
	}
	return ""
}

// role is what the config says that a file is for, and the config's name; "" = it
// does not say. The longest path that names it wins.
func (c *Config) role(name string) (role, by string) {
	if c == nil {
		return "", ""
	}
	best := -1
	for _, key := range sortedKeys(c.Roles) {
		if len(key) > best && c.lists([]string{key}, name) {
			best, role = len(key), c.Roles[key]
		}
	}
	return role, path.Base(c.Path)
}

// serves tells whether people reach what a service runs: it has ports, and is not
// for who works on its sources.
func serves(s *Service) bool {
	return len(s.Ports)+len(s.Expose) > 0 && !watches(s.Command)
}

// watches tells whether a command is for who works on the sources: it waits for
// them to change, or for somebody to come in.
func watches(c *deploy.Command) bool {
	if c == nil {
		return false
	}
	words := make([]shell.Word, len(c.Words))
	var line []string
	for i, w := range c.Words {
		words[i] = shell.Word{Text: w.Text}
		line = append(line, w.Text)
	}
	if waits(strings.Join(line, " ")) {
		return true
	}
	program, args := wordsProgram(words)
	return develops(program, args, "")
}

// Watches tells whether a command is for who works on the sources, as npm run dev.
func Watches(c *shell.Command) bool {
	var line []string
	for _, w := range c.Words {
		line = append(line, w.Text)
	}
	program, args := c.Underlying()
	return waits(strings.Join(line, " ")) || develops(program, args, "")
}

// waits tells whether a command line is a watcher's. Most lines have none of its
// words, and the expression is slow.
func waits(line string) bool {
	for _, word := range []string{"watch", "reload", "--hot", " -w", "sleep infinity", "tail -", "entr ", "runserver"} {
		if strings.Contains(line, word) {
			return watcher.MatchString(line)
		}
	}
	return false
}

// watcher is a command that starts over when a file changes, or that does nothing
// until somebody comes in.
var watcher = regexp.MustCompile(`(?:^|\s)--(?:watch|reload|live-?reload|auto-?reload|hot)(?:\s|=|$)|(?:^|[\s;&|])(?:cargo|dotnet|tsx|tsc|bun|deno|webpack|rollup|esbuild) (?:.* )?(?:watch|-w|--watch)(?:\s|$)|^(?:.*[\s;&|])?(?:sleep infinity|tail -[fF] /dev/null)$|(?:^|[\s;&|])(?:watchexec|watchmedo|entr) |\bmanage\.py runserver\b`)

// develops tells whether a program with these arguments is for development.
// script is what a package manager runs by them; "" = not known.
func develops(program string, args []shell.Word, script string) bool {
	server := knowledge.ServerOf(program)
	if server.Role == knowledge.Develops || len(args) > 0 && slices.Contains(server.Develops, args[0].Text) {
		return true
	}
	if knowledge.EcosystemOf(program) != "node" { // a package manager, which runs a script
		return false
	}
	for _, a := range args {
		if a.Text == "dev" || strings.HasPrefix(a.Text, "dev:") || a.Text == "develop" || a.Text == "watch" || strings.HasPrefix(a.Text, "watch:") || strings.HasSuffix(a.Text, ":dev") || strings.HasSuffix(a.Text, ":watch") {
			return true
		}
	}
	return developScript.MatchString(script)
}

// reloads says of an image that is built for nothing but who works on the sources what
// it starts: a program that starts another one over when a file changes. "" = it starts
// something else, a service does, or the config calls it a product.
func (b *Build) reloads() string {
	if role, _ := b.Config.role(b.Path); role == roleProduct {
		return ""
	}
	for _, s := range b.Services {
		if s.Command != nil || s.Entrypoint != nil {
			return ""
		}
	}
	program, args := b.launched()
	server := knowledge.ServerOf(program)
	if server.Reloads || len(args) > 0 && args[0].Text == "watch" && slices.Contains(server.Develops, "watch") {
		return "it starts " + program + ", which starts the program over when a file changes"
	}
	return ""
}

// packs says of an image that packages are built in, and that nobody runs, by what it is
// known: the tools in it, and that it serves nobody, or the name of its Dockerfile, and that
// it starts nothing. "" = it may be run.
func (b *Build) packs() string {
	if role, _ := b.Config.role(b.Path); role == roleProduct || serviceBase(b.Target) {
		return ""
	}
	if !b.project.pushed[b.Path] && b.Role() != Serves {
		for in := range b.Installs() {
			for _, p := range in.Packages {
				if in.System && in.When == shell.Always && knowledge.PackagingTools.Has(p.Name) {
					return "it has " + p.Name + ", with which packages are built"
				}
			}
		}
	}
	if starts(b.Target) || !slices.Contains(parts(path.Base(b.Path)), "build") {
		return ""
	}
	return "the file name contains \"build\", and it starts nothing"
}

// aside says of an image that starts nothing why it does not ship: CI publishes others,
// and nothing in the project builds this one, runs it, or is based on it. "" = it may be
// part of what ships.
func (t *targeting) aside(b *Build) string {
	dir := path.Dir(b.Path)
	if role, _ := b.Config.role(b.Path); role == roleProduct || t.unit.Named || dir == "." || len(t.recipes) > 0 || len(t.project.pushed) == 0 {
		return ""
	}
	if _, ok := t.project.hinted[b.Path]; ok || starts(b.Target) || serviceBase(b.Target) || len(b.Workloads())+len(b.RunBy()) > 0 {
		return ""
	}
	isBase := func(name string) bool { return slices.Contains(parts(path.Base(name)), "base") }
	if isBase(b.Path) || isBase(dir) || b.userOfFolder() != "" {
		return ""
	}
	for other := range t.project.pushed {
		if path.Dir(other) == dir {
			return "" // another form of it, which something else may start
		}
	}
	return "it starts nothing, and nothing in the project builds it, while CI publishes other images"
}

// standsIn says of an image that answers nobody, in a folder of its own, that nothing but the
// tests of the project builds it: it plays a part in them. "" = it may be what they test.
func (t *targeting) standsIn(b *Build) string {
	if role, _ := b.Config.role(b.Path); role == roleProduct || t.unit.Named || path.Dir(b.Path) == "." || len(t.recipes) == 0 {
		return ""
	}
	if _, ok := t.project.hinted[b.Path]; ok || t.published() || t.runs(b) {
		return ""
	}
	if !slices.ContainsFunc(t.recipes, func(r recipe) bool { return r.development == "" || len(r.services) == 0 }) {
		if other := t.project.shippedBeside(b.Path); other != "" {
			return "nothing but " + t.recipes[0].services[0].File.File.Name + " builds it, which is for development, and CI builds " + other
		}
	}
	if slices.ContainsFunc(t.recipes, func(r recipe) bool { return !r.tests }) || b.Role() == Serves {
		return ""
	}
	return "nothing but " + t.recipes[0].services[0].File.File.Name + " builds it, which is for tests, and it serves nobody there"
}

// shippedBeside is another Dockerfile of the same folder that CI builds as a whole, under a
// name; "" = there is none.
func (p *Snapshot) shippedBeside(name string) string {
	for _, other := range sortedKeys(p.composed) {
		if other == name || path.Dir(other) != path.Dir(name) || p.development(other, Dockerfile) != "" {
			continue
		}
		if slices.ContainsFunc(p.composed[other], func(r recipe) bool {
			return r.by != "" && r.development == "" && len(r.services) == 0 && len(r.images)+len(r.repos) > 0
		}) {
			return other
		}
	}
	return ""
}

// Development says why the unit does not ship, so that all that is found in it is
// worth a note; "" = it ships.
func (b *Build) Development() string { return b.development }

// Aside tells whether a place lies in a service of Compose that is started only by a profile
// for development: test, dev-tools. Nobody ships that, whatever the other services do.
func (b *Build) Aside(file *text.File, at text.Span) bool {
	if b.Compose == nil || file != b.Compose.File {
		return false
	}
	for _, s := range b.Compose.Services {
		if at.Start < s.Span.Start || at.End > s.Span.End || len(s.Profiles) == 0 {
			continue
		}
		return !slices.ContainsFunc(s.Profiles, func(v deploy.Value) bool {
			return !slices.ContainsFunc(parts(v.Text), func(w string) bool { return knowledge.DevStageWords.Has(w) || knowledge.DevModes.Has(w) })
		})
	}
	return false
}

// purpose says why what a recipe makes does not ship; "" = it does. What people
// reach ships, whatever the names of its stage, file and folder; a file for
// development makes nothing that ships.
//
// doubt is why it may not ship all the same: what is built has to be looked at.
func (t *targeting) purpose(r recipe, target *Stage) (why, doubt string) {
	switch {
	case r.development != "":
		return r.development, ""
	case len(r.services) > 0 && watches(r.services[0].Command):
		return "the service " + r.services[0].Name.Text + " runs a development command", ""
	}
	named := t.development
	if named != "" && r.releases(t.unit.Path) {
		named = ""
	}
	strong := named
	if devStage(target.Name) {
		named = "the stage is named " + target.Name
		if !weakStage(target.Name) {
			strong = named
		}
	}
	if len(r.services) == 0 || !serves(r.services[0]) {
		return named, ""
	}
	if strong != "" && mounts(r.services[0], r.context) {
		return strong, ""
	}
	return "", named
}

// releases tells whether CI publishes what a Dockerfile makes that is named after the CI
// and nothing else for development, under names that do not say that it is.
func (r *recipe) releases(file string) bool {
	dir := path.Dir(file)
	if !r.pushed || len(r.images)+len(r.repos) == 0 || devFolder(dir) != "" {
		return false
	}
	for _, w := range parts(path.Base(file)) {
		if w != "ci" && knowledge.DevFileParts.Has(w) {
			return false
		}
	}
	return !slices.ContainsFunc(slices.Concat(r.images, r.repos), func(name string) bool {
		last := strings.ReplaceAll(path.Base(name), ":", "-")
		return slices.ContainsFunc(parts(last), func(w string) bool {
			return knowledge.DevFileParts.Has(w) || knowledge.LocalTags.Has(w) || w == "cache"
		})
	})
}

// mounts tells whether a service lays a folder of its build context over what the
// image holds, as who works on the sources does.
func mounts(s *Service, context string) bool {
	dir := path.Dir(s.File.File.Name)
	for _, v := range s.Volumes {
		src := v.Source.Text
		if !strings.HasPrefix(src, ".") || v.Source.Unresolved {
			continue
		}
		src = path.Join(dir, src)
		if src == context || context == "." || strings.HasPrefix(src, context+"/") {
			return true
		}
	}
	return false
}

// unnamed is why a last stage does not ship where no other stage does.
func unnamed(s *Stage) string { return "the stage is named " + s.Ref() }
