// Package effects tells what a shell program leaves behind: packages that it
// installs and removes, users and groups that it makes, files that it writes,
// deletes and hands over, and what it downloads. It reads commands that the shell
// package has understood, and asks the packages package for what package managers
// do.
package effects

import (
	"github.com/dockworthy/dockworthy/internal/packages"
	"github.com/dockworthy/dockworthy/internal/shell"
)

// Effects are what a program does to package databases, users and files, in
// the order of its commands. Commands that never run are left out.
type Effects struct {
	packages.Changes
	Users       []User
	Groups      []Group
	Memberships []Membership
	Deleted     []Deleted
	Files       []File
	Fetches     []Fetch
}

// Of are the effects of a program. They are never nil.
func Of(s *shell.Script) *Effects {
	b := &book{e: &Effects{}}
	for _, c := range s.Commands {
		if c.When != shell.Never {
			b.note(c)
		}
	}
	b.e.Changes = b.packages.Changes
	return b.e
}

// Kept are the installs of which something is left when the program ends; see
// packages.Changes. nil Effects keep nothing.
func (e *Effects) Kept() []packages.Install {
	if e == nil {
		return nil
	}
	return e.Changes.Kept()
}

// A book notes the effects of commands, one after the other.
type book struct {
	e        *Effects
	packages packages.Book
}

func (b *book) note(c *shell.Command) {
	b.redirects(c)
	if len(c.Words) == 0 {
		return
	}
	program, args := c.Underlying()
	if t, ok := tools[program]; ok {
		t(b, c, program, args)
		return
	}
	b.packages.Note(c, program, args)
	b.file(c, File{Kind: Venv, Paths: packages.Environments(program, args)})
}

// A tool notes the effects of one program.
type tool func(b *book, c *shell.Command, program string, args []shell.Word)

// tools are the programs whose effects are known. What package managers do is
// the packages package's.
var tools = map[string]tool{
	"useradd": useradd, "adduser": adduser, "usermod": usermod, "groupadd": groupadd, "addgroup": addgroup, "gpasswd": gpasswd,
	"userdel": deluser, "deluser": deluser, "groupmod": groupmod, "groupdel": delgroup, "delgroup": delgroup,

	"rm": remove, "rmdir": remove, "unlink": remove, "shred": remove, "find": find,
	"chmod": chmod, "chown": chown, "chgrp": chown, "mkdir": mkdir, "install": install, "touch": touch, "tee": tee, "dd": dd,
	"cp": copyFiles, "mv": copyFiles, "ln": copyFiles, "sed": sed, "tar": untar, "bsdtar": untar, "unzip": unzip,

	"curl": curl, "wget": wget, "git": git, "aria2c": aria,
}
