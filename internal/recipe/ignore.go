package recipe

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/getopt"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/ignore"
	"github.com/dockworthy/dockworthy/text"
)

// maxNames is how many names a list of what is sent may have: who keeps more beside each
// other has to say himself what belongs together.
const maxNames = 60

const growing = "what is added to the project beside these names has to be added to the list, too"

// AllowList writes an ignore file that sends what lies in a build context today, less what
// rule 6 asks to keep out: every COPY brings the same files, less these.
func AllowList(b *source.Build) []check.Fix {
	c := b.Context
	if c == nil || c.File != nil && !patternless(c.File) || AsksGit(b) != nil {
		return nil
	}
	lines := []string{"# Nothing is sent to the build but what is named here.", "*"}
	var sent int
	for _, e := range c.Dir(".") {
		base := path.Base(e.Path)
		if strings.ContainsAny(base, "*?[]\\!# \t") {
			return nil // it would need signs that people misread
		}
		if (aside(base) || kubernetes(b, e)) && !takenByName(b, base) {
			continue
		}
		lines = append(lines, "!"+base)
		sent++
	}
	if sent == 0 || sent > maxNames {
		return nil
	}
	lines = append(lines, "", "# Never, also inside what is named.")
	lines = append(lines, never(b)...)
	data := strings.Join(lines, "\n") + "\n"
	title := "write an allow-list of what lies in the build context today"
	if c.File != nil {
		return []check.Fix{fix(title, check.Unsafe, growing, c.File, appended(c.File, strings.Split(strings.TrimSuffix(data, "\n"), "\n")...))}
	}
	return []check.Fix{{Title: title, Grade: check.Unsafe, Reason: growing, Create: []check.Created{{Path: path.Join(c.Root, ".dockerignore"), Data: []byte(data)}}}}
}

// patternless tells whether an ignore file has nothing but comments.
func patternless(f *text.File) bool {
	for line := range strings.Lines(strings.TrimPrefix(string(f.Data), "\ufeff")) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			return false
		}
	}
	return true
}

// aside tells whether a name is nothing that a program is built from: what rule 6 keeps
// out, and what is about the container and the repository themselves.
func aside(base string) bool {
	switch {
	case source.Unwanted(base), knowledge.Unwanted.Has(base), base == ".dockerignore", base == ".gitignore", base == ".gitattributes", base == ".github", base == ".gitlab-ci.yml", base == ".vscode", base == ".idea", base == ".DS_Store":
		return true
	case strings.HasPrefix(base, "Dockerfile"), strings.HasSuffix(base, ".Dockerfile"), strings.HasSuffix(base, ".dockerignore"):
		return true
	case strings.HasPrefix(base, "docker-compose"), strings.HasPrefix(base, "compose.") && (strings.HasSuffix(base, ".yml") || strings.HasSuffix(base, ".yaml")):
		return true
	}
	return false
}

// objectRE is how an object of Kubernetes begins.
var objectRE = regexp.MustCompile(`(?m)^apiVersion:\s*\S`)

// kubernetes tells whether a file at the root of a context is a manifest of Kubernetes.
func kubernetes(b *source.Build, e source.Entry) bool {
	if ext := path.Ext(e.Path); e.Dir || ext != ".yaml" && ext != ".yml" {
		return false
	}
	data, ok := b.Context.Read(e.Path)
	return ok && objectRE.Match(data)
}

// takenByName tells whether a COPY of any stage names something in a folder, or the folder.
func takenByName(b *source.Build, base string) bool {
	return copies(b, func(p string) bool {
		first, _, _ := strings.Cut(p, "/")
		return first == base
	})
}

// copies tells whether a COPY of any stage names such a path.
func copies(b *source.Build, is func(string) bool) bool {
	return slices.ContainsFunc(b.Stages, func(s *source.Stage) bool {
		return slices.ContainsFunc(s.Steps, func(step *source.Step) bool {
			return step.Copy != nil && step.Copy.FromContext() && slices.ContainsFunc(step.Copy.Sources, func(src source.Text) bool { return is(source.Clean(src.Value)) })
		})
	})
}

