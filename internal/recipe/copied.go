package recipe

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/base"
	"github.com/dockworthy/dockworthy/text"
)

// TakeFrom copies what a stage makes in the place of a path that it has not. i is the source of
// the COPY.
func TakeFrom(b *source.Build, step *source.Step, i int, made string) Advice {
	c := step.Copy
	if b.Inline || step.JSON || !path.IsAbs(made) || strings.ContainsAny(made, " *?[$'\"\\") {
		return Advice{}
	}
	edits := []text.Edit{{Span: step.SourcePlace(i), New: made}}
	// A file keeps the name under which it is looked for.
	if asked := path.Base(c.Sources[i].Value); strings.HasSuffix(c.Target, "/") && asked != path.Base(made) && len(c.Sources) == 1 {
		words := step.Words()
		edits = append(edits, text.Edit{Span: words[len(words)-1].Span, New: path.Join(c.Target, asked)})
	}
	return Advice{Fixes: []check.Fix{fix("copy "+made, check.Unsafe, "that it is what was meant is a guess", b.Text(), edits...)}}
}

// PutAt copies a virtual environment to where it was made, and names it there.
func PutAt(b *source.Build, step *source.Step, made, to string) Advice {
	c := step.Copy
	if b.Inline || step.JSON || len(c.Sources) != 1 || path.Clean(c.Target) != to || step.Stage != b.Target {
		return unfixed("the COPY brings more than the environment")
	}
	words := step.Words()
	edits := []text.Edit{{Span: words[len(words)-1].Span, New: made}}
	for _, s := range step.Stage.Steps {
		if s == step || s.Index < step.Index && s.Keyword != "ENV" {
			continue
		}
		raw := b.Text().Text(s.Span)
		for at := 0; ; {
			i := strings.Index(raw[at:], to)
			if i < 0 {
				break
			}
			at += i
			if end := at + len(to); (at == 0 || !pathByte(raw[at-1])) && (end == len(raw) || raw[end] == '/' || !pathByte(raw[end])) {
				edits = append(edits, text.Edit{Span: text.Span{Start: s.Span.Start + at, End: s.Span.Start + end}, New: made})
			}
			at += len(to)
		}
	}
	return Advice{Fixes: []check.Fix{fix("copy it to "+made+", and name it there", check.Unsafe, "who looks for it at "+to+" finds it no more", b.Text(), edits...)}}
}

// pathByte tells whether a byte may belong to a path.
func pathByte(c byte) bool {
	return wordByte(c) || c == '/' || c == '.' || c == '-'
}

// pythonTag is a tag that begins with a version of Python.
var pythonTag = regexp.MustCompile(`^(3(?:\.\d+)+)(.*)$`)

// SamePython builds with the version of Python that the final image has what a COPY brings of
// another stage.
func SamePython(b *source.Build, step *source.Step) Advice {
	final, made := b.Target, step.Copy.Stage
	for final.Parent != nil {
		final = final.Parent
	}
	for made != nil && made.Parent != nil {
		made = made.Parent
	}
	if b.Inline || made == nil || made == final {
		return Advice{}
	}
	name, tag, ok := strings.Cut(made.From.Words()[0].Text, ":")
	other, wanted, ok2 := strings.Cut(final.From.Words()[0].Text, ":")
	is, want := pythonTag.FindStringSubmatch(tag), pythonTag.FindStringSubmatch(wanted)
	if !ok || !ok2 || name != other || is == nil || want == nil || strings.Contains(tag+wanted, "@") || strings.Contains(tag+wanted, "$") {
		return unfixed("which of the two images is to have which version is for you to say")
	}
	chain := b.Chain()
	for _, st := range b.Stages {
		if !slices.Contains(chain, st) && slices.ContainsFunc(st.Steps, func(s *source.Step) bool {
			return s.Copy != nil && s.Copy.Stage != nil && slices.Contains(slices.Collect(s.Copy.Stage.Upwards()), made)
		}) {
			return unfixed(fmt.Sprintf("the stage of line %d copies out of it, too", st.From.Line()))
		}
	}
	now := name + ":" + want[1] + is[2]
	edits := []text.Edit{{Span: made.From.Words()[0].Span, New: now}}
	// Folders are named after the minor version.
	for _, w := range step.Words() {
		if raw := b.Text().Text(w.Span); strings.Contains(raw, "python"+minor(is[1])) {
			edits = append(edits, text.Edit{Span: w.Span, New: strings.ReplaceAll(raw, "python"+minor(is[1]), "python"+minor(want[1]))})
		}
	}
	return Advice{Fixes: []check.Fix{fix("build on "+now, check.Unsafe, "what is built may ask for the other version", b.Text(), edits...)}}
}

