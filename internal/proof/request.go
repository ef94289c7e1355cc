package proof

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/dockworthy/dockworthy/internal/compose"
	"github.com/dockworthy/dockworthy/internal/engine"
	"github.com/dockworthy/dockworthy/internal/run"
	"github.com/dockworthy/dockworthy/internal/source"
)

// A wish is what a file of the project asks for of this machine. No file is
// trusted with it: it is given by a flag, or because the caller trusts the
// project's files.
type wish struct {
	run.Request
	grant func(*run.Settings)     // nil = nothing gives it
	met   func(run.Settings) bool // whether settings give it
}

// wishes are what the config and Compose ask for beyond the hard settings, each
// once. What is harder than those is no wish.
//
// only is the service that is run; nil = all that run the build are asked.
func wishes(b *source.Build, only *compose.Service) []wish {
	var list []wish
	add := func(w wish) {
		if !slices.ContainsFunc(list, func(o wish) bool { return o.What == w.What }) {
			list = append(list, w)
		}
	}
	if b.Config != nil && b.Config.Run != nil {
		for _, w := range ofConfig(b.Config.Path, b.Config.Run) {
			add(w)
		}
	}
	for _, svc := range b.Services {
		if only != nil && svc.Name.Text != only.Name {
			continue
		}
		from := svc.File.File.Name + ", " + svc.Name.Text
		for _, p := range svc.Powers {
			if p.Key == "cap_add" && !strings.EqualFold(p.Value.Text, "ALL") {
				add(capability(from, p.Value.Text))
				continue
			}
			if p.Key == "sysctls" && strings.HasPrefix(p.Value.Text, "net.") {
				continue // it is the container's own
			}
			add(wish{Request: run.Request{From: from, What: strings.TrimSpace(p.Key + " " + p.Value.Text)}})
		}
		dirs := tmpfs(svc)
		for _, v := range svc.Volumes {
			dirs = append(dirs, v.Target.Text)
		}
		for _, dir := range dirs {
			if path.IsAbs(dir) && source.RunFolder(dir) != nil {
				add(wish{Request: run.Request{From: from, What: "a folder over " + dir}})
			}
		}
		for _, v := range svc.Volumes {
			if src := v.Source.Text; src == "/etc/localtime" || src == "/etc/timezone" {
				continue // a container has its own
			} else if path.IsAbs(src) || strings.HasPrefix(src, "~") || strings.HasPrefix(path.Clean(src), "..") {
				add(wish{Request: run.Request{From: from, What: "the host's " + src}})
			}
		}
	}
	return list
}

func capability(from, name string) wish {
	name = strings.TrimPrefix(strings.ToUpper(name), "CAP_")
	has := func(s run.Settings) bool {
		return slices.ContainsFunc(s.Capabilities, func(c string) bool { return strings.TrimPrefix(strings.ToUpper(c), "CAP_") == name })
	}
	return wish{
		Request: run.Request{From: from, What: "the capability " + name, Flag: "--cap-add " + name},
		met:     has,
		grant: func(s *run.Settings) {
			if !has(*s) {
				s.Capabilities = append(s.Capabilities, name)
			}
		},
	}
}

func ofConfig(from string, r *source.ConfigRun) (list []wish) {
	usual := engine.Harden(run.Settings{})
	add := func(what, flag string, grant func(*run.Settings), met func(run.Settings) bool) {
		list = append(list, wish{run.Request{From: from, What: what, Flag: flag}, grant, met})
	}
	for _, c := range r.Capabilities {
		list = append(list, capability(from, c))
	}
	if r.Network != "" && r.Network != usual.Network {
		add("the network "+r.Network, "--network "+r.Network,
			func(s *run.Settings) { s.Network = r.Network },
			func(s run.Settings) bool { return s.Network == r.Network })
	}
	if n := r.Bytes(); n > usual.Memory {
		add("memory of "+r.Memory, "--memory "+r.Memory,
			func(s *run.Settings) { s.Memory = n },
			func(s run.Settings) bool { return s.Memory >= n })
	}
	if r.Pids > usual.Pids {
		add(fmt.Sprintf("%d processes", r.Pids), fmt.Sprintf("--pids %d", r.Pids),
			func(s *run.Settings) { s.Pids = r.Pids },
			func(s run.Settings) bool { return s.Pids >= r.Pids })
	}
	limit := func(what, flag string, asked, most time.Duration, of func(*run.Settings) *time.Duration) {
		if asked > most {
			add(asked.String()+" "+what, flag+" "+asked.String(),
				func(s *run.Settings) { *of(s) = asked },
				func(s run.Settings) bool { return *of(&s) >= asked })
		}
	}
	limit("to exit", "--stop-limit", r.StopLimit, usual.StopLimit, func(s *run.Settings) *time.Duration { return &s.StopLimit })
	limit("to become ready", "--start-limit", r.StartLimit, usual.StartLimit, func(s *run.Settings) *time.Duration { return &s.StartLimit })
	return list
}

// harder are the limits of the config that are below the usual ones: for these
// nobody has to be asked.
func harder(s *run.Settings, r *source.ConfigRun) {
	usual := engine.Harden(run.Settings{})
	if n := r.Bytes(); n > 0 && n <= usual.Memory {
		s.Memory = n
	}
	if r.Pids > 0 && r.Pids <= usual.Pids {
		s.Pids = r.Pids
	}
	if r.StopLimit > 0 && r.StopLimit <= max(usual.StopLimit, s.StopLimit) {
		s.StopLimit, s.StopFrom = r.StopLimit, "stop-limit in .dockworthy.yaml"
	}
	if r.StartLimit > 0 && r.StartLimit <= usual.StartLimit {
		s.StartLimit = r.StartLimit
	}
}

// granted gives what can be given.
func granted(list []wish, s *run.Settings) {
	for _, w := range list {
		if w.grant != nil {
			w.grant(s)
		}
	}
}

// answered are the wishes with what became of each under the settings that the
// flags made.
func answered(list []wish, s run.Settings) []run.Request {
	var out []run.Request
	for _, w := range list {
		w.Given = w.met != nil && w.met(s)
		out = append(out, w.Request)
	}
	return out
}
