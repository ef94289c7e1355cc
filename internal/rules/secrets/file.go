package secrets

import (
	"bytes"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/deploy"
	"github.com/dockworthy/dockworthy/text"
)

// A kind of file is what a secret file is, and how sure that is.
type fileKind struct {
	what     string         // what it holds, after "which"
	severity check.Severity // 0 = it is none
	key      bool           // it is such as people make for tests: a key, the settings of a test run
}

var (
	npmToken     = regexp.MustCompile(`(?m)^\s*[^#;\s][^=\n]*(?:_authToken|_password|_auth)\s*=\s*(\S+)`)
	pypiPassword = regexp.MustCompile(`(?mi)^\s*password\s*[=:]\s*(\S+)`)
	netrc        = regexp.MustCompile(`(?m)\bmachine\s+\S+\s+(?:login\s+\S+\s+)?password\s+(\S+)`)
	dockerAuth   = regexp.MustCompile(`"(?:auth|identitytoken|password)"\s*:\s*"([^"]+)"`)
	kubeSecret   = regexp.MustCompile(`(?m)^\s*-?\s*(token|client-key-data|password)\s*:\s*["']?([^\s"']+)`)
	kubeName     = regexp.MustCompile(`(?m)^\s*-?\s*(?:name|user|username|cluster|namespace)\s*:\s*["']?([^\s"']+)`)
	publicPEM    = regexp.MustCompile(`(?i)(?:^|[-_.])(?:ca|cacert|cert|certs|chain|fullchain|bundle|pub|public|root|crt|gpg|apt|rpm|repo|repos|keyring|release|signing|dh|dhparam|dhparams)(?:[-_.]|$)`)
	account      = regexp.MustCompile(`(?i)service[-_]?account|^credentials\.json$|gcp[-_]?(?:key|cred)|google[-_]?cred|firebase[-_]?admin`)
)

// fileOf judges a file of the context by its name and, where that is not
// enough, by what it holds. What cannot be read is judged as its name says,
// more mildly.
func fileOf(ctx *source.Context, p string) fileKind {
	base, dir := path.Base(p), path.Base(path.Dir(p))
	low := strings.ToLower(base)
	if source.IsEnvFile(base) {
		data, ok := ctx.Read(p)
		if ok && public(data, base != ".env") {
			return fileKind{what: "is an environment file, although no value in it looks like a secret", severity: check.Note}
		}
		return fileKind{"is an environment file", check.Error, ok && ofTests(base) && len(vendors(string(data))) == 0}
	}
	switch knowledge.HeldBy(dir, base) {
	case knowledge.SSHKey:
		return fileKind{"is a private SSH key", check.Error, true}
	case knowledge.Npmrc:
		if k := held(ctx, p, npmToken, "contains a registry token"); k.severity != 0 {
			return k
		}
		return settingsFile(ctx, p, knowledge.SettingsSecret{What: "contains a password for a registry", Reads: knowledge.URLs})
	case knowledge.Pypirc:
		return held(ctx, p, pypiPassword, "contains a password for a package index")
	case knowledge.Netrc:
		return held(ctx, p, netrc, "contains a login")
	case knowledge.GitCredentials:
		return fileKind{what: "contains git passwords", severity: check.Error}
	case knowledge.AWSCredentials:
		return fileKind{what: "contains AWS keys", severity: check.Error}
	case knowledge.KubeConfig, knowledge.KubeConfigCopy:
		return kubeConfig(ctx, p, knowledge.HeldBy(dir, base) == knowledge.KubeConfig)
	case knowledge.DockerConfig:
		return held(ctx, p, dockerAuth, "contains registry credentials")
	case knowledge.GitSettings:
		return settingsFile(ctx, p, knowledge.SettingsSecret{What: "contains a password for git", Reads: knowledge.URLs})
	case knowledge.Settings:
		if k := settingsFile(ctx, p, knowledge.SecretOf(dir, base)); k.severity != 0 {
			return k
		}
	case knowledge.OpenKey:
		return fileKind{}
	case knowledge.SSHFolder:
		if !strings.HasSuffix(base, ".pub") {
			return pem(ctx, p, false)
		}
	}
	switch {
	case isKeystore(low):
		return keystore(ctx, p)
	case strings.HasSuffix(low, ".pem") || strings.HasSuffix(low, ".key"):
		return pem(ctx, p, !publicPEM.MatchString(strings.TrimSuffix(strings.TrimSuffix(low, ".pem"), ".key")) && (strings.HasSuffix(low, ".key") || strings.Contains(low, "key")))
	case strings.HasSuffix(low, ".json"):
		data, ok := ctx.Read(p)
		switch {
		case ok && bytes.Contains(data, []byte(`"private_key"`)) && bytes.Contains(data, []byte("PRIVATE KEY")):
			return fileKind{"is a service account key", check.Error, true}
		case !ok && account.MatchString(base):
			return fileKind{"is named like a service account key", check.Warning, true}
		}
	}
	return fileKind{}
}

