package engine

import (
	"crypto/sha256"
	"encoding/hex"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestResolveHost(t *testing.T) {
	home := t.TempDir()
	write := func(p, data string) {
		t.Helper()
		p = filepath.Join(home, p)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	id := func(name string) string { sum := sha256.Sum256([]byte(name)); return hex.EncodeToString(sum[:]) }
	write(".docker/contexts/meta/"+id("colima")+"/meta.json", `{"Name":"colima","Endpoints":{"docker":{"Host":"unix:///colima.sock"}}}`)
	write(".docker/contexts/meta/"+id("far")+"/meta.json", `{"Name":"far","Endpoints":{"docker":{"Host":"tcp://far:2376","SkipTLSVerify":false}}}`)
	write(".docker/contexts/tls/"+id("far")+"/docker/ca.pem", "x")
	write(".docker/contexts/meta/"+id("empty")+"/meta.json", `{"Endpoints":{}}`)
	write(".docker/contexts/meta/"+id("broken")+"/meta.json", `{`)
	at := func(env map[string]string) world {
		return world{env: func(n string) string { return env[n] }, home: home, uid: 1000}
	}
	for _, c := range []struct {
		name   string
		env    map[string]string
		config string
		want   string // address, or a part of the error after "!"
		from   string
	}{
		{"nothing said", nil, "", "unix://" + DefaultSocket, "the default socket"},
		{"DOCKER_HOST wins", map[string]string{"DOCKER_HOST": "tcp://x:1", "DOCKER_CONTEXT": "colima"}, "", "tcp://x:1", "DOCKER_HOST"},
		{"DOCKER_CONTEXT", map[string]string{"DOCKER_CONTEXT": "colima"}, "", "unix:///colima.sock", "DOCKER_CONTEXT"},
		{"the current context", nil, `{"currentContext":"colima"}`, "unix:///colima.sock", "the docker context colima"},
		{"the context called default", nil, `{"currentContext":"default"}`, "unix://" + DefaultSocket, "the default socket"},
		{"TLS", map[string]string{"DOCKER_CONTEXT": "far"}, "", "tcp://far:2376", "DOCKER_CONTEXT"},
		{"no such context", map[string]string{"DOCKER_CONTEXT": "gone"}, "", `!there is no docker context "gone"`, ""},
		{"a context without an engine", map[string]string{"DOCKER_CONTEXT": "empty"}, "", "!names no engine", ""},
		{"a broken context", map[string]string{"DOCKER_CONTEXT": "broken"}, "", "!read the docker context", ""},
		{"a broken configuration", nil, `{"currentContext":`, "!read the docker configuration", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			os.Remove(filepath.Join(home, ".docker/config.json"))
			if c.config != "" {
				write(".docker/config.json", c.config)
			}
			h, err := at(c.env).resolve()
			if part, bad := strings.CutPrefix(c.want, "!"); bad {
				if err == nil || !strings.Contains(err.Error(), part) {
					t.Fatalf("got %+v, %v; want an error with %q", h, err, part)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			// This machine may have an engine of its own elsewhere.
			if h.Address != c.want && c.from != "the default socket" || c.from != "the default socket" && h.From != c.from {
				t.Errorf("got %q from %q, want %q from %q", h.Address, h.From, c.want, c.from)
			}
			if c.name == "TLS" && !strings.HasSuffix(h.CA, "ca.pem") {
				t.Errorf("CA %q", h.CA)
			}
		})
	}
}

func TestOpenSaysWhatToDo(t *testing.T) {
	dir := t.TempDir()
	silent := filepath.Join(dir, "silent.sock")
	l, err := net.Listen("unix", silent)
	if err != nil {
		t.Fatal(err)
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	l.Close()
	for addr, want := range map[string]string{
		"unix://" + filepath.Join(dir, "none.sock"): "no container engine responds",
		"unix://" + silent:                          "no process listens",
		"ftp://x":                                   "does not begin with unix://, tcp:// or ssh://",
		"tcp://[::1":                                "cannot be used",
	} {
		_, err := Open(t.Context(), Host{Address: addr, From: "a test"})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", addr, err, want)
		}
	}
}
