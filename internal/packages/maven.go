package packages

import (
	"strings"

	"github.com/dockworthy/dockworthy/internal/getopt"
	"github.com/dockworthy/dockworthy/internal/shell"
)

func maven(b *Book, c *shell.Command, program string, args []shell.Word) {
	o := getopt.Split(args, false, "-f", "--file", "-s", "--settings", "-gs", "-P", "-pl", "--projects", "-T", "-l", "--log-file", "-t", "-b")
	for _, g := range o.Operands {
		switch goal := g.Text[strings.LastIndexByte(g.Text, ':')+1:]; {
		case goal == "go-offline", goal == "resolve-dependencies", goal == "resolve", goal == "resolve-plugins", goal == "copy-dependencies", goal == "get", goal == "tree", goal == "list":
			if strings.Contains(g.Text, "dependency") || strings.Contains(g.Text, "go-offline") {
				if goal == "resolve-dependencies" {
					goal = "go-offline"
				}
				b.install(c, Install{Manager: "maven", Verb: goal, Manifests: o.All("-f", "--file"), Offline: o.Has("-o", "--offline")})
			}
		}
	}
}
