package deploy

import (
	"strings"

	yaml "go.yaml.in/yaml/v3"

	"github.com/dockworthy/dockworthy/text"
)

// A Workload is an object that runs pods.
type Workload struct {
	Kind, Name, Namespace         Value
	Labels                        map[string]string // of the pods; nil: none
	PodSecurity                   SecurityContext   // what containers inherit
	HostNetwork, HostPID, HostIPC Value
	HostPaths                     []Value           // paths of the node that are mounted
	Volumes                       map[string]string // their kinds by name: emptyDir, configMap, secret, persistentVolumeClaim, …
	Containers                    []*Container
	IsJob                         bool      // Job or CronJob: it ends
	PodSpan                       text.Span // of the pod's spec
	Span                          text.Span // of the object
}

// A Container is one container of a pod, in the order of the file; init
// containers come first.
type Container struct {
	Name, Image                  Value
	Pull                         Value // imagePullPolicy
	Init                         bool
	Sidecar                      bool    // an init container with restartPolicy: Always
	Command, Args                []Value // nil: the image's own
	Env                          []KeyValue
	Ports                        []Port
	Security                     SecurityContext
	Readiness, Liveness, Startup *Probe // nil: none
	Mounts                       []KubeMount
	Span                         text.Span
}

// A KubeMount is where a container has a volume of its pod.
type KubeMount struct {
	Volume, Path Value
	ReadOnly     bool
}

// A SecurityContext is a pod's or a container's; the zero one is a missing
// one, and has no Span.
type SecurityContext struct {
	RunAsUser, RunAsGroup, RunAsNonRoot Value
	AllowPrivilegeEscalation            Value
	Privileged, ReadOnlyRoot            Value
	SeccompType                         Value
	CapAdd, CapDrop                     []Value
	Span                                text.Span
}

// A Probe is a readiness, liveness or startup probe.
type Probe struct {
	Kind    string  // http, tcp, exec, grpc; "" where none of them is given
	Port    Value   // a named port is resolved to its number; Raw keeps the name
	Path    Value   // of http
	Command []Value // of exec
	Span    text.Span
	// Delay, Period, Timeout and Threshold are in seconds, and times; not set: 0, 10,
	// 1 and 3. Source: kubernetes.io, Configure Liveness, Readiness and Startup Probes.
	Delay, Period, Timeout, Threshold Value
}

// podPaths are where the kinds keep the pod: its metadata and spec.
var podPaths = map[string][]string{
	"Pod":                   {},
	"Deployment":            {"spec", "template"},
	"StatefulSet":           {"spec", "template"},
	"DaemonSet":             {"spec", "template"},
	"ReplicaSet":            {"spec", "template"},
	"ReplicationController": {"spec", "template"},
	"Job":                   {"spec", "template"},
	"CronJob":               {"spec", "jobTemplate", "spec", "template"},
}

// workload is nil for other kinds, and for a patch: one in which a container names no
// image, which a cluster would refuse.
func (s *source) workload(kind Value, n *yaml.Node) *Workload {
	path, ok := podPaths[kind.Text]
	if !ok {
		return nil
	}
	template := n
	if len(path) > 0 {
		template = s.get(n, path...)
	}
	spec := s.get(template, "spec")
	if spec == nil {
		return nil
	}
	w := &Workload{
		Kind: kind, Name: s.value(s.get(n, "metadata", "name")), Namespace: s.value(s.get(n, "metadata", "namespace")),
		Labels: s.labels(s.get(template, "metadata", "labels")), PodSecurity: s.security(s.get(spec, "securityContext")),
		HostNetwork: s.value(s.get(spec, "hostNetwork")), HostPID: s.value(s.get(spec, "hostPID")), HostIPC: s.value(s.get(spec, "hostIPC")),
		IsJob: kind.Text == "Job" || kind.Text == "CronJob", PodSpan: s.span(spec), Span: s.span(n),
	}
	for _, v := range s.items(s.get(spec, "volumes")) {
		for _, f := range s.pairs(v) {
			if name := s.value(s.get(v, "name")); name.Set && f.key.Value != "name" {
				if w.Volumes == nil {
					w.Volumes = map[string]string{}
				}
				w.Volumes[name.Text] = f.key.Value
			}
		}
		if p := s.value(s.get(v, "hostPath", "path")); p.Set {
			w.HostPaths = append(w.HostPaths, p)
		}
	}
	whole, some := true, false
	for _, list := range []string{"initContainers", "containers"} {
		for _, item := range s.items(s.get(spec, list)) {
			if !s.budget.spend(stepsOfThing, manyEntries) {
				break
			}
			c := s.container(item)
			c.Init = list == "initContainers"
			c.Sidecar = c.Init && s.value(s.get(item, "restartPolicy")).Text == "Always"
			whole, some = whole && c.Image.Set, true
			w.Containers = append(w.Containers, c)
		}
	}
	if !whole || !some {
		return nil
	}
	return w
}

