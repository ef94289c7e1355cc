// Package origin tells where the files of a project come from: the repository, the
// commit, and whether they differ from it. A repository is not trusted: its
// configuration is read as text, and git, where it compares, is given none of it, so
// that no filter, hook or monitor that it names is run.
package origin

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/dockworthy/dockworthy/internal/git"
)

// An Origin is where files come from. The zero Origin is not known.
type Origin struct {
	Repository string // the URL of the remote, without credentials, or the name of the folder
	Commit     string // "" = not known
	Compared   bool   // the files were compared with the commit
	Modified   int    // how many files differ from the commit
	Untracked  int    // how many it does not have, and does not ignore
}

// Dirty tells whether the files differ from the commit.
func (o Origin) Dirty() bool { return o.Modified+o.Untracked > 0 }

// patience is how long git may compare.
const patience = 20 * time.Second

// Limits of what is read of a repository.
const (
	maxText  = 1 << 20
	maxIndex = 256 << 20
)

// Of is the origin of a git work tree; what cannot be read of it is not known.
func Of(ctx context.Context, top string) Origin {
	g, err := open(top)
	if err != nil {
		return Origin{}
	}
	defer g.close()
	o := Origin{Repository: g.remote(), Commit: g.head()}
	if o.Repository == "" {
		o.Repository = filepath.Base(top)
	}
	if o.Commit == "" {
		return o
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if modified, untracked, err := g.compare(ctx, o.Commit); err == nil {
		o.Compared, o.Modified, o.Untracked = true, modified, untracked
	}
	return o
}

// A folder is what git keeps of a work tree.
type folder struct {
	top    string
	own    *os.Root // HEAD and the index
	common *os.Root // refs, objects and the configuration; own, where there is one work tree
}

var errOther = errors.New("not a work tree")

// open opens the folder of a work tree. What .git of a further work tree points to
// has to point back: a file that only says so leads nowhere.
func open(top string) (*folder, error) {
	top, err := filepath.Abs(top)
	if err != nil {
		return nil, err
	}
	git := filepath.Join(top, ".git")
	info, err := os.Lstat(git)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		own, err := os.OpenRoot(git)
		if err != nil {
			return nil, err
		}
		return &folder{top, own, own}, nil
	}
	tree, err := os.OpenRoot(top)
	if err != nil {
		return nil, err
	}
	defer tree.Close()
	to, ok := strings.CutPrefix(line(tree, ".git"), "gitdir: ")
	if !ok {
		return nil, errOther
	}
	if !filepath.IsAbs(to) {
		to = filepath.Join(top, to)
	}
	own, err := os.OpenRoot(to)
	if err != nil {
		return nil, err
	}
	back, err1 := os.Stat(line(own, "gitdir"))
	self, err2 := os.Stat(git)
	if err1 != nil || err2 != nil || !os.SameFile(back, self) {
		own.Close()
		return nil, errOther
	}
	shared := line(own, "commondir")
	if !filepath.IsAbs(shared) {
		shared = filepath.Join(to, shared)
	}
	common, err := os.OpenRoot(shared)
	if err != nil {
		own.Close()
		return nil, err
	}
	return &folder{top, own, common}, nil
}

func (g *folder) close() {
	g.own.Close()
	if g.common != g.own {
		g.common.Close()
	}
}

