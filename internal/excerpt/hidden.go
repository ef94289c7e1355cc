package excerpt

import (
	"cmp"
	"slices"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/redact"
	"github.com/dockworthy/dockworthy/text"
)

// Hide is what no output of a result may show. What else is a secret in the
// files that it may quote, the redactor knows from here on.
func (n Names) Hide(res *check.Result) *Hidden {
	all := &Hidden{looks: &redact.Masks{}, red: n.Redactor, looked: map[*text.File]bool{}}
	for _, f := range res.Findings {
		all.look(f.Place.File)
	}
	for _, rep := range res.Reports {
		if rep.Build != nil {
			for _, f := range rep.Build.Sources() {
				all.look(f)
			}
		}
		if img := rep.Evidence.Image; img != nil && img.Text != nil {
			all.look(img.Text)
		}
		for _, p := range rep.Secrets {
			all.Add(p.File, p.Span)
		}
	}
	if all.Empty() {
		return all
	}
	seen := map[*text.File]bool{}
	spread := func(f *text.File) {
		if !seen[f] {
			seen[f] = true
			all.Spread(f)
		}
	}
	for _, f := range res.Findings {
		spread(f.Place.File)
		for _, p := range f.Related {
			spread(p.File)
		}
	}
	return all
}

// Hidden is what an output of a result may not show: the values that findings
// speak of, and what else is a secret in the files that it may quote.
type Hidden struct {
	redact.Masks
	looks  *redact.Masks // what the redactor found
	looked map[*text.File]bool
	red    *redact.Redactor
}

// look has the redactor look through a file, once.
func (h *Hidden) look(f *text.File) {
	if !h.looked[f] {
		h.looked[f] = true
		h.looks.Add(f, h.red.Spans(f)...)
	}
}

// In are the places of secrets in a part of a file, in order.
func (h *Hidden) In(f *text.File, part text.Span) []text.Span {
	h.look(f)
	own, looks := h.Masks.In(f, part), h.looks.In(f, part)
	if len(looks) == 0 {
		return own
	}
	list := slices.Concat(own, looks)
	slices.SortFunc(list, func(a, b text.Span) int { return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(b.End, a.End)) })
	return list
}

// Masks are the places of the secrets that a report knows of.
func Masks(reports ...*check.Report) *redact.Masks {
	m := &redact.Masks{}
	for _, rep := range reports {
		for _, p := range rep.Secrets {
			m.Add(p.File, p.Span)
		}
	}
	return m
}
