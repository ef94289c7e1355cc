package image

import "cmp"

// A WasteKind is how bytes came to be wasted.
type WasteKind uint8

const (
	Deleted   WasteKind = iota // a later layer removes the file, or hides it behind a folder
	MetaOnly                   // a later layer holds the same content again: only mode, owner or time changed
	Rewritten                  // a later layer has other content
)

func (k WasteKind) String() string {
	return [...]string{"deleted", "metadata only", "rewritten"}[k]
}

// A Waste is a file of which an image carries bytes that no container sees.
type Waste struct {
	Kind  WasteKind
	Path  string
	Bytes int64 // of what is hidden; of MetaOnly, of the copy
	First int   // the layer that holds what is hidden
	Layer int   // the layer that hides it
}

// Wasted is the bytes that no container sees.
func (img *Image) Wasted() int64 {
	var n int64
	for _, w := range img.Waste {
		n += w.Bytes
	}
	return n
}

// WastedIn is, for each layer, the bytes that it carries and no container sees.
func (img *Image) WastedIn() []int64 {
	n := make([]int64, len(img.Layers))
	for _, w := range img.Waste {
		n[w.First] += w.Bytes
	}
	return n
}

// Efficiency is the share of the image's bytes that a container sees, 0 to 1.
// An image without bytes is efficient.
func (img *Image) Efficiency() float64 {
	total := img.Size()
	if total == 0 {
		return 1
	}
	return 1 - float64(img.Wasted())/float64(total)
}

// wasteOf is what is lost when layer hides old behind by (nil = it is
// removed).
func wasteOf(old, by *File, layer int) (Waste, bool) {
	if !old.IsRegular() || old.Bytes() == 0 {
		return Waste{}, false
	}
	w := Waste{Kind: Rewritten, Path: old.Path, Bytes: old.Bytes(), First: old.Layer, Layer: layer}
	switch {
	case old.Layer == layer:
		// The same name twice in one archive: the first is hidden by the second.
	case by == nil, by.IsDir():
		w.Kind = Deleted
	case by.IsRegular() && by.Size == old.Size && by.Sum == old.Sum:
		w.Kind = MetaOnly
	}
	return w, true
}

func byWaste(a, b Waste) int {
	return cmp.Or(cmp.Compare(a.Layer, b.Layer), cmp.Compare(a.Path, b.Path))
}
