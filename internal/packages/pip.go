package packages

import (
	"github.com/dockworthy/dockworthy/internal/getopt"
	"github.com/dockworthy/dockworthy/internal/shell"
)

// pipOptions are those of pip, and of uv pip, that take a value.
var pipOptions = []string{
	"-r", "--requirement", "--requirements", "-c", "--constraint", "--constraints", "--override", "-e", "--editable", "-t", "--target", "--prefix", "--root", "--src",
	"-i", "--index-url", "--extra-index-url", "--index", "--default-index", "-f", "--find-links", "--no-binary", "--only-binary", "--platform", "--python-version", "--python-platform",
	"--implementation", "--abi", "--cache-dir", "--progress-bar", "--trusted-host", "--proxy", "--timeout", "--retries", "--python", "-p", "-C", "--config-settings", "--config-setting",
	"--global-option", "--install-option", "--build-option", "--log", "--cert", "--client-cert", "--exists-action", "--report", "--root-user-action", "--use-feature", "--use-deprecated",
	"--upgrade-strategy", "--group", "-b", "--build-constraint", "-d", "--dest", "-w", "--wheel-dir", "--extra", "--resolution", "--prerelease", "--index-strategy", "--keyring-provider",
	"-P", "--upgrade-package", "--reinstall-package", "--link-mode", "--exclude-newer", "--directory", "--project", "--config-file", "--torch-backend", "--allow-insecure-host",
}

func pip(b *Book, c *shell.Command, program string, args []shell.Word) {
	o := getopt.Split(args, true, pipOptions...)
	verb := o.Verb()
	switch verb {
	case "install", "download", "wheel":
		b.install(c, pipInstall(c, o, "pip", verb))
	case "sync":
		i := pipInstall(c, o, "pip", "sync")
		i.Manifests, i.Packages = o.Operands, nil
		b.install(c, i)
	case "uninstall":
		b.remove(c, Remove{Manager: "pip", Verb: "remove", Packages: packages(o.Operands, pythonPackage)})
	case "cache":
		if v := o.Verb(); v == "purge" || v == "remove" {
			b.clean(c, "pip", false)
		}
	}
}

func pipInstall(c *shell.Command, o getopt.Options, manager, verb string) Install {
	words, files := piped(c)
	i := Install{
		Manager: manager, Verb: verb,
		Packages:   packages(append(words, o.Operands...), pythonPackage),
		Manifests:  append(o.All("-r", "--requirement", "--requirements", "-c", "--constraint", "--constraints", "--build-constraint"), files...),
		NoCache:    o.Has("--no-cache-dir", "--no-cache") || noCacheDir(c),
		NoDeps:     o.Has("--no-deps", "--no-dependencies"),
		Frozen:     o.Has("--require-hashes") || on(c, "PIP_REQUIRE_HASHES"),
		Offline:    o.Has("--no-index", "--offline"),
		User:       o.Has("--user"),
		OnlyBinary: o.Get("--only-binary").Text == ":all:" || o.Has("--no-build"),
		Target:     o.Get("-t", "--target", "--prefix", "--python", "--root"),
	}
	if v := o.Get("-p"); manager == "uv" && v.Text != "" {
		i.Target = v
	}
	if v := o.Get("-d", "--dest", "-w", "--wheel-dir"); verb != "install" && v.Text != "" {
		i.Target = v
	}
	for _, e := range o.All("-e", "--editable") {
		i.Editable = true
		p := packages([]shell.Word{e}, pythonPackage)[0]
		p.Path = true
		i.Packages = append(i.Packages, p)
	}
	i.Manifests = append(i.Manifests, o.All("--group")...) // a group, or path:group
	return i
}

// noCacheDir: pip reads any value of PIP_NO_CACHE_DIR as yes, but for an old
// mishap of false, which it mends.
func noCacheDir(c *shell.Command) bool {
	v, ok := c.Setting("PIP_NO_CACHE_DIR")
	return ok && v != ""
}

func pipSync(b *Book, c *shell.Command, program string, args []shell.Word) {
	o := getopt.Split(args, true, pipOptions...)
	i := pipInstall(c, o, "pip", "sync")
	i.Manifests, i.Packages = o.Operands, nil
	if len(i.Manifests) == 0 {
		i.Manifests = []shell.Word{{Text: "requirements.txt", Known: true, Span: c.Span}}
	}
	b.install(c, i)
}

func pipx(b *Book, c *shell.Command, program string, args []shell.Word) {
	o := getopt.Split(args, true, "--python", "--pip-args", "--spec", "--suffix", "-i", "--index-url")
	switch o.Verb() {
	case "install", "inject":
		b.install(c, Install{Manager: "pip", Verb: "install", Packages: packages(o.Operands, pythonPackage), Global: true})
	}
}

func easyInstall(b *Book, c *shell.Command, program string, args []shell.Word) {
	b.install(c, Install{Manager: "pip", Verb: "install", Packages: packages(getopt.Split(args, true).Operands, pythonPackage)})
}
