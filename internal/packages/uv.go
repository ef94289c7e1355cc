package packages

import (
	"github.com/dockworthy/dockworthy/internal/getopt"
	"github.com/dockworthy/dockworthy/internal/shell"
)

// uvOptions are those of uv that take a value.
var uvOptions = append([]string{"--only-group", "--no-group", "--package", "--no-extra", "--no-install-package", "--no-emit-package", "-o", "--output-file", "--format", "--from", "--with"}, pipOptions...)

func uv(b *Book, c *shell.Command, program string, args []shell.Word) {
	o := getopt.Split(args, true, uvOptions...)
	verb := o.Verb()
	i := pipInstall(c, o, "uv", verb)
	i.Packages = nil
	i.NoCache = i.NoCache || o.Has("-n") || on(c, "UV_NO_CACHE")
	i.Frozen = o.Has("--frozen", "--locked", "--require-hashes") || on(c, "UV_FROZEN") || on(c, "UV_LOCKED")
	i.NoProject = o.Has("--no-install-project", "--no-install-workspace", "--no-install-local", "--no-emit-project")
	i.OnlyBinary = i.OnlyBinary || o.Has("--no-build")
	i.OmitDev = o.Has("--no-dev", "--no-default-groups") || on(c, "UV_NO_DEV")
	for _, g := range o.All("--no-group") {
		i.OmitDev = i.OmitDev || g.Text == "dev"
	}
	for _, g := range o.All("--only-group") {
		i.OmitDev = g.Text != "dev"
		i.OnlyDev = g.Text == "dev"
		i.NoProject = true
	}
	if o.Has("--only-dev") {
		i.OnlyDev, i.NoProject = true, true
	}
	switch verb {
	case "sync":
		i.Manifests = nil
		i.Editable = !o.Has("--no-editable") && !i.NoProject
		b.install(c, i)
	case "add":
		i.Packages = packages(o.Operands, pythonPackage)
		b.install(c, i)
	case "pip":
		sub := o.Verb()
		switch sub {
		case "install", "sync":
			p := pipInstall(c, o, "uv", sub)
			p.NoCache = p.NoCache || o.Has("-n") || on(c, "UV_NO_CACHE")
			if sub == "sync" {
				p.Manifests, p.Packages = append(o.Operands, p.Manifests...), nil
			}
			b.install(c, p)
		case "uninstall":
			b.remove(c, Remove{Manager: "uv", Verb: "remove", Packages: packages(o.Operands, pythonPackage)})
		}
	case "tool":
		if o.Verb() == "install" {
			i.Verb, i.Global = "install", true
			i.Packages = packages(o.Operands, pythonPackage)
			b.install(c, i)
		}
	case "remove":
		b.remove(c, Remove{Manager: "uv", Verb: "remove", Packages: packages(o.Operands, pythonPackage)})
	case "cache":
		b.clean(c, "uv", false)
	}
}
