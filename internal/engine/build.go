package engine

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/distribution/reference"

	"github.com/dockworthy/dockworthy/internal/run"
)

// A BuildPlan is one call of the builder.
type BuildPlan struct {
	Dockerfile []byte // what is built, as it was read and judged
	Ignore     []byte // the ignore file that goes by the Dockerfile's name; nil = there is none
	Context    string // a folder on this machine
	Target     string // "" = the last stage
	Args       map[string]string
	Contexts   map[string]string // further named contexts: a folder on this machine, or a URL
	Secrets    map[string]string // files by secret id
	NoCache    bool
	Platform   string // "" = the engine's
	Tag        string // the image's name
	Labels     map[string]string
	Temp       string        // a folder for temporary files; "" = the system's
	Limit      time.Duration // how long it may take; 0 = DefaultBuildLimit
}

// DefaultBuildLimit is how long a build may take unless somebody says otherwise.
const DefaultBuildLimit = 30 * time.Minute

// FindBuildx is the command that runs buildx here: the docker command's plugin,
// or buildx on its own.
func FindBuildx(ctx context.Context) (argv []string, version string, err error) {
	for _, argv := range [][]string{{"docker", "buildx"}, {"docker-buildx"}, {"buildx"}} {
		path, err := exec.LookPath(argv[0])
		if err != nil {
			continue
		}
		argv = append([]string{path}, argv[1:]...)
		cmd := exec.CommandContext(ctx, argv[0], append(slices.Clone(argv[1:]), "version")...)
		cmd.Env = ClientEnviron()
		out, err := cmd.Output()
		if err != nil {
			continue
		}
		// "github.com/docker/buildx v0.38.2 …"
		fields := strings.Fields(string(out))
		if len(fields) > 1 {
			version = fields[1]
		}
		return argv, version, nil
	}
	return nil, "", &Error{
		What: "buildx, the client of Docker's builder, is not installed",
		Hint: "install the package docker-buildx-plugin (Docker's packages), docker-buildx (Debian, Ubuntu, Fedora) or Docker Desktop",
	}
}

// Build runs the builder and says what it did. A build that fails is a result:
// its log says why. The error is for what is no result: an engine that buildx
// does not build with, no buildx, or an interruption.
func (e *Engine) Build(ctx context.Context, p BuildPlan) (*run.Build, error) {
	if e.Podman() {
		return nil, &Error{What: "buildx does not build with Podman", Hint: "build with `podman build --format docker --tag NAME`, and name the image with --image NAME"}
	}
	b, err := e.build(ctx, p)
	if err == nil && b.Network {
		// Registries and mirrors fail for moments: once more, and then it is so.
		return e.build(ctx, p)
	}
	return b, err
}

func (e *Engine) build(ctx context.Context, p BuildPlan) (*run.Build, error) {
	argv, _, err := FindBuildx(ctx)
	if err != nil {
		return nil, err
	}
	// In an empty folder the builder's client finds no file of its own that a
	// project could have laid there.
	dir, err := os.MkdirTemp(p.Temp, "dockworthy-build-*")
	if err != nil {
		return nil, fmt.Errorf("create a folder for the build: %w", err)
	}
	defer os.RemoveAll(dir)
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return nil, fmt.Errorf("create a folder for the build: %w", err)
	}
	reads, err := p.lay(dir)
	if err != nil {
		return nil, err
	}
	args := append(slices.Clone(argv[1:]), "bake", "--progress=rawjson", "--file", bakeFile)
	if e.bakeAsks(ctx, argv) {
		for _, file := range reads {
			args = append(args, "--allow=fs.read="+file)
		}
	}
	args = append(args, bakeTarget)
	limit := cmp.Or(p.Limit, DefaultBuildLimit)
	building, stop := context.WithTimeout(ctx, limit)
	defer stop()
	cmd := exec.CommandContext(building, argv[0], args...)
	cmd.Dir, cmd.Env = dir, e.environ()
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 5 * time.Second
	pr, pw := io.Pipe()
	cmd.Stderr = pw
	done := make(chan *progress, 1)
	go func() {
		g := &progress{}
		g.read(pr)
		io.Copy(io.Discard, pr)
		done <- g
	}()
	start := time.Now()
	runErr := runWithUs(cmd)
	pw.Close()
	g := <-done
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	b := g.result()
	b.Seconds = time.Since(start).Seconds()
	var exit *exec.ExitError
	switch {
	case runErr == nil:
	case building.Err() != nil:
		b.Error = fmt.Sprintf("the build did not finish within %s; --build-limit sets a longer limit", limit)
	case errors.As(runErr, &exit):
		g.explain(b)
	default:
		return nil, fmt.Errorf("run %s: %w", strings.Join(argv, " "), runErr)
	}
	red := e.Redactor.With(slices.Collect(maps.Values(p.Args))...)
	b.Tail = red.Lines(b.Tail)
	b.Error = red.Hide(b.Error)
	for i := range b.Steps {
		b.Steps[i].Error = red.Hide(b.Steps[i].Error)
	}
	return b, nil
}

// A progress collects what `--progress=rawjson` prints: a JSON object a line on
// standard error, with the builder's plain words between them.
type progress struct {
	vertexes map[string]*vertex
	order    []*vertex
	plain    []string
}

type vertex struct {
	Digest    string
	Name      string
	Started   *time.Time
	Completed *time.Time
	Cached    bool
	Error     string
	tail      []string // last lines of output
	part      []byte   // an unfinished line
}

// keepLines is how many lines of a step's output are kept: enough for a
// compiler's complaint, whatever the step prints.
const keepLines = 60

