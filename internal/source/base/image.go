package base

import "strings"

// An Image is what is known of one kind of base image: the facts of its
// published recipe, not of a pulled copy. A fact that is not known has its
// zero value; see each field.
type Image struct {
	ID             string            `json:"id"`
	Match          Match             `json:"match"`
	Kind           string            `json:"kind"`            // os, language-runtime, toolchain, minimal, service
	Leaner         string            `json:"leaner"`          // of a service: the word of the tags without the toolchain that this one has; "" = there are none
	OS             string            `json:"os"`              // debian, alpine, wolfi, ubi9, …
	Libc           string            `json:"libc"`            // glibc, musl, none, …
	Shell          string            `json:"shell"`           // what /bin/sh is: dash, bash, busybox-ash; "none" where there is none
	ShellPath      string            `json:"shell_path"`      // where the shell is, if not /bin/sh
	PackageManager string            `json:"package_manager"` // apt, apk, …; "none"; "" not known
	User           string            `json:"user"`            // default user, name or uid; "" or "unknown": not known
	Users          map[string]string `json:"users"`           // ready-made users, name to uid:gid; "unknown" where the recipe leaves the number to the system
	UsersWhole     bool              `json:"users_whole"`     // the recipe makes no user beside Users; of a service only, others are taken to be so
	Groups         []string          `json:"groups"`          // ready-made groups beside those of Users
	Tools          map[string]Answer `json:"tools"`           // programs that the recipe speaks of; see HasTool
	Entrypoint     []string          `json:"entrypoint"`      // nil: not known; empty: none
	Cmd            []string          `json:"cmd"`             // nil: not known; empty: none
	Healthcheck    *bool             `json:"healthcheck"`     // nil: not known
	DropsTo        string            `json:"drops_to"`        // the user that the entry script starts the service as; "" none, or not known
	Workdir        string            `json:"workdir"`
	Ports          []string          `json:"ports"` // as exposed: 80, 443/udp, 4510-4559; none where nothing is
	StopSignal     string            `json:"stopsignal"`
	DockerShell    []string          `json:"docker_shell"` // a SHELL that children inherit; nil: Docker's default
	Variants       []string          `json:"variants"`     // tag suffixes that the repository has
	Env            map[string]string `json:"env"`          // the ENV that matter to rules; others are not listed
	EnvNotTags     []string          `json:"env_not_tags"` // tags whose image has not got Env yet
	Notes          string            `json:"notes"`
	Sources        []Source          `json:"source"` // the recipe first, then what supports it
}

// A Match tells which references an Image stands for.
type Match struct {
	Repos   []string `json:"repos"`
	Tags    []string `json:"tags"`     // globs, one of which has to match
	NotTags []string `json:"not_tags"` // globs, none of which may match
}

// A Source is where a fact was read: a file at a commit, or a stored page.
type Source struct {
	Repo   string `json:"repo"`
	Path   string `json:"path"`
	Commit string `json:"commit"`
	Date   string `json:"date"`
	URL    string `json:"url"`
}

// Known kinds of image.
const (
	KindOS        = "os"
	KindRuntime   = "language-runtime"
	KindToolchain = "toolchain"
	KindMinimal   = "minimal"
	KindService   = "service"
)

// UID is the numeric user that the image runs as. known is false where the
// recipe leaves it open, or names a user whose number is not fixed. A nil
// Image knows nothing.
func (i *Image) UID() (uid string, known bool) {
	if i == nil {
		return "", false
	}
	return i.UIDOf(i.User)
}

// UIDOf resolves a user, by name or number and with or without a group, as
// this image would: root is 0, digits are themselves, ready-made users are
// looked up. known is false for "", "unknown" and names it does not know.
func (i *Image) UIDOf(user string) (uid string, known bool) {
	name, _, _ := strings.Cut(user, ":")
	if name == "" || name == "unknown" {
		return "", false
	}
	if name == "root" {
		return "0", true
	}
	if strings.Trim(name, "0123456789") == "" {
		if n := strings.TrimLeft(name, "0"); n != "" {
			return n, true
		}
		return "0", true
	}
	if i == nil {
		return "", false
	}
	id, _, _ := strings.Cut(i.Users[name], ":")
	return id, id != "" && id != "unknown"
}

// HasShell tells whether the shell form of RUN, CMD and HEALTHCHECK works:
// whether there is a /bin/sh, or the image sets a SHELL of its own.
func (i *Image) HasShell() Answer {
	switch {
	case i == nil || i.Shell == "" || i.Shell == "unknown":
		return Unknown
	case len(i.DockerShell) > 0:
		return Yes
	case i.Shell == "none" || i.ShellPath != "" && i.ShellPath != "/bin/sh":
		return No
	}
	return Yes
}
