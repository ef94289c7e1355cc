package packages

import (
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/text"
)

// Changes are what a program does to package databases, in the order of its
// commands. The zero Changes are none.
type Changes struct {
	Installs []Install
	Removes  []Remove
	Updates  []Update
	Cleans   []Clean

	marks []mark
}

// Install is one use of a package manager that adds packages.
type Install struct {
	// Manager is the manager's family: apt, apk, dnf (also yum, microdnf and
	// tdnf), zypper, pacman, emerge, brew; pip, uv, poetry, pipenv, pdm, conda,
	// npm, yarn, pnpm, bun, gem, bundle, go, cargo, composer, maven, gradle,
	// nuget, mix, cpan, R, luarocks, stack, cabal, pub, swift, deno, opam.
	Manager string
	// System tells that it is the distribution's package manager.
	System bool
	// Verb is what is done, in one spelling per manager: install, ci, add,
	// sync, restore, download, fetch, upgrade, build-dep, go-offline, …
	Verb      string
	Packages  []Package
	Manifests []shell.Word // files that name the packages: -r, -c, -f, Gemfile, …
	Virtual   string       // apk's --virtual NAME

	NoRecommends bool       // without recommended packages
	NoCache      bool       // keeps no download cache
	Refreshes    bool       // reads the package lists anew: apk add -U, --no-cache
	Editable     bool       // the project itself, linked rather than copied
	NoDeps       bool       // without dependencies
	NoProject    bool       // the dependencies but not the project itself
	OmitDev      bool       // without development dependencies
	OnlyDev      bool       // nothing but development dependencies
	Frozen       bool       // exactly what the lock file says
	Offline      bool       // without the network
	Global       bool       // npm -g, composer global, …
	User         bool       // pip --user
	OnlyBinary   bool       // no package is built from source
	Target       shell.Word // where it goes: --target, --prefix, --python, --root; zero is the default

	Command *shell.Command
	When    shell.When
}

// Package is one package as it is named on a command line.
type Package struct {
	Name    string // without version, extras, architecture
	Version string // what follows the name with its operator: "=1.2", "==3", "@18", ">=2"; "" is any
	Known   bool   // the name is certain
	Path    bool   // a file, a folder or a URL rather than a name
	Span    text.Span
	Word    shell.Word
}

// Remove is one use of a package manager that takes packages away.
type Remove struct {
	Manager    string
	Verb       string // remove, purge, autoremove, prune, undo
	Packages   []Package
	Virtual    string // the apk group when a name begins with a dot
	Purge      bool
	AutoRemove bool // packages that nothing needs go too
	OmitDev    bool // development dependencies go: npm prune --omit=dev
	Command    *shell.Command
	When       shell.When
}

// Update reads a distribution's package lists anew.
type Update struct {
	Manager string
	Command *shell.Command
	When    shell.When
}

// Clean empties a package manager's cache or takes its lists away.
type Clean struct {
	Manager string
	Lists   bool // the package lists; else the cache
	Command *shell.Command
	When    shell.When
}

// mark is apt-mark auto or manual, kept for Kept.
type mark struct {
	auto, all bool
	names     []string
	index     int
}
