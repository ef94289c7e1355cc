package secrets

import (
	"fmt"
	"strings"

	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/recipe"
	"github.com/dockworthy/dockworthy/internal/source"
)

// mounted makes a secret mount of a build argument, unless a RUN would write what it mounts
// into a layer all the same.
func mounted(b *source.Build, name string) recipe.Advice {
	for _, stage := range b.Stages {
		for _, s := range stage.Steps {
			run := s.Run()
			if run == nil || run.Script == nil || !strings.Contains(b.Text().Text(s.Span), name) {
				continue
			}
			with := *run
			with.Mounts = append(with.Mounts[:len(with.Mounts):len(with.Mounts)], source.Mount{Type: "secret", ID: name, Env: name})
			if list := misuses(b, &with); len(list) > len(misuses(b, run)) {
				return recipe.Advice{Unfixed: stays(b, list[len(list)-1])}
			}
		}
	}
	return recipe.Mount(b, name)
}

// mountedLiteral puts a secret mount in the place of a value in a RUN, unless the RUN writes
// it into a layer.
func mountedLiteral(b *source.Build, s *source.Step, l leak) recipe.Advice {
	if run := s.Run(); run != nil && run.Script != nil {
		for _, c := range run.Commands() {
			if p := c.Program(); !c.Span.Contains(l.hide) || !knowledge.Filters.Has(p) && knowledge.SettingsFile(p) == "" {
				continue // what it writes is not what it was told
			}
			if m, ok := judgeMisuse(run, c); ok {
				m.command = c
				return recipe.Advice{Unfixed: stays(b, m)}
			}
		}
	}
	return recipe.MountLiteral(b, s, l.hide, l.name)
}

// stays says why a mount would not do.
func stays(b *source.Build, m misuse) string {
	line := b.Text().Position(m.command.Span.Start).Line
	if m.file == "" {
		return fmt.Sprintf("line %d prints it", line)
	}
	return fmt.Sprintf("line %d writes it to %s, which stays in the layer: mount that file as the secret, or remove it in the same RUN", line, m.file)
}
