package packages

import (
	"strings"

	"github.com/dockworthy/dockworthy/internal/getopt"
	"github.com/dockworthy/dockworthy/internal/shell"
)

// pythonPackage parses name[extras]==1.0; marker and name @ url.
func pythonPackage(s string) (name, version string) {
	if i := strings.IndexByte(s, ';'); i > 0 {
		s = s[:i]
	}
	if n, url, ok := strings.Cut(s, "@"); ok && strings.Contains(url, ":") {
		name, version = n, "@"+strings.TrimSpace(url)
	} else if i := strings.IndexAny(s, "=<>!~"); i > 0 && !strings.HasPrefix(s, "$") {
		name, version = s[:i], s[i:]
	} else {
		name = s
	}
	if i := strings.IndexByte(name, '['); i > 0 {
		name = name[:i]
	}
	return strings.TrimSpace(name), strings.TrimSpace(version)
}

// python notes `python setup.py install`.
func python(b *Book, c *shell.Command, program string, args []shell.Word) {
	for i, a := range args {
		switch {
		case a.Text == "-m" && i+1 < len(args) && (args[i+1].Text == "venv" || args[i+1].Text == "virtualenv"):
			return // see Environments
		case strings.HasSuffix(a.Text, "setup.py") && i+1 < len(args):
			o := getopt.Split(args[i+1:], false, "--prefix", "--root")
			switch verb := o.Verb(); verb {
			case "install", "develop":
				b.install(c, Install{
					Manager: "pip", Verb: "install", Editable: verb == "develop", Target: o.Get("--prefix", "--root"),
					Packages: []Package{{Name: ".", Known: true, Path: true, Span: a.Span, Word: a}},
				})
			}
			return
		case !strings.HasPrefix(a.Text, "-"):
			return
		}
	}
}
