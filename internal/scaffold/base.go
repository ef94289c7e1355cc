package scaffold

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/source/base"
)

// A Base is an image that a build begins with.
type Base struct {
	Repo    string `json:"repo"`             // python
	Tag     string `json:"tag"`              // 3.13.9-slim-trixie
	Digest  string `json:"digest,omitempty"` // sha256:…, of the index; "" = not known
	Version string `json:"version"`          // 3.13.9
	Why     string `json:"why"`              // why this one
}

// String is the reference as FROM takes it.
func (b Base) String() string {
	s := b.Repo
	if b.Tag != "" {
		s += ":" + b.Tag
	}
	if b.Digest != "" {
		s += "@" + b.Digest
	}
	return s
}

// release is the release of Debian that it is built on; "" = its tag names none.
func (b Base) release() string {
	for _, d := range debians {
		if strings.Contains(b.Tag, d) {
			return d
		}
	}
	return ""
}

// A Want is what is asked of a base.
type Want struct {
	Repo    string                    // python
	Product string                    // as endoflife.date names it: python, nodejs; "" = Repo
	Fits    func(version string) bool // nil = any version does
	Prefers func(version string) bool // the newest that it is true for comes first; nil = none
	// Likes is what comes first among those that are supported: what is used today.
	Likes func(version string) bool
	// Variant is what stands behind the version, with %s for the Debian release:
	// slim-%s. "" = nothing.
	Variant string
	Tag     string // the tag, where the publisher has no versions: only its digest is looked up
	Fixed   bool   // Variant alone is the tag: bookworm-slim
	LTS     bool   // only lines with long support, where the product has them
	Spec    string
	Spare   int // parts of a version that a tag has at least: 3
	// Otherwise is the tag where nothing is known of versions.
	Otherwise string
	// Systems are the releases that Variant names, newest first; nil = those of Debian.
	Systems []string
	// Loose lets a tag of fewer parts do where there is none of a full version.
	Loose bool
	// Relax are versions that may do where none that Fits is to be had: the same
	// minor, another one. It is told.
	Relax []func(version string) bool
}

// Relaxed are the wants that may do instead, the nearest first.
func (w Want) Relaxed() (list []Want) {
	for _, f := range w.Relax {
		next := w
		next.Fits, next.Relax = f, nil
		list = append(list, next)
	}
	return list
}

// debians are the releases of Debian that images are built on, newest first.
var debians = []string{"trixie", "bookworm", "bullseye", "buster"}

// released are the days on which they came out: images of versions that had ended
// before are not built on them. Source: debian.org/releases.
var released = map[string]time.Time{
	"trixie":   time.Date(2025, 8, 9, 0, 0, 0, 0, time.UTC),
	"bookworm": time.Date(2023, 6, 10, 0, 0, 0, 0, time.UTC),
	"bullseye": time.Date(2021, 8, 14, 0, 0, 0, 0, time.UTC),
	"buster":   time.Date(2019, 7, 6, 0, 0, 0, 0, time.UTC),
}

// ubuntus are the long supported releases of Ubuntu that images are built on, newest
// first.
var ubuntus = []string{"noble", "jammy"}

// A tag begins with a version; Eclipse Temurin's are 17.0.13_11 and 8u432-b06.
var tagRE = regexp.MustCompile(`^v?(\d+u\d+-b\d+|\d+(?:\.\d+)*(?:_\d+)?)(?:-(.*))?$`)

var updateRE = regexp.MustCompile(`^(\d+)u(\d+)-b(\d+)$`)

// numbers are the numbers of a version, with dots.
func numbers(version string) string {
	version = updateRE.ReplaceAllString(version, "$1.0.$2.$3")
	return strings.NewReplacer("_", ".", "+", ".").Replace(version)
}

