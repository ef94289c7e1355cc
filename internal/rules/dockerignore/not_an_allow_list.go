package dockerignore

import (
	"fmt"
	"path"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/source"
)

var notAnAllowList = &check.Check{
	Name:     "not-an-allow-list",
	Claim:    "the ignore file is an allow-list: it excludes everything and includes what is needed",
	Why:      "a list of exclusions sends everything else, including files that are added to the folder later",
	Mend:     "begin the file with * and include what the build needs, one exception per line: !src, !package.json",
	Quiet:    "Where no COPY or ADD includes the whole build context.",
	Unfixed:  "what the build needs beside what it names is for you to say",
	Severity: check.Note,
	Banking:  check.Error,
	Since:    "0.1.0",
	Source: func(b *source.Build) check.Verdict {
		if b.File == nil {
			return check.None()
		}
		broad := broadest(takes(b))
		switch {
		case len(broad) == 0:
			return check.Judge(nil)
		case b.Context == nil:
			return unknownContext(b)
		case !effective(b.Context) || b.Context.Ignore.AllowList():
			return check.Judge(nil)
		}
		return check.Judge([]check.Finding{{
			Place:   check.Place{File: b.Context.File},
			Related: []check.Place{{File: b.Text(), Span: broad[0].at(), Message: "this includes everything that is not excluded"}},
			Message: fmt.Sprintf("%s lists what to exclude, so everything else is sent", path.Base(b.Context.File.Name)),
			Missing: true,
		}})
	},
}
