package scaffold

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/stack"
)

// kubernetes writes the manifests of the program: a Deployment with its Service and a
// NetworkPolicy, or a Job. They keep the "restricted" level of the Pod Security
// Standards. Source: kubernetes.io/docs/concepts/security/pod-security-standards.
func (p *plan) kubernetes() string {
	s := p.s
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	name := p.name()
	kind, indent := "Deployment", "      "
	line("# Put the image that you have pushed, by its digest, in the place of this one.")
	if s.Kind == stack.Job {
		line("apiVersion: batch/v1")
		line("kind: Job")
		line("metadata:")
		line("  name: %s", name)
		line("spec:")
		line("  backoffLimit: 2")
		line("  template:")
		line("    metadata:")
		line("      labels: {app: %s}", name)
		line("    spec:")
		line("      restartPolicy: Never")
		kind = "Job"
	} else {
		line("apiVersion: apps/v1")
		line("kind: Deployment")
		line("metadata:")
		line("  name: %s", name)
		line("spec:")
		replicas := 2
		if s.Kind == stack.Worker {
			replicas = 1
		}
		line("  replicas: %d", replicas)
		line("  selector:")
		line("    matchLabels: {app: %s}", name)
		line("  template:")
		line("    metadata:")
		line("      labels: {app: %s}", name)
		line("    spec:")
	}
	uid := p.uid()
	line("%sautomountServiceAccountToken: false", indent)
	line("%ssecurityContext:", indent)
	line("%s  runAsNonRoot: true", indent)
	line("%s  runAsUser: %s", indent, uid)
	line("%s  runAsGroup: %s", indent, uid)
	if len(s.Writes) > 0 {
		line("%s  fsGroup: %s", indent, uid)
	}
	line("%s  seccompProfile: {type: RuntimeDefault}", indent)
	line("%scontainers:", indent)
	line("%s  - name: %s", indent, name)
	line("%s    image: registry.example.com/%s:0.1.0", indent, name)
	if s.Port.Known() {
		line("%s    ports:", indent)
		line("%s      - {name: http, containerPort: %s}", indent, s.Port.Value)
	}
	if env := p.kubernetesEnv(name); env != "" {
		line("%s    env:", indent)
		for l := range strings.Lines(env) {
			line("%s      %s", indent, strings.TrimRight(l, "\n"))
		}
	}
	if s.Port.Known() && kind == "Deployment" {
		var headers []string
		for _, h := range s.Asks {
			headers = append(headers, fmt.Sprintf("{name: %s, value: %s}", h.Name, h.Version))
		}
		probe := fmt.Sprintf("httpGet: {path: %s, port: http}", s.Health.Value)
		if len(headers) > 0 {
			probe = fmt.Sprintf("httpGet: {path: %s, port: http, httpHeaders: [%s]}", s.Health.Value, strings.Join(headers, ", "))
		}
		if !s.Health.Known() {
			probe = "tcpSocket: {port: http}" // an answer other than 2xx of / would be a failure here
		}
		line("%s    # Ready where it answers; started anew only where it has not for a minute and a half.", indent)
		line("%s    startupProbe: {%s, periodSeconds: 2, failureThreshold: 60, timeoutSeconds: 3}", indent, probe)
		line("%s    readinessProbe: {%s, periodSeconds: 5, failureThreshold: 3, timeoutSeconds: 3}", indent, probe)
		line("%s    livenessProbe: {%s, periodSeconds: 15, failureThreshold: 6, timeoutSeconds: 3}", indent, probe)
	}
	line("%s    resources:", indent)
	line("%s      requests: {cpu: 100m, memory: 256Mi}", indent)
	line("%s      limits: {memory: 512Mi}", indent)
	line("%s    securityContext:", indent)
	line("%s      allowPrivilegeEscalation: false", indent)
	line("%s      readOnlyRootFilesystem: true", indent)
	line("%s      capabilities: {drop: [ALL]}", indent)
	line("%s    volumeMounts:", indent)
	line("%s      - {name: tmp, mountPath: /tmp}", indent)
	for i, dir := range p.volumes() {
		line("%s      - {name: data-%d, mountPath: %s}", indent, i, dir)
	}
	line("%svolumes:", indent)
	line("%s  - {name: tmp, emptyDir: {}}", indent)
	for i := range p.volumes() {
		line("%s  # What is kept over a restart wants a PersistentVolumeClaim.", indent)
		line("%s  - {name: data-%d, emptyDir: {}}", indent, i)
	}
	if s.Port.Known() && kind == "Deployment" {
		line("---")
		line("apiVersion: v1")
		line("kind: Service")
		line("metadata:")
		line("  name: %s", name)
		line("spec:")
		line("  selector: {app: %s}", name)
		line("  ports:")
		line("    - {name: http, port: 80, targetPort: http}")
	}
	line("---")
	line("# Only what it needs: its own port from this namespace, names, and what it talks to.")
	line("apiVersion: networking.k8s.io/v1")
	line("kind: NetworkPolicy")
	line("metadata:")
	line("  name: %s", name)
	line("spec:")
	line("  podSelector:")
	line("    matchLabels: {app: %s}", name)
	line("  policyTypes: [Ingress, Egress]")
	if s.Port.Known() {
		line("  ingress:")
		line("    - from: [{podSelector: {}}]")
		line("      ports: [{port: http}]")
	}
	line("  egress:")
	line("    - ports: [{port: 53, protocol: UDP}, {port: 53, protocol: TCP}]")
	ports := []string{"{port: 443}"}
	for _, f := range s.Services {
		for _, k := range knowledge.Services() {
			if k.Name == f.Value {
				ports = append(ports, fmt.Sprintf("{port: %d}", k.Port))
			}
		}
	}
	line("    - ports: [%s]", strings.Join(ports, ", "))
	return b.String()
}

