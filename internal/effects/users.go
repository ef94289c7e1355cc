package effects

import (
	"strings"

	"github.com/dockworthy/dockworthy/internal/getopt"
	"github.com/dockworthy/dockworthy/internal/shell"
)

// useradd is shadow's: it makes a group of the user's name unless it is told
// another one (USERGROUPS_ENAB, the default of every distribution).
func useradd(b *book, c *shell.Command, program string, args []shell.Word) {
	o := getopt.Split(args, true, useraddOptions...)
	if len(o.Operands) == 0 {
		return // useradd -D shows or sets defaults
	}
	name, uid, group := o.Operands[len(o.Operands)-1], o.Get("-u", "--uid"), o.Get("-g", "--gid")
	b.user(c, User{
		Name: name.Text, UID: uid.Text, Group: group.Text,
		MakesGroup:   group.Text == "" && !o.Has("-N", "--no-user-group"),
		System:       o.Has("-r", "--system"),
		NoCreateHome: o.Has("-M", "--no-create-home") || o.Has("-r", "--system") && !o.Has("-m", "--create-home"),
		Home:         o.Get("-d", "--home", "--home-dir").Text, Shell: o.Get("-s", "--shell").Text,
		Groups: commas(o.Get("-G", "--groups").Text), NonUnique: o.Has("-o", "--non-unique"),
		Known: name.Known && (uid.Text == "" || uid.Known),
		Tool:  "useradd", Span: name.Span,
	})
}

func (b *book) user(c *shell.Command, u User) {
	u.Command, u.When = c, c.When
	b.e.Users = append(b.e.Users, u)
}

// useraddOptions are those of shadow's useradd and usermod that take a value.
var useraddOptions = []string{
	"-b", "--base-dir", "-c", "--comment", "-d", "--home", "--home-dir", "-e", "--expiredate", "-f", "--inactive", "-g", "--gid", "-G", "--groups", "-k", "--skel", "-K", "--key",
	"-p", "--password", "-R", "--root", "-P", "--prefix", "-s", "--shell", "-u", "--uid", "-Z", "--selinux-user",
}

func commas(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' })
}

// adduser is busybox's, or Debian's Perl script, or (on Fedora and its kin) a
// link to useradd. The options tell which.
func adduser(b *book, c *shell.Command, program string, args []shell.Word) {
	if looksLikeUseradd(args) {
		useradd(b, c, program, args)
		return
	}
	o := getopt.Split(twoDashes(args), true,
		// busybox
		"-h", "-g", "-s", "-G", "-u", "-k",
		// Debian, and busybox's long forms
		"--home", "--gecos", "--comment", "--shell", "--ingroup", "--uid", "--gid", "--firstuid", "--lastuid", "--firstgid", "--lastgid", "--conf", "--add-extra-groups", "--skel", "--uid-pool")
	system, makes := o.Has("-S", "--system"), o.Has("--group")
	group := o.Get("-G", "--ingroup", "--gid").Text
	if len(o.Operands) == 0 {
		return
	}
	if makes && !system {
		b.group(c, o, o.Operands[0], "addgroup") // Debian: adduser --group NAME is addgroup
		return
	}
	if len(o.Operands) > 1 {
		b.member(c, o.Operands[0], o.Operands[1])
		if !o.Has("-D", "-S", "-H", "--system", "--disabled-password") {
			return
		}
	}
	name, uid := o.Operands[0], o.Get("-u", "--uid")
	u := User{
		Name: name.Text, UID: uid.Text, Group: group, System: system,
		NoCreateHome: o.Has("-H", "--no-create-home"),
		Home:         o.Get("-h", "--home").Text, Shell: o.Get("-s", "--shell").Text,
		Known: name.Known && (uid.Text == "" || uid.Known),
		Tool:  "adduser", Span: name.Span,
	}
	switch {
	case group != "":
	case makes || !system:
		u.MakesGroup = true
	default:
		u.Group = "nogroup" // busybox -S and Debian --system alike
	}
	b.user(c, u)
}

// looksLikeUseradd finds an option that only useradd knows.
func looksLikeUseradd(args []shell.Word) bool {
	for i := 0; i < len(args); i++ {
		t := args[i].Text
		if strings.HasPrefix(t, "--") {
			switch n, _, _ := strings.Cut(t, "="); n {
			case "--create-home", "--home-dir", "--groups", "--no-user-group", "--user-group", "--no-log-init", "--password", "--base-dir":
				return true
			}
			continue
		}
		if len(t) < 2 || t[0] != '-' {
			continue
		}
		for j := 1; j < len(t); j++ {
			switch t[j] {
			case 'r', 'm', 'M', 'c', 'N', 'U', 'o', 'l', 'd', 'b', 'e', 'f', 'p':
				return true
			case 'h', 'g', 's', 'G', 'u', 'k': // the rest is a value
				if j == len(t)-1 {
					i++
				}
				j = len(t)
			}
		}
	}
	return false
}

func usermod(b *book, c *shell.Command, program string, args []shell.Word) {
	o := getopt.Split(args, true, append([]string{"-l", "--login"}, useraddOptions...)...)
	if len(o.Operands) == 0 {
		return
	}
	name := o.Operands[len(o.Operands)-1]
	if groups := o.Get("-G", "--groups"); groups.Text != "" {
		for _, g := range commas(groups.Text) {
			w := groups
			w.Text = g
			b.member(c, name, w)
		}
	}
	u := User{Name: name.Text, UID: o.Get("-u", "--uid").Text, Group: o.Get("-g", "--gid").Text, Home: o.Get("-d", "--home").Text, Shell: o.Get("-s", "--shell").Text, NonUnique: o.Has("-o", "--non-unique"), Known: name.Known, Tool: "usermod", Span: name.Span}
	if l := o.Get("-l", "--login"); l.Text != "" {
		b.e.Deleted = append(b.e.Deleted, Deleted{Name: u.Name, Command: c, When: c.When})
		u.Name, u.Known = l.Text, l.Known
	} else if u.UID == "" && u.Group == "" && u.Home == "" && u.Shell == "" {
		return
	}
	b.user(c, u)
}

func deluser(b *book, c *shell.Command, program string, args []shell.Word) {
	o := getopt.Split(args, true, "-R", "-P", "--backup-to")
	if len(o.Operands) == 1 { // deluser USER GROUP ends a membership
		b.e.Deleted = append(b.e.Deleted, Deleted{Name: o.Operands[0].Text, Group: o.Has("--group"), Command: c, When: c.When})
	}
}
