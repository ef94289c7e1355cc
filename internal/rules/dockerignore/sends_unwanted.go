package dockerignore

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/recipe"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/ignore"
	"github.com/dockworthy/dockworthy/text"
)

var sendsUnwanted = &check.Check{
	Name:     "sends-unwanted",
	Claim:    "the ignore file excludes .git, .env, __pycache__, virtual environments, node_modules and test_data",
	Why:      "files that are sent are copied into the image: anyone who can pull it can read the history and passwords, and packages that were installed on another machine replace the right ones",
	Mend:     "add the name to the ignore file with the prefix **/ (**/node_modules), after the line that includes its folder; better, begin the file with * and include only what is needed",
	Quiet:    "For .env.example, .env.sample and .env.template, for a path inside such a folder that an exception names (!.git/HEAD), and where no COPY includes it. A file that another COPY takes by name is a note.",
	Severity: check.Error,
	Since:    "0.1.0",
	Image:    builtUnwanted,
	Run:      ranUnwanted,
	Source: func(b *source.Build) check.Verdict {
		if b.File == nil {
			return check.None()
		}
		list := takes(b)
		broad := broadest(list)
		folders := false
		for _, t := range list {
			folders = folders || !t.mount && t.known
		}
		switch {
		case !folders:
			return check.Judge(nil)
		case b.Context == nil && len(broad) > 0:
			return unknownContext(b)
		case !effective(b.Context):
			return check.Judge(nil)
		}
		notable, err := b.Context.Notable()
		found := sent(b, list, notable)
		if len(broad) > 0 && len(found) == 0 {
			found = append(found, unstopped(b, broad[0])...)
		}
		if err != nil && len(found) == 0 {
			return check.Unknown(check.ByContext, err.Error())
		}
		return check.Judge(found)
	},
}

// kindOf puts the unwanted names into the six kinds of the rule.
func kindOf(base string) string {
	switch {
	case source.IsEnvFile(base):
		return ".env"
	case base == "venv" || base == ".venv":
		return "venv"
	}
	return base
}

// sent are the unwanted things that exist, are sent, and are taken: one finding
// for each kind.
func sent(b *source.Build, list []take, notable []source.Entry) []check.Finding {
	var found []check.Finding
	more := map[string]int{}
	index := map[string]int{}
	var wanted []check.Finding // of what cannot be left out
	kinds := map[string]bool{}
	for _, e := range notable {
		base := path.Base(e.Path)
		if !source.Unwanted(base) {
			continue
		}
		t, ok := takenBy(b, list, e)
		if !ok {
			continue
		}
		by, ok := letThrough(b.Context, e)
		if !ok {
			continue
		}
		kind := kindOf(base)
		if n, ok := namedBy(list, e); ok {
			if !kinds[kind] {
				kinds[kind] = true
				wanted = append(wanted, check.Finding{
					Severity: check.Note,
					Place:    check.Place{File: b.Text(), Span: t.at()},
					Related:  []check.Place{{File: b.Text(), Span: n.at(), Message: "it is taken by name here"}},
					Message:  fmt.Sprintf("%s is in the build context, and %s includes it once more", e.Path, t.step.Keyword),
					Help:     fmt.Sprintf("name the folders and files that this %s needs: the file itself must be sent, for another instruction names it", t.step.Keyword),
					Missing:  true,
					Cause:    check.SentCause.Of(e.Path),
				})
			}
			continue
		}
		if _, ok := index[kind]; ok {
			more[kind]++
			continue
		}
		index[kind] = len(found)
		f := check.Finding{
			Place:   check.Place{File: b.Text(), Span: t.at()},
			Message: fmt.Sprintf("%s is in the build context, and %s includes it", e.Path, t.step.Keyword),
			Missing: true,
			Cause:   check.SentCause.Of(e.Path),
			Shared:  b.Context.File.Name + " sends " + kind,
		}
		if by != nil && by.Negated {
			f.Related = []check.Place{{File: b.Text(), Span: t.at(), Message: "this instruction includes it"}}
			f.Place = check.Place{File: b.Context.File, Span: by.Span}
			f.Message = fmt.Sprintf("the exception %s sends %s, and %s includes it", by.Raw, e.Path, t.step.Keyword)
			f.Help = fmt.Sprintf("add **/%s after this line", base)
			f.Fixes = recipe.Exclude(b, text.Span{}) // the last pattern that matches counts
			if names(by, base) {
				f.Help, f.Fixes, f.Unfixed = onPurpose(base), nil, "the exception asks for "+base+", so the build may need it"
			}
		} else {
			f.Related = []check.Place{{File: b.Context.File, Message: "no pattern in this ignore file excludes it"}}
			f.Help = fmt.Sprintf("add **/%s to %s", base, path.Base(b.Context.File.Name))
			f.Fixes = recipe.Exclude(b, text.Span{})
			if by := readsDefaults(b.Context, path.Dir(e.Path)); by != "" && source.IsEnvFile(base) {
				f.Help = fmt.Sprintf("add **/%s to %s, unless the build reads defaults from it (there is a %s): then keep only those in it, and set secrets when the container starts", base, path.Base(b.Context.File.Name), by)
			}
			if step := recipe.AsksGit(b); step != nil && base == ".git" {
				f.Help = given(step) + ", and add " + base + " to " + path.Base(b.Context.File.Name)
				f.Fixes, f.Unfixed = nil, given(step)
			}
		}
		found = append(found, f)
	}
	if len(wanted) > 0 || slices.ContainsFunc(notable, func(e source.Entry) bool {
		return source.IsEnvFile(path.Base(e.Path)) && readsDefaults(b.Context, path.Dir(e.Path)) != ""
	}) {
		for i := range found {
			found[i].Fixes = nil // a build may need these files: somebody has to look
		}
	}
	for kind, n := range more {
		found[index[kind]].Message += fmt.Sprintf(" (and %d more)", n)
	}
	return append(found, wanted...)
}

