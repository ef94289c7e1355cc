package effects

import (
	"slices"

	"github.com/dockworthy/dockworthy/internal/getopt"
	"github.com/dockworthy/dockworthy/internal/shell"
)

func groupadd(b *book, c *shell.Command, program string, args []shell.Word) {
	o := getopt.Split(args, true, "-g", "--gid", "-K", "--key", "-p", "--password", "-R", "--root", "-P", "--prefix", "-U", "--users")
	if len(o.Operands) > 0 {
		b.group(c, o, o.Operands[len(o.Operands)-1], "groupadd")
	}
}

// groupmod gives a group another number or another name.
func groupmod(b *book, c *shell.Command, program string, args []shell.Word) {
	o := getopt.Split(args, true, "-g", "--gid", "-n", "--new-name", "-p", "--password", "-R", "--root", "-P", "--prefix", "-U", "--users")
	if len(o.Operands) == 0 {
		return
	}
	name := o.Operands[len(o.Operands)-1]
	if n := o.Get("-n", "--new-name"); n.Text != "" {
		b.e.Deleted = append(b.e.Deleted, Deleted{Name: name.Text, Group: true, Command: c, When: c.When})
		name = n
	}
	b.group(c, o, name, "groupmod")
}

func (b *book) group(c *shell.Command, o getopt.Options, name shell.Word, tool string) {
	gid := o.Get("-g", "--gid")
	b.e.Groups = append(b.e.Groups, Group{
		Name: name.Text, GID: gid.Text, System: o.Has("-r", "-S", "--system"), Known: name.Known && (gid.Text == "" || gid.Known),
		Lenient: o.Has("-o", "--non-unique", "-f", "--force"), Tool: tool,
		Span: name.Span, Command: c, When: c.When,
	})
}

func (b *book) member(c *shell.Command, user, group shell.Word) {
	b.e.Memberships = append(b.e.Memberships, Membership{User: user.Text, Group: group.Text, Span: group.Span, Command: c, When: c.When})
}

// addgroup is busybox's or Debian's; on Fedora it is groupadd.
func addgroup(b *book, c *shell.Command, program string, args []shell.Word) {
	o := getopt.Split(twoDashes(args), true, "-g", "--gid", "--firstgid", "--lastgid", "--conf", "-K")
	switch len(o.Operands) {
	case 0:
	case 1:
		b.group(c, o, o.Operands[0], "addgroup")
	default:
		b.member(c, o.Operands[0], o.Operands[1])
	}
}

// perlOptions are long options of Debian's addgroup and adduser, which take them behind
// one dash, too.
var perlOptions = []string{"-gid", "-uid", "-system", "-home", "-shell", "-gecos", "-group", "-ingroup", "-disabled-password", "-disabled-login", "-no-create-home"}

// twoDashes are words with the second dash that such options lack.
func twoDashes(args []shell.Word) []shell.Word {
	if !slices.ContainsFunc(args, func(w shell.Word) bool { return slices.Contains(perlOptions, w.Text) }) {
		return args
	}
	args = slices.Clone(args)
	for i, w := range args {
		if slices.Contains(perlOptions, w.Text) {
			args[i].Text = "-" + w.Text
		}
	}
	return args
}

func gpasswd(b *book, c *shell.Command, program string, args []shell.Word) {
	o := getopt.Split(args, true, "-a", "--add", "-d", "--delete", "-M", "-A", "-Q")
	if u := o.Get("-a", "--add"); u.Text != "" && len(o.Operands) > 0 {
		b.member(c, u, o.Operands[0])
	}
}

func delgroup(b *book, c *shell.Command, program string, args []shell.Word) {
	o := getopt.Split(args, true, "-R", "-P")
	if len(o.Operands) == 1 {
		b.e.Deleted = append(b.e.Deleted, Deleted{Name: o.Operands[0].Text, Group: true, Command: c, When: c.When})
	}
}
