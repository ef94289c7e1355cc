package packages

import (
	"github.com/dockworthy/dockworthy/internal/getopt"
	"github.com/dockworthy/dockworthy/internal/shell"
)

func brew(b *Book, c *shell.Command, program string, args []shell.Word) {
	o := getopt.Split(args, true)
	verb := o.Verb()
	pkgs := packages(o.Operands, func(s string) (string, string) { return s, "" })
	switch verb {
	case "install", "reinstall":
		b.install(c, Install{Manager: "brew", System: true, Verb: "install", Packages: pkgs})
	case "uninstall", "remove", "rm":
		b.remove(c, Remove{Manager: "brew", Verb: "remove", Packages: pkgs})
	case "update":
		b.update(c, "brew")
	case "cleanup":
		b.clean(c, "brew", false)
	}
}
