package effects

import (
	"strings"

	"github.com/dockworthy/dockworthy/internal/getopt"
	"github.com/dockworthy/dockworthy/internal/shell"
)

func chmod(b *book, c *shell.Command, program string, args []shell.Word) {
	f := File{Kind: Chmod}
	for _, a := range args {
		t := a.Text
		switch {
		case len(t) > 1 && t[0] == '-' && strings.Trim(t[1:], "Rvfc") == "":
			f.Recursive = f.Recursive || strings.Contains(t, "R")
		case strings.HasPrefix(t, "--"):
			f.Recursive = f.Recursive || t == "--recursive"
			if strings.HasPrefix(t, "--reference") {
				f.Mode = t
			}
		case f.Mode == "":
			f.Mode = t // -x is a mode, too
		default:
			f.Paths = append(f.Paths, a)
		}
	}
	b.file(c, f)
}

func chown(b *book, c *shell.Command, program string, args []shell.Word) {
	o := getopt.Split(args, true, "--from", "--reference")
	f := File{Kind: Chown, From: o.Get("--from").Text, Recursive: o.Has("-R", "--recursive")}
	if o.Get("--reference").Text == "" {
		if len(o.Operands) == 0 {
			return
		}
		f.Owner, f.Group = owner(o.Verb())
		if program == "chgrp" {
			f.Owner, f.Group = "", f.Owner
		}
	}
	f.Paths = o.Operands
	b.file(c, f)
}

// owner parses user[:group]; the colons inside ${…} are not separators.
func owner(s string) (user, group string) {
	depth := 0
	for i := range len(s) {
		switch s[i] {
		case '{', '(':
			depth++
		case '}', ')':
			depth--
		case ':':
			if depth == 0 {
				return s[:i], s[i+1:]
			}
		}
	}
	return s, ""
}