// minor is the major and the minor version of a full one.
func minor(version string) string {
	parts := strings.SplitN(version, ".", 3)
	return strings.Join(parts[:min(2, len(parts))], ".")
}

// Static links a program of Go statically, or runs another program on a base that has the C
// library and nothing else.
func Static(b *source.Build, made *source.Stage) Advice {
	if b.Inline || b.File == nil || made == nil {
		return Advice{}
	}
	var edits []text.Edit
	cargo := false
	for st := range made.Upwards() {
		for _, s := range st.Steps {
			run := s.Run()
			if run == nil {
				continue
			}
			for _, c := range run.Commands() {
				program, args := c.Underlying()
				cargo = cargo || program == "cargo" || program == "rustc"
				if program != "go" || len(args) == 0 || args[0].Text != "build" && args[0].Text != "install" {
					continue
				}
				if !within(s, c) || slices.ContainsFunc(c.Assigns, func(a shell.Assign) bool { return a.Name == "CGO_ENABLED" }) {
					return unfixed("the program is built with C, and what it needs of it has to be there")
				}
				edits = append(edits, text.Edit{Span: text.Span{Start: c.Span.Start, End: c.Span.Start}, New: "CGO_ENABLED=0 "})
			}
		}
	}
	if len(edits) > 0 {
		return Advice{Fixes: []check.Fix{fix("link it statically, with CGO_ENABLED=0", check.Unsafe, "a package that is written in C does not build so, or works otherwise", b.Text(), edits...)}}
	}
	from := b.Target.From.Words()[0]
	if b.Target.Parent != nil || from.Text != "scratch" && !strings.HasPrefix(from.Text, "gcr.io/distroless/static-debian") || strings.Contains(from.Text, "@") {
		return Advice{}
	}
	kind := "base"
	if cargo {
		kind = "cc"
	}
	now := strings.Replace(from.Text, "distroless/static-", "distroless/"+kind+"-", 1)
	if from.Text == "scratch" {
		now = "gcr.io/distroless/" + kind + "-debian12:nonroot"
	}
	return Advice{Fixes: []check.Fix{fix("run it on "+now+", which has its C library", check.Unsafe, "the image is some 20 MB larger", b.Text(), text.Edit{Span: from.Span, New: now})}}
}

// Installed installs a program in the place of a COPY that brings it without its libraries.
func Installed(b *source.Build, step *source.Step, program string) Advice {
	img := b.Base()
	if b.Inline || img.Known == nil || img.Known.HasShell() != base.Yes || len(step.Copy.Sources) != 1 || step.Stage != b.Target {
		return Advice{}
	}
	manager := img.Known.PackageManager
	pkg := knowledge.StartPackage(program, manager)
	if pkg == "" && manager == "apt" {
		pkg = knowledge.PackageOf(program)
	}
	if pkg == "" || installLines[manager] == "" || !rootAbove(b, step) {
		return unfixed(fmt.Sprintf("which package of %s has %s, or who could install it, is not known", img, program))
	}
	line := fmt.Sprintf(installLines[manager], pkg)
	end := step.Span.End
	for end > step.Span.Start && strings.IndexByte("\r\n", b.Text().Data[end-1]) >= 0 {
		end--
	}
	edit := text.Edit{Span: text.Span{Start: step.Span.Start, End: end}, New: line}
	return Advice{Fixes: []check.Fix{fix("install "+pkg, check.Unsafe, "the package may be of another version", b.Text(), edit)}}
}

// Uncopied takes a COPY out that brings a toolchain which nothing in the image is known to use.
func Uncopied(b *source.Build, step *source.Step, program string) Advice {
	started, _ := b.Program()
	if b.Inline || step.Stage != b.Target || len(step.Copy.Sources) != 1 || started == "" || started == program || knowledge.Shells.Has(started) {
		return unfixed("which of the copied files the program needs is for you to say")
	}
	for _, s := range b.Target.Steps {
		if s.Keyword == "RUN" && s.Index > step.Index {
			return unfixed(fmt.Sprintf("line %d may use it", s.Line()))
		}
	}
	return Advice{Fixes: []check.Fix{fix("leave it out", check.Unsafe, "a program that calls it where it runs does not find it any more", b.Text(), b.File.Without(step.Instruction))}}
}
