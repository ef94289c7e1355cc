package pinnedbase

import (
	"fmt"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/base"
)

var latest = &check.Check{
	Name:     "latest",
	Claim:    "every image that the build uses has a version in its tag",
	Why:      "latest moves with each push: later builds of the same Dockerfile may give a different image, or fail",
	Mend:     "use a full version and a variant, such as python:3.12.8-slim-bookworm, or a digest",
	Quiet:    "For images with a digest, scratch, stage names and additional build contexts. A release line such as lts is reported by pinned-base/floating.",
	Unfixed:  "`dockworthy pin --full-version` does it: a registry has to say which version that is today",
	Severity: check.Error,
	Since:    "0.1.0",
	Aliases:  []string{"hadolint DL3006", "hadolint DL3007", "trivy DS-0001", "checkov CKV_DOCKER_7", "sonar docker:S6596"},
	Source: func(b *source.Build) check.Verdict {
		if b.File == nil {
			return check.None()
		}
		var found []check.Finding
		open := "" // an image whose name is not known
		for _, u := range uses(b) {
			img := u.image
			if !img.Valid && !img.Scratch && img.Context == "" && !img.Text.Known && len(img.Text.Missing) == 0 {
				open = u.written()
			}
			if !img.Valid || img.Ref.Digest != "" || img.Local != nil || len(img.Text.Missing) > 0 {
				continue
			}
			f := check.Finding{Place: u.place, Stage: u.stage}
			without := base.PublisherWithoutVersions(img.Ref.Repo)
			pin := base.Classify(img.Ref.Tag, img.Known, img.Ref.Repo)
			switch pin.Pinning {
			case base.PinNone:
				f.Message = fmt.Sprintf("%s %s has no tag, so it means :latest", u.what, u.written())
			case base.PinLatest:
				f.Message = fmt.Sprintf("%s %s: the tag is not a version, so it moves with each push", u.what, u.written())
			case base.PinNoVersion:
				if without {
					continue
				}
				f.Message = fmt.Sprintf("%s %s: the tag contains no version", u.what, u.written())
			default:
				continue
			}
			switch {
			case u.typo != "":
				f.Message = fmt.Sprintf("%s %s is not a stage of this file, so Docker reads it as an image without a tag; there is a stage %s", u.what, u.image.Text.Value, u.typo)
				f.Help = "write --from=" + u.typo
				f.Cause = check.Cause("typo").Of(u.image.Text.Value)
			case without:
				f.Help = "this publisher does not use versions: pin the digest, " + img.Ref.Familiar + "@sha256:…"
			default:
				f.Help = fuller(img.Ref)
			}
			f.Group = u.cause()
			found = append(found, f)
		}
		for _, d := range b.File.Directives {
			if d.Name != "syntax" {
				continue
			}
			ref, err := base.ParseRef(firstWord(d.Value))
			if err != nil || ref.Digest != "" || ref.Tag != "" && ref.Tag != "latest" {
				continue
			}
			found = append(found, check.Finding{
				Place:   check.Place{File: b.Text(), Span: d.Span},
				Message: fmt.Sprintf("# syntax=%s: the frontend has no version, so it moves with each push", d.Value),
				Help:    "write # syntax=docker/dockerfile:1",
			})
		}
		if name, file := elsewhere(b); len(found) == 0 && name != "" {
			return check.Unknown(check.ByFiles, fmt.Sprintf("%s appears to be a build context that %s defines", name, file))
		}
		if part := partOf(b); len(found) == 0 && part != "" {
			return check.Unknown(check.ByFiles, fmt.Sprintf("%s includes this file, and %s may be a stage of it", b.IncludedBy(), part))
		}
		if len(found) == 0 && open != "" {
			return check.Unknown(check.ByArg, open+" is not a valid image name")
		}
		return check.Judge(found)
	},
}

// fuller is what to write in place of an image without a version.
func fuller(ref base.Ref) string {
	if ref.Familiar == "python" {
		return "" // the check's own example
	}
	return fmt.Sprintf("use a tag of %s with a full version, or the digest: %s@sha256:…", ref.Familiar, ref.Familiar)
}

// elsewhere is a name that a file which is not read seems to define, and the
// file.
func elsewhere(b *source.Build) (name, file string) {
	of := func(img *source.Image) {
		if img != nil && img.Elsewhere != "" {
			name, file = img.Text.Value, img.Elsewhere
		}
	}
	for _, s := range b.Stages {
		of(s.Image)
		for _, step := range s.Steps {
			if step.Copy != nil {
				of(step.Copy.Image)
			}
			if run := step.Run(); run != nil {
				for _, m := range run.Mounts {
					of(m.Image)
				}
			}
		}
	}
	return name, file
}

func firstWord(s string) string {
	word, _, _ := strings.Cut(s, " ")
	return word
}