// names tells whether an exception asks for a thing by its own name.
func names(by *ignore.Pattern, base string) bool {
	return path.Base(strings.TrimRight(strings.TrimPrefix(by.Raw, "!"), "/ ")) == base
}

// onPurpose is the advice where an exception asks for a thing by its name.
func onPurpose(base string) string {
	if base == ".git" {
		return "where the build needs no more than a revision or a version, give it as a build argument, and remove this line"
	}
	return "where the build needs nothing of it, remove this line; else copy what it needs by name, in a stage that does not ship"
}

// given is the advice to give a RUN what it asks git for.
func given(step *source.Step) string {
	return fmt.Sprintf("line %d asks git about the repository: give it the revision as a build argument instead", step.Line())
}

// namedBy is what takes a file by its name, so that it has to be sent.
func namedBy(list []take, e source.Entry) (take, bool) {
	for _, t := range list {
		if !e.Dir && t.known && t.path == e.Path {
			return t, true
		}
	}
	return take{}, false
}

// takenBy is the COPY or ADD that takes an entry: all of the context, or a
// folder that it names.
func takenBy(b *source.Build, list []take, e source.Entry) (take, bool) {
	for _, t := range list {
		switch {
		case t.mount || !t.known:
		case t.broad():
			return t, true
		case strings.ContainsAny(t.path, "*?["):
			for _, p := range b.Context.Glob(t.path) {
				if isUnder(e.Path, p) && (e.Dir || p != e.Path) {
					return t, true
				}
			}
		// A file that is named itself is wanted.
		case isUnder(e.Path, t.path) && (e.Dir || t.path != e.Path):
			return t, true
		}
	}
	return take{}, false
}

// letThrough tells whether an entry, or a file in it, is sent, and which
// pattern says so. What an exception names inside of a folder (!.git/HEAD) is
// sent on purpose.
func letThrough(c *source.Context, e source.Entry) (*ignore.Pattern, bool) {
	if !e.Dir {
		_, by := c.Sent(e.Path, false)
		return by, c.Reached(e.Path)
	}
	if ok, _ := c.Sent(e.Path, true); !ok && !c.Ignore.MayReinclude(e.Path) {
		return nil, false
	}
	_, by, ok, _ := witness(c, e.Path)
	return by, ok && !(by != nil && by.Negated && pointsInto(by, path.Base(e.Path)))
}

// pointsInto tells whether a pattern names something inside a folder of this
// name.
func pointsInto(p *ignore.Pattern, base string) bool {
	parts := strings.Split(p.Text, "/")
	for i, part := range parts {
		if part == base && i+1 < len(parts) && strings.Trim(parts[i+1], "*") != "" {
			return true
		}
	}
	return false
}

// six are the names that an ignore file is asked to stop, each with a path by
// which to try.
var six = []struct{ name, probe string }{
	{".git", ".git/config"}, {".env", ".env"}, {"__pycache__", "__pycache__/m.pyc"}, {"venv", "venv/bin/python"},
	{"node_modules", "node_modules/m/index.js"}, {"test_data", "test_data/sample"},
}

// unstopped says what the ignore file would not stop if it were there.
func unstopped(b *source.Build, t take) []check.Finding {
	open := map[string]bool{}
	var list, add []string
	for _, s := range six {
		ok, _ := b.Context.Sent(s.probe, false)
		if s.name == "venv" && !ok {
			ok, _ = b.Context.Sent(".venv/bin/python", false)
		}
		if ok {
			open[s.name] = true
			list, add = append(list, s.name), append(add, "**/"+s.name)
		}
	}
	if len(list) == 0 {
		return nil
	}
	f := check.Finding{
		Severity: check.Note,
		Place:    check.Place{File: b.Text(), Span: t.at()},
		Related:  []check.Place{{File: b.Context.File, Message: "this is the ignore file"}},
		Missing:  true,
		Group:    "would be sent", // of several targets one speaks
		Shared:   b.Context.File.Name,
	}
	uses, how := usesDotenv(b)
	switch {
	case open[".git"] && open[".env"]:
		add = []string{".git", "**/.env"}
	case open[".env"] && uses:
		add = []string{"**/.env"}
	}
	f.Help = fmt.Sprintf("add %s to %s", check.List(add), path.Base(b.Context.File.Name))
	if slices.ContainsFunc(b.Context.Ignore.Patterns(), func(p *ignore.Pattern) bool { return p.Negated }) {
		f.Help += ", after its last exception"
	}
	switch {
	case open[".git"] && open[".env"]:
		f.Severity = check.Warning
		f.Message = fmt.Sprintf("%s excludes neither .git nor .env, and %s includes the whole build context", path.Base(b.Context.File.Name), t.step.Keyword)
	case open[".env"] && uses:
		f.Severity = check.Warning
		f.Message = fmt.Sprintf("%s does not exclude .env, which the project uses (%s)", path.Base(b.Context.File.Name), how)
	default:
		f.Message = fmt.Sprintf("%s does not exclude %s", path.Base(b.Context.File.Name), strings.Join(list, ", "))
	}
	f.Fixes = recipe.Exclude(b, text.Span{})
	if step := recipe.AsksGit(b); step != nil && open[".git"] {
		f.Fixes, f.Unfixed = nil, given(step)
		if slices.Contains(add, ".git") {
			f.Help += "; " + given(step)
		}
	}
	return []check.Finding{f}
}
