package packages

import (
	"github.com/dockworthy/dockworthy/internal/getopt"
	"github.com/dockworthy/dockworthy/internal/shell"
)

func yarn(b *Book, c *shell.Command, program string, args []shell.Word) {
	o := getopt.Split(args, false, "--cwd", "--registry", "--cache-folder", "--modules-folder", "--network-timeout", "--mutex", "--network-concurrency", "--use-yarnrc", "--otp")
	verb := o.Verb()
	global := verb == "global"
	if global {
		verb = o.Verb()
	}
	i := Install{
		Manager: "yarn", OmitDev: omitsDev(c, o), Global: global, Offline: o.Has("--offline"),
		Frozen: o.Has("--frozen-lockfile", "--immutable", "--immutable-cache"), Target: o.Get("--cwd", "--modules-folder"),
	}
	switch verb {
	case "":
		if o.Has("--version", "-v", "--help", "-h") {
			return
		}
		i.Verb = "install"
		b.install(c, i)
	case "install", "add", "upgrade", "up":
		i.Verb, i.Packages = verb, nodePackages(o.Operands)
		b.install(c, i)
	case "workspaces":
		if o.Verb() == "focus" {
			i.Verb, i.OmitDev = "install", i.OmitDev || o.Has("--production")
			b.install(c, i)
		}
	case "remove":
		b.remove(c, Remove{Manager: "yarn", Verb: "remove", Packages: nodePackages(o.Operands)})
	case "prune":
		b.remove(c, Remove{Manager: "yarn", Verb: "prune", OmitDev: i.OmitDev})
	case "cache":
		if o.Verb() == "clean" {
			b.clean(c, "yarn", false)
		}
	}
}
