package packages

import (
	"github.com/dockworthy/dockworthy/internal/getopt"
	"github.com/dockworthy/dockworthy/internal/shell"
)

func poetry(b *Book, c *shell.Command, program string, args []shell.Word) {
	o := getopt.Split(args, true, "--only", "--without", "--with", "-E", "--extras", "-C", "--directory", "-P", "--project", "-G", "--group", "-f", "--format", "-o", "--output", "--python", "--source")
	verb := o.Verb()
	if verb == "self" {
		return
	}
	i := Install{
		Manager: "poetry", Verb: verb, NoCache: o.Has("--no-cache"), NoProject: o.Has("--no-root"),
		NoDeps: o.Has("--only-root"), OmitDev: o.Has("--no-dev", "--only-root"),
	}
	for _, g := range o.All("--without") {
		i.OmitDev = i.OmitDev || listed(g.Text, "dev")
	}
	for _, g := range o.All("--only") {
		i.OmitDev = !listed(g.Text, "dev")
		i.OnlyDev = g.Text == "dev"
		i.NoProject = true
	}
	switch verb {
	case "install", "sync", "update":
		i.Frozen = verb != "update"
		i.Editable = !i.NoProject
		b.install(c, i)
	case "add":
		i.Packages = packages(o.Operands, pythonPackage)
		b.install(c, i)
	case "remove":
		b.remove(c, Remove{Manager: "poetry", Verb: "remove", Packages: packages(o.Operands, pythonPackage)})
	case "cache":
		b.clean(c, "poetry", false)
	}
}