func (s *source) container(n *yaml.Node) *Container {
	c := &Container{Span: s.span(n)}
	var probes []pair
	for _, f := range s.pairs(n) {
		v := f.value
		if isNull(v) {
			continue
		}
		switch f.key.Value {
		case "name":
			c.Name = s.value(v)
		case "image":
			c.Image = s.value(v)
		case "imagePullPolicy":
			c.Pull = s.value(v)
		case "command":
			c.Command = s.texts(v, "")
		case "args":
			c.Args = s.texts(v, "")
		case "env":
			c.Env = s.containerEnv(v)
		case "ports":
			c.Ports = s.containerPorts(v)
		case "volumeMounts":
			for _, item := range s.items(v) {
				c.Mounts = append(c.Mounts, KubeMount{s.value(s.get(item, "name")), s.value(s.get(item, "mountPath")), s.value(s.get(item, "readOnly")).True()})
			}
		case "securityContext":
			c.Security = s.security(v)
		case "readinessProbe", "livenessProbe", "startupProbe":
			probes = append(probes, f)
		}
	}
	for _, f := range probes { // after the ports that they name
		p := s.probe(f.value, c.Ports)
		switch f.key.Value {
		case "readinessProbe":
			c.Readiness = p
		case "livenessProbe":
			c.Liveness = p
		default:
			c.Startup = p
		}
	}
	return c
}

// containerEnv reads the list of env: name with value or valueFrom.
func (s *source) containerEnv(n *yaml.Node) []KeyValue {
	var list []KeyValue
	for _, item := range s.items(n) {
		kv := KeyValue{Key: s.value(s.get(item, "name")), Value: s.value(s.get(item, "value"))}
		if !kv.Key.Set {
			continue
		}
		kv.HasValue = kv.Value.Set
		for _, from := range s.pairs(s.get(item, "valueFrom")) {
			kv.From = from.key.Value
			break
		}
		list = append(list, kv)
	}
	return list
}

func (s *source) containerPorts(n *yaml.Node) []Port {
	var list []Port
	for _, item := range s.items(n) {
		v := s.value(s.get(item, "containerPort"))
		if !v.Set {
			continue
		}
		protocol := "tcp"
		if p := s.value(s.get(item, "protocol")); p.Set {
			protocol = strings.ToLower(p.Text)
		}
		v.Text += "/" + protocol
		list = append(list, Port{Value: v, Name: s.value(s.get(item, "name")), Published: s.value(s.get(item, "hostPort")).Text})
	}
	return list
}

func (s *source) security(n *yaml.Node) SecurityContext {
	if n == nil {
		return SecurityContext{}
	}
	return SecurityContext{
		RunAsUser: s.value(s.get(n, "runAsUser")), RunAsGroup: s.value(s.get(n, "runAsGroup")), RunAsNonRoot: s.value(s.get(n, "runAsNonRoot")),
		AllowPrivilegeEscalation: s.value(s.get(n, "allowPrivilegeEscalation")), Privileged: s.value(s.get(n, "privileged")),
		ReadOnlyRoot: s.value(s.get(n, "readOnlyRootFilesystem")), SeccompType: s.value(s.get(n, "seccompProfile", "type")),
		CapAdd: s.texts(s.get(n, "capabilities", "add"), ""), CapDrop: s.texts(s.get(n, "capabilities", "drop"), ""), Span: s.span(n),
	}
}

func (s *source) probe(n *yaml.Node, ports []Port) *Probe {
	p := &Probe{Span: s.span(n)}
	for _, f := range s.pairs(n) {
		switch f.key.Value {
		case "httpGet":
			p.Kind, p.Port, p.Path = "http", s.value(s.get(f.value, "port")), s.value(s.get(f.value, "path"))
		case "tcpSocket":
			p.Kind, p.Port = "tcp", s.value(s.get(f.value, "port"))
		case "grpc":
			p.Kind, p.Port = "grpc", s.value(s.get(f.value, "port"))
		case "exec":
			p.Kind, p.Command = "exec", s.texts(s.get(f.value, "command"), "")
		case "initialDelaySeconds":
			p.Delay = s.value(f.value)
		case "periodSeconds":
			p.Period = s.value(f.value)
		case "timeoutSeconds":
			p.Timeout = s.value(f.value)
		case "failureThreshold":
			p.Threshold = s.value(f.value)
		}
	}
	for _, port := range ports {
		if p.Port.Set && port.Name.Text == p.Port.Raw {
			p.Port.Text, _, _ = strings.Cut(port.Text, "/")
		}
	}
	return p
}
