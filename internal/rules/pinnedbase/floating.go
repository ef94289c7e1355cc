package pinnedbase

import (
	"fmt"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/base"
)

var floating = &check.Check{
	Name:     "floating",
	Claim:    "every image's tag names a full version",
	Why:      "a major, a minor or a word as lts moves with each release: an update arrives unasked",
	Mend:     "name the full version and the variant, as node:22.12.0-bookworm-slim, or pin the digest",
	Quiet:    "For anything with a digest, for an operating system's stable series (debian:12, ubuntu:24.04, alpine:3.21) and for publishers without versions.",
	Severity: check.Warning,
	Since:    "0.1.0",
	Source: func(b *source.Build) check.Verdict {
		if b.File == nil {
			return check.None()
		}
		var found []check.Finding
		for _, u := range uses(b) {
			img := u.image
			if !img.Valid || img.Ref.Digest != "" || img.Local != nil || len(img.Text.Missing) > 0 || base.PublisherWithoutVersions(img.Ref.Repo) {
				continue
			}
			f := check.Finding{Place: u.place, Stage: u.stage, Help: fmt.Sprintf("name a full version of %s with its variant, or pin the digest", img.Ref.Familiar)}
			pin := base.Classify(img.Ref.Tag, img.Known, img.Ref.Repo)
			switch pin.Pinning {
			case base.PinMoving:
				f.Message = fmt.Sprintf("%s %s is a tag that moves on purpose", u.what, u.written())
			case base.PinMajor:
				f.Message = fmt.Sprintf("%s %s names only the major version %s", u.what, u.written(), pin.Version)
			case base.PinMinor:
				f.Message = fmt.Sprintf("%s %s names the version %s without its last part", u.what, u.written(), pin.Version)
				if pin.Version == "" {
					f.Message = fmt.Sprintf("%s %s names no version of its own", u.what, u.written())
				}
			case base.PinFull:
				if !pin.VariantMissing {
					continue
				}
				f.Severity = check.Note
				f.Message = fmt.Sprintf("%s %s names no variant: the operating system below it may change", u.what, u.written())
			default:
				continue
			}
			f.Group = u.cause()
			found = append(found, f)
		}
		return check.Judge(found)
	},
}
