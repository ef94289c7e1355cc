package source

import (
	"iter"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"

	"github.com/dockworthy/dockworthy/internal/meter"
	"github.com/dockworthy/dockworthy/internal/shell"
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

// Platform is the place that the predefined platform arguments stand for
// while a Dockerfile is read: the commonest one. Texts that use them are not
// known (see Text).
var platformArgs = []Var{
	{Name: "BUILDPLATFORM", Value: "linux/amd64", Set: true},
	{Name: "BUILDOS", Value: "linux", Set: true},
	{Name: "BUILDOSVERSION", Value: "", Set: true},
	{Name: "BUILDARCH", Value: "amd64", Set: true},
	{Name: "BUILDVARIANT", Value: "", Set: true},
	{Name: "TARGETPLATFORM", Value: "linux/amd64", Set: true},
	{Name: "TARGETOS", Value: "linux", Set: true},
	{Name: "TARGETOSVERSION", Value: "", Set: true},
	{Name: "TARGETARCH", Value: "amd64", Set: true},
	{Name: "TARGETVARIANT", Value: "", Set: true},
}

func isPlatformArg(name string) bool {
	return slices.ContainsFunc(platformArgs, func(v Var) bool { return v.Name == name })
}

// evaluator turns a parsed Dockerfile into stages under one set of build
// arguments, in one pass from top to bottom.
type evaluator struct {
	file     *dockerfile.File
	args     map[string]string // build arguments
	contexts map[string]string // further build contexts by name
	bases    func(base.Ref) (*base.Image, bool)
	// elsewhere finds a file that is not read and that may define a bare name
	// as a build context; nil = nobody asks.
	elsewhere func(name string) (file string, ok bool)
	meta      *Env // the ARGs above the first FROM
	metaArgs  []*Step
	stages    []*Stage
	byName    map[string]*Stage
	words     *expander
	programs  *shell.Budget
	walks     meter.Meter // up the chains of stages
	beyond    *limits
}

func (e *evaluator) run() {
	e.beyond = &limits{}
	e.words = newExpander(e.file, e.beyond)
	e.programs = shell.NewBudget(len(e.file.Data))
	e.walks.Left = freeContents + contentsPerStep*len(e.file.Instructions)
	for _, v := range platformArgs {
		if given, ok := e.args[v.Name]; ok {
			v.Value, v.Known = given, true
		}
		e.meta = e.meta.With(v)
	}
	e.byName = map[string]*Stage{}
	var current *Stage
	for _, in := range e.file.Instructions {
		switch cmd := in.Command.(type) {
		case *instructions.Stage:
			current = e.begin(in, cmd)
		default:
			if current == nil {
				e.metaArg(in)
				continue
			}
			e.step(current, in)
		}
	}
	// COPY --from and mounts may name a stage further down.
	for _, s := range e.stages {
		for _, step := range s.Steps {
			e.link(step)
		}
	}
}

func (e *evaluator) metaArg(in *dockerfile.Instruction) {
	arg, ok := in.Command.(*instructions.ArgCommand)
	if !ok {
		return
	}
	step := &Step{Instruction: in, Env: e.meta}
	for _, kv := range arg.Args {
		v := Var{Name: kv.Key, Arg: true, Step: step, Known: true}
		if given, ok := e.args[kv.Key]; ok {
			v.Value, v.Set = given, true
		} else if kv.Value != nil {
			t := e.words.expand(e.meta, *kv.Value)
			v.Value, v.Set, v.Known = t.Value, true, t.Known
		} else if platform, ok := e.meta.Lookup(kv.Key); ok && isPlatformArg(kv.Key) {
			// A declaration without a value leaves what BuildKit predefines.
			v.Value, v.Set, v.Known = platform.Value, platform.Set, platform.Known
		}
		step.Vars = append(step.Vars, v)
		e.meta = e.meta.With(v)
	}
	e.metaArgs = append(e.metaArgs, step)
}

func (e *evaluator) begin(in *dockerfile.Instruction, cmd *instructions.Stage) *Stage {
	s := &Stage{eval: e, Index: len(e.stages), Name: cmd.Name, From: in, Base: e.words.expand(e.meta, cmd.BaseName)}
	name := strings.ToLower(s.Base.Value)
	if parent, ok := e.byName[name]; ok && e.contexts[s.Base.Value] == "" {
		s.Parent = parent
		s.Final, s.Env, s.Windows = parent.Final, parent.Env, parent.Windows
		s.Final.CmdReset = nil
		s.origin, s.runs = parent.origin, parent.runs
		s.Final.Ports = slices.Clip(s.Final.Ports) // others begin with the same
	} else {
		s.Image = e.image(s.Base)
		s.origin = s.Image
		if s.Image.Known != nil {
			for _, name := range sortedKeys(s.Image.Known.Env) {
				s.Env = s.Env.With(Var{Name: name, Value: s.Image.Known.Env[name], Set: true, Known: true})
			}
			s.Final.Workdir = literal("/")
			if s.Image.Known.Workdir != "" {
				s.Final.Workdir = literal(s.Image.Known.Workdir)
			}
		}
		if s.Image.Scratch {
			s.Final.Workdir = literal("/")
		}
		s.Windows = e.windows(s.Image, cmd.Platform)
	}
	e.stages = append(e.stages, s)
	if s.Name != "" {
		e.byName[s.Name] = s
	}
	return s
}

// windows judges by the words that Microsoft's own image names carry.
func (e *evaluator) windows(img *Image, platform string) bool {
	if strings.HasPrefix(e.words.expand(e.meta, platform).Value, "windows") {
		return true
	}
	name := strings.ToLower(img.Text.Value)
	return strings.Contains(name, "nanoserver") || strings.Contains(name, "windowsservercore") ||
		strings.Contains(name, "/windows") || strings.HasSuffix(name, "servercore")
}

// image resolves a reference that is no stage of this file.
func (e *evaluator) image(t Text) *Image {
	img := &Image{Text: t}
	if t.Value == "scratch" {
		img.Scratch = true
	}
	if ctx, ok := e.contexts[t.Value]; ok {
		img.Context = ctx
		if ref, ok := strings.CutPrefix(ctx, "docker-image://"); ok {
			img.Text, img.Context = literal(ref), ""
		} else {
			return img
		}
	}
	if len(t.Missing) > 0 || t.Long {
		return img
	}
	ref, err := base.ParseRef(img.Text.Value)
	if err != nil {
		return img
	}
	img.Ref, img.Valid = ref, true
	if known, ok := e.bases(ref); ok {
		img.Known = known
	} else if e.elsewhere != nil && ref.Tag == "" && ref.Digest == "" && ref.Familiar == img.Text.Value && !strings.ContainsAny(ref.Familiar, "/.") {
		file, ok := e.elsewhere(ref.Familiar)
		if !ok {
			e.beyond.note(Variables, "its base images have more names than are looked for in Bake files, workflows and scripts")
		}
		if file != "" {
			img.Elsewhere, img.Context, img.Valid = file, file, false
		}
	}
	return img
}

func (e *evaluator) step(s *Stage, in *dockerfile.Instruction) {
	step := &Step{Instruction: in, Stage: s, Index: len(s.Steps), Before: s.Final, Env: s.Env}
	s.Steps = append(s.Steps, step)
	expand := func(word string) Text { return e.words.expand(step.Env, word) }
	state := &s.Final
	switch cmd := in.Command.(type) {
	case *instructions.ArgCommand:
		for _, kv := range cmd.Args {
			v := Var{Name: kv.Key, Arg: true, Step: step, Known: true}
			if given, ok := e.args[kv.Key]; ok {
				v.Value, v.Set = given, true
			} else if kv.Value != nil {
				t := expand(*kv.Value)
				v.Value, v.Set, v.Known = t.Value, true, t.Known
			} else if meta, ok := e.meta.Lookup(kv.Key); ok {
				v.Value, v.Set, v.Known = meta.Value, meta.Set, meta.Known
			}
			step.Vars = append(step.Vars, v)
			if !v.Set {
				// An ARG without a value hides nothing that has one.
				if old, ok := s.Env.Lookup(v.Name); ok && old.Set {
					continue
				}
			}
			s.Env = s.Env.With(v)
		}
	case *instructions.EnvCommand:
		// All values see the variables from before the instruction.
		for _, kv := range cmd.Env {
			t := expand(kv.Value)
			v := Var{Name: expand(kv.Key).Value, Value: t.Value, Set: true, Known: t.Known, Step: step}
			step.Vars = append(step.Vars, v)
			s.Env = s.Env.With(v)
		}
	case *instructions.UserCommand:
		step.Value = expand(cmd.User)
		state.User = step
	case *instructions.WorkdirCommand:
		step.Value = expand(cmd.Path)
		state.Workdir = e.joinWorkdir(state.Workdir, step.Value)
		state.WorkdirStep = step
	case *instructions.ShellCommand:
		state.Shell = step
	case *instructions.StopSignalCommand:
		step.Value = expand(cmd.Signal)
		state.StopSignal = step
	case *instructions.EntrypointCommand:
		state.Entrypoint = step
		if state.Cmd != nil && state.Cmd.Stage != s {
			state.Cmd, state.CmdReset = nil, step
		}
	case *instructions.CmdCommand:
		state.Cmd, state.CmdReset = step, nil
	case *instructions.HealthCheckCommand:
		state.Health = step
	case *instructions.ExposeCommand:
		ports := state.Ports
		if len(ports) == cap(ports) && !e.words.meter.Spend(len(ports)*portSteps) {
			e.beyond.note(Variables, "it exposes more ports than are read of a Dockerfile of its size")
			break
		}
		for _, p := range cmd.Ports {
			t := expand(p)
			for _, word := range strings.Fields(t.Value) {
				number, proto, ok := strings.Cut(word, "/")
				if !ok {
					proto = "tcp"
				}
				ports = append(ports, Port{Number: number, Protocol: strings.ToLower(proto), Text: t, Step: step})
			}
		}
		state.Ports = ports
	case *instructions.CopyCommand:
		step.Copy = e.newCopy(step, cmd.SourcesAndDest, expand)
		step.Copy.From = cmd.From
		step.Copy.Chown, step.Copy.Chmod = expand(cmd.Chown), expand(cmd.Chmod)
		step.Copy.Link, step.Copy.Parents, step.Copy.Exclude = cmd.Link, cmd.Parents, cmd.ExcludePatterns
	case *instructions.AddCommand:
		step.Copy = e.newCopy(step, cmd.SourcesAndDest, expand)
		step.Copy.Add = true
		step.Copy.Chown, step.Copy.Chmod = expand(cmd.Chown), expand(cmd.Chmod)
		step.Copy.Link, step.Copy.Exclude = cmd.Link, cmd.ExcludePatterns
		step.Copy.Checksum = expand(cmd.Checksum)
	case *instructions.RunCommand:
		s.runs = true
		// The parser puts off the mounts' variables until a value is known.
		if len(cmd.FlagsUsed) > 0 {
			err := cmd.Expand(func(word string) (string, error) { return expand(word).Value, nil })
			if err == nil {
				step.mounts = instructions.GetMounts(cmd)
			}
		}
	}
}

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

// joinWorkdir is Docker's rule: a relative path goes on from the last one.
func (e *evaluator) joinWorkdir(old, next Text) Text {
	t := joinWorkdir(old, next)
	if len(t.Value) > maxPath && len(t.Value) > len(next.Value) {
		e.beyond.note(Variables, "the working directory grows beyond %d bytes", maxPath)
		return Text{Raw: next.Raw, Used: next.Used, Long: true}
	}
	return t
}

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

// link resolves the names of other stages and images in COPY --from and in
// mounts.
func (e *evaluator) link(step *Step) {
	if step.Copy != nil && step.Copy.From != "" {
		step.Copy.Stage, step.Copy.Image = e.source(step.Copy.From)
	}
}

// source is the stage or image that --from or a mount's from names: a stage by
// name or number first, as BuildKit does.
func (e *evaluator) source(name string) (*Stage, *Image) {
	if _, ok := e.contexts[name]; !ok {
		if s, ok := e.byName[strings.ToLower(name)]; ok {
			return s, nil
		}
		if n, err := strconv.Atoi(name); err == nil && n >= 0 && n < len(e.stages) {
			return e.stages[n], nil
		}
	}
	return nil, e.image(literal(name))
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
