package nonroot

import (
	"fmt"

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
	case s.Cause == nil:
		return check.Unknown(check.ByRun, "the reason why the container did not become ready is not known")
	}
	f := check.Finding{Place: check.Started(log, s), Cause: check.StartCause}
	switch s.Cause.Kind {
	case run.NotReadable:
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
