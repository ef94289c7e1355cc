package image

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// An Account is a line of /etc/passwd.
type Account struct {
	Name  string
	UID   int
	GID   int
	Home  string
	Shell string
}

// A Group is a line of /etc/group.
type Group struct {
	Name    string
	GID     int
	Members []string
}

// An Identity is who a process is.
type Identity struct {
	UID    int
	GID    int
	Groups []int  // supplementary ones, sorted, without GID
	Name   string // "" = /etc/passwd does not know the UID
	Home   string // "/" where it is not said
}

// IsRoot tells whether it is UID 0.
func (id Identity) IsRoot() bool { return id.UID == 0 }

// In tells whether it is in a group.
func (id Identity) In(gid int) bool { return id.GID == gid || slices.Contains(id.Groups, gid) }

// Accounts are the lines of /etc/passwd.
func (img *Image) Accounts() []Account { return img.users }

// Groups are the lines of /etc/group.
func (img *Image) Groups() []Group { return img.groups }

// Account is the first account of that name.
func (img *Image) Account(name string) (Account, bool) {
	i := slices.IndexFunc(img.users, func(a Account) bool { return a.Name == name })
	if i < 0 {
		return Account{}, false
	}
	return img.users[i], true
}

// User is who the image's processes are: Config.User read as runc does it.
func (img *Image) User() (Identity, error) { return img.Identity(img.Config.User) }

// maxID is the largest UID and GID that runc takes.
const maxID = 1<<31 - 1

// Identity reads USER or USER:GROUP, each a name or a number; "" is root. A
// name counts before a number, as in moby/sys/user's GetExecUser: a name that
// /etc/passwd has not is an error, unless it is a number. A group that is
// named sets the supplementary ones aside.
func (img *Image) Identity(user string) (Identity, error) {
	name, groupName, _ := strings.Cut(user, ":")
	id := Identity{Home: "/"}
	number, numeric := parseID(name)
	if name == "" {
		number, numeric = 0, true
	}
	found := false
	for _, a := range img.users {
		if a.Name == name || numeric && a.UID == number {
			id.UID, id.GID, id.Name = a.UID, a.GID, a.Name
			if a.Home != "" {
				id.Home = a.Home
			}
			found = true
			break
		}
	}
	if !found {
		if !numeric {
			return Identity{}, fmt.Errorf("/etc/passwd has no user %q", name)
		}
		id.UID = number
	}
	if groupName == "" {
		if found {
			for _, g := range img.groups {
				if g.GID != id.GID && slices.Contains(g.Members, id.Name) {
					id.Groups = append(id.Groups, g.GID)
				}
			}
			slices.Sort(id.Groups)
			id.Groups = slices.Compact(id.Groups)
		}
		return id, nil
	}
	number, numeric = parseID(groupName)
	for _, g := range img.groups {
		if g.Name == groupName || numeric && g.GID == number {
			id.GID = g.GID
			return id, nil
		}
	}
	if !numeric {
		return Identity{}, fmt.Errorf("/etc/group has no group %q", groupName)
	}
	id.GID = number
	return id, nil
}

// parseID reads a number as runc does: strconv.Atoi takes "+0" and "00" too.
func parseID(s string) (int, bool) {
	n, err := strconv.Atoi(s)
	return n, err == nil && n >= 0 && n <= maxID
}

// parsePasswd reads /etc/passwd. Lines that are none are passed over.
func parsePasswd(data []byte) []Account {
	var list []Account
	for line := range strings.Lines(string(data)) {
		f := strings.Split(strings.TrimSpace(line), ":")
		if len(f) < 4 || f[0] == "" || strings.HasPrefix(f[0], "#") {
			continue
		}
		uid, okU := parseID(f[2])
		gid, okG := parseID(f[3])
		if !okU || !okG {
			continue
		}
		a := Account{Name: f[0], UID: uid, GID: gid}
		if len(f) > 5 {
			a.Home = f[5]
		}
		if len(f) > 6 {
			a.Shell = f[6]
		}
		list = append(list, a)
	}
	return list
}

// parseGroup reads /etc/group. Lines that are none are passed over.
func parseGroup(data []byte) []Group {
	var list []Group
	for line := range strings.Lines(string(data)) {
		f := strings.Split(strings.TrimSpace(line), ":")
		if len(f) < 3 || f[0] == "" || strings.HasPrefix(f[0], "#") {
			continue
		}
		gid, ok := parseID(f[2])
		if !ok {
			continue
		}
		g := Group{Name: f[0], GID: gid}
		if len(f) > 3 {
			g.Members = strings.FieldsFunc(f[3], func(r rune) bool { return r == ',' || r == ' ' })
		}
		list = append(list, g)
	}
	return list
}
