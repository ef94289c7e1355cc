package shell

import (
	"strings"

	"github.com/dockworthy/dockworthy/text"
)

// useraddOptions are those of shadow's useradd and usermod that take a value.
var useraddOptions = []string{
	"-b", "--base-dir", "-c", "--comment", "-d", "--home", "--home-dir", "-e", "--expiredate", "-f", "--inactive", "-g", "--gid", "-G", "--groups", "-k", "--skel", "-K", "--key",
	"-p", "--password", "-R", "--root", "-P", "--prefix", "-s", "--shell", "-u", "--uid", "-Z", "--selinux-user",
}

// useradd is shadow's: it makes a group of the user's name unless it is told
// another one (USERGROUPS_ENAB, the default of every distribution).
func useradd(b *builder, c *Command, program string, args []Word) {
	o := split(args, true, useraddOptions...)
	if len(o.operands) == 0 {
		return // useradd -D shows or sets defaults
	}
	name, uid, group := o.operands[len(o.operands)-1], o.get("-u", "--uid"), o.get("-g", "--gid")
	b.user(c, User{
		Name: name.Text, UID: uid.Text, Group: group.Text,
		MakesGroup:   group.Text == "" && !o.has("-N", "--no-user-group"),
		System:       o.has("-r", "--system"),
		NoCreateHome: o.has("-M", "--no-create-home") || o.has("-r", "--system") && !o.has("-m", "--create-home"),
		Home:         o.get("-d", "--home", "--home-dir").Text, Shell: o.get("-s", "--shell").Text,
		Groups: commas(o.get("-G", "--groups").Text),
		Known:  name.Known && (uid.Text == "" || uid.Known),
		Tool:   "useradd", Span: name.Span,
	})
}

func (b *builder) user(c *Command, u User) {
	u.Command, u.When = c, c.When
	b.e.Users = append(b.e.Users, u)
}

func commas(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' })
}

