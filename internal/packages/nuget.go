package packages

import (
	"github.com/dockworthy/dockworthy/internal/getopt"
	"github.com/dockworthy/dockworthy/internal/shell"
)

func dotnet(b *Book, c *shell.Command, program string, args []shell.Word) {
	o := getopt.Split(args, false, "-r", "--runtime", "-s", "--source", "--packages", "--configfile", "-v", "--verbosity", "--version", "--tool-path", "--add-source", "-c", "-f", "-o")
	switch o.Verb() {
	case "restore":
		b.install(c, Install{Manager: "nuget", Verb: "restore", Manifests: o.Operands, Frozen: o.Has("--locked-mode")})
	case "tool", "workload":
		switch o.Verb() {
		case "install", "update":
			b.install(c, Install{Manager: "nuget", Verb: "install", Packages: packages(o.Operands, nodePackage), Global: o.Has("-g", "--global"), Target: o.Get("--tool-path")})
		case "restore":
			b.install(c, Install{Manager: "nuget", Verb: "restore"})
		}
	case "add":
		for i, w := range o.Operands {
			if w.Text == "package" {
				b.install(c, Install{Manager: "nuget", Verb: "add", Packages: packages(o.Operands[i+1:], plainName)})
			}
		}
	case "nuget":
		if o.Verb() == "locals" {
			b.clean(c, "nuget", false)
		}
	}
}

func nuget(b *Book, c *shell.Command, program string, args []shell.Word) {
	o := getopt.Split(args, false, "-OutputDirectory", "-PackagesDirectory", "-Source")
	switch o.Verb() {
	case "restore":
		b.install(c, Install{Manager: "nuget", Verb: "restore", Manifests: o.Operands})
	case "install":
		b.install(c, Install{Manager: "nuget", Verb: "install", Packages: packages(o.Operands, plainName)})
	}
}
