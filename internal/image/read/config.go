package read

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/dockworthy/dockworthy/internal/image"
)

// configFile is the config as stored.
type configFile struct {
	Architecture string `json:"architecture"`
	OS           string `json:"os"`
	Variant      string `json:"variant"`
	Created      stamp  `json:"created"`
	Config       struct {
		User         string
		Entrypoint   []string
		Cmd          []string
		Env          []string
		Labels       map[string]string
		ExposedPorts map[string]json.RawMessage
		Volumes      map[string]json.RawMessage
		WorkingDir   string
		StopSignal   string
		Healthcheck  *image.Healthcheck
		Shell        []string
		OnBuild      []string
	} `json:"config"`
	RootFS struct {
		DiffIDs []string `json:"diff_ids"`
	} `json:"rootfs"`
	History []struct {
		Created    stamp  `json:"created"`
		CreatedBy  string `json:"created_by"`
		Author     string `json:"author"`
		Comment    string `json:"comment"`
		EmptyLayer bool   `json:"empty_layer"`
	} `json:"history"`
}

// A stamp is a time that may be missing or badly written: no image is unfit
// for that. Zero = not said.
type stamp struct{ time.Time }

func (s *stamp) UnmarshalJSON(data []byte) error {
	if s.Time.UnmarshalJSON(data) != nil {
		s.Time = time.Time{}
	}
	return nil
}

func parseConfig(data []byte) (*configFile, error) {
	f := &configFile{}
	if err := json.Unmarshal(data, f); err != nil {
		return nil, fmt.Errorf("read the image's config: %w", err)
	}
	return f, nil
}

// settings is the config in the model's form.
func (f *configFile) settings() image.Config {
	in := &f.Config
	c := image.Config{
		User: in.User, Entrypoint: in.Entrypoint, Cmd: in.Cmd, WorkingDir: in.WorkingDir, StopSignal: in.StopSignal,
		Healthcheck: in.Healthcheck, Shell: in.Shell, OnBuild: in.OnBuild,
		ExposedPorts: slices.Sorted(maps.Keys(in.ExposedPorts)), Volumes: slices.Sorted(maps.Keys(in.Volumes)),
	}
	for _, e := range in.Env {
		name, value, _ := strings.Cut(e, "=")
		c.Env = append(c.Env, image.Var{Name: name, Value: value})
	}
	for _, name := range slices.Sorted(maps.Keys(in.Labels)) {
		c.Labels = append(c.Labels, image.Var{Name: name, Value: in.Labels[name]})
	}
	return c
}