// AsksGit is the first RUN that asks git about the project's own repository, which then has to
// be sent; nil = none does.
func AsksGit(b *source.Build) *source.Step {
	for _, s := range b.Stages {
		sent := false // something of the context lies in the stage
		for s := range s.Upwards() {
			sent = sent || slices.ContainsFunc(s.Steps, func(step *source.Step) bool { return step.Copy != nil && step.Copy.FromContext() })
		}
		var first *source.Step
		for _, step := range s.Steps {
			for _, c := range step.Run().Commands() {
				if program, args := c.Underlying(); program == "git" {
					o := getopt.Split(args, true, "-C", "-c", "--git-dir", "--work-tree")
					verb := o.Verb()
					if verb == "clone" || verb == "init" {
						sent = false // it has a repository of its own
					}
					if first == nil && knowledge.GitQuestions.Has(verb) {
						first = step
					}
				}
			}
		}
		if sent && first != nil && b.Needs(s) {
			return first
		}
	}
	return nil
}

// never are the patterns of what rule 6 asks to keep out, wherever it lies: repositories and
// files of settings always, the rest where it is there.
func never(b *source.Build) []string {
	var list []string
	asked := b.Context.Ignore != nil && slices.ContainsFunc(b.Context.Ignore.Patterns(), func(p *ignore.Pattern) bool {
		return p.Negated && path.Base(strings.TrimRight(strings.TrimPrefix(p.Raw, "!"), "/ ")) == ".git"
	})
	if AsksGit(b) == nil && !asked {
		list = append(list, "**/.git")
	}
	if !copies(b, func(p string) bool { return source.IsEnvFile(path.Base(p)) }) {
		list = append(list, "**/.env", "**/.env.*", "!**/.env.example", "!**/.env.sample", "!**/.env.template")
	}
	there, _ := b.Context.Notable()
	for _, e := range there {
		base := path.Base(e.Path)
		if p := "**/" + base; source.Unwanted(base) && !source.IsEnvFile(base) && !slices.Contains(list, p) {
			list = append(list, p)
		}
	}
	return list
}

// hasLine tells whether a line of a file says something, blanks around it aside.
func hasLine(f *text.File, what string) bool {
	for line := range strings.Lines(string(f.Data)) {
		if strings.TrimSpace(line) == what {
			return true
		}
	}
	return false
}

// Exclude adds what rule 6 asks to keep out to an ignore file, behind a line of it or at its
// end.
func Exclude(b *source.Build, behind text.Span) []check.Fix {
	f := b.Context.File
	if f == nil {
		return nil
	}
	patterns := never(b)
	for _, p := range []string{"__pycache__", "venv", ".venv", "node_modules", "test_data"} {
		if ok, _ := b.Context.Sent(p+"/x", false); ok && !b.Context.Ignore.AllowList() && !slices.Contains(patterns, "**/"+p) {
			patterns = append(patterns, "**/"+p)
		}
	}
	if behind.IsZero() {
		patterns = slices.DeleteFunc(patterns, func(p string) bool { return hasLine(f, p) })
	}
	if len(patterns) == 0 {
		return nil
	}
	block := strings.Join(patterns, "\n")
	at, add := len(f.Data), block+"\n"
	if !behind.IsZero() {
		at = f.LineSpan(f.Position(max(behind.Start, behind.End-1)).Line).End
	}
	if at > 0 && at <= len(f.Data) && f.Data[at-1] != '\n' {
		if add = "\n" + block; at == len(f.Data) {
			add += "\n"
		}
	}
	title := "keep .git, .env and what is installed or made out by " + path.Base(f.Name)
	return []check.Fix{fix(title, check.Unsafe, "a build that needs these files has to name them", f, text.Edit{Span: text.Span{Start: at, End: at}, New: f.Lined(add)})}
}
