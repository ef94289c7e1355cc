package packages

import (
	"github.com/dockworthy/dockworthy/internal/getopt"
	"github.com/dockworthy/dockworthy/internal/shell"
)

func stack(b *Book, c *shell.Command, program string, args []shell.Word) {
	o := getopt.Split(args, false, "--stack-yaml", "--resolver", "--local-bin-path")
	switch verb := o.Verb(); {
	case verb == "build" && o.Has("--only-dependencies", "--dependencies-only", "--only-snapshot"):
		b.install(c, Install{Manager: "stack", Verb: "install", NoProject: true, Manifests: o.All("--stack-yaml")})
	case verb == "setup":
		b.install(c, Install{Manager: "stack", Verb: "setup"})
	}
}

func cabal(b *Book, c *shell.Command, program string, args []shell.Word) {
	o := getopt.Split(args, false, "--installdir", "--install-method", "--project-file")
	switch verb := o.Verb(); {
	case verb == "update" || verb == "v2-update":
		b.update(c, "cabal")
	case o.Has("--only-dependencies", "--dependencies-only"):
		b.install(c, Install{Manager: "cabal", Verb: "install", NoProject: true})
	case (verb == "install" || verb == "v2-install") && len(o.Operands) > 0:
		b.install(c, Install{Manager: "cabal", Verb: "install", Packages: packages(o.Operands, plainName)})
	}
}