// adduser is busybox's, or Debian's Perl script, or (on Fedora and its kin) a
// link to useradd. The options tell which.
func adduser(b *builder, c *Command, program string, args []Word) {
	if looksLikeUseradd(args) {
		useradd(b, c, program, args)
		return
	}
	o := split(args, true,
		// busybox
		"-h", "-g", "-s", "-G", "-u", "-k",
		// Debian, and busybox's long forms
		"--home", "--gecos", "--comment", "--shell", "--ingroup", "--uid", "--gid", "--firstuid", "--lastuid", "--firstgid", "--lastgid", "--conf", "--add-extra-groups", "--skel", "--uid-pool")
	system, makes := o.has("-S", "--system"), o.has("--group")
	group := o.get("-G", "--ingroup", "--gid").Text
	if len(o.operands) == 0 {
		return
	}
	if makes && !system {
		b.group(c, o, o.operands[0]) // Debian: adduser --group NAME is addgroup
		return
	}
	if len(o.operands) > 1 {
		b.member(c, o.operands[0], o.operands[1])
		if !o.has("-D", "-S", "-H", "--system", "--disabled-password") {
			return
		}
	}
	name, uid := o.operands[0], o.get("-u", "--uid")
	u := User{
		Name: name.Text, UID: uid.Text, Group: group, System: system,
		NoCreateHome: o.has("-H", "--no-create-home"),
		Home:         o.get("-h", "--home").Text, Shell: o.get("-s", "--shell").Text,
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
func looksLikeUseradd(args []Word) bool {
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

func groupadd(b *builder, c *Command, program string, args []Word) {
	o := split(args, true, "-g", "--gid", "-K", "--key", "-p", "--password", "-R", "--root", "-P", "--prefix", "-U", "--users")
	if len(o.operands) > 0 {
		b.group(c, o, o.operands[len(o.operands)-1])
	}
}

func (b *builder) group(c *Command, o options, name Word) {
	gid := o.get("-g", "--gid")
	b.e.Groups = append(b.e.Groups, Group{
		Name: name.Text, GID: gid.Text, System: o.has("-r", "-S", "--system"), Known: name.Known && (gid.Text == "" || gid.Known),
		Span: name.Span, Command: c, When: c.When,
	})
}

func (b *builder) member(c *Command, user, group Word) {
	b.e.Memberships = append(b.e.Memberships, Membership{User: user.Text, Group: group.Text, Span: group.Span, Command: c, When: c.When})
}

// addgroup is busybox's or Debian's; on Fedora it is groupadd.
func addgroup(b *builder, c *Command, program string, args []Word) {
	o := split(args, true, "-g", "--gid", "--firstgid", "--lastgid", "--conf", "-K")
	switch len(o.operands) {
	case 0:
	case 1:
		b.group(c, o, o.operands[0])
	default:
		b.member(c, o.operands[0], o.operands[1])
	}
}

func usermod(b *builder, c *Command, program string, args []Word) {
	o := split(args, true, append([]string{"-l", "--login"}, useraddOptions...)...)
	if len(o.operands) == 0 {
		return
	}
	name := o.operands[len(o.operands)-1]
	if groups := o.get("-G", "--groups"); groups.Text != "" {
		for _, g := range commas(groups.Text) {
			w := groups
			w.Text = g
			b.member(c, name, w)
		}
	}
	u := User{Name: name.Text, UID: o.get("-u", "--uid").Text, Group: o.get("-g", "--gid").Text, Home: o.get("-d", "--home").Text, Shell: o.get("-s", "--shell").Text, Known: name.Known, Tool: "usermod", Span: name.Span}
	if l := o.get("-l", "--login"); l.Text != "" {
		b.e.Deleted = append(b.e.Deleted, Deleted{Name: u.Name, Command: c, When: c.When})
		u.Name, u.Known = l.Text, l.Known
	} else if u.UID == "" && u.Group == "" && u.Home == "" && u.Shell == "" {
		return
	}
	b.user(c, u)
}

func gpasswd(b *builder, c *Command, program string, args []Word) {
	o := split(args, true, "-a", "--add", "-d", "--delete", "-M", "-A", "-Q")
	if u := o.get("-a", "--add"); u.Text != "" && len(o.operands) > 0 {
		b.member(c, u, o.operands[0])
	}
}

func deluser(b *builder, c *Command, program string, args []Word) {
	o := split(args, true, "-R", "-P", "--backup-to")
	if len(o.operands) == 1 { // deluser USER GROUP ends a membership
		b.e.Deleted = append(b.e.Deleted, Deleted{Name: o.operands[0].Text, Group: o.has("--group"), Command: c, When: c.When})
	}
}

func delgroup(b *builder, c *Command, program string, args []Word) {
	o := split(args, true, "-R", "-P")
	if len(o.operands) == 1 {
		b.e.Deleted = append(b.e.Deleted, Deleted{Name: o.operands[0].Text, Group: true, Command: c, When: c.When})
	}
}

// accountLines reads what is written to a passwd or group file.
func (b *builder) accountLines(c *Command, file Word) {
	name := file.Text[strings.LastIndexByte(file.Text, '/')+1:]
	group := strings.HasSuffix(name, "group")
	if !group && !strings.HasSuffix(name, "passwd") || strings.HasSuffix(name, "chpasswd") {
		return
	}
	for _, w := range c.written() {
		for _, line := range strings.Split(strings.ReplaceAll(w.Text, `\n`, "\n"), "\n") {
			f := strings.Split(strings.TrimSpace(line), ":")
			switch {
			case group && len(f) == 4 && f[0] != "":
				b.e.Groups = append(b.e.Groups, Group{Name: f[0], GID: f[2], Known: w.Known, Span: w.Span, Command: c, When: c.When})
				for _, u := range commas(f[3]) {
					b.e.Memberships = append(b.e.Memberships, Membership{User: u, Group: f[0], Span: w.Span, Command: c, When: c.When})
				}
			case !group && len(f) == 7 && f[0] != "":
				b.user(c, User{Name: f[0], UID: f[2], Group: f[3], Home: f[5], Shell: f[6], NoCreateHome: true, Known: w.Known, Tool: "passwd-line", File: file, Span: w.Span})
			}
		}
	}
}

// written are the texts that a command writes to its standard output, where
// they can be told: echo, printf, cat of a here-document, and those through tee.
func (c *Command) written() []Word {
	source := c
	if c.program == "tee" && c.PipeFrom != nil {
		source = c.PipeFrom
	}
	for _, r := range source.Redirects {
		if r.Fd == 0 && r.Body.Text != "" {
			return []Word{r.Body}
		}
	}
	switch source.program {
	case "echo":
		var all []string
		known, span := true, text.Span{}
		for i, w := range source.Args() {
			if i == 0 {
				span = w.Span
			}
			if len(all) == 0 && (w.Text == "-e" || w.Text == "-n" || w.Text == "-en" || w.Text == "-ne") {
				span = w.Span
				continue
			}
			all = append(all, w.Text)
			known, span = known && w.Known, span.Join(w.Span)
		}
		return []Word{{Text: strings.Join(all, " "), Known: known, Span: span}}
	case "printf":
		args := source.Args()
		if len(args) > 1 && strings.HasPrefix(args[0].Text, "%s") {
			return args[1:]
		}
		if len(args) > 0 {
			return args[:1]
		}
	}
	return nil
}
