package proof

import (
	"cmp"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/dockworthy/dockworthy/engine"
	"github.com/dockworthy/dockworthy/run"
	"github.com/dockworthy/dockworthy/source"
)

// Plan is how a build is made and its image run: by what the Dockerfile, its
// Compose services and the config say. root is the folder on this machine that
// the project's paths are relative to.
func Plan(b *source.Build, root string) (engine.BuildPlan, run.Settings) {
	disk := func(p string) string { return filepath.Join(root, filepath.FromSlash(p)) }
	plan := engine.BuildPlan{Dockerfile: disk(b.Path), Args: b.Args, Contexts: map[string]string{}}
	if dir, ok := b.ContextRoot(); ok {
		plan.Context = disk(dir)
	}
	if b.Target != nil && b.Target != b.Stages[len(b.Stages)-1] {
		plan.Target = cmp.Or(b.Target.Name, strconv.Itoa(b.Target.Index))
	}
	for name, dir := range b.Contexts {
		if !strings.Contains(dir, ":") && !path.IsAbs(dir) {
			dir = disk(dir)
		}
		plan.Contexts[name] = dir
	}
	return plan, settings(b)
}

// settings are what Compose says of the program, and over it the config.
func settings(b *source.Build) run.Settings {
	s := run.Settings{Env: map[string]string{}, Service: b.Role() == source.Serves || b.Role() == source.Develop}
	if len(b.Services) > 0 {
		svc := b.Services[0]
		for _, kv := range svc.Environment {
			if kv.HasValue && !kv.Value.Unresolved {
				s.Env[kv.Key.Text] = kv.Value.Text
			}
		}
		if svc.Command != nil {
			for _, w := range svc.Command.Words {
				s.Command = append(s.Command, w.Text)
			}
		}
		for _, v := range svc.Tmpfs {
			dir, _, _ := strings.Cut(v.Text, ":")
			s.Writable = append(s.Writable, dir)
		}
		for _, v := range svc.Volumes {
			switch {
			case v.ReadOnly || !path.IsAbs(v.Target.Text):
			case v.Type.Text == "tmpfs":
				s.Writable = append(s.Writable, v.Target.Text)
			case v.Type.Text == "volume" || v.Type.Text == "" && !strings.ContainsAny(v.Source.Text, "./~$"):
				s.Volumes = append(s.Volumes, v.Target.Text)
			}
		}
		if s.Writable != nil && !slices.Contains(s.Writable, "/tmp") {
			s.Writable = append(s.Writable, "/tmp")
		}
	}
	for _, p := range b.Ports() {
		if n, err := strconv.Atoi(p.Number); err == nil && p.Protocol == "tcp" {
			s.Ports = append(s.Ports, n)
		}
	}
	if b.Config == nil || b.Config.Run == nil {
		return s
	}
	r := b.Config.Run
	maps.Copy(s.Env, r.Env)
	if r.Kind != "" {
		s.Service = r.Kind == "service"
	}
	if r.Command != nil {
		s.Command = r.Command
	}
	if r.Ports != nil {
		s.Ports = r.Ports
	}
	if r.Writable != nil {
		s.Writable = r.Writable
	}
	if r.Volumes != nil {
		s.Volumes = r.Volumes
	}
	if r.Capabilities != nil {
		s.Capabilities = r.Capabilities
	}
	s.Network = cmp.Or(r.Network, s.Network)
	s.Memory = cmp.Or(r.Bytes(), s.Memory)
	s.Pids = cmp.Or(r.Pids, s.Pids)
	s.StopLimit = cmp.Or(r.StopLimit, s.StopLimit)
	s.StartLimit = cmp.Or(r.StartLimit, s.StartLimit)
	return s
}
