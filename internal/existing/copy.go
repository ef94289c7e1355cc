package existing

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/source"
)

// copy reads a COPY or ADD of the image that ships.
func (r *reader) copy(s *source.Step) {
	c := s.Copy
	switch {
	case len(c.Heredocs) > 0:
		r.keep(s, strings.TrimRight(r.text(s), "\n"))
	case c.FromContext():
		r.fromContext(s)
	case c.Stage != nil && !r.b.InChain(c.Stage) && r.ours[c.Stage.Ref()]:
		r.fromBuilder(s)
	case c.Stage != nil && !r.b.InChain(c.Stage):
		r.keep(s, r.unowned(s))
	case c.Image != nil && isTool(c.Image.Ref.Familiar):
	default:
		r.keep(s, r.unowned(s))
	}
}

// isTool tells whether an image is a package manager's: a build has its own.
func isTool(name string) bool {
	return slices.Contains([]string{"ghcr.io/astral-sh/uv", "composer", "oven/bun"}, name)
}

var chownRE = regexp.MustCompile(`\s--chown=\S+`)

// text is an instruction as it stands in the file.
func (r *reader) text(s *source.Step) string {
	return string(s.File().Data[s.Span.Start:s.Span.End])
}

// unowned is an instruction without the owner that it gives its files: they are root's.
func (r *reader) unowned(s *source.Step) string {
	return strings.TrimRight(chownRE.ReplaceAllString(r.text(s), ""), "\n")
}

// keep carries an instruction over as it is written.
func (r *reader) keep(s *source.Step, text string, takes ...string) {
	r.out.Steps = append(r.out.Steps, Step{Text: text, Line: s.Line(), Early: !r.sources, Takes: takes, Release: r.release, copies: s.Copy})
	st := &r.out.Steps[len(r.out.Steps)-1]
	for _, name := range names(text) {
		if line := r.argLine(s, name); line != "" && !slices.Contains(st.Args, line) {
			st.Args = append(st.Args, line)
		}
	}
	if run := s.Run(); run != nil {
		for _, c := range run.Commands() {
			p := c.Program()
			if knowledge.PackageOf(p) != "" && mentions(text, p) && !slices.Contains(st.Programs, p) {
				st.Programs = append(st.Programs, p)
			}
		}
		slices.Sort(st.Programs)
	}
}

// unused leaves out what is copied for a RUN that installs and is not kept, and for
// nothing else: manifests, lists of packages.
func (r *reader) unused() {
	later := r.probe
	start := r.b.Begins()
	for _, step := range []*source.Step{start.Entrypoint.Step, start.Cmd.Step} {
		if step != nil {
			later += "\n" + r.text(step)
		}
	}
	if start.File != nil && start.File.Origin != nil {
		if data, ok := start.File.Origin.Data(); ok {
			later += "\n" + data
		}
	}
	for _, st := range r.out.Steps {
		if st.copies == nil {
			later += "\n" + st.Text
		}
	}
	r.out.Steps = slices.DeleteFunc(r.out.Steps, func(st Step) bool {
		if st.copies == nil {
			return false
		}
		return !slices.ContainsFunc(st.copies.Sources, func(src source.Text) bool {
			name := path.Base(path.Clean(src.Value))
			return mentions(later, name) || !slices.ContainsFunc(r.installing, func(run string) bool { return mentions(run, name) })
		})
	})
	for _, st := range r.out.Steps {
		if st.copies != nil && st.copies.Stage != nil {
			r.stage(st.copies.Stage)
		}
	}
}

// mentions tells whether a text names a file.
func mentions(text, name string) bool {
	for i := 0; ; {
		at := strings.Index(text[i:], name)
		if at < 0 {
			return false
		}
		at += i
		end := at + len(name)
		if (at == 0 || !inName(text[at-1])) && (end == len(text) || !inName(text[end])) {
			return true
		}
		i = at + 1
	}
}

