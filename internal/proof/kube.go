package proof

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dockworthy/dockworthy/internal/files"
	"github.com/dockworthy/dockworthy/internal/run"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/deploy"
	"github.com/dockworthy/dockworthy/text"
)

// A Pod is how a Kubernetes manifest runs an image, as far as an engine can.
type Pod struct {
	File      string
	Workload  *deploy.Workload
	Container *deploy.Container
}

// Name is what the run is called: Deployment/web.
func (p *Pod) Name() string { return p.Workload.Kind.Text + "/" + p.Workload.Name.Text }

// PodOf finds in a manifest the container that runs a build: the one of that name,
// the only one, or the one whose image the project says it builds.
func PodOf(in fs.FS, file string, b *source.Build, name string) (*Pod, error) {
	data, err := files.Read(in, file, 1<<20)
	if err != nil {
		return nil, err
	}
	m, err := deploy.ParseKubernetes(text.NewFile(file, data))
	switch {
	case err != nil:
		return nil, err
	case m.Beyond != "":
		return nil, fmt.Errorf("%s: %s", file, m.Beyond)
	}
	var all, built []*Pod
	for _, w := range m.Workloads {
		for _, c := range w.Containers {
			if c.Init && !c.Sidecar {
				continue
			}
			p := &Pod{file, w, c}
			if c.Name.Text == name {
				return p, nil
			}
			all = append(all, p)
			if b.MadeHere(c.Image.Text) {
				built = append(built, p)
			}
		}
	}
	switch {
	case name != "":
		return nil, fmt.Errorf("%s: there is no container named %s", file, name)
	case len(all) == 0:
		return nil, fmt.Errorf("%s: there is no workload with a container (templates of Helm have to be rendered first: helm template)", file)
	case len(all) == 1:
		return all[0], nil
	case len(built) == 1:
		return built[0], nil
	}
	var names []string
	for _, p := range all {
		names = append(names, p.Container.Name.Text)
	}
	return nil, fmt.Errorf("%s: which of the containers %s runs %s? name it with --service", file, strings.Join(names, ", "), b.Path)
}

// apply puts into settings what the manifest says of the container, but for what it
// asks of this machine.
// Source: kubernetes.io, Container v1 core, Probe v1 core, SecurityContext v1 core.
func (p *Pod) apply(set *run.Settings) {
	c := p.Container
	set.Role = p.Name()
	took := func(what string, really bool) {
		if really {
			set.Taken = append(set.Taken, what)
		}
	}
	words := func(list []deploy.Value) (out []string) {
		for _, v := range list {
			out = append(out, v.Text)
		}
		return out
	}
	set.Entrypoint, set.Command = words(c.Command), words(c.Args)
	took("command", c.Command != nil)
	took("args", c.Args != nil)
	for _, kv := range c.Env {
		switch {
		case kv.HasValue:
			set.Env[kv.Key.Text] = kv.Value.Text
		case kv.From != "":
			set.Left = append(set.Left, fmt.Sprintf("env %s: its value comes from %s; give it with --env", kv.Key.Text, kv.From))
		}
	}
	took("env", len(c.Env) > 0)
	user := c.Security.RunAsUser
	if !user.Set {
		user = p.Workload.PodSecurity.RunAsUser
	}
	group := c.Security.RunAsGroup
	if !group.Set {
		group = p.Workload.PodSecurity.RunAsGroup
	}
	if user.Set {
		if set.User = user.Text; group.Set {
			set.User += ":" + group.Text
		}
		took("securityContext", true)
	}
	var ports []int
	for _, port := range c.Ports {
		number, proto, _ := strings.Cut(port.Text, "/")
		if n, err := strconv.Atoi(number); err == nil && proto == "tcp" {
			ports = append(ports, n)
		}
	}
	switch {
	case p.Workload.IsJob:
		set.Service, set.Stays, set.Completes, set.Ports = false, false, true, nil
	case ports != nil:
		set.Service, set.Ports = true, ports
	case c.Command != nil:
		set.Service, set.Ports = false, nil
	}
	p.mounts(set)
	p.probe(set)
}

