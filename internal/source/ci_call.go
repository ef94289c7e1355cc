package source

import (
	"bytes"
	"maps"
	"path"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/dockworthy/dockworthy/internal/meter"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source/manifest"
)

// How many workflows, actions and scripts of the project the steps of its CI files
// start, and how deep in each other.
const (
	maxUses     = 200
	maxUseDepth = 3
)

// ciCalls is what the CI files of a project start, read once each.
type ciCalls struct {
	left  meter.Meter
	trees map[string]*yaml.Node // by the file's name; nil where it is no YAML
}

// call goes through a workflow or an action of the project that a job or a step uses,
// with what it is given.
// Source: docs.github.com/actions: reusing workflows, metadata syntax for actions.
func (r *ciReader) call(uses string, with *yaml.Node) {
	name, ok := strings.CutPrefix(uses, "./")
	if name = path.Clean(name); !ok || r.depth >= maxUseDepth || strings.HasPrefix(name, "..") {
		return
	}
	if ext := path.Ext(name); ext == ".yml" || ext == ".yaml" {
		r.called(name, with, false)
		return
	}
	for _, base := range []string{"action.yml", "action.yaml"} {
		if r.called(path.Join(name, base), with, true) {
			return
		}
	}
}

// called goes through one such file; ok is false where there is none.
func (r *ciReader) called(name string, with *yaml.Node, action bool) (ok bool) {
	if !r.calls.left.Spend(1) {
		return true
	}
	root, read := r.calls.trees[name]
	if !read {
		file, err := r.project.files.read(name, maxWorkflow)
		if err != nil {
			return false
		}
		root = yamlNode(file.Data)
		r.calls.trees[name] = root
	}
	if root == nil || len(root.Content) == 0 {
		return true
	}
	top := fields(root.Content[0])
	declared := fields(top["inputs"])
	if !action {
		declared = fields(fields(fields(top["on"])["workflow_call"])["inputs"])
	}
	given := fields(with)
	inputs := map[string]string{}
	for key, n := range declared {
		value, ok := given[key]
		if !ok {
			value = fields(n)["default"]
		}
		if text := r.text(value); isLiteral(text) {
			inputs[key] = text
		}
	}
	was, outer := r.name, r.job
	r.name, r.job = name, job{inputs: inputs}
	if action {
		r.job.env = maps.Clone(outer.env)
	}
	r.depth++
	r.walk(root)
	r.depth--
	r.name, r.job = was, outer
	return true
}

// started reads a script of the project that a step starts, by its file or by its name in
// a package.json, and takes the builds in it.
func (r *ciReader) started(step *yaml.Node, c *shell.Command, dir string, lookup func(string) (string, bool)) {
	if len(c.Words) == 0 {
		return
	}
	if name := scriptName(c); name != "" {
		r.named(step, name, path.Join(dir, c.Dir), lookup, 0)
		return
	}
	word := c.Words[0]
	if program, args := c.Underlying(); (program == "bash" || program == "sh") && len(args) > 0 && !strings.HasPrefix(args[0].Text, "-") {
		word = args[0]
	}
	name := path.Join(dir, c.Dir, word.Text)
	if !word.Known || !strings.HasSuffix(word.Text, ".sh") || path.IsAbs(word.Text) || path.IsAbs(c.Dir) || strings.HasPrefix(name, "..") || !r.calls.left.Spend(1) {
		return
	}
	file, err := r.project.files.read(name, maxBuilder)
	if err != nil || !bytes.Contains(file.Data, []byte("build")) {
		return
	}
	dir = path.Join(dir, c.Dir)
	for _, c := range r.commands(step, file.Data, dir, lookup) {
		if name := scriptName(c); name != "" {
			r.named(step, name, path.Join(dir, c.Dir), lookup, 0)
		}
	}
}

// commands takes the builds in a script, and gives what it runs.
func (r *ciReader) commands(step *yaml.Node, src []byte, dir string, lookup func(string) (string, bool)) (run []*shell.Command) {
	pushes := bytes.Contains(src, []byte("docker push")) || bytes.Contains(src, []byte("podman push"))
	lists := arrays{}
	for _, c := range shell.Parse(shell.Input{Src: src, Shell: "bash", Lookup: lookup}).Commands {
		if c.When != shell.Never {
			lists.take(c)
			r.command(step, c, dir, pushes, lists)
			run = append(run, c)
		}
	}
	return run
}

// named takes the builds in a script of the package.json of a folder, and in those that
// it starts.
func (r *ciReader) named(step *yaml.Node, script, dir string, lookup func(string) (string, bool), depth int) {
	if path.IsAbs(dir) || strings.HasPrefix(dir, "..") || depth >= maxUseDepth || !r.calls.left.Spend(1) {
		return
	}
	file, err := r.project.files.read(path.Join(dir, "package.json"), maxBuilder)
	if err != nil {
		return
	}
	p, err := manifest.ParsePackageJSON(file.Data)
	if err != nil || p.Scripts[script] == "" {
		return
	}
	for _, c := range r.commands(step, []byte(p.Scripts[script]), dir, lookup) {
		if name := scriptName(c); name != "" {
			r.named(step, name, path.Join(dir, c.Dir), lookup, depth+1)
		}
	}
}

// scriptName is the script of a package.json that a command runs; "" = it runs none by
// literal words.
// Source: docs.npmjs.com: npm run; nodejs.org/api/cli: --run; pnpm.io, yarnpkg.com,
// bun.com: run.
func scriptName(c *shell.Command) string {
	program, args := c.Underlying()
	if len(args) < 2 || !args[0].Known || !args[1].Known {
		return ""
	}
	switch verb := args[0].Text; program {
	case "npm", "pnpm", "yarn", "bun":
		if verb == "run" || program == "npm" && verb == "run-script" {
			return args[1].Text
		}
	case "node":
		if verb == "--run" {
			return args[1].Text
		}
	}
	return ""
}
