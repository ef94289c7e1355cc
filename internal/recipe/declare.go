package recipe

import (
	"fmt"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/source"
)

// Declare gives variables of the USER in force the value that they lack: ARGs above
// the first FROM are declared again in the stage, others get one.
func Declare(b *source.Build, names []string) Advice {
	for _, name := range names {
		if b.Declared(name) == nil {
			return words(fmt.Sprintf("give %s a value in this stage (ARG %s=10001), or write the UID: USER 10001:10001", name, name))
		}
	}
	lines := "ARG " + strings.Join(names, "\nARG ")
	help := fmt.Sprintf("declare it again below FROM: `%s`", strings.ReplaceAll(lines, "\n", "`, `"))
	a := words(help)
	u := b.User()
	for _, s := range b.Chain() {
		if u.Step == nil || s != u.Step.Stage {
			continue
		}
		a.Fixes = []check.Fix{fix(help, check.Unsafe, risks(b), b.Text(), b.File.Below(s.From, lines))}
	}
	return a
}
