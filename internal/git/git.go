// Package git reads what a git repository holds of a revision. A repository is not
// trusted, and its configuration can name programs: so git is run for its objects
// alone, as plumbing that starts no other program, without the caller's or the
// system's configuration, without a work tree, a hook, a filter or a network.
package git

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// A Repo is a git repository.
type Repo struct {
	program string
	dir     string // its .git, which may be a file that names another folder
}

// Open finds the repository of which top is the work tree. An error is told to
// people: it has the way out.
func Open(top string) (*Repo, error) {
	dir := filepath.Join(top, ".git")
	if _, err := os.Lstat(dir); err != nil {
		return nil, fmt.Errorf("%s is not the work tree of a git repository: there is no revision to compare with", top)
	}
	program, err := exec.LookPath("git")
	if err != nil {
		return nil, errors.New("git is not installed, or not in PATH: its objects are needed for a revision")
	}
	if program, err = filepath.Abs(program); err != nil {
		return nil, fmt.Errorf("find git: %w", err)
	}
	return &Repo{program: program, dir: dir}, nil
}

// command is a call of git that does nothing but read objects.
//
// The folder of the repository is named, so that git neither searches one nor asks
// whom it belongs to: whoever calls named it, and nothing in it is run.
func (r *Repo) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, r.program, append([]string{
		"--no-pager", "--no-replace-objects", "--git-dir=" + r.dir,
		"-c", "core.fsmonitor=false", "-c", "core.hooksPath=" + os.DevNull, "-c", "core.sshCommand=false", "-c", "core.askPass=", "-c", "credential.helper=",
		"-c", "protocol.allow=never", "-c", "core.attributesFile=" + os.DevNull,
	}, args...)...)
	cmd.Dir = os.TempDir() // not one of the project's
	cmd.Env = Environ(os.DevNull)
	return cmd
}

// Environ is the environment of a git that reads nothing of the caller's or the
// system's configuration, asks nobody and fetches nothing. home is a folder without
// settings, or none.
func Environ(home string) []string {
	env := []string{
		"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "HOME=" + home, "XDG_CONFIG_HOME=" + home,
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_SYSTEM=" + os.DevNull, "GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_ATTR_NOSYSTEM=1",
		"GIT_OPTIONAL_LOCKS=0", "GIT_TERMINAL_PROMPT=0", "GIT_ASKPASS=", "SSH_ASKPASS=",
		// What a clone left out (--filter) is not fetched: by no protocol, whatever
		// the repository allows, and newer versions do not even try.
		"GIT_ALLOW_PROTOCOL=", "GIT_NO_LAZY_FETCH=1",
	}
	for _, name := range []string{"SystemRoot", "TMPDIR", "TEMP", "TMP"} {
		if v, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+v)
		}
	}
	return env
}

// maxSaid is how much is read of what git says of itself.
const maxSaid = 4 << 10

// ask is what git answers in a line, and what it says beside it.
func (r *Repo) ask(ctx context.Context, args ...string) (answer, said string, err error) {
	cmd := r.command(ctx, args...)
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	err = cmd.Run()
	return strings.TrimSpace(out.String()), strings.TrimSpace(complaint.String()[:min(complaint.Len(), maxSaid)]), err
}

// Commit is the id of the commit that a revision stands for: a branch, a tag, an
// id, HEAD~3. An error is told to people: it has the way out.
func (r *Repo) Commit(ctx context.Context, ref string) (string, error) {
	if ref == "" || strings.HasPrefix(ref, "-") || strings.ContainsAny(ref, "\x00\n") {
		return "", fmt.Errorf("%q is not a revision of git: name a branch, a tag or a commit", ref)
	}
	id, said, err := r.ask(ctx, "rev-parse", "--verify", "--quiet", ref+"^{commit}")
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return "", ctx.Err()
	case err == nil && isID(id):
		return id, nil
	case err != nil && !errors.As(err, &exit):
		return "", fmt.Errorf("run git: %w", err)
	case said != "":
		return "", fmt.Errorf("read the revision %s: git says: %s", ref, said)
	}
	if shallow, _, err := r.ask(ctx, "rev-parse", "--is-shallow-repository"); err == nil && shallow == "true" {
		return "", fmt.Errorf("there is no commit %s here, and this clone is shallow: it has the last commits only; get the others with `git fetch --unshallow`, or the one with `git fetch origin %s`", ref, ref)
	}
	return "", fmt.Errorf("there is no commit %s in this repository: `git branch --all` and `git tag` list the names; what is on a server only, `git fetch` gets", ref)
}

func isID(s string) bool {
	return (len(s) == 40 || len(s) == 64) && strings.Trim(s, "0123456789abcdef") == ""
}

// A Kind is what an entry of a tree is.
type Kind uint8

// The kinds of entries.
const (
	File Kind = iota
	Program
	Link
	Submodule
)

// An Entry is one of a tree and all trees below it.
type Entry struct {
	Path string // from the top
	Kind Kind
	ID   string // of its content; of a submodule, its commit
}

// MaxEntries is how many entries of a tree are read.
const MaxEntries = 200_000

