package main

import (
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"

	"go.yaml.in/yaml/v3"
)

// Facts are what the probe saw of one build.
type Facts struct {
	Failed string // the build's last words, if it failed

	// The image.
	Service      bool // EXPOSE
	Tools        []string
	Lost         []string // what ELF files above the base need and do not find
	UID          int
	UnknownUser  bool
	Drops        bool // the start script has a word that drops root
	Setuid       []string
	Rewritten    int64
	Planted      bool     // the planted secret is in a layer or the config
	Unwanted     []string // names that no image wants
	Argv         []string
	ArgvTrouble  string // why the first word cannot be run
	ArgvDenied   bool   // … as the user may not
	BaseKnown    bool
	Probe        []string
	ProbeTrouble string

	// The run.
	Started     bool // it runs, or ended well
	Ended       bool // it ended by itself
	EndCode     int
	Logs        string
	SoftStarted bool // it starts where nothing is forbidden
	Root        []string
	Shell       bool // PID 1 is a shell
	Zombies     int
	Ports       map[int]bool
	Exposed     []int
	Healthy     bool
	Unhealthy   bool // when frozen
	Recovers    bool
	StopSeconds float64
	StopCode    int
	Override    string // reached, lost, or nothing to say

	// The builds after it.
	Dependencies   []step
	CanariesBuilt  bool
	SecretCanaries []string
	FileCanaries   []string
}

// A runConfig is the part of .dockworthy.yaml that says how a program is run.
type runConfig struct {
	Run struct {
		Env          map[string]string
		Writable     []string
		Capabilities []string
	}
}

// hard are the settings under which a program has to work. A folder that may be
// written is its user's.
func hard(dir string, uid, gid int) ([]string, error) {
	var c runConfig
	if data, err := os.ReadFile(filepath.Join(dir, ".dockworthy.yaml")); err == nil {
		if err := yaml.Unmarshal(data, &c); err != nil {
			return nil, err
		}
	}
	flags := []string{"--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--network", "none", "--pids-limit", "128", "--memory", "512m"}
	if len(c.Run.Writable) == 0 {
		c.Run.Writable = []string{"/tmp"}
	}
	for _, w := range c.Run.Writable {
		// Over a folder that the image has, runc takes that one's mode, and root
		// as the owner.
		flags = append(flags, "--tmpfs", fmt.Sprintf("%s:uid=%d,gid=%d", w, uid, gid))
	}
	for _, capability := range c.Run.Capabilities {
		flags = append(flags, "--cap-add", capability)
	}
	for k, v := range c.Run.Env {
		flags = append(flags, "-e", k+"="+v)
	}
	return flags, nil
}

// observe builds, looks and runs. dir is the staged build.
func observe(ctx context.Context, b *Build, builds, dir string) (*Facts, error) {
	f := &Facts{}
	tag := "dockworthy-probe/" + b.Name + ":first"
	progress, err := build(ctx, dir, tag)
	if err != nil {
		f.Failed = lastWords(progress)
		return f, nil
	}
	im, err := saved(ctx, tag, dir, []string{planted[b.Planted]})
	if err != nil {
		return nil, err
	}
	look(f, b, im)
	if err := live(ctx, f, im, dir, tag); err != nil {
		return nil, err
	}
	if err := edited(ctx, f, b, dir); err != nil {
		return nil, err
	}
	return f, canaries(ctx, f, b, builds)
}

func lastWords(progress string) string {
	lines := strings.Split(strings.TrimSpace(progress), "\n")
	return strings.Join(lines[max(0, len(lines)-3):], "\n")
}

var fromLine = regexp.MustCompile(`(?mi)^FROM\s+(\S+)(?:\s+AS\s+(\S+))?`)

