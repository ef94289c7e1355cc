package knowledge

import (
	"path"
	"regexp"
	"strings"
	"sync"
)

// A Holding is what a file holds that is a secret by its name. The zero Holding
// is nothing that is known.
type Holding string

// The holdings.
const (
	SSHKey         Holding = "ssh-key"
	Npmrc          Holding = "npmrc"
	Pypirc         Holding = "pypirc"
	Netrc          Holding = "netrc"
	GitCredentials Holding = "git-credentials"
	GitSettings    Holding = "git-settings"     // which may have a password in a URL
	AWSCredentials Holding = "aws-credentials"  // in its own folder
	KubeConfig     Holding = "kube-config"      // in its own folder
	KubeConfigCopy Holding = "kube-config-copy" // elsewhere, so that it may be another thing
	DockerConfig   Holding = "docker-config"
	SSHFolder      Holding = "ssh-folder" // anything in ~/.ssh
	Settings       Holding = "settings"   // which are a secret where they hold one: see SettingsSecret
	OpenKey        Holding = "open-key"   // a key that a distribution makes by itself, for tries: it protects nothing
)

// secretFile is one line of secretfiles.jsonl.
type secretFile struct {
	Name   string   `json:"name"`   // base name; * = any, or any part where there is more
	Folder string   `json:"folder"` // base name of the folder that it lies in; "" = any
	Holds  Holding  `json:"holds"`
	Walk   []string `json:"walk"` // base names of which a walk over a context takes note
	SettingsSecret
	origin
}

// A SettingsSecret is how a file of Settings holds a secret.
type SettingsSecret struct {
	What    string  `json:"what"`    // the predicate of a sentence: "contains a registry token"
	Pattern string  `json:"pattern"` // an expression whose group is the secret; "" = Reads says
	Reads   Reading `json:"reads"`
}

var expressions sync.Map // by their text

// Expression is a Pattern, or one that is made of it, compiled on the first question.
func Expression(pattern string) *regexp.Regexp {
	if re, ok := expressions.Load(pattern); ok {
		return re.(*regexp.Regexp)
	}
	re, _ := expressions.LoadOrStore(pattern, regexp.MustCompile(pattern))
	return re.(*regexp.Regexp)
}

// A Reading is how secrets are found in settings for which there is no expression.
// The zero Reading does not find any.
type Reading string

// The readings.
const (
	URLs  Reading = "urls"  // a password in a URL
	Names Reading = "names" // a value under a secret's name
	Both  Reading = "both"
)

type secretFiles struct {
	holds map[string]*secretFile // by folder, a slash and the name
	globs []*secretFile          // of which the name has a * among other characters
	walk  map[string]bool
}

var secretFilesOnce = sync.OnceValue(func() *secretFiles {
	x := &secretFiles{holds: map[string]*secretFile{}, walk: map[string]bool{}}
	for _, f := range decode("secretfiles.jsonl", secretFilesData, func() *secretFile { return new(secretFile) }) {
		x.holds[f.Folder+"/"+f.Name] = f
		if len(f.Name) > 1 && strings.Contains(f.Name, "*") {
			x.globs = append(x.globs, f)
		}
		for _, w := range f.Walk {
			x.walk[w] = true
		}
	}
	return x
})

// HeldBy is what a file holds that is a secret by its name, given the base names
// of its folder and its own; the zero Holding where its name says nothing.
func HeldBy(folder, name string) Holding {
	if f := secretFileOf(folder, name); f != nil {
		return f.Holds
	}
	return ""
}

func secretFileOf(folder, name string) *secretFile {
	x := secretFilesOnce()
	for _, key := range []string{"/" + name, folder + "/" + name, folder + "/*"} {
		if f := x.holds[key]; f != nil {
			return f
		}
	}
	for _, f := range x.globs {
		if f.Folder != "" && f.Folder != folder {
			continue
		}
		// Every file of an image is asked about: most are done with at the first bytes.
		if star := strings.IndexByte(f.Name, '*'); strings.HasPrefix(name, f.Name[:star]) {
			if ok, _ := path.Match(f.Name, name); ok {
				return f
			}
		}
	}
	return nil
}

// SecretOf is how the settings in a file hold a secret; the zero SettingsSecret
// where HeldBy does not say Settings.
func SecretOf(folder, name string) SettingsSecret {
	if f := secretFileOf(folder, name); f != nil {
		return f.SettingsSecret
	}
	return SettingsSecret{}
}

// SecretName tells whether a base name, of a file or a folder, is one under
// which secrets lie.
func SecretName(name string) bool { return secretFilesOnce().walk[name] }
