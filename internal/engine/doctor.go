package engine

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"strings"
	"time"

	"github.com/moby/moby/client"
)

// A Diagnosis is one thing that proving needs, or can use.
type Diagnosis struct {
	What   string
	Health Condition
	Found  string // what is there
	Do     string // what to do; "" = nothing
}

// A Condition says how a thing is.
type Condition uint8

// The conditions, from good to bad.
const (
	Fine     Condition = iota
	Lacking            // something cannot be looked at
	Breaking           // nothing can be proved
)

func (c Condition) String() string { return [...]string{"fine", "lacking", "breaking"}[c] }

// Diagnose looks at what there is to prove with. registry is the host of one
// that is to be asked too; "" = none.
func Diagnose(ctx context.Context, registry string) []Diagnosis {
	var out []Diagnosis
	add := func(d Diagnosis) { out = append(out, d) }
	host, err := ResolveHost()
	if err != nil {
		add(Diagnosis{"engine", Breaking, err.Error(), "name the engine with DOCKER_HOST, or fix the docker context"})
		return out
	}
	e, err := Open(ctx, host)
	if err != nil {
		d := Diagnosis{"engine", Breaking, err.Error(), ""}
		var e *Error
		if errors.As(err, &e) {
			d.Found, d.Do = e.What, e.Hint
		}
		add(d)
		add(buildx(ctx))
		return out
	}
	defer e.Close()
	add(Diagnosis{"engine", Fine, fmt.Sprintf("%s %s, API %s, %s, at %s (from %s)", e.Name, e.Version, e.API, e.Platform(), host.Address, host.From), ""})
	add(buildx(ctx))
	if _, err := e.canPeek(); err != nil {
		add(Diagnosis{"access to containers", Lacking, err.Error(), fmt.Sprintf("use a dockworthy binary for %s that is built with CGO_ENABLED=0; otherwise processes, ports and hangs stay undecided", e.Platform())})
	} else {
		add(Diagnosis{"access to containers", Fine, "this binary is static and can run on the engine", ""})
	}
	if info, err := e.cli.Info(ctx, client.InfoOptions{}); err == nil {
		add(e.features(info.Info.SecurityOptions, info.Info.MemoryLimit, info.Info.PidsLimit))
		if e.Podman() {
			add(Diagnosis{"Podman", Lacking, "its Docker API builds in another way and does not report HEALTHCHECK of OCI images", "see docs/engines.md for the differences"})
		}
	}
	switch left, err := e.Left(ctx); {
	case err != nil:
		add(Diagnosis{"leftovers", Lacking, err.Error(), ""})
	case len(left) > 0:
		add(Diagnosis{"leftovers", Lacking, fmt.Sprintf("%d killed runs left resources on the engine", len(left)), "the next `dockworthy prove` removes them"})
	default:
		add(Diagnosis{"leftovers", Fine, "none", ""})
	}
	if registry != "" {
		add(reach(ctx, registry))
	}
	return out
}

func buildx(ctx context.Context) Diagnosis {
	argv, version, err := FindBuildx(ctx)
	if err != nil {
		var e *Error
		errors.As(err, &e)
		return Diagnosis{"buildx", Breaking, e.What, e.Hint}
	}
	cmd := exec.CommandContext(ctx, argv[0], append(argv[1:], "bake", "--help")...)
	cmd.Env = ClientEnviron()
	if out, err := cmd.CombinedOutput(); err == nil && !strings.Contains(string(out), "rawjson") {
		return Diagnosis{"buildx", Breaking, "buildx " + version + " does not support --progress=rawjson", "update it to 0.13 or newer"}
	}
	return Diagnosis{"buildx", Fine, version + " (" + strings.Join(argv, " ") + ")", ""}
}

// features are the limits that the hard settings rest on.
func (e *Engine) features(security []string, memory, pids bool) Diagnosis {
	var missing []string
	if !strings.Contains(strings.Join(security, " "), "seccomp") {
		missing = append(missing, "seccomp")
	}
	if !memory {
		missing = append(missing, "memory limits")
	}
	if !pids {
		missing = append(missing, "process limits")
	}
	if len(missing) > 0 {
		return Diagnosis{"limits", Lacking, "the engine has no " + strings.Join(missing, ", no "), "containers run without them, so a fork bomb or a memory leak affects the host"}
	}
	return Diagnosis{"limits", Fine, "seccomp, memory and process limits", ""}
}

// reach asks a registry whether it speaks the distribution API.
func reach(ctx context.Context, registry string) Diagnosis {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	scheme := "https"
	if name, _, _ := strings.Cut(registry, ":"); name == "localhost" || strings.HasPrefix(name, "127.") {
		scheme = "http"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+"://"+registry+"/v2/", nil)
	if err != nil {
		return Diagnosis{"registry " + registry, Breaking, err.Error(), "name the registry by its host and port"}
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return Diagnosis{"registry " + registry, Breaking, "it does not respond: " + err.Error(), "check its name, the network and the proxy settings"}
	}
	res.Body.Close()
	switch res.StatusCode {
	case http.StatusOK:
		return Diagnosis{"registry " + registry, Fine, "it responds", ""}
	case http.StatusUnauthorized:
		return Diagnosis{"registry " + registry, Fine, "it responds and requires a login", ""}
	}
	return Diagnosis{"registry " + registry, Lacking, "it responds with " + res.Status, "it may not be a registry"}
}
