package proof

import (
	"context"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/dockworthy/dockworthy/internal/engine"
	"github.com/dockworthy/dockworthy/internal/rebuild"
	"github.com/dockworthy/dockworthy/internal/run"
	"github.com/dockworthy/dockworthy/internal/source"
)

// rebuild edits one source file in a copy of the context and builds again: what
// then runs is what every edit costs.
func (p *prover) rebuild(ctx context.Context) error {
	c, err := p.contextCopy(ctx)
	if err != nil {
		return err
	}
	p.log.Build.Context, p.log.Build.Files = c.bytes, len(c.files)
	file, line := touchable(p.b, c.files)
	if file == "" {
		p.unseen(run.ProbeRebuild, "no COPY includes a source file that could be edited")
		return nil
	}
	// The edit is new each time: the same one would be answered from the
	// cache, and a wrong order would look right.
	undo, err := c.edit(file, strings.ReplaceAll(line, "%", canary()))
	if err != nil {
		return err
	}
	plan := p.plan
	plan.Context, plan.Tag, plan.NoCache = c.dir, engine.Tag(p.log.ID, "rebuild"), false
	b, err := p.e.Build(ctx, plan)
	if err != nil {
		return err
	}
	rebuild.Explain(rebuild.Change{After: p.b, Files: []run.Changed{{Path: file, How: run.Edited}}, Edit: file, First: p.log.Build, Again: b})
	p.log.Rebuild = &run.Rebuild{Touched: file, Seconds: b.Seconds, Steps: b.Steps, Error: b.Error}
	return undo()
}

// comments are lines that a program of such a file passes over; % is what makes
// them new.
var comments = map[string]string{
	".py": "# %\n", ".rb": "# %\n", ".sh": "# %\n", ".pl": "# %\n", ".ex": "# %\n", ".exs": "# %\n", ".r": "# %\n", ".jl": "# %\n",
	".js": "// %\n", ".mjs": "// %\n", ".cjs": "// %\n", ".ts": "// %\n", ".tsx": "// %\n", ".jsx": "// %\n", ".go": "// %\n", ".rs": "// %\n",
	".java": "// %\n", ".kt": "// %\n", ".scala": "// %\n", ".c": "// %\n", ".cc": "// %\n", ".cpp": "// %\n", ".h": "// %\n", ".cs": "// %\n",
	".swift": "// %\n", ".dart": "// %\n", ".php": "\n// %\n", ".css": "/* % */\n", ".html": "<!-- % -->\n", ".sql": "-- %\n", ".lua": "-- %\n", ".hs": "-- %\n",
}

// touchable is a source file that a COPY of the build takes, as far from a
// manifest as there is one, and the line to add to it.
func touchable(b *source.Build, files []source.Entry) (file, line string) {
	best := -1
	for _, e := range files {
		comment, ok := comments[strings.ToLower(path.Ext(e.Path))]
		if !ok || e.Size > 1<<20 || !taken(b, e.Path) {
			continue
		}
		base := strings.ToLower(path.Base(e.Path))
		score := 20 - strings.Count(e.Path, "/")
		switch stem := strings.TrimSuffix(base, path.Ext(base)); {
		case slices.Contains([]string{"setup", "conftest", "manage", "config", "vite.config", "webpack.config", "next.config", "build"}, stem), strings.Contains(base, "test"), strings.Contains(base, "config"):
			score -= 15
		case slices.Contains([]string{"main", "app", "server", "index", "agent"}, stem):
			score += 5
		}
		if score > best {
			best, file, line = score, e.Path, comment
		}
	}
	return file, line
}

// taken tells whether a COPY or ADD of a stage that the build needs takes a
// file of the context.
func taken(b *source.Build, p string) bool {
	for _, st := range b.Stages {
		if !b.Needs(st) {
			continue
		}
		for _, s := range st.Steps {
			c := s.Copy
			if c == nil || !c.FromContext() {
				continue
			}
			for _, src := range c.Sources {
				clean := source.Clean(src.Value)
				if clean == "." || clean == p || strings.HasPrefix(p, clean+"/") {
					return true
				}
				if ok, err := path.Match(clean, p); err == nil && ok {
					return true
				}
			}
		}
	}
	return false
}

// weigh asks how large what ships is, and the stages that it takes from. They
// are built already: this only gives them names.
func (p *prover) weigh(ctx context.Context) error {
	n, err := p.e.Size(ctx, p.plan.Tag)
	if err != nil {
		return err
	}
	p.log.Build.Sizes = []run.Size{{Bytes: n}}
	for s := range p.b.Steps() {
		c := s.Copy
		if c == nil || c.Stage == nil || p.b.InChain(c.Stage) || len(p.log.Build.Sizes) > 2 {
			continue
		}
		name := c.Stage.Name
		if name == "" {
			name = strconv.Itoa(c.Stage.Index)
		}
		if slices.ContainsFunc(p.log.Build.Sizes, func(z run.Size) bool { return z.Stage == name }) {
			continue
		}
		plan := p.plan
		plan.Target, plan.NoCache, plan.Tag = name, false, engine.Tag(p.log.ID, "stage-"+strconv.Itoa(c.Stage.Index))
		b, err := p.e.Build(ctx, plan)
		if err != nil {
			return err
		}
		if b.Error != "" {
			continue
		}
		if n, err = p.e.Size(ctx, plan.Tag); err != nil {
			return err
		}
		p.log.Build.Sizes = append(p.log.Build.Sizes, run.Size{Stage: name, Bytes: n})
	}
	return nil
}
