package entrypoint

import (
	"fmt"
	"path"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/dockerfile"
)

var defaultArgs = &check.Check{
	Name:     "default-args-in-entrypoint",
	Claim:    "default arguments stand in CMD, where they can be replaced",
	Why:      "what stands in ENTRYPOINT stays: docker run IMAGE --port 9000 adds to it instead of replacing it",
	Mend:     "leave the program in ENTRYPOINT and move its flags and arguments to CMD",
	Quiet:    "For an interpreter's own options, as python -m or java -jar, and for a shell's.",
	Severity: check.Note,
	Banking:  check.Warning,
	Since:    "0.1.0",
	Source: func(b *source.Build) check.Verdict {
		if !b.Runnable() {
			return check.None()
		}
		step := b.Target.Final.Entrypoint
		if step == nil || !step.JSON {
			return check.Judge(nil)
		}
		words := step.Words()
		i := own(words)
		if i == 0 || i >= len(words) {
			return check.Judge(nil)
		}
		span := words[i].Span.Join(words[len(words)-1].Span)
		return check.Judge([]check.Finding{{
			Place:   check.Place{File: b.Text(), Span: span},
			Message: fmt.Sprintf("ENTRYPOINT holds arguments that belong in CMD, from %q on", words[i].Text),
		}})
	},
}

// own is how many words of an ENTRYPOINT are the program itself: an init, an
// interpreter with its options, the program, and a sub-command that names what
// it does. 0 = it cannot be told.
func own(words []dockerfile.Word) int {
	if len(words) == 0 {
		return 0
	}
	i := 0
	if knowledge.Inits.Has(path.Base(words[0].Text)) {
		for i++; i < len(words) && strings.HasPrefix(words[i].Text, "-"); i++ {
		}
	}
	if i >= len(words) {
		return 0
	}
	program := strings.TrimRight(path.Base(words[i].Text), "0123456789.")
	i++
	skip := func(takes ...string) {
		for i < len(words) && strings.HasPrefix(words[i].Text, "-") {
			flag := words[i].Text
			i++
			for _, t := range takes {
				if flag == t {
					i++
				}
			}
		}
	}
	if knowledge.Shells.Has(program) || knowledge.Droppers.Has(program) {
		return 0
	}
	switch program {
	case "env":
		return 0
	case "python", "pypy":
		for i < len(words) && strings.HasPrefix(words[i].Text, "-") {
			m := words[i].Text
			i++
			if m == "-m" || m == "-c" {
				return min(i+1, len(words))
			}
		}
		return min(i+1, len(words))
	case "node", "ruby", "perl", "php", "deno", "bun", "Rscript":
		skip("-r", "--require", "--import", "-e")
		return min(i+1, len(words))
	case "java":
		for i < len(words) && strings.HasPrefix(words[i].Text, "-") {
			flag := words[i].Text
			i++
			switch flag {
			case "-jar", "-m", "--module":
				return min(i+1, len(words))
			case "-cp", "-classpath", "--class-path", "-p", "--module-path":
				i++
			}
		}
		return min(i+1, len(words))
	case "dotnet":
		return min(i+1, len(words))
	}
	// A sub-command belongs to the program: bundle exec puma, app serve.
	for i < len(words) && !strings.HasPrefix(words[i].Text, "-") && !strings.ContainsAny(words[i].Text, ":/.=") {
		i++
	}
	return i
}
