package source

// Exports tells whether the target is a set of files rather than something to
// run: it stands on scratch with neither ENTRYPOINT nor CMD, as for
// `docker build --output`. User, command and health mean nothing there.
func (b *Build) Exports() bool {
	f := b.Target.Final
	return b.Base().Scratch && f.Entrypoint == nil && f.Cmd == nil && f.User == nil && len(f.Ports) == 0
}
