package shell

import (
	"regexp"
	"strings"
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

func apt(b *builder, c *Command, program string, args []Word) {
	o := split(args, true, "-t", "--target-release", "--default-release", "-o", "--option", "-c", "--config-file", "-a", "--host-architecture", "-P", "--build-profiles")
	if o.has("-s", "--simulate", "--just-print", "--dry-run", "--recon", "--no-act") {
		return
	}
	noRecommends := o.has("--no-install-recommends", "-R", "--without-recommends")
	for _, opt := range o.all("-o", "--option") {
		k, v, _ := strings.Cut(opt.Text, "=")
		if strings.EqualFold(k, "APT::Install-Recommends") && !truthy(strings.Trim(v, `"'`)) {
			noRecommends = true
		}
	}
	auto := o.has("--auto-remove", "--autoremove")
	verb := o.verb()
	words, files := piped(c)
	pkgs := packages(append(words, o.operands...), aptPackage)
	switch verb {
	case "install", "reinstall", "satisfy":
		install, removed := aptSuffixes(pkgs)
		if len(removed) > 0 {
			b.remove(c, Remove{Manager: "apt", Verb: "remove", Packages: removed})
		}
		if len(install) == 0 && len(files) == 0 && !c.viaXargs && len(removed) == 0 && !o.has("-f", "--fix-broken") {
			// apt-get install -y $UNSET installs nothing.
			return
		}
		b.install(c, Install{Manager: "apt", System: true, Verb: "install", Packages: install, Manifests: files, NoRecommends: noRecommends, NoCache: o.has("--no-cache")})
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
			Purge:      verb == "purge" || verb == "autopurge" || o.has("--purge"),
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

func dpkg(b *builder, c *Command, program string, args []Word) {
	o := split(args, true)
	pkgs := packages(o.operands, aptPackage)
	switch {
	case o.has("-i", "--install", "--unpack"):
		for i := range pkgs {
			pkgs[i].Path = true
		}
		b.install(c, Install{Manager: "apt", System: true, Verb: "dpkg", Packages: pkgs, NoDeps: true})
	case o.has("-r", "--remove", "-P", "--purge"):
		b.remove(c, Remove{Manager: "apt", Verb: "remove", Packages: pkgs, Purge: o.has("-P", "--purge")})
	}
}

func gdebi(b *builder, c *Command, program string, args []Word) {
	b.install(c, Install{Manager: "apt", System: true, Verb: "dpkg", Packages: packages(split(args, true).operands, aptPackage)})
}

// installPackages is bitnami's and minideb's wrapper, which also cleans up.
func installPackages(b *builder, c *Command, program string, args []Word) {
	b.update(c, "apt")
	b.install(c, Install{Manager: "apt", System: true, Verb: "install", Packages: packages(split(args, true).operands, aptPackage), NoRecommends: true})
	b.clean(c, "apt", true)
}

func aptMark(b *builder, c *Command, program string, args []Word) {
	o := split(args, true)
	verb := o.verb()
	if verb != "auto" && verb != "manual" {
		return
	}
	m := mark{auto: verb == "auto", index: c.index}
	for _, w := range o.operands {
		if m.auto && (w.Text == ".*" || w.Text == "*") {
			m.all = true
		}
		if w.Known {
			n, _ := aptPackage(w.Text)
			m.names = append(m.names, n)
		}
	}
	b.e.marks = append(b.e.marks, m)
}

// apkPackage parses name[@repository][~|=|<|>version].
func apkPackage(s string) (name, version string) {
	if i := strings.IndexAny(s, "=~<>@"); i > 0 && !strings.HasPrefix(s, "$") {
		return s[:i], s[i:]
	}
	return s, ""
}

func apk(b *builder, c *Command, program string, args []Word) {
	o := split(args, true, "-t", "--virtual", "-X", "--repository", "-p", "--root", "--arch", "--keys-dir", "--repositories-file", "--cache-dir", "--wait", "--cache-max-age", "--timeout", "--progress-fd")
	verb := o.verb()
	words, files := piped(c)
	pkgs := packages(append(words, o.operands...), apkPackage)
	fresh := o.has("--no-cache", "-U", "--update", "--update-cache")
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
			Manager: "apk", System: true, Verb: "install", Packages: kept, Manifests: files, Target: o.get("-p", "--root"),
			Virtual: o.get("-t", "--virtual").Text, NoCache: o.has("--no-cache"), Refreshes: fresh,
		})
	case "upgrade":
		b.install(c, Install{Manager: "apk", System: true, Verb: "upgrade", Packages: pkgs, NoCache: o.has("--no-cache"), Refreshes: fresh})
	case "del":
		r := Remove{Manager: "apk", Verb: "remove", Packages: pkgs, Purge: o.has("--purge"), AutoRemove: true}
		for _, p := range pkgs {
			if strings.HasPrefix(p.Name, ".") {
				r.Virtual = p.Name
			}
		}
		b.remove(c, r)
	case "update":
		b.update(c, "apk")
	case "cache":
		if v := o.verb(); v == "clean" || v == "purge" || v == "rm" {
			b.clean(c, "apk", false)
		}
	}
}

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

