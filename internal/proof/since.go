package proof

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy"
	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/engine"
	"github.com/dockworthy/dockworthy/internal/files"
	"github.com/dockworthy/dockworthy/internal/git"
	"github.com/dockworthy/dockworthy/internal/rebuild"
	"github.com/dockworthy/dockworthy/internal/repo"
	"github.com/dockworthy/dockworthy/internal/run"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/gitignore"
)

// A Past is the project as it was at a revision, in a folder of its own: what git
// holds of it, and what git does not hold of what is there now, so that both builds
// have the same of that.
type Past struct {
	Ref, Commit string

	paths   []string
	opt     source.Options
	project *dockworthy.Project // as it was read last
	id      string              // the run's
	dir     string
	fs      *repo.FS
	now     *repo.FS
	copy    *contextCopy // writes into it
	held    map[string]git.Kind
	notes   []string
	dirs    map[string]bool // folders, with whether git passes over them
	made    map[string]bool // folders of the past
}

// maxPast is how many bytes of a revision are laid out.
const maxPast = 4 << 30

// OpenPast lays out a revision of the repository in which the project lies. It is
// read as the project is: the same paths, with the same options. No file of the
// user's is touched.
func OpenPast(ctx context.Context, in *repo.FS, ref string, paths []string, opt source.Options) (past *Past, err error) {
	r, err := git.Open(in.Dir())
	if err != nil {
		return nil, fmt.Errorf("--since: %w", err)
	}
	p := &Past{Ref: ref, paths: paths, opt: opt, id: engine.NewID(), now: in, held: map[string]git.Kind{}, dirs: map[string]bool{}, made: map[string]bool{".": true}}
	if p.Commit, err = r.Commit(ctx, ref); err != nil {
		return nil, fmt.Errorf("--since: %w", err)
	}
	list, err := r.Tree(ctx, p.Commit)
	if err != nil {
		return nil, fmt.Errorf("--since %s: %w", ref, err)
	}
	if p.dir, err = engine.TempDir(p.id); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			p.Close()
		}
	}()
	at := filepath.Join(p.dir, "past")
	if err := os.Mkdir(at, 0o700); err != nil {
		return nil, fmt.Errorf("create a folder for the revision: %w", err)
	}
	root, err := os.OpenRoot(at)
	if err != nil {
		return nil, fmt.Errorf("open the folder for the revision: %w", err)
	}
	p.copy = &contextCopy{dir: at, root: root}
	if err := p.lay(ctx, r, list); err != nil {
		return nil, fmt.Errorf("--since %s: %w", ref, err)
	}
	return p, nil
}

// read reads the project anew: what was laid beside it since is not in what was
// read.
func (p *Past) read() (err error) {
	if p.fs != nil {
		p.fs.Close()
	}
	if p.fs, err = repo.Open(p.copy.dir, p.copy.dir); err != nil {
		return fmt.Errorf("open the folder of the revision: %w", err)
	}
	p.project = dockworthy.Open(p.fs, p.paths, p.opt)
	return nil
}

// Close removes what was laid out.
func (p *Past) Close() error {
	if p.fs != nil {
		p.fs.Close()
	}
	if p.copy != nil {
		p.copy.close()
	}
	if err := os.RemoveAll(p.dir); err != nil {
		return fmt.Errorf("remove the folder of the revision: %w", err)
	}
	return nil
}

// filters are those that .gitattributes names.
var filters = regexp.MustCompile(`(?m)\sfilter=([\w.-]+)`)

// maxEnds is the largest file of which the ends of lines are compared.
const maxEnds = 1 << 20