// Tree lists what a commit holds. A name that no file can have is an error.
func (r *Repo) Tree(ctx context.Context, commit string) ([]Entry, error) {
	cmd := r.command(ctx, "ls-tree", "-r", "-z", "--full-tree", commit)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return nil, fmt.Errorf("list the files of %s: %w", commit, err)
	}
	list, err := entries(out)
	if err != nil {
		cmd.Cancel()
	}
	if werr := cmd.Wait(); werr != nil && err == nil {
		err = fmt.Errorf("%w: %s", werr, strings.TrimSpace(said.String()[:min(said.Len(), maxSaid)]))
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, fmt.Errorf("list the files of %s: %w", commit, err)
	}
	return list, nil
}

func entries(in io.Reader) (list []Entry, err error) {
	sc := bufio.NewScanner(in)
	sc.Buffer(nil, 64<<10)
	sc.Split(func(data []byte, atEOF bool) (int, []byte, error) {
		if i := bytes.IndexByte(data, 0); i >= 0 {
			return i + 1, data[:i], nil
		}
		if atEOF && len(data) > 0 {
			return 0, nil, io.ErrUnexpectedEOF
		}
		return 0, nil, nil
	})
	for sc.Scan() {
		head, name, ok := strings.Cut(sc.Text(), "\t")
		fields := strings.Fields(head)
		if !ok || len(fields) != 3 || !isID(fields[2]) {
			return nil, fmt.Errorf("git says %q, which is not an entry", sc.Text())
		}
		e := Entry{Path: name, ID: fields[2]}
		switch fields[0] {
		case "120000":
			e.Kind = Link
		case "160000":
			e.Kind = Submodule
		case "100755":
			e.Kind = Program
		}
		if !fs.ValidPath(name) || name == "." || !filepath.IsLocal(filepath.FromSlash(name)) {
			return nil, fmt.Errorf("%q is not a name that a file can have", name)
		}
		if list = append(list, e); len(list) > MaxEntries {
			return nil, fmt.Errorf("there are more than %d", MaxEntries)
		}
	}
	return list, sc.Err()
}

// ErrMissing is an object that the repository does not have: it is a clone without
// it (--filter), or damaged.
var ErrMissing = errors.New("the repository does not hold it; a clone with --filter gets it with `git checkout` of that revision, or `git fetch --refetch`")

// Contents reads the contents of entries that are no submodules, in order. What
// put does not read of one is passed over; its error ends the reading.
func (r *Repo) Contents(ctx context.Context, list []Entry, put func(Entry, int64, io.Reader) error) error {
	cmd := r.command(ctx, "cat-file", "--batch")
	in, err := cmd.StdinPipe()
	if err != nil {
		return fmt.Errorf("read objects: %w", err)
	}
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return fmt.Errorf("read objects: %w", err)
	}
	go func() {
		w := bufio.NewWriter(in)
		for _, e := range list {
			if _, err := w.WriteString(e.ID + "\n"); err != nil {
				break
			}
		}
		w.Flush()
		in.Close()
	}()
	err = contents(bufio.NewReaderSize(out, 64<<10), list, put)
	if err != nil {
		cmd.Cancel()
	}
	if werr := cmd.Wait(); err == nil && werr != nil {
		err = fmt.Errorf("read objects: %w", werr)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	// Of an object that it may not fetch, git says so and ends.
	if errors.Is(err, io.ErrUnexpectedEOF) && said.Len() > 0 {
		line, _, _ := strings.Cut(said.String()[:min(said.Len(), maxSaid)], "\n")
		return fmt.Errorf("%w: git says: %s: %w", err, line, ErrMissing)
	}
	return err
}

func contents(in *bufio.Reader, list []Entry, put func(Entry, int64, io.Reader) error) error {
	for _, e := range list {
		line, err := in.ReadString('\n')
		if err != nil {
			return fmt.Errorf("read %s of that revision: %w", e.Path, cut(err))
		}
		fields := strings.Fields(line)
		if len(fields) == 2 && fields[1] == "missing" {
			return fmt.Errorf("read %s of that revision: %w", e.Path, ErrMissing)
		}
		if len(fields) != 3 || fields[0] != e.ID || fields[1] != "blob" {
			return fmt.Errorf("read %s of that revision: git says %q", e.Path, strings.TrimSpace(line))
		}
		size, err := strconv.ParseInt(fields[2], 10, 64)
		if err != nil || size < 0 {
			return fmt.Errorf("read %s of that revision: git says %q", e.Path, strings.TrimSpace(line))
		}
		body := io.LimitReader(in, size)
		if err := put(e, size, body); err != nil {
			return err
		}
		if _, err := io.Copy(io.Discard, body); err != nil {
			return fmt.Errorf("read %s of that revision: %w", e.Path, err)
		}
		if end, err := in.ReadByte(); err != nil || end != '\n' {
			return fmt.Errorf("read %s of that revision: %w", e.Path, cut(err))
		}
	}
	return nil
}

// cut is an end that came too early.
func cut(err error) error {
	if err == nil || errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// Shared is the folder of the repository that all its work trees share.
func (r *Repo) Shared(ctx context.Context) (string, error) {
	dir, said, err := r.ask(ctx, "rev-parse", "--git-common-dir")
	if err != nil {
		return "", fmt.Errorf("find the repository: %w: %s", err, said)
	}
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(os.TempDir(), dir)
	}
	return dir, nil
}
