package image

import (
	"slices"
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
