package read

import (
	"crypto/sha256"
	"encoding/hex"
	"path"
	"regexp"
	"strings"

	"github.com/dockworthy/dockworthy/internal/image"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/secret"
)

// maxFileSecrets of one file are kept, and maxSecrets of one layer: a thousand
// more say nothing new.
const (
	maxFileSecrets = 20
	maxSecrets     = 2000
)

// A surface is what kind of file secrets are looked for in.
type surface struct {
	// origin is whose file it is: a key that anybody can download is no secret,
	// a company's token in a package of its own is, and nothing is in sources
	// that are published.
	origin  image.Origin
	program bool // machine code: it holds other programs' patterns and test keys
	sample  bool // it belongs to a library and is documentation, a test or an example
}

func surfaceOf(p string) surface {
	s := surface{origin: image.OriginOf(p)}
	switch s.origin {
	case image.Own:
		return s
	case image.Source:
		s.sample = true
		return s
	}
	for part := range strings.SplitSeq(path.Dir(p), "/") {
		if knowledge.SampleFolders.Has(part) {
			s.sample = true
			return s
		}
	}
	base := strings.ToLower(path.Base(p))
	s.sample = strings.HasPrefix(base, "test_") || strings.HasPrefix(base, "test-") || knowledge.SampleEnds.Ends(base)
	return s
}

// speaks tells whether a match in such a file is worth a word.
func (s surface) speaks(m secret.Match, value string) bool {
	key := m.What == "a private key"
	switch {
	case s.sample:
		return false
	case s.origin >= image.Published && key:
		return false
	case s.program:
		return !key && !m.Public && !m.Weak() && secret.Random(value)
	case s.origin >= image.Library:
		return !m.Public && !m.Weak()
	}
	return true
}

// A fileKind is a file that is a secret by its name, if it holds what such
// files do.
type fileKind struct {
	what  string // what it holds, with its article
	value *regexp.Regexp
}

// The forms of such files.
var (
	envLine    = regexp.MustCompile(`(?m)^[ \t]*(?:export[ \t]+)?([A-Za-z_][\w.-]*)[ \t]*=[ \t]*(\S.*?)[ \t\r]*$`)
	npmToken   = regexp.MustCompile(`(?m)^[ \t]*([^#;\s][^=\n]*(?:_authToken|_password|_auth))[ \t]*=[ \t]*(\S+)`)
	iniSecret  = regexp.MustCompile(`(?mi)^[ \t]*(password|aws_secret_access_key|aws_session_token)[ \t]*[=:][ \t]*(\S+)`)
	netrcLogin = regexp.MustCompile(`(?m)\b(password)\s+(\S+)`)
	kubeLogin  = regexp.MustCompile(`(?m)^[ \t-]*(token|client-key-data|password)[ \t]*:[ \t]*["']?([^\s"']+)`)
	dockerAuth = regexp.MustCompile(`"(auth|identitytoken|password)"\s*:\s*"([^"]+)"`)
	gitLogin   = regexp.MustCompile(`(?m)()\bhttps?://[^\s:/@]*:([^\s@/]+)@`)
	gcloudKey  = regexp.MustCompile(`"(private_key)"\s*:\s*"([^"]*PRIVATE KEY[^"]*)"`)
)

// kindOf knows a file by its name. In a published package such names are
// fixtures.
func kindOf(p string) (fileKind, bool) {
	kind, ok := kindByName(p)
	if ok && image.OriginOf(p) >= image.Published {
		return fileKind{}, false
	}
	return kind, ok
}

func kindByName(p string) (fileKind, bool) {
	base, dir := path.Base(p), path.Base(path.Dir(p))
	if image.IsEnv(base) {
		return fileKind{"an environment file's value", envLine}, true
	}
	switch knowledge.HeldBy(dir, base) {
	case knowledge.Npmrc:
		return fileKind{"a registry's token", npmToken}, true
	case knowledge.Pypirc:
		return fileKind{"a password for a package index", iniSecret}, true
	case knowledge.Netrc:
		return fileKind{"a login", netrcLogin}, true
	case knowledge.GitCredentials, knowledge.GitSettings:
		return fileKind{"a password for git", gitLogin}, true
	case knowledge.AWSCredentials:
		return fileKind{"an AWS secret key", iniSecret}, true
	case knowledge.KubeConfig, knowledge.KubeConfigCopy:
		return fileKind{"a cluster's login", kubeLogin}, true
	case knowledge.DockerConfig:
		return fileKind{"a registry's login", dockerAuth}, true
	}
	if strings.HasSuffix(base, ".json") && (strings.Contains(base, "account") || strings.Contains(base, "cred") || strings.Contains(base, "key") || strings.Contains(base, "firebase")) {
		return fileKind{"the key of a service account", gcloudKey}, true
	}
	return fileKind{}, false
}

// plainEnv are the variables of environment files whose values are settings
// for everybody to see.
var plainEnv = regexp.MustCompile(`(?i)^(?:NODE_ENV|.*_?(?:ENV|DEBUG|LEVEL|HOST|PORT|URL|NAME|MODE|TZ|LANG|PATH|DIR|REGION|VERSION|ENABLED|TIMEOUT|USER|DOMAIN|BUCKET|FORMAT)|VITE_.*|REACT_APP_.*|NEXT_PUBLIC_.*)$`)

// secretsIn finds in a file that is known by its name what it holds.
func (k fileKind) secretsIn(data []byte) []image.Secret {
	var list []image.Secret
	for _, m := range k.value.FindAllSubmatchIndex(data, -1) {
		raw := strings.TrimLeft(string(data[m[4]:m[5]]), `"'`)
		v := strings.TrimRight(raw, `"'`)
		name := string(data[m[2]:m[3]])
		if secret.WorthOf(v) != secret.Literal || strings.HasPrefix(v, "%(") || k.value == envLine && plainEnv.MatchString(name) {
			continue
		}
		list = append(list, image.Secret{Offset: int64(m[5] - len(raw)), What: k.what, Name: strings.TrimSpace(name), Masked: secret.Mask(v), Sum: fingerprint(v)})
		if len(list) == maxFileSecrets {
			break
		}
	}
	return list
}

// secret keeps one that was found.
func (s *scanner) secret(p string, found image.Secret) {
	if len(s.out.Secrets) >= maxSecrets {
		s.lost++
		return
	}
	found.Path = p
	s.out.Secrets = append(s.out.Secrets, found)
}

// fingerprint is a short name of a secret, the first eight bytes of its SHA-256
// in hexadecimal digits: enough to tell that two places hold the same value,
// and to find it again for those who know it.
func fingerprint(v string) string {
	h := sha256.Sum256([]byte(v))
	return hex.EncodeToString(h[:8])
}
