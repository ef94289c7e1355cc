package source

import (
	"bytes"
	"path"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/dockworthy/dockworthy/internal/getopt"
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
// docker/build-push-action, and docker build in scripts.
func (p *Snapshot) openCI() {
	for _, name := range p.ciFiles() {
		file, err := p.files.read(name, maxWorkflow)
		if err != nil || !bytes.Contains(file.Data, []byte("build")) ||
			!bytes.Contains(file.Data, []byte("build-push-action")) && !bytes.Contains(file.Data, []byte("docker ")) && !bytes.Contains(file.Data, []byte("podman ")) && !bytes.Contains(file.Data, []byte("buildah ")) {
			continue
		}
		root := yamlNode(file.Data)
		if root == nil {
			continue
		}
		r := &ciReader{project: p, name: name}
		r.nodes.Left = maxCINodes
		r.walk(root)
	}
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
}

// walk goes through all nodes once; aliases are not followed, for what they name
// is looked at where it stands.
func (r *ciReader) walk(n *yaml.Node) {
	if !r.nodes.Spend(1) {
		return
	}
	if n.Kind == yaml.MappingNode {
		step := fields(n)
		if uses := step["uses"]; uses != nil && strings.HasPrefix(uses.Value, "docker/build-push-action@") {
			r.action(fields(step["with"]))
		}
		for _, key := range []string{"run", "script", "before_script"} {
			r.script(step[key], scalar(step["working-directory"]))
		}
	}
	for _, c := range n.Content {
		r.walk(c)
	}
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

// action is a step of docker/build-push-action.
// Source: github.com/docker/build-push-action, inputs.
func (r *ciReader) action(with map[string]*yaml.Node) {
	b := ciBuild{context: scalar(with["context"]), file: scalar(with["file"]), target: scalar(with["target"])}
	b.args, b.contexts = pairsOf(scalar(with["build-args"])), pairsOf(scalar(with["build-contexts"]))
	for line := range strings.Lines(scalar(with["tags"])) {
		b.tags = append(b.tags, strings.TrimSpace(line))
	}
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
	if !strings.Contains(src, "build") && !strings.Contains(src, "bud") {
		return
	}
	// An expression of the workflow is some text.
	s := shell.Parse(shell.Input{Src: ciExpression.ReplaceAll([]byte(src), []byte("$CI")), Shell: "bash"})
	for _, c := range s.Commands {
		if c.When != shell.Never {
			r.command(c, dir)
		}
	}
}

// command is one command of a script, where it builds an image.
// Source: docs.docker.com/reference/cli/docker/buildx/build.
func (r *ciReader) command(c *shell.Command, dir string) {
	program, args := c.Underlying()
	verbs := map[string][]string{"docker": {"build"}, "podman": {"build"}, "buildah": {"build", "bud"}}[program]
	if program == "docker" && len(args) > 0 && (args[0].Text == "buildx" || args[0].Text == "image" || args[0].Text == "builder") {
		args = args[1:]
	}
	if len(args) == 0 || len(verbs) == 0 || args[0].Text != verbs[0] && args[0].Text != verbs[len(verbs)-1] {
		return
	}
	o := getopt.Split(args[1:], false, ciValueFlags...)
	if len(o.Operands) != 1 {
		return
	}
	if c.Dir != "" && c.Dir != "." {
		dir = path.Join(dir, c.Dir)
	}
	b := ciBuild{context: path.Join(dir, o.Operands[0].Text), target: o.Get("--target").Text, args: map[string]string{}, contexts: map[string]string{}}
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
		case "-t", "--tag":
			b.tags = append(b.tags, f.Value.Text)
		}
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
	tags                  []string
}

// ciRecipe takes a build over whose words are literal; an argument that is not is
// left out.
func (p *Snapshot) ciRecipe(name string, b ciBuild) {
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
	r := recipe{target: b.target, context: root, args: map[string]string{}, contexts: map[string]string{}, folders: map[string]string{}, by: name}
	for key, v := range b.args {
		if isLiteral(v) && isLiteral(key) {
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
	}
	p.composed[file] = append(p.composed[file], r)
}
