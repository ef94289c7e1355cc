package nonroot

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/image"
	"github.com/dockworthy/dockworthy/internal/run"
)

// startUnreadable judges by how the container started whether its user can
// reach and read what it must run. "Not found" is what a shell-less engine says
// of a program in a folder that the user may not enter: the image tells the two
// apart.
func startUnreadable(ev check.Evidence) check.Verdict {
	log := ev.Run
	s := log.Failed()
	switch {
	case s == nil && log.Up() == nil:
		return check.Unknown(check.ByRun, "the container was not started")
	case s == nil:
		return check.Judge(nil)
	case s.Lived || log.Procs != nil && s.Cause != nil && s.Cause.Kind != run.NotReadable:
		return check.Judge(nil) // it ran: what it died of is another's
	case s.Cause == nil:
		return check.Unknown(check.ByRun, "the reason why the container did not become ready is not known")
	}
	f := check.Finding{Place: check.Started(log, s), Cause: check.StartCause}
	switch s.Cause.Kind {
	case run.NotReadable:
		if unwritable(ev.Image, s) != "" {
			return check.Judge(nil) // it may read it; see not-owned-workdir
		}
		f.Message = "the program cannot run: " + s.Cause.Text
	case run.NotFound, run.NotExecutable:
		barred, by := closed(ev.Image, s)
		if barred == "" {
			return notUp()
		}
		f.Message = fmt.Sprintf("the program cannot run: %s is in the image, but the user %s may not enter %s", barred, who(s), by)
	default:
		return notUp()
	}
	return check.Judge([]check.Finding{f})
}

// notUp is the verdict where the container failed for a reason that is another
// check's: what comes after it nobody saw.
func notUp() check.Verdict {
	return check.Unknown(check.ByRun, "the container did not become ready for another reason")
}

func who(s *run.Start) string {
	if s.User == "" {
		return "root"
	}
	return s.User
}

// closed finds what the start did not find in the image, behind a folder that
// the user may not enter.
func closed(img *image.Image, s *run.Start) (path, by string) {
	if img == nil || s.Cause.Path == "" {
		return "", ""
	}
	me, err := img.Identity(s.User)
	if err != nil {
		return "", ""
	}
	f := img.LookPath(s.Cause.Path)
	if f == nil {
		return "", ""
	}
	if ok, at := img.Tree.Executable(f.Path, me); !ok && at != nil && at != f {
		return f.Path, at.Path
	}
	return "", ""
}

// startWithoutUser judges by how the container started whether its user exists.
func startWithoutUser(ev check.Evidence) check.Verdict {
	log := ev.Run
	s := log.Failed()
	switch {
	case s == nil && log.Up() == nil:
		return check.Unknown(check.ByRun, "the container was not started")
	case s == nil || s.Cause == nil || s.Cause.Kind != run.NoUser:
		return check.Judge(nil) // whatever failed, its user was found
	}
	return check.Judge([]check.Finding{{
		Place:   check.Started(log, s),
		Message: "the container does not start: " + s.Cause.Text,
		Cause:   check.StartCause,
	}})
}

// startUnwritable judges a program that died because it may not write where it has
// to, by its own words and the image's owners and modes.
func startUnwritable(ev check.Evidence) check.Verdict {
	log := ev.Run
	// What the hard settings forbid is needs-more's; what the engine's usual ones
	// forbid too is the image's.
	s := log.Start
	if log.Up() != nil && s != nil && s.Up {
		return check.Judge(nil)
	}
	if s == nil {
		return check.Verdict{}
	}
	at := unwritable(ev.Image, s)
	if at == "" {
		return check.Judge(nil)
	}
	f := check.Finding{
		Place:   check.Started(log, s),
		Message: fmt.Sprintf("user %s may not write %s: %s", who(s), s.Cause.Path, s.Cause.Text),
		Cause:   check.Cause("write").Of(at),
		Help:    fmt.Sprintf("make the user the owner of that folder alone: RUN install -d -o UID -g GID %s", at),
	}
	here := path.Clean(s.Cause.Path)
	if i := slices.IndexFunc(log.Settings.Mounts, func(m run.Mount) bool {
		return m.Files == nil && (here == m.Target || strings.HasPrefix(here, m.Target+"/"))
	}); i >= 0 {
		dir := log.Settings.Mounts[i].Target
		f.Message = fmt.Sprintf("user %s may not write %s: the volume on %s belongs to root, as the folder in the image does or because there is none", who(s), here, dir)
		f.Help = fmt.Sprintf("create the folder in the image and make the user its owner, which a new volume takes over: RUN install -d -o UID -g GID %s", dir)
	}
	return check.Judge([]check.Finding{f})
}

// unwritable is the folder or file that a program may not write to, where that is
// what it died of; "" = it died of something else, or may write there.
func unwritable(img *image.Image, s *run.Start) string {
	if img == nil || s.Cause == nil || s.Cause.Kind != run.NotReadable || !path.IsAbs(s.Cause.Path) {
		return ""
	}
	me, err := img.User()
	if s.User != "" && img.Config.User != s.User {
		me, err = img.Identity(s.User)
	}
	if err != nil || me.IsRoot() {
		return ""
	}
	at := path.Clean(s.Cause.Path)
	if f, err := img.Tree.Lookup(at); err == nil && f != nil {
		readable, _ := img.Tree.Readable(at, me)
		ok, _, _ := img.Tree.Allows(at, me, image.Write)
		if f.IsRegular() && !readable || ok {
			return ""
		}
		return at
	}
	for at != "/" {
		at = path.Dir(at)
		if f, err := img.Tree.Lookup(at); err != nil || f == nil {
			continue
		}
		if ok, _, _ := img.Tree.Allows(at, me, image.Write); ok {
			return ""
		}
		return at
	}
	return "/"
}
