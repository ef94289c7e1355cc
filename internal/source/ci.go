package source

import (
	"bytes"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/dockworthy/dockworthy/internal/getopt"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/meter"
	"github.com/dockworthy/dockworthy/internal/shell"
)

// How much of CI files is looked at.
const (
	maxWorkflows = 200
	maxWorkflow  = 512 << 10
	maxCINodes   = 50_000 // of one file
)

// ciFiles are the workflows of GitHub and the pipeline of GitLab at the root of the
// project.
func (p *Snapshot) ciFiles() (list []string) {
	const workflows = ".github/workflows"
	entries, err := p.files.list(workflows)
	if err == nil {
		for _, e := range entries[:min(len(entries), maxWorkflows)] {
			if ext := path.Ext(e.Name()); !e.IsDir() && (ext == ".yml" || ext == ".yaml") {
				list = append(list, path.Join(workflows, e.Name()))
			}
		}
	}
	return append(list, ".gitlab-ci.yml")
}

// openCI takes the builds that CI files name with literal words: steps of
// docker/build-push-action and its like, and docker build in scripts.
func (p *Snapshot) openCI() {
	calls := &ciCalls{trees: map[string]*yaml.Node{}}
	calls.left.Left = maxUses
	for _, name := range p.ciFiles() {
		file, err := p.files.read(name, maxWorkflow)
		if err != nil || !mayBuild(file.Data) {
			continue
		}
		root, read := calls.trees[name]
		if !read {
			root = yamlNode(file.Data)
			calls.trees[name] = root
		}
		if root == nil {
			continue
		}
		r := &ciReader{project: p, name: name, calls: calls}
		r.nodes.Left = maxCINodes
		r.walk(root)
	}
}

// mayBuild tells whether a CI file may build an image, or start what does, by a glance
// at its words.
func mayBuild(data []byte) bool {
	has := func(word string) bool { return bytes.Contains(data, []byte(word)) }
	return has("uses: ./") || has(" run ") || has("node --run ") || has("build") && (has("build-push-action") || has("actions-docker-build") || has("docker ") || has("podman ") || has("buildah ") || has(".sh"))
}

// yamlNode is a YAML document; nil where it is none. What the parser cannot take is
// no reason to stop.
func yamlNode(data []byte) (n *yaml.Node) {
	defer func() {
		if recover() != nil {
			n = nil
		}
	}()
	n = &yaml.Node{}
	if yaml.Unmarshal(data, n) != nil {
		return nil
	}
	return n
}

// A ciReader looks for builds in one file.
type ciReader struct {
	project *Snapshot
	name    string
	nodes   meter.Meter
	job     job // in which the walk is
	calls   *ciCalls
	depth   int // of workflows and actions that use each other
}

// A job is what stands around the steps of a CI file.
type job struct {
	matrix map[string]string   // one row of the matrix, by NAME and NAME.FIELD
	env    map[string]string   // with literal values
	inputs map[string]string   // of a workflow or action that is used, with literal values
	names  map[string][]string // of images, by the id of the metadata-action that makes their tags
	tagged map[string][]string // the same with those of the tags that are literal
}

// walk goes through all nodes; aliases are not followed, for what they name is looked
// at where it stands. The steps of a job are gone through once for each row of its
// matrix.
func (r *ciReader) walk(n *yaml.Node) {
	if !r.nodes.Spend(1) {
		return
	}
	if n.Kind != yaml.MappingNode {
		for _, c := range n.Content {
			r.walk(c)
		}
		return
	}
	step := fields(n)
	outer := r.job
	defer func() { r.job = outer }()
	rows := r.rows(step)
	if len(rows) > 1 && !r.builds(n) {
		rows = rows[:1]
	}
	for _, row := range rows {
		r.job = outer
		if row != nil {
			r.job.matrix = row
		}
		r.environ(step["env"])
		r.environ(step["variables"])
		r.metadata(step["steps"])
		if uses := step["uses"]; uses != nil {
			if action, _, _ := strings.Cut(uses.Value, "@"); knowledge.BuildActions.Has(action) {
				r.action(action, step["with"])
			}
			r.call(uses.Value, step["with"])
		}
		for _, key := range []string{"run", "script", "before_script"} {
			r.script(step[key], r.text(step["working-directory"]))
		}
		for _, c := range n.Content {
			r.walk(c)
		}
	}
}

