package pin

import (
	"io/fs"
	"path"
	"strings"

	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/deploy"
	"github.com/dockworthy/dockworthy/text"
)

// imageScheme is how builders name an image as a build context.
const imageScheme = "docker-image://"

// none is a lookup where there are no variables.
func none(string) (variable, bool) { return variable{}, false }

// composeEnv is a lookup of the variables that a Compose file knows.
func composeEnv(c *deploy.Compose) func(string) (variable, bool) {
	return func(name string) (variable, bool) {
		v, ok := c.Env[name]
		return variable{value: v, set: ok, from: "the .env file or the environment"}, ok
	}
}

// compose finds the images of a Compose file.
func (f *finder) compose(b *source.Build) {
	file := f.file(b.Path)
	if file == nil {
		return
	}
	allowed := func(at text.Span) *source.Allow { return f.allowed([]*source.Build{b}, file, at) }
	env := composeEnv(b.Compose)
	for _, s := range b.Compose.Services {
		if v := s.Image; v.Set && s.Build == nil {
			u := &Use{File: file, Span: v.Span, What: "image of the service " + s.Name.Text, Written: v.Raw}
			switch {
			case v.Unresolved:
				u.Why = "$" + strings.Join(v.Vars, ", $") + " has no value in the project"
			case b.MadeHere(v.Text):
				u.Why = "the project builds it itself"
			}
			if u.Why != "" {
				f.out.Uses = append(f.out.Uses, u)
			} else {
				f.single(u, v.Text, word{v.Raw, file, v.Span.End}.quoted(), env, allowed)
			}
		}
		if s.Build == nil {
			continue
		}
		for _, kv := range s.Build.AdditionalContexts {
			value, ok := strings.CutPrefix(kv.Value.Text, imageScheme)
			if !ok || !kv.Value.Set || kv.Value.Unresolved {
				continue
			}
			u := &Use{File: file, Span: kv.Value.Span, What: "build context " + kv.Key.Text + " of the service " + s.Name.Text, Written: kv.Value.Raw}
			f.single(u, value, word{kv.Value.Raw, file, kv.Value.Span.End}.quoted(), env, allowed)
		}
	}
}

// quoted is a word of YAML, whose raw text has no quotes, with those of the file.
func (w word) quoted() word {
	if w.end > 0 && w.end <= len(w.file.Data) {
		if q := w.file.Data[w.end-1]; q == '"' || q == '\'' {
			w.raw += string(q)
		}
	}
	return w
}

// composeArgs notes the build arguments that a Compose file gives.
func (f *finder) composeArgs(b *source.Build) {
	if !f.within(b.Path) {
		return
	}
	file := f.file(b.Path)
	if file == nil {
		return
	}
	for _, s := range b.Compose.Services {
		if s.Build == nil {
			continue
		}
		for _, kv := range s.Build.Args {
			if v := kv.Value; kv.HasValue && v.Set && !v.Unresolved && !strings.Contains(v.Raw, "$") {
				f.given[kv.Key.Text] = append(f.given[kv.Key.Text], gift{v.Text, word{v.Raw, file, v.Span.End}.quoted()})
			}
		}
	}
}

// kubernetes finds the images of a manifest.
func (f *finder) kubernetes(b *source.Build) {
	file := f.file(b.Path)
	if file == nil {
		return
	}
	for _, w := range b.Kubernetes.Workloads {
		for _, c := range w.Containers {
			v := c.Image
			if !v.Set {
				continue
			}
			u := &Use{File: file, Span: v.Span, What: "image of the container " + c.Name.Text, Written: v.Raw}
			switch {
			case b.Kustomized(w.Name.Text, v.Text):
				u.Why = "a kustomization sets its version"
			case b.MadeHere(v.Text):
				u.Why = "the project builds it itself"
			case strings.Contains(v.Raw, "$"):
				u.Why = "it has a variable that something else replaces"
			}
			if u.Why != "" {
				f.out.Uses = append(f.out.Uses, u)
				continue
			}
			f.single(u, v.Text, word{v.Raw, file, v.Span.End}.quoted(), none, func(at text.Span) *source.Allow { return f.allowed([]*source.Build{b}, file, at) })
		}
	}
}

