package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy"
	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/engine"
	"github.com/dockworthy/dockworthy/internal/fix"
	"github.com/dockworthy/dockworthy/internal/image"
	"github.com/dockworthy/dockworthy/internal/proof"
	"github.com/dockworthy/dockworthy/internal/redact"
	"github.com/dockworthy/dockworthy/internal/run"
	"github.com/dockworthy/dockworthy/internal/source"
)

// maxCopied is how much of a project is copied to be built as it would be.
const maxCopied = 2 << 30

// A mending proves what was mended: each Dockerfile as it is and as it would be. What
// makes it worse is taken back, one check after the other.
type mending struct {
	c       Command
	pl      *place
	opt     dockworthy.Options
	e       *engine.Engine
	env     map[string]string
	bar     *status
	project *dockworthy.Project
	before  map[string]*proof.Proof // by the Dockerfile's path
	proved  []pair
	refused map[string]map[string]string // by Dockerfile and check: why its fixes are not to be made
}

// A pair is a Dockerfile that was proved as it is and as it would be.
type pair struct {
	file          string
	before, after *proof.Proof
}

// prove mends a project and proves it, until nothing that is left makes it worse.
func (f *fixFlags) prove(ctx context.Context, c Command, pl *place, opt dockworthy.Options, project *dockworthy.Project, want fix.Options) (*fix.Result, *mending, error) {
	e, err := openEngine(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("--prove builds and runs the containers: %w", err)
	}
	e.Redactor = c.red
	env, err := pairs("--env", f.env)
	if err != nil {
		return nil, nil, err
	}
	defer guard()()
	m := &mending{
		c: c, pl: pl, opt: opt, e: e, env: env, project: project,
		bar:    &status{w: c.Stderr, terminal: isTerminal(c.Stderr)},
		before: map[string]*proof.Proof{}, refused: map[string]map[string]string{},
	}
	defer m.bar.end()
	want.Pick = (&bases{ctx: ctx, engine: e, asOf: opt.AsOf, say: m.bar.say}).pick
	want.Refuse = func(u check.Unit, r check.Reported) string { return m.refused[u.Path][r.ID()] }
	for {
		res, err := fix.Run(ctx, project, want)
		if err != nil {
			return nil, nil, err
		}
		again, err := m.try(ctx, res)
		if err != nil {
			return nil, nil, err
		}
		if !again {
			return res, m, nil
		}
	}
}

// try proves all that was mended. again tells that something was taken back.
func (m *mending) try(ctx context.Context, res *fix.Result) (again bool, err error) {
	m.proved = nil
	byFile := map[string][]string{}
	for _, c := range res.Mended {
		if ids := byFile[c.Unit.Path]; !slices.Contains(ids, c.Finding.ID()) {
			byFile[c.Unit.Path] = append(ids, c.Finding.ID())
		}
	}
	if len(byFile) == 0 {
		return false, nil
	}
	temp, err := os.MkdirTemp("", "dockworthy-*")
	if err != nil {
		return false, fmt.Errorf("make a folder for what is mended: %w", err)
	}
	defer os.RemoveAll(temp)
	at := filepath.Join(temp, filepath.Base(m.pl.names.Root)) // Compose names a project by its folder
	if err := m.copyTo(at, res); err != nil {
		return false, err
	}
	in, err := open([]string{at}, nil)
	if err != nil {
		return false, err
	}
	defer in.close()
	mended := dockworthy.Open(in.fsys, m.pl.paths, m.opt)
	for _, file := range slices.Sorted(maps.Keys(byFile)) {
		was, is := m.shipped(m.project, file), m.shipped(mended, file)
		if was == nil || is == nil {
			continue // a Compose file or a manifest: its containers are proved with their Dockerfiles
		}
		before := m.before[file]
		if before == nil {
			if before, err = m.one(ctx, "before", was, m.pl); err != nil {
				return false, err
			}
			m.before[file] = before
		}
		after, err := m.one(ctx, "after", is, in)
		if err != nil {
			return false, err
		}
		why := proof.Worse(before, after)
		if why == "" {
			m.proved = append(m.proved, pair{file, before, after})
			continue
		}
		m.takeBack(file, byFile[file], why)
		again = true
	}
	return again, nil
}