// saved saves an image and reads it.
func saved(ctx context.Context, tag, dir string, needles []string) (*image, error) {
	var base []string
	data, err := os.ReadFile(filepath.Join(dir, "Dockerfile"))
	if err != nil {
		return nil, err
	}
	all := fromLine.FindAllStringSubmatch(string(data), -1)
	if last := all[len(all)-1][1]; last != "scratch" {
		out, err := docker(ctx, "inspect", "-f", `{{join .RootFS.Layers " "}}`, last)
		if err != nil {
			return nil, err
		}
		base = strings.Fields(out)
	}
	file, err := os.CreateTemp("", "probe-*.tar")
	if err != nil {
		return nil, err
	}
	file.Close()
	defer os.Remove(file.Name())
	if _, err := docker(ctx, "save", "-o", file.Name(), tag); err != nil {
		return nil, err
	}
	needles = slices.DeleteFunc(needles, func(n string) bool { return n == "" })
	return readImage(file.Name(), base, needles)
}

// drops is what start scripts drop root with.
var drops = regexp.MustCompile(`exec .*(gosu|su-exec|setpriv|runuser)|os\.setuid`)

// unwanted are names that the context has to keep to itself.
var unwanted = []string{".git", ".env", "__pycache__", "venv", ".venv", "node_modules", "test_data"}

func look(f *Facts, b *Build, im *image) {
	f.Service = len(im.Config.ExposedPorts) > 0
	f.Tools = im.tools()
	for name, n := range im.tree {
		if n.layer >= im.base && n.data != nil {
			for _, lost := range im.missing(name) {
				f.Lost = append(f.Lost, "/"+name+": "+lost)
			}
		}
	}
	slices.Sort(f.Lost)
	uid, gid, known := im.user()
	f.UID, f.UnknownUser = uid, !known
	f.Setuid = im.setuid()
	for _, word := range im.Config.Entrypoint {
		if n := im.tree[im.resolve(path.Join("/", im.Config.WorkingDir, word))]; n != nil {
			f.Drops = f.Drops || drops.Match(n.data)
		}
		if n := im.tree[im.which(word)]; n != nil {
			f.Drops = f.Drops || drops.Match(n.data)
		}
	}
	f.Rewritten = im.rewritten
	f.Planted = im.found[planted[b.Planted]] > 0
	for _, name := range im.names {
		for _, part := range strings.Split(name, "/") {
			if slices.Contains(unwanted, part) && !strings.HasPrefix(name, "opt/venv") {
				f.Unwanted = append(f.Unwanted, "/"+name)
			}
		}
	}
	f.BaseKnown = im.base > 0
	f.Argv = append(slices.Clone(im.Config.Entrypoint), im.Config.Cmd...)
	f.ArgvTrouble, f.ArgvDenied = trouble(im, f.Argv, uid, gid)
	if h := im.Config.Healthcheck; h != nil && len(h.Test) > 0 {
		f.Probe = h.Test
		switch h.Test[0] {
		case "CMD":
			f.ProbeTrouble, _ = trouble(im, h.Test[1:], uid, gid)
		case "CMD-SHELL":
			f.ProbeTrouble, _ = trouble(im, []string{"/bin/sh"}, uid, gid)
		}
	}
	for p := range im.Config.ExposedPorts {
		var n int
		fmt.Sscanf(p, "%d", &n)
		f.Exposed = append(f.Exposed, n)
	}
	slices.Sort(f.Exposed)
}

// trouble says why a command cannot be run by the user; denied is set where the
// user may not, whether or not it could.
func trouble(im *image, argv []string, uid, gid int) (why string, denied bool) {
	if len(argv) == 0 {
		return "nothing to run", false
	}
	at := im.which(argv[0])
	if at == "" {
		return argv[0] + " is not there", false
	}
	if !im.may(at, uid, gid, 1) {
		// What nobody may run is no matter of the user.
		return fmt.Sprintf("UID %d may not run /%s", uid, at), im.tree[at].mode&0o111 != 0
	}
	if lost := im.missing(at); len(lost) > 0 {
		return fmt.Sprintf("/%s needs %s", at, strings.Join(lost, ", ")), false
	}
	return im.brokenScript(at), false
}

// sentinel is an argument that no program knows.
const sentinel = "--canary-argument"

