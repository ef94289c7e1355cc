package deploy

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/dockworthy/dockworthy/text"
)

func kubernetes(t testing.TB, data string) *Manifest {
	t.Helper()
	m, err := ParseKubernetes(text.NewFile("k8s.yaml", []byte(data)))
	if err != nil {
		t.Fatal(err)
	}
	checkSpans(t, m.File, reflect.ValueOf(m))
	return m
}

func TestLooksLikeKubernetes(t *testing.T) {
	for _, s := range []string{"", "services:\n  a:\n", "apiVersion: v1\n", "# apiVersion: kind:\nkindly: x\napiVersions: y\n"} {
		if LooksLikeKubernetes([]byte(s)) {
			t.Errorf("%q", s)
		}
	}
	for _, s := range []string{"apiVersion: v1\nkind: Pod\n", "kind: Pod\r\napiVersion: v1\r\n", "{\n \"apiVersion\": \"v1\",\n \"kind\": \"Pod\"\n}"} {
		if !LooksLikeKubernetes([]byte(s)) {
			t.Errorf("%q", s)
		}
	}
}

func TestPassedOver(t *testing.T) {
	for _, s := range []string{
		"",
		"apiVersion: v1\nkind: ConfigMap\ndata: {a: b}\n",
		"apiVersion: apps/v1\nkind: Deployment\nspec:\n  template:\n    spec:\n      containers:\n        - image: {{ .Values.image }}\n",
		"apiVersion: apps/v1\nkind: Deployment\nspec:\n  template:\n    spec:\n      containers:\n        - image: \"{{ .Values.image }}\"\n",
		"{{- if .Values.x }}\napiVersion: v1\nkind: Pod\n{{- end }}\n",
		"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec:\n  template:\n    spec:\n      containers:\n        - name: web\n          resources: {}\n",
		"apiVersion: apps/v1\nkind: Deployment\nspec:\n  replicas: 3\n",
		"kind: Pod\nspec: {containers: [{image: x}]}\n",
	} {
		if m := kubernetes(t, s); len(m.Workloads)+len(m.Services)+len(m.Secrets) != 0 {
			t.Errorf("%q gives something", s)
		}
	}
}

const objects = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: prod}
spec:
  template:
    metadata:
      labels: {app: web, tier: front}
    spec:
      securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
      hostNetwork: true
      volumes:
        - name: sock
          hostPath: {path: /var/run/docker.sock}
      initContainers:
        - name: init
          image: busybox:1.36
      containers:
        - name: web
          image: ghcr.io/acme/web:1.2 # ours
          command: [gunicorn]
          args: ["app:app"]
          env:
            - name: PASSWORD
              value: "hunter2"
            - name: TOKEN
              valueFrom: {secretKeyRef: {name: s, key: t}}
          ports:
            - {name: http, containerPort: 8000}
            - containerPort: 53
              protocol: UDP
          securityContext:
            runAsUser: 0
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities: {drop: [ALL], add: [NET_BIND_SERVICE]}
          readinessProbe:
            httpGet: {path: /ready, port: http}
          livenessProbe:
            exec: {command: [cat, /tmp/ok]}
---
apiVersion: v1
kind: List
items:
  - apiVersion: v1
    kind: Service
    metadata: {name: web, namespace: prod}
    spec:
      selector: {app: web}
      ports: [{port: 80, targetPort: http}]
  - apiVersion: batch/v1
    kind: CronJob
    metadata: {name: nightly}
    spec:
      jobTemplate:
        spec:
          template:
            spec:
              containers: [{name: j, image: job}]
---
apiVersion: v1
kind: Secret
metadata: {name: s}
stringData:
  password: "pa{{ssw}}ord"
data:
  user: YWRtaW4=
