package base

import "github.com/dockworthy/dockworthy/internal/knowledge"

// A Level tells how much of a toolchain an image carries.
type Level int

const (
	LevelNone    Level = iota // no toolchain known
	LevelRuntime              // a language runtime that also carries a C compiler, such as python:3.13
	LevelOther                // a toolchain without compiler, JDK, SDK or build system, such as composer or miniconda3
	LevelSDK                  // a compiler, JDK, SDK or build system, such as golang, maven or eclipse-temurin:21
)

// String is the level in words.
func (l Level) String() string {
	switch l {
	case LevelRuntime:
		return "runtime with a compiler"
	case LevelOther:
		return "toolchain"
	case LevelSDK:
		return "compiler, JDK, SDK or build system"
	}
	return "none"
}

// Toolchain is the level of toolchain in the image, by what the catalogue
// says is inside and never by how the tag is spelt. A nil Image has none.
func (i *Image) Toolchain() Level {
	if i == nil {
		return LevelNone
	}
	switch i.Kind {
	case KindToolchain:
		if i.BuildTool() != "" {
			return LevelSDK
		}
		return LevelOther
	case KindService:
		if i.Leaner != "" && i.BuildTool() != "" {
			return LevelSDK
		}
	case KindRuntime:
		if i.Tools["gcc"] == Yes {
			return LevelRuntime
		}
	}
	return LevelNone
}

// BuildTool is the first compiler or build system that the image is known to
// carry, for a message to name; "" where none is known. A runtime's own
// launcher does not count: dotnet is a build tool only in a toolchain image.
func (i *Image) BuildTool() string {
	if i == nil {
		return ""
	}
	for _, t := range knowledge.BuildTools() {
		if i.Tools[t.Program] == Yes && (t.Program != "dotnet" || i.Kind == KindToolchain) {
			return t.Program
		}
	}
	return ""
}

// HasCompiler tells whether a C compiler is inside.
func (i *Image) HasCompiler() Answer { return i.HasTool("gcc") }