// Choose picks the newest supported version that does, on the newest Debian. tags
// are those that a registry or an engine has, and from names it; without them what
// was known when the data was read has to do. ok is false where no version does.
func Choose(w Want, tags []string, from string, asOf time.Time) (Base, error) {
	if w.Tag != "" {
		return Base{Repo: w.Repo, Tag: w.Tag, Why: "its publisher has no versions: only the digest pins it"}, nil
	}
	if w.Fixed {
		for _, d := range debians {
			if t := fmt.Sprintf(w.Variant, d); tags == nil || slices.Contains(tags, t) {
				return Base{Repo: w.Repo, Tag: t, Version: d, Why: "the newest release"}, nil
			}
		}
	}
	product := cmp.Or(w.Product, w.Repo)
	releases := base.Releases(product)
	ended := func(version string) bool {
		for _, r := range releases {
			if knowledge.Compare(version, r.Cycle) == 0 {
				return !r.End.IsZero() && asOf.After(r.End)
			}
		}
		return false
	}
	known := func(version string) bool {
		return len(releases) == 0 || slices.ContainsFunc(releases, func(r base.Release) bool { return knowledge.Compare(version, r.Cycle) == 0 })
	}
	lts := func(version string) bool {
		return slices.ContainsFunc(releases, func(r base.Release) bool {
			return r.LTS && !asOf.Before(r.From) && knowledge.Compare(version, r.Cycle) == 0
		})
	}
	type candidate struct {
		version, tag, debian string
	}
	var list []candidate
	variants := debians
	if w.Systems != nil {
		variants = w.Systems
	}
	if !strings.Contains(w.Variant, "%s") {
		variants = []string{""}
	}
	tagOf := func(version, debian string) string {
		v := w.Variant
		if strings.Contains(v, "%s") {
			v = fmt.Sprintf(v, debian)
		}
		if v == "" {
			return version
		}
		return version + "-" + v
	}
	of := func(parts int) {
		for _, t := range tags {
			m := tagRE.FindStringSubmatch(t)
			if m == nil {
				continue
			}
			version := numbers(m[1])
			if strings.Count(version, ".")+1 < parts || !known(version) {
				continue
			}
			for _, d := range variants {
				switch {
				case t == tagOf(m[1], d):
					list = append(list, candidate{version, t, d})
				case t == m[1] && w.Variant == "%s":
					list = append(list, candidate{version, t, "none"})
				}
			}
		}
	}
	of(max(w.Spare, 1))
	if len(list) == 0 && w.Loose {
		of(1)
	}
	source := from
	if tags == nil {
		for _, r := range releases {
			if r.Latest == "" {
				continue
			}
			for _, d := range variants {
				if d == "" || r.End.IsZero() || r.End.After(released[d]) {
					list = append(list, candidate{numbers(r.Latest), tagOf(strings.ReplaceAll(r.Latest, "+", "_"), d), d})
				}
			}
			source = "known on " + r.AsOf
		}
		if v := knowledge.ToolVersion(product); len(list) == 0 && v != "" {
			list, source = append(list, candidate{v, tagOf(v, ""), ""}), "known to be good"
		}
	}
	does := func(c candidate) bool { return w.Fits == nil || w.Fits(c.version) }
	list = slices.DeleteFunc(list, func(c candidate) bool { return !does(c) })
	rank := func(c candidate) int {
		n := 0
		// One that is not supported any more and builds comes before one that does not
		// build: it is said.
		if w.Prefers != nil && !w.Prefers(c.version) {
			n += 4
		}
		if ended(c.version) {
			n += 2
		}
		if w.LTS && !lts(c.version) {
			n++
		}
		if w.Likes != nil && !w.Likes(c.version) {
			n++
		}
		return n
	}
	// A tag that names no release moves with it, and comes last.
	place := func(debian string) int {
		if i := slices.Index(variants, debian); i >= 0 {
			return i
		}
		return len(variants)
	}
	// Where none is as is preferred, the one that is nearest to it.
	newer := -1
	if w.Prefers != nil && !slices.ContainsFunc(list, func(c candidate) bool { return w.Prefers(c.version) }) {
		newer = 1
	}
	slices.SortStableFunc(list, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), newer*knowledge.Compare(line(a.version), line(b.version)), -compare(a.version, b.version), cmp.Compare(place(a.debian), place(b.debian)))
	})
	if len(list) == 0 && tags == nil && w.Otherwise != "" {
		return Base{Repo: w.Repo, Tag: w.Otherwise, Why: "known to be good"}, nil
	}
	if len(list) == 0 {
		what := w.Repo
		if w.Spec != "" {
			what += " " + w.Spec
		}
		if tags != nil {
			return Base{}, fmt.Errorf("%s has no tag of a full version of %s", from, what)
		}
		return Base{}, fmt.Errorf("no version of %s is known that does", what)
	}
	best := list[0]
	why := "the newest supported version"
	if newer > 0 {
		why = "the oldest supported version"
	}
	if w.Spec != "" {
		why += " for " + w.Spec
	}
	if w.Likes != nil && w.Likes(best.version) {
		why = "the newest of the version that is used today"
	}
	if ended(best.version) {
		why = "no supported version does: this one is past its end of life"
	}
	return Base{Repo: w.Repo, Tag: best.tag, Version: best.version, Why: why + ", " + source}, nil
}

// line is the release line of a version: its first two parts.
func line(version string) string {
	parts := strings.SplitN(version, ".", 3)
	return strings.Join(parts[:min(2, len(parts))], ".")
}

// compare compares versions to their last part.
func compare(a, b string) int {
	return cmp.Or(knowledge.Compare(a, b), cmp.Compare(strings.Count(a, "."), strings.Count(b, ".")))
}
