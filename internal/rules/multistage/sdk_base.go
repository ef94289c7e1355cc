package multistage

import (
	"cmp"
	"fmt"
	"path"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/base"
	"github.com/dockworthy/dockworthy/internal/source/dockerfile"
	"github.com/dockworthy/dockworthy/text"
)

// baseCause is the cause of whatever the base image's own toolchain breaks.
const baseCause check.Cause = "toolchain-base"

var sdkBaseInFinal = &check.Check{
	Name:     "sdk-base-in-final",
	Claim:    "the final image is not based on an image with a compiler, JDK, SDK or build system",
	Why:      "a toolchain image contains what the build needs, most of which the program does not use",
	Mend:     "use the toolchain image in a builder stage, and base the final stage on the runtime alone (a JRE, a -slim variant, distroless, scratch)",
	Quiet:    "Where the base image is a runtime without a compiler, regardless of its tag, where the config lists the Dockerfile under toolboxes, and where the base image is not known.",
	Severity: check.Error,
	Since:    "0.1.0",
	Aliases:  []string{"CIS 4.3"},
	Image:    func(ev check.Evidence) check.Verdict { return builtTools(ev, true) },
	Run:      ranTools(true),
	Source: func(b *source.Build) check.Verdict {
		if !b.Linux() {
			return check.None()
		}
		if b.Toolbox() {
			return check.Judge(nil)
		}
		img := underlying(b)
		switch {
		case img.Scratch:
			return check.Judge(nil)
		case img.Context != "":
			return check.Unknown(check.ByFiles, fmt.Sprintf("the contents of the build context %s are not known", img.String()))
		case len(img.Text.Missing) > 0:
			return check.Unknown(check.ByArg, fmt.Sprintf("FROM %s has no value for %s", img.Text.Raw, img.Text.Missing[0]))
		case img.Known == nil:
			return check.Unknown(check.ByBases, fmt.Sprintf("it is not known whether %s contains a toolchain", img.String()))
		}
		level := img.Known.Toolchain()
		carries := chiefTool(img.Known)
		own := ownTool(img)
		if level == base.LevelNone || carries != nil && wanted(b, carries.Program) || own != "" && b.RuntimeTool(own) {
			return check.Judge(nil)
		}
		from := b.Chain()[0].From
		f := check.Finding{Place: check.Place{File: b.Text(), Span: imageSpan(from)}, Stage: b.Target, Cause: baseCause}
		name := img.String()
		if img != b.Base() {
			name = b.Base().String() + ", which is based on " + name
		}
		switch {
		case level == base.LevelSDK:
			f.Message = fmt.Sprintf("the final image is based on %s, which contains %s", name, carries.Name)
		case level == base.LevelRuntime:
			f.Severity = check.Warning
			f.Message = fmt.Sprintf("the final image is based on %s, which contains a C compiler besides the runtime", name)
		case own != "":
			f.Severity = check.Warning
			f.Message = fmt.Sprintf("the final image is based on %s, which is made to run %s", name, own)
			f.Help = fmt.Sprintf("base the final stage on an image of the system alone; where the program runs %[1]s, list %[1]s under `runtime-tools:` in .dockworthy.yaml", own)
		default:
			f.Severity = check.Warning
			f.Message = fmt.Sprintf("the final image is based on %s, which is meant for building", name)
		}
		f.Help = cmp.Or(f.Help, withoutJDK(img), knowledge.RuntimeFor(img.Ref.Familiar, img.Ref.Tag))
		if chain := b.Chain(); len(chain) > 1 {
			f.Related = append(f.Related, check.Place{File: b.Text(), Span: b.Target.From.Span, Message: "the final stage is based on that stage"})
		}
		return check.Judge([]check.Finding{f})
	},
}

// ownTool is the program that an image starts and that it is called after, where it has
// no compiler beside it, as alpine/git; "" = it is another kind of image.
func ownTool(img *source.Image) string {
	name := path.Base(img.Ref.Familiar)
	if img.Known.Toolchain() != base.LevelOther || len(img.Known.Entrypoint) == 0 || path.Base(img.Known.Entrypoint[0]) != name {
		return ""
	}
	return name
}

// withoutJDK is the advice to take the tag of the same version and the same Java that has
// no JDK; "" where the tag tells of none.
func withoutJDK(img *source.Image) string {
	if img.Known.Leaner != "jre" || !strings.Contains(img.Ref.Tag, "jdk") {
		return ""
	}
	return fmt.Sprintf("build in a separate stage and base the final stage on %s:%s", img.Ref.Familiar, strings.Replace(img.Ref.Tag, "jdk", "jre", 1))
}

// underlying is the image that the chain starts from, through the Dockerfiles
// of this repository that make it.
func underlying(b *source.Build) *source.Image {
	img := b.Base()
	for range 20 {
		if img.Local == nil {
			break
		}
		img = img.Local.Base()
	}
	return img
}

// chiefTool is the tool by which a toolchain image is known; nil
// where it has none of them.
func chiefTool(img *base.Image) *knowledge.Toolchain {
	for _, t := range knowledge.ChiefTools() {
		if img.Tools[t.Program] == base.Yes {
			return t
		}
	}
	return nil
}

// imageSpan is the place of the image that a FROM names.
func imageSpan(from *dockerfile.Instruction) text.Span {
	if words := from.Words(); len(words) > 0 {
		return words[0].Span
	}
	return from.Span
}
