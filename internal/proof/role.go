package proof

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/dockworthy/dockworthy/internal/compose"
	"github.com/dockworthy/dockworthy/internal/files"
	"github.com/dockworthy/dockworthy/internal/run"
	"github.com/dockworthy/dockworthy/internal/source"
)

// roles are the services that run what a build makes, as itself each: what others
// wait for to complete comes first. A build that no service runs has none. only is
// the one that is meant, "" = all.
func roles(b *source.Build, p *compose.Project, only string) []*compose.Service {
	if p == nil {
		return nil
	}
	var list []*compose.Service
	for _, s := range b.Services {
		if s.File.File.Name != p.File || p.Services[s.Name.Text] == nil {
			continue
		}
		list = append(list, p.Services[s.Name.Text])
	}
	if only != "" {
		return slices.DeleteFunc(list, func(s *compose.Service) bool { return s.Name != only })
	}
	// One of a profile runs when somebody asks for it.
	if always := slices.DeleteFunc(slices.Clone(list), func(s *compose.Service) bool { return len(s.Profiles) > 0 && !p.OneShot(s.Name) }); len(always) > 0 {
		list = always
	}
	putFirst(list, func(s *compose.Service) bool { return p.OneShot(s.Name) })
	return list
}

// A NoService is a service that was named and that does not run the image.
type NoService struct {
	Name, File string   // File = the Compose file that says how the image runs, "" = none does
	Have       []string // the services that run it
}

func (e *NoService) Error() string {
	switch {
	case e.File == "":
		return fmt.Sprintf("no Compose file runs this image, as the service %s or another", e.Name)
	case len(e.Have) == 0:
		return fmt.Sprintf("no service of %s runs this image", e.File)
	}
	return fmt.Sprintf("%s has no service %s that runs this image; there is %s", e.File, e.Name, strings.Join(e.Have, ", "))
}

// Order puts the builds first that make what others wait for to complete: those
// run once, as what is proved.
func Order(builds []*source.Build) []*source.Build {
	awaited := func(b *source.Build) bool {
		return slices.ContainsFunc(b.Services, func(s *source.Service) bool { return s.File.OneShot(s.Name.Text) })
	}
	list := slices.Clone(builds)
	putFirst(list, awaited)
	return list
}

