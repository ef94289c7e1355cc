package pinnedbase

import (
	"fmt"
	"regexp"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/base"
)

// stableFrontend are the frontend's tags that its publisher keeps compatible:
// 1, 1.N and 1.N.N (Docker documentation, "Custom Dockerfile syntax").
var stableFrontend = regexp.MustCompile(`^1(\.\d+){0,2}$`)

var unpinnedFrontend = &check.Check{
	Name:     "unpinned-frontend",
	Claim:    "the syntax directive names a stable release of the Dockerfile frontend",
	Why:      "the frontend is the program that interprets this file: if its version moves, it may interpret the file differently",
	Mend:     "write # syntax=docker/dockerfile:1",
	Quiet:    "For docker/dockerfile:1, :1.N and :1.N.N, and for a digest. A frontend without a tag is reported by pinned-base/latest.",
	Unfixed:  "`dockworthy pin` does it: a registry has to say which digest it stands for",
	Severity: check.Note,
	Since:    "0.1.0",
	RestsOn:  []source.Subject{},
	Source: func(b *source.Build) check.Verdict {
		if b.File == nil {
			return check.None()
		}
		var found []check.Finding
		for _, d := range b.File.Directives {
			if d.Name != "syntax" {
				continue
			}
			ref, err := base.ParseRef(firstWord(d.Value))
			if err != nil || ref.Digest != "" || ref.Tag == "" || ref.Tag == "latest" || stableFrontend.MatchString(ref.Tag) {
				continue
			}
			if ref.Familiar != "docker/dockerfile" && base.Classify(ref.Tag, nil, ref.Repo).Pinning == base.PinFull {
				continue
			}
			found = append(found, check.Finding{
				Place:   check.Place{File: b.Text(), Span: d.Span},
				Message: fmt.Sprintf("the frontend %s is not a stable release, so it can change", d.Value),
			})
		}
		return check.Judge(found)
	},
}
