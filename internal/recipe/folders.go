package recipe

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/effects"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/base"
	"github.com/dockworthy/dockworthy/text"
)

// dataFolders are the folders of a container that its program writes, as VOLUME, Compose and the
// project's sources say, and of these the ones that volumes keep.
func dataFolders(b *source.Build) (all, kept []string) {
	add := func(dir string) {
		if dir = path.Clean(dir); path.IsAbs(dir) && dir != "/" && !strings.ContainsAny(dir, "$ \t'\"\\*?[") && !knowledge.SharedFolders.Covers(dir) && !slices.Contains(all, dir) {
			all = append(all, dir)
		}
	}
	for step := range b.Steps() {
		if step.Keyword != "VOLUME" {
			continue
		}
		for _, w := range step.Words() {
			if !path.IsAbs(w.Text) {
				w.Text = path.Join(step.Before.Workdir.Value, w.Text)
			}
			add(w.Text)
		}
	}
	for _, s := range b.Services {
		for _, v := range s.Volumes {
			if v.Source.Text != "" && !strings.ContainsAny(v.Source.Text[:1], "./~$") && !v.ReadOnly {
				add(v.Target.Text)
			}
		}
	}
	kept = slices.Clone(all)
	if s := Sources(b); s != nil {
		for _, w := range s.Writes {
			if !path.IsAbs(w.Value) {
				w.Value = path.Join(b.Target.Final.Workdir.Value, w.Value)
			}
			add(w.Value)
		}
	}
	return all, kept
}

// given tells whether a RUN gives a folder, or one above it with all that is in it, to a
// user of these numbers or to one by name.
func given(b *source.Build, dir, ids string) bool {
	own, _, _ := strings.Cut(ids, ":")
	for step := range b.Steps() {
		run := step.Run()
		if run == nil {
			continue
		}
		for _, fx := range run.Effects.Files {
			if fx.Kind != effects.Chown || fx.Owner == "" || fx.Owner == "root" || fx.Owner == "0" || strings.Trim(fx.Owner, "0123456789") == "" && fx.Owner != own {
				continue
			}
			if slices.ContainsFunc(fx.Paths, func(p shell.Word) bool {
				at := path.Clean(p.Text)
				return at == dir || fx.Recursive && strings.HasPrefix(dir, at+"/")
			}) {
				return true
			}
		}
	}
	return false
}

// makeFolders is a RUN that makes folders for a user; "" = there are none. ok is false where
// the image has no shell to run it.
func makeFolders(b *source.Build, dirs []string, ids string) (line string, ok bool) {
	var list []string
	for _, d := range dirs {
		if !given(b, d, ids) {
			list = append(list, d)
		}
	}
	if len(list) == 0 {
		return "", true
	}
	if !shellSure(b) {
		return "", false
	}
	user, group, _ := strings.Cut(ids, ":")
	if group == "" {
		group = user
	}
	return "RUN install -d -o " + user + " -g " + group + " " + strings.Join(list, " "), true
}

// shellSure tells whether a RUN in shell form is certain to run at the end of a build's stage:
// its base has a shell, or one of its steps needs one already.
func shellSure(b *source.Build) bool {
	img := b.Base()
	switch {
	case img.Scratch || b.Target.Windows:
		return false
	case img.Known != nil && img.Known.HasShell() != base.Unknown:
		return img.Known.HasShell() == base.Yes
	}
	for step := range b.Steps() {
		if step.Run() != nil && !step.JSON {
			return true
		}
	}
	return false
}

