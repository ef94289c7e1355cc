package pinnedbase

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/image"
	"github.com/dockworthy/dockworthy/internal/run"
	"github.com/dockworthy/dockworthy/internal/source/base"
)

// ranResolved holds what the Dockerfile names against what the builder took.
func ranResolved(ev check.Evidence) check.Verdict {
	log, b := ev.Run, ev.Source
	switch {
	case b == nil || log.Build == nil:
		return check.None()
	case len(log.Build.Bases) == 0:
		return check.None()
	}
	var found []check.Finding
	told := map[string]bool{}
	for _, u := range uses(b) {
		img := u.image
		if !img.Valid || img.Local != nil || told[img.Text.Value] || !b.Needs(u.stage) {
			continue
		}
		told[img.Text.Value] = true
		r, ok := resolved(log.Build, img.Ref)
		if !ok {
			continue
		}
		f := check.Finding{Place: check.Seen(log, run.TopicBase, r.Ref)}
		switch {
		case img.Ref.Digest != "" && r.Digest != "" && r.Digest != img.Ref.Digest:
			f.Severity = check.Error
			f.Message = fmt.Sprintf("%s has the digest %s, but the builder used %s", img.String(), img.Ref.Digest, r.Digest)
		case img.Ref.Digest != "":
			continue
		case r.Digest == "":
			f.Message = fmt.Sprintf("%s was taken from the local image store of the container engine, so it has no digest in a registry", img.Text.Value)
		default:
			f.Message = fmt.Sprintf("%s resolved to %s in this build, and may resolve to another digest in the next one", img.Text.Value, r.Digest)
			f.Help = fmt.Sprintf("write %s@%s", img.Text.Value, r.Digest)
		}
		found = append(found, f)
	}
	return check.Judge(found)
}

// resolved is what the builder made of a reference.
func resolved(b *run.Build, ref base.Ref) (run.Resolved, bool) {
	for _, r := range b.Bases {
		if got, err := base.ParseRef(r.Ref); err == nil && got.Repo == ref.Repo && (got.Tag == ref.Tag || ref.Digest != "") {
			return r, true
		}
	}
	return run.Resolved{}, false
}

// The annotations in which builders say what an image is built on. Source: OCI
// image specification, annotations.
const (
	baseDigest = "org.opencontainers.image.base.digest"
	baseName   = "org.opencontainers.image.base.name"
)

// builtOn asks an image what it is built on: by its annotations, or by the
// layers that it shares with the base that the build took.
func builtOn(ev check.Evidence) check.Verdict {
	img := ev.Image
	label := func(name string) string {
		if v := img.Annotations[name]; v != "" {
			return v
		}
		v, _ := img.Config.Label(name)
		return v
	}
	if label(baseDigest) != "" {
		return check.Judge(nil)
	}
	if ev.Run != nil && ev.Run.Build != nil && ev.Source != nil && !ev.Source.Base().Scratch {
		r, ok := resolved(ev.Run.Build, ev.Source.Base().Ref)
		if ok && len(r.Layers) > 0 {
			if len(img.Layers) >= len(r.Layers) && slices.EqualFunc(img.Layers[:len(r.Layers)], r.Layers, sameLayer) {
				return check.Judge(nil)
			}
			return check.Judge([]check.Finding{{
				Severity: check.Warning,
				Place:    check.Place{File: img.Text},
				Message:  fmt.Sprintf("the image does not begin with the layers of %s (%d)", ev.Source.Base().String(), len(r.Layers)),
				Help:     "rebuild the image: the tag pointed to another base image when it was built",
			}})
		}
	}
	if name := label(baseName); name != "" && !strings.Contains(name, "@sha256:") {
		return check.Judge([]check.Finding{{Place: check.Place{File: img.Text, Span: img.LayerSpan(0)}, Message: "the image names its base image as " + name + ", without a digest"}})
	}
	return check.None()
}

func sameLayer(l image.Layer, diffID string) bool { return l.DiffID == diffID }
