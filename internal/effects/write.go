package effects

import (
	"strings"

	"github.com/dockworthy/dockworthy/internal/getopt"
	"github.com/dockworthy/dockworthy/internal/shell"
)

// redirects notes the files that redirections write.
func (b *book) redirects(c *shell.Command) {
	for _, r := range c.Redirects {
		if !r.Writes() || strings.HasPrefix(r.Target.Text, "/dev/") {
			continue
		}
		b.file(c, File{Kind: Write, Paths: []shell.Word{r.Target}, Append: strings.Contains(r.Op, ">>")})
		if r.Fd == 1 {
			b.accountLines(c, r.Target)
		}
	}
}

func tee(b *book, c *shell.Command, program string, args []shell.Word) {
	o := getopt.Split(args, true)
	b.file(c, File{Kind: Write, Paths: o.Operands, Append: o.Has("-a", "--append")})
	for _, w := range o.Operands {
		b.accountLines(c, w)
	}
}

func dd(b *book, c *shell.Command, program string, args []shell.Word) {
	for _, a := range args {
		if t, ok := strings.CutPrefix(a.Text, "of="); ok && !strings.HasPrefix(t, "/dev/") {
			a.Text = t
			b.file(c, File{Kind: Write, Paths: []shell.Word{a}})
		}
	}
}

func touch(b *book, c *shell.Command, program string, args []shell.Word) {
	o := getopt.Split(args, true, "-d", "--date", "-t", "-r", "--reference")
	b.file(c, File{Kind: Write, Paths: o.Operands, Append: true})
}

func sed(b *book, c *shell.Command, program string, args []shell.Word) {
	inPlace := false
	for _, a := range args {
		t := a.Text
		inPlace = inPlace || strings.HasPrefix(t, "--in-place") || len(t) > 1 && t[0] == '-' && t[1] != '-' && strings.Contains(t, "i")
	}
	if !inPlace {
		return
	}
	o := getopt.Split(args, false, "-e", "--expression", "-f", "--file")
	files := o.Operands
	if !o.Has("-e", "--expression", "-f", "--file") && len(files) > 0 {
		files = files[1:] // the script
	}
	b.file(c, File{Kind: Write, Paths: files, Append: true})
}

func mkdir(b *book, c *shell.Command, program string, args []shell.Word) {
	o := getopt.Split(args, true, "-m", "--mode")
	b.file(c, File{Kind: Mkdir, Paths: o.Operands, Mode: o.Get("-m", "--mode").Text})
}
