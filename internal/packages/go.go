package packages

import (
	"github.com/dockworthy/dockworthy/internal/getopt"
	"github.com/dockworthy/dockworthy/internal/shell"
)

func goTool(b *Book, c *shell.Command, program string, args []shell.Word) {
	o := getopt.Split(args, false, "-C", "-o", "-ldflags", "-tags", "-mod", "-p", "-gcflags", "-asmflags", "-modfile")
	verb := o.Verb()
	pkgs := func() []Package { return packages(o.Operands, nodePackage) }
	switch verb {
	case "mod", "work":
		switch v := o.Verb(); v {
		case "download", "vendor", "tidy", "sync":
			b.install(c, Install{Manager: "go", Verb: v, Packages: pkgs(), Frozen: v == "download"})
		}
	case "get":
		b.install(c, Install{Manager: "go", Verb: "add", Packages: pkgs()})
	case "install":
		i := Install{Manager: "go", Verb: "install"}
		for _, p := range pkgs() {
			if p.Version != "" {
				i.Packages = append(i.Packages, p)
			}
		}
		if len(i.Packages) > 0 { // without a version it compiles what is here
			b.install(c, i)
		}
	case "clean":
		if o.Has("-cache", "-modcache") {
			b.clean(c, "go", false)
		}
	}
}
