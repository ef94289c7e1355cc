package recipe

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/effects"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/base"
	"github.com/dockworthy/dockworthy/text"
)

// CopyAs gives files their owner or their mode in the COPY that brings them, and leaves to a
// RUN below it only the folder itself, of which a second entry costs nothing. uid is the
// number of the owner; "" = it is not known.
func CopyAs(b *source.Build, brings *source.Step, fx effects.File, uid string) Advice {
	c := brings.Copy
	if c == nil && !b.Inline && fx.Kind == effects.Chown && brings.Keyword == "RUN" && len(fx.Paths) == 1 {
		if all := flagOf(fx.Command, "R", "--recursive"); !all.IsZero() {
			return Advice{Fixes: []check.Fix{fix("change only the folder itself", check.Unsafe, "the program can no longer write what lies in it already", b.Text(), text.Edit{Span: all})}}
		}
	}
	switch {
	case b.Inline || c == nil || brings.Stage != b.Target && !b.InChain(brings.Stage):
		return unfixed("the files are not brought by a COPY of this image")
	case len(fx.Paths) != 1:
		return unfixed("the RUN changes several folders, and which of them other steps fill would have to be looked at")
	}
	recursive := flagOf(fx.Command, "R", "--recursive")
	if recursive.IsZero() {
		return unfixed("the RUN does more than change an owner or a mode")
	}
	var own, had string
	switch fx.Kind {
	case effects.Chown:
		if _, ok := brings.Flag("chown"); ok {
			had = "chown"
		}
		owner := ownerOf(b, fx, uid)
		if owner == "" {
			return unfixed("the number of the user or the group is not known where the COPY stands: its name may not be there yet")
		}
		own = "--chown=" + owner
	case effects.Chmod:
		if _, ok := brings.Flag("chmod"); ok {
			had = "chmod"
		}
		n, err := strconv.ParseUint(fx.Mode, 8, 32)
		if err != nil || n&0o105 != 0o105 || n > 0o777 {
			return unfixed("COPY takes one mode for files and folders alike, and this one is relative, or one with which other users could not enter a folder")
		}
		own = "--chmod=" + fx.Mode
	}
	if had != "" {
		return unfixed("the COPY has a --" + had + " of its own")
	}
	title := fmt.Sprintf("write COPY %s in line %d, and change only the folder itself here", own, brings.Line())
	return Advice{Fixes: []check.Fix{fix(title, check.Unsafe, "files that other steps put there, and not the COPY, stay as they are", b.Text(), flag(brings, own), text.Edit{Span: recursive})}}
}

// ownerOf is what a chown makes the owner, as a COPY above it can name him: by names that the
// base image has, or by numbers. uid is his number; "" = it is not known.
func ownerOf(b *source.Build, fx effects.File, uid string) string {
	if img := b.Base(); img.Known != nil {
		has := img.Known.Accounts(img.Ref)
		if fx.Owner != "" && has.HasUser(fx.Owner) == base.Yes && (fx.Group == "" || has.HasGroup(fx.Group) == base.Yes) {
			if fx.Group == "" {
				return fx.Owner + ":0"
			}
			return fx.Owner + ":" + fx.Group
		}
	}
	switch {
	case uid == "":
		return ""
	case fx.Group == "":
		return uid + ":0"
	case strings.Trim(fx.Group, "0123456789") == "":
		return uid + ":" + fx.Group
	case fx.Group == fx.Owner:
		return uid + ":" + uid
	}
	return ""
}

// flagOf is where a command has a flag by itself, with the blank before it; zero where it
// has not, or among others.
func flagOf(c *shell.Command, letter, long string) text.Span {
	if c == nil {
		return text.Span{}
	}
	for i, w := range c.Words {
		if i > 0 && (w.Text == "-"+letter || w.Text == long) && w.Span.Start > c.Words[i-1].Span.End {
			return text.Span{Start: c.Words[i-1].Span.End, End: w.Span.End}
		}
	}
	return text.Span{}
}

