package split

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/packages"
	"github.com/dockworthy/dockworthy/internal/scaffold"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/base"
	"github.com/dockworthy/dockworthy/internal/stack"
	"github.com/dockworthy/dockworthy/text"
)

// A runtime is the image that the program runs in.
type runtime struct {
	ref   string
	known *base.Image // never nil
	same  bool        // it is the one that builds
	adds  []string    // packages that it wants beside those that the Dockerfile installs
}

// choose picks the image that runs: the one that is known for it, or else the one that builds.
func (s *splitter) choose() {
	img := s.b.Base()
	ref := s.runsOn(img)
	if ref == "" {
		s.runs = runtime{ref: s.fromWords(), known: img.Known, same: true}
		return
	}
	parsed, err := base.ParseRef(ref)
	if err != nil {
		no("%s is no image", ref)
	}
	known, ok := base.Lookup(parsed)
	if !ok {
		no("nothing is known of %s, which would run it", ref)
	}
	s.runs = runtime{ref: ref, known: known}
}

// base settles what the image that runs needs, and refuses where it cannot be had.
func (s *splitter) base() {
	s.choose()
	if s.venv != "" && s.runs.known.HasTool("python3") != base.Yes && !s.installs("python3") {
		no("it is not known that %s has a Python for the virtual environment", s.runs.ref)
	}
	if !s.runs.same && strings.HasPrefix(s.runs.ref, "debian:") {
		// Its slim image has no certificates, which most programs that talk to others need.
		last := &s.parts[s.cut]
		last.out = append(last.out, "/etc/ssl/certs/ca-certificates.crt")
	}
	s.natives()
	s.probes()
	s.starts()
	for i := range s.parts {
		s.remainder(&s.parts[i])
	}
	for _, p := range s.parts {
		if p.step.Keyword == "RUN" && p.role == keeps {
			s.able(p.step)
		}
	}
}

// runnerRE is how an array begins by which a project manager runs a program of the virtual
// environment.
var runnerRE = regexp.MustCompile(`^(\[\s*)"(?:uv|poetry|pdm|pipenv)",\s*"run",\s*"([A-Za-z0-9_.]+)"`)

// unwrapped is an array that names a program of the virtual environment in the place of what
// runs it.
func (s *splitter) unwrapped(step *source.Step) string {
	return runnerRE.ReplaceAllString(step.Rest().Text, `${1}"`+s.venv+`/bin/${2}"`)
}

// starts refuses where the container starts by a tool that stays in the stage that builds.
func (s *splitter) starts() {
	words := s.command()
	if len(words) == 0 {
		return
	}
	name := path.Base(words[0].Text)
	tool := knowledge.Installers.Has(name) || knowledge.CopiedTool(name) != "" || knowledge.ClassOf("pip", name) != knowledge.NoTool
	if step := s.b.Start().Step; tool && s.venv != "" && step != nil && step.Stage == s.t && runnerRE.MatchString(step.Rest().Text) {
		if s.unwraps = step.Index <= s.cut; !s.unwraps {
			s.edits = append(s.edits, text.Edit{Span: step.Rest().Span, New: s.unwrapped(step)})
		}
		return
	}
	if tool && s.runs.known.HasTool(name) != base.Yes {
		no("the container starts by %s, which stays in the stage that builds: name the program that it runs", name)
	}
}

// fromWords is what the FROM names, as it is written, with its flags.
func (s *splitter) fromWords() string {
	words := s.t.From.Words()
	end := s.t.From.Span.End
	if n := len(words); n > 2 && strings.EqualFold(words[n-2].Text, "as") {
		end = words[n-3].Span.End
	}
	return strings.TrimSpace(s.b.Text().Text(text.Span{Start: s.t.From.KeywordSpan().End, End: end}))
}

