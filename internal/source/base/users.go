package base

import (
	_ "embed"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// accountsData are the users and groups that a distribution's base image has
// in /etc/passwd and /etc/group before anybody adds one.
//
//go:embed accounts.jsonl
var accountsData []byte

// A distribution is what its releases have of users and groups. Its lists of names
// are those of all releases together, so that what is not in them is in no release;
// its numbers are those that every release has.
type distribution struct {
	OS     []string       `json:"os"` // values of Image.OS, by prefix
	Users  []string       `json:"users"`
	Groups []string       `json:"groups"`
	UIDs   map[string]int `json:"uids"`
	GIDs   map[string]int `json:"gids"`
	Source string         `json:"source"`
}

var distributionsOnce = sync.OnceValue(func() []*distribution {
	var list []*distribution
	for line := range strings.Lines(string(accountsData)) {
		d := new(distribution)
		if err := json.Unmarshal([]byte(line), d); err != nil {
			panic("accounts.jsonl: " + err.Error()) // a test reads the file whole
		}
		list = append(list, d)
	}
	return list
})

// distributionOf is the one whose name begins the system's with the most letters.
func distributionOf(system string) *distribution {
	var found *distribution
	longest := 0
	for _, d := range distributionsOnce() {
		for _, os := range d.OS {
			if len(os) > longest && strings.HasPrefix(system, os) {
				found, longest = d, len(os)
			}
		}
	}
	return found
}

// Accounts are the users and groups of an image. Those of the zero Accounts are
// not known.
type Accounts struct {
	image *Image
	tag   string
	list  *distribution // nil = nobody knows it
}

// Accounts are those that the image has where it is named by r. A nil Image has
// the zero Accounts.
func (i *Image) Accounts(r Ref) Accounts {
	a := Accounts{image: i, tag: r.TagOrLatest()}
	if i != nil && !otherSystem(a.tag, i.OS) {
		a.list = distributionOf(i.OS)
	}
	return a
}

// otherSystem tells whether a tag names another system than the catalogue's entry,
// which then is that of the repository's other tags.
func otherSystem(tag, system string) bool {
	for _, s := range []string{"alpine", "debian", "ubuntu", "fedora", "centos", "ubi", "amazonlinux", "oracle", "windows"} {
		if strings.Contains(tag, s) && !strings.Contains(system, s) {
			return true
		}
	}
	return false
}

// HasUser tells whether the image has a user of this name. It is No only where
// all users of the distribution and of the image's recipe are known.
func (a Accounts) HasUser(name string) Answer {
	switch {
	case a.image == nil:
		return Unknown
	case name == "root" || a.image.User == name:
		return Yes
	}
	if _, ok := a.image.Users[name]; ok {
		return Yes
	}
	return a.listed(name, func(d *distribution) []string { return d.Users })
}

// HasGroup tells whether the image has a group of this name, as HasUser does.
func (a Accounts) HasGroup(name string) Answer {
	switch {
	case a.image == nil:
		return Unknown
	case name == "root" || slices.Contains(a.image.Groups, name):
		return Yes
	}
	// A user whom the recipe puts into a group of the system has none of his own.
	if ids, ok := a.image.Users[name]; ok {
		if _, gid, _ := strings.Cut(ids, ":"); gid != "0" && (a.list == nil || withNumber(a.list.GIDs, gid) == "") {
			return Yes
		}
	}
	return a.listed(name, func(d *distribution) []string { return d.Groups })
}

func (a Accounts) listed(name string, of func(*distribution) []string) Answer {
	switch {
	case a.list == nil:
		return Unknown
	case slices.Contains(of(a.list), name):
		return Yes
	case a.image.Kind == KindService && !a.image.UsersWhole:
		return Unknown // its recipe may make more than the catalogue lists
	case name == "ubuntu" && strings.HasPrefix(a.image.OS, "ubuntu") && a.image.Kind != KindOS:
		return Unknown // since 23.04, and tags stand on several releases
	}
	return No
}

// UserOf is a user who has this UID in every image that the tag may stand for; ""
// where there is none. known is false where somebody else may have it.
func (a Accounts) UserOf(uid string) (name string, known bool) {
	for _, name := range sortedKeys(a.users()) {
		if id, _, _ := strings.Cut(a.image.Users[name], ":"); id == uid {
			if a.sure(name) {
				return name, true
			}
			return "", false
		}
	}
	if a.list == nil {
		return "", false
	}
	return withNumber(a.list.UIDs, uid), !a.mayHave(uid)
}

// GroupOf is the group that has this GID, as UserOf.
func (a Accounts) GroupOf(gid string) (name string, known bool) {
	if a.list != nil {
		if name := withNumber(a.list.GIDs, gid); name != "" {
			return name, true
		}
	}
	for _, name := range sortedKeys(a.users()) {
		if uid, id, _ := strings.Cut(a.image.Users[name], ":"); id == gid && gid != "0" {
			// Only a group of the user's own number bears his name for certain.
			if a.sure(name) && uid == id {
				return name, true
			}
			return "", false
		}
	}
	return "", a.list != nil && !a.mayHave(gid)
}

// SureUser tells whether a user of this name is in every image that the tag may
// stand for; SureGroup the same of a group.
func (a Accounts) SureUser(name string) Answer {
	if _, ok := a.users()[name]; ok {
		return yesWhere(a.sure(name))
	}
	if a.list != nil {
		if _, ok := a.list.UIDs[name]; ok {
			return Yes
		}
	}
	if a.HasUser(name) == No {
		return No
	}
	return Unknown
}

// SureGroup is described at SureUser.
func (a Accounts) SureGroup(name string) Answer {
	if ids, ok := a.users()[name]; ok {
		uid, gid, _ := strings.Cut(ids, ":")
		return yesWhere(uid == gid && gid != "unknown" && a.sure(name))
	}
	if a.list != nil {
		if _, ok := a.list.GIDs[name]; ok {
			return Yes
		}
	}
	if a.HasGroup(name) == No {
		return No
	}
	return Unknown
}

func (a Accounts) users() map[string]string {
	if a.image == nil {
		return nil
	}
	return a.image.Users
}

// mayHave tells whether somebody who is not listed may have a number: what the
// tools chose themselves, below 1000, and the user that Ubuntu has since 23.04.
func (a Accounts) mayHave(id string) bool {
	n, err := strconv.Atoi(id)
	if err != nil {
		return true
	}
	chosen := n < 1000
	debian := strings.HasPrefix(a.image.OS, "debian") || strings.HasPrefix(a.image.OS, "ubuntu")
	switch a.image.Kind {
	case KindService:
		return !a.image.UsersWhole || chosen || n == 1000 && strings.HasPrefix(a.image.OS, "ubuntu")
	case KindToolchain, KindRuntime:
		if n == 1000 && strings.HasPrefix(a.image.OS, "ubuntu") || chosen && a.image.Kind == KindToolchain {
			return true
		}
	}
	return debian && (n == 42 || n == 100) // _apt: 100 up to Debian 12, 42 since
}

// sure tells whether every image that the tag may stand for has a user that the
// catalogue lists: the user ubuntu came with Ubuntu 23.04, so only tags that say a
// later release have him where a recipe has stood on several.
func (a Accounts) sure(name string) bool {
	if a.image.Users[name] == "unknown" {
		return false
	}
	if name != "ubuntu" || a.image.Kind == KindOS {
		return true
	}
	for _, release := range []string{"noble", "24.04", "plucky", "25.04", "questing", "25.10", "resolute", "26.04"} {
		if strings.Contains(a.tag, release) {
			return true
		}
	}
	return false
}

func yesWhere(sure bool) Answer {
	if sure {
		return Yes
	}
	return Unknown
}

func withNumber(ids map[string]int, id string) string {
	for _, name := range sortedKeys(ids) {
		if strconv.Itoa(ids[name]) == id {
			return name
		}
	}
	return ""
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
