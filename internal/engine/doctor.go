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
		add(Diagnosis{"engine", Breaking, err.Error(), "name the engine with DOCKER_HOST, or mend the docker context"})
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
		add(Diagnosis{"looking into containers", Lacking, err.Error(), fmt.Sprintf("run a dockworthy for %s, built with CGO_ENABLED=0: without it processes, ports and hangs stay undecided", e.Platform())})
	} else {
		add(Diagnosis{"looking into containers", Fine, "this program is static and runs on the engine", ""})
	}
	if info, err := e.cli.Info(ctx, client.InfoOptions{}); err == nil {
		add(e.features(info.Info.SecurityOptions, info.Info.MemoryLimit, info.Info.PidsLimit))
		if e.Podman() {
			add(Diagnosis{"Podman", Lacking, "its Docker API builds by another way and knows no HEALTHCHECK in OCI images", "see docs/engines.md for what differs"})
		}
	}
	switch left, err := e.Left(ctx); {
	case err != nil:
		add(Diagnosis{"leftovers", Lacking, err.Error(), ""})
	case len(left) > 0:
		add(Diagnosis{"leftovers", Lacking, fmt.Sprintf("%d killed runs left something on the engine", len(left)), "the next `dockworthy prove` removes it"})
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
		return Diagnosis{"buildx", Breaking, "buildx " + version + " knows no --progress=rawjson", "update it to 0.13 or newer"}
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
		return Diagnosis{"limits", Lacking, "the engine has no " + strings.Join(missing, ", no "), "programs run without them: a fork bomb or a leak is the machine's"}
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
		return Diagnosis{"registry " + registry, Breaking, "it does not answer: " + err.Error(), "look at its name, the network and the proxy settings"}
	}
	res.Body.Close()
	switch res.StatusCode {
	case http.StatusOK:
		return Diagnosis{"registry " + registry, Fine, "it answers", ""}
	case http.StatusUnauthorized:
		return Diagnosis{"registry " + registry, Fine, "it answers, and asks for a login", ""}
	}
	return Diagnosis{"registry " + registry, Lacking, "it answers " + res.Status, "it may be no registry"}
}
