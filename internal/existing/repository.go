package existing

import (
	"path"
	"slices"
	"strings"
	"unicode"

	"github.com/dockworthy/dockworthy/internal/effects"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/packages"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
)

// sourceFolders are where package managers read which repositories there are, and their
// keys. Source: sources.list(5), apk-repositories(5).
var sourceFolders = []string{"/etc/apt/sources.list", "/etc/apt/sources.list.d", "/etc/apt/keyrings", "/etc/apt/trusted.gpg.d", "/usr/share/keyrings", "/etc/apk/repositories", "/etc/apk/keys"}

// addsRepository tells whether a RUN adds a repository of packages to those of the
// distribution.
func addsRepository(text string, commands []*shell.Command, e *effects.Effects) bool {
	return knowledge.NamesPackageSource(text) ||
		slices.ContainsFunc(commands, func(c *shell.Command) bool {
			p := c.Program()
			return p == "add-apt-repository" || p == "apt-key" || p == "extrepo"
		}) ||
		slices.ContainsFunc(e.Files, func(f effects.File) bool {
			return f.Kind == effects.Write && slices.ContainsFunc(f.Paths, func(w shell.Word) bool { return within(w.Text, sourceFolders...) })
		})
}

// repository reads a RUN that adds a repository of packages, or installs what may come of
// one. done is false where it is a RUN as any other.
func (r *reader) repository(s *source.Step) (done bool) {
	run, text := s.Run(), r.text(s)
	if addsRepository(text, run.Commands(), run.Effects) {
		if slices.ContainsFunc(r.ecosystem, func(e string) bool { return knowledge.BringsLanguage(text, e) }) {
			// The base brings the language; what else is installed is the distribution's.
			r.installed(s)
			r.installing = append(r.installing, text)
			return true
		}
		r.foreign = true
		if word := releaseIn(text); word != "" {
			r.release = word
		}
	} else if !r.foreign || !slices.ContainsFunc(run.Effects.Kept(), func(in packages.Install) bool {
		return in.System && slices.ContainsFunc(in.Packages, func(p packages.Package) bool {
			c := knowledge.ClassOf(in.Manager, p.Name)
			return c == knowledge.NoTool || c == ""
		})
	}) {
		return false
	}
	r.keep(s, strings.TrimRight(text, "\n"))
	r.out.Steps[len(r.out.Steps)-1].System = true
	for _, c := range run.Commands() {
		r.tools[c.Program()] = true
	}
	return true
}

// numbered are releases by the numbers that addresses have: debian/12/prod.
var numbered = map[string]string{"debian/11": "bullseye", "debian/12": "bookworm", "debian/13": "trixie", "ubuntu/20.04": "focal", "ubuntu/22.04": "jammy", "ubuntu/24.04": "noble"}

// releaseIn is the release of Debian or Ubuntu that a text names; "" = none.
func releaseIn(text string) string {
	for number, name := range numbered {
		if strings.Contains(text, number) {
			return name
		}
	}
	for word := range strings.FieldsFuncSeq(text, func(c rune) bool { return !unicode.IsLetter(c) }) {
		if w := strings.ToLower(word); knowledge.DebianReleases.Has(w) || knowledge.UbuntuReleases.Has(w) {
			return w
		}
	}
	return ""
}

// ofBase is a program that a command runs by its path and that nothing but the base image
// brings; "" = there is none.
func (r *reader) ofBase(s *source.Step, c *shell.Command) string {
	if len(c.Words) == 0 {
		return ""
	}
	p := c.Words[0]
	if !p.Known || !path.IsAbs(p.Text) || within(p.Text, "/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/lib/apt", "/opt/venv") || r.b.FileAt(p.Text) != nil {
		return ""
	}
	for step := range r.b.Steps() {
		if step == s {
			break
		}
		if (step.Keyword == "RUN" || step.Copy != nil) && mentions(r.text(step), path.Base(p.Text)) {
			return "" // something before may write it
		}
	}
	return p.Text
}
