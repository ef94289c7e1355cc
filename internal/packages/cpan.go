package packages

import (
	"github.com/dockworthy/dockworthy/internal/getopt"
	"github.com/dockworthy/dockworthy/internal/shell"
)

func cpan(b *Book, c *shell.Command, program string, args []shell.Word) {
	o := getopt.Split(args, program == "cpan", "-L", "-l", "--local-lib", "--local-lib-contained", "--mirror", "--from", "-M", "--cpanfile")
	words := o.Operands
	if program == "cpan" && len(words) > 0 && words[0].Text == "install" {
		words = words[1:]
	}
	b.install(c, Install{Manager: "cpan", Verb: "install", Packages: packages(words, nodePackage), Manifests: o.All("--cpanfile"), NoProject: o.Has("--installdeps"), Target: o.Get("-L", "-l", "--local-lib", "--local-lib-contained")})
}

func carton(b *Book, c *shell.Command, program string, args []shell.Word) {
	o := getopt.Split(args, false, "--cpanfile", "--path")
	if o.Verb() == "install" {
		b.install(c, Install{Manager: "cpan", Verb: "install", Frozen: o.Has("--deployment"), Manifests: o.All("--cpanfile")})
	}
}
