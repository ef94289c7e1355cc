package packages

import (
	"github.com/dockworthy/dockworthy/internal/getopt"
	"github.com/dockworthy/dockworthy/internal/shell"
)

func zypper(b *Book, c *shell.Command, program string, args []shell.Word) {
	o := getopt.Split(args, true, "-r", "--repo", "--root", "-R", "-t", "--type", "-D", "--reposd-dir", "-c", "--config", "--from")
	verb := o.Verb()
	pkgs := packages(o.Operands, apkPackage)
	switch verb {
	case "in", "install", "source-install", "si":
		b.install(c, Install{Manager: "zypper", System: true, Verb: "install", Packages: pkgs, NoRecommends: o.Has("--no-recommends")})
	case "up", "update", "dup", "dist-upgrade", "patch":
		b.install(c, Install{Manager: "zypper", System: true, Verb: "upgrade", Packages: pkgs})
	case "rm", "remove":
		b.remove(c, Remove{Manager: "zypper", Verb: "remove", Packages: pkgs, AutoRemove: o.Has("-u", "--clean-deps")})
	case "ref", "refresh":
		b.update(c, "zypper")
	case "cc", "clean":
		b.clean(c, "zypper", false)
	}
}
