package knowledge

import (
	"strings"
	"sync"
)

// A Toolchain is a tool by which a toolchain image is known.
type Toolchain struct {
	Program string `json:"program"`
	Name    string `json:"name"` // what an image with it carries, as "the Go toolchain"
	Rank    int    `json:"rank"` // among BuildTools, from 1
	origin
}

type toolchains struct{ chief, ranked []*Toolchain }

var toolchainsOnce = sync.OnceValue(func() *toolchains {
	x := &toolchains{chief: decode("toolchains.jsonl", toolchainsData, func() *Toolchain { return new(Toolchain) })}
	x.ranked = make([]*Toolchain, len(x.chief))
	for _, t := range x.chief {
		x.ranked[t.Rank-1] = t
	}
	return x
})

// ChiefTools are the tools by which a toolchain image is known, the most telling
// first: the Go and Rust images carry gcc as well. The list must not be
// changed.
func ChiefTools() []*Toolchain { return toolchainsOnce().chief }

// BuildTools are the same tools in the order in which a build tool of an image
// is named: compilers first.
func BuildTools() []*Toolchain { return toolchainsOnce().ranked }

type runtimeLine struct {
	Images []string `json:"images"`
	Tag    string   `json:"tag"` // only of tags with this word; "" = of all others
	Advice string   `json:"advice"`
	origin
}

var runtimes = sync.OnceValue(func() *pairs {
	x := &pairs{map[string]string{}}
	for _, r := range decode("runtimes.jsonl", runtimesData, func() *runtimeLine { return new(runtimeLine) }) {
		for _, i := range r.Images {
			x.of[i+":"+r.Tag] = r.Advice
		}
	}
	return x
})

// RuntimeFor is what to ship on instead of a toolchain image, by its familiar
// name and its tag; "" where that is not known.
func RuntimeFor(image, tag string) string {
	for word := range strings.SplitSeq(tag, "-") {
		if advice := runtimes().of[image+":"+word]; advice != "" && word != "" {
			return advice
		}
	}
	return runtimes().of[image+":"]
}

type buildToolLine struct {
	Class  string   `json:"class"`
	Copied []string `json:"copied"`
	Found  []string `json:"found"`
	origin
}

// The classes are those of the packages of tools, as compiler and VCS.
type buildTools struct{ copied, found map[string]string }

var buildToolsOnce = sync.OnceValue(func() *buildTools {
	x := &buildTools{map[string]string{}, map[string]string{}}
	for _, l := range decode("buildtools.jsonl", buildToolsData, func() *buildToolLine { return new(buildToolLine) }) {
		for _, p := range l.Copied {
			x.copied[p] = l.Class
		}
		for _, p := range l.Found {
			x.found[p] = l.Class
		}
	}
	return x
})

// CopiedTool is the class of a build tool that is copied from another image or
// stage as a single program; "" where it is none.
func CopiedTool(program string) string { return buildToolsOnce().copied[program] }

// FoundTool is the class of a build tool that lies in an image though no
// package brings it: from an archive, by a script, with COPY. "" where it is
// none.
func FoundTool(program string) string { return buildToolsOnce().found[program] }
