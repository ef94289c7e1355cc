package run

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/dockworthy/dockworthy/text"
)

// A Topic is what a line of the transcript speaks of.
type Topic string

// The topics. Those with a name stand once for each: a step's is its index in
// the list of steps, a process's its PID.
const (
	TopicSettings Topic = "settings"
	TopicRequest  Topic = "request"
	TopicTaken    Topic = "deployed"
	TopicLeft     Topic = "deployed left"
	TopicService  Topic = "service"
	TopicBuild    Topic = "build"
	TopicStep     Topic = "build step"
	TopicBase     Topic = "base"
	TopicSize     Topic = "size"
	TopicContext  Topic = "context"
	TopicStart    Topic = "start"
	TopicRelaxed  Topic = "relaxed"
	TopicProcess  Topic = "process"
	TopicListen   Topic = "listen"
	TopicHealth   Topic = "health"
	TopicFreeze   Topic = "freeze"
	TopicStop     Topic = "stop"
	TopicBusy     Topic = "stop-busy"
	TopicOverride Topic = "override"
	TopicOrphan   Topic = "orphan"
	TopicStranger Topic = "stranger"
	TopicRebuild  Topic = "rebuild"
	TopicRebuilt  Topic = "rebuild step"
	TopicCanary   Topic = "canary"
	TopicSwarm    Topic = "swarm"
	TopicUnseen   Topic = "unseen"
)

const (
	topicWidth   = 9
	maxProcesses = 30 // that are written down; all are judged
)

type line struct {
	topic Topic
	name  string
}

// A Line is one line of a transcript with what it speaks of.
type Line struct {
	Topic Topic
	Name  string // of what there are several of a topic
	Text  string // with the topic's word before it
}

// A Transcript is a Log as people read it, with the place of each line. It is
// the file in which findings about a run have their place.
type Transcript struct {
	File  *text.File
	Lines []Line
	spans map[line]text.Span
}

// Span is the line about a topic; the zero Span where there is none.
func (t *Transcript) Span(topic Topic, name string) text.Span { return t.spans[line{topic, name}] }

// Transcript writes the log down. It is made on the first question.
func (l *Log) Transcript() *Transcript {
	l.once.Do(func() { l.transcript = l.write() })
	return l.transcript
}

