package base

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

// builders are the tools that make a toolchain image an SDK: what turns
// sources into programs. make and the package managers are not among them,
// since composer and conda images carry those.
var builders = []string{"gcc", "javac", "go", "rustc", "cargo", "mvn", "gradle", "ghc", "swift", "nvcc", "dotnet"}

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
	case KindRuntime:
		if i.Tools["gcc"] == "yes" {
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
	for _, name := range builders {
		if i.Tools[name] == "yes" && (name != "dotnet" || i.Kind == KindToolchain) {
			return name
		}
	}
	return ""
}

// HasCompiler tells whether a C compiler is inside.
func (i *Image) HasCompiler() Answer { return i.HasTool("gcc") }
