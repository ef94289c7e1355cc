package source

import (
	"slices"
	"strconv"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"

	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/meter"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source/base"
	"github.com/dockworthy/dockworthy/internal/source/dockerfile"
)

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
	from      *Env // meta, where placeholders are no values: nobody means an image by them
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
	e.from = e.meta
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
		if _, given := e.args[kv.Key]; !given && placeholder(v.Value) {
			v.Value, v.Set = "", false
		}
		e.from = e.from.With(v)
	}
	e.metaArgs = append(e.metaArgs, step)
}

// placeholder tells whether the default of an argument above FROM stands for what
// somebody has to give.
func placeholder(v string) bool {
	low := strings.ToLower(v)
	return knowledge.BasePlaceholders.Has(low) || strings.HasPrefix(low, "please_") || strings.HasPrefix(low, "please-")
}

func (e *evaluator) begin(in *dockerfile.Instruction, cmd *instructions.Stage) *Stage {
	s := &Stage{eval: e, Index: len(e.stages), Name: cmd.Name, From: in, Base: e.words.expand(e.from, cmd.BaseName)}
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
			e.beyond.note(Variables, "it has more base image names than the limit for a search in Bake files, workflows and scripts")
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
			e.beyond.note(Variables, "it exposes more ports than the limit for a Dockerfile of its size")
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

// joinWorkdir is Docker's rule: a relative path goes on from the last one.
func (e *evaluator) joinWorkdir(old, next Text) Text {
	t := joinWorkdir(old, next)
	if len(t.Value) > maxPath && len(t.Value) > len(next.Value) {
		e.beyond.note(Variables, "the working directory is longer than %d bytes", maxPath)
		return Text{Raw: next.Raw, Used: next.Used, Long: true}
	}
	return t
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