func (l *Log) write() *Transcript {
	t := &Transcript{spans: map[line]text.Span{}}
	var b strings.Builder
	say := func(topic Topic, name, format string, args ...any) {
		start := b.Len()
		word, _, _ := strings.Cut(string(topic), " ")
		body := strings.Map(func(r rune) rune {
			if r < ' ' || r == 0x7f {
				return ' '
			}
			return r
		}, fmt.Sprintf(format, args...))
		fmt.Fprintf(&b, "%-*s %s", topicWidth, word, body)
		t.spans[line{topic, name}] = text.Span{Start: start, End: b.Len()}
		t.Lines = append(t.Lines, Line{topic, name, b.String()[start:]})
		b.WriteByte('\n')
	}
	say(TopicSettings, "", "%s", l.Settings)
	for i, r := range l.Settings.Requests {
		say(TopicRequest, strconv.Itoa(i), "%s", r)
	}
	if set := l.Settings; set.Role != "" && len(set.Taken) > 0 {
		say(TopicTaken, "", "run as %s, with its %s", set.Role, strings.Join(set.Taken, ", "))
	} else if set.Role != "" {
		say(TopicTaken, "", "run as %s", set.Role)
	}
	for i, left := range l.Settings.Left {
		say(TopicLeft, strconv.Itoa(i), "not taken: %s", left)
	}
	if bd := l.Build; bd != nil {
		switch {
		case bd.Error != "":
			say(TopicBuild, "", "failed after %.1f s at %s: %s", bd.Seconds, bd.Step, bd.Error)
		default:
			say(TopicBuild, "", "%.1f s, %d steps, %d cached", bd.Seconds, instructions(bd.Steps), cached(bd.Steps))
		}
		for i, s := range bd.Steps {
			if s.Index > 0 {
				say(TopicStep, strconv.Itoa(i), "%s", s)
			}
		}
		for _, r := range bd.Bases {
			if r.Digest == "" {
				say(TopicBase, r.Ref, "%s is a local image without a digest", r.Ref)
			} else {
				say(TopicBase, r.Ref, "%s is %s", r.Ref, r.Digest)
			}
		}
		for i, z := range bd.Sizes {
			if i == 0 {
				say(TopicSize, "", "%.1f MB in the final image", float64(z.Bytes)/1e6)
			} else {
				say(TopicSize, z.Stage, "%.1f MB in the stage %s, which is not in the final image", float64(z.Bytes)/1e6, z.Stage)
			}
		}
		if bd.Files > 0 {
			say(TopicContext, "", "%d files, %d bytes are sent", bd.Files, bd.Context)
		}
	}
	for _, c := range l.Companions {
		say(TopicService, c.Name, "%s", c)
		for i, left := range c.Left {
			say(TopicLeft, c.Name+strconv.Itoa(i), "not taken for %s: %s", c.Name, left)
		}
	}
	if l.Start != nil {
		say(TopicStart, "", "%s", l.Start)
	}
	if l.Relaxed != nil {
		with := ""
		if len(l.Relaxed.Caps) > 0 {
			with = " and the capabilities " + strings.Join(l.Relaxed.Caps, ", ")
		}
		say(TopicRelaxed, "", "with a writable root file system%s: %s", with, l.Relaxed)
	}
	if l.Procs != nil {
		for i, p := range l.Procs.List {
			if rest := len(l.Procs.List) - i; i == maxProcesses && rest > 1 {
				say(TopicProcess, "", "and %d more", rest)
				break
			}
			say(TopicProcess, strconv.Itoa(p.PID), "%s", p)
		}
		for _, s := range l.Procs.Listens {
			say(TopicListen, strconv.Itoa(s.Port), "%s port %d", s.Address, s.Port)
		}
	}
	if h := l.Health; h != nil {
		switch {
		case h.Healthy:
			say(TopicHealth, "", "healthy after %.1f s: %s", h.HealthyIn, h.test())
		default:
			within := ""
			if h.Patience > 0 {
				within = fmt.Sprintf(" within %.0f s", h.HealthyIn)
			}
			say(TopicHealth, "", "never healthy%s: %s exited with status %d: %s", within, h.test(), h.LastCode, h.Last)
		}
		switch {
		case !h.Frozen:
		case h.Unhealthy && h.Recovered:
			say(TopicFreeze, "", "frozen: unhealthy after %.1f s; resumed: healthy after %.1f s", h.UnhealthyIn, h.RecoveredIn)
		case h.Unhealthy:
			say(TopicFreeze, "", "frozen: unhealthy after %.1f s; resumed: not healthy again", h.UnhealthyIn)
		default:
			say(TopicFreeze, "", "frozen: still healthy after %.1f s", h.UnhealthyIn)
		}
	}
	if l.Stop != nil {
		say(TopicStop, "", "%s", l.Stop)
	}
	if l.StopBusy != nil {
		say(TopicBusy, "", "with an open connection to port %d: %s", l.StopBusy.Port, l.StopBusy)
	}
	if o := l.Override; o != nil {
		switch {
		case o.Reached:
			say(TopicOverride, "", "%s reaches the program: %s", o.Word, o.Seen)
		case o.Known:
			say(TopicOverride, "", "%s does not reach the program", o.Word)
		default:
			say(TopicOverride, "", "it could not be observed whether %s reaches the program", o.Word)
		}
	}
	if l.Stranger != nil {
		say(TopicStranger, "", "%s", l.Stranger)
	}
	if o := l.Orphan; o != nil {
		if o.Reaped {
			say(TopicOrphan, "", "PID 1 reaps a process whose parent has exited; the program left %d zombies", o.Zombies)
		} else {
			say(TopicOrphan, "", "PID 1 does not reap a process whose parent has exited; the program left %d zombies", o.Zombies)
		}
	}
	if r := l.Rebuild; r != nil {
		if r.Error != "" {
			say(TopicRebuild, "", "after an edit to %s: failed: %s", r.Touched, r.Error)
		} else {
			say(TopicRebuild, "", "after an edit to %s: %.1f s, %d of %d steps cached", r.Touched, r.Seconds, cached(r.Steps), instructions(r.Steps))
		}
		for i, s := range r.Steps {
			switch {
			case s.Because != "":
				say(TopicRebuilt, strconv.Itoa(i), "%s", s.Told())
			case s.Index > 0:
				say(TopicRebuilt, strconv.Itoa(i), "%s", s)
			}
		}
	}
	if c := l.Canaries; c != nil {
		if c.Error != "" {
			say(TopicCanary, "", "%s", c.Error)
		}
		for _, k := range c.Planted {
			if len(k.Found) == 0 {
				say(TopicCanary, k.Kind+" "+k.Name, "%s %s: not found", k.Kind, k.Name)
			} else {
				say(TopicCanary, k.Kind+" "+k.Name, "%s %s: found in %s", k.Kind, k.Name, strings.Join(k.Found, ", "))
			}
		}
	}
	if s := l.Swarm; s != nil {
		switch {
		case s.Error != "":
			say(TopicSwarm, "", "not tested: %s", s.Error)
		case s.Replaced:
			say(TopicSwarm, "", "the frozen task was replaced after %.1f s", s.Seconds)
		default:
			say(TopicSwarm, "", "the frozen task was not replaced within %.1f s", s.Seconds)
		}
	}
	for _, probe := range slices.Sorted(maps.Keys(l.Unseen)) {
		say(TopicUnseen, probe, "%s: %s", probe, l.Unseen[probe])
	}
	name := l.Name
	if name == "" {
		name = "run"
	}
	t.File = text.NewFile(name, []byte(b.String()))
	return t
}

