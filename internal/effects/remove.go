package effects

import (
	"github.com/dockworthy/dockworthy/internal/getopt"
	"github.com/dockworthy/dockworthy/internal/shell"
)

func remove(b *book, c *shell.Command, program string, args []shell.Word) {
	o := getopt.Split(args, true)
	if program == "shred" && !o.Has("-u", "--remove") {
		return
	}
	b.file(c, File{Kind: Delete, Paths: o.Operands, Recursive: o.Has("-r", "-R", "--recursive")})
	for _, w := range within(c.Dir, o.Operands) {
		b.packages.Emptied(c, w.Text)
	}
}
