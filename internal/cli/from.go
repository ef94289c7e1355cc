package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy"
	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/engine"
	"github.com/dockworthy/dockworthy/internal/existing"
	"github.com/dockworthy/dockworthy/internal/image"
	"github.com/dockworthy/dockworthy/internal/proof"
	"github.com/dockworthy/dockworthy/internal/redact"
	"github.com/dockworthy/dockworthy/internal/run"
	"github.com/dockworthy/dockworthy/internal/scaffold"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/stack"
)

// A past is the Dockerfile that a project has, which a new one takes the place of.
type past struct {
	name    string // relative to the project's folder
	build   *source.Build
	keep    *existing.Build
	project *dockworthy.Project
	unit    source.Unit
}

// readPast reads the Dockerfile that --from names. The path is one of this machine, and
// the file lies in the project's folder.
func (f *initFlags) readPast(pl *place, fsys fs.FS, dir string) (*past, error) {
	from := f.from
	if _, err := os.Lstat(from); err != nil && !filepath.IsAbs(from) {
		if beside := filepath.Join(dir, from); exists(beside) == nil {
			from = beside // as who names the project's folder may mean it
		}
	}
	full, err := pl.inside(from)
	if err != nil {
		return nil, fmt.Errorf("--from: %w", err)
	}
	rel := strings.TrimPrefix(strings.TrimPrefix(full, pl.paths[0]), "/")
	if pl.paths[0] == "." {
		rel = full
	}
	if rel == "" || full != path.Join(pl.paths[0], rel) {
		return nil, fmt.Errorf("--from %s does not lie in %s", f.from, dir)
	}
	opt := dockworthy.Options{Dockerfile: full, Context: pl.paths[0]}
	if f.target != "" {
		opt.Targets = []string{f.target}
	}
	p := &past{name: rel, project: dockworthy.Open(pl.fsys, []string{full}, opt)}
	for _, u := range p.project.Units() {
		if u.Path != full || u.Service != "" {
			continue
		}
		builds, problem := p.project.Builds(u)
		if problem != nil {
			return nil, fmt.Errorf("--from %s: %w", f.from, problem.Err)
		}
		for _, b := range builds {
			if better(b, p.build) {
				p.build, p.unit = b, u
			}
		}
	}
	if p.build == nil {
		return nil, fmt.Errorf("--from %s is no Dockerfile that builds an image", f.from)
	}
	if !p.build.Linux() {
		return nil, fmt.Errorf("--from %s builds an image for Windows", f.from)
	}
	language, err := stack.LanguageOf(fsys)
	if err != nil {
		return nil, err
	}
	p.keep = existing.Read(p.build, language)
	return p, nil
}

// better tells whether a build is rather the one that ships than another: one that is not
// for development, and the last of these.
func better(b, than *source.Build) bool {
	switch {
	case than == nil:
		return true
	case (b.Development() == "") != (than.Development() == ""):
		return b.Development() == ""
	}
	return b.Target.Index > than.Target.Index
}

// refound shows the new container beside the one that there is, proves both, and writes
// the new one where --force says so.
func (f *initFlags) refound(ctx context.Context, c Command, out *redact.Writer, dir string, pl *place, hidden shown, p *past, plan *scaffold.Plan, e *engine.Engine, engineErr error) error {
	for i := range plan.Files {
		if plan.Files[i].Name == "Dockerfile" {
			plan.Files[i].Name = p.name
		}
	}
	for _, file := range plan.Files {
		have, err := readFile(dir, file.Name)
		if err != nil {
			return err
		}
		if have == nil {
			fmt.Fprintf(out, "\n--- %s (new)\n%s", file.Name, hidden.red.Hide(file.Data))
		} else if d := hidden.diff(file.Name, have, []byte(file.Data)); d != "" {
			fmt.Fprintf(out, "\n%s", d)
		}
	}
	if f.dry {
		return out.Flush()
	}
	if err := out.Flush(); err != nil {
		return err
	}
	worse, worst := "", check.Severity(0)
	switch {
	case f.noProve:
	case engineErr != nil:
		c.complain("not proved: %v", engineErr)
	default:
		before, after, err := f.both(ctx, c, dir, pl, p, plan, e)
		if err != nil {
			return err
		}
		worse, worst = proof.Worse(before, after), after.Worst()
		fmt.Fprintln(out)
		side(out, proof.Compare(before, after))
		for _, rep := range after.Reports() {
			for _, x := range rep.Findings {
				if x.Severity >= check.Warning {
					fmt.Fprintf(out, "after: %s %s: %s\n", x.Severity, x.ID(), x.Message)
				}
			}
		}
		fmt.Fprintln(out)
	}
	if !f.force {
		fmt.Fprintf(out, "nothing was written: --force writes it\n")
		return out.Flush()
	}
	if worse != "" {
		if err := out.Flush(); err != nil {
			return err
		}
		return fmt.Errorf("nothing was written, for the new one is worse: %s; --no-prove writes it all the same", worse)
	}
	if err := f.write(out, dir, hidden, plan); err != nil {
		out.Flush()
		return err
	}
	if err := out.Flush(); err != nil {
		return err
	}
	if worst >= check.Warning {
		return errFindings
	}
	return nil
}

