package cli

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// A hundred references to a hundred images, in twenty Dockerfiles.
func BenchmarkPin(b *testing.B) {
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://")
	dir := b.TempDir()
	for i := range 20 {
		var lines strings.Builder
		for j := range 5 {
			ref := fmt.Sprintf("%s/team%d/app%d:1.%d", host, i, j, j)
			tag, err := name.ParseReference(ref)
			if err != nil {
				b.Fatal(err)
			}
			index, err := random.Index(10, 1, 2)
			if err != nil {
				b.Fatal(err)
			}
			if err := remote.WriteIndex(tag, index); err != nil {
				b.Fatal(err)
			}
			fmt.Fprintf(&lines, "FROM %s\n", ref)
		}
		at := filepath.Join(dir, fmt.Sprint("app", i))
		if err := os.MkdirAll(at, 0o755); err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(at, "Dockerfile"), []byte(lines.String()), 0o644); err != nil {
			b.Fatal(err)
		}
	}
	b.Setenv("DOCKER_CONFIG", b.TempDir())
	for b.Loop() {
		var out bytes.Buffer
		status := Command{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &out}.Main([]string{"pin", "--diff", dir})
		if n := strings.Count(out.String(), "\n+FROM "); status != 1 || n != 100 {
			b.Fatalf("exit %d, %d pinned: %s", status, n, out.String())
		}
	}
}