// test is the probe with what gives it.
func (h *Health) test() string {
	words := strings.Join(h.Test, " ")
	if h.From != "" {
		words += " (" + h.From + ")"
	}
	return words
}

func instructions(steps []BuildStep) (n int) {
	for _, s := range steps {
		if s.Index > 1 {
			n++
		}
	}
	return n
}

func cached(steps []BuildStep) (n int) {
	for _, s := range steps {
		if s.Index > 1 && s.Cached {
			n++
		}
	}
	return n
}

// Told is a step that ran again, in a line with its cause.
func (s BuildStep) Told() string { return s.Brief().String() + ": " + s.Because }

// Brief is a step with no more of its instruction than tells which it is.
func (s BuildStep) Brief() BuildStep {
	const most = 60
	instr := ""
	for _, w := range strings.Fields(s.Instr) { // whole words: what hides secrets looks for them
		if instr == "RUN" && strings.HasPrefix(w, "--") {
			continue
		}
		if len(instr)+len(w) > most && instr != "" {
			instr += " …"
			break
		}
		instr = strings.TrimSpace(instr + " " + w)
	}
	s.Instr = instr
	return s
}

func (s BuildStep) String() string {
	stage := ""
	if s.Stage != "" {
		stage = "[" + s.Stage + "] "
	}
	how := fmt.Sprintf("%.1f s", s.Seconds)
	switch {
	case s.Error != "":
		how = "failed"
	case s.Cached:
		how = "cached"
	case s.Unreached:
		how = "not run"
	}
	return fmt.Sprintf("%-8s %s%s", how, stage, s.Instr)
}

func (s Settings) String() string {
	var parts []string
	add := func(format string, args ...any) { parts = append(parts, fmt.Sprintf(format, args...)) }
	if s.ReadOnly {
		add("--read-only")
	}
	for _, d := range s.Writable {
		add("--tmpfs %s", d)
	}
	for _, d := range s.Volumes {
		add("--volume %s", d)
	}
	if s.Capabilities != nil {
		add("--cap-drop ALL")
		for _, c := range s.Capabilities {
			add("--cap-add %s", c)
		}
	}
	if s.NoNewPrivs {
		add("--security-opt no-new-privileges")
	}
	if s.Pids > 0 {
		add("--pids-limit %d", s.Pids)
	}
	if s.Memory > 0 {
		add("--memory %dm", s.Memory>>20)
	}
	if s.Network != "" {
		add("--network %s", s.Network)
	}
	for _, m := range s.Mounts {
		how := ""
		if m.ReadOnly {
			how = ":ro"
		}
		switch {
		case m.Volume != "":
			add("--volume %s:%s%s", m.Volume, m.Target, how)
		case m.Files != nil:
			add("--volume (a copy):%s%s", m.Target, how)
		default:
			add("--volume %s%s", m.Target, how)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Env)) {
		add("--env %s", name)
	}
	for _, h := range s.Hosts {
		add("--add-host %s", h)
	}
	if s.User != "" {
		add("--user %s", s.User)
	}
	if s.Workdir != "" {
		add("--workdir %s", s.Workdir)
	}
	if s.Init {
		add("--init")
	}
	if s.StopSignal != "" {
		add("--stop-signal %s", s.StopSignal)
	}
	if s.Entrypoint != nil {
		add("entrypoint: %s", strings.Join(s.Entrypoint, " "))
	}
	if len(s.Command) > 0 {
		add("command: %s", strings.Join(s.Command, " "))
	}
	return strings.Join(parts, " ")
}

