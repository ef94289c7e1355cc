package effects

import (
	"strings"

	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/text"
)

// accountLines reads what is written to a passwd or group file.
func (b *book) accountLines(c *shell.Command, file shell.Word) {
	name := file.Text[strings.LastIndexByte(file.Text, '/')+1:]
	group := strings.HasSuffix(name, "group")
	if !group && !strings.HasSuffix(name, "passwd") || strings.HasSuffix(name, "chpasswd") {
		return
	}
	for _, w := range written(c) {
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
func written(c *shell.Command) []shell.Word {
	source := c
	if c.Program() == "tee" && c.PipeFrom != nil {
		source = c.PipeFrom
	}
	for _, r := range source.Redirects {
		if r.Fd == 0 && r.Body.Text != "" {
			return []shell.Word{r.Body}
		}
	}
	switch source.Program() {
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
		return []shell.Word{{Text: strings.Join(all, " "), Known: known, Span: span}}
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
