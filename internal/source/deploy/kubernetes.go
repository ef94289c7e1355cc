package deploy

import (
	"bytes"
	"encoding/base64"
	"regexp"

	yaml "go.yaml.in/yaml/v3"

	"github.com/dockworthy/dockworthy/text"
)

// A Manifest is what one file of Kubernetes objects says of containers. It is
// empty for templates, for patches that name no image, and for other objects.
type Manifest struct {
	File      *text.File
	Workloads []*Workload
	Services  []*KubeService
	Secrets   []*KubeSecret
	// Beyond says why something of the file is missing here: reading it went
	// beyond a limit. "" = all of it is here.
	Beyond string

	steps int // that reading the file took
}

// Steps is how many steps reading the file took.
func (m *Manifest) Steps() int { return m.steps }

// A KubeService is a Service: what it selects, and where it sends.
type KubeService struct {
	Name, Namespace Value
	Selector        map[string]string
	Ports           []Port // target ports; a named one keeps its name as text
	Span            text.Span
}

// A KubeSecret is a Secret with its literals. Data holds decoded text (Raw is
// as written); Encrypted says that SOPS has encrypted them.
type KubeSecret struct {
	Name, Namespace  Value
	Data, StringData []KeyValue
	Encrypted        bool
	Span             text.Span
}

var (
	apiVersionRE = regexp.MustCompile(`(?m)^\s*(?:- )?["']?apiVersion["']?\s*:`)
	kindRE       = regexp.MustCompile(`(?m)^\s*(?:- )?["']?kind["']?\s*:`)
	templateRE   = regexp.MustCompile(`\{\{-?\s*(?:\.|\$|/\*|(?:if|with|range|end|else|define|template|include|block|toYaml|tpl|default|printf|quote|required|lookup|fail|int|eq|ne|not|and|or)\b)`)
)

// LooksLikeKubernetes is a cheap test of a file's bytes: both apiVersion and
// kind begin a line. It keeps the YAML parser away from all other files.
func LooksLikeKubernetes(data []byte) bool {
	return bytes.Contains(data, []byte("apiVersion")) && bytes.Contains(data, []byte("kind")) &&
		apiVersionRE.Match(data) && kindRE.Match(data)
}

// ParseKubernetes reads the objects of a file, also those in a List. Helm and
// other Go templates are passed over: the Manifest is then empty. The error is
// an *Error.
func ParseKubernetes(f *text.File) (*Manifest, error) {
	m := &Manifest{File: f}
	if templateRE.Match(f.Data) {
		return m, nil
	}
	s := newSource(f)
	s.plain = true
	roots, err := s.documents()
	if err != nil {
		if bytes.Contains(f.Data, []byte("{{")) {
			return m, nil // some other template
		}
		return nil, err
	}
	for _, root := range roots {
		s.object(m, root, 0)
	}
	m.Beyond, m.steps = s.budget.beyond, s.budget.steps.Spent
	return m, nil
}

func (s *source) object(m *Manifest, n *yaml.Node, depth int) {
	kind := s.value(s.get(n, "kind"))
	if !kind.Set || !s.value(s.get(n, "apiVersion")).Set || depth > 2 {
		return
	}
	switch kind.Text {
	case "List":
		for _, item := range s.items(s.get(n, "items")) {
			s.object(m, item, depth+1)
		}
	case "Service":
		m.Services = append(m.Services, s.kubeService(n))
	case "Secret":
		m.Secrets = append(m.Secrets, s.kubeSecret(n))
	default:
		if w := s.workload(kind, n); w != nil {
			m.Workloads = append(m.Workloads, w)
		}
	}
}

func (s *source) kubeService(n *yaml.Node) *KubeService {
	one := &KubeService{
		Name: s.value(s.get(n, "metadata", "name")), Namespace: s.value(s.get(n, "metadata", "namespace")),
		Selector: s.labels(s.get(n, "spec", "selector")), Span: s.span(n),
	}
	for _, p := range s.items(s.get(n, "spec", "ports")) {
		target := s.value(s.get(p, "targetPort"))
		if !target.Set {
			target = s.value(s.get(p, "port"))
		}
		if target.Set {
			one.Ports = append(one.Ports, Port{Value: target, Name: s.value(s.get(p, "name")), Published: s.value(s.get(p, "port")).Text})
		}
	}
	return one
}

func (s *source) kubeSecret(n *yaml.Node) *KubeSecret {
	one := &KubeSecret{
		Name: s.value(s.get(n, "metadata", "name")), Namespace: s.value(s.get(n, "metadata", "namespace")),
		StringData: s.keyValues(s.get(n, "stringData")), Data: s.keyValues(s.get(n, "data")),
		Encrypted: s.get(n, "sops") != nil, Span: s.span(n),
	}
	for i := range one.Data {
		if text, err := base64.StdEncoding.DecodeString(one.Data[i].Value.Raw); err == nil {
			one.Data[i].Value.Text = string(text)
		}
	}
	return one
}

func (s *source) labels(n *yaml.Node) map[string]string {
	var m map[string]string
	for _, p := range s.pairs(n) {
		if v := s.value(p.value); v.Set {
			if m == nil {
				m = map[string]string{}
			}
			m[p.key.Value] = v.Text
		}
	}
	return m
}

// Selects tells whether the Service sends to the workload's pods. A Service
// without a selector selects nothing.
func (k *KubeService) Selects(w *Workload) bool {
	if len(k.Selector) == 0 || k.namespace() != w.namespace() {
		return false
	}
	for name, value := range k.Selector {
		if have, ok := w.Labels[name]; !ok || have != value {
			return false
		}
	}
	return true
}

func (k *KubeService) namespace() string { return namespaceOf(k.Namespace) }
func (w *Workload) namespace() string    { return namespaceOf(w.Namespace) }

func namespaceOf(v Value) string {
	if v.Text == "" {
		return "default"
	}
	return v.Text
}