// lay writes the files of a revision.
func (p *Past) lay(ctx context.Context, r *git.Repo, list []git.Entry) error {
	var blobs []git.Entry
	var modules, missing, other, ends []string
	for _, e := range list {
		p.held[e.Path] = e.Kind
		if e.Kind == git.Submodule {
			modules = append(modules, e.Path)
			continue
		}
		blobs = append(blobs, e)
	}
	left := int64(maxPast)
	err := r.Contents(ctx, blobs, func(e git.Entry, size int64, in io.Reader) error {
		if left -= size; left < 0 {
			return fmt.Errorf("the files of %s are more than %d GiB together", p.Ref, int64(maxPast)>>30)
		}
		if err := p.copy.folders(p.now, ".", path.Dir(e.Path), p.made); err != nil {
			return fmt.Errorf("write %s: %w", e.Path, err)
		}
		if e.Kind == git.Link {
			to, err := io.ReadAll(io.LimitReader(in, 4096))
			if err == nil {
				err = p.copy.root.Symlink(string(to), filepath.FromSlash(e.Path))
			}
			if err != nil {
				return fmt.Errorf("write %s: %w", e.Path, err)
			}
			return nil
		}
		mode := p.mode(e)
		if size > maxEnds {
			return p.stream(e.Path, in, mode)
		}
		data, err := io.ReadAll(in)
		if err != nil {
			return fmt.Errorf("read %s of %s: %w", e.Path, p.Ref, err)
		}
		if sum, ok := git.Pointer(data); ok {
			if done, err := p.large(ctx, r, e.Path, sum, mode); done || err != nil {
				return err
			}
			missing = append(missing, e.Path)
		}
		if path.Base(e.Path) == ".gitattributes" {
			for _, m := range filters.FindAllSubmatch(data, -1) {
				if name := string(m[1]); name != "lfs" && !slices.Contains(other, name) {
					other = append(other, name)
				}
			}
		}
		if now, err := files.Read(p.now, e.Path, maxEnds); err == nil && !bytes.Equal(now, data) && bytes.Equal(bytes.ReplaceAll(now, []byte("\r\n"), []byte("\n")), bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))) {
			ends = append(ends, e.Path)
			data = now
		}
		return p.copy.writeAs(e.Path, data, mode)
	})
	if err != nil {
		return err
	}
	note := func(list []string, format string) {
		if len(list) > 0 {
			p.notes = append(p.notes, fmt.Sprintf(format, check.List(some(list))))
		}
	}
	note(modules, "git submodules are not compared: both builds have what is there now of %s")
	note(missing, "the content of files in git LFS at that revision is not here, only that it was another: %s; `git lfs fetch` of the revision gets it")
	note(other, "filters that .gitattributes names are not run, so that files under them count as changed where git holds them in another form: %s")
	note(ends, "files that differ in the ends of their lines alone count as the same, for git changes these on checkout: %s")
	return nil
}

// some are the first few of a list.
func some(list []string) []string {
	const most = 5
	if len(list) <= most {
		return list
	}
	return append(slices.Clone(list[:most]), fmt.Sprintf("%d more", len(list)-most))
}

// mode is that of a file of the revision. Git holds no more of it than whether it
// can be run: the rest is as it is now, for a COPY's key holds all of it.
func (p *Past) mode(e git.Entry) fs.FileMode {
	mode := fs.FileMode(0o644)
	if info, err := p.now.Lstat(e.Path); err == nil && info.Mode().IsRegular() {
		mode = info.Mode().Perm()
	}
	switch {
	case e.Kind != git.Program:
		return mode &^ 0o111
	case mode&0o100 != 0:
		return mode
	}
	return mode | mode&0o444>>2
}

