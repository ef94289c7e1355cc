package image

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A Config is how a container of the image is started. It follows the OCI
// image specification, with the fields that Docker adds (Healthcheck, Shell,
// OnBuild), which images in OCI format lack.
type Config struct {
	User         string // as written; "" = root
	Entrypoint   []string
	Cmd          []string
	Env          []Var
	Labels       []Var    // by name
	ExposedPorts []string // "8080/tcp", sorted
	Volumes      []string // sorted
	WorkingDir   string   // "" = /
	StopSignal   string   // "" = SIGTERM
	Healthcheck  *Healthcheck
	Shell        []string // nil = /bin/sh -c
	OnBuild      []string
}

// A Var is a name and its value.
type Var struct {
	Name, Value string
}

// A Healthcheck is Docker's. Zero durations and retries are the engine's
// defaults: 30 s, 30 s, 0 s, 5 s and 3.
type Healthcheck struct {
	Test                                          []string // ["CMD", …], ["CMD-SHELL", line], ["NONE"]; nil = the base's
	Interval, Timeout, StartPeriod, StartInterval time.Duration
	Retries                                       int
}

// Getenv is the value of an environment variable; the last of a name counts.
func (c *Config) Getenv(name string) (value string, ok bool) {
	return last(c.Env, name)
}

// Label is the value of a label.
func (c *Config) Label(name string) (value string, ok bool) {
	return last(c.Labels, name)
}

func last(vars []Var, name string) (string, bool) {
	for _, v := range slices.Backward(vars) {
		if v.Name == name {
			return v.Value, true
		}
	}
	return "", false
}

// Argv is what is started when nothing is said: the entrypoint with the
// command behind it.
func (c *Config) Argv() []string {
	return slices.Concat(c.Entrypoint, c.Cmd)
}

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
		Healthcheck  *Healthcheck
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
func (f *configFile) settings() Config {
	in := &f.Config
	c := Config{
		User: in.User, Entrypoint: in.Entrypoint, Cmd: in.Cmd, WorkingDir: in.WorkingDir, StopSignal: in.StopSignal,
		Healthcheck: in.Healthcheck, Shell: in.Shell, OnBuild: in.OnBuild,
		ExposedPorts: sortedKeys(in.ExposedPorts), Volumes: sortedKeys(in.Volumes),
	}
	for _, e := range in.Env {
		name, value, _ := strings.Cut(e, "=")
		c.Env = append(c.Env, Var{name, value})
	}
	for _, name := range sortedKeys(in.Labels) {
		c.Labels = append(c.Labels, Var{name, in.Labels[name]})
	}
	return c
}

func sortedKeys[V any](m map[string]V) []string {
	if len(m) == 0 {
		return nil
	}
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