const workflowFolder = ".github/workflows"

// workflowsIn are the workflows of a folder that is a repository, or the folder of
// them.
func (f *finder) workflowsIn(dir string) (list []string) {
	for _, at := range []string{path.Join(dir, workflowFolder), dir} {
		if at == dir && !strings.HasSuffix("/"+dir, "/"+workflowFolder) {
			continue
		}
		entries, err := fs.ReadDir(f.fsys, at)
		if err != nil {
			continue
		}
		for _, e := range entries {
			if name := path.Join(at, e.Name()); !e.IsDir() && isWorkflow(name) {
				list = append(list, name)
			}
		}
	}
	return list
}

func isWorkflow(name string) bool {
	ext := path.Ext(name)
	return (ext == ".yml" || ext == ".yaml") && strings.HasSuffix("/"+path.Dir(name), "/"+workflowFolder)
}

func isAction(name string) bool {
	b := path.Base(name)
	return b == "action.yml" || b == "action.yaml"
}

// workflow finds the images of a workflow or an action of GitHub: those that jobs run
// in, those beside them, and those that steps are.
// Source: docs.github.com, workflow syntax: jobs.<id>.container, jobs.<id>.services,
// jobs.<id>.steps[*].uses; metadata syntax: runs.image.
func (f *finder) workflow(name string) {
	file := f.file(name)
	if file == nil {
		return
	}
	f.out.Files++
	allows := source.AllowsIn(file)
	err := deploy.Scalars(file, func(keys []string, v deploy.Value) {
		what, scheme := workflowImage(keys)
		if what == "" || !v.Set || v.Text == "" {
			return
		}
		value, ok := strings.CutPrefix(v.Text, "docker://")
		if scheme && !ok {
			return // an action of a repository, or a Dockerfile
		}
		u := &Use{File: file, Span: v.Span, What: what, Written: v.Raw}
		if strings.Contains(v.Raw, "${{") {
			u.Why = "it has an expression that is worked out when the workflow runs"
			f.out.Uses = append(f.out.Uses, u)
			return
		}
		f.single(u, value, word{v.Raw, file, v.Span.End}.quoted(), none, func(at text.Span) *source.Allow { return f.covers(allows, at) })
	})
	if err != nil {
		f.problem(name, err)
	}
}

// covers is the suppression that covers a place of a file that is no unit.
func (f *finder) covers(allows []*source.Allow, at text.Span) *source.Allow {
	for _, a := range allows {
		for _, id := range append(checks, "pinned-base") {
			if a.Covers(id, at, f.opt.AsOf) {
				return a
			}
		}
	}
	return nil
}

// workflowImage tells what the scalar is to which keys lead; scheme tells that it is an
// image only behind docker://. "" = it is none.
func workflowImage(keys []string) (what string, scheme bool) {
	last := keys[len(keys)-1]
	switch {
	case len(keys) == 3 && keys[0] == "jobs" && last == "container", len(keys) == 4 && keys[0] == "jobs" && keys[2] == "container" && last == "image":
		return "container of the job " + keys[1], false
	case len(keys) == 5 && keys[0] == "jobs" && keys[2] == "services" && last == "image":
		return "service " + keys[3] + " of the job " + keys[1], false
	case len(keys) == 5 && keys[0] == "jobs" && keys[2] == "steps" && last == "uses":
		return "step of the job " + keys[1], true
	case len(keys) == 4 && keys[0] == "runs" && keys[1] == "steps" && last == "uses":
		return "step of the action", true
	case len(keys) == 2 && keys[0] == "runs" && last == "image":
		return "image of the action", true
	}
	return "", false
}
