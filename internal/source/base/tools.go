package base

import (
	"bytes"
	_ "embed"
	"path"
	"sync"
)

// An Answer is yes, no or, as the zero value, not known.
type Answer int

const (
	Unknown Answer = iota
	Yes
	No
)

// String is the answer in a word.
func (a Answer) String() string {
	return [...]string{"unknown", "yes", "no"}[a]
}

// UnmarshalText reads an answer as the catalogue and configurations write it. Of
// wget they may say which it is; what they do not know, and any other word, is
// Unknown.
func (a *Answer) UnmarshalText(text []byte) error {
	switch string(text) {
	case "yes", "gnu", "busybox":
		*a = Yes
	case "no":
		*a = No
	default:
		*a = Unknown
	}
	return nil
}

//go:embed tools.jsonl
var toolsData []byte

// A toolRule says which programs an image has, or has not, by what it is, and
// which differ from tag to tag or could not be learned; Source says why. All
// conditions that are given have to hold; the system's may end in a star.
type toolRule struct {
	When struct {
		ID             string `json:"id"`
		Repo           string `json:"repo"`
		Kind           string `json:"kind"`
		OS             string `json:"os"`
		Shell          string `json:"shell"`
		PackageManager string `json:"package_manager"`
	} `json:"when"`
	Yes     []string `json:"yes"`
	No      []string `json:"no"`
	Unknown []string `json:"unknown"`
	Source  string   `json:"source"`

	answers map[string]Answer
}

var toolRules = sync.OnceValue(func() []*toolRule {
	var rules []*toolRule
	for line := range bytes.Lines(toolsData) {
		r := new(toolRule)
		mustDecode("tools.jsonl", line, r)
		r.answers = make(map[string]Answer, len(r.Yes)+len(r.No)+len(r.Unknown))
		for a, names := range [...][]string{Yes: r.Yes, No: r.No, Unknown: r.Unknown} {
			for _, name := range names {
				r.answers[name] = Answer(a)
			}
		}
		rules = append(rules, r)
	}
	return rules
})

func (r *toolRule) holds(i *Image) bool {
	w := &r.When
	return (w.ID == "" || w.ID == i.ID) &&
		(w.Kind == "" || w.Kind == i.Kind) &&
		(w.OS == "" || glob(w.OS, i.OS)) &&
		(w.Shell == "" || w.Shell == i.Shell) &&
		(w.PackageManager == "" || w.PackageManager == i.PackageManager) &&
		(w.Repo == "" || contains(i.Match.Repos, w.Repo))
}

// CommonTools are the programs that probes, start scripts and advice name. Of
// each, an image of the catalogue has it, has not, or says why nobody knows.
// Python stands for python3, see stated.
var CommonTools = []string{
	"bash", "curl", "wget", "nc", "python", "node", "perl", "ruby", "php", "java",
	"useradd", "groupadd", "adduser", "addgroup", "su", "setpriv", "gosu", "su-exec", "tini", "openssl", "git", "gcc",
}

// HasTool tells whether a program, given by name or path, is in the image as
// it is published. What the catalogue says of the image comes first, then what
// follows from its system, its shell and its product. A nil Image, and a
// program that nothing is known of, give Unknown.
func (i *Image) HasTool(name string) Answer {
	if i == nil {
		return Unknown
	}
	a, _ := i.answer(path.Base(name))
	return a
}

// answer is what is said of a program, and whether anything is. An Unknown
// that is written down stands: what follows from elsewhere does not overrule
// it.
func (i *Image) answer(name string) (a Answer, said bool) {
	if a, said := i.stated(name); said {
		return a, true
	}
	if name == "sh" && i.Shell != "none" && i.Shell != "unknown" && i.Shell != "" {
		return Yes, true
	}
	for _, r := range toolRules() {
		if a, said := r.answers[name]; said && r.holds(i) {
			return a, true
		}
	}
	return Unknown, false
}

// stated is what the catalogue's own list says of a program. It lists Python
// as one tool: its absence means neither name, its presence means python3 (a
// bare python is a link that only some images make).
func (i *Image) stated(name string) (a Answer, said bool) {
	switch name {
	case "python3", "pip3":
		name = name[:len(name)-1]
	case "python":
		if i.Tools[name] == Yes {
			return Unknown, false
		}
	case "cc":
		name = "gcc"
	case "g++", "c++":
		if i.Tools["gcc"] == No {
			return No, true
		}
	}
	a, said = i.Tools[name]
	return a, said
}