---
apiVersion: v1
kind: Secret
metadata: {name: enc}
data: {a: ENC}
sops: {version: 3}
`

func TestKubernetes(t *testing.T) {
	m := kubernetes(t, objects)
	if len(m.Workloads) != 2 || len(m.Services) != 1 || len(m.Secrets) != 2 {
		t.Fatalf("%d workloads, %d services, %d secrets", len(m.Workloads), len(m.Services), len(m.Secrets))
	}
	w, job := m.Workloads[0], m.Workloads[1]
	c := w.Containers[1]
	at := func(v Value) string { return m.File.Text(v.Span) }
	for _, p := range [][2]string{
		{w.Kind.Text, "Deployment"}, {w.Name.Text, "web"}, {w.Labels["tier"], "front"}, {fmt.Sprint(w.PodSecurity.RunAsNonRoot.True()), "true"},
		{w.PodSecurity.SeccompType.Text, "RuntimeDefault"}, {fmt.Sprint(w.HostNetwork.True()), "true"}, {w.HostPaths[0].Text, "/var/run/docker.sock"},
		{fmt.Sprint(w.Containers[0].Init, c.Init, w.IsJob, job.IsJob), "true false false true"},
		{c.Image.Text, "ghcr.io/acme/web:1.2"}, {at(c.Image), "ghcr.io/acme/web:1.2"}, {c.Command[0].Text, "gunicorn"}, {c.Args[0].Text, "app:app"},
		{at(c.Env[0].Value), `"hunter2"`}, {c.Env[1].From, "secretKeyRef"}, {fmt.Sprint(c.Env[1].HasValue), "false"},
		{c.Ports[0].Text, "8000/tcp"}, {c.Ports[1].Text, "53/udp"}, {c.Security.RunAsUser.Text, "0"}, {fmt.Sprint(c.Security.AllowPrivilegeEscalation.False()), "true"},
		{c.Security.CapDrop[0].Text, "ALL"}, {c.Security.CapAdd[0].Text, "NET_BIND_SERVICE"}, {fmt.Sprint(c.Security.ReadOnlyRoot.True()), "true"},
		{c.Readiness.Kind, "http"}, {c.Readiness.Port.Text, "8000"}, {c.Readiness.Port.Raw, "http"}, {c.Readiness.Path.Text, "/ready"},
		{c.Liveness.Command[0].Text, "cat"}, {fmt.Sprint(c.Startup == nil), "true"},
		{fmt.Sprint(m.Services[0].Selects(w), m.Services[0].Selects(job)), "true false"}, {m.Services[0].Ports[0].Text, "http"},
		{m.Secrets[0].StringData[0].Value.Text, "pa{{ssw}}ord"}, {m.Secrets[0].Data[0].Value.Text, "admin"}, {at(m.Secrets[0].Data[0].Value), "YWRtaW4="},
		{fmt.Sprint(m.Secrets[0].Encrypted, m.Secrets[1].Encrypted), "false true"}, {job.Kind.Text, "CronJob"}, {job.Containers[0].Image.Text, "job"},
	} {
		if p[0] != p[1] {
			t.Errorf("got %q, want %q", p[0], p[1])
		}
	}
}

func FuzzKubernetes(f *testing.F) {
	f.Add(objects)
	f.Add("apiVersion: v1\nkind: Pod\nspec: {containers: [{image: x, ports: [{containerPort: }], env: [{name: a, valueFrom: 1}]}]}\n")
	f.Add("{\"apiVersion\": \"v1\", \"kind\": \"List\", \"items\": [{\"apiVersion\": \"v1\", \"kind\": \"Secret\", \"data\": {\"a\": \"!\"}}]}")
	f.Fuzz(func(t *testing.T, data string) {
		m, err := ParseKubernetes(text.NewFile("k8s.yaml", []byte(data)))
		if err == nil {
			checkSpans(t, m.File, reflect.ValueOf(m))
			for _, s := range m.Services {
				for _, w := range m.Workloads {
					s.Selects(w)
				}
			}
		}
	})
}
