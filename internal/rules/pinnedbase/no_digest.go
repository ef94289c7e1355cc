package pinnedbase

import (
	"fmt"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/source"
)

var noDigest = &check.Check{
	Name:     "no-digest",
	Claim:    "every image is pinned by its digest",
	Why:      "a tag can be pushed again with different contents; a digest identifies the contents",
	Mend:     "append the digest and keep the tag for readability: python:3.12.8-slim-bookworm@sha256:…",
	Quiet:    "For scratch, stage names and additional build contexts.",
	Unfixed:  "`dockworthy pin` does it: a registry has to say which digest the tag stands for",
	Severity: check.Note,
	Banking:  check.Error,
	Since:    "0.1.0",
	Aliases:  []string{"sonar docker:S8431"},
	Image:    builtOn,
	Run:      ranResolved,
	Source: func(b *source.Build) check.Verdict {
		if b.File == nil {
			return check.None()
		}
		var found []check.Finding
		for _, u := range uses(b) {
			img := u.image
			if !img.Valid || img.Ref.Digest != "" || img.Local != nil || len(img.Text.Missing) > 0 || u.typo != "" {
				continue
			}
			found = append(found, check.Finding{
				Group:   u.cause(),
				Place:   u.place,
				Stage:   u.stage,
				Message: fmt.Sprintf("%s %s has no digest", u.what, u.written()),
				Help:    fmt.Sprintf("append the digest, which `docker buildx imagetools inspect %s` prints, and keep the tag for readability", img.Text.Value),
			})
		}
		return check.Judge(found)
	},
}
