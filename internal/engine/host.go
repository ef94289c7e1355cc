package engine

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// A Host is the address of an engine and how it was found, in the order in
// which the docker command looks: DOCKER_HOST, DOCKER_CONTEXT, the current
// context of the CLI's configuration, the well-known sockets.
type Host struct {
	Address string // unix:///var/run/docker.sock, tcp://…, ssh://…
	Context string // the docker context that names it; "" = none
	From    string // what said so: "DOCKER_HOST", "the docker context colima", "the default socket"
	// CA, Cert and Key are files for TLS; "" = none.
	CA, Cert, Key string
	SkipVerify    bool
}

// A world is what resolving a host reads of the machine.
type world struct {
	env  func(string) string
	home string
	uid  int
}

func thisWorld() world {
	home, _ := os.UserHomeDir()
	return world{env: os.Getenv, home: home, uid: os.Getuid()}
}

// ResolveHost finds the engine that the docker command would use, and on a
// machine without a Docker socket the one of Podman.
func ResolveHost() (Host, error) { return thisWorld().resolve() }

func (w world) configDir() string {
	if d := w.env("DOCKER_CONFIG"); d != "" {
		return d
	}
	return filepath.Join(w.home, ".docker")
}

func (w world) resolve() (Host, error) {
	if addr := w.env("DOCKER_HOST"); addr != "" {
		h := Host{Address: addr, From: "DOCKER_HOST"}
		if dir := w.env("DOCKER_CERT_PATH"); dir != "" {
			h.CA, h.Cert, h.Key = filepath.Join(dir, "ca.pem"), filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
			h.SkipVerify = w.env("DOCKER_TLS_VERIFY") == ""
		}
		return h, nil
	}
	name, from := w.env("DOCKER_CONTEXT"), "DOCKER_CONTEXT"
	if name == "" {
		path := filepath.Join(w.configDir(), "config.json")
		data, err := os.ReadFile(path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return Host{}, fmt.Errorf("read the docker configuration: %w", err)
		}
		var conf struct{ CurrentContext string }
		if err == nil {
			if err := json.Unmarshal(data, &conf); err != nil {
				return Host{}, fmt.Errorf("read the docker configuration %s: %w", path, err)
			}
		}
		name, from = conf.CurrentContext, "the docker context "+conf.CurrentContext
	}
	if name != "" && name != "default" {
		return w.context(name, from)
	}
	return w.socket(), nil
}

// context reads a context of the CLI's store: meta/<sha256 of the name>/meta.json
// and tls/<sha256>/docker/{ca,cert,key}.pem.
func (w world) context(name, from string) (Host, error) {
	sum := sha256.Sum256([]byte(name))
	id := hex.EncodeToString(sum[:])
	path := filepath.Join(w.configDir(), "contexts", "meta", id, "meta.json")
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Host{}, fmt.Errorf("there is no docker context %q (%s names it); `docker context ls` lists them", name, from)
	}
	if err != nil {
		return Host{}, fmt.Errorf("read the docker context %s: %w", name, err)
	}
	var meta struct {
		Endpoints map[string]struct {
			Host          string
			SkipTLSVerify bool
		}
	}
	if err := json.Unmarshal(data, &meta); err != nil {
		return Host{}, fmt.Errorf("read the docker context %s: %w", path, err)
	}
	end, ok := meta.Endpoints["docker"]
	if !ok || end.Host == "" {
		return Host{}, fmt.Errorf("the docker context %q names no engine", name)
	}
	h := Host{Address: end.Host, Context: name, From: from, SkipVerify: end.SkipTLSVerify}
	tls := filepath.Join(w.configDir(), "contexts", "tls", id, "docker")
	for file, to := range map[string]*string{"ca.pem": &h.CA, "cert.pem": &h.Cert, "key.pem": &h.Key} {
		if _, err := os.Stat(filepath.Join(tls, file)); err == nil {
			*to = filepath.Join(tls, file)
		}
	}
	return h, nil
}

// DefaultSocket is where Docker listens unless it is told otherwise.
const DefaultSocket = "/var/run/docker.sock"

func (w world) socket() Host {
	runtime := w.env("XDG_RUNTIME_DIR")
	if runtime == "" && w.uid > 0 {
		runtime = fmt.Sprintf("/run/user/%d", w.uid)
	}
	try := []struct{ path, from string }{{DefaultSocket, "the default socket"}}
	if runtime != "" {
		try = append(try,
			struct{ path, from string }{filepath.Join(runtime, "docker.sock"), "rootless Docker's socket"},
			struct{ path, from string }{filepath.Join(runtime, "podman", "podman.sock"), "Podman's socket"})
	}
	try = append(try, struct{ path, from string }{"/run/podman/podman.sock", "Podman's socket"})
	for _, t := range try {
		if info, err := os.Stat(t.path); err == nil && info.Mode()&fs.ModeSocket != 0 {
			return Host{Address: "unix://" + t.path, From: t.from}
		}
	}
	return Host{Address: "unix://" + DefaultSocket, From: "the default socket"}
}
