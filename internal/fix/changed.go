package fix

import (
	"github.com/aymanbagabas/go-udiff"

	"github.com/dockworthy/dockworthy/text"
)

// Changed are the spans of after that before has not, in order: of lines that were added or
// changed, whole. Where lines were taken away, the span is empty.
func Changed(before, after []byte) (list []text.Span) {
	shift := 0 // from a place in before to the one in after
	for _, e := range udiff.Lines(string(before), string(after)) {
		start := e.Start + shift
		list = append(list, text.Span{Start: start, End: start + len(e.New)})
		shift += len(e.New) - (e.End - e.Start)
	}
	return list
}
