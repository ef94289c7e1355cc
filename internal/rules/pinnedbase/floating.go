package pinnedbase

import (
	"fmt"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/base"
)

var floating = &check.Check{
	Name:     "floating",
	Claim:    "the tag of every image is a full version",
	Why:      "a tag with only a major or minor version, or a word such as lts, moves with each release: a build may pick up an update that nobody chose",
	Mend:     "use the full version and the variant, such as node:22.12.0-bookworm-slim, or pin the digest",
	Quiet:    "For images with a digest, for the stable series of an operating system (debian:12, ubuntu:24.04, alpine:3.21), and for publishers that do not use versions.",
	Unfixed:  "`dockworthy pin --full-version` does it: a registry has to say which full version is the same image",
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
			f := check.Finding{Place: u.place, Stage: u.stage, Help: fmt.Sprintf("use a full version of %s with its variant, or pin the digest", img.Ref.Familiar)}
			pin := base.Classify(img.Ref.Tag, img.Known, img.Ref.Repo)
			switch pin.Pinning {
			case base.PinMoving:
				f.Message = fmt.Sprintf("%s %s: this tag is meant to move with new releases", u.what, u.written())
			case base.PinMajor:
				f.Message = fmt.Sprintf("%s %s: tag %s is only a major version, so it moves with minor and patch releases", u.what, u.written(), versionIn(img.Ref.Tag, pin.Version))
			case base.PinMinor:
				f.Message = fmt.Sprintf("%s %s: tag %s is not a full version, so it moves with patch releases", u.what, u.written(), versionIn(img.Ref.Tag, pin.Version))
			case base.PinFull:
				if !pin.VariantMissing {
					continue
				}
				f.Severity = check.Note
				f.Message = fmt.Sprintf("%s %s: the tag has no variant, so the operating system in the image may change", u.what, u.written())
			default:
				continue
			}
			if pin.Version == "" && (pin.Pinning == base.PinMajor || pin.Pinning == base.PinMinor) {
				f.Message = fmt.Sprintf("%s %s: the tag does not contain a version of the image", u.what, u.written())
			}
			f.Group = u.cause()
			found = append(found, f)
		}
		return check.Judge(found)
	},
}

// versionIn is a version as its tag begins with it, or the tag that has it within a word:
// c9s.
func versionIn(tag, version string) string {
	if strings.HasPrefix(strings.TrimPrefix(tag, "v"), version) || strings.Contains(tag, "-"+version) {
		return version
	}
	return tag
}
