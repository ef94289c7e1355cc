package proof

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/dockworthy/dockworthy/internal/engine"
	"github.com/dockworthy/dockworthy/internal/repo"
	"github.com/dockworthy/dockworthy/internal/run"
	"github.com/dockworthy/dockworthy/internal/source"
)

// Plan is how a build is made: by what the Dockerfile, its Compose services and the
// config say. Every folder and file that they name lies in the repository; one that
// does not is an error.
func Plan(b *source.Build, in *repo.FS) (engine.BuildPlan, error) {
	plan := engine.BuildPlan{Dockerfile: b.Text().Data, Args: maps.Clone(b.Args), Contexts: map[string]string{}, Secrets: map[string]string{}}
	if plan.Args == nil {
		plan.Args = map[string]string{}
	}
	if dir, ok := b.ContextRoot(); ok {
		var err error
		if plan.Context, err = local(in, dir); err != nil {
			return plan, fmt.Errorf("the build context %s: %w", dir, err)
		}
		if f := b.Context.File; f != nil && f.Name == b.Path+".dockerignore" {
			plan.Ignore = f.Data
		}
	}
	if b.Target != nil && b.Target != b.Stages[len(b.Stages)-1] {
		plan.Target = cmp.Or(b.Target.Name, strconv.Itoa(b.Target.Index))
	}
	for _, name := range slices.Sorted(maps.Keys(b.Contexts)) {
		where, err := named(in, b.Contexts[name])
		if err != nil {
			return plan, fmt.Errorf("the build context named %s: %w", name, err)
		}
		plan.Contexts[name] = where
	}
	if b.Config != nil && b.Config.Run != nil {
		for _, id := range slices.Sorted(maps.Keys(b.Config.Run.Secrets)) {
			file := path.Join(path.Dir(b.Config.Path), b.Config.Run.Secrets[id])
			where, err := local(in, file)
			if err != nil {
				return plan, fmt.Errorf("%s: the secret %s: %w", b.Config.Path, id, err)
			}
			plan.Secrets[id] = where
		}
	}
	return plan, nil
}

// local is where a file or folder of the repository is on this machine, with no
// link on the way.
func local(in *repo.FS, p string) (string, error) {
	if _, err := in.Stat(p); err != nil {
		return "", err
	}
	where, err := filepath.EvalSymlinks(filepath.Join(in.Dir(), filepath.FromSlash(p)))
	if err != nil {
		return "", fmt.Errorf("find it: %w", err)
	}
	return where, nil
}

// fetched are the beginnings of named contexts that the builder fetches itself.
// Source: docs.docker.com/reference/cli/docker/buildx/build, --build-context.
var fetched = []string{"docker-image://", "https://", "http://", "git://"}

// named is a named context as the builder takes it.
func named(in *repo.FS, where string) (string, error) {
	if slices.ContainsFunc(fetched, func(scheme string) bool { return strings.HasPrefix(where, scheme) }) {
		return where, nil
	}
	if scheme, _, ok := strings.Cut(where, "://"); ok {
		return "", fmt.Errorf("a context of the type %s:// is not allowed in a project; build the image that it names, and use docker-image://", scheme)
	}
	if kind, _, ok := strings.Cut(where, ":"); ok && (kind == "service" || kind == "target") {
		return "", fmt.Errorf("%s is built by another tool; build it, and use docker-image://", where)
	}
	if path.IsAbs(where) {
		return "", errors.New("it is an absolute path, and a project can only use folders of the repository")
	}
	return local(in, path.Clean(where))
}

// settings are what the image's own files say of the program.
func settings(b *source.Build) run.Settings {
	s := run.Settings{Env: map[string]string{}, Service: b.Role() == source.Serves || b.Role() == source.Develop}
	for _, p := range b.Ports() {
		if n, err := strconv.Atoi(p.Number); err == nil && p.Protocol == "tcp" {
			s.Ports = append(s.Ports, n)
		}
	}
	return s
}

// tmpfs are the folders in memory that a service asks for.
func tmpfs(svc *source.Service) (dirs []string) {
	for _, v := range svc.Tmpfs {
		dir, _, _ := strings.Cut(v.Text, ":")
		dirs = append(dirs, dir)
	}
	return dirs
}

// configured is what the config says of the program, but for what it asks for of
// this machine.
func configured(s *run.Settings, r *source.ConfigRun) {
	if s.Env == nil {
		s.Env = map[string]string{}
	}
	maps.Copy(s.Env, r.Env)
	if r.Kind != "" {
		s.Service, s.Stays = r.Kind == "service", r.Kind == "worker"
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
	harder(s, r)
}
