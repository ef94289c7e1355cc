package rules

import (
	"bytes"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"golang.org/x/tools/txtar"

	"github.com/dockworthy/dockworthy/check"
)

// Page is a check's page in Markdown, made from its declaration and from its
// example and mended cases.
func Page(r *check.Rule, c *check.Check) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n", r.ID(c))
	fmt.Fprintf(&b, "**Claim:** %s.\n\n", c.Claim)
	severity := c.Severity.String()
	if c.Banking > c.Severity {
		severity += " (" + c.Banking.String() + " in the banking profile)"
	}
	fmt.Fprintf(&b, "| rule | severity | since | level of evidence |\n|---|---|---|---|\n| %d [%s](%s.md) | %s | %s | %s |\n\n", r.Number, r.Name, r.Name, severity, c.Since, levels(c))
	fmt.Fprintf(&b, "## Why\n\n%s\n\n", c.Why)
	fmt.Fprintf(&b, "## What to do\n\n%s\n\n", c.Mend)
	if c.Unfixed != "" {
		fmt.Fprintf(&b, "`dockworthy fix` leaves it: %s.\n\n", c.Unfixed)
	}
	if c.Quiet != "" {
		fmt.Fprintf(&b, "## When there is no finding\n\n%s\n\n", c.Quiet)
	}
	examples(&b, r, c)
	if len(c.Aliases) > 0 {
		fmt.Fprintf(&b, "## The same check in other tools and standards\n\n%s\n\n", strings.Join(c.Aliases, ", "))
	}
	fmt.Fprintf(&b, "## Suppress\n\nPut this comment above the instruction, the Compose or Kubernetes entry, or the pattern that the finding is about. For something that is missing, put it at the top of the file:\n\n```dockerfile\n# dockworthy: allow %s because REASON until YYYY-MM-DD\n```\n", r.ID(c))
	return b.String()
}

// levels are the levels at which a check can speak.
func levels(c *check.Check) string {
	var list []string
	for l := check.Source; l <= check.Run; l++ {
		if c.At(l) {
			list = append(list, l.String())
		}
	}
	return strings.Join(list, ", ")
}

// examples prints the build that violates a check, and of the one that passes
// the files that differ.
func examples(b *strings.Builder, r *check.Rule, c *check.Check) {
	before, ok := example(r, c, "example")
	if !ok {
		return
	}
	after, ok := example(r, c, "mended")
	if !ok {
		return
	}
	same := func(f txtar.File) bool {
		was, ok := file(before, f.Name)
		is, still := file(after, f.Name)
		return ok && still && bytes.Equal(was, is)
	}
	fmt.Fprintf(b, "## Example: violates\n\n%s\n", before.Comment)
	var beside []string
	for _, f := range before.Files {
		if len(f.Data) > 0 && (telling(f.Name) || !same(f)) {
			block(b, f)
		} else {
			beside = append(beside, "`"+f.Name+"`")
		}
	}
	names(b, "Also in the folder", beside)
	fmt.Fprintf(b, "## Example: passes\n\n%s\n", after.Comment)
	var unchanged, added, gone []string
	for _, f := range after.Files {
		_, was := file(before, f.Name)
		switch {
		case same(f):
			unchanged = append(unchanged, "`"+f.Name+"`")
		case len(f.Data) > 0 && (was || telling(f.Name)):
			block(b, f)
		default:
			added = append(added, "`"+f.Name+"`")
		}
	}
	for _, f := range before.Files {
		if _, still := file(after, f.Name); !still {
			gone = append(gone, "`"+f.Name+"`")
		}
	}
	names(b, "New in the folder", added)
	names(b, "Unchanged", unchanged)
	names(b, "No longer needed", gone)
}

// example is a case of a check without what it wants and without the lines of
// its prose that are for the test.
func example(r *check.Rule, c *check.Check, name string) (*txtar.Archive, bool) {
	if r.Examples == nil {
		return nil, false
	}
	data, err := fs.ReadFile(r.Examples, "testdata/"+c.Name+"/"+name+".txtar")
	if err != nil {
		return nil, false
	}
	ar := txtar.Parse(data)
	ar.Files = slices.DeleteFunc(ar.Files, func(f txtar.File) bool { return f.Name == "want" })
	var prose []byte
	for line := range bytes.Lines(ar.Comment) {
		if !bytes.HasPrefix(line, []byte("flags:")) && !bytes.HasPrefix(line, []byte("mode:")) {
			prose = append(prose, line...)
		}
	}
	ar.Comment = prose
	return ar, true
}

