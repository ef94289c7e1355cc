package entrypoint

import (
	"path"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/presence"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/base"
	"github.com/dockworthy/dockworthy/internal/source/deploy"
	"github.com/dockworthy/dockworthy/text"
)

// A launch is what a Compose service starts in place of what its image says.
type launch struct {
	who   string        // what messages call the service
	build *source.Build // of the image; nil = nothing here builds it
	image *presence.Image
	place check.Place    // of the command
	first *shell.Command // that PID 1 executes, behind an init
	init  string         // the init in front of it; "" = none
	mild  bool           // the file is for development
}

// launches are the starts that Compose services give themselves: those that build
// this target, or in a Compose file's own unit those that nothing here builds.
func launches(b *source.Build) (list []launch) {
	add := func(s *deploy.Service, file *text.File, build *source.Build, mild bool) {
		if l, ok := launchOf(s, file, build); ok {
			l.mild = mild
			list = append(list, l)
		}
	}
	switch {
	case b.Target != nil:
		for _, s := range b.Services {
			add(s.Service, s.File.File, b, s.Development != "")
		}
	case b.Compose != nil:
		for _, s := range b.Compose.Services {
			if s.Build == nil && s.Extends == nil && s.Image.Set && !s.Image.Unresolved && !b.MadeHere(s.Image.Text) {
				add(s, b.Text(), nil, false)
			}
		}
	}
	return list
}

// launchOf puts entrypoint and command of a service together with those of its
// image, as Compose does; ok is false where the service says nothing, or where it
// is not known what the image does with it.
func launchOf(s *deploy.Service, file *text.File, b *source.Build) (l launch, ok bool) {
	own := s.Command
	if s.Entrypoint != nil && len(s.Entrypoint.Words) > 0 {
		own = s.Entrypoint
	}
	if own == nil || len(own.Words) == 0 {
		return l, false
	}
	l = launch{who: "the service " + s.Name.Text, build: b, place: check.Place{File: file, Span: own.Span}}
	if b != nil {
		l.image = presence.Of(b)
	} else {
		l.image = presence.Published(s.Image.Text)
	}
	var words []shell.Word
	if s.Entrypoint == nil {
		front, known := imageEntrypoint(s, b)
		if !known {
			return l, false
		}
		words = front
	} else {
		words = argv(s.Entrypoint)
	}
	if s.Command != nil {
		words = append(words, argv(s.Command)...)
	}
	inner, name := source.StripInit(words)
	if l.init = name; s.Init.True() {
		l.init = "docker-init"
	}
	in := shell.Input{}
	if b != nil {
		in.Lookup, in.Dir = b.RuntimeEnv, b.Target.Final.Workdir.Value
	}
	script := shell.FromWords(in, inner)
	if len(script.Commands) == 0 {
		return l, false
	}
	l.first = script.Commands[0]
	return l, true
}

// imageEntrypoint is what the image puts in front of a service's command: nothing
// where it is a script that hands over to its arguments.
func imageEntrypoint(s *deploy.Service, b *source.Build) (front []shell.Word, known bool) {
	if b != nil {
		e := b.Entrypoint()
		switch {
		case !e.Known || e.Shell:
			return nil, false
		case source.HandsOver(e.Words):
			return nil, true
		}
		if e.Step != nil && b.Start().File != nil {
			return nil, false // a script of the project: it may do anything with its arguments
		}
		return e.Literal(), true
	}
	ref, err := base.ParseRef(s.Image.Text)
	if err != nil {
		return nil, false
	}
	img, ok := base.Lookup(ref)
	if !ok || img.Entrypoint == nil {
		return nil, false
	}
	if len(img.Entrypoint) == 0 || source.HandsOver(img.Entrypoint) {
		return nil, true
	}
	return nil, false
}

// argv are the words of a command of Compose.
func argv(c *deploy.Command) []shell.Word {
	var list []shell.Word
	for _, w := range c.Words {
		list = append(list, shell.Word{Text: w.Text, Known: !w.Unresolved, Quoted: true, Span: w.Span})
	}
	return list
}

// swallowers judges what the services start: package managers and build tools.
func swallowers(b *source.Build) (found []check.Finding) {
	for _, l := range launches(b) {
		why, ok := swallows(l.first)
		if !ok {
			continue
		}
		f := check.Finding{Place: l.place, Message: "PID 1 of " + l.who + " is " + words(l.first) + ", which " + why}
		if l.init != "" || l.mild || source.Watches(l.first) {
			f.Severity = check.Note
		}
		found = append(found, f)
	}
	return found
}

// absentPrograms judges whether the programs that services start are there.
func absentPrograms(b *source.Build) (found []check.Finding) {
	for _, l := range launches(b) {
		w := l.first.Words[0]
		if !w.Known || l.image.Program(w.Text) != base.No {
			continue
		}
		f := check.Finding{Place: l.place, Message: l.who + " starts a program that is not there: " + missingProgram(l.image, w.Text)}
		if l.mild || mounted(b, l, w.Text) {
			f.Severity = check.Note
		}
		found = append(found, f)
	}
	return found
}

// mounted tells whether a path may come with a folder of the host that is laid over
// the image's.
func mounted(b *source.Build, l launch, word string) bool {
	if !strings.Contains(word, "/") {
		return false
	}
	if l.build != nil && !strings.HasPrefix(word, "/") {
		word = path.Join(l.build.Target.Final.Workdir.Value, word)
	}
	for _, s := range b.Services {
		for _, v := range s.Volumes {
			if t := strings.TrimSuffix(v.Target.Text, "/"); word == t || strings.HasPrefix(word, t+"/") {
				return true
			}
		}
	}
	return false
}

// besides is the verdict on an image with what was found of the services that start
// it in their own way.
func besides(b *source.Build, found []check.Finding, judge func(*source.Build) check.Verdict) check.Verdict {
	switch {
	case b.Runnable():
		v := judge(b)
		if len(found) == 0 {
			return v
		}
		return check.Judge(append(v.Findings, found...))
	case len(found) == 0:
		return check.None()
	}
	return check.Judge(found)
}
