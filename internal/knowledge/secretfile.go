package knowledge

import "sync"

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
)

// secretFile is one line of secretfiles.jsonl.
type secretFile struct {
	Name   string   `json:"name"`   // base name; * = any
	Folder string   `json:"folder"` // base name of the folder that it lies in; "" = any
	Holds  Holding  `json:"holds"`
	Walk   []string `json:"walk"` // base names of which a walk over a context takes note
	SettingsSecret
	origin
}

// A SettingsSecret is how a file of Settings holds a secret.
type SettingsSecret struct {
	What    string `json:"what"`    // the predicate of a sentence: "contains a registry token"
	Pattern string `json:"pattern"` // an expression whose group is the secret; "" = Reads says
	Reads   string `json:"reads"`   // "urls": a password in a URL; "names": a value under a secret's name
}

type secretFiles struct {
	holds map[string]*secretFile // by folder, a slash and the name
	walk  map[string]bool
}

var secretFilesOnce = sync.OnceValue(func() *secretFiles {
	x := &secretFiles{map[string]*secretFile{}, map[string]bool{}}
	for _, f := range decode("secretfiles.jsonl", secretFilesData, func() *secretFile { return new(secretFile) }) {
		x.holds[f.Folder+"/"+f.Name] = f
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
