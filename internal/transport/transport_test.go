package transport

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// ask asks a registry on this machine one question, as go-containerregistry
// does: its client follows redirects without end.
func ask(t *testing.T, opt Options, url string) ([]byte, error) {
	t.Helper()
	opt.Host = strings.TrimPrefix(strings.TrimPrefix(strings.Split(url, "/v2/")[0], "http://"), "https://")
	client := http.Client{Transport: New(opt), CheckRedirect: func(*http.Request, []*http.Request) error { return nil }}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Basic c2VjcmV0")
	res, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	return io.ReadAll(res.Body)
}

// A registry may send us to its storage.
func TestRedirect(t *testing.T) {
	var seen []string
	storage := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.Header.Get("Authorization"))
		fmt.Fprint(w, "content")
	}))
	defer storage.Close()
	reg := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, storage.URL+"/somewhere", http.StatusTemporaryRedirect)
	}))
	defer reg.Close()
	data, err := ask(t, Options{}, reg.URL+"/v2/app/blobs/sha256:0")
	if err != nil || string(data) != "content" {
		t.Errorf("%q, %v", data, err)
	}
	if len(seen) != 1 || seen[0] != "" {
		t.Errorf("its storage got the credentials %q", seen)
	}
}

func TestRedirectsEnd(t *testing.T) {
	n := 0
	reg := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n++
		http.Redirect(w, r, fmt.Sprintf("/v2/app/manifests/%d", n), http.StatusFound)
	}))
	defer reg.Close()
	if _, err := ask(t, Options{}, reg.URL+"/v2/app/manifests/1"); err == nil || !strings.Contains(err.Error(), "after 10 redirects") {
		t.Errorf("%v", err)
	}
	if n > MaxRedirects+1 {
		t.Errorf("asked %d times", n)
	}
}

// Where a registry sends us, it must not lead to what is nearer than itself.
func TestReach(t *testing.T) {
	for addr, want := range map[string]reach{
		"127.0.0.1": loopback, "::1": loopback, "::ffff:127.0.0.1": loopback, "10.1.2.3": private, "192.168.0.1": private, "172.16.9.9": private, "fd00::1": private, "100.64.0.1": private,
		"169.254.169.254": special, "fe80::1": special, "0.0.0.0": special, "::": special, "224.0.0.1": special, "ff02::1": special, "8.8.8.8": public, "2606:4700::1": public,
	} {
		if got := reachOf(&net.TCPAddr{IP: net.ParseIP(addr)}); got != want {
			t.Errorf("%s is %s, want %s", addr, got, want)
		}
	}
	for _, c := range []struct {
		host, to string
		ok       bool
	}{
		{"127.0.0.1:5000", "127.0.0.1", true}, {"127.0.0.1:5000", "10.0.0.1", true}, {"127.0.0.1:5000", "8.8.8.8", true}, {"127.0.0.1:5000", "169.254.169.254", false},
		{"10.0.0.5", "10.0.0.6", true}, {"10.0.0.5", "127.0.0.1", false}, {"8.8.8.8", "10.0.0.6", false}, {"8.8.8.8", "127.0.0.1", false}, {"8.8.8.8", "169.254.169.254", false}, {"8.8.8.8", "9.9.9.9", true},
	} {
		err := New(Options{Host: c.host}).allow(t.Context(), "storage.example:443", &net.TCPAddr{IP: net.ParseIP(c.to), Port: 443})
		if (err == nil) != c.ok || err != nil && !errors.Is(err, ErrElsewhere) {
			t.Errorf("from %s to %s: %v", c.host, c.to, err)
		}
	}
	if err := New(Options{Host: "169.254.169.254"}).allow(t.Context(), "169.254.169.254:80", &net.TCPAddr{IP: net.ParseIP("169.254.169.254"), Port: 80}); err != nil {
		t.Errorf("what the caller named is not asked: %v", err)
	}
	foreign := New(Options{Host: "169.254.169.254", Foreign: true})
	if err := foreign.allow(t.Context(), "169.254.169.254:80", &net.TCPAddr{IP: net.ParseIP("169.254.169.254"), Port: 80}); !errors.Is(err, ErrAddress) {
		t.Errorf("a file of a repository has the address of a link asked: %v", err)
	}
	if err := New(Options{Host: "10.0.0.5", Foreign: true}).allow(t.Context(), "10.0.0.5:443", &net.TCPAddr{IP: net.ParseIP("10.0.0.5"), Port: 443}); err != nil {
		t.Errorf("a registry of a private network is not asked: %v", err)
	}
}

// A registry on the other side of the world does not send us to plain HTTP.
func TestPlain(t *testing.T) {
	tr := New(Options{Host: "registry.example"})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://storage.example/x", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tr.RoundTrip(req); !errors.Is(err, ErrElsewhere) {
		t.Errorf("%v", err)
	}
}

// Every answer has a bound, and all blobs together have one.
func TestBounds(t *testing.T) {
	reg := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		chunk := make([]byte, 64<<10)
		for {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	}))
	defer reg.Close()
	for path, want := range map[string]int64{"/v2/app/manifests/1": MaxManifest, "/v2/app/referrers/1": MaxManifest, "/v2/token": maxOther, "/v2/app/blobs/1": 10 << 20} {
		data, err := ask(t, Options{Bytes: 10 << 20}, reg.URL+path)
		var large *TooLarge
		if !errors.As(err, &large) || large.Limit != want || int64(len(data)) > want+64<<10 {
			t.Errorf("%s: %d bytes, %v", path, len(data), err)
		}
	}
}

// A registry that stops in the middle is given up.
func TestSilent(t *testing.T) {
	release := make(chan struct{})
	reg := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/blobs/") {
			fmt.Fprint(w, "some")
			w.(http.Flusher).Flush()
		}
		<-release
	}))
	defer reg.Close()
	defer close(release)
	var silent *Silent
	if _, err := ask(t, Options{Quiet: 50 * time.Millisecond}, reg.URL+"/v2/app/blobs/1"); !errors.As(err, &silent) {
		t.Errorf("%v", err)
	}
	if _, err := ask(t, Options{Quiet: 50 * time.Millisecond}, reg.URL+"/v2/app/manifests/1"); err == nil {
		t.Error("a registry that never answers was waited for")
	}
}