// Close takes the permission to write from everybody but the owner: in a --chmod of COPY, or
// the mode of a chmod.
func Close(b *source.Build, mode text.Span) Advice {
	raw := b.Text().Text(mode)
	n, err := strconv.ParseUint(raw, 8, 32)
	if b.Inline || err != nil {
		return unfixed("the mode is relative: which part of it the program needs is for you to say")
	}
	closed := fmt.Sprintf("%0*o", len(raw), n&^0o022)
	title := fmt.Sprintf("write mode %s in the place of %s", closed, raw)
	return Advice{Fixes: []check.Fix{fix(title, check.Unsafe, "a program that writes there needs it as its own: add --chown, or chown the one folder", b.Text(), text.Edit{Span: mode, New: closed})}}
}

// OwnFolders gives folders that a chmod opens to everybody to the user that the container
// runs as. mode is where the command has its mode.
func OwnFolders(b *source.Build, c *shell.Command, mode text.Span) Advice {
	u := b.User()
	ids := numbers(u)
	if ids == "" || u.UID == "0" || b.Inline || len(c.Words) == 0 || c.Words[0].Text != "chmod" {
		return Close(b, mode)
	}
	title := "give it to the user " + ids + " instead of everybody"
	return Advice{Fixes: []check.Fix{fix(title, check.Unsafe, "other users of the container cannot write there any more", b.Text(),
		text.Edit{Span: c.Words[0].Span, New: "chown"}, text.Edit{Span: mode, New: ids})}}
}

// ModeOf is where a chmod command has its mode; zero where it is not told.
func ModeOf(c *shell.Command, mode string) text.Span {
	if c == nil {
		return text.Span{}
	}
	i := slices.IndexFunc(c.Words, func(w shell.Word) bool { return w.Text == mode })
	if i < 1 {
		return text.Span{}
	}
	return c.Words[i].Span
}

// Remove takes out an instruction that has no effect.
func Remove(b *source.Build, step *source.Step, title string) Advice {
	if b.Inline {
		return Advice{}
	}
	return Advice{Fixes: []check.Fix{fix(title, check.Safe, "", b.Text(), b.File.Without(step.Instruction))}}
}

// Repeat writes an instruction of a stage once more below one of another, which resets it.
func Repeat(b *source.Build, step, below *source.Step) Advice {
	a := Advice{Help: fmt.Sprintf("repeat the %s after the %s, or remove it from the parent stage", step.Keyword, below.Keyword)}
	if b.Inline {
		return a
	}
	line := strings.ReplaceAll(strings.TrimRight(b.Text().Text(step.Span), "\r\n"), "\r\n", "\n")
	title := fmt.Sprintf("repeat the %s of line %d", step.Keyword, step.Line())
	a.Fixes = []check.Fix{fix(title, check.Unsafe, "whether the parent's command is meant here, too, is a guess", b.Text(), b.File.Below(below.Instruction, line))}
	return a
}

// Readmit lets a path through an ignore file that keeps it back.
func Readmit(b *source.Build, p string) Advice {
	f := b.Context.File
	if f == nil || strings.ContainsAny(p, "*?[]\\!#\n") {
		return unfixed("the pattern would bring back more than is needed")
	}
	return Advice{Fixes: []check.Fix{fix("let "+p+" through at the end of the ignore file", check.Unsafe, "what the pattern was to keep back is sent again below that path", f, appended(f, "!"+p))}}
}

// Expand hands an array with variables to a shell, which expands them and is replaced by the
// program.
func Expand(b *source.Build, step *source.Step) Advice {
	if b.Inline || step == nil || !step.JSON || commented(step) {
		return Advice{}
	}
	if st := b.Start(); !st.Entrypoint.Empty() && !st.Cmd.Empty() {
		return unfixed("ENTRYPOINT and CMD together make the command: which of them a shell is to read is for you to say")
	}
	var words []string
	for _, w := range step.Words() {
		words = append(words, w.Text)
	}
	if len(words) == 0 || slices.ContainsFunc(words, func(w string) bool { return w == "" || strings.ContainsAny(w, " \t'\"\\`;&|<>()*?[]#~!") }) {
		return unfixed("a shell would read some of its words in another way")
	}
	return write(b, step, []string{"sh", "-c", "exec " + strings.Join(words, " ")}, check.Unsafe, "a variable with blanks in its value becomes several words")
}
