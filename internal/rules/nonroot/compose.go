package nonroot

import (
	"fmt"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/deploy"
	"github.com/dockworthy/dockworthy/text"
)

var composeRoot = &check.Check{
	Name:     "compose-root",
	Claim:    "no Compose service is set to run as root",
	Why:      "user: in Compose overrides the image's USER",
	Mend:     "remove user:, or set a UID other than 0",
	Severity: check.Error,
	Since:    "0.1.0",
	RestsOn:  []source.Subject{source.Deployments},
	Source: func(b *source.Build) check.Verdict {
		if b.Compose == nil {
			return check.None()
		}
		var found []check.Finding
		for _, s := range b.Compose.Services {
			if isRoot(s.User) {
				found = append(found, check.Finding{
					Place:   check.Place{File: b.Text(), Span: s.User.Span},
					Message: fmt.Sprintf("the service %s runs as root", s.Name.Text),
				})
			}
		}
		return check.Judge(found)
	},
}

// isRoot tells whether a user: is UID 0.
func isRoot(v deploy.Value) bool {
	if !v.Set || v.Unresolved {
		return false
	}
	name, _, _ := strings.Cut(v.Text, ":")
	return name == "root" || numeric(name) && strings.Trim(name, "+0") == ""
}

var composePrivileged = &check.Check{
	Name:     "compose-privileged",
	Claim:    "no Compose service has access that amounts to root on the host",
	Why:      "with privileged, all capabilities, SYS_ADMIN or the container engine's socket, a process in the container can become root on the host",
	Mend:     "add only the capability or device that is needed; access the container engine through a proxy that filters requests",
	Severity: check.Error,
	Since:    "0.1.0",
	RestsOn:  []source.Subject{source.Deployments},
	Aliases:  []string{"CIS 5.5", "CIS 5.4", "CIS 5.32"},
	Source: func(b *source.Build) check.Verdict {
		if b.Compose == nil {
			return check.None()
		}
		var found []check.Finding
		for _, s := range b.Compose.Services {
			add := func(span text.Span, format string, args ...any) {
				found = append(found, check.Finding{
					Place:   check.Place{File: b.Text(), Span: span},
					Message: fmt.Sprintf("the service %s ", s.Name.Text) + fmt.Sprintf(format, args...),
				})
			}
			if s.Privileged.True() {
				add(s.Privileged.Span, "is privileged: it has every device and capability of the host")
			}
			for _, c := range s.CapAdd {
				if broad(c.Text) {
					add(c.Span, "adds the capability %s, which amounts to root on the host", c.Text)
				}
			}
			for _, v := range s.Volumes {
				if strings.HasSuffix(v.Source.Text, "/docker.sock") || strings.HasSuffix(v.Source.Text, "/podman.sock") {
					add(v.Span, "mounts the container engine's socket, with which it can start any container on the host")
				}
			}
		}
		return check.Judge(found)
	},
}

// broad are the capabilities that hold all others.
func broad(name string) bool {
	switch strings.TrimPrefix(strings.ToUpper(name), "CAP_") {
	case "ALL", "SYS_ADMIN":
		return true
	}
	return false
}
