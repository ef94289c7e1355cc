package packages

import (
	"github.com/dockworthy/dockworthy/internal/getopt"
	"github.com/dockworthy/dockworthy/internal/shell"
)

func flit(b *Book, c *shell.Command, program string, args []shell.Word) {
	o := getopt.Split(args, true, "--deps", "--extras", "--python", "-f")
	if o.Verb() != "install" {
		return
	}
	deps := o.Get("--deps").Text
	b.install(c, Install{
		Manager: "pip", Verb: "install", Editable: o.Has("-s", "--symlink", "--pth-file"), NoDeps: deps == "none", OmitDev: deps == "production" || deps == "none",
		Packages: []Package{{Name: ".", Known: true, Path: true, Span: c.Span}},
	})
}
