package check

import (
	"github.com/dockworthy/dockworthy/internal/image"
	"github.com/dockworthy/dockworthy/internal/run"
	"github.com/dockworthy/dockworthy/internal/source"
)

// A pairing holds an image's layers against the Dockerfile that made it.
type pairing struct {
	known bool
	first int                  // the first layer that the Dockerfile made
	steps map[int]*source.Step // by layer
}

// pairing is worked out once for all checks of a Look, and by each that is
// called by itself.
func (ev Evidence) pairing() *pairing {
	if ev.pairs != nil {
		return ev.pairs
	}
	p := &pairing{steps: map[int]*source.Step{}}
	img, b := ev.Image, ev.Source
	if img == nil || b == nil || b.Target == nil || !img.Paired {
		return p
	}
	var chain []image.Instruction
	var steps []*source.Step
	for s := range b.Steps() {
		chain = append(chain, image.Instruction{Text: b.Text().Text(s.Span), File: b.Text(), Span: s.Span})
		steps = append(steps, s)
	}
	for i, j := range img.FromDockerfile(chain) {
		switch {
		case j >= 0:
			p.known = true
			if l := img.Steps[i].Layer; l >= 0 {
				p.steps[l] = steps[j]
			}
		case !p.known:
			// Nothing of the Dockerfile has been met yet: a step of the base.
			if l := img.Steps[i].Layer; l >= 0 {
				p.first = l + 1
			}
		}
	}
	return p
}

// Own is the index of the first layer that the Dockerfile made. known is false
// where there is no Dockerfile to hold against the image, or the two have
// nothing in common; then no layer is known to be the base image's.
func (ev Evidence) Own() (first int, known bool) {
	p := ev.pairing()
	return p.first, p.known
}

// FromBase tells whether a layer is known to be the base image's.
func (ev Evidence) FromBase(layer int) bool {
	first, known := ev.Own()
	return known && layer < first
}

// Maker is the instruction that made a layer; nil where that is not known.
func (ev Evidence) Maker(layer int) *source.Step {
	return ev.pairing().steps[layer]
}

// LayerPlace is the place of a layer: its instruction in the Dockerfile where
// that is known, else its line in the image's listing.
func (ev Evidence) LayerPlace(layer int) Place {
	if s := ev.Maker(layer); s != nil {
		return Place{File: ev.Source.Text(), Span: s.Span}
	}
	return Place{File: ev.Image.Text, Span: ev.Image.LayerSpan(layer)}
}

// Seen is the place of what a run's record says about a topic.
func Seen(log *run.Log, topic run.Topic, name string) Place {
	t := log.Transcript()
	return Place{File: t.File, Span: t.Span(topic, name)}
}

// Started is the place of what it says of a start.
func Started(log *run.Log, s *run.Start) Place {
	return Place{File: log.Transcript().File, Span: log.StartSpan(s)}
}