// inName tells whether a byte goes on with the name of a file.
func inName(c byte) bool {
	return c == '_' || c == '-' || c == '.' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// fromContext reads a COPY of the project's files.
func (r *reader) fromContext(s *source.Step) {
	c := s.Copy
	var urls, elsewhere, here []string
	for _, src := range c.Sources {
		switch {
		case !src.Known:
			r.left(s.Line(), s.Keyword+" "+src.Raw, "what it copies depends on a value that is not known")
			return
		case strings.Contains(src.Value, "://"):
			urls = append(urls, src.Value)
		case c.Target != r.work && !strings.HasPrefix(c.Target, strings.TrimSuffix(r.work, "/")+"/"):
			elsewhere = append(elsewhere, source.Clean(src.Value))
		default:
			here = append(here, source.Clean(src.Value))
		}
	}
	switch {
	case len(urls) > 0:
		r.keep(s, r.unowned(s))
	case len(elsewhere) > 0 && !slices.Contains(elsewhere, "."):
		if r.isStart(c.Target, elsewhere) {
			return
		}
		if slices.Contains(r.ecosystem, "composer") && within(c.Target, "/etc/nginx", "/etc/apache2", "/etc/supervisor", "/etc/supervisord.conf", "/usr/local/etc/php-fpm.d", "/usr/local/etc/php-fpm.conf") {
			r.left(s.Line(), strings.Join(elsewhere, " "), "it is about programs beside PHP: FrankenPHP is PHP and its web server in one")
			return
		}
		if r.tree(elsewhere) {
			r.sources = true
		}
		r.keep(s, r.unowned(s), elsewhere...)
	default:
		if r.tree(here) || slices.Contains(elsewhere, ".") {
			r.sources = true
		}
		for _, name := range here {
			if name != "." && !r.isStart(path.Join(c.Target, path.Base(name)), []string{name}) && !r.isStart(c.Target, []string{name}) {
				r.out.Sources = append(r.out.Sources, Fact{name, s.Line()})
			}
		}
	}
}

// isStart tells whether a file is the script that starts the container, which is read and
// not kept.
func (r *reader) isStart(target string, names []string) bool {
	st := r.b.Begins()
	return st.File != nil && len(names) == 1 && (st.File.Path == target || path.Join(target, path.Base(names[0])) == st.File.Path)
}

// tree tells whether names are more than single files of the project.
func (r *reader) tree(names []string) bool {
	return slices.ContainsFunc(names, func(n string) bool {
		if n == "." || strings.ContainsAny(n, "*?[") {
			return n == "."
		}
		if r.b.Context == nil {
			return false
		}
		e, err := r.b.Context.Stat(n)
		return err == nil && e.Dir
	})
}

// programs are the places in which builds of each language leave the program and its
// packages, which a build that is written anew makes itself.
var programs = regexp.MustCompile(`(^|/)(\.?venv|env|site-packages|\.local|node_modules|dist|build|out|output|target|bin|\.next|\.output|publish|wheels|wheelhouse|public|install|\.m2|\.gradle|usr/local)(/|$)|\.(jar|war|whl|dll)$|python3\.`)

// fromBuilder reads a COPY out of a stage that builds the project.
func (r *reader) fromBuilder(s *source.Step) {
	c := s.Copy
	workdir := c.Stage.Final.Workdir.Value
	for _, src := range c.Sources {
		name := src.Value
		rel, in := strings.CutPrefix(path.Clean(name), strings.TrimSuffix(workdir, "/")+"/")
		switch {
		case !src.Known:
			r.left(s.Line(), r.text(s), "what it copies depends on a value that is not known")
		case path.Clean(name) == path.Clean(workdir):
			r.sources = true
		case in && r.b.Context != nil && r.b.Context.Has(rel) || in && r.tree([]string{rel}):
			r.out.Sources = append(r.out.Sources, Fact{rel, s.Line()})
		case programs.MatchString(name) || in:
		case within(name, "/etc/ssl", "/usr/share/zoneinfo", "/etc/passwd", "/etc/group", "/usr/share/ca-certificates"):
			// The base has them.
		default:
			if o := r.b.FileIn(c.Stage, path.Clean(name)); o != nil && o.Context != nil {
				r.out.Sources = append(r.out.Sources, Fact{o.Path, s.Line()})
				continue
			}
			if r.isProgram(name) {
				continue
			}
			r.left(s.Line(), strings.TrimSpace(r.text(s)), "what the builder makes there is not known")
		}
	}
}

// isProgram tells whether a path is what a compiler of the project was told to write.
func (r *reader) isProgram(p string) bool {
	words := r.b.Begins().Words
	return len(words) > 0 && path.Base(words[0].Text) == path.Base(p) || len(r.ecosystem) > 0 && slices.Contains([]string{"go", "cargo", "cmake"}, r.ecosystem[0]) && path.Ext(p) == ""
}

// stage keeps a stage with all that it is built on and takes from.
func (r *reader) stage(s *source.Stage) {
	for st := range s.Upwards() {
		if slices.ContainsFunc(r.out.Stages, func(have Stage) bool { return have.Line == st.From.Line() }) {
			continue
		}
		var end int
		file := st.From.File()
		end = st.From.Span.End
		var takes []string
		for _, step := range st.Steps {
			end = step.Span.End
			if c := step.Copy; c != nil {
				if c.Stage != nil {
					r.stage(c.Stage)
				} else if c.FromContext() {
					for _, src := range c.Sources {
						takes = append(takes, source.Clean(src.Value))
					}
				}
			}
		}
		head := string(file.Data[st.From.Span.Start:st.From.Span.End])
		if st.Image != nil && st.Base.Known && st.Base.Raw != "" {
			head = strings.Replace(head, st.Base.Raw, st.Base.Value, 1) // its ARGs stand above, and stay there
		}
		text := head + string(file.Data[st.From.Span.End:end])
		r.out.Stages = append(r.out.Stages, Stage{Name: st.Ref(), Text: strings.TrimRight(text, "\n"), Line: st.From.Line()})
		if len(takes) > 0 {
			r.out.Stages[len(r.out.Stages)-1].Takes = takes
		}
	}
	slices.SortFunc(r.out.Stages, func(a, b Stage) int { return a.Line - b.Line })
}
