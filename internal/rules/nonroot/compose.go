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
	Claim:    "no Compose service asks to run as root",
	Why:      "user: in Compose overrules the image's USER",
	Mend:     "leave user: out, or name a UID that is not 0",
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
	Claim:    "no Compose service is given the host",
	Why:      "privileged, all capabilities, SYS_ADMIN or the engine's socket let a process in the container become root on the host",
	Mend:     "name the one capability or device that is needed; reach the engine through a proxy that filters what it answers",
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
					add(c.Span, "adds the capability %s, which is as good as root on the host", c.Text)
				}
			}
			for _, v := range s.Volumes {
				if strings.HasSuffix(v.Source.Text, "/docker.sock") || strings.HasSuffix(v.Source.Text, "/podman.sock") {
					add(v.Span, "mounts the engine's socket, with which it can start anything on the host")
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