// A release of Debian or Ubuntu, and a version of Alpine or of Java, as tags have them.
var (
	releaseRE = regexp.MustCompile(`(?:^|[-:])(trixie|bookworm|bullseye|buster|noble|jammy|focal)(?:-|$)`)
	debianRE  = regexp.MustCompile(`(?:^|/)debian:(\d+)`)
	alpineRE  = regexp.MustCompile(`(?:^|-)alpine(\d+\.\d+)?(?:-|$)`)
	javaRE    = regexp.MustCompile(`(?:^|-)(?:jdk|temurin|corretto|openjdk|jdk-)-?(\d+)|^(\d+)`)
)

// runsOn is the image that runs what another one builds; "" = the same does, for its tools
// are packages that the Dockerfile installs.
func (s *splitter) runsOn(img *source.Image) string {
	name, tag := img.Ref.Familiar, img.Ref.Tag
	if img.Known.Toolchain() == base.LevelNone {
		return ""
	}
	if len(img.Text.Missing) > 0 {
		no("FROM has no value for %s", img.Text.Missing[0])
	}
	alpine, release := alpineRE.FindStringSubmatch(tag), releaseRE.FindStringSubmatch(tag)
	switch path.Base(name) {
	case "python", "ruby", "perl":
		if alpine == nil && !strings.Contains(tag, "slim") && tag != "" && tag != "latest" {
			if release != nil {
				return name + ":" + strings.Replace(tag, release[1], "slim-"+release[1], 1)
			}
			return name + ":" + tag + "-slim"
		}
	case "node":
		if alpine == nil && !strings.Contains(tag, "slim") && tag != "" && tag != "latest" {
			return name + ":" + tag + "-slim"
		}
	case "golang", "rust":
		return s.bare(path.Base(name), alpine, release)
	case "maven", "gradle", "eclipse-temurin", "openjdk", "amazoncorretto":
		return s.java(path.Base(name), tag, alpine != nil, release)
	}
	no("nobody says here which image runs what %s builds", img)
	return ""
}

// bare is the image for a program without an interpreter.
func (s *splitter) bare(language string, alpine, release []string) string {
	if alpine != nil {
		if alpine[1] == "" {
			b, err := s.pick(scaffold.Want{Repo: "alpine", Loose: true})
			if err != nil {
				no("the tag does not say which Alpine it is of")
			}
			return b.Repo + ":" + b.Tag
		}
		return "alpine:" + alpine[1]
	}
	if s.stack != nil && s.stack.Go != nil && !s.stack.Go.CGO && s.shellless() {
		if s.static() {
			return "gcr.io/distroless/static-debian12:nonroot"
		}
	}
	if release == nil {
		return "debian:" + s.usual(language) + "-slim"
	}
	return "debian:" + release[1] + "-slim"
}

// usual is the release of Debian on which an image of a language is built whose tag names
// none.
func (s *splitter) usual(language string) string {
	version, _, _ := strings.Cut(s.b.Base().Ref.Tag, "-")
	newest := map[string]string{"golang": "1.25", "rust": "1.90"}[language]
	if version == "" || version == "latest" || knowledge.Compare(version, newest) >= 0 {
		return "trixie"
	}
	return "bookworm"
}

// static makes sure that Go links nothing from outside: the image that runs it has nothing.
func (s *splitter) static() bool {
	for _, p := range s.parts[:s.cut+1] {
		if v, ok := p.step.Env.Lookup("CGO_ENABLED"); ok && v.Value == "0" {
			return true
		}
		for _, c := range p.step.Run().Commands() {
			if v, ok := c.Setting("CGO_ENABLED"); ok && v == "0" {
				return true
			}
		}
	}
	return false
}

// shellless tells whether nothing of what stays needs a shell or a package.
func (s *splitter) shellless() bool {
	for i, p := range s.parts {
		switch {
		case p.step.Keyword == "RUN" && (p.role == keeps || i > s.cut || len(p.pkgs) > 0):
			return false
		case p.step.Keyword == "RUN" && p.role == systems && s.filtered(p.step) != "":
			return false
		case p.step.Keyword == "USER" && p.step.Value.Value != "" && strings.Trim(p.step.Value.Value, "0123456789:") != "" && p.step.Value.Value != "nonroot":
			return false
		case p.step.Keyword == "HEALTHCHECK":
			return p.step.JSON
		case (p.step.Keyword == "CMD" || p.step.Keyword == "ENTRYPOINT") && !p.step.JSON:
			return false
		}
	}
	st := s.b.Start()
	return st.File == nil && len(st.Words) > 0 && !knowledge.Shells.Has(path.Base(st.Words[0].Text))
}

