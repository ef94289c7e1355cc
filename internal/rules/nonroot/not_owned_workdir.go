package nonroot

import (
	"fmt"
	"path"
	"regexp"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/effects"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/recipe"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/base"
	"github.com/dockworthy/dockworthy/text"
)

var notOwnedWorkdir = &check.Check{
	Name:     "not-owned-workdir",
	Claim:    "the user can write to the folders that the program is known to write to",
	Why:      "a program that cannot write its database, its uploads or its PID file fails at start or at the first request",
	Mend:     "create the folder and make the user its owner, for this folder only: install -d -o 10001 -g 10001 /var/lib/app",
	Quiet:    "Where a RUN or COPY makes the user the owner of the folder, where a volume covers it, and where it is not known what the program writes.",
	Severity: check.Warning,
	Since:    "0.1.0",
	Run:      startUnwritable,
	Source: func(b *source.Build) check.Verdict {
		if !b.Runnable() {
			return check.None()
		}
		u := b.User()
		if !u.Unprivileged() || u.Step == nil {
			return check.Judge(nil)
		}
		var found []check.Finding
		open := "" // a folder of which builders differ
		list, guess := writes(b, u)
		for _, w := range list {
			if covered(b, w.dir) || w.path != "" && covered(b, w.path) {
				continue
			}
			if !w.sure {
				has := owned(b, u, w.dir)
				if has == base.Unknown {
					open = w.dir
				}
				if has != base.No {
					continue
				}
			}
			if guess && w.start {
				return check.Unknown(check.ByBases, fmt.Sprintf("it is not known whether the ENTRYPOINT of %s runs the program", b.Base().String()))
			}
			f := check.Finding{
				Place:   w.place,
				Message: fmt.Sprintf("%s, but user %s may not write there", w.what, u.Name),
				Help:    w.help,
				Cause:   check.Cause("write").Of(w.dir),
			}
			if w.help == "" {
				a := recipe.Folder(b, w.folder())
				f.Fixes, f.Unfixed = a.Fixes, a.Unfixed
			}
			found = append(found, f)
		}
		if len(found) == 0 && open != "" {
			return check.Unknown(check.ByImage, fmt.Sprintf("whether COPY --chown changes the owner of %s, which exists before, depends on the builder", open))
		}
		return check.Judge(found)
	},
}

// A write is one folder that the program is known to write to.
type write struct {
	dir   string
	path  string // what is made there; "" = dir says it
	made  bool   // path is a folder
	place check.Place
	what  string
	help  string
	sure  bool // that the user may not write there is known already
	start bool // it is what the command line runs that writes
}

// folder is what the user has to own: the folder that is made, or the one of the file.
func (w write) folder() string {
	switch {
	case w.path == "":
		return w.dir
	case w.made:
		return w.path
	}
	return path.Dir(w.path)
}

// sqliteURL is the URL of a SQLite file with its path (SQLAlchemy and Prisma
// write them alike): three slashes before a relative path, four before an
// absolute one.
var sqliteURL = regexp.MustCompile(`\bsqlite(?:\+\w+)?:///?(/?[^?\s"']+)`)

// writes are the folders that the program writes to for certain. guess tells that
// the base image may run something else.
func writes(b *source.Build, u source.User) (_ []write, guess bool) {
	var list []write
	workdir := b.Target.Final.Workdir.Value
	file := func(s string, span text.Span, where string) {
		m := sqliteURL.FindStringSubmatch(s)
		if m == nil || strings.Contains(m[1], ":memory:") || strings.Contains(m[1], "$") {
			return
		}
		p := m[1]
		if !strings.HasPrefix(p, "/") {
			if !strings.HasPrefix(workdir, "/") {
				return
			}
			p = path.Join(workdir, p)
		}
		list = append(list, write{dir: path.Dir(path.Clean(p)), place: check.Place{File: b.Text(), Span: span}, what: fmt.Sprintf("%s puts the SQLite database in %s", where, path.Dir(path.Clean(p)))})
	}
	for step := range b.Steps() {
		if step.Keyword != "ENV" {
			continue
		}
		words := step.Words()
		for i, v := range step.Vars {
			if v.Known && i < len(words) {
				file(v.Value, words[i].Span, v.Name)
			}
		}
	}
	st := b.Start()
	for _, w := range st.Words {
		if !w.Span.IsZero() {
			file(w.Text, w.Span, "the command line")
		}
	}
	if w, ok := nginx(b, st); ok {
		list = append(list, w)
	}
	cs, guess := startCommands(b)
	own := append(append(ownWrites(b, cs), scriptWrites(b, st.File)...), djangoWrites(b, cs)...)
	if w, ok := uvRun(b, u, cs); ok {
		w.sure = true
		own = append(own, w)
	}
	for _, w := range own {
		w.start = true
		list = append(list, w)
	}
	return list, guess
}

// nginx is the official image started as another user than root: its
// configuration writes /var/cache/nginx and /run/nginx.pid.
func nginx(b *source.Build, st *source.Start) (write, bool) {
	img := b.Base()
	if img.Ref.Repo != "docker.io/library/nginx" || st.Step != nil {
		return write{}, false
	}
	for step := range b.Steps() {
		// A configuration of the project's own may say other paths.
		if c := step.Copy; c != nil && strings.HasPrefix(strings.TrimSuffix(c.Target, "/")+"/", "/etc/nginx/") && !strings.Contains(c.Target, "/conf.d") && !strings.Contains(c.Target, "/templates") {
			return write{}, false
		}
		for _, fx := range changes(step) {
			for _, p := range fx.Paths {
				if strings.HasPrefix(p.Text, "/etc/nginx/nginx.conf") {
					return write{}, false
				}
			}
		}
	}
	u := b.User()
	return write{
		dir:   "/var/cache/nginx",
		place: check.Place{File: b.Text(), Span: u.Step.Rest().Span},
		what:  "nginx writes its caches to /var/cache/nginx and its PID file to /run",
		help:  "use the base image nginxinc/nginx-unprivileged, which runs as a non-root user and listens on 8080",
	}, true
}

func changes(step *source.Step) []effects.File {
	if run := step.Run(); run != nil {
		return run.Effects.Files
	}
	return nil
}

// owned tells whether the user may write a folder, or whether that cannot be
// told: somebody gave it away, opened it, or made it as that user.
func owned(b *source.Build, u source.User, dir string) base.Answer {
	if knowledge.SharedFolders.Covers(dir) || !b.MadeByRoot(dir) && dir != "/var/cache/nginx" {
		return base.Yes
	}
	return given(b, u, dir)
}

// covered tells whether a volume lies over a folder when the container runs:
// who owns it then is the host's matter.
func covered(b *source.Build, dir string) bool {
	over := func(target string) bool {
		t := path.Clean(target)
		return t == dir || strings.HasPrefix(dir, t+"/")
	}
	for _, s := range b.Services {
		for _, v := range s.Volumes {
			if over(v.Target.Text) {
				return true
			}
		}
	}
	for step := range b.Steps() {
		if step.Keyword != "VOLUME" {
			continue
		}
		for _, w := range step.Words() {
			if over(w.Text) {
				return true
			}
		}
	}
	return false
}
