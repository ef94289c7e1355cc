package packages

import (
	"regexp"
	"strings"

	"github.com/dockworthy/dockworthy/internal/getopt"
	"github.com/dockworthy/dockworthy/internal/shell"
)

func install2R(b *Book, c *shell.Command, program string, args []shell.Word) {
	o := getopt.Split(args, true, "-r", "--repos", "-l", "--libloc", "-d", "--deps", "-n", "--ncpus", "-t", "--type")
	b.install(c, Install{Manager: "R", Verb: "install", Packages: packages(o.Operands, plainName)})
}

// What R programs given by -e say about packages.
var (
	rInstall = regexp.MustCompile(`(?:install\.packages|install_(?:version|github|cran|local|bioc)|pak::pkg_install|pak|BiocManager::install)\s*\(([^)]*\)?)`)
	rRestore = regexp.MustCompile(`renv::restore|install_deps\s*\(|pak::local_install_deps|packrat::restore`)
	rString  = regexp.MustCompile(`["']([A-Za-z][\w./@-]*)["']`)
)

func rscript(b *Book, c *shell.Command, program string, args []shell.Word) {
	for i, a := range args {
		if a.Text != "-e" || i+1 >= len(args) {
			continue
		}
		code := args[i+1]
		if rRestore.MatchString(code.Text) {
			b.install(c, Install{Manager: "R", Verb: "restore", Frozen: strings.Contains(code.Text, "restore")})
		}
		for _, m := range rInstall.FindAllStringSubmatch(code.Text, -1) {
			in := Install{Manager: "R", Verb: "install"}
			for _, s := range rString.FindAllStringSubmatch(m[1], -1) {
				in.Packages = append(in.Packages, Package{Name: s[1], Known: true, Span: code.Span, Word: code})
			}
			b.install(c, in)
		}
	}
}
