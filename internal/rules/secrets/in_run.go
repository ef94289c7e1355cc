package secrets

import (
	"cmp"
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/secret"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/text"
)

var inRun = &check.Check{
	Name:     "in-run",
	Claim:    "no RUN contains a secret in plain text or uses a build argument as a credential",
	Why:      "the command line is stored in the image's history, and files that it writes are in a layer",
	Mend:     "mount the secret for this RUN (--mount=type=secret,id=token,required=true) and read it from /run/secrets/token; rotate the secret",
	Quiet:    "For values that are read from a mount or a file, for SECRET_KEY=dummy before collectstatic, and for dummy values for localhost.",
	Severity: check.Error,
	Since:    "0.1.0",
	Aliases:  []string{"CIS 4.10"},
	Image:    builtHistory,
	Source: func(b *source.Build) check.Verdict {
		if b.File == nil {
			return check.None()
		}
		var found []check.Finding
		called := &mountNames{b: b}
		eachStep(b, func(s *source.Step) {
			found = append(found, inStep(b, s, called)...)
		})
		return check.Judge(found)
	},
}

// inStep are the findings of one RUN or ADD.
func inStep(b *source.Build, s *source.Step, called *mountNames) []check.Finding {
	var found []check.Finding
	if c := s.Copy; c != nil && c.Add {
		return addURLs(b, s)
	}
	run := s.Run()
	if run == nil {
		return found
	}
	found = append(found, spoken(b, s, run, called)...)
	before := len(found)
	found = append(found, argumentURLs(b, s, run)...)
	for _, a := range argumentFiles(s, run) {
		found = append(found, mounted(b, a.name).To(check.Finding{
			Place:   check.Place{File: b.Text(), Span: a.command.Span},
			Stage:   s.Stage,
			Message: fmt.Sprintf("the value of the build argument %s is written to %s, which stays in the layer", a.name, a.file),
			Cause:   argCause(a.name),
		}))
	}
	found = append(found, used(b, s, run, found[before:])...)
	return found
}

// literals makes findings of leaks in a program of this stage.
func literals(b *source.Build, s *source.Step, leaks []leak, subject string) []check.Finding {
	var found []check.Finding
	for _, l := range leaks {
		f := check.Finding{
			Place:   check.Place{File: b.Text(), Span: l.at},
			Message: subject + " " + l.what,
			Secrets: []text.Span{l.hide},
		}
		found = append(found, inFile(b, s.Stage, f))
	}
	return found
}

// mountable are the findings of a RUN's leaks, each of which a secret mount may replace.
func mountable(b *source.Build, s *source.Step, leaks []leak, called *mountNames) []check.Finding {
	found := literals(b, s, leaks, "RUN")
	for i, l := range leaks {
		found[i] = mountedLiteral(b, s, l, called).To(found[i])
	}
	return found
}

// spoken are the literals of a RUN, without those of the data in its
// here-documents.
func spoken(b *source.Build, s *source.Step, run *source.Run, called *mountNames) []check.Finding {
	sc := scan{file: b.Text()}
	if run.Script == nil || run.Script.Err != nil {
		// No shell that we read: what shows by its look shows all the same.
		sc.look(text.Span{Start: s.Span.Start, End: s.Span.End})
		return mountable(b, s, sc.leaks, called)
	}
	sc.commands(run.Commands())
	docs := documents(run)
	var leaks []leak
	for _, l := range sc.leaks {
		if !inside(docs, l.hide) {
			leaks = append(leaks, l)
		}
	}
	return mountable(b, s, leaks, called)
}

// documents are the bodies of here-documents that a RUN's commands read.
func documents(run *source.Run) []text.Span {
	var list []text.Span
	for _, c := range run.Commands() {
		if c.Inner || knowledge.Shells.Has(c.Program()) {
			continue
		}
		if _, ok := sink(c); ok {
			continue
		}
		for _, r := range c.Redirects {
			if strings.HasPrefix(r.Op, "<<") && r.Op != "<<<" {
				list = append(list, r.Body.Span)
			}
		}
	}
	slices.SortFunc(list, func(a, b text.Span) int { return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(b.End, a.End)) })
	end := -1
	return slices.DeleteFunc(list, func(s text.Span) bool {
		within := s.End <= end
		end = max(end, s.End)
		return within
	})
}

// inside tells whether a place lies in one of a list that is in order, in which
// none lies within another.
func inside(list []text.Span, s text.Span) bool {
	n := sort.Search(len(list), func(i int) bool { return list[i].Start > s.Start })
	return n > 0 && list[n-1].Contains(s)
}

// addURLs are the URLs of an ADD that carry a password.
func addURLs(b *source.Build, s *source.Step) []check.Finding {
	sc := scan{file: b.Text()}
	for i, src := range s.Copy.Sources {
		if strings.Contains(src.Raw, "://") {
			sc.look(s.SourcePlace(i))
		}
	}
	found := literals(b, s, sc.leaks, "ADD")
	for i, src := range s.Copy.Sources {
		for _, l := range logins(src.Raw) {
			if f, ok := argumentURL(b, s, l, s.SourcePlace(i), nil); ok {
				found = append(found, f)
			}
		}
	}
	return found
}

