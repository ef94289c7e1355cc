package packages

import (
	"strings"

	"github.com/dockworthy/dockworthy/internal/getopt"
	"github.com/dockworthy/dockworthy/internal/shell"
)

func composer(b *Book, c *shell.Command, program string, args []shell.Word) {
	o := getopt.Split(args, true, "-d", "--working-dir", "--prefer-install", "--ignore-platform-req", "--apcu-autoloader-prefix", "--repository", "--stability")
	verb := o.Verb()
	global := verb == "global"
	if global {
		verb = o.Verb()
	}
	i := Install{
		Manager: "composer", Verb: verb, Global: global, OmitDev: o.Has("--no-dev") || on(c, "COMPOSER_NO_DEV"), Target: o.Get("-d", "--working-dir"),
		NoProject: o.Has("--no-autoloader"), NoCache: o.Has("--no-cache"),
	}
	parse := func(s string) (string, string) {
		if n, v, ok := strings.Cut(s, ":"); ok {
			return n, ":" + v
		}
		return s, ""
	}
	switch verb {
	case "install", "i":
		i.Verb, i.Frozen = "install", true
		b.install(c, i)
	case "require", "req", "create-project":
		i.Verb, i.Packages = "add", packages(o.Operands, parse)
		b.install(c, i)
	case "update", "upgrade", "u":
		i.Verb = "update"
		b.install(c, i)
	case "remove", "rm":
		b.remove(c, Remove{Manager: "composer", Verb: "remove", Packages: packages(o.Operands, parse)})
	case "clear-cache", "clearcache", "cc":
		b.clean(c, "composer", false)
	}
}