// file is a file's text in a case.
func file(ar *txtar.Archive, name string) ([]byte, bool) {
	for _, f := range ar.Files {
		if f.Name == name {
			return f.Data, true
		}
	}
	return nil, false
}

// names prints the names of files.
func names(b *strings.Builder, title string, list []string) {
	if len(list) > 0 {
		fmt.Fprintf(b, "%s: %s.\n\n", title, strings.Join(list, ", "))
	}
}

// block prints a file.
func block(b *strings.Builder, f txtar.File) {
	fmt.Fprintf(b, "`%s`\n\n```%s\n%s```\n\n", f.Name, language(f.Name), f.Data)
}

// telling are the files that an example is read for; of others only the name
// is told, unless they change.
func telling(name string) bool {
	switch language(name) {
	case "dockerfile", "yaml", "sh", "gitignore":
		return true
	}
	return false
}

func language(name string) string {
	low := strings.ToLower(name)
	switch {
	case strings.HasSuffix(low, ".dockerignore"):
		return "gitignore"
	case strings.Contains(low, "dockerfile"):
		return "dockerfile"
	case strings.HasSuffix(low, ".yaml"), strings.HasSuffix(low, ".yml"):
		return "yaml"
	case strings.HasSuffix(low, ".sh"):
		return "sh"
	case strings.HasSuffix(low, ".js"):
		return "js"
	}
	return ""
}

// RulePage is a rule's page in Markdown.
func RulePage(r *check.Rule) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %d %s: %s\n\n%s\n\n", r.Number, r.Name, r.Title, r.Text)
	b.WriteString("| check | severity | level | claim |\n|---|---|---|---|\n")
	for _, c := range r.Checks {
		severity := c.Severity.String()
		if c.Banking > c.Severity {
			severity += ", " + c.Banking.String() + " in banking"
		}
		fmt.Fprintf(&b, "| [%s](%s) | %s | %s | %s |\n", r.ID(c), FileName(r, c), severity, levels(c), c.Claim)
	}
	b.WriteString("\n## Controls\n\n")
	if len(r.Controls) == 0 {
		b.WriteString("None of the standards that dockworthy maps has a requirement for this rule.\n")
		return b.String()
	}
	b.WriteString("Requirements that the rule, or the checks that are named, support. Passing them does not make a system compliant.\n\n| standard | ids | strength | by |\n|---|---|---|---|\n")
	for _, c := range r.Controls {
		by := "the rule"
		var ids []string
		for _, k := range c.Checks {
			ids = append(ids, r.ID(k))
		}
		if ids != nil {
			by = check.List(ids)
		}
		if c.Whole != nil {
			by += ", and what the base image brings"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", c.Standard, c.IDs, c.Strength, by)
	}
	return b.String()
}

// FileName is the file of a check's page in docs/rules.
func FileName(r *check.Rule, c *check.Check) string {
	return r.Name + "-" + c.Name + ".md"
}

// Index is the page that lists all rules and checks.
func Index() string {
	var b strings.Builder
	b.WriteString("# The eight rules and their checks\n\nGenerated from the declarations of the checks by `go run ./docs/generate`.\n\n")
	for _, r := range All {
		fmt.Fprintf(&b, "- %d [%s](%s.md): %s\n", r.Number, r.Name, r.Name, r.Title)
		for _, c := range r.Checks {
			fmt.Fprintf(&b, "  - [%s](%s): %s\n", r.ID(c), FileName(r, c), c.Claim)
		}
	}
	return b.String()
}

// Pages are all pages by file name.
func Pages() map[string]string {
	pages := map[string]string{"README.md": Index()}
	for _, r := range All {
		pages[r.Name+".md"] = RulePage(r)
		for _, c := range r.Checks {
			pages[FileName(r, c)] = Page(r, c)
		}
	}
	return pages
}