// builds tells whether a job seems to build an image, by a glance at its words.
func (r *ciReader) builds(n *yaml.Node) bool {
	if n.Kind == yaml.ScalarNode {
		return strings.Contains(n.Value, "build") && (strings.Contains(n.Value, "docker") || strings.Contains(n.Value, "podman") || strings.Contains(n.Value, "buildah") || strings.Contains(n.Value, "build-push-action"))
	}
	return r.nodes.Spend(1) && slices.ContainsFunc(n.Content, r.builds)
}

// environ takes the variables that stand at a workflow, a job or a step.
func (r *ciReader) environ(n *yaml.Node) {
	if n == nil || n.Kind != yaml.MappingNode {
		return
	}
	env := maps.Clone(r.job.env)
	if env == nil {
		env = map[string]string{}
	}
	for key, v := range fields(n) {
		if text := r.text(v); v.Kind == yaml.ScalarNode && isLiteral(text) {
			env[key] = text
		} else {
			delete(env, key)
		}
	}
	r.job.env = env
}

// metadata takes the names of images for which steps make tags, and the tags that do not
// hang on what is built.
// Source: github.com/docker/metadata-action, inputs.
func (r *ciReader) metadata(steps *yaml.Node) {
	if steps == nil {
		return
	}
	for _, n := range steps.Content {
		step := fields(n)
		if id := scalar(step["id"]); id != "" && strings.HasPrefix(scalar(step["uses"]), "docker/metadata-action@") {
			if r.job.names == nil {
				r.job.names, r.job.tagged = map[string][]string{}, map[string][]string{}
			}
			with := fields(step["with"])
			r.job.names[id], r.job.tagged[id] = strings.Fields(r.text(with["images"])), nil
			if flavor := r.text(with["flavor"]); strings.Contains(flavor, "prefix") || strings.Contains(flavor, "suffix") {
				continue
			}
			for _, tag := range rawTags(r.text(with["tags"])) {
				for _, name := range r.job.names[id] {
					r.job.tagged[id] = append(r.job.tagged[id], name+":"+tag)
				}
			}
		}
	}
}

// rawTags are those of the tags of a metadata-action that are written as they are to be.
// latest is for who pulls the image later: it says nothing of this one.
func rawTags(tags string) (raw []string) {
	for line := range strings.Lines(tags) {
		tag := strings.TrimSpace(line)
		if strings.Contains(tag, "=") {
			of := map[string]string{}
			for f := range strings.SplitSeq(tag, ",") {
				name, v, _ := strings.Cut(f, "=")
				of[name] = v
			}
			if of["type"] != "raw" {
				continue
			}
			tag = of["prefix"] + of["value"] + of["suffix"]
		}
		if tag != "" && tag != "latest" && isLiteral(tag) {
			raw = append(raw, tag)
		}
	}
	return raw
}

var (
	matrixValue = regexp.MustCompile(`\$\{\{\s*(matrix|env|inputs)\.([\w.-]+)\s*\}\}`)
	stepOutputs = regexp.MustCompile(`steps\.([\w-]+)\.outputs`)
)

// text is a scalar with the values of the matrix and of the environment.
func (r *ciReader) text(n *yaml.Node) string {
	s := scalar(n)
	if !strings.Contains(s, "${{") {
		return s
	}
	return matrixValue.ReplaceAllStringFunc(s, func(found string) string {
		m := matrixValue.FindStringSubmatch(found)
		from := r.job.env
		switch m[1] {
		case "matrix":
			from = r.job.matrix
		case "inputs":
			from = r.job.inputs
		}
		if v, ok := from[m[2]]; ok {
			return v
		}
		return found
	})
}

// fields are the entries of a mapping by their keys.
func fields(n *yaml.Node) map[string]*yaml.Node {
	m := map[string]*yaml.Node{}
	if n != nil && n.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(n.Content); i += 2 {
			m[n.Content[i].Value] = n.Content[i+1]
		}
	}
	return m
}

func scalar(n *yaml.Node) string {
	if n == nil || n.Kind != yaml.ScalarNode {
		return ""
	}
	return n.Value
}

// literal tells whether a text has no expression of the CI and no variable in it.
func isLiteral(s string) bool { return !strings.Contains(s, "$") && !strings.Contains(s, "{{") }

