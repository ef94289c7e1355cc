package packages

import (
	"strings"

	"github.com/dockworthy/dockworthy/internal/getopt"
	"github.com/dockworthy/dockworthy/internal/shell"
)

// aptPackage parses name[:arch][=version|/release][+|-].
func aptPackage(s string) (name, version string) {
	if i := strings.IndexAny(s, "=/"); i > 0 && !strings.HasPrefix(s, "$") {
		s, version = s[:i], s[i:]
	}
	if i := strings.LastIndexByte(s, ':'); i > 0 && !strings.Contains(s, "}") {
		s = s[:i]
	}
	if !strings.HasSuffix(s, "++") {
		s = strings.TrimSuffix(s, "+")
	}
	return s, version
}

func apt(b *Book, c *shell.Command, program string, args []shell.Word) {
	o := getopt.Split(args, true, "-t", "--target-release", "--default-release", "-o", "--option", "-c", "--config-file", "-a", "--host-architecture", "-P", "--build-profiles")
	if o.Has("-s", "--simulate", "--just-print", "--dry-run", "--recon", "--no-act") {
		return
	}
	noRecommends := o.Has("--no-install-recommends", "-R", "--without-recommends")
	for _, opt := range o.All("-o", "--option") {
		k, v, _ := strings.Cut(opt.Text, "=")
		if strings.EqualFold(k, "APT::Install-Recommends") && !truthy(strings.Trim(v, `"'`)) {
			noRecommends = true
		}
	}
	auto := o.Has("--auto-remove", "--autoremove")
	verb := o.Verb()
	words, files := piped(c)
	pkgs := packages(append(words, o.Operands...), aptPackage)
	switch verb {
	case "install", "reinstall", "satisfy":
		install, removed := aptSuffixes(pkgs)
		if len(removed) > 0 {
			b.remove(c, Remove{Manager: "apt", Verb: "remove", Packages: removed})
		}
		if len(install) == 0 && len(files) == 0 && !c.Wrapped("xargs") && len(removed) == 0 && !o.Has("-f", "--fix-broken") {
			// apt-get install -y $UNSET installs nothing.
			return
		}
		b.install(c, Install{Manager: "apt", System: true, Verb: "install", Packages: install, Manifests: files, NoRecommends: noRecommends, NoCache: o.Has("--no-cache")})
	case "build-dep":
		b.install(c, Install{Manager: "apt", System: true, Verb: "build-dep", Packages: pkgs, NoRecommends: noRecommends})
	case "upgrade", "dist-upgrade", "full-upgrade", "safe-upgrade":
		b.install(c, Install{Manager: "apt", System: true, Verb: "upgrade", NoRecommends: noRecommends})
	case "download", "source":
		b.install(c, Install{Manager: "apt", System: true, Verb: verb, Packages: pkgs})
	case "update":
		b.update(c, "apt")
	case "remove", "purge", "autoremove", "autopurge":
		b.remove(c, Remove{
			Manager: "apt", Verb: strings.Replace(verb, "autopurge", "autoremove", 1), Packages: pkgs,
			Purge:      verb == "purge" || verb == "autopurge" || o.Has("--purge"),
			AutoRemove: auto || strings.HasPrefix(verb, "auto"),
		})
	case "clean", "autoclean":
		b.clean(c, "apt", false)
	case "distclean", "dist-clean":
		b.clean(c, "apt", true)
	}
}

// aptSuffixes takes out the packages that `install name-` removes.
func aptSuffixes(pkgs []Package) (install, removed []Package) {
	for _, p := range pkgs {
		if n, ok := strings.CutSuffix(p.Name, "-"); ok && p.Known && !p.Path {
			p.Name = n
			removed = append(removed, p)
			continue
		}
		install = append(install, p)
	}
	return install, removed
}

func dpkg(b *Book, c *shell.Command, program string, args []shell.Word) {
	o := getopt.Split(args, true)
	pkgs := packages(o.Operands, aptPackage)
	switch {
	case o.Has("-i", "--install", "--unpack"):
		for i := range pkgs {
			pkgs[i].Path = true
		}
		b.install(c, Install{Manager: "apt", System: true, Verb: "dpkg", Packages: pkgs, NoDeps: true})
	case o.Has("-r", "--remove", "-P", "--purge"):
		b.remove(c, Remove{Manager: "apt", Verb: "remove", Packages: pkgs, Purge: o.Has("-P", "--purge")})
	}
}

func gdebi(b *Book, c *shell.Command, program string, args []shell.Word) {
	b.install(c, Install{Manager: "apt", System: true, Verb: "dpkg", Packages: packages(getopt.Split(args, true).Operands, aptPackage)})
}

// installPackages is bitnami's and minideb's wrapper, which also cleans up.
func installPackages(b *Book, c *shell.Command, program string, args []shell.Word) {
	b.update(c, "apt")
	b.install(c, Install{Manager: "apt", System: true, Verb: "install", Packages: packages(getopt.Split(args, true).Operands, aptPackage), NoRecommends: true})
	b.clean(c, "apt", true)
}

func aptMark(b *Book, c *shell.Command, program string, args []shell.Word) {
	o := getopt.Split(args, true)
	verb := o.Verb()
	if verb != "auto" && verb != "manual" {
		return
	}
	m := mark{auto: verb == "auto", index: c.Index}
	for _, w := range o.Operands {
		if m.auto && (w.Text == ".*" || w.Text == "*") {
			m.all = true
		}
		if w.Known {
			n, _ := aptPackage(w.Text)
			m.names = append(m.names, n)
		}
	}
	b.marks = append(b.marks, m)
}
