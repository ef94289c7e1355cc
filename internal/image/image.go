// Package image is the model of a built container image: what its config
// says, how its layers came to be, and what a container sees as its file
// system. It knows nothing of archives, digests and contents: a reader brings a
// Scan of each layer, and Assemble makes the image of them, which is never
// written again.
//
// Package read is the reader of archives, OCI layouts and streams, package
// remote that of registries.
package image

import (
	"fmt"
	"strings"
	"time"

	"github.com/dockworthy/dockworthy/text"
)

// A Description is what an image says of itself, in its manifest and config.
type Description struct {
	Name        string // as the user gave it
	Digest      string // of the manifest, "sha256:…"; "" where the source has none that a registry would know
	ID          string // the config's digest
	Platform    Platform
	Created     time.Time // zero = not said
	Annotations map[string]string
	Config      Config
	Steps       []Step // the history, oldest first; nil = none was kept
}

// An Image is one image for one platform.
type Image struct {
	Description
	Layers []Layer // lowest first
	// Paired tells whether each step that made a layer is known: there are as
	// many of them as layers. Where not, every Step.Layer and Layer.Step is -1.
	Paired   bool
	Tree     *Tree     // what a container sees
	Waste    []Waste   // bytes that no container sees, by layer and path
	Packages []Package // what the package databases say, by ecosystem and name
	Secrets  []Secret  // secrets in the files of all layers, deleted ones too
	Planted  []Plant   // where planted words were found in the files of all layers
	OS       Release   // /etc/os-release; zero = there is none
	Problems []Problem // what was odd in the image, or could not be looked at
	// Unsearched is how many files were not searched for secrets as a whole:
	// encrypted archives, those beyond a limit.
	Unsearched int

	// Text is a listing of the image: its name, a line for each step, a line
	// for each setting. It is the file in which findings about an image have
	// their place; Span and its kin tell where what stands in it.
	Text  *text.File
	spans listing

	manifests []Manifest

	users  []Account
	groups []Group
	loader loader
}

// A Plant is a file of a layer that holds one of the words that were put into
// the build to see where they come out.
type Plant struct {
	Word  int // its index among them
	Layer int
	Path  string
}

// A Platform is what an image runs on, in Go's words, as images have it.
type Platform struct {
	OS      string `json:"os"`           // "linux"; "" = not said
	Arch    string `json:"architecture"` // "arm64"
	Variant string `json:"variant"`      // "v8"
}

func (p Platform) String() string {
	s := p.OS + "/" + p.Arch
	if p.Variant != "" {
		s += "/" + p.Variant
	}
	return s
}

// ParsePlatform reads OS/ARCH or OS/ARCH/VARIANT.
func ParsePlatform(s string) (Platform, error) {
	parts := strings.Split(s, "/")
	if len(parts) < 2 || len(parts) > 3 || parts[0] == "" || parts[1] == "" {
		return Platform{}, fmt.Errorf("%q is not a platform: write OS/ARCH or OS/ARCH/VARIANT, such as linux/arm64", s)
	}
	p := Platform{OS: parts[0], Arch: parts[1]}
	if len(parts) == 3 {
		p.Variant = parts[2]
	}
	return p, nil
}

// A Layer is one layer of an image, without its files.
type Layer struct {
	Digest     string // as stored, compressed or not; "" where the source has only the content
	DiffID     string // of the uncompressed archive
	MediaType  string // "" where the source has none
	Compressed int64  // bytes as stored
	Size       int64  // bytes of the files in it
	Files      int    // entries in it, folders and removals too
	Step       int    // index of the step that made it; -1 = not known
	// Skipped says why it was not looked at; "" = it was.
	Skipped string

	files []File
}

// A Problem is something about an image that is not as it should be, or that
// could not be looked at. It does not stop the reading; what does is an error.
type Problem struct {
	Layer int    // its index; -1 = none
	Path  string // "" = the layer as a whole
	What  string
}

func (p Problem) String() string {
	switch {
	case p.Layer < 0:
		return p.What
	case p.Path == "":
		return fmt.Sprintf("layer %d: %s", p.Layer+1, p.What)
	}
	return fmt.Sprintf("layer %d: %s: %s", p.Layer+1, p.Path, p.What)
}

// Size is the bytes of the files of all layers.
func (img *Image) Size() int64 {
	var n int64
	for i := range img.Layers {
		n += img.Layers[i].Size
	}
	return n
}

// StepOf is the step that made a layer; nil where that is not known.
func (img *Image) StepOf(layer int) *Step {
	if layer < 0 || layer >= len(img.Layers) || img.Layers[layer].Step < 0 {
		return nil
	}
	return &img.Steps[img.Layers[layer].Step]
}

// NotLookedAt tells whether a layer was passed over, so that what is missing
// in the tree may be there all the same.
func (img *Image) NotLookedAt() bool {
	for i := range img.Layers {
		if img.Layers[i].Skipped != "" {
			return true
		}
	}
	return false
}
