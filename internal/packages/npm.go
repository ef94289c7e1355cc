package packages

import (
	"strings"

	"github.com/dockworthy/dockworthy/internal/getopt"
	"github.com/dockworthy/dockworthy/internal/shell"
)

func npm(b *Book, c *shell.Command, program string, args []shell.Word) {
	o := getopt.Split(args, false, "--prefix", "-C", "--omit", "--include", "--only", "--also", "--registry", "--cache", "--userconfig", "--loglevel", "-w", "--workspace", "--tag", "--location",
		"--fetch-timeout", "--fetch-retries", "--maxsockets", "--install-strategy", "--cpu", "--os", "--libc", "--script-shell", "--before", "--omit-lockfile-registry-resolved")
	verb := o.Verb()
	global := o.Has("-g", "--global") || o.Get("--location").Text == "global"
	switch verb {
	case "install", "i", "in", "ins", "inst", "add", "isntall", "it", "install-test", "update", "up", "upgrade":
		v := "install"
		if strings.HasPrefix(verb, "up") {
			v = "update"
		}
		b.install(c, Install{
			Manager: "npm", Verb: v, Packages: nodePackages(o.Operands), OmitDev: omitsDev(c, o) || b.npmOmit, Global: global,
			Offline: o.Has("--offline"), Target: o.Get("--prefix", "-C"),
		})
	case "ci", "clean-install", "ic", "install-clean", "cit", "install-ci-test":
		b.install(c, Install{Manager: "npm", Verb: "ci", OmitDev: omitsDev(c, o) || b.npmOmit, Frozen: true, Offline: o.Has("--offline"), Target: o.Get("--prefix", "-C")})
	case "uninstall", "remove", "rm", "r", "un", "unlink":
		b.remove(c, Remove{Manager: "npm", Verb: "remove", Packages: nodePackages(o.Operands)})
	case "prune":
		b.remove(c, Remove{Manager: "npm", Verb: "prune", OmitDev: omitsDev(c, o)})
	case "cache":
		if v := o.Verb(); v == "clean" || v == "clear" || v == "rm" {
			b.clean(c, "npm", false)
		}
	case "config", "set":
		words := o.Operands
		if verb == "config" && len(words) > 0 {
			words = words[1:]
		}
		for _, w := range words {
			switch w.Text {
			case "omit=dev", "production=true", "only=production":
				b.npmOmit = true
			}
		}
		if len(words) == 2 && (words[0].Text == "omit" && words[1].Text == "dev" || words[0].Text == "production" && words[1].Text == "true") {
			b.npmOmit = true
		}
	}
}
