package nonroot

import (
	"fmt"
	"path"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/base"
	"github.com/dockworthy/dockworthy/internal/source/deploy"
	"github.com/dockworthy/dockworthy/text"
)

var composeRoot = &check.Check{
	Name:     "compose-root",
	Claim:    "no Compose service is set to run as root",
	Why:      "user: in Compose overrides the image's USER",
	Mend:     "remove user:, or set a UID other than 0",
	Quiet:    "A helper that does nothing but give files to another user is a note.",
	Unfixed:  "which user the program can run as depends on who owns its volumes",
	Severity: check.Error,
	Since:    "0.1.0",
	RestsOn:  []source.Subject{source.Deployments},
	Source: func(b *source.Build) check.Verdict {
		if b.Compose == nil {
			return check.None()
		}
		var found []check.Finding
		for _, s := range b.Compose.Services {
			if !isRoot(s.User) {
				continue
			}
			f := check.Finding{
				Place:   check.Place{File: b.Text(), Span: s.User.Span},
				Message: fmt.Sprintf("the service %s runs as root", s.Name.Text),
			}
			if handsFiles(s) {
				f.Severity = check.Note
				f.Message += ", to give files to others, and ends"
				f.Help = "give the volume to its user when it is made: an image that has the folder with that owner hands it on to a new volume"
			}
			found = append(found, f)
		}
		return check.Judge(found)
	},
}

// handsFiles tells whether a service does nothing but give files another owner or mode,
// for which it has to be root.
func handsFiles(s *deploy.Service) bool {
	gives := false
	for _, c := range shell.FromWords(shell.Input{}, source.OwnWords(s)).Commands {
		switch program := c.Program(); {
		case program == "chown" || program == "chmod" || program == "chgrp":
			gives = true
		case knowledge.Shells.Has(program):
		case program == "mkdir" || program == "touch" || knowledge.Speakers.Has(program) || program == "exit" || program == "set" || program == "true":
		default:
			return false
		}
	}
	return gives
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
	Quiet:    "The socket of a proxy that filters requests is a note: that is what such a proxy is for.",
	Unfixed:  "which capability or device the program needs is for you to say",
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
			add := func(span text.Span, help, format string, args ...any) *check.Finding {
				found = append(found, check.Finding{
					Place:   check.Place{File: b.Text(), Span: span},
					Message: fmt.Sprintf("the service %s ", s.Name.Text) + fmt.Sprintf(format, args...),
					Help:    help,
				})
				return &found[len(found)-1]
			}
			if s.Privileged.True() {
				add(s.Privileged.Span, leastPrivilege, "is privileged: it has every device and capability of the host")
			}
			for _, c := range s.CapAdd {
				if broad(c.Text) {
					add(c.Span, leastPrivilege, "adds the capability %s, which amounts to root on the host", c.Text)
				}
			}
			for _, v := range s.Volumes {
				switch {
				case !strings.HasSuffix(v.Source.Text, "/docker.sock") && !strings.HasSuffix(v.Source.Text, "/podman.sock"):
				case filters(s):
					f := add(v.Span, "allow only the requests that its clients make, and let only them reach its network", "mounts the container engine's socket, as a proxy that filters requests has to")
					f.Severity = check.Note
				default:
					add(v.Span, "access the container engine through a proxy that allows only the requests that are needed, such as tecnativa/docker-socket-proxy", "mounts the container engine's socket, with which it can start any container on the host")
				}
			}
		}
		return check.Judge(found)
	},
}

const leastPrivilege = "add only the capability (cap_add) or the device (devices) that is needed"

// filters tells whether a service runs a proxy between the container engine's socket and
// those who ask it, as the image's name says.
func filters(s *deploy.Service) bool {
	ref, err := base.ParseRef(s.Image.Text)
	return err == nil && strings.Contains(path.Base(ref.Repo), "socket-proxy")
}

// broad are the capabilities that hold all others.
func broad(name string) bool {
	switch strings.TrimPrefix(strings.ToUpper(name), "CAP_") {
	case "ALL", "SYS_ADMIN":
		return true
	}
	return false
}
