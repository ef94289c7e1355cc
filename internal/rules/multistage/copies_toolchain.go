package multistage

import (
	_ "embed"
	"fmt"
	"path"
	"strings"
	"sync"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/recipe"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/base"
)

var copiesToolchain = &check.Check{
	Name:     "copies-toolchain",
	Claim:    "COPY --from copies the build output, not the toolchain",
	Why:      "a second stage has no benefit when the whole first stage is copied into it",
	Mend:     "copy only the files that the program needs: the binary, the virtual environment, the output folder",
	Quiet:    "Where one program or folder of a toolchain is copied, where the source is a JRE, and where the source stage is based on scratch and contains only build output.",
	Unfixed:  "which of the copied files the program needs is for you to say",
	Severity: check.Warning,
	Since:    "0.1.0",
	Source: func(b *source.Build) check.Verdict {
		if !b.Linux() {
			return check.None()
		}
		if b.Toolbox() {
			return check.Judge(nil)
		}
		var found []check.Finding
		open := "" // an image of which nothing is known, and which is copied whole
		whole := handedOn{}
		for step := range b.Steps() {
			c := step.Copy
			if c == nil || c.FromContext() {
				continue
			}
			for i, src := range c.Sources {
				if !src.Known || len(c.Exclude) > 0 {
					continue
				}
				what := toolchainAt(c, src.Value, whole)
				if what == "" {
					if img := origin(c); img != nil && img.Known == nil && !img.Scratch && img.Context == "" && path.Clean("/"+src.Value) == "/" {
						open = img.String()
					}
					continue
				}
				f := check.Finding{
					Place:   check.Place{File: b.Text(), Span: step.SourcePlace(i)},
					Stage:   step.Stage,
					Message: fmt.Sprintf("COPY --from=%s %s adds %s to the final image", c.From, src.Value, what),
				}
				if program := starterOf[what]; program != "" {
					f = recipe.Uncopied(b, step, program).To(f)
				}
				found = append(found, f)
				break
			}
		}
		if len(found) == 0 && open != "" {
			return check.Unknown(check.ByBases, fmt.Sprintf("whether %s is a system with tools, or only a set of files, is not known", open))
		}
		return check.Judge(found)
	},
}

// starterOf is the program by which a container would use a toolchain.
var starterOf = map[string]string{"the Go toolchain": "go", "the Rust toolchain": "cargo", "a JDK": "java", "Maven": "mvn", "Gradle": "gradle"}

//go:embed toolchains.jsonl
var toolchainsData []byte

// toolchainLine is one line of toolchains.jsonl: where a toolchain lives.
type toolchainLine struct {
	Name  string   `json:"name"`
	Homes []string `json:"homes"`
	// Repos are the images whose homes these are for certain: elsewhere the
	// same folder may hold a runtime alone.
	Repos  []string `json:"repos"`
	Source string   `json:"source"`
}

var toolchains = sync.OnceValue(func() []toolchainLine {
	return decodeLines[toolchainLine]("toolchains.jsonl", toolchainsData)
})

// origin is the image that what a COPY --from takes was built on; nil where
// that is not known.
func origin(c *source.Copy) *source.Image {
	if c.Stage != nil {
		return c.Stage.Origin()
	}
	return c.Image
}

// toolchainAt is what toolchain a source path of a COPY --from brings; "" none.
func toolchainAt(c *source.Copy, src string, whole handedOn) string {
	img := origin(c)
	if img == nil {
		return ""
	}
	p := path.Clean("/" + strings.TrimSuffix(src, "/*"))
	if p == "/" {
		return whole.filesystem(c, img)
	}
	if img.Scratch || img.Context != "" || c.Stage == nil && img.Known == nil {
		return ""
	}
	for _, t := range toolchains() {
		for _, home := range t.Homes {
			if match, _ := path.Match(home, p); !match && !(strings.HasPrefix(home, p+"/") && p == "/usr/local" && holds(img, t)) {
				continue
			}
			if len(t.Repos) > 0 && (img.Known.Toolchain() != base.LevelSDK || !fits(img, t) || makesRuntime(c.Stage, home)) {
				continue
			}
			return t.Name
		}
	}
	if p == "/usr/local" && img.Known != nil && img.Known.Kind == base.KindToolchain && img.Ref.Familiar == "gcc" {
		return "the GCC toolchain"
	}
	return ""
}

// holds tells whether an image has a toolchain's home under /usr/local.
func holds(img *source.Image, t toolchainLine) bool {
	if img.Known == nil {
		return false
	}
	tools := img.Known.Tools
	switch t.Name {
	case "the Go toolchain":
		return tools["go"] == base.Yes
	case "the Rust toolchain":
		return tools["rustc"] == base.Yes || tools["cargo"] == base.Yes
	}
	return false
}

// fits tells whether an image is one of those whose home a line speaks of.
func fits(img *source.Image, t toolchainLine) bool {
	for _, r := range t.Repos {
		if img.Ref.Familiar == r || strings.HasSuffix(img.Ref.Repo, "/"+r) {
			return true
		}
	}
	return false
}

// makesRuntime tells whether a stage puts a runtime of its own at a path, as
// jlink does.
func makesRuntime(s *source.Stage, home string) bool {
	for step := range chain(s) {
		for _, c := range step.Run().Commands() {
			if c.Program() != "jlink" {
				continue
			}
			for _, w := range c.Args() {
				if strings.Contains(w.Text, home) {
					return true
				}
			}
		}
	}
	return false
}

// handedOn is what the whole filesystems of stages are that only hand another's
// on: each is asked once, for there may be as many ways to it as the stages have
// subsets.
type handedOn map[*source.Stage]string

// filesystem speaks of COPY --from=x / where x is a system with tools or
// packages, not a set of files.
func (h handedOn) filesystem(c *source.Copy, img *source.Image) (what string) {
	switch {
	case img.Scratch && c.Stage != nil && c.Stage.Parent == nil:
		if known, ok := h[c.Stage]; ok {
			return known
		}
		h[c.Stage] = ""
		defer func() { h[c.Stage] = what }()
		// A stage that only hands another's filesystem on.
		for _, step := range c.Stage.Steps {
			if up := step.Copy; up != nil && up.Stage != nil && up.Stage != c.Stage && up.Stage.Index < c.Stage.Index && len(up.Exclude) == 0 && path.Clean("/"+up.Target) == "/" {
				for _, src := range up.Sources {
					if from := origin(up); from != nil && src.Known && path.Clean("/"+src.Value) == "/" {
						if what := h.filesystem(up, from); what != "" {
							return what
						}
					}
				}
			}
		}
		return ""
	case img.Scratch || img.Context != "":
		return ""
	case c.Stage != nil && c.Stage.Runs():
		return "the whole file system of its stage"
	case img.Known == nil || img.Known.Kind == base.KindMinimal || img.Known.PackageManager == "none":
		return "" // a set of files, or nothing to install more with
	}
	return "the whole file system of " + img.String()
}
