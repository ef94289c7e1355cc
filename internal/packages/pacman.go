package packages

import (
	"github.com/dockworthy/dockworthy/internal/getopt"
	"github.com/dockworthy/dockworthy/internal/shell"
)

func pacman(b *Book, c *shell.Command, program string, args []shell.Word) {
	o := getopt.Split(args, true, "--root", "--dbpath", "--cachedir", "--config", "--overwrite", "--ignore")
	pkgs := packages(o.Operands, apkPackage)
	switch {
	case o.Has("-S", "--sync"):
		if o.Has("-c", "--clean") {
			b.clean(c, "pacman", false)
			return
		}
		if o.Has("-y", "--refresh") {
			b.update(c, "pacman")
		}
		if len(pkgs) > 0 {
			b.install(c, Install{Manager: "pacman", System: true, Verb: "install", Packages: pkgs, NoRecommends: true, Refreshes: o.Has("-y")})
		} else if o.Has("-u") {
			b.install(c, Install{Manager: "pacman", System: true, Verb: "upgrade", Refreshes: o.Has("-y")})
		}
	case o.Has("-U", "--upgrade"):
		b.install(c, Install{Manager: "pacman", System: true, Verb: "install", Packages: pkgs})
	case o.Has("-R", "--remove"):
		b.remove(c, Remove{Manager: "pacman", Verb: "remove", Packages: pkgs, AutoRemove: o.Has("-s", "--recursive")})
	}
}
