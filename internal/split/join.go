package split

import (
	"strings"

	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/text"
)

// Join makes one stage of a build's target and the stages that it is built on, where nothing
// else is built on them or copies out of them: the same image, of which the stages that build
// and run can be told apart. ok is false where they are not such.
func Join(b *source.Build) (edits []text.Edit, ok bool) {
	if b.Inline || b.File == nil || b.Target.Parent == nil {
		return nil, false
	}
	chain := b.Chain()
	for i, st := range chain {
		if i > 0 && st.Index != chain[i-1].Index+1 {
			return nil, false // what stands between them would get between their instructions
		}
		for _, other := range b.Stages {
			if other.Parent == st && (i+1 == len(chain) || other != chain[i+1]) {
				return nil, false
			}
			for _, step := range other.Steps {
				if step.Copy != nil && step.Copy.Stage == st {
					return nil, false
				}
				if run := step.Run(); run != nil && strings.Contains(b.Text().Text(step.Span), "from=") {
					return nil, false // a mount may be of one of them
				}
			}
		}
		if i > 0 {
			edits = append(edits, b.File.Without(st.From))
		}
	}
	words := chain[0].From.Words()
	n := len(words)
	named := n > 2 && strings.EqualFold(words[n-2].Text, "as")
	switch name := b.Target.Name; {
	case named && name != "":
		edits = append(edits, text.Edit{Span: words[n-1].Span, New: name})
	case named:
		edits = append(edits, text.Edit{Span: text.Span{Start: words[n-3].Span.End, End: words[n-1].Span.End}})
	case name != "":
		end := chain[0].From.Span.End
		for end > 0 && (b.Text().Data[end-1] == '\n' || b.Text().Data[end-1] == '\r') {
			end--
		}
		edits = append(edits, text.Edit{Span: text.Span{Start: end, End: end}, New: " AS " + name})
	}
	return edits, true
}
