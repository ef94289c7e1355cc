package packages

import (
	"strings"

	"github.com/dockworthy/dockworthy/internal/getopt"
	"github.com/dockworthy/dockworthy/internal/shell"
)

// apkPackage parses name[@repository][~|=|<|>version].
func apkPackage(s string) (name, version string) {
	if i := strings.IndexAny(s, "=~<>@"); i > 0 && !strings.HasPrefix(s, "$") {
		return s[:i], s[i:]
	}
	return s, ""
}

func apk(b *Book, c *shell.Command, program string, args []shell.Word) {
	o := getopt.Split(args, true, "-t", "--virtual", "-X", "--repository", "-p", "--root", "--arch", "--keys-dir", "--repositories-file", "--cache-dir", "--wait", "--cache-max-age", "--timeout", "--progress-fd")
	verb := o.Verb()
	words, files := piped(c)
	pkgs := packages(append(words, o.Operands...), apkPackage)
	fresh := o.Has("--no-cache", "-U", "--update", "--update-cache")
	switch verb {
	case "add":
		var removed []Package
		kept := pkgs[:0]
		for _, p := range pkgs {
			if n, ok := strings.CutPrefix(p.Name, "!"); ok {
				p.Name = n
				removed = append(removed, p)
				continue
			}
			kept = append(kept, p)
		}
		if len(removed) > 0 {
			b.remove(c, Remove{Manager: "apk", Verb: "remove", Packages: removed})
		}
		b.install(c, Install{
			Manager: "apk", System: true, Verb: "install", Packages: kept, Manifests: files, Target: o.Get("-p", "--root"),
			Virtual: o.Get("-t", "--virtual").Text, NoCache: o.Has("--no-cache"), Refreshes: fresh,
		})
	case "upgrade":
		b.install(c, Install{Manager: "apk", System: true, Verb: "upgrade", Packages: pkgs, NoCache: o.Has("--no-cache"), Refreshes: fresh})
	case "del":
		r := Remove{Manager: "apk", Verb: "remove", Packages: pkgs, Purge: o.Has("--purge"), AutoRemove: true}
		for _, p := range pkgs {
			if strings.HasPrefix(p.Name, ".") {
				r.Virtual = p.Name
			}
		}
		b.remove(c, r)
	case "update":
		b.update(c, "apk")
	case "cache":
		if v := o.Verb(); v == "clean" || v == "purge" || v == "rm" {
			b.clean(c, "apk", false)
		}
	}
}
