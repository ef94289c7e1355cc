package packages

import (
	"github.com/dockworthy/dockworthy/internal/getopt"
	"github.com/dockworthy/dockworthy/internal/shell"
)

func luarocks(b *Book, c *shell.Command, program string, args []shell.Word) {
	o := getopt.Split(args, false, "--tree", "--server", "--lua-version", "--only-server")
	switch o.Verb() {
	case "install", "build":
		if len(o.Operands) > 0 {
			b.install(c, Install{Manager: "luarocks", Verb: "install", Packages: packages(o.Operands[:1], plainName), Target: o.Get("--tree")})
		}
	case "remove":
		b.remove(c, Remove{Manager: "luarocks", Verb: "remove", Packages: packages(o.Operands, plainName)})
	}
}
