package packages

import (
	"strings"

	"github.com/dockworthy/dockworthy/internal/getopt"
	"github.com/dockworthy/dockworthy/internal/shell"
)

func cargo(b *Book, c *shell.Command, program string, args []shell.Word) {
	if len(args) > 0 && strings.HasPrefix(args[0].Text, "+") { // cargo +nightly
		args = args[1:]
	}
	o := getopt.Split(args, true, "--version", "--vers", "--git", "--branch", "--tag", "--rev", "--path", "--root", "--features", "-F", "--target", "--manifest-path", "--registry", "--index", "--profile", "-j", "--jobs", "--config", "-Z", "--recipe-path", "-p", "--package", "--bin", "--target-dir")
	verb := o.Verb()
	i := Install{Manager: "cargo", Verb: verb, Frozen: o.Has("--locked", "--frozen"), Offline: o.Has("--offline", "--frozen"), Manifests: o.All("--manifest-path")}
	switch verb {
	case "fetch", "vendor", "update":
		b.install(c, i)
	case "add":
		i.Packages = packages(o.Operands, nodePackage)
		b.install(c, i)
	case "install", "binstall":
		i.Verb = "install"
		i.Packages = packages(o.Operands, nodePackage)
		i.Target = o.Get("--root")
		if v := o.Get("--version", "--vers").Text; v != "" && len(i.Packages) == 1 {
			i.Packages[0].Version = "@" + v
		}
		for _, p := range o.All("--path", "--git") {
			i.Packages = append(i.Packages, Package{Name: p.Text, Known: p.Known, Path: true, Span: p.Span, Word: p})
		}
		b.install(c, i)
	case "chef":
		if o.Verb() == "cook" {
			i.Verb, i.Manifests = "cook", o.All("--recipe-path")
			b.install(c, i)
		}
	case "cache":
		b.clean(c, "cargo", false)
	}
}
