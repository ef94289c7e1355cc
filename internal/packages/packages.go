// Package packages tells what package managers and build tools do when a shell
// runs them: apt, apk, dnf and their kin, pip, npm, cargo, mvn and those of other
// languages. It reads commands that the shell package has understood; it runs
// nothing, and what it does not know of a program it leaves out.
package packages

import (
	"github.com/dockworthy/dockworthy/internal/shell"
)

// A Book notes, command by command, what a program does to package databases.
// The zero Book is empty.
type Book struct {
	Changes
	// What bundle config and npm config said for the commands that follow.
	bundleWithout, bundleFrozen, npmOmit bool
}

// Note notes what a command does. program and args are what it really runs, as
// its Underlying says.
func (b *Book) Note(c *shell.Command, program string, args []shell.Word) {
	if t, ok := tools[program]; ok {
		t(b, c, program, args)
		return
	}
	switch {
	case len(program) > 3 && program[:3] == "pip" && program[3] >= '0' && program[3] <= '9': // pip3.12
		pip(b, c, "pip", args)
	case shell.IsPython(program):
		python(b, c, program, args)
	}
}

// A tool notes what one program does.
type tool func(b *Book, c *shell.Command, program string, args []shell.Word)

// tools are the programs that are known.
var tools = map[string]tool{
	"apt-get": apt, "apt": apt, "aptitude": apt, "apt-fast": apt, "dpkg": dpkg, "apt-mark": aptMark, "install_packages": installPackages, "gdebi": gdebi,
	"apk": apk,
	"dnf": dnf, "yum": dnf, "microdnf": dnf, "tdnf": dnf, "dnf5": dnf, "rpm": rpm,
	"zypper": zypper, "pacman": pacman, "emerge": emerge, "brew": brew,

	"pip": pip, "pip3": pip, "pip2": pip, "pip-sync": pipSync, "pipx": pipx, "easy_install": easyInstall,
	"uv": uv, "poetry": poetry, "pipenv": pipenv, "pdm": pdm, "flit": flit,
	"conda": conda, "mamba": conda, "micromamba": conda,

	"npm": npm, "yarn": yarn, "yarnpkg": yarn, "pnpm": pnpm, "bun": bun, "deno": deno,

	"gem": gem, "bundle": bundle, "bundler": bundle, "go": goTool, "cargo": cargo, "composer": composer, "composer.phar": composer, "php": php,
	"mvn": maven, "mvnw": maven, "gradle": gradle, "gradlew": gradle, "dotnet": dotnet, "nuget": nuget,
	"mix": mix, "cpan": cpan, "cpanm": cpan, "carton": carton, "install2.r": install2R, "Rscript": rscript, "R": rscript,
	"luarocks": luarocks, "stack": stack, "cabal": cabal, "dart": pub, "flutter": pub, "pub": pub, "swift": swift, "opam": opam,
}

// install notes an Install.
func (b *Book) install(c *shell.Command, i Install) {
	i.Command, i.When = c, c.When
	b.Installs = append(b.Installs, i)
}

func (b *Book) remove(c *shell.Command, r Remove) {
	r.Command, r.When = c, c.When
	b.Removes = append(b.Removes, r)
}

func (b *Book) update(c *shell.Command, manager string) {
	b.Updates = append(b.Updates, Update{Manager: manager, Command: c, When: c.When})
}

func (b *Book) clean(c *shell.Command, manager string, lists bool) {
	b.Cleans = append(b.Cleans, Clean{Manager: manager, Lists: lists, Command: c, When: c.When})
}
