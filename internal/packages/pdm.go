package packages

import (
	"github.com/dockworthy/dockworthy/internal/getopt"
	"github.com/dockworthy/dockworthy/internal/shell"
)

func pdm(b *Book, c *shell.Command, program string, args []shell.Word) {
	o := getopt.Split(args, true, "-p", "--project", "-G", "--group", "-L", "--lockfile", "--venv", "--python")
	verb := o.Verb()
	omit := o.Has("--prod", "--production", "--no-dev")
	switch verb {
	case "install", "sync", "update", "add":
		b.install(c, Install{
			Manager: "pdm", Verb: verb, Packages: packages(o.Operands, pythonPackage), OmitDev: omit, Global: o.Has("-g", "--global"),
			NoProject: o.Has("--no-self"), Editable: !o.Has("--no-editable", "--no-self"), Frozen: verb == "sync" || o.Has("--frozen-lockfile", "--check", "--no-lock"),
		})
	case "remove":
		b.remove(c, Remove{Manager: "pdm", Verb: "remove", Packages: packages(o.Operands, pythonPackage)})
	case "cache":
		b.clean(c, "pdm", false)
	}
}
