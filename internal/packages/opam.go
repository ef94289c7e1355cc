package packages

import (
	"github.com/dockworthy/dockworthy/internal/getopt"
	"github.com/dockworthy/dockworthy/internal/shell"
)

func opam(b *Book, c *shell.Command, program string, args []shell.Word) {
	o := getopt.Split(args, true, "-j", "--jobs", "--switch")
	switch o.Verb() {
	case "install":
		b.install(c, Install{Manager: "opam", Verb: "install", Packages: packages(o.Operands, plainName), NoProject: o.Has("--deps-only")})
	case "update":
		b.update(c, "opam")
	case "clean":
		b.clean(c, "opam", false)
	}
}
