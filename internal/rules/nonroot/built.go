package nonroot

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/image"
	"github.com/dockworthy/dockworthy/internal/knowledge"
)

// onUser is the place of the image's user.
func onUser(img *image.Image) check.Place {
	return check.Place{File: img.Text, Span: img.Span(image.User, "")}
}

func windows(img *image.Image) bool { return img.Platform.OS == "windows" }

// builtUserRoot judges the user by the image's config and its /etc/passwd.
func builtUserRoot(ev check.Evidence) check.Verdict {
	img := ev.Image
	if windows(img) || exportsOnly(ev) {
		return check.None()
	}
	me, err := img.User()
	switch {
	case err != nil:
		return check.Unknown(check.ByRun, err.Error())
	case !me.IsRoot():
		return check.Judge(nil)
	}
	f := check.Finding{Place: onUser(img), Cause: rootCause, Missing: img.Config.User == ""}
	switch name, _, _ := strings.Cut(img.Config.User, ":"); {
	case img.Config.User == "":
		f.Message = "the image sets no user, so the container starts as root"
	case name == "root" || name == "0":
		f.Message = "the image's user is " + img.Config.User
	default:
		f.Message = "the image's user " + name + " is UID 0"
	}
	if b := ev.Source; b != nil {
		if _, ok := drop(b); ok {
			return check.Unknown(check.ByRun, "the image starts as root, and its start script may switch to another user")
		}
		if why, ok := b.IsBase(); ok {
			f.Severity = check.Warning
			f.Message += "; " + why
		} else if b.RootAllowed() {
			f.Severity = check.Warning
		}
	} else if len(img.Config.OnBuild) > 0 {
		f.Severity = check.Warning
		f.Message += "; it has ONBUILD triggers, so other images are based on it"
	}
	return check.Judge([]check.Finding{f})
}

// exportsOnly tells whether the image is a set of files and nothing to run.
func exportsOnly(ev check.Evidence) bool {
	if ev.Source != nil {
		return ev.Source.Exports()
	}
	return len(ev.Image.Config.Argv()) == 0 && ev.Image.Tree.Lstat("/bin/sh") == nil
}

// builtUnknownUser holds USER against the image's /etc/passwd and /etc/group.
func builtUnknownUser(ev check.Evidence) check.Verdict {
	img := ev.Image
	if windows(img) {
		return check.None()
	}
	if _, err := img.User(); err != nil {
		if img.NotLookedAt() {
			return check.Unknown(check.ByRun, "a layer of the image could not be read")
		}
		return check.Judge([]check.Finding{{Place: onUser(img), Message: "the container does not start: " + err.Error()}})
	}
	return check.Judge(nil)
}

// builtNotNumeric judges how the config names the user.
func builtNotNumeric(ev check.Evidence) check.Verdict {
	img := ev.Image
	name, _, _ := strings.Cut(img.Config.User, ":")
	if _, err := strconv.Atoi(name); err == nil || name == "" || windows(img) {
		return check.Judge(nil)
	}
	if me, err := img.User(); err != nil || me.IsRoot() {
		return check.Judge(nil) // others speak of it
	}
	f := check.Finding{Place: onUser(img), Message: "the image's user is given by name (" + name + "), which Kubernetes cannot verify"}
	if me, err := img.User(); err == nil {
		f.Help = fmt.Sprintf("write the number: USER %d:%d", me.UID, me.GID)
	}
	return check.Judge([]check.Finding{f})
}

// builtUnreadable asks the layers whether the user can get at what is started.
func builtUnreadable(ev check.Evidence) check.Verdict {
	img := ev.Image
	me, err := img.User()
	argv := img.Config.Argv()
	switch {
	case windows(img) || len(argv) == 0:
		return check.None()
	case err != nil:
		return check.Unknown(check.ByRun, err.Error())
	case me.IsRoot():
		return check.Judge(nil)
	}
	var found []check.Finding
	tell := func(what string, f, by *image.File) {
		msg := fmt.Sprintf("user %s may not %s: ", said(img, me), what)
		if by == f {
			msg += fmt.Sprintf("its mode is %04o and its owner is UID %d", by.Mode.Perm(), by.UID)
		} else {
			msg += fmt.Sprintf("%s is not accessible (mode %04o, UID %d)", by.Path, by.Mode.Perm(), by.UID)
		}
		found = append(found, check.Finding{Place: ev.LayerPlace(f.Layer), Message: msg, Cause: check.ClosedCause.Of(by.Path)})
	}
	program := img.LookPath(argv[0])
	if program != nil {
		if ok, by := img.Tree.Executable(program.Path, me); !ok && by != nil && by != program {
			tell("access "+program.Path, program, by)
		}
	}
	dir := img.Config.WorkingDir
	if dir == "" {
		dir = "/"
	}
	if f, err := img.Tree.Lookup(dir); err == nil && dir != "/" {
		if ok, by := img.Tree.Executable(dir, me); !ok && by != nil {
			tell("enter the working directory "+dir, f, by)
		}
	}
	for _, word := range argv[1:] {
		p := word
		if !path.IsAbs(p) {
			p = path.Join(dir, word)
		}
		f, err := img.Tree.Lookup(p)
		if err != nil || !f.IsRegular() || strings.HasPrefix(word, "-") {
			continue
		}
		if ok, by := img.Tree.Readable(p, me); !ok && by != nil {
			tell("read "+p, f, by)
		}
	}
	return check.Judge(found)
}

