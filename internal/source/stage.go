package source

import (
	"iter"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"

	"github.com/dockworthy/dockworthy/internal/source/base"
	"github.com/dockworthy/dockworthy/internal/source/dockerfile"
	"github.com/dockworthy/dockworthy/text"
)

// A Stage is one build stage, from FROM to the next, evaluated: variables
// expanded, links to other stages resolved.
type Stage struct {
	Index  int
	Name   string                  // lower-case; "" for a stage without one
	From   *dockerfile.Instruction // its FROM
	Base   Text                    // what FROM names, expanded
	Parent *Stage                  // the stage that FROM names, or nil
	Image  *Image                  // the image that FROM names, or nil
	Steps  []*Step                 // every instruction after FROM
	Final  State                   // what the image's config is after the last step
	Env    *Env                    // the variables after the last step

	// Windows tells that the stage builds for Windows, where users and shell
	// programs are another world.
	Windows bool

	eval   *evaluator
	origin *Image
	runs   bool
}

// An Image is an image that a stage begins with or takes from.
type Image struct {
	Text    Text        // the reference as expanded
	Ref     base.Ref    // its parts; zero where it is no valid reference
	Valid   bool        // Ref is set
	Scratch bool        // the reserved empty image
	Context string      // it names a further build context, so it is no image
	Known   *base.Image // what the catalogue knows; nil = nothing
	// Elsewhere is a file that is not read and that seems to give the name a
	// meaning, as a Bake file its contexts; "" = none. Context is set then too.
	Elsewhere string
	Local     *Build // the build of this repository that makes it, or nil
}

// A State is the part of an image's config that instructions set, at one point
// of a stage. The zero State is that of an image of which nothing is known.
type State struct {
	User        *Step // the USER in force; nil = the base image's
	Workdir     Text  // absolute where known; "" = the base image's
	WorkdirStep *Step
	Shell       *Step // the SHELL in force; nil = the base image's
	Entrypoint  *Step
	Cmd         *Step
	CmdReset    *Step // the ENTRYPOINT that made Docker forget Cmd, or nil
	Health      *Step
	StopSignal  *Step
	Ports       []Port
}

// A Port is one port of an EXPOSE.
type Port struct {
	Number   string // "8000", or a range as written
	Protocol string // "tcp" or "udp"
	Text     Text
	Step     *Step
}

// A Step is one instruction of a stage, evaluated.
type Step struct {
	*dockerfile.Instruction
	Stage  *Stage
	Index  int   // in Stage.Steps
	Before State // the config before the step
	Env    *Env  // the variables before the step
	Value  Text  // of USER, WORKDIR, STOPSIGNAL: the argument, expanded
	Vars   []Var // of ENV and ARG: what it sets
	Copy   *Copy // of COPY and ADD
	mounts []*instructions.Mount
	run    runCache
	later  triggerCache
}

// A Copy is what a COPY or ADD takes and where it puts it.
type Copy struct {
	Add      bool
	From     string // as written after --from=; "" for the build context
	Stage    *Stage // the stage that From names, or nil
	Image    *Image // the image that From names, or nil
	Sources  []Text // paths in the context or the other filesystem, URLs for ADD
	Places   []text.Span
	Dest     Text   // as written, expanded
	Target   string // Dest made absolute by the workdir; relative where that is unknown
	Chown    Text
	Chmod    Text
	Link     bool
	Parents  bool
	Exclude  []string
	Heredocs []dockerfile.Heredoc
	Checksum Text
}

// FromContext tells whether the files come out of the build context.
func (c *Copy) FromContext() bool { return c.From == "" }

type triggerCache struct {
	once sync.Once
	step *Step
}

// Triggered is the instruction after ONBUILD as a step of its own, evaluated
// with what is known where it stands; nil for any other instruction.
func (s *Step) Triggered() *Step {
	if s.Trigger == nil {
		return nil
	}
	s.later.once.Do(func() {
		// A stage of its own, so that the trigger changes nothing here.
		apart := *s.Stage
		apart.Steps, apart.Final, apart.Env = nil, s.Before, s.Env
		apart.Final.Ports = slices.Clip(apart.Final.Ports)
		s.Stage.eval.step(&apart, s.Trigger)
		t := apart.Steps[0]
		t.Stage, t.Index = s.Stage, s.Index
		s.Stage.eval.link(t)
		s.later.step = t
	})
	return s.later.step
}

