package source

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/docker/go-units"
	"go.yaml.in/yaml/v3"

	"github.com/dockworthy/dockworthy/internal/near"
	"github.com/dockworthy/dockworthy/internal/run"
	"github.com/dockworthy/dockworthy/internal/source/base"
	"github.com/dockworthy/dockworthy/text"
)

// ConfigName is the name of the configuration file. The nearest one upwards
// from a Dockerfile is its configuration; nothing is merged.
const ConfigName = ".dockworthy.yaml"

// maxConfig is the largest configuration that is read: the decoder holds each key
// of a mapping against all others.
const maxConfig = 256 << 10

// A Config is what a project says of itself in .dockworthy.yaml. The zero
// Config says nothing.
type Config struct {
	Path         string                `yaml:"-"` // "" where there is no file
	File         *text.File            `yaml:"-"` // nil where it was not read from a project
	Targets      Targets               `yaml:"targets"`
	Profile      Profile               `yaml:"profile"`       // standard or banking
	Bases        map[string]ConfigBase `yaml:"bases"`         // by repository, or repository:tag
	RuntimeTools []string              `yaml:"runtime-tools"` // programs the running container needs, as git
	Toolboxes    []string              `yaml:"toolboxes"`     // Dockerfiles whose image is for building
	RootAllowed  []string              `yaml:"root-allowed"`  // Dockerfiles that may run as root
	Roles        map[string]string     `yaml:"roles"`         // product or development, by path
	ChecksAsOf   string                `yaml:"checks-as-of"`  // later checks are notes
	Severities   map[string]string     `yaml:"severities"`    // by check id or rule name
	Run          *ConfigRun            `yaml:"run"`           // how prove runs what is built; nil = by what Compose says
	Fix          ConfigFix             `yaml:"fix"`           // what is mended without being asked
	// Services are what programs need that no Compose file runs, in the words of a
	// Compose file: prove starts them.
	Services yaml.Node `yaml:"services"`
}

// A ConfigFix says which fixes are trusted, by check id or rule name.
type ConfigFix struct {
	Safe  []string `yaml:"safe"`  // whose unsafe fixes are taken for safe
	Never []string `yaml:"never"` // that are never mended
}

// A ConfigRun says how a container is run to be proved. What it leaves out is
// as Compose says, and else as hard as it gets.
type ConfigRun struct {
	Kind         string            `yaml:"kind"`         // service, worker or job
	Env          map[string]string `yaml:"env"`          // over Compose's
	Command      []string          `yaml:"command"`      // in place of CMD
	Ports        []int             `yaml:"ports"`        // that it listens on
	Writable     []string          `yaml:"writable"`     // folders in memory; nil = /tmp
	Volumes      []string          `yaml:"volumes"`      // folders that keep what the image holds there, and may be written
	Capabilities []string          `yaml:"capabilities"` // kept, as NET_BIND_SERVICE
	Network      string            `yaml:"network"`      // none (the default) or bridge
	Memory       string            `yaml:"memory"`       // as 512m
	Pids         int64             `yaml:"pids"`
	StopLimit    time.Duration     `yaml:"stop-limit"`  // as 2s
	StartLimit   time.Duration     `yaml:"start-limit"` // as 60s
	Secrets      map[string]string `yaml:"secrets"`     // files for --mount=type=secret by id, relative to the config
}

// Bytes is the memory limit; 0 where none is given.
func (r *ConfigRun) Bytes() int64 {
	n, _ := ParseBytes(r.Memory)
	return n
}

// ParseBytes reads a size as Docker writes it: 512m, 1g, 300000. "" is 0.
func ParseBytes(s string) (int64, error) {
	if s == "" {
		return 0, nil
	}
	n, err := units.RAMInBytes(s)
	if err != nil || n <= 0 {
		return 0, fmt.Errorf("%q is not a size: write it as 512m or 1g", s)
	}
	return n, nil
}

// RunFolder tells why a path of a container may not be laid over: it is no
// folder's, it is one of the kernel's, or it holds what options are made of. nil
// = it may.
func RunFolder(dir string) error {
	clean := path.Clean(dir)
	switch {
	case !path.IsAbs(dir) || clean == "/":
		return fmt.Errorf("%q is not an absolute path of a folder", dir)
	case strings.ContainsAny(dir, ",:=\x00\n"):
		return fmt.Errorf("%q contains a character that is part of the option syntax", dir)
	}
	for _, kernel := range []string{"/dev", "/proc", "/sys"} {
		if clean == kernel || strings.HasPrefix(clean, kernel+"/") && !strings.HasPrefix(clean, "/dev/shm") {
			return fmt.Errorf("%q belongs to the kernel", dir)
		}
	}
	return nil
}