// live runs the image hard, looks at it from outside, freezes it and stops it.
func live(ctx context.Context, f *Facts, im *image, dir, tag string) error {
	uid, gid, _ := im.user()
	flags, err := hard(dir, uid, gid)
	if err != nil {
		return err
	}
	health := []string{"--health-interval", "500ms", "--health-timeout", "2s", "--health-retries", "3"}
	id, err := start(ctx, append(slices.Clone(flags), health...), tag)
	if err != nil {
		return err
	}
	s, gone := await(ctx, id, 3*time.Second, func(s state) bool { return !s.Running })
	if gone {
		f.Ended, f.EndCode = true, s.ExitCode
		f.Started = s.ExitCode == 0
		out, _ := docker(ctx, "logs", id)
		f.Logs = s.Error + lastWords(out)
		if !f.Started {
			soft, err := start(ctx, softFlags(flags), tag)
			if err != nil {
				return err
			}
			_, ended := await(ctx, soft, 3*time.Second, func(s state) bool { return !s.Running })
			f.SoftStarted = !ended
			return remove(ctx, soft)
		}
		return remove(ctx, id)
	}
	f.Started = true
	if f.Probe != nil && f.Probe[0] != "NONE" {
		_, f.Healthy = await(ctx, id, 15*time.Second, healthIs("healthy"))
	}
	for _, p := range processes(s.Pid) {
		if p.state == "Z" {
			f.Zombies++
			continue
		}
		if slices.Contains(p.uids, 0) {
			f.Root = append(f.Root, strings.Join(p.argv, " "))
		}
		if p.pid == s.Pid && len(p.argv) > 0 {
			name := filepath.Base(p.argv[0])
			f.Shell = name == "sh" || name == "bash" || name == "dash"
		}
	}
	f.Ports = listens(s.Pid)
	if f.Healthy {
		signalAll(s.Pid, syscall.SIGSTOP)
		_, f.Unhealthy = await(ctx, id, 15*time.Second, healthIs("unhealthy"))
		signalAll(s.Pid, syscall.SIGCONT)
		_, f.Recovers = await(ctx, id, 15*time.Second, healthIs("healthy"))
	}
	before := time.Now()
	if _, err := docker(ctx, "stop", "-t", "10", id); err != nil {
		return err
	}
	f.StopSeconds = time.Since(before).Seconds()
	if s, err = inspect(ctx, id); err != nil {
		return err
	}
	f.StopCode = s.ExitCode
	if err := remove(ctx, id); err != nil {
		return err
	}
	return override(ctx, f, im, flags, tag)
}

// softFlags leaves of the hard settings what a program is told, and no more.
func softFlags(flags []string) []string {
	var soft []string
	for i := 0; i+1 < len(flags); i++ {
		if flags[i] == "-e" {
			soft = append(soft, flags[i], flags[i+1])
		}
	}
	return soft
}

// override gives an argument in place of CMD, and looks whether it reaches the
// program: as a word of a process, or in what the program says of it.
func override(ctx context.Context, f *Facts, im *image, flags []string, tag string) error {
	if len(im.Config.Entrypoint) == 0 {
		return nil
	}
	id, err := start(ctx, flags, tag, sentinel)
	if err != nil {
		return err
	}
	defer remove(ctx, id)
	f.Override = "lost"
	for end := time.Now().Add(4 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		s, err := inspect(ctx, id)
		if err != nil {
			return err
		}
		all := processes(s.Pid)
		// A shell that holds it as $0 has it, and its program has not.
		if s.Running && len(all) > 0 {
			last := all[len(all)-1]
			if slices.Contains(last.argv, sentinel) && !slices.Contains(last.argv, "-c") {
				f.Override = "reached"
				return nil
			}
		}
		if !s.Running {
			break
		}
	}
	cmd, err := dockerAll(ctx, "logs", id)
	if err == nil && (strings.Contains(cmd, sentinel) || strings.Contains(cmd, strings.TrimLeft(sentinel, "-"))) {
		f.Override = "reached"
	}
	return nil
}

func start(ctx context.Context, flags []string, tag string, args ...string) (string, error) {
	id, err := docker(ctx, append(append(append([]string{"create", "--label", mark}, flags...), tag), args...)...)
	if err != nil {
		return "", err
	}
	// What cannot be executed fails here; the state says so.
	docker(ctx, "start", id)
	return id, nil
}

