package dockworthy

import (
	"fmt"
	"slices"

	"github.com/dockworthy/dockworthy/check"
)

// A sharing tells what several units have in common once: the first unit at its severity,
// the others as notes that name it. The zero sharing has seen nothing.
type sharing struct {
	first map[string]check.Reported // by check and Finding.Shared
}

// once goes through the findings of a result that may share what they are about with
// those of results before it.
func (s *sharing) once(res *check.Result) {
	cloned := false
	for i, f := range res.Findings {
		if f.Shared == "" || f.Severity <= check.Note {
			continue
		}
		key := f.ID() + " " + f.Shared
		first, told := s.first[key]
		if !told || first.Severity < f.Severity {
			if s.first == nil {
				s.first = map[string]check.Reported{}
			}
			s.first[key] = f
			continue
		}
		if !cloned { // the result may be kept for another look
			res.Findings, cloned = slices.Clone(res.Findings), true
		}
		f.Severity = check.Note
		f.Message += fmt.Sprintf("; one edit mends it for %s, too", first.Build.Path)
		f.Related = append(slices.Clip(f.Related), check.Place{File: first.Place.File, Span: first.Place.Span, Message: "it is told here"})
		res.Findings[i] = f
	}
}
