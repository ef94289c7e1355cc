package base

import (
	"strings"

	"github.com/dockworthy/dockworthy/internal/knowledge"
)

// A Pinning tells how far a tag goes towards naming one release. The order is
// not a ranking: see each value.
type Pinning int

const (
	PinNone      Pinning = iota // no tag at all
	PinLatest                   // :latest, or latest with a variant
	PinNoVersion                // a word without a version: python:alpine, app:prod
	PinMoving                   // a word that moves on purpose: lts, stable, mainline, edge, nightly
	PinMajor                    // a major alone: 3, 22-alpine, jdk21
	PinMinor                    // no full version yet: 3.12, 3.12-slim
	PinSeries                   // an operating system's stable series: debian:12, ubuntu:24.04, alpine:3.21
	PinFull                     // a full version, a date or a commit: 3.12.8-slim-bookworm, 20240101, sha-abc1234
)

// String is the pinning in words.
func (p Pinning) String() string {
	return [...]string{"no tag", "latest", "no version", "moving", "major", "minor", "stable series", "full"}[p]
}

// A Pin is what a tag says of the version. The zero Pin is a missing tag.
type Pin struct {
	Pinning        Pinning
	Version        string // the version in the tag, as written; "" where there is none
	VariantMissing bool   // a full version, bare, of a repository that has variants by operating system
}

// Classify judges a tag of a repository (in full form). img may be nil; where
// the catalogue has the image, it tells whether a variant is missing. A digest
// is not its business: whoever has one need not ask.
func Classify(tag string, img *Image, repo string) Pin {
	if tag == "" {
		return Pin{}
	}
	p := productOf(repo)
	if rest, ok := strings.CutPrefix(tag, "latest-"); ok {
		// latest-rust-1.85.1 moves, but not beyond what it names.
		if t := parseTag(rest, p); t.parts > 0 || t.companion > 0 {
			return Pin{Pinning: PinMoving}
		}
		return Pin{Pinning: PinLatest}
	}
	if tag == "latest" {
		return Pin{Pinning: PinLatest}
	}
	t := parseTag(tag, p)
	pin := Pin{Pinning: t.pinning(p), Version: t.version}
	if pin.Pinning == PinFull && t.bare && p.Series == 0 {
		pin.VariantMissing = hasOSVariants(img)
	}
	return pin
}

// pinning is the judgement on a tag that is not latest.
func (t *tag) pinning(p *product) Pinning {
	full := p.Parts
	if full == 0 || p.PartsSince > 0 && t.major() < p.PartsSince {
		full = 3
	}
	switch {
	case t.exact:
		return PinFull
	case t.parts >= full:
		return PinFull
	case p.Release && t.parts > 0 && t.versions > 1:
		return PinFull
	case p.Series > 0 && t.parts > p.Series:
		return PinFull
	case p.Series > 0 && t.parts == p.Series:
		// A pure number behind the release is the build: ubi9:9.4-1123.
		if t.versions > 1 {
			return PinFull
		}
		return PinSeries
	case p.Codenames && t.codename:
		return PinSeries
	case t.parts == 2:
		return PinMinor
	case t.parts == 1:
		return PinMajor
	case t.line:
		return PinMajor
	case t.moving:
		return PinMoving
	case t.companion >= 2:
		return PinMinor
	case t.companion == 1:
		return PinMajor
	}
	return PinNoVersion
}

// hasOSVariants tells whether the repository offers the same version on
// several systems. An image with nothing but a program has none that matter.
func hasOSVariants(img *Image) bool {
	if img == nil || img.Kind == KindMinimal {
		return false
	}
	for _, v := range img.Variants {
		for _, word := range strings.Split(v, "-") {
			if name, _ := splitNumber(word); knowledge.SystemTags.Has(name) || knowledge.DebianReleases.Has(name) || knowledge.UbuntuReleases.Has(name) {
				return true
			}
		}
	}
	return false
}
