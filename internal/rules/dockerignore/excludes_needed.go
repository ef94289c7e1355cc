package dockerignore

import (
	"fmt"
	"path"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/recipe"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/ignore"
)

var excludesNeeded = &check.Check{
	Name:     "excludes-needed",
	Claim:    "the ignore file does not exclude files that the build needs",
	Why:      "the builder does not find the file, although it exists in the folder, and the build fails",
	Mend:     "add an exception after the pattern that excludes the file, because the last matching pattern decides: !requirements.txt",
	Quiet:    "For COPY patterns that may match nothing, such as yarn.lock*, and for excluded folders from which an exception includes something.",
	Severity: check.Error,
	Since:    "0.1.0",
	Aliases:  []string{"BuildKit CopyIgnoredFile"},
	Source: func(b *source.Build) check.Verdict {
		if b.File == nil {
			return check.None()
		}
		list := takes(b)
		switch {
		case len(list) == 0:
			return check.Judge(nil)
		case b.Context == nil:
			return unknownContext(b)
		case !effective(b.Context):
			return check.Judge(nil)
		}
		var found []check.Finding
		seen := map[string]bool{}
		here := anyHere(b.Context, list)
		for _, t := range list {
			if !t.known || t.path == "." || seen[t.path] {
				continue
			}
			seen[t.path] = true
			by := excludedBy(b.Context, t, here)
			if by == nil {
				continue
			}
			who := t.step.Keyword
			if t.mount {
				who = "the bind mount"
			}
			f := check.Finding{
				Place:   check.Place{File: b.Text(), Span: t.at()},
				Related: []check.Place{{File: b.Context.File, Span: by.Span, Message: "this pattern excludes it"}},
				Message: fmt.Sprintf("%s needs %s, but the pattern %s in %s excludes it", who, t.path, by.Raw, path.Base(b.Context.File.Name)),
				Help:    fmt.Sprintf("add !%s after the line %s, or remove that line", t.path, by.Raw),
				Cause:   check.Cause("excluded").Of(t.path),
			}
			a := recipe.Readmit(b, t.path)
			f.Fixes, f.Unfixed = a.Fixes, a.Unfixed
			found = append(found, f)
		}
		return check.Judge(found)
	},
}

// anyHere tells whether one of the paths exists, so that the folder is surely
// the context that the author means.
func anyHere(c *source.Context, list []take) bool {
	for _, t := range list {
		if !t.known || t.path == "." || strings.ContainsAny(t.path, "*?[") {
			continue
		}
		if _, err := c.Stat(t.path); err == nil {
			return true
		}
	}
	return false
}

// excludedBy is the pattern that keeps out all of what is taken; nil where
// something of it is sent, or that is not certain.
func excludedBy(c *source.Context, t take, here bool) *ignore.Pattern {
	if strings.ContainsAny(t.path, "*?[") {
		return excludedGlob(c, t)
	}
	e, err := c.Stat(t.path)
	if err != nil {
		// Made before the build, perhaps; a line that names it keeps it out
		// all the same.
		sent, by := c.Sent(t.path, true)
		if sent || by == nil || !here || strings.Trim(by.Text, "*/") == "" || c.Ignore.MayReinclude(t.path) {
			return nil
		}
		return by
	}
	return excludedEntry(c, e)
}

func excludedEntry(c *source.Context, e source.Entry) *ignore.Pattern {
	sent, by := c.Sent(e.Path, e.Dir)
	if !e.Dir {
		if sent {
			return nil
		}
		return by
	}
	if !sent && !c.Ignore.MayReinclude(e.Path) {
		return by
	}
	if !holds(c, e.Path) {
		return nil
	}
	if _, _, some, whole := witness(c, e.Path); some || !whole {
		return nil
	}
	if sent {
		// The folder comes, and nothing in it: the pattern is that of a file.
		if by = firstPattern(c, e.Path); by == nil {
			return nil
		}
	}
	return by
}

// firstPattern is what keeps the first file of a folder out.
func firstPattern(c *source.Context, dir string) *ignore.Pattern {
	for _, e := range c.Dir(dir) {
		if e.Dir {
			if by := firstPattern(c, e.Path); by != nil {
				return by
			}
			continue
		}
		if sent, by := c.Sent(e.Path, false); !sent {
			return by
		}
	}
	return nil
}

// excludedGlob judges a source with wildcards: some file is meant, and none of
// those there are is sent.
func excludedGlob(c *source.Context, t take) *ignore.Pattern {
	if optional(t.path) {
		return nil
	}
	var by *ignore.Pattern
	for _, p := range c.Glob(t.path) {
		e, err := c.Stat(p)
		if err != nil {
			continue
		}
		if by = excludedEntry(c, e); by == nil {
			return nil
		}
	}
	return by
}

// optional tells whether wildcards only make a file one that may be missing:
// yarn.lock*, .npmrc*, poetry.loc[k].
func optional(p string) bool {
	base := path.Base(p)
	if strings.Trim(base, "*?") == "" || base[len(base)-1] == ']' {
		return true
	}
	stem := strings.TrimRight(base, "*?")
	return stem != base && !strings.ContainsAny(stem, "*?[") && strings.Contains(stem, ".")
}
