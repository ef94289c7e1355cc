package packages

import (
	"github.com/dockworthy/dockworthy/internal/getopt"
	"github.com/dockworthy/dockworthy/internal/shell"
)

func bun(b *Book, c *shell.Command, program string, args []shell.Word) {
	o := getopt.Split(args, false, "--cwd", "--registry", "--cache-dir", "--omit", "--backend", "--filter", "-c", "--config")
	verb := o.Verb()
	i := Install{Manager: "bun", OmitDev: omitsDev(c, o) || o.Has("-p"), Global: o.Has("-g", "--global"), Frozen: o.Has("--frozen-lockfile"), Target: o.Get("--cwd")}
	switch verb {
	case "install", "i", "ci", "add", "a", "update":
		switch verb {
		case "i":
			verb = "install"
		case "a":
			verb = "add"
		case "ci":
			i.Frozen = true
		}
		i.Verb, i.Packages = verb, nodePackages(o.Operands)
		b.install(c, i)
	case "remove", "rm":
		b.remove(c, Remove{Manager: "bun", Verb: "remove", Packages: nodePackages(o.Operands)})
	case "pm":
		if o.Verb() == "cache" {
			b.clean(c, "bun", false)
		}
	}
}
