package pin

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/dockworthy/dockworthy/internal/image"
	"github.com/dockworthy/dockworthy/internal/tags"
)

// A Note is what changed between two digests of one tag, as far as the images say.
type Note struct {
	Name  string   `json:"name"`
	Lines []string `json:"lines"`
}

// Contents are the packages in an image by its digest, of an index those of its image
// for a platform.
type Contents func(ctx context.Context, ref, platform string) ([]image.Package, error)

// Notes says what changed of each reference that gets another digest: what the images
// say of themselves, and the packages in them. Where an old image cannot be read any
// more, that is said.
func Notes(ctx context.Context, plan *Plan, reg Registry, contents Contents) []Note {
	var out []Note
	told := map[string]bool{}
	for _, d := range plan.Decisions {
		key := d.Key() + "@" + d.Ref.Digest
		if d.Deed != Update || told[key] {
			continue
		}
		told[key] = true
		out = append(out, Note{d.Ref.Familiar + ":" + d.Use.Tag(), changes(ctx, d, reg, contents)})
	}
	return out
}

func changes(ctx context.Context, d *Decision, reg Registry, contents Contents) []string {
	lines := []string{"digest: " + d.Ref.Digest + " -> " + string(d.Digest)}
	old, err := reg.Manifest(ctx, d.Ref.Repo+"@"+d.Ref.Digest)
	if err != nil {
		return append(lines, "the old image cannot be read: "+err.Error())
	}
	have := d.Locked.Platforms
	common := ""
	for _, p := range old.Names() {
		if slices.Contains(have, p) && (common == "" || p == "linux/amd64") {
			common = p
		}
	}
	if added := without(have, old.Names()); len(added) > 0 {
		lines = append(lines, "platforms added: "+strings.Join(added, ", "))
	}
	if gone := without(old.Names(), have); len(gone) > 0 {
		lines = append(lines, "platforms gone: "+strings.Join(gone, ", "))
	}
	was, err := reg.Origin(ctx, d.Ref.Repo+"@"+d.Ref.Digest, common)
	if err != nil {
		return append(lines, "the old image cannot be read: "+err.Error())
	}
	is, err := reg.Origin(ctx, d.Ref.Repo+"@"+string(d.Digest), common)
	if err != nil {
		return append(lines, "the new image cannot be read: "+err.Error())
	}
	for _, x := range []struct{ what, was, is string }{
		{"created", created(was), created(is)}, {"version", was.Version, is.Version}, {"revision", was.Revision, is.Revision}, {"source", was.Source, is.Source},
	} {
		switch {
		case x.was != x.is:
			lines = append(lines, fmt.Sprintf("%s: %s -> %s", x.what, said(x.was), said(x.is)))
		case x.is != "":
			lines = append(lines, x.what+": "+x.is)
		}
	}
	before, err := contents(ctx, d.Ref.Repo+"@"+d.Ref.Digest, common)
	if err != nil {
		return append(lines, "the packages of the old image cannot be read: "+err.Error())
	}
	after, err := contents(ctx, d.Ref.Repo+"@"+string(d.Digest), common)
	if err != nil {
		return append(lines, "the packages of the new image cannot be read: "+err.Error())
	}
	return append(lines, packages(before, after)...)
}

// maxPackages is how many packages are listed.
const maxPackages = 500

// packages are the packages that two images have in other versions, or not both.
func packages(before, after []image.Package) []string {
	was, is := versions(before), versions(after)
	var lines []string
	for _, key := range slices.Sorted(maps.Keys(joined(was, is))) {
		a, b := strings.Join(was[key], ", "), strings.Join(is[key], ", ")
		switch {
		case a == b:
		case a == "":
			lines = append(lines, fmt.Sprintf("added: %s %s", key, b))
		case b == "":
			lines = append(lines, fmt.Sprintf("gone: %s %s", key, a))
		default:
			lines = append(lines, fmt.Sprintf("%s: %s -> %s", key, a, b))
		}
	}
	if len(was)+len(is) == 0 {
		return []string{"packages: none that are known"}
	}
	head := fmt.Sprintf("packages: %d, of which %d differ", len(is), len(lines))
	if len(lines) > maxPackages {
		lines = append(lines[:maxPackages], fmt.Sprintf("and %d more", len(lines)-maxPackages))
	}
	return append([]string{head}, lines...)
}

// versions are those of each package, by its ecosystem and name.
func versions(list []image.Package) map[string][]string {
	m := map[string][]string{}
	for _, p := range list {
		key := string(p.Ecosystem) + " " + p.Name
		if !slices.Contains(m[key], p.Version) {
			m[key] = append(m[key], p.Version)
		}
	}
	for _, v := range m {
		slices.Sort(v)
	}
	return m
}

func joined(a, b map[string][]string) map[string]bool {
	m := map[string]bool{}
	for k := range a {
		m[k] = true
	}
	for k := range b {
		m[k] = true
	}
	return m
}

func without(list, others []string) (out []string) {
	for _, s := range list {
		if !slices.Contains(others, s) {
			out = append(out, s)
		}
	}
	return out
}

func said(s string) string {
	if s == "" {
		return "(not said)"
	}
	return s
}

// created is when an image says it was made; builds that are the same each time say
// 1970, or 1980, which is no time.
func created(o tags.Origin) string {
	if o.Created.Year() < 1990 {
		return ""
	}
	return o.Created.UTC().Format(time.RFC3339)
}
