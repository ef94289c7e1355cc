package effects

import (
	"github.com/dockworthy/dockworthy/internal/getopt"
	"github.com/dockworthy/dockworthy/internal/shell"
)

// install is coreutils' install: it copies or makes folders, with mode and
// owner.
func install(b *book, c *shell.Command, program string, args []shell.Word) {
	o := getopt.Split(args, true, "-m", "--mode", "-o", "--owner", "-g", "--group", "-t", "--target-directory", "-S", "--suffix")
	f := File{Kind: Mkdir, Paths: o.Operands, Mode: o.Get("-m", "--mode").Text, Owner: o.Get("-o", "--owner").Text, Group: o.Get("-g", "--group").Text}
	if !o.Has("-d", "--directory") {
		f.Kind = Write
		f.Sources, f.Paths = lastIsTarget(o)
	}
	b.file(c, f)
}

func lastIsTarget(o getopt.Options) (sources, target []shell.Word) {
	if t := o.Get("-t", "--target-directory"); t.Text != "" {
		return o.Operands, []shell.Word{t}
	}
	n := len(o.Operands)
	if n < 2 {
		return nil, o.Operands
	}
	return o.Operands[:n-1], o.Operands[n-1:]
}

func copyFiles(b *book, c *shell.Command, program string, args []shell.Word) {
	o := getopt.Split(args, true, "-t", "--target-directory", "-S", "--suffix")
	f := File{Kind: Write, Recursive: o.Has("-r", "-R", "-a", "--recursive", "--archive"), Move: program == "mv", Link: program == "ln"}
	f.Sources, f.Paths = lastIsTarget(o)
	b.file(c, f)
}
