package engine

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// passed are the variables of this process that the docker command and buildx
// get, with the caller's own values: to find the engine, its configuration and
// credentials, and the network. All others stay here.
var passed = []string{
	"PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "LANG", "TZ",
	"BUILDX_CONFIG", "BUILDX_BUILDER", "SSH_AUTH_SOCK", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "DBUS_SESSION_BUS_ADDRESS", "GNUPGHOME", "PASSWORD_STORE_DIR",
	"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "FTP_PROXY", "http_proxy", "https_proxy", "no_proxy", "all_proxy", "ftp_proxy",
	"SSL_CERT_FILE", "SSL_CERT_DIR",
	"KUBECONFIG", "CLOUDSDK_CONFIG",
	// Windows
	"SystemRoot", "SystemDrive", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "ProgramData", "ProgramFiles", "PATHEXT", "TEMP", "TMP", "COMSPEC", "WINDIR",
}

// passedPrefixes begin the names of further ones: the docker command's own, and
// what credential helpers of clouds read.
var passedPrefixes = []string{"DOCKER_", "LC_", "AWS_", "GOOGLE_", "AZURE_"}

// folderVariables are those of them that name a file or a folder: the client runs in a
// folder of its own.
var folderVariables = []string{"DOCKER_CONFIG", "DOCKER_CERT_PATH", "BUILDX_CONFIG", "SSL_CERT_FILE", "SSL_CERT_DIR", "KUBECONFIG", "TMPDIR", "HOME", "GNUPGHOME", "CLOUDSDK_CONFIG"}

// ClientEnviron is the environment of the docker command and of buildx: nothing
// in it comes from a project, and no more of the caller's than they need.
func ClientEnviron() []string {
	var env []string
	for _, kv := range os.Environ() {
		name, value, _ := strings.Cut(kv, "=")
		if !slices.Contains(passed, name) && !slices.ContainsFunc(passedPrefixes, func(p string) bool { return strings.HasPrefix(name, p) }) {
			continue
		}
		if slices.Contains(folderVariables, name) && value != "" && !filepath.IsAbs(value) {
			if abs, err := filepath.Abs(value); err == nil {
				value = abs
			}
		}
		env = append(env, name+"="+value)
	}
	// buildx asks git of the context's folder, and git does what the folder's
	// own configuration says.
	return append(env, "BUILDX_GIT_INFO=false")
}

// environ is ClientEnviron for a docker command that must meet this engine and
// no other.
func (e *Engine) environ() []string {
	var env []string
	for _, kv := range ClientEnviron() {
		switch name, _, _ := strings.Cut(kv, "="); name {
		case "DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH":
		default:
			env = append(env, kv)
		}
	}
	if e.Host.Context != "" {
		return append(env, "DOCKER_CONTEXT="+e.Host.Context)
	}
	env = append(env, "DOCKER_HOST="+e.Host.Address)
	if e.Host.Cert != "" {
		env = append(env, "DOCKER_CERT_PATH="+filepath.Dir(e.Host.Cert))
		if !e.Host.SkipVerify {
			env = append(env, "DOCKER_TLS_VERIFY=1")
		}
	}
	return env
}
