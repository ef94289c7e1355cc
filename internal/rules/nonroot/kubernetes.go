package nonroot

import (
	"fmt"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/recipe"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/deploy"
	"github.com/dockworthy/dockworthy/text"
)

var kubeRoot = &check.Check{
	Name:     "kube-root",
	Claim:    "no container of a workload is set to run as UID 0",
	Why:      "runAsUser overrides the image's USER",
	Mend:     "set runAsUser to the image's UID, or remove it",
	Unfixed:  "which UID the program can run as is for you to say: what it writes to has to belong to it",
	Severity: check.Error,
	Since:    "0.1.0",
	RestsOn:  []source.Subject{source.Deployments},
	Aliases:  []string{"trivy KSV-0105", "checkov CKV_K8S_6"},
	Source: func(b *source.Build) check.Verdict {
		return containers(b, func(w *deploy.Workload, c *deploy.Container) (check.Finding, bool) {
			v := c.Security.RunAsUser
			if !v.Set {
				v = w.PodSecurity.RunAsUser
			}
			if !v.Set || v.Text != "0" {
				return check.Finding{}, false
			}
			return check.Finding{Place: check.Place{Span: v.Span}, Message: fmt.Sprintf("the container %s of %s %s runs as UID 0", c.Name.Text, w.Kind.Text, w.Name.Text)}, true
		})
	},
}

var kubeNoNonRoot = &check.Check{
	Name:     "kube-no-nonroot",
	Claim:    "every container of a workload sets runAsNonRoot",
	Why:      "with runAsNonRoot the kubelet refuses to start an image as root, even if a later version of the image changes its user",
	Mend:     "set securityContext.runAsNonRoot: true on the pod",
	Severity: check.Warning,
	Since:    "0.1.0",
	RestsOn:  []source.Subject{source.Deployments},
	Aliases:  []string{"trivy KSV-0012", "checkov CKV_K8S_23"},
	Source: func(b *source.Build) check.Verdict {
		return containers(b, func(w *deploy.Workload, c *deploy.Container) (check.Finding, bool) {
			v := c.Security.RunAsNonRoot
			if !v.Set {
				v = w.PodSecurity.RunAsNonRoot
			}
			uid := c.Security.RunAsUser
			if !uid.Set {
				uid = w.PodSecurity.RunAsUser
			}
			if v.True() || v.Unresolved || uid.Set && uid.Text == "0" {
				return check.Finding{}, false // UID 0 is kube-root's
			}
			span, pod := nameSpan(c, w), fmt.Sprint("pod of ", w.Name.Span.Start)
			if v.Set {
				span, pod = v.Span, ""
			}
			f := check.Finding{Place: check.Place{Span: span}, Group: pod, Message: fmt.Sprintf("runAsNonRoot is not set for the container %s of %s %s", c.Name.Text, w.Kind.Text, w.Name.Text), Missing: true}
			return recipe.RunAsNonRoot(b, w, c).To(f), true
		})
	},
}

var kubeEscalation = &check.Check{
	Name:     "kube-escalation",
	Claim:    "no container of a workload can gain privileges",
	Why:      "without allowPrivilegeEscalation: false, any user can become root through a setuid program",
	Mend:     "set securityContext.allowPrivilegeEscalation: false on the container",
	Severity: check.Warning,
	Since:    "0.1.0",
	RestsOn:  []source.Subject{source.Deployments},
	Aliases:  []string{"trivy KSV-0001", "checkov CKV_K8S_20", "CIS 5.25"},
	Source: func(b *source.Build) check.Verdict {
		return containers(b, func(w *deploy.Workload, c *deploy.Container) (check.Finding, bool) {
			v := c.Security.AllowPrivilegeEscalation
			if v.False() || v.Unresolved {
				return check.Finding{}, false
			}
			span := nameSpan(c, w)
			if v.Set {
				span = v.Span
			}
			f := check.Finding{Place: check.Place{Span: span}, Message: fmt.Sprintf("allowPrivilegeEscalation is not set to false for the container %s of %s %s", c.Name.Text, w.Kind.Text, w.Name.Text), Missing: true}
			return recipe.NoEscalation(b, c).To(f), true
		})
	},
}

// containers judges every container of a Kubernetes unit.
func containers(b *source.Build, judge func(*deploy.Workload, *deploy.Container) (check.Finding, bool)) check.Verdict {
	if b.Kubernetes == nil {
		return check.None()
	}
	var found []check.Finding
	for _, w := range b.Kubernetes.Workloads {
		for _, c := range w.Containers {
			if f, ok := judge(w, c); ok {
				f.Place.File = b.Text()
				found = append(found, f)
			}
		}
	}
	return check.Judge(found)
}

func nameSpan(c *deploy.Container, w *deploy.Workload) text.Span {
	if c.Name.Set {
		return c.Name.Span
	}
	return w.Name.Span
}
