package packages

import (
	"regexp"
	"strings"

	"github.com/dockworthy/dockworthy/internal/getopt"
	"github.com/dockworthy/dockworthy/internal/shell"
)

// rpmVersion matches name-1.2.3-4: a number with a dot after the last name.
var rpmVersion = regexp.MustCompile(`^(.+?)-(\d+:)?(\d+\.[\w.+~^]*(-[\w.+~^]+)?)$`)

// rpmPackage parses name[-version[-release]][.arch].
func rpmPackage(s string) (name, version string) {
	for _, arch := range []string{".x86_64", ".aarch64", ".noarch", ".i686", ".ppc64le", ".s390x"} {
		if t, ok := strings.CutSuffix(s, arch); ok {
			s = t
			break
		}
	}
	if m := rpmVersion.FindStringSubmatch(s); m != nil {
		return m[1], s[len(m[1]):]
	}
	return s, ""
}

func dnf(b *Book, c *shell.Command, program string, args []shell.Word) {
	o := getopt.Split(args, true, "-c", "--config", "--enablerepo", "--disablerepo", "--repo", "--repoid", "--setopt", "--releasever", "-x", "--exclude", "--installroot", "--forcearch", "-d", "-e", "--disableplugin", "--enableplugin", "--rpmverbosity")
	i := Install{Manager: "dnf", System: true, Verb: "install", Target: o.Get("--installroot")}
	for _, s := range o.All("--setopt") {
		k, v, _ := strings.Cut(s.Text, "=")
		if strings.HasSuffix(k, "install_weak_deps") && !truthy(v) {
			i.NoRecommends = true
		}
	}
	verb := o.Verb()
	if verb == "group" || verb == "groups" || verb == "module" {
		verb += o.Verb()
	}
	words, files := piped(c)
	i.Packages, i.Manifests = packages(append(words, o.Operands...), rpmPackage), files
	switch verb {
	case "install", "in", "localinstall", "reinstall", "downgrade", "install-n", "install-nevra", "groupinstall", "groupsinstall", "moduleinstall", "swap":
		if strings.HasPrefix(verb, "group") {
			for n := range i.Packages {
				if !strings.HasPrefix(i.Packages[n].Name, "@") {
					i.Packages[n].Name = "@" + i.Packages[n].Name
				}
			}
		}
		if verb == "swap" && len(i.Packages) > 1 {
			b.remove(c, Remove{Manager: "dnf", Verb: "remove", Packages: i.Packages[:1]})
			i.Packages = i.Packages[1:]
		}
		b.install(c, i)
	case "builddep", "build-dep":
		i.Verb = "build-dep"
		b.install(c, i)
	case "update", "upgrade", "distro-sync", "dist-upgrade", "update-minimal", "upgrade-minimal", "up":
		i.Verb = "upgrade"
		b.install(c, i)
	case "remove", "erase", "rm", "autoremove", "groupremove", "groupsremove", "moduleremove":
		b.remove(c, Remove{Manager: "dnf", Verb: "remove", Packages: i.Packages, AutoRemove: true})
	case "history":
		if v := o.Verb(); v == "undo" || v == "rollback" {
			b.remove(c, Remove{Manager: "dnf", Verb: "undo"})
		}
	case "makecache", "check-update":
		b.update(c, "dnf")
	case "clean":
		b.clean(c, "dnf", false)
	}
}

func rpm(b *Book, c *shell.Command, program string, args []shell.Word) {
	o := getopt.Split(args, true, "--root", "-r", "--prefix", "--dbpath")
	pkgs := packages(o.Operands, rpmPackage)
	switch {
	case o.Has("-q", "--query", "-V", "--verify", "--import", "-K", "--eval", "-E"):
	case o.Has("-i", "-U", "-F", "--install", "--upgrade", "--freshen"):
		for i := range pkgs {
			pkgs[i].Path = true
		}
		b.install(c, Install{Manager: "dnf", System: true, Verb: "rpm", Packages: pkgs, NoDeps: o.Has("--nodeps")})
	case o.Has("-e", "--erase"):
		b.remove(c, Remove{Manager: "dnf", Verb: "remove", Packages: pkgs})
	}
}