// action is a step of docker/build-push-action or its like.
// Source: github.com/docker/build-push-action, github.com/hashicorp/actions-docker-build:
// inputs.
func (r *ciReader) action(name string, inputs *yaml.Node) {
	with := fields(inputs)
	first := func(keys ...string) string {
		for _, key := range keys {
			if v := r.text(with[key]); v != "" {
				return v
			}
		}
		return ""
	}
	b := ciBuild{context: first("context", "workdir"), file: first("file", "dockerfile"), target: first("target")}
	b.args, b.contexts = pairsOf(first("build-args")), pairsOf(first("build-contexts"))
	b.defaults = pairsOf(scalar(with["build-args"]))
	tags := first("tags")
	for line := range strings.Lines(strings.ReplaceAll(tags, ",", "\n")) {
		b.tags = append(b.tags, strings.TrimSpace(line))
	}
	for _, m := range stepOutputs.FindAllStringSubmatch(tags, -1) {
		b.names = append(b.names, r.job.names[m[1]]...)
		b.tags = append(b.tags, r.job.tagged[m[1]]...)
	}
	if r.job.matrix != nil {
		b.step = inputs
	}
	outputs := first("outputs")
	b.outcome = outcomeOf(slices.DeleteFunc(strings.Split(outputs, "\n"), func(o string) bool { return strings.TrimSpace(o) == "" }))
	push := first("push")
	b.unnamed = path.Base(name) == "build-push-action" && tags == "" && outputs == "" && (push == "" || push == "false") && with["load"] == nil
	b.pushed = push != "" && push != "false" || strings.Contains(outputs, "push=true") || strings.Contains(outputs, "type=registry")
	if b.file == "" {
		b.file = path.Join(b.context, "Dockerfile")
	}
	r.project.ciRecipe(r.name, b)
}

// pairsOf are lines of NAME=value.
func pairsOf(s string) map[string]string {
	m := map[string]string{}
	for line := range strings.Lines(s) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			m[name] = value
		}
	}
	return m
}

var ciExpression = regexp.MustCompile(`\$\{\{[^}]*\}\}`)

// script is what a step runs: a text, or a list of lines.
func (r *ciReader) script(n *yaml.Node, dir string) {
	if n == nil || !isLiteral(dir) {
		return
	}
	src := n.Value
	for _, c := range n.Content {
		src += c.Value + "\n"
	}
	if !strings.Contains(src, "build") && !strings.Contains(src, "bud") && !strings.Contains(src, ".sh") && !strings.Contains(src, "run ") {
		return
	}
	src = r.text(&yaml.Node{Kind: yaml.ScalarNode, Value: src})
	lookup := func(name string) (string, bool) {
		if v, ok := r.job.env[name]; ok {
			return v, true
		}
		v, ok := r.job.matrix[name] // GitLab's are variables
		return v, ok
	}
	// An expression of the workflow is some text.
	pushes := strings.Contains(src, "docker push") || strings.Contains(src, "podman push") || strings.Contains(src, "buildah push")
	s := shell.Parse(shell.Input{Src: ciExpression.ReplaceAll([]byte(src), []byte("$CI_EXPRESSION")), Shell: "bash", Lookup: lookup})
	lists := arrays{}
	for _, c := range s.Commands {
		if c.When != shell.Never {
			lists.take(c)
			r.command(n, c, dir, pushes, lists)
			r.started(n, c, dir, lookup)
		}
	}
}

// arrays are the lists of words that a script has put together so far and not all of
// whose words are known, as written: args=(--push -t "$tag").
type arrays map[string]string

func (a arrays) take(c *shell.Command) {
	for _, as := range c.Assigns {
		switch {
		case as.Append:
			a[as.Name] += " " + as.Value.Text
		case !as.Value.Known:
			a[as.Name] = as.Value.Text
		}
	}
}

// spread puts the words of a list where a command names it: "${args[@]}".
func (a arrays) spread(args []shell.Word) []shell.Word {
	for i := 0; i < len(args); i++ {
		name, ok := strings.CutSuffix(strings.TrimPrefix(args[i].Text, "${"), "[@]}")
		if !ok || args[i].Known || a[name] == "" {
			continue
		}
		var list []shell.Word
		for _, f := range strings.Fields(a[name]) {
			list = append(list, shell.Word{Text: f, Known: !strings.Contains(f, "$"), Span: args[i].Span})
		}
		args = slices.Replace(slices.Clone(args), i, i+1, list...)
		i += len(list) - 1
	}
	return args
}

