package effects

import (
	"strings"

	"github.com/dockworthy/dockworthy/internal/getopt"
	"github.com/dockworthy/dockworthy/internal/shell"
)

func untar(b *book, c *shell.Command, program string, args []shell.Word) {
	extract := false
	for i, a := range args {
		t := a.Text
		extract = extract || t == "--extract" || t == "--get" || (i == 0 || len(t) > 1 && t[0] == '-' && t[1] != '-') && strings.Contains(t, "x") && !strings.ContainsAny(t, "/.=")
	}
	if !extract {
		return
	}
	if len(args) > 0 && args[0].Text != "" && args[0].Text[0] != '-' { // tar xzf a.tgz
		first := args[0]
		first.Text = "-" + first.Text
		args = append([]shell.Word{first}, args[1:]...)
	}
	o := getopt.Split(args, true, "-f", "--file", "-C", "--directory", "-I", "--use-compress-program", "--strip-components", "--exclude", "-X", "-T", "--transform", "--xform", "--wildcards-match-slash")
	to := o.Get("-C", "--directory")
	if to.Text == "" {
		to = shell.Word{Text: ".", Known: true, Span: c.Span}
	}
	f := File{Kind: Unpack, Paths: []shell.Word{to}}
	if a := o.Get("-f", "--file"); a.Text != "" {
		f.Sources = []shell.Word{a}
	}
	b.file(c, f)
}

func unzip(b *book, c *shell.Command, program string, args []shell.Word) {
	o := getopt.Split(args, true, "-d", "-x")
	if o.Has("-l", "-t", "-p", "-v") || len(o.Operands) == 0 {
		return
	}
	to := o.Get("-d")
	if to.Text == "" {
		to = shell.Word{Text: ".", Known: true, Span: c.Span}
	}
	b.file(c, File{Kind: Unpack, Paths: []shell.Word{to}, Sources: o.Operands[:1]})
}