// both proves the container that there is, and the new one in a copy of what it takes.
func (f *initFlags) both(ctx context.Context, c Command, dir string, pl *place, p *past, plan *scaffold.Plan, e *engine.Engine) (before, after *proof.Proof, err error) {
	temp, err := os.MkdirTemp("", "dockworthy-*")
	if err != nil {
		return nil, nil, fmt.Errorf("make a folder for the new container: %w", err)
	}
	defer os.RemoveAll(temp)
	at := filepath.Join(temp, filepath.Base(filepath.Join(pl.names.Root, pl.paths[0])))
	if err := f.copyOf(dir, at, plan); err != nil {
		return nil, nil, err
	}
	defer guard()()
	bar := &status{w: c.Stderr, terminal: isTerminal(c.Stderr)}
	defer bar.end()
	e.Redactor = c.red
	env, err := pairs("--env", f.env)
	if err != nil {
		return nil, nil, err
	}
	adjust := func(b *engine.BuildPlan, s *run.Settings) {
		b.NoCache = true
		for _, v := range plan.Stack.Env {
			if _, given := plan.Given[v.Name]; v.Required && !given && s.Env[v.Name] == "" {
				s.Env[v.Name] = madeUp(v)
			}
		}
		for name, value := range env {
			s.Env[name] = value
		}
	}
	prove := func(what string, b *source.Build, in *place) (*proof.Proof, error) {
		services := &proof.Services{Give: c.red.Give}
		defer services.Close(ctx)
		return proof.Prove(ctx, e, b, proof.Options{Repo: in.repo, Redactor: c.red, Plan: adjust, Services: services, Say: func(format string, args ...any) {
			bar.say("%s: %s", what, fmt.Sprintf(format, args...))
		}})
	}
	if before, err = prove("before", p.build, pl); err != nil {
		return nil, nil, err
	}
	in, err := open([]string{at}, nil)
	if err != nil {
		return nil, nil, err
	}
	defer in.close()
	file := path.Join(in.paths[0], p.name)
	project := dockworthy.Open(in.fsys, []string{file}, dockworthy.Options{Dockerfile: file, Context: in.paths[0]})
	for _, u := range project.Units() {
		if u.Path != file {
			continue
		}
		builds, problem := project.Builds(u)
		if problem != nil {
			return nil, nil, fmt.Errorf("%s: %w", p.name, problem.Err)
		}
		for _, b := range builds {
			if after, err = prove("after", b, in); err != nil {
				return nil, nil, err
			}
		}
	}
	if after == nil {
		return nil, nil, errors.New("the new Dockerfile builds no image")
	}
	return before, after, nil
}

// copyOf copies what the new container takes of the project, and the files beside its
// Compose file, and writes the new files there.
func (f *initFlags) copyOf(dir, to string, plan *scaffold.Plan) error {
	if err := os.MkdirAll(to, 0o755); err != nil {
		return fmt.Errorf("make a folder for the new container: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("open %s: %w", dir, reason(err))
	}
	defer root.Close()
	in := root.FS()
	names := slices.Clone(plan.Takes())
	entries, err := fs.ReadDir(in, ".")
	if err != nil {
		return fmt.Errorf("read %s: %w", dir, reason(err))
	}
	for _, e := range entries {
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() && info.Size() < 1<<20 {
			names = append(names, e.Name())
		}
	}
	for _, name := range names {
		err := fs.WalkDir(in, name, func(p string, d fs.DirEntry, err error) error {
			if err != nil || d.Type()&fs.ModeSymlink != 0 {
				return nil
			}
			at := filepath.Join(to, filepath.FromSlash(p))
			if d.IsDir() {
				if d.Name() == "node_modules" || d.Name() == ".git" || d.Name() == "__pycache__" || d.Name() == ".venv" {
					return fs.SkipDir
				}
				return os.MkdirAll(at, 0o755)
			}
			info, err := d.Info()
			if err != nil || !info.Mode().IsRegular() {
				return nil
			}
			data, err := fs.ReadFile(in, p)
			if err != nil {
				return fmt.Errorf("read %s: %w", p, reason(err))
			}
			if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
				return err
			}
			return os.WriteFile(at, data, info.Mode().Perm()|0o200)
		})
		if err != nil {
			return fmt.Errorf("copy the project: %w", err)
		}
	}
	for _, file := range plan.Files {
		at := filepath.Join(to, filepath.FromSlash(file.Name))
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			return fmt.Errorf("copy the project: %w", err)
		}
		if err := os.WriteFile(at, []byte(file.Data), 0o644); err != nil {
			return fmt.Errorf("copy the project: %w", err)
		}
	}
	return nil
}

// side prints two proofs side by side.
func side(w *redact.Writer, c *proof.Comparison) {
	const wide = 48
	cut := func(s string) string {
		s = redact.OneLine(s)
		if r := []rune(s); len(r) > wide {
			s = string(r[:wide-1]) + "…"
		}
		return s
	}
	fmt.Fprintf(w, "%-16s%-*s  %s\n", "", wide, "before", "after")
	for _, r := range c.Rows {
		fmt.Fprintf(w, "%-16s%-*s  %s\n", r.Name, wide, cut(r.Before), cut(r.After))
	}
	list := func(title string, files []proof.ComparedFiles) {
		if len(files) == 0 {
			return
		}
		n, bytes := 0, int64(0)
		for _, f := range files {
			n += f.Files
			bytes += f.Bytes
		}
		fmt.Fprintf(w, "\n%s: %s, %s\n", title, check.Count(n, "file"), image.Bytes(bytes))
		for _, f := range files[:min(8, len(files))] {
			fmt.Fprintf(w, "  %-60s %s, %s\n", redact.OneLine(f.Path), image.Bytes(f.Bytes), check.Count(f.Files, "file"))
		}
		if rest := len(files) - 8; rest > 0 {
			fmt.Fprintf(w, "  and %d more\n", rest)
		}
	}
	list("no longer in the image", c.Gone)
	list("new in the image", c.New)
}