// read is a regular file of at most limit bytes; nil where there is none.
func read(in *os.Root, name string, limit int64) []byte {
	info, err := in.Lstat(name)
	if err != nil || !info.Mode().IsRegular() || info.Size() > limit {
		return nil
	}
	f, err := in.Open(name)
	if err != nil {
		return nil
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil || int64(len(data)) > limit {
		return nil
	}
	return data
}

// line is the only line of a file.
func line(in *os.Root, name string) string {
	return strings.TrimSpace(string(read(in, name, 4096)))
}

var (
	hash    = regexp.MustCompile(`^(?:[0-9a-f]{40}|[0-9a-f]{64})$`)
	refName = regexp.MustCompile(`^refs/[A-Za-z0-9._/+@#-]+$`)
)

// head is the commit that is checked out; "" where it is not known.
func (g *folder) head() string {
	at := line(g.own, "HEAD")
	for range 5 { // refs may name refs
		if hash.MatchString(at) {
			return at
		}
		ref, ok := strings.CutPrefix(at, "ref: ")
		if !ok || !refName.MatchString(ref) || !filepath.IsLocal(ref) {
			return ""
		}
		if at = line(g.common, ref); at == "" {
			return g.packed(ref)
		}
	}
	return ""
}

// packed is a ref of the file of all refs.
func (g *folder) packed(ref string) string {
	scan := bufio.NewScanner(bytes.NewReader(read(g.common, "packed-refs", 16*maxText)))
	for scan.Scan() {
		if at, name, ok := strings.Cut(scan.Text(), " "); ok && name == ref && hash.MatchString(at) {
			return at
		}
	}
	return ""
}

// remote is the URL of the remote origin, or of the first one.
func (g *folder) remote() string {
	section, found := "", ""
	for l := range strings.Lines(string(read(g.common, "config", maxText))) {
		l = strings.TrimSpace(l)
		if strings.HasPrefix(l, "[") {
			section = l
			continue
		}
		key, value, ok := strings.Cut(l, "=")
		if !ok || strings.ToLower(strings.TrimSpace(key)) != "url" || !strings.HasPrefix(section, `[remote "`) {
			continue
		}
		if value = strings.Trim(strings.TrimSpace(value), `"`); section == `[remote "origin"]` {
			return public(value)
		} else if found == "" {
			found = public(value)
		}
	}
	return found
}

// public is a URL without credentials; "" for a folder of this machine.
func public(s string) string {
	if strings.Contains(s, "://") {
		u, err := url.Parse(s)
		if err != nil || u.Host == "" || u.Scheme == "file" {
			return ""
		}
		u.User, u.RawQuery, u.ForceQuery, u.Fragment, u.RawFragment = nil, "", false, "", ""
		return u.String()
	}
	// git@host:path, as scp has it
	if host, path, ok := strings.Cut(s, ":"); ok && !strings.Contains(host, "/") && !strings.HasPrefix(path, ":") && len(host) > 1 {
		return host[strings.LastIndexByte(host, '@')+1:] + ":" + path
	}
	return ""
}

// compare counts the files that differ from a commit. git is run on a folder of ours
// that has the objects of the repository, a copy of its index, and no configuration:
// what .gitattributes names is then the name of nothing.
func (g *folder) compare(ctx context.Context, commit string) (modified, untracked int, err error) {
	program, err := exec.LookPath("git")
	if err != nil {
		return 0, 0, err
	}
	index := read(g.own, "index", maxIndex)
	if index == nil {
		return 0, 0, errOther
	}
	dir, err := os.MkdirTemp("", "dockworthy-origin-")
	if err != nil {
		return 0, 0, err
	}
	defer os.RemoveAll(dir)
	config := "[core]\n\trepositoryformatversion = 0\n\tbare = false\n\tfsmonitor = false\n"
	if len(commit) == 64 {
		config = strings.Replace(config, "= 0", "= 1", 1) + "[extensions]\n\tobjectformat = sha256\n"
	}
	files := map[string][]byte{"HEAD": []byte(commit + "\n"), "config": []byte(config), "index": index, "info/exclude": read(g.common, "info/exclude", maxText)}
	for _, sub := range []string{"info", "refs", "objects", "hooks"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o700); err != nil {
			return 0, 0, err
		}
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			return 0, 0, err
		}
	}
	run := func(args ...string) (int, error) {
		cmd := exec.CommandContext(ctx, program, args...)
		cmd.Dir = g.top
		cmd.Env = append(git.Environ(dir), "GIT_DIR="+dir, "GIT_WORK_TREE="+g.top, "GIT_INDEX_FILE="+filepath.Join(dir, "index"),
			"GIT_OBJECT_DIRECTORY="+filepath.Join(g.common.Name(), "objects"), "GIT_NO_REPLACE_OBJECTS=1")
		var names counter
		cmd.Stdout = &names
		err := cmd.Run()
		return int(names), err
	}
	// Times may differ where contents do not. What stays different is told below.
	if _, err := run("update-index", "-q", "--refresh", "--ignore-submodules", "--unmerged"); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			return 0, 0, err
		}
	}
	if modified, err = run("diff-index", "--name-only", "-z", "--no-renames", "--no-ext-diff", "--no-textconv", "--ignore-submodules=all", commit, "--"); err != nil {
		return 0, 0, err
	}
	untracked, err = run("ls-files", "-z", "--others", "--exclude-standard")
	return modified, untracked, err
}

// A counter counts names that end in a zero byte.
type counter int

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(bytes.Count(p, []byte{0}))
	return len(p), nil
}
