package source_test

import (
	"io/fs"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/dockworthy/dockworthy/internal/source"
)

// A Dockerfile that is a link to another one is judged as that, unless it leads to
// what is not looked for or is named itself.
func TestLinkedDockerfiles(t *testing.T) {
	link := func(to string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte(to), Mode: fs.ModeSymlink | 0o777}
	}
	file := &fstest.MapFile{Data: []byte("FROM alpine:3.21.0\n")}
	fsys := fstest.MapFS{
		"Dockerfile":               link("docker/Dockerfile.debian"),
		"docker/Dockerfile.debian": file,
		"api/Dockerfile":           link("../shared/base"),
		"shared/base":              file,
	}
	for _, c := range []struct{ paths, want []string }{
		{[]string{"."}, []string{"api/Dockerfile", "docker/Dockerfile.debian"}},
		{[]string{"Dockerfile"}, []string{"Dockerfile"}},
	} {
		var got []string
		for _, u := range source.Open(fsys, c.paths, source.Options{}).Units {
			got = append(got, u.Path)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%q: %q, not %q", c.paths, got, c.want)
		}
	}
}
