package pin

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/dockworthy/dockworthy/internal/source/base"
)

// maxCandidates is how many tags are asked whether they are the same image.
const maxCandidates = 8

// versioned is a tag that begins with a version: 3.12.8-slim, v1.2.3.
var versioned = regexp.MustCompile(`^(v?)(\d+(?:\.\d+)*)(.*)$`)

// fullVersion is the tag with a full version that stands for the same image as a tag
// that moves, as the registry shows by their digests; "" = there is none, or the tag is
// a full version.
func (p *planner) fullVersion(ctx context.Context, a *answer) (string, error) {
	if base.PublisherWithoutVersions(a.name) {
		return "", nil
	}
	switch base.Classify(a.tag, nil, a.name).Pinning {
	case base.PinFull, base.PinSeries, base.PinNone:
		return "", nil
	}
	tags, err := p.reg.Tags(ctx, a.name+":"+a.tag)
	if err != nil {
		return "", err
	}
	for _, tag := range candidates(a.name, a.tag, tags) {
		d, err := p.reg.Digest(ctx, a.name+":"+tag)
		if err != nil {
			return "", err
		}
		if d == a.digest {
			return tag, nil
		}
	}
	return "", nil
}

// candidates are the tags that may be the full version of a tag: of the same variant,
// and within its version, the newest first.
func candidates(repo, tag string, tags []string) []string {
	prefix, version, suffix := "", "", ""
	if m := versioned.FindStringSubmatch(tag); m != nil {
		prefix, version, suffix = m[1], m[2], m[3]
	} else if word, rest, ok := strings.Cut(tag, "-"); base.Classify(word, nil, repo).Pinning == base.PinNoVersion {
		suffix = "-" + tag // python:slim is 3.14.1-slim
	} else if ok {
		suffix = "-" + rest // node:lts-slim
	}
	type candidate struct {
		tag   string
		parts []int
	}
	var list []candidate
	for _, t := range tags {
		m := versioned.FindStringSubmatch(t)
		if m == nil || m[3] != suffix || prefix != "" && m[1] != prefix || version != "" && !strings.HasPrefix(m[2], version+".") {
			continue
		}
		if base.Classify(t, nil, repo).Pinning != base.PinFull {
			continue
		}
		c := candidate{tag: t}
		for part := range strings.SplitSeq(m[2], ".") {
			n, err := strconv.Atoi(part)
			if err != nil {
				break
			}
			c.parts = append(c.parts, n)
		}
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b candidate) int {
		if c := slices.Compare(b.parts, a.parts); c != 0 {
			return c
		}
		return strings.Compare(a.tag, b.tag)
	})
	var out []string
	for _, c := range list[:min(len(list), maxCandidates)] {
		out = append(out, c.tag)
	}
	return out
}
