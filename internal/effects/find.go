package effects

import (
	"github.com/dockworthy/dockworthy/internal/shell"
)

// find notes what find deletes and what its -exec does to what it finds.
func find(b *book, c *shell.Command, program string, args []shell.Word) {
	var paths []shell.Word
	for i, a := range args {
		t := a.Text
		switch {
		case i == len(paths) && t != "" && t[0] != '-' && t[0] != '(' && t[0] != '!':
			paths = append(paths, a)
		case t == "-delete":
			b.file(c, File{Kind: Delete, Paths: paths, Partial: true})
			for _, w := range paths {
				b.packages.Emptied(c, w.Text)
			}
		case (t == "-exec" || t == "-execdir" || t == "-ok") && i+1 < len(args):
			end := i + 1
			for end < len(args) && args[end].Text != ";" && args[end].Text != "+" {
				end++
			}
			var words []shell.Word
			for _, w := range args[i+1 : end] {
				if w.Text == "{}" {
					words = append(words, paths...)
					continue
				}
				words = append(words, w)
			}
			name, rest := shell.Unwrap(words)
			from := len(b.e.Files)
			switch name {
			case "rm":
				remove(b, c, name, rest)
			case "chmod":
				chmod(b, c, name, rest)
			case "chown", "chgrp":
				chown(b, c, name, rest)
			case "sed":
				sed(b, c, name, rest)
			}
			for j := from; j < len(b.e.Files); j++ {
				b.e.Files[j].Partial = true
			}
			return
		}
	}
}