func said(img *image.Image, me image.Identity) string {
	if img.Config.User != "" {
		name, _, _ := strings.Cut(img.Config.User, ":")
		return name
	}
	return strconv.Itoa(me.UID)
}

// noSetID tells whether no file of an image has one of the bits, the base's files
// included.
func noSetID(ev check.Evidence) bool {
	return ev.Image != nil && len(ev.Image.SetID()) == 0
}

var setID = &check.Check{
	Name:     "set-id",
	Claim:    "no file that the Dockerfile adds has the setuid or setgid bit",
	Why:      "a setuid or setgid program runs with its owner's or group's privileges, whichever user starts it: a non-root user can become root with it",
	Mend:     "remove the bit in the RUN that adds the program (chmod u-s,g-s), or remove the program; run with no-new-privileges, under which the bits have no effect",
	Quiet:    "For programs of the base image (su, mount, passwd), and for folders, whose setgid bit only sets the group of new files.",
	Severity: check.Warning,
	Since:    "0.1.0",
	Aliases:  []string{"CIS 4.8", "dockle CIS-DI-0008"},
	Image: func(ev check.Evidence) check.Verdict {
		if windows(ev.Image) {
			return check.None()
		}
		_, known := ev.Own()
		byLayer := map[int][]string{}
		var order []int
		for _, f := range ev.Image.SetID() {
			if f.IsDir() || ev.FromBase(f.Layer) {
				continue
			}
			if byLayer[f.Layer] == nil {
				order = append(order, f.Layer)
			}
			byLayer[f.Layer] = append(byLayer[f.Layer], f.Path)
		}
		slices.Sort(order)
		var found []check.Finding
		for _, l := range order {
			files := byLayer[l]
			f := check.Finding{Place: ev.LayerPlace(l), Message: some(files) + " " + are(len(files)) + " setuid or setgid"}
			if !known {
				// Every distribution has a few: without the Dockerfile nobody
				// knows whose these are.
				f.Severity = check.Note
			}
			found = append(found, f)
		}
		return check.Judge(found)
	},
}

var codeWritable = &check.Check{
	Name:     "code-writable",
	Claim:    "the program cannot change its own code",
	Why:      "an attacker who controls a program that can change its own files can persist: the change is still there when the container restarts",
	Mend:     "leave the application files owned by root (plain COPY, readable by all), and give the user only the folders that it writes to; use COPY --chown for those",
	Quiet:    "For folders without code, and for files under /tmp, /var and the user's home. A read-only root file system is judged by non-root/needs-more.",
	Severity: check.Note,
	Since:    "0.1.0",
	Image: func(ev check.Evidence) check.Verdict {
		img := ev.Image
		me, err := img.User()
		if windows(img) || err != nil || me.IsRoot() {
			return check.None()
		}
		dir := img.Config.WorkingDir
		if dir == "" || dir == "/" || strings.HasPrefix(dir, "/tmp") || strings.HasPrefix(dir, "/var") {
			return check.Judge(nil)
		}
		var files []string
		layer := -1
		for _, f := range img.Writable(dir, me) {
			if f.IsRegular() && isCode(f) && !ev.FromBase(f.Layer) {
				files = append(files, f.Path)
				layer = max(layer, f.Layer)
			}
		}
		if len(files) == 0 {
			return check.Judge(nil)
		}
		return check.Judge([]check.Finding{{Place: ev.LayerPlace(layer), Message: fmt.Sprintf("user %s may write to %s", said(img, me), some(files))}})
	},
}

// isCode tells whether a file is a program, by its name or content.
func isCode(f *image.File) bool {
	return knowledge.CodeEnds.Has(path.Ext(f.Path)) || f.ELF != nil || f.Script != nil
}

// builtWorldWritable asks the layers for what everybody may write.
func builtWorldWritable(ev check.Evidence) check.Verdict {
	if windows(ev.Image) {
		return check.None()
	}
	byLayer := map[int][]string{}
	var order []int
	for _, f := range ev.Image.WorldWritable() {
		if ev.FromBase(f.Layer) || strings.HasPrefix(f.Path, "/tmp") || strings.HasPrefix(f.Path, "/var/tmp") || strings.HasPrefix(f.Path, "/run") || strings.HasPrefix(f.Path, "/dev") || strings.HasPrefix(f.Path, "/proc") {
			continue
		}
		if byLayer[f.Layer] == nil {
			order = append(order, f.Layer)
		}
		byLayer[f.Layer] = append(byLayer[f.Layer], f.Path)
	}
	slices.Sort(order)
	_, known := ev.Own()
	var found []check.Finding
	for _, l := range order {
		f := check.Finding{Place: ev.LayerPlace(l), Message: "every user may write to " + some(byLayer[l])}
		if !known {
			f.Severity = check.Note
		}
		found = append(found, f)
	}
	return check.Judge(found)
}

// some names the first of several paths and counts the rest.
func some(files []string) string {
	if len(files) <= 3 {
		return check.List(files)
	}
	return fmt.Sprintf("%s, %s and %d more", files[0], files[1], len(files)-2)
}

func are(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}
