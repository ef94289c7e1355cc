package secrets

import (
	"fmt"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/recipe"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/text"
)

// mounted makes a secret mount of a build argument, unless a RUN would write what it mounts
// into a layer all the same.
func mounted(b *source.Build, name string) recipe.Advice {
	var forgotten []text.Edit
	for _, stage := range b.Stages {
		for _, s := range stage.Steps {
			run := s.Run()
			if run == nil || run.Script == nil || !strings.Contains(b.Text().Text(s.Span), name) {
				continue
			}
			with := *run
			with.Mounts = append(with.Mounts[:len(with.Mounts):len(with.Mounts)], source.Mount{Type: "secret", ID: name, Env: name})
			list := misuses(b, &with)
			for _, m := range list[min(len(list), len(misuses(b, run))):] {
				if m.file == "" {
					return recipe.Advice{Unfixed: stays(b, m)}
				}
				e, why := recipe.Forget(b, s, m.file)
				if why != "" {
					return recipe.Advice{Unfixed: why}
				}
				forgotten = append(forgotten, e)
			}
		}
	}
	return with(b, recipe.Mount(b, name), forgotten...)
}

// with adds edits to what an advice does.
func with(b *source.Build, a recipe.Advice, edits ...text.Edit) recipe.Advice {
	for i := range a.Fixes {
		for _, e := range edits {
			a.Fixes[i].Edits = append(a.Fixes[i].Edits, check.Edit{File: b.Text(), Edit: e})
		}
	}
	return a
}

// mountedLiteral puts a secret mount in the place of a value in a RUN, unless the RUN writes
// it into a layer.
func mountedLiteral(b *source.Build, s *source.Step, l leak, called *mountNames) recipe.Advice {
	name := l.name
	var forgotten []text.Edit
	if run := s.Run(); run != nil && run.Script != nil {
		for _, c := range run.Commands() {
			if program, _ := c.Underlying(); name == "" && c.Span.Contains(l.hide) {
				name = program + "_secret"
			}
			if p := c.Program(); !c.Span.Contains(l.hide) || !knowledge.Filters.Has(p) && knowledge.SettingsFile(p) == "" {
				continue // what it writes is not what it was told
			}
			if m, ok := judgeMisuse(run, c); ok {
				m.command = c
				if m.file == "" {
					return recipe.Advice{Unfixed: stays(b, m)}
				}
				e, why := recipe.Forget(b, s, m.file)
				if why != "" {
					return recipe.Advice{Unfixed: why}
				}
				forgotten = append(forgotten, e)
			}
		}
	}
	return with(b, recipe.MountLiteral(b, s, l.hide, called.of(name, b.Text().Text(l.hide))), forgotten...)
}

// mountNames are the variables that secret mounts of a build's file get, with the values that
// they take the place of: two values have two names. They are asked for only where there is
// something to mend.
type mountNames struct {
	b     *source.Build
	taken map[string]string // nil = not asked for yet; the value is "" for one that is mounted already
}

// of is the variable for a value that is called so.
func (m *mountNames) of(name, value string) string {
	if m.taken == nil {
		m.taken = map[string]string{}
		eachStep(m.b, func(s *source.Step) {
			if run := s.Run(); run != nil {
				for _, mount := range run.Mounts {
					if mount.Env != "" {
						m.taken[mount.Env] = "" // no value in the file is empty
					}
				}
			}
		})
	}
	name = recipe.Variable(name)
	if name == "" {
		name = "BUILD_SECRET"
	}
	for n, stem := 2, name; ; n++ {
		if old, ok := m.taken[name]; !ok || old == value {
			m.taken[name] = value
			return name
		}
		name = fmt.Sprintf("%s_%d", stem, n)
	}
}

// stays says why a mount would not do.
func stays(b *source.Build, m misuse) string {
	return fmt.Sprintf("line %d prints it", b.Text().Position(m.command.Span.Start).Line)
}