func (r *ConfigRun) check() *configError {
	if r == nil {
		return nil
	}
	at := func(key ...string) []string { return append([]string{"run"}, key...) }
	if r.Kind != "" && r.Kind != "service" && r.Kind != "worker" && r.Kind != "job" {
		return wrong(at("kind"), "run.kind %q is none of service, worker, job", r.Kind)
	}
	if r.Network != "" && r.Network != "none" && r.Network != "bridge" {
		return wrong(at("network"), "run.network %q is neither none nor bridge", r.Network)
	}
	if _, err := ParseBytes(r.Memory); err != nil {
		return wrong(at("memory"), "run.memory: %v", err)
	}
	for _, c := range r.Capabilities {
		if name := strings.TrimPrefix(strings.ToUpper(c), "CAP_"); name != "ALL" && !slices.Contains(run.Capabilities, name) {
			return wrong(at("capabilities", c), "run.capabilities: there is no capability %s%s", c, near.Hint(run.Capabilities, name))
		}
	}
	for _, dir := range r.Writable {
		if err := RunFolder(dir); err != nil {
			return wrong(at("writable", dir), "run.writable: %v", err)
		}
	}
	for _, dir := range r.Volumes {
		if err := RunFolder(dir); err != nil {
			return wrong(at("volumes", dir), "run.volumes: %v", err)
		}
	}
	for _, port := range r.Ports {
		if port < 1 || port > 65535 {
			return wrong(at("ports", strconv.Itoa(port)), "run.ports: %d is not a port", port)
		}
	}
	if r.Pids < 0 {
		return wrong(at("pids"), "run.pids is negative")
	}
	for _, l := range []struct {
		key   string
		limit time.Duration
	}{{"stop-limit", r.StopLimit}, {"start-limit", r.StartLimit}} {
		switch {
		case l.limit < 0:
			return wrong(at(l.key), "run.%s is negative", l.key)
		case l.limit > 0 && l.limit < time.Millisecond:
			return wrong(at(l.key), "run.%s is shorter than a millisecond", l.key)
		}
	}
	for _, name := range sortedKeys(r.Env) {
		if name == "" || strings.ContainsAny(name, "=\x00") {
			return wrong(at("env", name), "run.env: %q is not a variable name", name)
		}
	}
	return nil
}

// Targets say what is built: a plain list of stages, or by Dockerfile.
type Targets struct {
	Stages []string                // for every Dockerfile that has them
	Files  map[string]ConfigTarget // by the Dockerfile's path, relative to the config
}

// A ConfigTarget says how one Dockerfile is built.
type ConfigTarget struct {
	Stages  []string          `yaml:"stages"`
	Context string            `yaml:"context"` // relative to the config
	Images  []string          `yaml:"images"`  // names that Compose and Kubernetes call it by
	Args    map[string]string `yaml:"args"`
}

// UnmarshalYAML reads either form of targets.
func (t *Targets) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.SequenceNode {
		return n.Decode(&t.Stages)
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i+1].Kind != yaml.MappingNode {
			continue
		}
		for j := 0; j < len(n.Content[i+1].Content); j += 2 {
			key := n.Content[i+1].Content[j]
			if !slices.Contains([]string{"stages", "context", "images", "args"}, key.Value) {
				return fmt.Errorf("line %d: field %s not found under targets (stages, context, images, args)", key.Line, key.Value)
			}
		}
	}
	return n.Decode(&t.Files)
}

// A ConfigBase is what a project knows of a base image of its own.
type ConfigBase struct {
	Like       string                 `yaml:"like"` // a known image whose facts it shares
	Kind       string                 `yaml:"kind"`
	OS         string                 `yaml:"os"`
	Libc       string                 `yaml:"libc"`
	Shell      string                 `yaml:"shell"`
	User       string                 `yaml:"user"`
	Users      map[string]string      `yaml:"users"` // uid:gid by name
	Tools      map[string]base.Answer `yaml:"tools"` // yes or no
	Entrypoint []string               `yaml:"entrypoint"`
	Cmd        []string               `yaml:"cmd"`
	Workdir    string                 `yaml:"workdir"`
	Healthy    *bool                  `yaml:"healthcheck"`
	Env        map[string]string      `yaml:"env"`
}