func (p *Past) stream(name string, in io.Reader, mode fs.FileMode) error {
	f, err := p.copy.root.OpenFile(filepath.FromSlash(name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	_, err = io.Copy(f, in)
	if err := errors.Join(err, f.Chmod(mode), f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

// writeAs is write with the name in its error.
func (c *contextCopy) writeAs(name string, data []byte, mode fs.FileMode) error {
	if err := c.write(filepath.FromSlash(name), data, mode); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

// large writes a file of git LFS: as it is now where that is the same, else as it
// was fetched. done is false where it is not here.
func (p *Past) large(ctx context.Context, r *git.Repo, name, sum string, mode fs.FileMode) (done bool, err error) {
	if f, err := p.now.Open(name); err == nil {
		defer f.Close()
		h := sha256.New()
		if _, err := io.Copy(h, f); err == nil && hex.EncodeToString(h.Sum(nil)) == sum {
			again, err := p.now.Open(name)
			if err != nil {
				return false, fmt.Errorf("read %s: %w", name, err)
			}
			defer again.Close()
			return true, p.stream(name, again, mode)
		}
	}
	pr, pw := io.Pipe()
	defer pr.Close()
	go func() {
		ok, err := r.LFS(ctx, sum, pw)
		if err == nil && !ok {
			err = fs.ErrNotExist
		}
		pw.CloseWithError(err)
	}()
	err = p.stream(name, pr, mode)
	if errors.Is(err, fs.ErrNotExist) {
		return false, p.copy.root.Remove(filepath.FromSlash(name))
	}
	return err == nil, err
}

// ignored tells whether git passes over a file of the work tree, or it belongs to a
// submodule: what it was at the revision, nobody can say.
func (p *Past) ignored(file string) bool {
	if _, ok := p.held[file]; ok {
		return false
	}
	if path.Base(file) == ".git" {
		return true
	}
	return p.without(path.Dir(file)) || gitignore.For(p.now, file).Ignored(file, false)
}

// without is ignored of a folder.
func (p *Past) without(dir string) bool {
	if dir == "." {
		return false
	}
	known, ok := p.dirs[dir]
	if !ok {
		kind, held := p.held[dir]
		known = path.Base(dir) == ".git" || held && kind == git.Submodule || p.without(path.Dir(dir)) || gitignore.For(p.now, dir).Ignored(dir, true)
		p.dirs[dir] = known
	}
	return known
}

// carry lays a file of the work tree into the past, where nothing else is.
func (p *Past) carry(file string) error {
	to := filepath.FromSlash(file)
	if _, err := p.copy.root.Lstat(to); err == nil {
		return nil
	}
	ok, err := p.copy.way(path.Dir(file))
	if err != nil || !ok {
		return err
	}
	// The folders have their own modes.
	if err := p.copy.folders(p.now, ".", path.Dir(file), p.made); err != nil {
		return err
	}
	return p.copy.file(p.now, file, source.Entry{Path: file})
}

// same lays into the past what both builds are to have alike: what git ignores and
// the context sends, and the secrets that the config names.
func (p *Past) same(b *source.Build) error {
	at, ok := b.ContextRoot()
	if !ok {
		return nil
	}
	n, repository := 0, false
	var failed error
	err := b.Context.Walk(func(e source.Entry) bool {
		if file := path.Join(at, e.Path); p.ignored(file) {
			if strings.HasPrefix(e.Path, ".git/") {
				repository = true
			} else {
				n++
			}
			failed = p.carry(file)
		}
		return failed == nil
	})
	if err = errors.Join(err, failed); err != nil {
		return fmt.Errorf("copy what git does not hold: %w", err)
	}
	if n > 0 {
		p.notes = append(p.notes, fmt.Sprintf("both builds have %s as now that git ignores, or that belong to a submodule", check.Count(n, "file")))
	}
	if repository {
		p.notes = append(p.notes, ".git is part of the build context, and each commit changes it: what copies it runs again after every commit; here both builds have it as it is now")
	}
	if b.Config != nil && b.Config.Run != nil {
		for _, name := range b.Config.Run.Secrets {
			file := path.Join(path.Dir(b.Config.Path), name)
			if _, err := p.now.Stat(file); err != nil {
				continue
			}
			if err := p.carry(file); err != nil {
				return fmt.Errorf("copy the secret %s: %w", name, err)
			}
		}
	}
	return nil
}

// build is a build as it was at the revision. An error is told to people.
func (p *Past) build(b *source.Build) (*source.Build, error) {
	for _, prob := range p.project.Problems() {
		if prob.Config {
			return nil, fmt.Errorf("at %s, %s: %w", p.Ref, prob.Path, prob.Err)
		}
	}
	for _, u := range p.project.Units() {
		if u.Path != b.Path || u.Kind != source.Dockerfile || u.Service != "" {
			continue
		}
		builds, prob := p.project.Builds(u)
		if prob != nil {
			return nil, fmt.Errorf("%s at %s: %w", b.Path, p.Ref, prob.Err)
		}
		for _, old := range builds {
			if old.Target.Name == b.Target.Name {
				return old, nil
			}
		}
		if len(builds) == 1 && builds[0].Target.Name == "" { // the last stage has a name since
			return builds[0], nil
		}
		return nil, fmt.Errorf("%s has no stage %s at %s: there is no build to compare with", b.Path, b.Target.Name, p.Ref)
	}
	return nil, fmt.Errorf("%s was not a Dockerfile of this project at %s: there is no build to compare with", b.Path, p.Ref)
}

// Since builds what a Dockerfile was at a revision and what it is now, and says what
// ran again, and why. Nothing is run but the builds, and what they make on the engine
// is removed. A build that fails is a result.
//
// Of the first build no RUN is answered from a cache that was there before, and so
// the second one finds the first one's results alone: a work tree that was built a
// minute ago would look as if its changes cost nothing.
func Since(ctx context.Context, e Engine, b *source.Build, past *Past, opt Options) (out *run.Since, err error) {
	if b.Target == nil {
		return nil, fmt.Errorf("%s is not a Dockerfile: there is nothing to build", b.Path)
	}
	if b.Context == nil {
		return nil, fmt.Errorf("the build context of %s is not known: name it with --context", b.Path)
	}
	if _, ok := past.held[b.Path]; !ok {
		return nil, fmt.Errorf("git holds no %s at %s: there is no build to compare with; name a later revision", b.Path, past.Ref)
	}
	common := len(past.notes)
	defer func() { past.notes = past.notes[:common] }()
	if err := past.same(b); err != nil {
		return nil, err
	}
	if err := past.read(); err != nil {
		return nil, err
	}
	old, err := past.build(b)
	if err != nil {
		return nil, err
	}
	if old.Context == nil {
		return nil, fmt.Errorf("the build context of %s was not there at %s", b.Path, past.Ref)
	}
	out = &run.Since{Dockerfile: b.Path, Target: b.Target.Name, Ref: past.Ref, Commit: past.Commit, Recipe: !bytes.Equal(old.Text().Data, b.Text().Data)}
	if out.Files, err = compare(old, b, past.fs, opt.Repo); err != nil {
		return nil, err
	}
	was, is := ignoring(old), ignoring(b)
	out.Ignore = was != is
	first, err := Plan(old, past.fs)
	if err != nil {
		return nil, fmt.Errorf("at %s: %w", past.Ref, err)
	}
	second, err := Plan(b, opt.Repo)
	if err != nil {
		return nil, err
	}
	out.Notes = slices.Clone(past.notes)
	for _, name := range slices.Sorted(maps.Keys(second.Contexts)) {
		if filepath.IsAbs(second.Contexts[name]) {
			out.Notes = append(out.Notes, fmt.Sprintf("the files of the build context named %s are built as they were and as they are, but not compared", name))
		}
	}
	if len(out.Files) == 0 && !out.Recipe && len(second.Contexts) == 0 && maps.Equal(first.Args, second.Args) && first.Target == second.Target {
		return out, nil
	}
	id := engine.NewID()
	dir, err := engine.TempDir(id)
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	defer func() {
		if rerr := remove(ctx, e, id); rerr != nil && err == nil {
			err = rerr
		}
	}()
	salt := canary()
	for i, plan := range []*engine.BuildPlan{&first, &second} {
		if opt.Plan != nil {
			opt.Plan(plan, &run.Settings{Env: map[string]string{}})
		}
		of := []*source.Build{old, b}[i]
		plan.Dockerfile = salted(of, salt)
		plan.NoCache, plan.Temp, plan.Labels, plan.Tag = false, dir, map[string]string{engine.Label: id}, engine.Tag(id, []string{"before", "after"}[i])
	}
	opt.say("building %s as it was at %s", b.Path, past.Ref)
	if out.Before, err = e.Build(ctx, first); err != nil || out.Before.Error != "" {
		return out, err
	}
	opt.say("building what is there now")
	if out.After, err = e.Build(ctx, second); err != nil {
		return nil, err
	}
	rebuild.Explain(rebuild.Change{Before: old, After: b, Files: out.Files, First: out.Before, Again: out.After})
	return out, nil
}

// salted is a Dockerfile with an ARG after each FROM, whose value no cache has seen:
// it makes each RUN new, and is no step of its own.
func salted(b *source.Build, salt string) []byte {
	data := b.Text().Data
	var out []byte
	at := 0
	for _, st := range b.Stages {
		end := st.From.Span.End
		out = append(out, data[at:end]...)
		out = append(out, "\nARG DOCKWORTHY_SINCE="+salt...)
		at = end
	}
	return append(out, data[at:]...)
}

// ignoring is what a build's ignore file says; "" = there is none.
func ignoring(b *source.Build) string {
	if f := b.Context.File; f != nil {
		return string(f.Data)
	}
	return ""
}

// compare lists the files that two contexts send differently, by path.
func compare(old, now *source.Build, past, present *repo.FS) (list []run.Changed, err error) {
	sent := func(b *source.Build) (map[string]source.Entry, error) {
		out := map[string]source.Entry{}
		err := b.Context.Walk(func(e source.Entry) bool {
			out[e.Path] = e
			return true
		})
		if err != nil {
			return nil, fmt.Errorf("read the build context: %w", err)
		}
		return out, nil
	}
	was, err := sent(old)
	if err != nil {
		return nil, err
	}
	is, err := sent(now)
	if err != nil {
		return nil, err
	}
	from, _ := old.ContextRoot()
	to, _ := now.ContextRoot()
	all := maps.Clone(was)
	maps.Copy(all, is)
	for _, p := range slices.Sorted(maps.Keys(all)) {
		a, before := was[p]
		z, after := is[p]
		var how run.How
		switch {
		case before && after:
			how, err = differ(past, path.Join(from, p), a, present, path.Join(to, p), z)
			if err != nil {
				return nil, fmt.Errorf("compare %s: %w", p, err)
			}
		case before:
			how = run.Removed
			if info, err := present.Lstat(path.Join(to, p)); err == nil && !info.IsDir() {
				how = run.NoMoreSent
			}
		default:
			how = run.Added
			if info, err := past.Lstat(path.Join(from, p)); err == nil && !info.IsDir() {
				how = run.SentNow
			}
		}
		if how != "" {
			list = append(list, run.Changed{Path: p, How: how})
		}
	}
	return list, nil
}

// differ is how two entries differ; "" = not in what a key of the cache holds.
func differ(past *repo.FS, p string, a source.Entry, present *repo.FS, q string, z source.Entry) (run.How, error) {
	switch {
	case a.Mode.Type() != z.Mode.Type():
		return run.Edited, nil
	case a.Mode&fs.ModeSymlink != 0:
		x, err := past.ReadLink(p)
		if err != nil {
			return "", err
		}
		y, err := present.ReadLink(q)
		if err != nil {
			return "", err
		}
		if x != y {
			return run.Edited, nil
		}
		return "", nil
	case !a.Mode.IsRegular():
		return "", nil
	case a.Size != z.Size:
		return run.Edited, nil
	}
	x, err := past.Open(p)
	if err != nil {
		return "", err
	}
	defer x.Close()
	y, err := present.Open(q)
	if err != nil {
		return "", err
	}
	defer y.Close()
	left, right := make([]byte, 64<<10), make([]byte, 64<<10)
	for {
		n, err := io.ReadFull(x, left)
		m, rerr := io.ReadFull(y, right)
		if !bytes.Equal(left[:n], right[:m]) {
			return run.Edited, nil
		}
		if err != nil || rerr != nil {
			if e := unless(err, rerr); e != nil {
				return "", e
			}
			break
		}
	}
	if a.Mode.Perm() != z.Mode.Perm() {
		return run.Mode, nil
	}
	return "", nil
}

// unless is the first error that is not the end of a file.
func unless(errs ...error) error {
	for _, err := range errs {
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return err
		}
	}
	return nil
}

// SinceResult is what the changes rebuild as a result, for reports.
func SinceResult(u source.Unit, b *source.Build, since *run.Since) *check.Result {
	res := &check.Result{Unit: u, Reports: []*check.Report{{Build: b}}, Proof: &check.Proof{Since: since}}
	res.Proof.Given = slices.AppendSeq(res.Proof.Given, maps.Values(b.Args))
	return res
}