func remove(ctx context.Context, id string) error {
	_, err := docker(ctx, "rm", "-f", "-v", id)
	return err
}

var dependencyStep = regexp.MustCompile(`\] RUN .*(pip .*install|npm (ci|install)|apt-get .*install|go mod download)`)

// edited touches a source file, builds again and keeps the dependency steps.
func edited(ctx context.Context, f *Facts, b *Build, dir string) error {
	file := filepath.Join(dir, b.Edit)
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	comment := "#"
	if ext := filepath.Ext(file); ext != ".py" {
		comment = "//"
	}
	defer os.WriteFile(file, data, 0o644)
	// New each time, or the answer comes from the cache of the last run.
	line := fmt.Sprintf("\n%s %d\n", comment, time.Now().UnixNano())
	if err := os.WriteFile(file, append(slices.Clone(data), line...), 0o644); err != nil {
		return err
	}
	progress, err := build(ctx, dir, "dockworthy-probe/"+b.Name+":edited")
	if err != nil {
		return fmt.Errorf("build of %s after an edit: %w: %s", b.Name, err, lastWords(progress))
	}
	for _, s := range steps(progress) {
		if dependencyStep.MatchString(s.text) {
			f.Dependencies = append(f.Dependencies, s)
		}
	}
	return nil
}

var (
	secretMount = regexp.MustCompile(`type=secret,id=([\w.-]+)`)
	secretArg   = regexp.MustCompile(`(?mi)^ARG\s+(\w*(?:TOKEN|SECRET|PASSWORD|KEY)\w*)`)
)

// canaries builds once more where everything that must not get into an image has
// a word of its own, and looks for these words in what comes out.
func canaries(ctx context.Context, f *Facts, b *Build, builds string) error {
	dir, err := os.MkdirTemp("", "probe-canaries-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := b.stage(builds, dir); err != nil {
		return err
	}
	now := time.Now().UnixNano()
	word := func(what string) string { return fmt.Sprintf("feather%s%d", what, now) }
	files := map[string]string{
		".git/config": "git", ".env": "env", "id_rsa": "key", "node_modules/x/index.js": "modules",
		"__pycache__/x.pyc": "pycache", "venv/pyvenv.cfg": "venv", "test_data/x.csv": "testdata",
	}
	secrets, needles := map[string]string{}, []string{}
	for name, what := range files {
		at := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(at, []byte(word(what)+"\n"), 0o644); err != nil {
			return err
		}
		needles = append(needles, word(what))
	}
	data, err := os.ReadFile(filepath.Join(dir, "Dockerfile"))
	if err != nil {
		return err
	}
	flags := []string{"--no-cache"}
	for i, m := range secretArg.FindAllStringSubmatch(string(data), -1) {
		w := word(fmt.Sprintf("arg%d", i))
		secrets["build argument "+m[1]] = w
		flags = append(flags, "--build-arg", m[1]+"="+w)
	}
	for i, m := range secretMount.FindAllStringSubmatch(string(data), -1) {
		w := word(fmt.Sprintf("mount%d", i))
		secrets["secret mount "+m[1]] = w
		file := filepath.Join(dir, "..", filepath.Base(dir)+".secret")
		if err := os.WriteFile(file, []byte(w), 0o600); err != nil {
			return err
		}
		defer os.Remove(file)
		flags = append(flags, "--secret", "id="+m[1]+",src="+file)
	}
	for _, w := range secrets {
		needles = append(needles, w)
	}
	tag := "dockworthy-probe/" + b.Name + ":canaries"
	if _, err := build(ctx, dir, tag, flags...); err != nil {
		return nil
	}
	im, err := saved(ctx, tag, dir, needles)
	if err != nil {
		return err
	}
	f.CanariesBuilt = true
	for what, w := range secrets {
		if im.found[w] > 0 {
			f.SecretCanaries = append(f.SecretCanaries, what)
		}
	}
	for name, what := range files {
		if im.found[word(what)] > 0 {
			f.FileCanaries = append(f.FileCanaries, name)
		}
	}
	slices.Sort(f.FileCanaries)
	return nil
}