// Folder makes a folder for the user that the container runs as, who could not write it.
func Folder(b *source.Build, dir string) Advice {
	u := b.User()
	dir = path.Clean(dir)
	switch {
	case b.Inline || b.File == nil || u.Step == nil || u.Step.Stage != b.Target:
		return unfixed("the user is set in another stage or file")
	case u.UID == "":
		return unfixed("the number of the user is not known")
	case dir == "/" || !path.IsAbs(dir) || strings.ContainsAny(dir, "$ \t'\"\\*?["):
		return unfixed("which folder it is is not known for certain")
	case strings.HasPrefix(dir, "/root/") || dir == "/root":
		return unfixed("the folder lies in root's home, where no other user comes")
	}
	if !rootAbove(b, u.Step) {
		return unfixed("no instruction above USER is run by root, who could make the folder")
	}
	ids := numbers(u)
	if ids == "" {
		return unfixed("the number of the group is not known")
	}
	line, ok := makeFolders(b, []string{dir}, ids)
	if !ok || line == "" {
		return unfixed("the image has no shell that could make the folder")
	}
	title := "make " + dir + " and give it to the user " + u.UID
	reason := "what the image has in the folder already stays as it is"
	return Advice{Fixes: []check.Fix{fix(title, check.Unsafe, reason, b.Text(), above(b, u.Step, line))}}
}

// rootAbove tells whether a RUN directly above an instruction of the target is run by root.
func rootAbove(b *source.Build, step *source.Step) bool {
	root := beginsAsRoot(b)
	for _, s := range b.Target.Steps[:step.Index] {
		if s.Keyword == "USER" {
			root = s.Value.Value == "root" || s.Value.Value == "0"
		}
	}
	return root
}

// OpenHome gives root's home to the user that the container runs as, who needs what lies in
// it.
func OpenHome(b *source.Build) Advice {
	u := b.User()
	switch {
	case b.Inline || b.File == nil || u.Step == nil || u.Step.Stage != b.Target:
		return unfixed("the user is set in another stage or file")
	case !rootAbove(b, u.Step):
		return unfixed("no instruction above USER is run by root, who could open his home")
	case !shellSure(b):
		return unfixed("the image has no shell that could open root's home")
	}
	line, title, reason := "RUN chmod 0755 "+rootsHome, "let every user into "+rootsHome, "what lies there can be read, but not written"
	if ids := numbers(u); ids != "" {
		line, _ = makeFolders(b, []string{rootsHome}, ids)
		title, reason = "give "+rootsHome+" to the user "+u.UID, "the program cannot write what lies below it already"
	}
	if e, ok := b.Target.Env.Lookup("HOME"); !ok || e.Value != rootsHome {
		line += "\nENV HOME=" + rootsHome
	}
	return Advice{Fixes: []check.Fix{fix(title, check.Unsafe, reason, b.Text(), above(b, u.Step, line))}}
}

// Readable lets everybody read, and enter, what a mode shuts for all but root. mode is where
// it is written, and dir tells that a folder has it, or may have it.
func Readable(b *source.Build, mode text.Span, dir bool) Advice {
	raw := b.Text().Text(mode)
	i := strings.LastIndexByte(raw, '=') + 1 // --chmod=700
	if strings.HasPrefix(raw, "go") {
		i = 0
	}
	open := "go=rX"
	if n, err := strconv.ParseUint(raw[i:], 8, 32); err == nil {
		if n |= 0o444; dir || n&0o111 != 0 {
			n |= 0o111
		}
		open = fmt.Sprintf("%0*o", len(raw)-i, n)
	} else if !strings.HasPrefix(raw, "go") {
		return unfixed("the mode is relative: which part of it the program needs is for you to say")
	}
	if b.Inline {
		return unfixed("the Dockerfile is written inside another file")
	}
	title := fmt.Sprintf("write mode %s in the place of %s", open, raw[i:])
	return Advice{Fixes: []check.Fix{fix(title, check.Unsafe, "other users of the container can read it, too", b.Text(), text.Edit{Span: text.Span{Start: mode.Start + i, End: mode.End}, New: open})}}
}

// above puts a line directly above an instruction, below the comments over it.
func above(b *source.Build, step *source.Step, line string) text.Edit {
	at := b.File.LineSpan(step.Line()).Start
	return text.Edit{Span: text.Span{Start: at, End: at}, New: b.File.Lined(line + "\n")}
}
