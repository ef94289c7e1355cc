package read

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"path"
	"regexp"
	"slices"
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
	sample  bool // it belongs to a library and is documentation, a test or an example, or says that it protects nothing
	packed  bool // it lies in an archive
	tests   bool // it lies in a folder of tests or examples, whosever it is
}

func surfaceOf(p string) surface {
	s := surface{origin: image.OriginOf(p)}
	for part := range strings.SplitSeq(path.Dir(p), "/") {
		if knowledge.SampleFolders.Has(part) {
			s.tests = true
			break
		}
	}
	switch s.origin {
	case image.Own:
		s.sample = knowledge.HeldBy(path.Base(path.Dir(p)), path.Base(p)) == knowledge.OpenKey
	case image.Source:
		s.sample = true
	default:
		s.sample = s.tests || isSample(p)
	}
	return s
}

// isSample tells whether a file of a library is by its name documentation, a
// test or an example.
func isSample(p string) bool {
	base := strings.ToLower(path.Base(p))
	return strings.HasPrefix(base, "test_") || strings.HasPrefix(base, "test-") || knowledge.SampleEnds.Ends(base)
}

// speaks tells whether a match in such a file is worth a word.
func (s surface) speaks(m secret.Match, value string) bool {
	key := m.What == "a private key"
	switch {
	case s.sample:
		return false
	case s.origin >= image.Published && key:
		return false
	case s.packed && s.tests && key:
		// Archives are mostly of sources, and sources have keys for their tests.
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
	what  string         // what it holds, with its article
	value *regexp.Regexp // of which the groups are the name, "" where it has none, and the value
	reads knowledge.Reading
	xml   bool // what stands in comments of XML is a sample
	tries bool // settings for development and tests: passwords that people choose protect nothing
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
		return fileKind{what: "an environment file's value", value: envLine, reads: knowledge.URLs}, true
	}
	switch knowledge.HeldBy(dir, base) {
	case knowledge.Npmrc:
		return fileKind{what: "a registry's token", value: npmToken, reads: knowledge.URLs}, true
	case knowledge.Pypirc:
		return fileKind{what: "a password for a package index", value: iniSecret}, true
	case knowledge.Netrc:
		return fileKind{what: "a login", value: netrcLogin}, true
	case knowledge.GitCredentials, knowledge.GitSettings:
		return fileKind{what: "a password for git", value: gitLogin}, true
	case knowledge.AWSCredentials:
		return fileKind{what: "an AWS secret key", value: iniSecret}, true
	case knowledge.KubeConfig, knowledge.KubeConfigCopy:
		return fileKind{what: "a cluster's login", value: kubeLogin}, true
	case knowledge.DockerConfig:
		return fileKind{what: "a registry's login", value: dockerAuth}, true
	case knowledge.Settings:
		held := knowledge.SecretOf(dir, base)
		kind := fileKind{what: strings.TrimPrefix(held.What, "contains "), reads: held.Reads, xml: strings.HasSuffix(base, ".xml") || strings.HasSuffix(strings.ToLower(base), ".config")}
		for _, w := range secret.NameParts(base) {
			w = strings.ToLower(w)
			kind.tries = kind.tries || knowledge.DevFileParts.Has(w) || knowledge.DevComposeParts.Has(w)
		}
		if held.Pattern != "" {
			kind.value = knowledge.Expression("()" + held.Pattern)
		}
		return kind, true
	}
	if strings.HasSuffix(base, ".json") && (strings.Contains(base, "account") || strings.Contains(base, "cred") || strings.Contains(base, "key") || strings.Contains(base, "firebase")) {
		return fileKind{what: "the key of a service account", value: gcloudKey}, true
	}
	return fileKind{}, false
}

// plainEnv are the variables of environment files whose values are settings
// for everybody to see.
var plainEnv = regexp.MustCompile(`(?i)^(?:NODE_ENV|.*_?(?:ENV|DEBUG|LEVEL|HOST|PORT|URL|NAME|MODE|TZ|LANG|PATH|DIR|REGION|VERSION|ENABLED|TIMEOUT|USER|DOMAIN|BUCKET|FORMAT)|VITE_.*|REACT_APP_.*|NEXT_PUBLIC_.*)$`)

// xmlComment is a comment of XML, and what stands in it.
var xmlComment = regexp.MustCompile(`(?s)<!--.*?-->`)

// secretsIn finds in a file that is known by its name what it holds.
func (k fileKind) secretsIn(data []byte) []image.Secret {
	if k.xml {
		data = xmlComment.ReplaceAllFunc(bytes.Clone(data), func(c []byte) []byte { return bytes.Repeat([]byte(" "), len(c)) })
	}
	var list []image.Secret
	add := func(name string, from int, v string) {
		if len(list) < maxFileSecrets && !slices.ContainsFunc(list, func(s image.Secret) bool { return s.Offset == int64(from) }) {
			list = append(list, image.Secret{Offset: int64(from), What: k.what, Name: strings.TrimSpace(name), Masked: secret.Mask(v), Sum: fingerprint(v), ID: secret.IDOf(v)})
		}
	}
	if k.value != nil {
		for _, m := range k.value.FindAllSubmatchIndex(data, -1) {
			raw := strings.TrimLeft(string(data[m[4]:m[5]]), `"'`)
			v := strings.TrimRight(raw, `"'`)
			name := string(data[m[2]:m[3]])
			if secret.WorthOf(v) != secret.Literal || strings.HasPrefix(v, "%(") || k.value == envLine && plainEnv.MatchString(name) {
				continue
			}
			if k.value != envLine && secret.WeakPassword(v) {
				continue
			}
			add(name, m[5]-len(raw), v)
		}
	}
	if k.reads == knowledge.URLs || k.reads == knowledge.Both {
		for _, l := range secret.Logins(string(data)) {
			if l.Bare() && !l.Local() && !secret.WeakPassword(l.Password) && !strings.EqualFold(l.Password, l.User) {
				add("", l.From, string(data[l.From:l.To]))
			}
		}
	}
	if k.reads == knowledge.Names || k.reads == knowledge.Both {
		for _, l := range secret.Guarded(string(data)) {
			if v := string(data[l.From:l.To]); !k.tries || secret.Random(v) {
				add(l.Name, l.From, v)
			}
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
// in hexadecimal digits: enough to tell that two places hold the same value, and
// to find it again for those who know it.
func fingerprint(v string) string {
	h := sha256.Sum256([]byte(secret.Canonical(v)))
	return hex.EncodeToString(h[:8])
}
