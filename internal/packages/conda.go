package packages

import (
	"strings"

	"github.com/dockworthy/dockworthy/internal/getopt"
	"github.com/dockworthy/dockworthy/internal/shell"
)

// condaPackage parses [channel::]name[=version[=build]].
func condaPackage(s string) (name, version string) {
	if _, n, ok := strings.Cut(s, "::"); ok {
		s = n
	}
	return pythonPackage(s)
}

func conda(b *Book, c *shell.Command, program string, args []shell.Word) {
	o := getopt.Split(args, true, "-n", "--name", "-p", "--prefix", "-c", "--channel", "-f", "--file", "-r", "--root-prefix", "--solver", "--repodata-fn", "--category")
	verb := o.Verb()
	if verb == "env" {
		verb = o.Verb()
	}
	switch verb {
	case "install", "create", "update", "upgrade":
		b.install(c, Install{
			Manager: "conda", Verb: verb, Packages: packages(o.Operands, condaPackage), Manifests: o.All("-f", "--file"),
			NoDeps: o.Has("--no-deps"), Offline: o.Has("--offline"), Target: o.Get("-p", "--prefix"),
		})
	case "remove", "uninstall":
		b.remove(c, Remove{Manager: "conda", Verb: "remove", Packages: packages(o.Operands, condaPackage)})
	case "clean":
		b.clean(c, "conda", false)
	}
}