// command is one command of a script, where it builds an image. pushes tells that the
// script publishes one.
// Source: docs.docker.com/reference/cli/docker/buildx/build.
func (r *ciReader) command(step *yaml.Node, c *shell.Command, dir string, pushes bool, lists arrays) {
	program, args := c.Underlying()
	verbs := map[string][]string{"docker": {"build"}, "podman": {"build"}, "buildah": {"build", "bud"}}[program]
	if program == "docker" && len(args) > 0 && (args[0].Text == "buildx" || args[0].Text == "image" || args[0].Text == "builder") {
		args = args[1:]
	}
	if len(args) == 0 || len(verbs) == 0 || args[0].Text != verbs[0] && args[0].Text != verbs[len(verbs)-1] {
		return
	}
	o := getopt.Split(lists.spread(args[1:]), false, ciValueFlags...)
	if len(o.Operands) != 1 {
		return
	}
	if c.Dir != "" && c.Dir != "." {
		dir = path.Join(dir, c.Dir)
	}
	b := ciBuild{step: step, context: path.Join(dir, o.Operands[0].Text), target: o.Get("--target").Text, args: map[string]string{}, contexts: map[string]string{}}
	if strings.Contains(o.Operands[0].Text, "://") || !o.Operands[0].Known || o.Operands[0].Text == "-" {
		return
	}
	b.file = path.Join(b.context, "Dockerfile")
	for _, flag := range []string{"-f", "--file"} {
		if f := o.Get(flag); f.Text != "" {
			b.file = path.Join(dir, f.Text)
			if !f.Known || f.Text == "-" {
				return
			}
		}
	}
	b.pushed = pushes
	b.unnamed = !c.Substitution && !o.Has("-t", "--tag", "--push", "--load", "-o", "--output", "--iidfile")
	var outputs []string
	for _, f := range o.Flags {
		name, value, ok := strings.Cut(f.Value.Text, "=")
		switch f.Name {
		case "--build-arg":
			if ok {
				b.args[name] = value
			}
		case "--build-context":
			if ok {
				b.contexts[name] = value
			}
		case "--push":
			b.pushed = true
			outputs = append(outputs, "type=registry")
		case "--load":
			outputs = append(outputs, "type=docker")
		case "-o", "--output":
			outputs = append(outputs, f.Value.Text)
		case "-t", "--tag":
			b.tags = append(b.tags, f.Value.Text)
		}
	}
	b.outcome = outcomeOf(outputs)
	if r.job.matrix == nil {
		b.step = nil
	}
	r.project.ciRecipe(r.name, b)
}

// ciValueFlags have a value behind them.
var ciValueFlags = []string{"-f", "--file", "-t", "--tag", "--target", "--build-arg", "--build-context", "--platform", "--cache-from", "--cache-to", "--secret", "--ssh", "--label", "--output", "-o", "--progress", "--network", "--builder", "--iidfile", "--metadata-file", "--provenance", "--sbom", "--attest", "--annotation", "--allow", "--add-host", "--shm-size", "--ulimit", "-m", "--memory"}

// A ciBuild is a build that a CI file names. Its paths are relative to the root of
// the project.
type ciBuild struct {
	context, file, target string
	args, contexts        map[string]string
	defaults              map[string]string // args as they are written, before the values of a matrix
	tags                  []string
	names                 []string   // of images, to which tags are added
	step                  *yaml.Node // of a job with a matrix
	pushed                bool       // it is published
	unnamed               bool       // it gets no name, and nobody gets it
	outcome               outcome
}