// argumentURLs are the URLs into which a build argument's token is put.
func argumentURLs(b *source.Build, s *source.Step, run *source.Run) []check.Finding {
	var found []check.Finding
	own := map[string]bool{}
	for _, c := range run.Commands() {
		for _, w := range c.Words {
			if len(w.Vars) == 0 {
				continue
			}
			for _, l := range logins(b.Text().Text(w.Span)) {
				if f, ok := argumentURL(b, s, l, w.Span, own); ok {
					found = append(found, f)
				}
			}
		}
		for _, a := range c.Assigns {
			for _, l := range logins(b.Text().Text(a.Value.Span)) {
				if f, ok := argumentURL(b, s, l, a.Span, own); ok {
					found = append(found, f)
				}
			}
			own[a.Name] = own[a.Name] || !refers(a.Value, a.Name)
		}
	}
	return found
}

// refers tells whether a value takes up the variable that it is given to.
func refers(w shell.Word, name string) bool {
	for _, v := range w.Vars {
		if v == name {
			return true
		}
	}
	return false
}

// argumentURL judges one URL. own are variables that the program itself sets.
func argumentURL(b *source.Build, s *source.Step, l login, at text.Span, own map[string]bool) (check.Finding, bool) {
	password := l.Password
	if password == "" || knowledge.TokenPasswords.Has(password) {
		password = l.User
	}
	for _, n := range variables(password) {
		if own[n] {
			continue
		}
		if password == l.User && nameOf(n) != strong && userName(n) {
			continue
		}
		v, ok := argument(s, n, true)
		if !ok || password == l.User && v.Value != "" && !random(v.Value) {
			continue // a user's place with a name
		}
		return mounted(b, n).To(check.Finding{
			Place:   check.Place{File: b.Text(), Span: at},
			Stage:   s.Stage,
			Message: fmt.Sprintf("the build argument %s is part of a URL for %s, so its value is in %s", n, l.Host, whereKept(b, s)),
			Cause:   argCause(n),
		}), true
	}
	return check.Finding{}, false
}

// userName tells whether a variable holds a name and no secret.
func userName(n string) bool {
	return slices.ContainsFunc(secret.NameParts(n), knowledge.NameWords.Has)
}

// An argumentFile is a file of a layer into which a build argument's secret is
// written.
type argumentFile struct {
	kept
	name string // the argument's
}

func argumentFiles(s *source.Step, run *source.Run) []argumentFile {
	var found []argumentFile
	own := map[string]bool{}
	asked := 0
	for _, c := range run.Commands() {
		if asked < most && (knowledge.Filters.Has(c.Program()) || knowledge.SettingsFile(c.Program()) != "") {
			if n, ok := argumentIn(s, c, own); ok {
				asked++
				if k, ok := keeps(run, c); ok {
					k.command = c
					found = append(found, argumentFile{k, n})
				}
			}
		}
		for _, a := range c.Assigns {
			own[a.Name] = own[a.Name] || !refers(a.Value, a.Name)
		}
	}
	return found
}

// credential tells whether a variable stands where a file of logins has its
// secret, whatever the variable is called: _authToken=${T}, password ${T}.
func credential(text, name string) bool {
	for _, v := range []string{"${" + name + "}", "$" + name} {
		at := strings.Index(text, v)
		if at < 0 {
			continue
		}
		before := strings.ToLower(strings.TrimRight(text[:at], `"' `))
		for _, end := range []string{"_authtoken=", "_password=", "_auth=", " password", " password="} {
			if strings.HasSuffix(before, end) {
				return true
			}
		}
	}
	return false
}

// argumentIn is a build argument with a secret among a command's words.
func argumentIn(s *source.Step, c *shell.Command, own map[string]bool) (string, bool) {
	look := func(w shell.Word) (string, bool) {
		for _, n := range w.Vars {
			if own[n] {
				continue
			}
			if _, ok := argument(s, n, false); ok {
				return n, true
			}
			if v, ok := s.Env.Lookup(n); ok && v.Arg && credential(w.Text, n) {
				return n, true
			}
		}
		return "", false
	}
	for i, w := range c.Words {
		if i > 0 && strings.HasSuffix(c.Words[i-1].Text, "_authToken") && len(w.Vars) == 1 && !own[w.Vars[0]] {
			if v, ok := s.Env.Lookup(w.Vars[0]); ok && v.Arg {
				return w.Vars[0], true
			}
		}
		if n, ok := look(w); ok {
			return n, true
		}
	}
	for _, r := range c.Redirects {
		if n, ok := look(r.Body); ok {
			return n, true
		}
	}
	return "", false
}