// takeBack refuses the check that is the likeliest to have made a Dockerfile worse.
func (m *mending) takeBack(file string, ids []string, why string) {
	order := []string{"multi-stage", "non-root", "dockerignore", "entrypoint", "layer-cache", "secrets", "healthcheck"}
	switch {
	case strings.HasPrefix(why, "the build fails"):
		order = []string{"multi-stage", "dockerignore", "layer-cache", "secrets", "non-root"}
	case strings.HasPrefix(why, "it does not run"):
		order = []string{"non-root", "multi-stage", "entrypoint", "dockerignore", "secrets"}
	case strings.Contains(why, "healthcheck"):
		order = []string{"healthcheck", "multi-stage", "non-root"}
	}
	rank := func(id string) int {
		rule, _, _ := strings.Cut(id, "/")
		if i := slices.Index(order, rule); i >= 0 {
			return i
		}
		return len(order)
	}
	worst := slices.MinFunc(ids, func(a, b string) int { return rank(a) - rank(b) })
	rule, _, _ := strings.Cut(worst, "/")
	if m.refused[file] == nil {
		m.refused[file] = map[string]string{}
	}
	for _, id := range ids { // what splits a stage is one fix of several checks
		if strings.HasPrefix(id, rule+"/") && (rule == "multi-stage" || id == worst) {
			m.refused[file][id] = "its fix was proved and taken back: " + redact.OneLine(why)
		}
	}
}

// shipped is the build of a Dockerfile that ships; nil where it is none.
func (m *mending) shipped(p *dockworthy.Project, file string) (best *source.Build) {
	for _, u := range p.Units() {
		if u.Path != file || u.Service != "" {
			continue
		}
		builds, _ := p.Builds(u)
		for _, b := range builds {
			if b.Target != nil && b.Context != nil && better(b, best) {
				best = b
			}
		}
	}
	return best
}

// one proves one build.
func (m *mending) one(ctx context.Context, what string, b *source.Build, in *place) (*proof.Proof, error) {
	services := &proof.Services{Give: m.c.red.Give}
	defer services.Close(ctx)
	return proof.Prove(ctx, m.e, b, proof.Options{
		Repo: in.repo, Redactor: m.c.red, Services: services,
		Plan: func(b *engine.BuildPlan, s *run.Settings) {
			b.NoCache = true
			maps.Copy(s.Env, m.env)
		},
		Say: func(format string, args ...any) { m.bar.say("%s: %s", what, fmt.Sprintf(format, args...)) },
	})
}

// copyTo copies a project with what is mended. Its files are links of the same disk where
// that can be, for they are only read.
func (m *mending) copyTo(to string, res *fix.Result) error {
	root := m.pl.names.Root
	left := int64(maxCopied)
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil // what cannot be read here is not sent from there
		}
		rel, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		at := filepath.Join(to, rel)
		switch {
		case d.IsDir() && d.Name() == ".git":
			return fs.SkipDir
		case d.IsDir():
			return os.MkdirAll(at, 0o755)
		case d.Type()&fs.ModeSymlink != 0:
			target, err := os.Readlink(p)
			if err != nil {
				return nil
			}
			return os.Symlink(target, at)
		case !d.Type().IsRegular():
			return nil
		}
		if os.Link(p, at) == nil {
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return nil
		}
		if left -= info.Size(); left < 0 {
			return fmt.Errorf("it is larger than %s", image.Bytes(maxCopied))
		}
		return copyFile(p, at, info.Mode().Perm())
	})
	if err != nil {
		return fmt.Errorf("copy the project to build what is mended: %w", err)
	}
	for name, data := range res.Files {
		at := filepath.Join(to, filepath.FromSlash(name))
		mode := fs.FileMode(0o644)
		if info, err := os.Stat(at); err == nil {
			mode = info.Mode().Perm()
		}
		if err := os.Remove(at); err != nil && !errors.Is(err, fs.ErrNotExist) { // it may be a link to the project's own
			return fmt.Errorf("copy the project to build what is mended: %w", err)
		}
		if err := os.MkdirAll(path.Dir(at), 0o755); err != nil {
			return fmt.Errorf("copy the project to build what is mended: %w", err)
		}
		if err := os.WriteFile(at, data, mode); err != nil {
			return fmt.Errorf("copy the project to build what is mended: %w", err)
		}
	}
	return nil
}

func copyFile(from, to string, mode fs.FileMode) error {
	in, err := os.Open(from)
	if err != nil {
		return nil // what cannot be read here is not sent from there
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, mode|0o200)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		out.Close()
		return err
	}
	return out.Close()
}

// report shows the proofs side by side.
func (m *mending) report(w *redact.Writer) {
	for _, p := range m.proved {
		fmt.Fprintf(w, "\n%s\n", m.pl.names.Of(p.file))
		side(w, proof.Compare(p.before, p.after))
		if why := proof.Unproved(p.after); why != "" {
			fmt.Fprintf(w, "\nnot proved: %s\n", why)
		}
	}
	if len(m.proved) > 0 {
		fmt.Fprintln(w)
	}
}
