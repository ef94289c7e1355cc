package packages

import (
	"github.com/dockworthy/dockworthy/internal/getopt"
	"github.com/dockworthy/dockworthy/internal/shell"
)

func bundle(b *Book, c *shell.Command, program string, args []shell.Word) {
	o := getopt.Split(args, false, "--gemfile", "--path", "--jobs", "-j", "--retry", "--without", "--with", "--binstubs")
	verb := o.Verb()
	switch verb {
	case "", "install", "update":
		i := Install{Manager: "bundle", Verb: "install", Manifests: o.All("--gemfile"), Target: o.Get("--path"), Offline: o.Has("--local")}
		without, _ := c.Setting("BUNDLE_WITHOUT")
		without += " " + o.Get("--without").Text
		if o.Has("--without") {
			for _, w := range o.Operands { // --without development test
				without += " " + w.Text
			}
		}
		i.OmitDev = listed(without, "development") || b.bundleWithout
		i.Frozen = o.Has("--deployment", "--frozen") || on(c, "BUNDLE_DEPLOYMENT") || on(c, "BUNDLE_FROZEN") || b.bundleFrozen
		b.install(c, i)
	case "config":
		words := o.Operands
		if len(words) > 0 && words[0].Text == "set" {
			words = words[1:]
		}
		if len(words) < 2 {
			return
		}
		switch words[0].Text {
		case "without":
			for _, w := range words[1:] {
				b.bundleWithout = b.bundleWithout || listed(w.Text, "development")
			}
		case "deployment", "frozen":
			b.bundleFrozen = truthy(words[1].Text)
		}
	case "add":
		b.install(c, Install{Manager: "bundle", Verb: "add", Packages: packages(o.Operands, plainName)})
	case "clean":
		b.clean(c, "bundle", false)
	}
}
