package base

import (
	_ "embed"
	"encoding/json"
	"slices"
	"strings"
	"sync"
)

// accountsData are the users and groups that a distribution's base image has
// in /etc/passwd and /etc/group before anybody adds one.
//
//go:embed accounts.jsonl
var accountsData []byte

type accounts struct {
	OS     []string `json:"os"` // values of Image.OS, by prefix
	Users  []string `json:"users"`
	Groups []string `json:"groups"` // beside one for each user
	Source string   `json:"source"`
}

var accountsOnce = sync.OnceValue(func() []accounts {
	var list []accounts
	for line := range strings.Lines(string(accountsData)) {
		var a accounts
		if err := json.Unmarshal([]byte(line), &a); err != nil {
			panic("accounts.jsonl: " + err.Error()) // a test reads the file whole
		}
		list = append(list, a)
	}
	return list
})

// HasUser tells whether the image has a user of this name. It is No only where
// the distribution's list of users is known. A nil Image gives Unknown.
func (i *Image) HasUser(name string) Answer {
	return i.hasAccount(name, func(a accounts) bool { return slices.Contains(a.Users, name) })
}

// HasGroup tells whether the image has a group of this name, as HasUser does.
func (i *Image) HasGroup(name string) Answer {
	return i.hasAccount(name, func(a accounts) bool { return slices.Contains(a.Users, name) || slices.Contains(a.Groups, name) })
}

func (i *Image) hasAccount(name string, in func(accounts) bool) Answer {
	if i == nil {
		return Unknown
	}
	if name == "root" || i.User == name {
		return Yes
	}
	if _, ok := i.Users[name]; ok {
		return Yes
	}
	if i.Kind == KindService {
		return Unknown // a service's recipe may make more than the catalogue lists
	}
	for _, a := range accountsOnce() {
		for _, os := range a.OS {
			if strings.HasPrefix(i.OS, os) {
				if in(a) {
					return Yes
				}
				return No
			}
		}
	}
	return Unknown
}
