package layercache

import (
	"fmt"
	"slices"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/image"
)

// worthSaying is the least waste that a finding is worth.
const worthSaying = 1_000_000

// wasted are the bytes of a kind of waste by the layer that wastes them, in the
// layers that the Dockerfile made.
func wasted(ev check.Evidence, kinds ...image.WasteKind) (layers []int, bytes map[int]int64, files map[int]int, largest map[int]image.Waste) {
	bytes, files, largest = map[int]int64{}, map[int]int{}, map[int]image.Waste{}
	for _, w := range ev.Image.Waste {
		if !slices.Contains(kinds, w.Kind) || ev.FromBase(w.Layer) {
			continue
		}
		bytes[w.Layer] += w.Bytes
		files[w.Layer]++
		if w.Bytes > largest[w.Layer].Bytes {
			largest[w.Layer] = w
		}
	}
	for l, n := range bytes {
		if n >= worthSaying {
			layers = append(layers, l)
		}
	}
	slices.Sort(layers)
	return layers, bytes, files, largest
}

// builtTwice asks the layers for files that are there again because their mode
// or owner was changed.
func builtTwice(ev check.Evidence) check.Verdict {
	if ev.Image.Platform.OS == "windows" {
		return check.None()
	}
	layers, bytes, files, largest := wasted(ev, image.MetaOnly)
	var found []check.Finding
	for _, l := range layers {
		found = append(found, check.Finding{
			Place: ev.LayerPlace(l), Cause: check.Cause("twice").Of(l),
			Related: related(ev, largest[l].First, "the files were added here"),
			Message: fmt.Sprintf("layer %d contains %s of %s a second time: only their owner or mode changed", l+1, image.Bytes(bytes[l]), check.Count(files[l], "file")),
		})
	}
	return check.Judge(found)
}

func related(ev check.Evidence, layer int, msg string) []check.Place {
	p := ev.LayerPlace(layer)
	p.Message = msg
	return []check.Place{p}
}

var hiddenBytes = &check.Check{
	Name:     "hidden-bytes",
	Claim:    "no layer contains files that a later layer removes or replaces",
	Why:      "a file that a later layer removes is still in the image: it is pulled, stored and readable",
	Mend:     "remove it in the RUN that creates it, keep it in a cache mount, or create it in a builder stage",
	Quiet:    "For less than a megabyte in total, and for what the layers of the base image hide.",
	Severity: check.Note,
	Since:    "0.1.0",
	Image: func(ev check.Evidence) check.Verdict {
		if ev.Image.Platform.OS == "windows" {
			return check.None()
		}
		layers, bytes, files, largest := wasted(ev, image.Deleted, image.Rewritten)
		var found []check.Finding
		for _, l := range layers {
			w := largest[l]
			found = append(found, check.Finding{
				Place:   ev.LayerPlace(l),
				Related: related(ev, w.First, "the largest was added here"),
				Message: fmt.Sprintf("layer %d hides %s of %s in the layers below it, such as %s (%s)", l+1, image.Bytes(bytes[l]), check.Count(files[l], "file"), w.Path, image.Bytes(w.Bytes)),
			})
		}
		return check.Judge(found)
	},
}

// builtCaches asks the layers for what package managers left.
func builtCaches(ev check.Evidence) check.Verdict {
	if ev.Image.Platform.OS == "windows" {
		return check.None()
	}
	var found []check.Finding
	for _, c := range ev.Image.Caches() {
		if c.Bytes < worthSaying || ev.FromBase(c.Layer) {
			continue
		}
		found = append(found, check.Finding{Place: ev.LayerPlace(c.Layer), Message: fmt.Sprintf("%s left %s of %s in %s", c.Tool, image.Bytes(c.Bytes), check.Count(c.Files, "file"), c.Path)})
	}
	return check.Judge(found)
}
