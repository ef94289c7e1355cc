package packages

import (
	"github.com/dockworthy/dockworthy/internal/getopt"
	"github.com/dockworthy/dockworthy/internal/shell"
)

func emerge(b *Book, c *shell.Command, program string, args []shell.Word) {
	o := getopt.Split(args, true, "--jobs", "-j", "--load-average")
	pkgs := packages(o.Operands, apkPackage)
	switch {
	case o.Has("--sync"):
		b.update(c, "emerge")
	case o.Has("-C", "--unmerge", "-c", "--depclean"):
		b.remove(c, Remove{Manager: "emerge", Verb: "remove", Packages: pkgs})
	case len(pkgs) > 0:
		b.install(c, Install{Manager: "emerge", System: true, Verb: "install", Packages: pkgs})
	}
}
