package packages

import (
	"strings"

	"github.com/dockworthy/dockworthy/internal/getopt"
	"github.com/dockworthy/dockworthy/internal/shell"
)

func gem(b *Book, c *shell.Command, program string, args []shell.Word) {
	o := getopt.Split(args, true, "-v", "--version", "-i", "--install-dir", "-n", "--bindir", "-s", "--source", "-P", "-g", "--file")
	switch o.Verb() {
	case "install", "i", "update":
		pkgs := packages(o.Operands, func(s string) (string, string) {
			n, v, ok := strings.Cut(s, ":")
			if ok {
				v = "=" + v
			}
			return n, v
		})
		if v := o.Get("-v", "--version").Text; v != "" && len(pkgs) == 1 {
			pkgs[0].Version = "=" + v
		}
		b.install(c, Install{Manager: "gem", Verb: "install", Packages: pkgs, Manifests: o.All("-g", "--file"), Offline: o.Has("--local"), Target: o.Get("-i", "--install-dir")})
	case "uninstall":
		b.remove(c, Remove{Manager: "gem", Verb: "remove", Packages: packages(o.Operands, plainName)})
	case "cleanup":
		b.clean(c, "gem", false)
	}
}