func dnf(b *builder, c *Command, program string, args []Word) {
	o := split(args, true, "-c", "--config", "--enablerepo", "--disablerepo", "--repo", "--repoid", "--setopt", "--releasever", "-x", "--exclude", "--installroot", "--forcearch", "-d", "-e", "--disableplugin", "--enableplugin", "--rpmverbosity")
	i := Install{Manager: "dnf", System: true, Verb: "install", Target: o.get("--installroot")}
	for _, s := range o.all("--setopt") {
		k, v, _ := strings.Cut(s.Text, "=")
		if strings.HasSuffix(k, "install_weak_deps") && !truthy(v) {
			i.NoRecommends = true
		}
	}
	verb := o.verb()
	if verb == "group" || verb == "groups" || verb == "module" {
		verb += o.verb()
	}
	words, files := piped(c)
	i.Packages, i.Manifests = packages(append(words, o.operands...), rpmPackage), files
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
		if v := o.verb(); v == "undo" || v == "rollback" {
			b.remove(c, Remove{Manager: "dnf", Verb: "undo"})
		}
	case "makecache", "check-update":
		b.update(c, "dnf")
	case "clean":
		b.clean(c, "dnf", false)
	}
}

func rpm(b *builder, c *Command, program string, args []Word) {
	o := split(args, true, "--root", "-r", "--prefix", "--dbpath")
	pkgs := packages(o.operands, rpmPackage)
	switch {
	case o.has("-q", "--query", "-V", "--verify", "--import", "-K", "--eval", "-E"):
	case o.has("-i", "-U", "-F", "--install", "--upgrade", "--freshen"):
		for i := range pkgs {
			pkgs[i].Path = true
		}
		b.install(c, Install{Manager: "dnf", System: true, Verb: "rpm", Packages: pkgs, NoDeps: o.has("--nodeps")})
	case o.has("-e", "--erase"):
		b.remove(c, Remove{Manager: "dnf", Verb: "remove", Packages: pkgs})
	}
}

func zypper(b *builder, c *Command, program string, args []Word) {
	o := split(args, true, "-r", "--repo", "--root", "-R", "-t", "--type", "-D", "--reposd-dir", "-c", "--config", "--from")
	verb := o.verb()
	pkgs := packages(o.operands, apkPackage)
	switch verb {
	case "in", "install", "source-install", "si":
		b.install(c, Install{Manager: "zypper", System: true, Verb: "install", Packages: pkgs, NoRecommends: o.has("--no-recommends")})
	case "up", "update", "dup", "dist-upgrade", "patch":
		b.install(c, Install{Manager: "zypper", System: true, Verb: "upgrade", Packages: pkgs})
	case "rm", "remove":
		b.remove(c, Remove{Manager: "zypper", Verb: "remove", Packages: pkgs, AutoRemove: o.has("-u", "--clean-deps")})
	case "ref", "refresh":
		b.update(c, "zypper")
	case "cc", "clean":
		b.clean(c, "zypper", false)
	}
}

func pacman(b *builder, c *Command, program string, args []Word) {
	o := split(args, true, "--root", "--dbpath", "--cachedir", "--config", "--overwrite", "--ignore")
	pkgs := packages(o.operands, apkPackage)
	switch {
	case o.has("-S", "--sync"):
		if o.has("-c", "--clean") {
			b.clean(c, "pacman", false)
			return
		}
		if o.has("-y", "--refresh") {
			b.update(c, "pacman")
		}
		if len(pkgs) > 0 {
			b.install(c, Install{Manager: "pacman", System: true, Verb: "install", Packages: pkgs, NoRecommends: true, Refreshes: o.has("-y")})
		} else if o.has("-u") {
			b.install(c, Install{Manager: "pacman", System: true, Verb: "upgrade", Refreshes: o.has("-y")})
		}
	case o.has("-U", "--upgrade"):
		b.install(c, Install{Manager: "pacman", System: true, Verb: "install", Packages: pkgs})
	case o.has("-R", "--remove"):
		b.remove(c, Remove{Manager: "pacman", Verb: "remove", Packages: pkgs, AutoRemove: o.has("-s", "--recursive")})
	}
}

func emerge(b *builder, c *Command, program string, args []Word) {
	o := split(args, true, "--jobs", "-j", "--load-average")
	pkgs := packages(o.operands, apkPackage)
	switch {
	case o.has("--sync"):
		b.update(c, "emerge")
	case o.has("-C", "--unmerge", "-c", "--depclean"):
		b.remove(c, Remove{Manager: "emerge", Verb: "remove", Packages: pkgs})
	case len(pkgs) > 0:
		b.install(c, Install{Manager: "emerge", System: true, Verb: "install", Packages: pkgs})
	}
}

func brew(b *builder, c *Command, program string, args []Word) {
	o := split(args, true)
	verb := o.verb()
	pkgs := packages(o.operands, func(s string) (string, string) { return s, "" })
	switch verb {
	case "install", "reinstall":
		b.install(c, Install{Manager: "brew", System: true, Verb: "install", Packages: pkgs})
	case "uninstall", "remove", "rm":
		b.remove(c, Remove{Manager: "brew", Verb: "remove", Packages: pkgs})
	case "update":
		b.update(c, "brew")
	case "cleanup":
		b.clean(c, "brew", false)
	}
}