// ciRecipe takes a build over whose words are literal; an argument that is not is
// left out.
func (p *Snapshot) ciRecipe(name string, b ciBuild) {
	p.hint(b)
	if !isLiteral(b.context) || !isLiteral(b.file) || !isLiteral(b.target) || strings.Contains(b.context, "://") || strings.HasPrefix(b.context, "/") {
		return
	}
	root, file := path.Join(".", b.context), path.Join(".", b.file)
	if strings.HasPrefix(root, "..") || strings.HasPrefix(file, "..") {
		return
	}
	if _, err := p.files.stat(file); err != nil {
		return
	}
	if b.pushed {
		p.pushed[file] = true
	}
	if _, err := p.files.stat(root); err != nil {
		root = made
	}
	r := recipe{target: b.target, context: root, pushed: b.pushed, unnamed: b.unnamed, outcome: b.outcome, args: map[string]string{}, contexts: map[string]string{}, folders: map[string]string{}, by: name}
	for key, v := range b.args {
		switch was, ok := b.defaults[key]; {
		case !isLiteral(key):
		case !isLiteral(v):
			r.given = append(r.given, key)
		case ok && was != v && p.hasDefault(file, key): // one of several values, and none is the product's
		default:
			r.args[key] = v
		}
	}
	for key, v := range b.contexts {
		if isLiteral(v) && isLiteral(key) {
			r.contexts[key], r.folders[key] = v, v
			if !strings.Contains(v, ":") {
				r.folders[key] = path.Join(".", v)
			}
		}
	}
	for _, t := range b.tags {
		if t != "" && isLiteral(t) {
			r.images = append(r.images, t)
			p.baked[familiar(t)] = file
		}
		b.names = append(b.names, t)
	}
	for _, n := range b.names {
		repo := repoOf(n)
		switch last := path.Base(repo); {
		case repo == "" || repo == ".":
		case isLiteral(repo):
			p.repos[repo] = file
			r.repos = append(r.repos, repo)
		case isLiteral(last) && !strings.ContainsAny(last, "{} "):
			r.repos = append(r.repos, anywhere+last)
		}
	}
	r.development = r.discarded()
	list := p.composed[file]
	for i := range list[max(0, len(list)-maxAlike):] { // of the same step by another row of the matrix
		if o := &list[max(0, len(list)-maxAlike)+i]; b.step != nil && o.step == b.step && o.target == r.target && o.context == r.context {
			o.images, o.repos = append(o.images, r.images...), append(o.repos, r.repos...)
			o.unnamed, o.outcome = o.unnamed && r.unnamed, min(o.outcome, r.outcome)
			return
		}
	}
	r.step = b.step
	for i := range list[:min(len(list), maxAlike)] { // what Compose or Bake builds alike, with arguments besides
		o := &list[i]
		if o.target != r.target || o.context != r.context || o.development != "" || o.step != nil || len(o.services) == 0 && o.by == name || len(r.contexts) > 0 || len(o.services) > 0 && watches(o.services[0].Command) {
			continue
		}
		if subset(r.args, o.args) {
			o.images, o.repos = append(o.images, r.images...), append(o.repos, r.repos...)
			o.unnamed, o.outcome = o.unnamed && r.unnamed, min(o.outcome, r.outcome)
			return
		}
	}
	p.composed[file] = append(p.composed[file], r)
}

// hint notes the context of a build whose file or target is worked out by an
// expression, for all Dockerfiles that the literal words around it can name.
func (p *Snapshot) hint(b ciBuild) {
	if isLiteral(b.file) && isLiteral(b.target) || strings.Contains(b.context, "://") || strings.HasPrefix(b.context, "/") || strings.ContainsAny(b.file, "*?[\\") {
		return
	}
	beside := ""
	if !isLiteral(b.context) { // ./services/${{ matrix.name }}, and its Dockerfile
		var ok bool
		if beside, ok = strings.CutPrefix(path.Join(".", b.file), path.Join(".", b.context)+"/"); !ok || !isLiteral(beside) {
			return
		}
	}
	file := path.Join(".", ciExpression.ReplaceAllString(b.file, "*"))
	if !isLiteral(file) || strings.HasPrefix(file, "..") || strings.Trim(file, "*/") == "" || strings.Count(file, "*") > 3 {
		return
	}
	names, err := fs.Glob(p.files.fsys, file)
	if err != nil {
		return
	}
	for _, name := range names[:min(len(names), maxHinted)] {
		if !IsDockerfileName(path.Base(name)) {
			continue
		}
		root := path.Join(".", b.context)
		if beside != "" {
			root = path.Join(".", strings.TrimSuffix(name, path.Join("/", beside)))
		}
		if strings.HasPrefix(root, "..") {
			continue
		}
		if b.pushed {
			p.pushed[name] = true
		}
		if was, ok := p.hinted[name]; ok && was != root {
			root = ""
		}
		p.hinted[name] = root
	}
}

// maxHinted is how many Dockerfiles an expression is taken to name.
const maxHinted = 100

// maxAlike is how many builds of a Dockerfile are compared with another one.
const maxAlike = 128

// subset tells whether all entries of a map stand in another one.
func subset(m, of map[string]string) bool {
	for key, v := range m {
		if have, ok := of[key]; !ok || have != v {
			return false
		}
	}
	return true
}

// hasDefault tells whether a Dockerfile gives an argument a value, by a glance at
// its lines.
func (p *Snapshot) hasDefault(file, arg string) bool {
	f, err := p.files.read(file, maxFile)
	return err == nil && bytes.Contains(f.Data, []byte("ARG "+arg+"="))
}

// anywhere is what stands before the last element of an image's name where CI works
// out the rest.
const anywhere = "*/"

// repoOf is an image's name without its tag, as Docker calls it.
func repoOf(image string) string {
	image, _, _ = strings.Cut(image, "@")
	if i := strings.LastIndexByte(image, ':'); i > strings.LastIndexByte(image, '/') {
		image = image[:i]
	}
	return familiar(image)
}
