package shell

import (
	"github.com/dockworthy/dockworthy/text"
)

// Effects are what a program does to package databases, users and files, in
// the order of its commands. Commands that never run are left out.
type Effects struct {
	Installs    []Install
	Removes     []Remove
	Updates     []Update
	Cleans      []Clean
	Users       []User
	Groups      []Group
	Memberships []Membership
	Deleted     []Deleted
	Files       []FileEffect
	Fetches     []Fetch

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
	Manifests []Word // files that name the packages: -r, -c, -f, Gemfile, …
	Virtual   string // apk's --virtual NAME

	NoRecommends bool // without recommended packages
	NoCache      bool // keeps no download cache
	Refreshes    bool // reads the package lists anew: apk add -U, --no-cache
	Editable     bool // the project itself, linked rather than copied
	NoDeps       bool // without dependencies
	NoProject    bool // the dependencies but not the project itself
	OmitDev      bool // without development dependencies
	OnlyDev      bool // nothing but development dependencies
	Frozen       bool // exactly what the lock file says
	Offline      bool // without the network
	Global       bool // npm -g, composer global, …
	User         bool // pip --user
	OnlyBinary   bool // no package is built from source
	Target       Word // where it goes: --target, --prefix, --python, --root; zero is the default

	Command *Command
	When    When
}

// Package is one package as it is named on a command line.
type Package struct {
	Name    string // without version, extras, architecture
	Version string // what follows the name with its operator: "=1.2", "==3", "@18", ">=2"; "" is any
	Known   bool   // the name is certain
	Path    bool   // a file, a folder or a URL rather than a name
	Span    text.Span
	Word    Word
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
	Command    *Command
	When       When
}

// Update reads a distribution's package lists anew.
type Update struct {
	Manager string
	Command *Command
	When    When
}

// Clean empties a package manager's cache or takes its lists away.
type Clean struct {
	Manager string
	Lists   bool // the package lists; else the cache
	Command *Command
	When    When
}

// User is a user account that is made or changed.
type User struct {
	Name         string
	UID          string // as written; "" lets the tool choose
	Group        string // the primary group, by name or number; "" is the tool's choice
	MakesGroup   bool   // a group of the user's name is made too
	System       bool
	NoCreateHome bool
	Home, Shell  string   // "" is the tool's default
	Groups       []string // supplementary groups
	Known        bool     // Name and UID are certain
	Tool         string   // useradd, adduser, usermod or passwd-line
	File         Word     // passwd-line: the file that the line is written to
	Span         text.Span
	Command      *Command
	When         When
}

// Group is a group that is made.
type Group struct {
	Name    string
	GID     string // as written; "" lets the tool choose
	System  bool
	Known   bool
	Span    text.Span
	Command *Command
	When    When
}

// Membership puts a user into a supplementary group.
type Membership struct {
	User, Group string
	Span        text.Span
	Command     *Command
	When        When
}

// Deleted is a user or group that is taken away.
type Deleted struct {
	Name    string
	Group   bool
	Command *Command
	When    When
}

// FileKind says what happens to a file.
type FileKind uint8

// The kinds of FileEffect.
const (
	Write  FileKind = iota // made or written
	Delete                 // taken away
	Mkdir                  // a directory is made
	Chmod                  // its mode changes
	Chown                  // its owner or group changes
	Unpack                 // an archive is unpacked into it
	Venv                   // a Python virtual environment is made there
)

// FileEffect is a change to files.
type FileEffect struct {
	Kind FileKind
	// Paths are the files, with the working directory put before relative
	// ones where it is known. Globs are not expanded.
	Paths   []Word
	Sources []Word // where they come from: cp, mv, ln, install; the archive
	// Mode is chmod's mode, or that of mkdir -m and install -m.
	Mode string
	// Owner and Group are chown's, as written; "" leaves it as it is.
	Owner, Group string
	Recursive    bool
	Append       bool
	Partial      bool // only what find selects below Paths
	Link         bool // ln
	Move         bool // mv: the sources go away
	Command      *Command
	When         When
}

// Fetch is a download.
type Fetch struct {
	Tool    string // curl, wget, git, …
	URL     Word   // zero where the tool knows it: git pull
	To      Word   // the file or folder; zero is standard output or the tool's choice
	Command *Command
	When    When
}