// ParseConfig reads a .dockworthy.yaml. Unknown fields are errors with their
// line.
//
// checks are the names of rules and the ids of checks that it may speak of; nil =
// they are not looked at.
func ParseConfig(name string, data []byte, checks []string) (*Config, error) {
	if len(data) > maxConfig {
		return nil, fmt.Errorf("is larger than the limit for a configuration file, %d KiB", maxConfig>>10)
	}
	c := &Config{Path: name}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	if err := dec.Decode(c); err != nil && !errors.Is(err, io.EOF) {
		return nil, errors.New(plainYAML(err))
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return nil, errors.New(plainYAML(err))
	}
	if err := c.check(checks); err != nil {
		if line := lineOf(&doc, err.path); line > 0 {
			return nil, fmt.Errorf("line %d: %s", line, err.what)
		}
		return nil, errors.New(err.what)
	}
	return c, nil
}

// A configError is a value that means nothing, with the keys that lead to it.
type configError struct {
	path []string
	what string
}

func wrong(path []string, format string, args ...any) *configError {
	return &configError{path, fmt.Sprintf(format, args...)}
}

// check is the first value of a config that means nothing; nil = all mean something.
func (c *Config) check(checks []string) *configError {
	if c.Profile != "" && c.Profile != Standard && c.Profile != Banking {
		return wrong([]string{"profile"}, "profile %q is neither %s nor %s", c.Profile, Standard, Banking)
	}
	if c.ChecksAsOf != "" && !version.MatchString(c.ChecksAsOf) {
		return wrong([]string{"checks-as-of"}, "checks-as-of %q is not a version such as 0.1.0", c.ChecksAsOf)
	}
	for _, p := range sortedKeys(c.Roles) {
		if r := c.Roles[p]; r != roleProduct && r != roleDevelopment {
			return wrong([]string{"roles", p}, "role %q of %s is neither %s nor %s", r, p, roleProduct, roleDevelopment)
		}
	}
	for _, id := range sortedKeys(c.Severities) {
		at := []string{"severities", id}
		if s := c.Severities[id]; s != "error" && s != "warning" && s != "note" {
			return wrong(at, "severity %q of %s is not one of error, warning, note", s, id)
		}
		if checks != nil && !slices.Contains(checks, id) {
			return wrong(at, "severities: there is no rule or check %s%s", id, near.Hint(checks, id))
		}
	}
	for _, list := range []struct {
		key string
		ids []string
	}{{"safe", c.Fix.Safe}, {"never", c.Fix.Never}} {
		for _, id := range list.ids {
			if checks != nil && !slices.Contains(checks, id) {
				return wrong([]string{"fix", list.key, id}, "fix: there is no rule or check %s%s", id, near.Hint(checks, id))
			}
		}
	}
	return c.Run.check()
}

var version = regexp.MustCompile(`^\d+(\.\d+){0,2}$`)

// lineOf is the line of what keys lead to, as far as they lead; 0 = nowhere.
func lineOf(n *yaml.Node, path []string) int {
	if n.Kind == yaml.DocumentNode && len(n.Content) > 0 {
		n = n.Content[0]
	}
	line := 0
	for _, key := range path {
		var next *yaml.Node
		for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == key {
				line, next = n.Content[i].Line, n.Content[i+1]
			}
		}
		for _, item := range n.Content {
			if n.Kind == yaml.SequenceNode && item.Value == key {
				line, next = item.Line, item
			}
		}
		if next == nil {
			break
		}
		n = next
	}
	return line
}

var goTypes = regexp.MustCompile(` (not found )?in type source\.\w+`)

// wrongType is what the decoder says of a value that is of another type than its
// field.
var wrongType = regexp.MustCompile("^(line \\d+: )cannot unmarshal !!(\\w+) `?([^`]*)`? ?into (\\S+)$")