// public tells whether an environment file has values, and none that looks like a
// secret. A variant of .env is used as it lies in the repository; others are filled in
// where they are used.
func public(data []byte, variant bool) bool {
	env := deploy.ParseDotEnv(data)
	if len(env.Values) == 0 || env.Beyond != "" {
		return false
	}
	around := &names{gather: func(n *names) {
		for name, value := range env.Values {
			n.account(name, value)
		}
	}}
	for name, value := range env.Values {
		if w := worthOf(value); nameOf(name) == strong && (value == "" || w == later) && !variant {
			return false
		}
		if l, hidden := setting(name, value, text.Span{}, true); hidden && !around.tell(l.password, l.user, name) {
			return false
		}
	}
	return true
}

// ofTest is a key as it counts where its path says that it is one of tests.
func (k fileKind) ofTest(p string, ships bool) fileKind {
	base := strings.ToLower(path.Base(p))
	open := strings.Contains(base, "insecure") || strings.Contains(base, "snakeoil") // it says that it protects nothing
	settings := ofTests(base)
	if !k.key || !knowledge.TestFolders.Under(p) && !testingFolder(p) && !strings.HasPrefix(base, "test") && !forTests(base) && !settings && !open || settings && ships {
		return k
	}
	k.what += " for tests"
	if k.severity = check.Note; ships {
		k.severity = check.Warning
	}
	return k
}

// testingFolder tells whether a folder of a path is called as a package that serves tests:
// apitesting, as Go joins such names.
func testingFolder(p string) bool {
	for part := range strings.SplitSeq(path.Dir(p), "/") {
		if strings.HasSuffix(part, "testing") {
			return true
		}
	}
	return false
}

// forTests tells whether the last word of a file's name, before its extension, is one
// that tests give to what they need: github_test.pem, as Go names its tests.
func forTests(base string) bool {
	stem := strings.TrimSuffix(base, path.Ext(base))
	i := strings.LastIndexAny(stem, "._-")
	return i > 0 && knowledge.TestFolders.Has(stem[i+1:])
}

// ofTests tells whether an environment file is one of tests, as .env.testing.
func ofTests(base string) bool {
	ext, ok := strings.CutPrefix(base, ".env.")
	return ok && !slices.ContainsFunc(strings.Split(ext, "."), func(w string) bool { return !knowledge.TestSettings.Has(w) })
}

// kubeConfig judges a file with the users of a cluster: a token that is made of the
// names around it, as blue-token of blue-user, lets nobody in. home says that it lies
// where kubectl looks for it, which speaks where it cannot be read.
func kubeConfig(ctx *source.Context, p string, home bool) fileKind {
	const what = "contains cluster credentials"
	data, ok := ctx.Read(p)
	if !ok {
		if home {
			return fileKind{what: what, severity: check.Error}
		}
		return held(ctx, p, kubeSecret, what)
	}
	around := &names{gather: func(n *names) {
		for _, m := range kubeName.FindAllSubmatch(data, -1) {
			n.name(string(m[1]))
		}
	}}
	for _, m := range kubeSecret.FindAllSubmatch(data, -1) {
		key, v := string(m[1]), string(m[2])
		if worthUnder(key, v) == literal && !around.tell(v, "", key) {
			return fileKind{what: what, severity: check.Error}
		}
	}
	return fileKind{}
}

// held judges a file that is a secret by what a pattern finds in it.
func held(ctx *source.Context, p string, re *regexp.Regexp, what string) fileKind {
	data, ok := ctx.Read(p)
	if !ok {
		return fileKind{what: "could not be read here, but by its name " + strings.Replace(what, "contains", "may contain", 1), severity: check.Warning}
	}
	for _, m := range re.FindAllSubmatch(data, -1) {
		if v := strings.Trim(string(m[1]), `"'`); worthOf(v) == literal && !strings.HasPrefix(v, "%(") {
			return fileKind{what: what, severity: check.Error}
		}
	}
	return fileKind{}
}

// pem judges a file by its PEM header. private says that the name alone speaks
// of a private key.
func pem(ctx *source.Context, p string, private bool) fileKind {
	data, ok := ctx.Read(p)
	switch {
	case ok && privateKey.Match(data):
		return fileKind{"contains a private key", check.Error, true}
	case !ok && private:
		return fileKind{"could not be read here, but is named like a private key", check.Warning, true}
	}
	return fileKind{}
}

var privateKey = regexp.MustCompile(`-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----`)

// folderOf judges a folder that a COPY names and that is not here to be looked
// into.
func folderOf(p string) fileKind {
	switch path.Base(p) {
	case ".aws":
		return fileKind{what: "contains AWS keys", severity: check.Error}
	case ".kube":
		return fileKind{what: "contains cluster credentials", severity: check.Error}
	case ".ssh":
		return fileKind{what: "could not be read here, but may contain private SSH keys", severity: check.Warning}
	}
	return fileKind{}
}