// java is the image that runs what a JDK builds.
func (s *splitter) java(name, tag string, alpine bool, release []string) string {
	if name == "eclipse-temurin" {
		if strings.Contains(tag, "jdk") {
			return name + ":" + strings.Replace(tag, "jdk", "jre", 1)
		}
		no("the tag of eclipse-temurin does not say jdk, so that the JRE beside it is not known")
	}
	m := javaRE.FindStringSubmatch(tag)
	if m == nil {
		no("the tag %s does not say which Java it is", tag)
	}
	major := m[1] + m[2]
	if name == "maven" || name == "gradle" {
		if m = regexp.MustCompile(`(?:jdk|temurin|corretto|openjdk|sapmachine|semeru)-?(\d+)`).FindStringSubmatch(tag); m == nil {
			no("the tag %s does not say which Java it is", tag)
		}
		major = m[1]
	}
	want := scaffold.Want{Repo: "eclipse-temurin", Variant: "jre-%s", Systems: []string{"noble", "jammy"}, Spare: 3, Loose: true, Fits: func(v string) bool { return strings.HasPrefix(v+".", major+".") }}
	if alpine {
		want.Variant, want.Systems = "jre-alpine", nil
	}
	if release != nil && slices.Contains(want.Systems, release[1]) {
		want.Systems = []string{release[1]}
	}
	b, err := s.pick(want)
	if err != nil {
		no("no JRE %s is known", major)
	}
	return b.Repo + ":" + b.Tag
}

// natives adds the libraries that packages of the language were linked with, where the image
// that runs is another one, or the Dockerfile installs no headers that would tell.
func (s *splitter) natives() {
	if s.stack == nil || s.runs.same || s.runs.known.PackageManager != "apt" {
		return
	}
	for _, n := range s.stack.Native {
		for _, p := range stack.Native.ToRun(n) {
			p = knowledge.DebianName(p, s.release())
			if !slices.Contains(s.runs.adds, p) && !s.installs(p) {
				s.runs.adds = append(s.runs.adds, p)
			}
		}
	}
}

// release is the release of Debian that runs; "" = it is not known.
func (s *splitter) release() string {
	if m := releaseRE.FindStringSubmatch(s.runs.ref); m != nil {
		return m[1]
	}
	if m := debianRE.FindStringSubmatch(s.runs.ref); m != nil {
		return map[string]string{"11": "bullseye", "12": "bookworm", "13": "trixie"}[m[1]]
	}
	return ""
}

// twins are the packages with the libraries of a -dev package of Debian.
func (s *splitter) twins(name string) (list []string, known bool) {
	release := s.release()
	if release != "" {
		return knowledge.Twins(name, release)
	}
	list, known = knowledge.Twins(name, "trixie")
	if before, _ := knowledge.Twins(name, "bookworm"); !slices.Equal(list, before) {
		no("the tag of %s does not say which release of Debian it is of, and the libraries of %s are called otherwise in each: write bookworm or trixie into it", s.runs.ref, name)
	}
	return list, known
}

// installs tells whether the Dockerfile installs a package by name.
func (s *splitter) installs(name string) bool {
	for _, p := range s.parts {
		if run := p.step.Run(); run != nil {
			for _, in := range run.Effects.Kept() {
				if in.System && slices.ContainsFunc(in.Packages, func(p packages.Package) bool {
					if p.Name == name {
						return true
					}
					list, ok := s.remains(in.Manager, p.Name)
					return ok && slices.Contains(list, name)
				}) {
					return true
				}
			}
		}
	}
	return false
}