func (c Companion) String() string {
	if c.Ready {
		return fmt.Sprintf("%s (%s): %s after %.1f s", c.Name, c.Image, c.Until, c.Seconds)
	}
	return fmt.Sprintf("%s (%s): not %s: %s", c.Name, c.Image, c.Until, c.Why)
}

func (s *Start) String() string {
	argv := strings.Join(s.Argv, " ")
	if s.User != "" {
		argv += " as " + s.User
	}
	why := ""
	if s.Cause != nil {
		why = ": " + s.Cause.Text
	} else if s.Error != "" {
		why = ": " + s.Error
	}
	switch {
	case s.Ended && s.Up:
		return fmt.Sprintf("%s: exited with status 0 after %.1f s", argv, s.Seconds)
	case s.Lived:
		return fmt.Sprintf("%s: ended by itself after %.1f s with status %d, %s%s", argv, s.Seconds, s.Code, s.During, why)
	case s.Up:
		return fmt.Sprintf("%s: ready after %.1f s", argv, s.Seconds)
	case s.Error != "":
		return argv + " did not start" + why
	case s.Ended:
		return fmt.Sprintf("%s exited with status %d after %.1f s%s", argv, s.Code, s.Seconds, why)
	}
	return fmt.Sprintf("%s was not ready within %.1f s%s", argv, s.Seconds, why)
}

func (p Process) String() string {
	s := fmt.Sprintf("PID %d: %s: uid %d gid %d, capabilities %x, bounding set %x, no-new-privileges %t, seccomp %d",
		p.PID, strings.Join(p.Argv, " "), p.UIDs[1], p.GIDs[1], p.CapEff, p.CapBnd, p.NoNewPrivs, p.Seccomp)
	if p.State == "Z" {
		s += ", zombie"
	}
	return s
}

func (s *Stop) String() string {
	if s.Killed {
		return fmt.Sprintf("%s: still running after %.1f s, killed", s.Signal, s.Seconds)
	}
	return fmt.Sprintf("%s: exited with status %d after %.2f s", s.Signal, s.Code, s.Seconds)
}

// Verdict is what became of the program, in a sentence.
func (l *Log) Verdict() string {
	as := "it"
	if l.Settings.Role != "" {
		as = l.Settings.Role
	}
	up := l.Up()
	switch s := l.Failed(); {
	case l.Build != nil && l.Build.Error != "":
		return "does not build: " + l.Build.Error
	case l.Blocked() != nil:
		b := l.Blocked()
		return fmt.Sprintf("%s was not started: the service %s was not %s: %s", as, b.Name, b.Until, b.Why)
	case s != nil && s.Lived:
		return fmt.Sprintf("%s came up, and ended by itself after %.1f s with status %d: %s", as, s.After(), s.Code, s.Why())
	case s != nil && s.Ended && s.Error == "":
		return fmt.Sprintf("%s does not come up: it ended by itself after %.1f s with status %d: %s", as, s.After(), s.Code, s.Why())
	case s != nil:
		return fmt.Sprintf("%s does not come up: %s", as, s.Why())
	case up == nil:
		return as + " was not started"
	case up.Ended:
		return fmt.Sprintf("%s did its work and ended after %.1f s", as, up.After())
	}
	how := fmt.Sprintf("%s came up in %.1f s", as, up.Seconds)
	if h := l.Health; h != nil && h.Healthy {
		how = fmt.Sprintf("%s was healthy in %.1f s", as, h.HealthyIn)
		switch {
		case h.Frozen && h.Unhealthy && h.Recovered:
			how += ", noticed a hang and recovered"
		case h.Frozen && h.Unhealthy:
			how += ", noticed a hang"
		}
	} else if h != nil {
		how += ", but was never healthy"
	}
	if up == l.Relaxed {
		how += ", only with a writable root file system"
		if len(up.Caps) > 0 {
			how += " and the capabilities " + strings.Join(up.Caps, ", ")
		}
	}
	if st := l.Stop; st != nil && st.Killed {
		how += ", and had to be killed"
	} else if st != nil {
		how += fmt.Sprintf(", and ended in %.1f s on %s", st.Seconds, st.Signal)
	}
	return how
}

// Words are the last lines that a program, or a build that failed, wrote; nil where
// all went well.
func (l *Log) Words() []string {
	switch s := l.Failed(); {
	case l.Build != nil && l.Build.Error != "":
		return l.Build.Tail
	case l.Blocked() != nil:
		return l.Blocked().Logs
	case s != nil:
		return s.Logs
	}
	return nil
}
