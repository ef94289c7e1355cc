package healthcheck

import (
	"fmt"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/deploy"
)

var kubeNoReadiness = &check.Check{
	Name:     "kube-no-readiness",
	Claim:    "a container that receives traffic from a Service has a readiness probe",
	Why:      "without a readiness probe, a pod receives requests as soon as its process starts, and also while it hangs",
	Mend:     "add a readinessProbe with httpGet on the program's port",
	Quiet:    "For Jobs, CronJobs, init containers, and workloads without a Service.",
	Unfixed:  "which path tells that the program is ready is for you to say, unless its Dockerfile is built here",
	Severity: check.Warning,
	Since:    "0.1.0",
	RestsOn:  []source.Subject{source.Deployments},
	Aliases:  []string{"checkov CKV_K8S_9"},
	Source: func(b *source.Build) check.Verdict {
		var of *deploy.Workload
		var to map[*deploy.Container]*deploy.KubeService
		return workloads(b, func(w *deploy.Workload, c *deploy.Container) string {
			if c.Readiness != nil {
				return ""
			}
			if of != w {
				of, to = w, b.Receivers(w)
			}
			s := to[c]
			if s == nil {
				return ""
			}
			service := "a Service"
			if s.Name.Text != "" {
				service = "the Service " + s.Name.Text
			}
			return fmt.Sprintf("%s sends traffic to the container %s of %s %s, which has no readinessProbe", service, c.Name.Text, w.Kind.Text, w.Name.Text)
		})
	},
}

var kubeNoLiveness = &check.Check{
	Name:     "kube-no-liveness",
	Claim:    "a long-running container has a liveness probe",
	Why:      "without a liveness probe, a process that hangs is not restarted",
	Mend:     "add a livenessProbe that queries only the process, not its dependencies",
	Quiet:    "For Jobs, CronJobs and init containers.",
	Unfixed:  "a probe that restarts a program that is only slow does harm: what tells that it hangs is for you to say",
	Severity: check.Note,
	Since:    "0.1.0",
	RestsOn:  []source.Subject{source.Deployments},
	Aliases:  []string{"checkov CKV_K8S_8"},
	Source: func(b *source.Build) check.Verdict {
		return workloads(b, func(w *deploy.Workload, c *deploy.Container) string {
			if c.Liveness != nil {
				return ""
			}
			return fmt.Sprintf("the container %s of %s %s has no livenessProbe", c.Name.Text, w.Kind.Text, w.Name.Text)
		})
	},
}

// workloads judges the containers of workloads that run for ever.
func workloads(b *source.Build, judge func(*deploy.Workload, *deploy.Container) string) check.Verdict {
	if b.Kubernetes == nil {
		return check.None()
	}
	var found []check.Finding
	for _, w := range b.Kubernetes.Workloads {
		if w.IsJob {
			continue
		}
		for _, c := range w.Containers {
			if c.Init {
				continue
			}
			if msg := judge(w, c); msg != "" {
				span := w.Name.Span
				if c.Name.Set {
					span = c.Name.Span
				}
				found = append(found, check.Finding{Place: check.Place{File: b.Text(), Span: span}, Message: msg, Missing: true})
			}
		}
	}
	return check.Judge(found)
}