// probes adds the program of a health check, where the image that builds has it and the one
// that runs has not.
func (s *splitter) probes() {
	h, _, _ := s.b.Health()
	if h == nil || s.runs.same || s.runs.known.PackageManager != "apt" {
		return
	}
	line := h.Rest().Text
	for _, name := range []string{"curl", "wget", "nc"} {
		if strings.Contains(line, name) && s.b.Base().Known.HasTool(name) == base.Yes && !s.has(name) {
			if pkg := knowledge.PackageOf(name); pkg != "" && !slices.Contains(s.runs.adds, pkg) {
				s.runs.adds = append(s.runs.adds, pkg)
			}
		}
	}
}

// has tells whether the image that runs has a program, or may have it: by itself, by a
// package that stays, or as a file that stays.
func (s *splitter) has(program string) bool {
	if program == "" || strings.Contains(program, "/") || shellWords.Has(program) {
		return true
	}
	if s.runs.known.HasTool(program) != base.No {
		return true
	}
	pkg := knowledge.PackageOf(program)
	for _, p := range s.parts {
		run := p.step.Run()
		if run == nil || p.role != systems {
			continue
		}
		for _, in := range run.Effects.Kept() {
			for _, k := range in.Packages {
				if (k.Name == program || pkg != "" && k.Name == pkg) && knowledge.ClassOf(in.Manager, k.Name) == knowledge.NoTool {
					return true
				}
			}
		}
	}
	return slices.Contains(s.runs.adds, pkg) && pkg != ""
}

var shellWords = knowledge.Builtins

// remainder notes the packages of the system that an install or a compilation brings by the
// way, and that stay.
func (s *splitter) remainder(p *part) {
	if p.role != makes {
		return
	}
	for _, in := range p.step.Run().Effects.Kept() {
		if in.System {
			p.pkgs = append(p.pkgs, s.remain(in)...)
		}
	}
}

// remain are the packages of an install of the system that the program needs where it runs:
// no compilers, and of headers the libraries.
func (s *splitter) remain(in packages.Install) (list []string) {
	for _, p := range in.Packages {
		if !p.Known || p.Path {
			no("what is installed as %s is not known", p.Word.Text)
		}
		name, ok := s.remains(in.Manager, p.Name)
		if !ok {
			list = append(list, p.Name+p.Version)
			continue
		}
		list = append(list, name...)
	}
	return list
}

// remains are the packages in the place of one that only a build needs; ok is false for one
// that stays as it is.
func (s *splitter) remains(manager, name string) (list []string, ok bool) {
	if knowledge.ClassOf(manager, name) == knowledge.NoTool && !strings.HasSuffix(name, "-dev") && !strings.HasSuffix(name, "-devel") {
		return nil, false
	}
	known := true
	if ownHeaders.MatchString(name) {
		return nil, true // what it is about is in the image that runs
	}
	switch manager {
	case "apt":
		list, known = s.twins(name)
	case "apk":
		list, known = knowledge.AlpineTwins(name)
	default:
		if strings.HasSuffix(name, "-devel") {
			list = []string{strings.TrimSuffix(name, "-devel")}
		}
	}
	if !known && knowledge.ClassOf(manager, name) == knowledge.Header && !ownHeaders.MatchString(name) {
		no("which package has the libraries of %s is not known", name)
	}
	return list, true
}

// ownHeaders are of what every image that runs has, or needs none of.
var ownHeaders = regexp.MustCompile(`^(libc6?-dev|linux-(libc-dev|headers.*)|musl-dev|python[0-9.]*-dev|libstdc\+\+-\d+-dev|ruby[0-9.]*-dev|php[0-9.]*-dev|libpython[0-9.]*-dev|.*-headers)$`)

