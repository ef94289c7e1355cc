package recipe

import (
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/stack"
)

// Sources is what the project in a build's context is, by its files; nil where that cannot
// be told, or where nobody wants edits, for which alone they are read.
func Sources(b *source.Build) *stack.Stack {
	if b.Context == nil || !b.Mending() {
		return nil
	}
	s, _ := b.Lasting("what "+b.Context.Root+" is", func() any {
		s, err := stack.Detect(b.Context.FS(), stack.Options{})
		if err != nil {
			return (*stack.Stack)(nil) // it is told where it is asked for by name
		}
		return s
	}).(*stack.Stack)
	return s
}
