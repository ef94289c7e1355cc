package packages

import (
	"github.com/dockworthy/dockworthy/internal/getopt"
	"github.com/dockworthy/dockworthy/internal/shell"
)

func deno(b *Book, c *shell.Command, program string, args []shell.Word) {
	o := getopt.Split(args, false, "--lock", "--config", "--import-map", "-n", "--name", "--root")
	verb := o.Verb()
	switch verb {
	case "cache", "install", "add":
		b.install(c, Install{Manager: "deno", Verb: verb, Packages: nodePackages(o.Operands), Global: o.Has("-g", "--global"), Frozen: o.Has("--frozen")})
	}
}
