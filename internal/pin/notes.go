package pin

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dockworthy/dockworthy/registry"
)

// A Note is what changed between two digests of one tag, as far as the images say.
type Note struct {
	Name  string   `json:"name"`
	Lines []string `json:"lines"`
}

// Notes says what changed of each reference that gets another digest. Where an old
// image cannot be read any more, that is said.
func Notes(ctx context.Context, plan *Plan, reg Registry) []Note {
	var out []Note
	told := map[string]bool{}
	for _, d := range plan.Decisions {
		key := d.Key() + "@" + d.Ref.Digest
		if d.Deed != Update || told[key] {
			continue
		}
		told[key] = true
		out = append(out, Note{d.Ref.Familiar + ":" + d.Use.Tag(), changes(ctx, d, reg)})
	}
	return out
}

func changes(ctx context.Context, d *Decision, reg Registry) []string {
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
	return lines
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
func created(o registry.Origin) string {
	if o.Created.Year() < 1990 {
		return ""
	}
	return o.Created.UTC().Format(time.RFC3339)
}