// kubernetesEnv are the variables of the container: secrets by reference, others to be
// filled in.
func (p *plan) kubernetesEnv(name string) string {
	var b strings.Builder
	for _, v := range p.secrets() {
		fmt.Fprintf(&b, "- name: %s\n  valueFrom: {secretKeyRef: {name: %s, key: %s}}\n", v.Name, name, v.Name)
	}
	for _, v := range p.s.Env {
		if v.Required && !p.isSecret(v) && !p.isSet(v.Name) {
			fmt.Fprintf(&b, "- {name: %s, value: \"\"} # %s\n", v.Name, v.At)
		}
	}
	return b.String()
}

// secrets are the variables whose values come from a Secret: by their names, and those
// that say where a database is, since its password stands there.
func (p *plan) secrets() (list []stack.Variable) {
	for _, v := range p.s.Env {
		if p.isSecret(v) && !p.isSet(v.Name) {
			list = append(list, v)
		}
	}
	return list
}

func (p *plan) isSecret(v stack.Variable) bool {
	return v.Secret || strings.Contains(p.Given[v.Name], "://") || p.Given[v.Name] != "" && strings.Contains(v.Name, "PASS")
}

func (p *plan) isSet(name string) bool {
	return slices.ContainsFunc(p.s.Set, func(t stack.Tool) bool { return t.Name == name })
}

// volumes are the folders that the program writes.
func (p *plan) volumes() (list []string) {
	root := p.work
	if p.s.Node != nil {
		root = path.Join(p.work, p.s.Node.Member)
	}
	for _, w := range p.s.Writes {
		dir := w.Value
		if !path.IsAbs(dir) {
			dir = path.Join(root, dir)
		}
		list = append(list, dir)
	}
	return list
}

// uid is the number of the user that the image runs as.
func (p *plan) uid() string {
	for l := range strings.Lines(p.d.String()) {
		if user, ok := strings.CutPrefix(l, "USER "); ok {
			uid, _, _ := strings.Cut(strings.TrimSpace(user), ":")
			if _, err := strconv.Atoi(uid); err == nil {
				return uid
			}
		}
	}
	return "10001"
}

// name is what the program is called: as its manifest says, or its folder.
func (p *plan) name() string {
	name := p.opt.Name
	switch s := p.s; {
	case s.Python != nil && s.Python.Install.Package != "":
		name = s.Python.Install.Package
	case s.Go != nil:
		name = s.Go.Binary
	}
	var b strings.Builder
	for _, r := range strings.ToLower(name) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	label := strings.Trim(b.String(), "-")
	if label == "" || label[0] >= '0' && label[0] <= '9' {
		label = "app-" + label
	}
	return strings.Trim(label[:min(len(label), 50)], "-")
}

// awsSecrets writes what brings the secrets from AWS Secrets Manager into a Secret.
// Source: external-secrets.io: API, SecretStore and ExternalSecret (v1); provider AWS
// Secrets Manager.
func (p *plan) awsSecrets() string {
	name := p.name()
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("# The service account needs secretsmanager:GetSecretValue on the secret, through IAM roles for service accounts.")
	line("apiVersion: external-secrets.io/v1")
	line("kind: SecretStore")
	line("metadata:")
	line("  name: %s", name)
	line("spec:")
	line("  provider:")
	line("    aws:")
	line("      service: SecretsManager")
	line("      region: eu-central-1 # yours")
	line("      auth:")
	line("        jwt:")
	line("          serviceAccountRef: {name: %s}", name)
	line("---")
	line("apiVersion: external-secrets.io/v1")
	line("kind: ExternalSecret")
	line("metadata:")
	line("  name: %s", name)
	line("spec:")
	line("  refreshInterval: 1h")
	line("  secretStoreRef: {kind: SecretStore, name: %s}", name)
	line("  target: {name: %s}", name)
	line("  data:")
	for _, v := range p.secrets() {
		line("    - secretKey: %s", v.Name)
		line("      remoteRef: {key: %s, property: %s}", name, v.Name)
	}
	return b.String()
}