// mark is apt-mark auto or manual, kept for Kept.
type mark struct {
	auto, all bool
	names     []string
	index     int
}

// Effects are what the program does to package databases, users and files.
// They are computed once.
func (s *Script) Effects() *Effects {
	s.once.Do(func() {
		b := &builder{e: &Effects{}}
		for _, c := range s.Commands {
			if c.When != Never {
				b.command(c)
			}
		}
		s.effects = b.e
	})
	return s.effects
}

// builder goes through the commands and notes their effects.
type builder struct {
	e *Effects
	// What bundle config and npm config said for the commands that follow.
	bundleWithout, bundleFrozen, npmOmit bool
}

// tool notes the effects of one program.
type tool func(b *builder, c *Command, program string, args []Word)

// tools are the programs whose effects are known.
var tools = map[string]tool{
	"apt-get": apt, "apt": apt, "aptitude": apt, "apt-fast": apt, "dpkg": dpkg, "apt-mark": aptMark, "install_packages": installPackages, "gdebi": gdebi,
	"apk": apk,
	"dnf": dnf, "yum": dnf, "microdnf": dnf, "tdnf": dnf, "dnf5": dnf, "rpm": rpm,
	"zypper": zypper, "pacman": pacman, "emerge": emerge, "brew": brew,

	"pip": pip, "pip3": pip, "pip2": pip, "pip-sync": pipSync, "pipx": pipx, "easy_install": easyInstall,
	"uv": uv, "poetry": poetry, "pipenv": pipenv, "pdm": pdm, "flit": flit,
	"conda": conda, "mamba": conda, "micromamba": conda,

	"npm": npm, "yarn": yarn, "yarnpkg": yarn, "pnpm": pnpm, "bun": bun, "deno": deno,

	"gem": gem, "bundle": bundle, "bundler": bundle, "go": goTool, "cargo": cargo, "composer": composer, "composer.phar": composer,
	"mvn": maven, "mvnw": maven, "gradle": gradle, "gradlew": gradle, "dotnet": dotnet, "nuget": nuget,
	"mix": mix, "cpan": cpan, "cpanm": cpan, "carton": carton, "install2.r": install2R, "Rscript": rscript, "R": rscript,
	"luarocks": luarocks, "stack": stack, "cabal": cabal, "dart": pub, "flutter": pub, "pub": pub, "swift": swift, "opam": opam,

	"useradd": useradd, "adduser": adduser, "usermod": usermod, "groupadd": groupadd, "addgroup": addgroup, "gpasswd": gpasswd,
	"userdel": deluser, "deluser": deluser, "groupdel": delgroup, "delgroup": delgroup,

	"rm": remove, "rmdir": remove, "unlink": remove, "shred": remove, "find": find,
	"chmod": chmod, "chown": chown, "chgrp": chown, "mkdir": mkdir, "install": install, "touch": touch, "tee": tee, "dd": dd,
	"cp": copyFiles, "mv": copyFiles, "ln": copyFiles, "sed": sed, "tar": untar, "bsdtar": untar, "unzip": unzip, "virtualenv": virtualenv,

	"curl": curl, "wget": wget, "git": git, "aria2c": aria,
}

func (b *builder) command(c *Command) {
	b.redirects(c)
	if len(c.Words) == 0 {
		return
	}
	program, args := c.Underlying()
	if t, ok := tools[program]; ok {
		t(b, c, program, args)
		return
	}
	switch {
	case len(program) > 3 && program[:3] == "pip" && program[3] >= '0' && program[3] <= '9': // pip3.12
		pip(b, c, "pip", args)
	case isPython(program):
		python(b, c, program, args)
	}
}

// install notes an Install.
func (b *builder) install(c *Command, i Install) {
	i.Command, i.When = c, c.When
	b.e.Installs = append(b.e.Installs, i)
}

func (b *builder) remove(c *Command, r Remove) {
	r.Command, r.When = c, c.When
	b.e.Removes = append(b.e.Removes, r)
}

func (b *builder) update(c *Command, manager string) {
	b.e.Updates = append(b.e.Updates, Update{Manager: manager, Command: c, When: c.When})
}

func (b *builder) clean(c *Command, manager string, lists bool) {
	b.e.Cleans = append(b.e.Cleans, Clean{Manager: manager, Lists: lists, Command: c, When: c.When})
}
