package check

// Own tells which layers of the image the Dockerfile made: those from the
// index first on. known is false where there is no Dockerfile to hold against
// the image, or the two do not fit; then no layer is known to be the base's.
func (ev Evidence) Own() (first int, known bool) {
	img, b := ev.Image, ev.Source
	if img == nil || b == nil || b.Target == nil || !img.Paired {
		return 0, false
	}
	var keywords []string
	for s := range b.Steps() {
		keywords = append(keywords, s.Keyword)
	}
	// ONBUILD triggers of the base make steps that this file does not have, so
	// the two are held against each other from the end.
	at := len(img.Steps) - len(keywords)
	if at < 0 {
		return 0, false
	}
	for i, k := range keywords {
		if img.Steps[at+i].Keyword != k {
			return 0, false
		}
	}
	for _, s := range img.Steps[:at] {
		if s.Layer >= 0 {
			first = s.Layer + 1
		}
	}
	return first, true
}

// Step is the index among the build's steps of the instruction that made a
// layer; ok is false where that is not known, or the base image has the layer.
func (ev Evidence) Step(layer int) (i int, ok bool) {
	first, known := ev.Own()
	if !known || layer < first {
		return 0, false
	}
	n := 0
	for range ev.Source.Steps() {
		n++
	}
	return ev.Image.Layers[layer].Step - (len(ev.Image.Steps) - n), true
}

// LayerPlace is the place of a layer: its instruction in the Dockerfile where
// that is known, else its line in the image's listing.
func (ev Evidence) LayerPlace(layer int) Place {
	if i, ok := ev.Step(layer); ok {
		for s := range ev.Source.Steps() {
			if i == 0 {
				return Place{File: ev.Source.Text(), Span: s.Span}
			}
			i--
		}
	}
	return Place{File: ev.Image.Text, Span: ev.Image.LayerSpan(layer)}
}
