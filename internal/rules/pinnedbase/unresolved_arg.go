package pinnedbase

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/source"
)

var unresolvedArg = &check.Check{
	Name:     "unresolved-arg",
	Claim:    "every build argument in FROM has a value in the project",
	Why:      "without a default, the base image depends on the build command, and a plain docker build fails",
	Mend:     "give the ARG a pinned default: ARG BASE=python:3.12.8-slim-bookworm",
	Quiet:    "Where the ARG has a default other than a placeholder, or Compose, CI, the config or --build-arg gives a value. Where CI gives one that it works out, or a Makefile or a script gives one, the finding is a note.",
	Unfixed:  "which value it is to have by default is for you to say",
	Severity: check.Warning,
	Since:    "0.1.0",
	Source: func(b *source.Build) check.Verdict {
		if b.File == nil {
			return check.None()
		}
		var found []check.Finding
		for _, u := range uses(b) {
			missing := u.image.Text.Missing
			if len(missing) == 0 {
				continue
			}
			name := "$" + strings.Join(missing, ", $")
			has := "has"
			if len(missing) > 1 {
				has = "have"
			}
			why := has + " no default here"
			if v := placeholder(b, missing); v != "" {
				why = fmt.Sprintf("%s only the placeholder %q as %s default", has, v, map[string]string{"has": "its", "have": "their"}[has])
			}
			f := check.Finding{
				Group:   name,
				Place:   u.place,
				Stage:   u.stage,
				Message: fmt.Sprintf("FROM %s: %s %s, and nothing in the project sets it", u.image.Text.Raw, name, why),
				Help:    defaults(u.image.Text.Raw, missing),
			}
			if by := b.Given(missing); by == "CI" {
				f.Severity = check.Note
				f.Message = fmt.Sprintf("FROM %s: %s %s, and CI sets it to a value that is not in the project", u.image.Text.Raw, name, why)
			} else if by != "" {
				f.Severity = check.Note
				f.Message = fmt.Sprintf("FROM %s: %s %s, and the value that %s gives is not read", u.image.Text.Raw, name, why, by)
			}
			found = append(found, f)
		}
		return check.Judge(found)
	},
}

// defaults is the advice to write down what a FROM takes from arguments.
func defaults(from string, names []string) string {
	if len(names) > 1 {
		return fmt.Sprintf("above the first FROM, give ARG %s defaults that together name an image with a full version", strings.Join(names, " and ARG "))
	}
	name, what := names[0], "that makes it an image with a full version"
	switch {
	case from == "$"+name || from == "${"+name+"}":
		what = "that is an image with a full version"
	case strings.Contains(from, ":$"+name) || strings.Contains(from, ":${"+name):
		what = "that is a full version"
	}
	return fmt.Sprintf("above the first FROM, give ARG %s a default %s", name, what)
}

// placeholder is the default of one of the arguments above the first FROM, where
// it has one: a value that stands for none.
func placeholder(b *source.Build, names []string) string {
	for _, step := range b.Meta {
		for _, v := range step.Vars {
			if v.Set && slices.Contains(names, v.Name) {
				return v.Value
			}
		}
	}
	return ""
}