func (g *progress) read(r io.Reader) {
	g.vertexes = map[string]*vertex{}
	br := bufio.NewReaderSize(r, 64<<10)
	for {
		line, err := readLine(br, 4<<20)
		if len(line) > 0 {
			g.line(line)
		}
		if err != nil {
			return
		}
	}
}

// readLine reads a line of at most limit bytes; what is longer is cut.
func readLine(br *bufio.Reader, limit int) ([]byte, error) {
	var line []byte
	for {
		part, err := br.ReadSlice('\n')
		if len(line)+len(part) <= limit {
			line = append(line, part...)
		}
		if err != bufio.ErrBufferFull {
			return bytes.TrimRight(line, "\r\n"), err
		}
	}
}

func (g *progress) line(line []byte) {
	var msg struct {
		Vertexes []vertex
		Logs     []struct {
			Vertex string
			Data   []byte
		}
	}
	if line[0] != '{' || json.Unmarshal(line, &msg) != nil {
		g.plain = append(g.plain, string(line))
		if len(g.plain) > keepLines {
			g.plain = g.plain[1:]
		}
		return
	}
	for _, in := range msg.Vertexes {
		v := g.vertexes[in.Digest]
		if v == nil {
			v = &vertex{Digest: in.Digest}
			g.vertexes[in.Digest] = v
			g.order = append(g.order, v)
		}
		v.Name = in.Name
		if in.Started != nil && (v.Started == nil || in.Started.Before(*v.Started)) {
			v.Started = in.Started
		}
		if in.Completed != nil {
			v.Completed, v.Cached, v.Error = in.Completed, in.Cached, in.Error
		}
	}
	for _, l := range msg.Logs {
		if v := g.vertexes[l.Vertex]; v != nil {
			v.log(l.Data)
		}
	}
}

func (v *vertex) log(data []byte) {
	v.part = append(v.part, data...)
	for {
		i := bytes.IndexByte(v.part, '\n')
		if i < 0 {
			break
		}
		v.tail = append(v.tail, string(bytes.TrimRight(v.part[:i], "\r")))
		v.part = v.part[i+1:]
		if len(v.tail) > keepLines {
			v.tail = slices.Clone(v.tail[len(v.tail)-keepLines:])
		}
	}
	if len(v.part) > 64<<10 {
		v.part = v.part[len(v.part)-1024:]
	}
}

func (v *vertex) lines() []string {
	if len(bytes.TrimSpace(v.part)) > 0 {
		return append(slices.Clone(v.tail), string(v.part))
	}
	return v.tail
}

// stepName is "[build 3/4] COPY requirements.txt ." in its parts; the stage has
// no name where the Dockerfile has one stage only.
var stepName = regexp.MustCompile(`^\[ *(?:(\S+) +)?(\d+)/\d+\] (.*)$`)

// resolvedName is an image with the digest that its tag stood for.
var resolvedName = regexp.MustCompile(`(?:FROM|docker-image://|resolve image config for (?:docker-image://)?)\s*([^\s@]+)(?:@(sha256:[0-9a-f]{64}))?`)

func (g *progress) result() *run.Build {
	b := &run.Build{}
	var first time.Time
	for _, v := range g.order {
		if v.Started != nil && (first.IsZero() || v.Started.Before(first)) {
			first = *v.Started
		}
	}
	seen := map[string]bool{}
	for _, v := range g.order {
		s := run.BuildStep{Name: v.Name, Cached: v.Cached, Error: v.Error, Unreached: v.Started == nil && v.Completed == nil}
		if v.Started != nil {
			s.Begin = v.Started.Sub(first).Seconds()
			if v.Completed != nil {
				s.Seconds = v.Completed.Sub(*v.Started).Seconds()
			}
		}
		if m := stepName.FindStringSubmatch(v.Name); m != nil && m[1] != "internal" {
			s.Stage, s.Instr = m[1], m[3]
			s.Index, _ = strconv.Atoi(m[2])
		}
		b.Steps = append(b.Steps, s)
		if m := resolvedName.FindStringSubmatch(v.Name); m != nil && !seen[m[1]] && (s.Index == 1 || s.Index == 0) {
			if m[2] != "" || s.Index == 1 {
				seen[m[1]] = true
				b.Bases = append(b.Bases, run.Resolved{Ref: m[1], Digest: m[2]})
			}
		}
	}
	slices.SortStableFunc(b.Steps, func(x, y run.BuildStep) int { return cmp.Compare(x.Begin, y.Begin) })
	return b
}

// Resolve adds to a build's bases what the engine knows of them: the digest
// that a tag of its own stands for, and the layers.
func (e *Engine) Resolve(ctx context.Context, b *run.Build) {
	for i := range b.Bases {
		r := &b.Bases[i]
		img, err := e.cli.ImageInspect(ctx, r.Ref)
		if err != nil {
			continue // the builder keeps what it pulls to itself
		}
		for _, d := range img.RepoDigests {
			name, digest, _ := strings.Cut(d, "@")
			if r.Digest == "" && sameRepository(name, r.Ref) {
				r.Digest = digest
			}
		}
		if r.Digest == "" || slices.ContainsFunc(img.RepoDigests, func(d string) bool { return strings.HasSuffix(d, r.Digest) }) {
			r.Layers = img.RootFS.Layers
		}
	}
}

// sameRepository tells whether a repository is that of a reference.
func sameRepository(repo, ref string) bool {
	a, err := reference.ParseNormalizedNamed(repo)
	if err != nil {
		return false
	}
	b, err := reference.ParseNormalizedNamed(ref)
	return err == nil && a.Name() == b.Name()
}
