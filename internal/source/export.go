package source

import (
	"path"
	"strings"

	"github.com/dockworthy/dockworthy/internal/knowledge"
)

// Exports tells whether the target is a set of files rather than something to
// run: it stands on scratch with neither ENTRYPOINT nor CMD, as for
// `docker build --output`, or other Dockerfiles do nothing but copy from it, or what
// builds it takes its files alone. User, command and health mean nothing there.
func (b *Build) Exports() bool {
	if b.outcome != keeps {
		return true
	}
	f := b.Target.Final
	if f.Entrypoint != nil || f.Cmd != nil || f.User != nil || len(f.Ports) > 0 {
		return false
	}
	return b.Base().Scratch && !b.equips() || b.Lent() != ""
}

// Lent is another Dockerfile of the project that has what the target makes as a named
// context, where none stands on it and it starts nothing: a builder in a file of its own.
func (b *Build) Lent() string {
	f := b.Target.Final
	if b.project == nil || f.Entrypoint != nil || f.Cmd != nil || f.User != nil || len(f.Ports) > 0 {
		return ""
	}
	uses := b.project.lends[b.Path]
	if len(uses) == 0 {
		return ""
	}
	from := b.project.users()
	for _, u := range uses {
		b.files.trace.ask(aboutFroms, familiar(u.image))
		for _, user := range from.users[familiar(u.image)] {
			if user == u.file {
				return ""
			}
		}
	}
	return uses[0].file
}

// equips tells whether the target gets what only a container needs that runs:
// programs in the folders of PATH, accounts, certificates, settings.
func (b *Build) equips() bool {
	for step := range b.Steps() {
		switch step.Keyword {
		case "ENV", "VOLUME", "HEALTHCHECK", "STOPSIGNAL":
			return true
		}
		c := step.Copy
		if c == nil {
			continue
		}
		target := path.Clean("/" + c.Target)
		dir := target
		if !strings.HasSuffix(c.Target, "/") {
			dir = path.Dir(target)
		}
		if knowledge.ProgramFolders.Has(dir) || knowledge.SystemProgramFolders.Has(dir) || target == "/etc/passwd" || strings.HasPrefix(target+"/", "/etc/ssl/certs/") {
			return true
		}
	}
	return false
}
