package knowledge

import "sync"

// A Toolchain is a tool by which a toolchain image is known.
type Toolchain struct {
	Program string `json:"program"`
	Name    string `json:"name"` // what an image with it carries, as "the Go toolchain"
	Rank    int    `json:"rank"` // among BuildTools, from 1
	origin
}

// ChiefTools are the tools by which a toolchain image is known, the most telling
// first: the Go and Rust images carry gcc as well. The list must not be
// changed.
var ChiefTools = sync.OnceValue(func() []*Toolchain {
	return decode("toolchains.jsonl", toolchainsData, func() *Toolchain { return new(Toolchain) })
})

// BuildTools are the same tools in the order in which a build tool of an image
// is named: compilers first.
var BuildTools = sync.OnceValue(func() []*Toolchain {
	list := make([]*Toolchain, len(ChiefTools()))
	for _, t := range ChiefTools() {
		list[t.Rank-1] = t
	}
	return list
})

type runtimeLine struct {
	Images []string `json:"images"`
	Advice string   `json:"advice"`
	origin
}

var runtimes = sync.OnceValue(func() map[string]string {
	m := map[string]string{}
	for _, r := range decode("runtimes.jsonl", runtimesData, func() *runtimeLine { return new(runtimeLine) }) {
		for _, i := range r.Images {
			m[i] = r.Advice
		}
	}
	return m
})

// RuntimeFor is what to ship on instead of a toolchain image, by its familiar
// name; "" where that is not known.
func RuntimeFor(image string) string { return runtimes()[image] }

type buildToolLine struct {
	Class  string   `json:"class"`
	Copied []string `json:"copied"`
	Found  []string `json:"found"`
	origin
}

// The classes are those of the packages of tools, as compiler and VCS.
type buildTools struct{ copied, found map[string]string }

var buildToolsOnce = sync.OnceValue(func() buildTools {
	t := buildTools{map[string]string{}, map[string]string{}}
	for _, l := range decode("buildtools.jsonl", buildToolsData, func() *buildToolLine { return new(buildToolLine) }) {
		for _, p := range l.Copied {
			t.copied[p] = l.Class
		}
		for _, p := range l.Found {
			t.found[p] = l.Class
		}
	}
	return t
})

// CopiedTool is the class of a build tool that is copied from another image or
// stage as a single program; "" where it is none.
func CopiedTool(program string) string { return buildToolsOnce().copied[program] }

// FoundTool is the class of a build tool that lies in an image though no
// package brings it: from an archive, by a script, with COPY. "" where it is
// none.
func FoundTool(program string) string { return buildToolsOnce().found[program] }