// mounts are the pod's volumes as an engine can have them: an emptyDir may be
// written by everybody.
func (p *Pod) mounts(set *run.Settings) {
	for _, m := range p.Container.Mounts {
		at, kind := path.Clean(m.Path.Text), p.Workload.Volumes[m.Volume.Text]
		switch {
		case !path.IsAbs(at) || source.RunFolder(at) != nil:
			set.Left = append(set.Left, "volumeMounts "+m.Path.Text+": a container works without a folder over it")
		case kind == "emptyDir" && at == "/tmp":
			// It is there anyway.
		case kind == "emptyDir" || kind == "persistentVolumeClaim":
			set.Mounts = append(set.Mounts, run.Mount{Target: at, Files: []run.File{}, ReadOnly: m.ReadOnly})
			set.Taken = append(set.Taken, "volume "+at)
		default:
			set.Left = append(set.Left, fmt.Sprintf("volumeMounts %s: a %s is only in the cluster", at, kind))
		}
	}
}

// seconds is a number of seconds, or another where none is given.
func seconds(v deploy.Value, other int) time.Duration {
	if n, err := strconv.Atoi(v.Text); err == nil && v.Set && n >= 0 && n <= 86400 {
		return time.Duration(n) * time.Second
	}
	return time.Duration(other) * time.Second
}

// probe is the liveness probe, else the readiness probe; a startup probe says how
// long the start may take. An image's own health check is nothing to Kubernetes.
func (p *Pod) probe(set *run.Settings) {
	c := p.Container
	pr, name := c.Liveness, "livenessProbe"
	if pr == nil {
		pr, name = c.Readiness, "readinessProbe"
	}
	set.Probe = &run.Probe{From: p.File + ", " + p.Name(), Test: []string{"NONE"}}
	if pr == nil {
		return
	}
	switch pr.Kind {
	case "exec":
		set.Probe.Test = []string{"CMD"}
		for _, w := range pr.Command {
			set.Probe.Test = append(set.Probe.Test, w.Text)
		}
	case "http", "tcp":
		if _, err := strconv.Atoi(pr.Port.Text); err != nil {
			set.Left = append(set.Left, name+": its port "+pr.Port.Text+" is not known")
			return
		}
		set.Probe.Test = []string{strings.ToUpper(pr.Kind), pr.Port.Text}
		if pr.Kind == "http" {
			set.Probe.Test = append(set.Probe.Test, "/"+strings.TrimPrefix(pr.Path.Text, "/"))
		}
	default:
		set.Left = append(set.Left, name+": "+pr.Kind+" is not asked outside of a cluster")
		return
	}
	set.Probe.From += " " + name
	set.Probe.Interval, set.Probe.Timeout = max(time.Second, seconds(pr.Period, 10)), max(time.Second, seconds(pr.Timeout, 1))
	set.Probe.Retries = max(1, int(seconds(pr.Threshold, 3)/time.Second))
	set.Probe.StartPeriod = seconds(pr.Delay, 0)
	if s := c.Startup; s != nil {
		set.Probe.StartPeriod += seconds(s.Delay, 0) + seconds(s.Threshold, 3)/time.Second*max(time.Second, seconds(s.Period, 10))
	}
	set.Taken = append(set.Taken, name)
}

// wishes are the capabilities and other rights that the container asks for.
func (p *Pod) wishes() (list []wish) {
	from := p.File + ", " + p.Name()
	for _, v := range p.Container.Security.CapAdd {
		list = append(list, capability(from, v.Text))
	}
	for what, v := range map[string]deploy.Value{"privileged": p.Container.Security.Privileged, "hostNetwork": p.Workload.HostNetwork, "hostPID": p.Workload.HostPID, "hostIPC": p.Workload.HostIPC} {
		if v.True() {
			list = append(list, wish{Request: run.Request{From: from, What: what}})
		}
	}
	for _, h := range p.Workload.HostPaths {
		list = append(list, wish{Request: run.Request{From: from, What: "the host's " + h.Text}})
	}
	slices.SortFunc(list, func(a, b wish) int { return strings.Compare(a.What, b.What) })
	return list
}
