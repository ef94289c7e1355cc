package packages

import (
	"github.com/dockworthy/dockworthy/internal/getopt"
	"github.com/dockworthy/dockworthy/internal/shell"
)

func swift(b *Book, c *shell.Command, program string, args []shell.Word) {
	o := getopt.Split(args, false, "--package-path")
	if o.Verb() == "package" {
		switch v := o.Verb(); v {
		case "resolve", "update":
			b.install(c, Install{Manager: "swift", Verb: v})
		}
	}
}