// filtered is a RUN that installs packages of the system without those that only a build
// needs; "" = nothing is left of it.
func (s *splitter) filtered(step *source.Step) string {
	run := step.Run()
	type change struct {
		start, end int
		new        string
	}
	var changes []change
	left, installs := 0, 0
	var gone []string
	for _, in := range run.Effects.Installs {
		installs += len(in.Packages)
	}
	kept := 0
	for _, in := range run.Effects.Kept() {
		if !in.System {
			continue
		}
		kept += len(in.Packages)
		for _, p := range in.Packages {
			list, ok := s.remains(in.Manager, p.Name)
			if !ok {
				left++
				continue
			}
			if p.Span.Start < step.Span.Start || p.Span.End > step.Span.End {
				no("line %d installs what is named elsewhere", step.Line())
			}
			if at := s.called(p.Name); at != "" && knowledge.ClassOf(in.Manager, p.Name) != knowledge.Header {
				no("%s names %s, which it may start", at, p.Name)
			}
			gone = append(gone, p.Name)
			if len(list) == 0 {
				start := p.Span.Start
				for start > step.Span.Start && strings.IndexByte(" \t\r\n\\", s.b.Text().Data[start-1]) >= 0 {
					start--
				}
				changes = append(changes, change{start, p.Span.End, ""})
				continue
			}
			left += len(list)
			changes = append(changes, change{p.Span.Start, p.Span.End, strings.Join(list, " ")})
		}
	}
	left += installs - kept // what the RUN removes itself stays as it is
	for _, c := range run.Commands() {
		program, _ := c.Underlying()
		if pkg := knowledge.PackageOf(program); slices.Contains(gone, program) || pkg != "" && slices.Contains(gone, pkg) || slices.ContainsFunc(gone, func(g string) bool { return knowledge.ProgramOf(g) == program }) {
			no("line %d installs %s and makes something with it, of which it is not known where it lies", step.Line(), program)
		}
	}
	switch {
	case installs == 0:
		return "" // apt-get update alone: see layer-cache/update-alone
	case left == 0 && !s.alone(run):
		no("line %d does more than install the tools", step.Line())
	case left == 0:
		return ""
	}
	s.able(step)
	if in := first(run, "apt"); in != nil && len(run.Effects.Updates) == 0 {
		// The lists are read in a step of their own, which nothing repeats.
		at := in.Command.Span.Start
		changes = append(changes, change{at, at, "apt-get update && "})
	}
	line := []byte(s.b.Text().Text(step.Span))
	slices.SortFunc(changes, func(a, b change) int { return b.start - a.start })
	for _, c := range changes {
		line = slices.Replace(line, c.start-step.Span.Start, c.end-step.Span.Start, []byte(c.new)...)
	}
	return strings.TrimRight(strings.ReplaceAll(string(line), "\r\n", "\n"), "\n")
}

// first is the first install of a manager in a RUN; nil = there is none.
func first(run *source.Run, manager string) *packages.Install {
	for i := range run.Effects.Installs {
		if in := &run.Effects.Installs[i]; in.Manager == manager && in.Command != nil && !in.Command.Span.IsZero() {
			return in
		}
	}
	return nil
}

// alone tells whether a RUN does nothing but install packages and clean up.
func (s *splitter) alone(run *source.Run) bool {
	return !slices.ContainsFunc(run.Commands(), func(c *shell.Command) bool {
		switch program, _ := c.Underlying(); program {
		case "apt-get", "apt", "apk", "dnf", "yum", "microdnf", "rm", "set", "":
			return false
		}
		return true
	})
}

// install is a RUN that installs packages of the system.
func (s *splitter) install(list []string) string {
	slices.Sort(list)
	list = slices.Compact(list)
	switch s.runs.known.PackageManager {
	case "apt":
		return "RUN apt-get update \\\n    && apt-get install -y --no-install-recommends " + strings.Join(list, " ") + " \\\n    && rm -rf /var/lib/apt/lists/*"
	case "apk":
		return "RUN apk add --no-cache " + strings.Join(list, " ")
	}
	no("%s would have to be installed, and %s has no package manager that is known here", strings.Join(list, ", "), s.runs.ref)
	return ""
}

// with adds packages to the line of an install of apt; "" = it has none.
func (s *splitter) with(line string, list []string) string {
	return fmt.Sprintf("%s\n%s", line, s.install(list))
}
