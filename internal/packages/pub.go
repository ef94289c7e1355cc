package packages

import (
	"github.com/dockworthy/dockworthy/internal/getopt"
	"github.com/dockworthy/dockworthy/internal/shell"
)

func pub(b *Book, c *shell.Command, program string, args []shell.Word) {
	o := getopt.Split(args, false, "-C", "--directory")
	verb := o.Verb()
	if program != "pub" {
		if verb != "pub" {
			return
		}
		verb = o.Verb()
	}
	switch verb {
	case "get", "upgrade", "add":
		b.install(c, Install{Manager: "pub", Verb: verb, Packages: packages(o.Operands, plainName), Offline: o.Has("--offline"), Frozen: o.Has("--enforce-lockfile"), OmitDev: o.Has("--no-dev")})
	}
}
