package engine

import (
	"slices"
	"testing"

	dockerspec "github.com/moby/docker-image-spec/specs-go/v1"

	"github.com/dockworthy/dockworthy/internal/run"
)

// A volume that Compose names for a folder that the image declares too is one
// mount: an engine refuses two on one path.
func TestVolumes(t *testing.T) {
	p := &prober{}
	p.cfg = dockerspec.DockerOCIImageConfig{}
	p.cfg.Volumes = map[string]struct{}{"/var/lib/data/": {}, "/cache": {}, "/scratch": {}}
	got := p.volumes(run.Settings{Volumes: []string{"/var/lib/data", "/srv/up"}, Writable: []string{"/tmp", "/scratch"}})
	if want := []string{"/cache", "/srv/up", "/var/lib/data"}; !slices.Equal(got, want) {
		t.Errorf("volumes on %q, want %q", got, want)
	}
}

func TestTagged(t *testing.T) {
	for in, want := range map[string]string{
		"app": "app:latest", "app:1": "app:1", "reg:5000/app": "reg:5000/app:latest", "reg:5000/app:1": "reg:5000/app:1",
		"app@sha256:ab": "app@sha256:ab", "0123456789ab": "0123456789ab", "sha256:0123456789abcdef": "sha256:0123456789abcdef",
	} {
		if got := tagged(in); got != want {
			t.Errorf("%s is saved as %s, want %s", in, got, want)
		}
	}
}