// putFirst puts what is wanted before the rest, each in the order that it had.
func putFirst[T any](list []T, wanted func(T) bool) {
	rank := func(x T) int {
		if wanted(x) {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(list, func(a, b T) int { return rank(a) - rank(b) })
}

// composeFile is the Compose file that says how a build runs; "" = none does. One
// for development counts where there is no other.
func composeFile(b *source.Build) string {
	for _, s := range b.Services {
		if s.Development == "" {
			return s.File.File.Name
		}
	}
	if len(b.Services) > 0 {
		return b.Services[0].File.File.Name
	}
	return ""
}

// as are the settings of a program that runs as a Compose service.
func as(set run.Settings, in fs.FS, p *compose.Project, svc *compose.Service) run.Settings {
	set.Role = svc.Name
	own := svc.Command != nil || svc.Entrypoint != nil
	serve(&set, in, p, svc)
	if len(p.Unset) > 0 {
		set.Left = append(set.Left, fmt.Sprintf("%s, which %s names and nobody sets, so that Compose puts nothing there; name it with --env-from", strings.Join(p.Unset, ", "), p.File))
	}
	switch {
	case p.OneShot(svc.Name):
		set.Service, set.Stays, set.Completes, set.Ports = false, false, true, nil
	case len(svc.Ports) > 0:
		set.Service, set.Ports = true, svc.Ports
	case own:
		// It is not what the image declares: a worker beside a server.
		set.Service, set.Ports = false, nil
	}
	if set.Probe != nil {
		set.Probe.From = p.File + ", " + svc.Name
	}
	if svc.Grace > 0 {
		set.StopLimit, set.StopFrom = min(svc.Grace, maxGrace), "stop_grace_period in "+p.File
		if svc.Grace > maxGrace {
			set.Left = append(set.Left, fmt.Sprintf("stop_grace_period %s: it is %s here; --stop-limit sets it", svc.Grace, maxGrace))
		}
	}
	return set
}

// maxGrace is how long a Compose file can make everybody wait for the end of a
// program.
const maxGrace = 2 * time.Minute

// serve puts into settings what Compose says of a service, but for what it asks of
// this machine, and notes what was taken and what was not.
func serve(set *run.Settings, in fs.FS, p *compose.Project, svc *compose.Service) {
	took := func(what string, really bool) {
		if really {
			set.Taken = append(set.Taken, what)
		}
	}
	set.Taken, set.Left = nil, slices.Clone(svc.Left)
	set.Entrypoint, set.Command = svc.Entrypoint, svc.Command
	set.User, set.Workdir, set.StopSignal, set.Init = svc.User, svc.Workdir, svc.Signal, svc.Init
	took("entrypoint", svc.Entrypoint != nil)
	took("command", svc.Command != nil)
	took("user", svc.User != "")
	took("working_dir", svc.Workdir != "")
	took("stop_signal", svc.Signal != "")
	took("stop_grace_period", svc.Grace > 0)
	took("init", svc.Init)
	set.Env = maps.Clone(set.Env)
	if set.Env == nil {
		set.Env = map[string]string{}
	}
	maps.Copy(set.Env, svc.Environment)
	took("environment", len(svc.Environment) > 0)
	if len(svc.Unset) > 0 {
		set.Left = append(set.Left, fmt.Sprintf("environment %s: nobody sets it; give it with --env, or --env-from for Compose", strings.Join(svc.Unset, ", ")))
	}
	set.Probe = svc.Probe
	took("healthcheck", svc.Probe != nil)
	for _, t := range svc.Tmpfs {
		dir, _, _ := strings.Cut(t, ":")
		if source.RunFolder(dir) == nil {
			set.Writable = append(set.Writable, dir)
		}
	}
	took("tmpfs", len(svc.Tmpfs) > 0)
	mounts(set, in, svc)
	took("volumes", len(svc.Volumes) > 0)
	grants(set, svc)
	took("secrets and configs", len(svc.Grants) > 0)
	if set.Writable != nil && !slices.Contains(set.Writable, "/tmp") {
		set.Writable = append(set.Writable, "/tmp")
	}
	set.Hosts, set.Ulimits = svc.Hosts, svc.Ulimits
	took("extra_hosts", len(svc.Hosts) > 0)
	took("ulimits", len(svc.Ulimits) > 0)
	for k, v := range svc.Sysctls {
		if !strings.HasPrefix(k, "net.") {
			set.Left = append(set.Left, "sysctls "+k+": it is not one of the network's")
			continue
		}
		if set.Sysctls == nil {
			set.Sysctls = map[string]string{}
		}
		set.Sysctls[k] = v
	}
	took("sysctls", len(set.Sysctls) > 0)
}

// mounts are volumes as Compose has them, and binds as copies: a path of this
// machine is never given to a container.
func mounts(set *run.Settings, in fs.FS, svc *compose.Service) {
	set.Volumes = nil
	for _, v := range svc.Volumes {
		at := path.Clean(v.Target)
		m := run.Mount{Target: at, Volume: v.Name, ReadOnly: v.ReadOnly}
		switch {
		case source.RunFolder(at) != nil && v.Host == "":
			set.Left = append(set.Left, "volumes "+at+": a container works without a folder over it")
			continue
		case v.Host != "":
			if at != "/etc/localtime" && at != "/etc/timezone" {
				set.Left = append(set.Left, fmt.Sprintf("volumes %s: %s is a path of the machine, and not in the repository", at, v.Host))
			}
			continue
		case v.Bind != "":
			var err error
			m.Files, m.Single, err = bound(in, v.Bind)
			if err != nil {
				set.Left = append(set.Left, fmt.Sprintf("volumes %s: %v", at, err))
				continue
			}
		}
		set.Mounts = append(set.Mounts, m)
	}
}

const (
	maxBind  = 256 << 20 // bytes of a bind that are copied
	maxBinds = 50_000    // files
)

// bound is a file or folder of the repository as it is put into a container. What
// is not there is an empty folder, as Docker makes one. Links are followed within
// the repository; version control stays outside.
func bound(in fs.FS, from string) (list []run.File, single bool, err error) {
	info, err := fs.Stat(in, from)
	if errors.Is(err, fs.ErrNotExist) {
		return []run.File{}, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	if !info.IsDir() {
		data, err := files.Read(in, from, maxBind)
		if err != nil {
			return nil, false, fmt.Errorf("%s: %w", from, err)
		}
		return []run.File{{Path: ".", Mode: uint32(info.Mode().Perm()), Data: data}}, true, nil
	}
	list = []run.File{}
	total := int64(0)
	err = fs.WalkDir(in, from, func(p string, d fs.DirEntry, err error) error {
		if err != nil || p == from {
			return err
		}
		rel := strings.TrimPrefix(strings.TrimPrefix(p, from), "/")
		if from == "." {
			rel = p
		}
		info, err := d.Info()
		switch {
		case err != nil:
			return err
		case d.IsDir() && d.Name() == ".git":
			return fs.SkipDir
		case d.IsDir():
			list = append(list, run.File{Path: rel + "/", Mode: uint32(info.Mode().Perm())})
		default:
			data, err := files.Read(in, p, maxBind-total)
			var irregular *files.Irregular
			if errors.Is(err, files.ErrOutside) || errors.Is(err, fs.ErrNotExist) || errors.As(err, &irregular) {
				return nil // a link that leads nowhere in here, a socket
			}
			if err != nil {
				return err
			}
			total += int64(len(data))
			list = append(list, run.File{Path: rel, Mode: uint32(info.Mode().Perm()), Data: data})
		}
		if len(list) > maxBinds || total >= maxBind {
			return fmt.Errorf("%s holds more than %d files or %d MiB, and is not copied", from, maxBinds, maxBind>>20)
		}
		return nil
	})
	return list, false, err
}

// grants are secrets and configs as files that nobody may write to. Those in one
// folder of their own come as that folder, which may lie in a tmpfs.
func grants(set *run.Settings, svc *compose.Service) {
	const folder = "/run/secrets"
	var secrets []run.File
	for _, g := range svc.Grants {
		kind := "configs"
		if g.Secret {
			kind = "secrets"
		}
		if g.Absent != "" {
			set.Left = append(set.Left, fmt.Sprintf("%s %s: %s", kind, g.Name, g.Absent))
			continue
		}
		f := run.File{Path: ".", Mode: cmp.Or(g.Mode, 0o444), Data: g.Data, Secret: g.Secret}
		if dir, name := path.Split(path.Clean(g.Target)); path.Clean(dir) == folder {
			f.Path = name
			secrets = append(secrets, f)
			continue
		}
		set.Mounts = append(set.Mounts, run.Mount{Target: path.Clean(g.Target), Single: true, ReadOnly: true, Files: []run.File{f}})
	}
	if secrets != nil {
		set.Mounts = append(set.Mounts, run.Mount{Target: folder, ReadOnly: true, Files: secrets})
	}
}
