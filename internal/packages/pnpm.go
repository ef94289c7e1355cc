package packages

import (
	"github.com/dockworthy/dockworthy/internal/getopt"
	"github.com/dockworthy/dockworthy/internal/shell"
)

func pnpm(b *Book, c *shell.Command, program string, args []shell.Word) {
	o := getopt.Split(args, false, "-F", "--filter", "--filter-prod", "-C", "--dir", "--store-dir", "--registry", "--reporter", "--loglevel", "--network-concurrency", "--node-linker", "--cpu", "--os", "--libc")
	verb := o.Verb()
	if verb == "recursive" || verb == "multi" || verb == "m" {
		verb = o.Verb()
	}
	i := Install{
		Manager: "pnpm", Verb: verb, OmitDev: omitsDev(c, o) || o.Has("-P"), Global: o.Has("-g", "--global"), Offline: o.Has("--offline"),
		OnlyDev: verb != "add" && o.Has("-D", "--dev"), Frozen: o.Has("--frozen-lockfile"), Target: o.Get("-C", "--dir"),
	}
	switch verb {
	case "install", "i", "add", "update", "up", "ci", "clean-install":
		i.Packages = nodePackages(o.Operands)
		switch verb {
		case "i":
			i.Verb = "install"
		case "up":
			i.Verb = "update"
		case "ci", "clean-install":
			i.Verb, i.Frozen = "ci", true
		}
		if i.Verb == "install" && len(i.Packages) > 0 {
			i.Verb = "add"
		}
		b.install(c, i)
	case "fetch":
		i.Frozen = true
		b.install(c, i)
	case "deploy":
		if len(o.Operands) > 0 {
			i.Target = o.Operands[0]
		}
		b.install(c, i)
	case "remove", "rm", "uninstall", "un":
		b.remove(c, Remove{Manager: "pnpm", Verb: "remove", Packages: nodePackages(o.Operands)})
	case "prune":
		b.remove(c, Remove{Manager: "pnpm", Verb: "prune", OmitDev: i.OmitDev})
	case "store":
		if o.Verb() == "prune" {
			b.clean(c, "pnpm", false)
		}
	}
}