// maxPath is the longest path that is kept: as long as Linux takes one.
const maxPath = 4096

// portSteps is what one more port to remember takes of a Dockerfile's budget.
const portSteps = 16

func joinWorkdir(old, next Text) Text {
	t := next
	if !strings.HasPrefix(next.Value, "/") {
		if old.Value == "" && old.Raw == "" {
			return Text{Raw: next.Raw, Value: next.Value}
		}
		t.Value = path.Join(old.Value, next.Value)
		t.Known = old.Known && next.Known
		return t
	}
	t.Value = path.Clean(next.Value)
	return t
}

func (e *evaluator) newCopy(step *Step, sd instructions.SourcesAndDest, expand func(string) Text) *Copy {
	c := &Copy{Dest: expand(sd.DestPath)}
	for _, src := range sd.SourcePaths {
		c.Sources = append(c.Sources, expand(src))
	}
	if len(sd.SourceContents) > 0 {
		c.Heredocs = step.Heredocs()
	}
	c.Target = c.Dest.Value
	if dir := step.Before.Workdir.Value; !strings.HasPrefix(c.Target, "/") && dir != "" {
		if !e.words.meter.Spend(len(dir)) {
			e.beyond.note(Variables, muchText)
			return c
		}
		slash := strings.HasSuffix(c.Target, "/") || c.Target == "." || strings.HasSuffix(c.Target, "/.")
		c.Target = path.Join(dir, c.Target)
		if slash && c.Target != "/" {
			c.Target += "/"
		}
	}
	return c
}

// SourcePlace is where source i of a COPY or ADD is written.
func (s *Step) SourcePlace(i int) text.Span {
	words := s.Words()
	if s.JSON || len(s.Copy.Heredocs) == 0 {
		if i < len(words) {
			return words[i].Span
		}
		return s.Span
	}
	n := 0
	for _, w := range words {
		if strings.HasPrefix(w.Text, "<<") {
			continue
		}
		if n == i {
			return w.Span
		}
		n++
	}
	return s.Span
}

// Source is the stage or the image that a name stands for in COPY --from or a
// mount's from.
func (s *Stage) Source(name string) (*Stage, *Image) { return s.eval.source(name) }

// String is the image as a message names it: as it is expanded, with no more
// of a digest than a reader looks at.
func (i *Image) String() string {
	if len(i.Text.Missing) > 0 || i.Text.Value == "" {
		return i.Text.Raw // what is left without the variables names nothing
	}
	name := i.Text.Value
	if d := i.Ref.Digest; len(d) > 19 {
		name = strings.Replace(name, d, d[:19]+"…", 1)
	}
	return name
}

// Upwards are the stage and those that it is built on by FROM. What is asked for
// each COPY from a long chain is asked up to a budget for the whole Dockerfile,
// for there may be as many COPYs as stages; beyond that the chain ends early, and
// what rests on it is not known. The nil Stage has none.
func (s *Stage) Upwards() iter.Seq[*Stage] {
	return func(yield func(*Stage) bool) {
		for ; s != nil; s = s.Parent {
			// Some search the text of the stage, others its steps.
			size := s.From.Span.End - s.From.Span.Start
			if n := len(s.Steps); n > 0 {
				size = s.Steps[n-1].Span.End - s.From.Span.Start
			}
			if !s.eval.walks.Spend(1 + len(s.Steps) + size/bytesOfWalk) {
				s.eval.beyond.note(Contents, manyPaths)
				return
			}
			if !yield(s) {
				return
			}
		}
	}
}

// bytesOfWalk are bytes of a stage that take as long as one of its steps.
const bytesOfWalk = 256

// Origin is the image that the chain of stages starts from.
func (s *Stage) Origin() *Image { return s.origin }

// Runs tells whether the stage, or one that it is built on, has a RUN.
func (s *Stage) Runs() bool { return s.runs }
