package source

import (
	"path"
	"strings"

	"github.com/dockworthy/dockworthy/internal/knowledge"
)

// Exports tells whether the target is a set of files rather than something to
// run: it stands on scratch with neither ENTRYPOINT nor CMD, as for
// `docker build --output`. User, command and health mean nothing there.
func (b *Build) Exports() bool {
	f := b.Target.Final
	return b.Base().Scratch && f.Entrypoint == nil && f.Cmd == nil && f.User == nil && len(f.Ports) == 0 && !b.equips()
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
