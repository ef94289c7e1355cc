// Package engine is the edge to a container engine: it builds images, starts
// containers under hard settings, and looks at what they do. All that it makes
// bears the label io.dockworthy.run with the id of the run, and is removed when
// the run ends; what a killed run left is removed at the next one's start.
// Nothing else on the engine is touched.
package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/moby/moby/client"

	"github.com/dockworthy/dockworthy/internal/redact"
	"github.com/dockworthy/dockworthy/internal/run"
)

// Label is on every container, image, network and volume that a run makes; its
// value is the run's id.
const Label = "io.dockworthy.run"

// MinAPI is the oldest version of the engine's API that is spoken: Docker 20.10.
const MinAPI = "1.41"

// An Engine is a connection to a container engine.
type Engine struct {
	Host     Host
	Name     string // "Docker Engine", "Podman Engine"
	Version  string
	API      string // the version both sides speak
	OS, Arch string // as Go names them: linux, amd64
	// Redactor hides secrets in what builds and programs say; nil = by their look
	// alone.
	Redactor *redact.Redactor
	// Patience is how much longer than usual a program may take to come up: the
	// probes beside it live so much longer. Zero = no longer.
	Patience time.Duration
	cli      *client.Client
	made     atomic.Int64 // what bears a number in its name

	bakeOnce  sync.Once
	bakeAllow bool // see bakeAsks
}

// An Error is an engine that cannot be used: what is so, and the way out.
type Error struct {
	What, Hint string
	Err        error
}

func (e *Error) Error() string {
	if e.Hint == "" {
		return e.What
	}
	return e.What + "; " + e.Hint
}

func (e *Error) Unwrap() error { return e.Err }

// Open connects to an engine and asks what it is.
func Open(ctx context.Context, h Host) (*Engine, error) {
	opts := []client.Opt{client.WithUserAgent("dockworthy")}
	switch scheme, rest, _ := strings.Cut(h.Address, "://"); scheme {
	case "ssh":
		opts = append(opts, client.WithHost("http://docker.invalid"), client.WithDialContext(dialSSH(rest)))
	case "unix", "tcp", "http", "https", "npipe":
		opts = append(opts, client.WithHost(h.Address))
	default:
		return nil, &Error{What: fmt.Sprintf("the engine's address %q (from %s) does not begin with unix://, tcp:// or ssh://", h.Address, h.From)}
	}
	if h.CA != "" || h.Cert != "" {
		opts = append(opts, client.WithTLSClientConfig(h.CA, h.Cert, h.Key))
	}
	cli, err := client.New(opts...)
	if err != nil {
		return nil, &Error{What: fmt.Sprintf("the engine's address %q (from %s) cannot be used: %v", h.Address, h.From, err), Err: err}
	}
	e := &Engine{Host: h, cli: cli}
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	if err := e.ask(ctx); err != nil {
		cli.Close()
		return nil, e.explain(err)
	}
	return e, nil
}

func (e *Engine) ask(ctx context.Context) error {
	ping, err := e.cli.Ping(ctx, client.PingOptions{NegotiateAPIVersion: true})
	if err != nil {
		return err
	}
	v, err := e.cli.ServerVersion(ctx, client.ServerVersionOptions{})
	if err != nil {
		return err
	}
	e.Name, e.Version, e.API = "Docker Engine", v.Version, e.cli.ClientVersion()
	e.OS, e.Arch = v.Os, v.Arch
	for _, c := range v.Components {
		if strings.Contains(c.Name, "Podman") {
			e.Name, e.Version = c.Name, c.Version
		}
	}
	if e.OS == "" {
		e.OS = ping.OSType
	}
	return nil
}

// explain puts a failed connection into words with a way out.
func (e *Engine) explain(err error) error {
	at := fmt.Sprintf("%s (from %s)", e.Host.Address, e.Host.From)
	path, isSocket := strings.CutPrefix(e.Host.Address, "unix://")
	if isSocket && client.IsErrConnectionFailed(err) {
		// The client does not say what failed.
		if c, derr := net.DialTimeout("unix", path, 5*time.Second); derr != nil {
			err = derr
		} else {
			c.Close()
		}
	}
	switch {
	case errors.Is(err, fs.ErrNotExist) || isSocket && missing(path):
		return &Error{What: "no container engine responds at " + at, Hint: "start Docker, or name the engine with DOCKER_HOST; `dockworthy doctor` shows what is available", Err: err}
	case errors.Is(err, fs.ErrPermission) || strings.Contains(err.Error(), "permission denied"):
		return &Error{What: "no permission on the engine's socket " + at, Hint: "run as a user in the group that owns the socket (often docker), or use a rootless engine", Err: err}
	case errors.Is(err, syscall.ECONNREFUSED):
		return &Error{What: "no process listens at " + at, Hint: "start the engine: its socket exists, but its daemon does not run", Err: err}
	case errors.Is(err, context.DeadlineExceeded):
		return &Error{What: "the engine at " + at + " does not respond within 20 s", Hint: "check whether its daemon hangs", Err: err}
	case strings.Contains(err.Error(), "too old") || strings.Contains(err.Error(), "minimum supported API version"):
		return &Error{What: "the engine at " + at + " is too old: dockworthy needs API " + MinAPI + " or newer (Docker 20.10)", Hint: "update the engine", Err: err}
	}
	return &Error{What: fmt.Sprintf("the engine at %s cannot be queried: %v", at, err), Hint: "`dockworthy doctor` shows what is available", Err: err}
}

func missing(path string) bool {
	_, err := os.Stat(path)
	return errors.Is(err, fs.ErrNotExist)
}

// Podman tells whether the engine is Podman behind Docker's API.
func (e *Engine) Podman() bool { return strings.Contains(e.Name, "Podman") }

// Platform is the engine's platform as images name it: linux/amd64.
func (e *Engine) Platform() string { return e.OS + "/" + e.Arch }

// About is what the engine is, as a run's log says it.
func (e *Engine) About() run.Engine {
	return run.Engine{Name: e.Name, Version: e.Version, API: e.API, Platform: e.Platform()}
}

// Close ends the connection.
func (e *Engine) Close() error { return e.cli.Close() }

// dialSSH reaches an engine as the docker command does: by `docker system
// dial-stdio` on the other machine.
func dialSSH(target string) func(ctx context.Context, network, addr string) (net.Conn, error) {
	return func(ctx context.Context, _, _ string) (net.Conn, error) {
		host, path, _ := strings.Cut(target, "/")
		args := []string{"-o", "BatchMode=yes", "-o", "ConnectTimeout=15"}
		if h, port, ok := strings.Cut(host, ":"); ok {
			host, args = h, append(args, "-p", port)
		}
		args = append(args, "--", host, "docker")
		if path != "" {
			args = append(args, "--host", "unix:///"+path)
		}
		args = append(args, "system", "dial-stdio")
		return dialCommand(exec.Command("ssh", args...))
	}
}