// badValue says what a value ought to have been, by the Go type of its field.
func badValue(value, goType string) string {
	switch {
	case goType == "time.Duration" && strings.Trim(value, "0123456789") == "":
		return fmt.Sprintf("%s has no unit: write %ss", value, value)
	case goType == "time.Duration":
		return fmt.Sprintf("%q is not a duration such as 5s", value)
	case strings.HasPrefix(goType, "int"):
		return fmt.Sprintf("%q is not a number", value)
	case goType == "bool":
		return fmt.Sprintf("%q is neither true nor false", value)
	case strings.HasPrefix(goType, "[]"):
		return fmt.Sprintf("%q is not a list: write [%s]", value, value)
	case strings.HasPrefix(goType, "map["):
		return fmt.Sprintf("%q is not a mapping of names to values", value)
	}
	return fmt.Sprintf("%q is not a valid value here", value)
}

var unknownField = regexp.MustCompile(`field (\S+) is unknown$`)

// configFields are the names of all fields of a config.
var configFields = sync.OnceValue(func() (names []string) {
	for _, t := range []reflect.Type{reflect.TypeFor[Config](), reflect.TypeFor[ConfigRun](), reflect.TypeFor[ConfigTarget](), reflect.TypeFor[ConfigBase]()} {
		for i := range t.NumField() {
			if tag := t.Field(i).Tag.Get("yaml"); tag != "-" {
				names = append(names, tag)
			}
		}
	}
	return names
})

// plainYAML is an error of the YAML decoder without the names of our types.
func plainYAML(err error) string {
	s := strings.TrimPrefix(err.Error(), "yaml: ")
	s = strings.TrimPrefix(s, "unmarshal errors:\n")
	s = goTypes.ReplaceAllString(s, " is unknown")
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
		if m := wrongType.FindStringSubmatch(lines[i]); m != nil {
			lines[i] = m[1] + badValue(m[3], m[4])
		}
		if m := unknownField.FindStringSubmatch(lines[i]); m != nil {
			lines[i] += near.Hint(configFields(), m[1])
		}
	}
	return strings.Join(lines, "; ")
}

// target is what the config says of one Dockerfile.
func (c *Config) target(dockerfile string) (ConfigTarget, bool) {
	if c == nil {
		return ConfigTarget{}, false
	}
	for name, t := range c.Targets.Files {
		if path.Join(path.Dir(c.Path), name) == dockerfile {
			return t, true
		}
	}
	return ConfigTarget{}, false
}

// lists tells whether a list of paths in the config names this Dockerfile, by
// itself or by a folder that holds it.
func (c *Config) lists(list []string, dockerfile string) bool {
	if c == nil {
		return false
	}
	for _, name := range list {
		p := path.Join(path.Dir(c.Path), name)
		if p == dockerfile || p == "." || len(dockerfile) > len(p) && dockerfile[:len(p)+1] == p+"/" {
			return true
		}
		if ok, err := path.Match(p, dockerfile); err == nil && ok {
			return true
		}
	}
	return false
}

// base is what the config says of an image, over what the catalogue knows.
func (c *Config) base(ref base.Ref) (*base.Image, bool) {
	if c == nil || len(c.Bases) == 0 {
		return base.Lookup(ref)
	}
	for _, name := range sortedKeys(c.Bases) {
		want, err := base.ParseRef(name)
		if err != nil || want.Repo != ref.Repo || want.Tag != "" && want.Tag != ref.Tag {
			continue
		}
		return c.Bases[name].image(name), true
	}
	return base.Lookup(ref)
}

func (b ConfigBase) image(name string) *base.Image {
	img := &base.Image{ID: name}
	if b.Like != "" {
		if ref, err := base.ParseRef(b.Like); err == nil {
			if known, ok := base.Lookup(ref); ok {
				*img = *known
				img.ID = name
			}
		}
	}
	set := func(to *string, from string) {
		if from != "" {
			*to = from
		}
	}
	set(&img.Kind, b.Kind)
	set(&img.OS, b.OS)
	set(&img.Libc, b.Libc)
	set(&img.Shell, b.Shell)
	set(&img.User, b.User)
	set(&img.Workdir, b.Workdir)
	if b.Users != nil {
		img.Users = b.Users
	}
	if b.Tools != nil {
		img.Tools = b.Tools
	}
	if b.Entrypoint != nil {
		img.Entrypoint = b.Entrypoint
	}
	if b.Cmd != nil {
		img.Cmd = b.Cmd
	}
	if b.Healthy != nil {
		img.Healthcheck = b.Healthy
	}
	if b.Env != nil {
		img.Env = b.Env
	}
	return img
}
