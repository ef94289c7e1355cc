package packages

import (
	"github.com/dockworthy/dockworthy/internal/getopt"
	"github.com/dockworthy/dockworthy/internal/shell"
)

func pipenv(b *Book, c *shell.Command, program string, args []shell.Word) {
	o := getopt.Split(args, true, "-r", "--requirements", "-i", "--index", "--python", "--categories", "--extra-pip-args", "--pypi-mirror")
	verb := o.Verb()
	switch verb {
	case "install", "sync", "update":
		b.install(c, Install{
			Manager: "pipenv", Verb: verb, Packages: packages(o.Operands, pythonPackage), Manifests: o.All("-r", "--requirements"),
			OmitDev: !o.Has("-d", "--dev", "--dev-only"), OnlyDev: o.Has("--dev-only"), Global: o.Has("--system"),
			Frozen: verb == "sync" || o.Has("--deploy", "--ignore-pipfile"),
		})
	case "uninstall":
		b.remove(c, Remove{Manager: "pipenv", Verb: "remove", Packages: packages(o.Operands, pythonPackage)})
	case "--clear":
		b.clean(c, "pipenv", false)
	}
}
