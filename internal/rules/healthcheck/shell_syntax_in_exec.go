package healthcheck

import (
	"fmt"
	"path"
	"regexp"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/recipe"
	"github.com/dockworthy/dockworthy/internal/source"
)

var shellSyntaxInExec = &check.Check{
	Name:     "shell-syntax-in-exec",
	Claim:    "a probe in exec form contains no shell syntax",
	Why:      "without a shell, || and $PORT are ordinary arguments: the program receives them as text",
	Mend:     `write the probe in shell form, or remove the operators: any exit status other than 0 counts as unhealthy anyway`,
	Quiet:    "Where the program is a shell.",
	Severity: check.Error,
	Since:    "0.1.0",
	Source: func(b *source.Build) check.Verdict {
		if !b.Runnable() {
			return check.None()
		}
		p := inForce(b)
		if p == nil {
			return check.Judge(nil)
		}
		if p.shell {
			if rest := p.step.Rest().Text; malformed(rest) {
				return check.Judge([]check.Finding{p.mended(check.Finding{
					Place:   p.where(),
					Message: "the probe looks like an array but is not valid JSON, so a shell looks for a program named [",
					Help:    "use double quotes, put a comma between the words, and no comma after the last one",
				}, "")})
			}
			return check.Judge(nil)
		}
		if line := p.test[1]; line == "CMD-SHELL" || len(p.test) == 2 && strings.Contains(strings.TrimSpace(line), " ") {
			f := check.Finding{Place: p.where(), Message: fmt.Sprintf("%q is used as the name of a program: in exec form no shell interprets it", line)}
			if line == "CMD-SHELL" {
				f.Help = "write HEALTHCHECK CMD followed by the shell command; CMD-SHELL exists only in Compose"
			}
			return check.Judge([]check.Finding{p.mended(f, "")})
		}
		i := syntaxWord(p.test[1:])
		if i < 0 {
			return check.Judge(nil)
		}
		words := p.step.Words()
		place := p.where()
		if i < len(words) {
			place.Span = words[i].Span
		}
		return check.Judge([]check.Finding{recipe.Unquoted(b, p.step, p.test[1:]).To(check.Finding{
			Place:   place,
			Message: fmt.Sprintf("%q is passed to %s as an argument: in exec form no shell interprets it", p.test[1:][i], p.test[1]),
		})})
	},
}

var (
	variable   = regexp.MustCompile(`\$(\{[A-Za-z_]|[A-Za-z_])`)
	brokenJSON = regexp.MustCompile(`^CMD\s+\[\s*['"].*,.*\]?\s*$`)
)

// syntaxWord is the first word of an exec form that only a shell would
// understand; -1 where there is none, or a shell reads it.
func syntaxWord(words []string) int {
	if len(words) == 0 || knowledge.Shells.Has(path.Base(words[0])) {
		return -1
	}
	for i, w := range words[1:] {
		switch w {
		case "||", "&&", "|", ";", "&", ">", ">>", "2>&1", ">/dev/null", "2>/dev/null":
			return i + 1
		}
		if prev := words[i]; prev == "-e" || prev == "-c" || prev == "-r" || prev == "--eval" {
			continue // a program text of another language
		}
		if variable.MatchString(w) {
			return i + 1
		}
	}
	return -1
}

func malformed(rest string) bool { return brokenJSON.MatchString(rest) }
