package pinnedbase

import (
	"fmt"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/base"
	"github.com/dockworthy/dockworthy/internal/source/deploy"
)

var composeLatest = &check.Check{
	Name:     "compose-latest",
	Claim:    "every image that Compose pulls has a version",
	Why:      "the next `docker compose pull` may fetch a different program",
	Mend:     "use a full version, such as postgres:16.6-bookworm, or a digest",
	Quiet:    "For images that the project builds itself or that pull_policy says are never pulled, and in a service of another file that others extend with an image of their own.",
	Unfixed:  "`dockworthy pin --full-version` does it: a registry has to say which version that is today",
	Severity: check.Error,
	Since:    "0.1.0",
	RestsOn:  []source.Subject{source.Deployments},
	Source: func(b *source.Build) check.Verdict {
		if b.Compose == nil {
			return check.None()
		}
		var found []check.Finding
		for _, s := range b.Compose.Services {
			if s.Build != nil || !s.Image.Set || s.Pull.Text == "never" || s.Pull.Text == "build" || b.MadeHere(s.Image.Text) {
				continue
			}
			if f, ok := unversioned(s.Image, "the service "+s.Name.Text); ok && !b.Template(s) && !b.TaggedHere(s.Image.Text) {
				f.Place.File = b.Text()
				f.Group = s.Image.Text
				found = append(found, f)
			}
		}
		return check.Judge(found)
	},
}

var kubeLatest = &check.Check{
	Name:     "kube-latest",
	Claim:    "every image of a Kubernetes workload has a version",
	Why:      "pods of one workload may run different programs, depending on when their node pulled the image",
	Mend:     "use a full version or a digest",
	Quiet:    "For images that the project builds itself or that imagePullPolicy says are never pulled, and where a kustomization sets the version.",
	Unfixed:  "`dockworthy pin --full-version` does it: a registry has to say which version that is today",
	Severity: check.Error,
	Since:    "0.1.0",
	RestsOn:  []source.Subject{source.Deployments},
	Aliases:  []string{"trivy KSV-0013", "checkov CKV_K8S_14"},
	Source: func(b *source.Build) check.Verdict {
		if b.Kubernetes == nil {
			return check.None()
		}
		var found []check.Finding
		for _, w := range b.Kubernetes.Workloads {
			for _, c := range w.Containers {
				if !c.Image.Set || c.Pull.Text == "Never" || b.MadeHere(c.Image.Text) || b.Kustomized(w.Name.Text, c.Image.Text) {
					continue
				}
				if f, ok := unversioned(c.Image, "the container "+c.Name.Text); ok && !b.TaggedHere(c.Image.Text) {
					f.Place.File = b.Text()
					f.Group = c.Image.Text
					found = append(found, f)
				}
			}
		}
		return check.Judge(found)
	},
}

// unversioned judges an image that is pulled when it is deployed.
func unversioned(v deploy.Value, who string) (check.Finding, bool) {
	if v.Unresolved {
		return check.Finding{}, false
	}
	ref, err := base.ParseRef(v.Text)
	if err != nil || ref.Digest != "" {
		return check.Finding{}, false
	}
	f := check.Finding{Place: check.Place{Span: v.Span}, Help: fuller(ref)}
	switch base.Classify(ref.Tag, nil, ref.Repo).Pinning {
	case base.PinNoVersion:
		if base.PublisherWithoutVersions(ref.Repo) {
			return check.Finding{}, false
		}
		f.Message = fmt.Sprintf("%s runs %s, whose tag contains no version", who, v.Text)
	case base.PinNone:
		f.Message = fmt.Sprintf("%s runs %s, which has no tag, so it means :latest", who, v.Text)
	case base.PinLatest:
		f.Message = fmt.Sprintf("%s runs %s, whose tag is not a version, so it moves with each push", who, v.Text)
	default:
		return check.Finding{}, false
	}
	return f, true
}
