package page

import (
	"cmp"
	"fmt"
	"maps"
	"math/bits"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/excerpt"
	"github.com/dockworthy/dockworthy/internal/image"
	"github.com/dockworthy/dockworthy/internal/run"
)

type (
	// An imageView is the image to scale.
	imageView struct {
		Anchor   string
		Facts    []fact
		Layers   []layerView
		Own      bool // it is known which layers the Dockerfile made
		Waste    []wasteView
		More     string // what is not listed
		Problems []string
	}
	layerView struct {
		N                   int
		Base                bool
		Size, Wasted, Files string
		Text, Line, Skipped string
		// The layer in the strip of all layers, and in its own bar, where the
		// largest layer fills the width; the last part of each is wasted.
		X, W, WX, WW    pct
		Bar, BarX, Lost pct
		Wide            bool // there is room for its number
		Middle          pct
	}
	wasteView struct{ Bytes, Path, How string }

	// A buildView is the build's timeline, with the rebuild after an edit.
	buildView struct {
		Anchor  string
		Facts   []fact
		Stages  []stageView
		Rebuild string // its sentence; "" = there was none
		Touched string
		Failed  string
		Again   bool   // there is a rebuild to be drawn
		Whole   string // how long the whole drawing is
	}
	stageView struct {
		Name  string
		Steps []stepView
	}
	stepView struct {
		Text         string
		First, Again spanView
	}
	// A spanView is a step's time in a drawing of the build.
	spanView struct {
		Class, Word string
		X, W        pct
	}

	// A runView is what was seen of the container.
	runView struct {
		Anchor      string
		Starts      []startView
		CommandLine string
		Settings    []fact
		Logs        []string
		Processes   []processView
		Ports       []portView
		Health      *healthView
		Stops       []stopView
		Facts       []answer
		Canaries    []canaryView
		CanaryError string
		Wrote       []string
		// What is beyond the lists.
		MoreWrote, MoreProcesses, MorePorts string
		Empty                               bool // there was no run
	}
	startView   struct{ How, Argv, User, What string }
	processView struct {
		PID, PPID         int
		Argv, User, State string
		Rights            []fact
	}
	portView   struct{ Address, Port, Remark string }
	healthView struct {
		Test   string
		Spans  []trackView
		Timing string
		Last   string
	}
	trackView struct {
		Class, Label string
		X, W         pct
	}
	stopView struct {
		Name, Result string
		Good         bool
		W, LimitX    pct
		Limit        string
	}
	answer struct {
		outcomeView
		Name, Value string
	}
	canaryView struct {
		outcomeView
		Kind, Name string
		Found      []string
	}
)

// image draws the layers to scale.
func (m *pageMaker) image() *imageView {
	img := m.ev.Image
	ev := m.rep.Evidence
	first, known := ev.Own()
	v := &imageView{Anchor: m.id + "-image", Own: known}
	wasted := img.WastedIn()
	var largest, base int64
	for i := range img.Layers {
		largest = max(largest, img.Layers[i].Size)
		if known && i < first {
			base += img.Layers[i].Size
		}
	}
	total := img.Size()
	v.Facts = append(v.Facts, fact{Name: "Size", Value: image.Bytes(total)})
	if known {
		v.Facts = append(v.Facts, fact{Name: "From the base image", Value: image.Bytes(base)}, fact{Name: "From this Dockerfile", Value: image.Bytes(total - base)})
	}
	v.Facts = append(v.Facts, fact{Name: "Wasted", Value: image.Bytes(img.Wasted())}, fact{Name: "Efficiency", Value: percent(img.Efficiency())})
	v.Facts = append(v.Facts, fact{Name: "Id of the config", Value: excerpt.Visible(img.ID), Code: true, Wide: true})
	at := pct(0)
	for i := range img.Layers {
		l := &img.Layers[i]
		lost := min(wasted[i], l.Size)
		lv := layerView{N: i + 1, Base: known && i < first, Size: image.Bytes(l.Size), Files: check.Count(l.Files, "entry"), Skipped: excerpt.Visible(l.Skipped)}
		if l.Files != 1 {
			lv.Files = strconv.Itoa(l.Files) + " entries"
		}
		lv.X, lv.W = at, part(float64(l.Size), float64(total))
		lv.WW = part(float64(lost), float64(total))
		lv.WX = lv.X + lv.W - lv.WW
		lv.Middle, lv.Wide = lv.X+lv.W/2, lv.W > 4
		at += lv.W
		lv.Bar = part(float64(l.Size), float64(largest))
		lv.Lost = part(float64(lost), float64(largest))
		lv.BarX = lv.Bar - lv.Lost
		if lost > 0 {
			lv.Wasted = image.Bytes(lost) + " wasted"
		}
		lv.Text = "not in the history"
		if s := img.StepOf(i); s != nil {
			lv.Text = cmp.Or(excerpt.Cut(strings.Join(strings.Fields(m.veil.Said(s.Text)), " "), 240), "not said")
		}
		if s := ev.Maker(i); s != nil {
			lv.Line = fmt.Sprintf("line %d", m.ev.Source.Text().Position(s.Span.Start).Line)
		}
		v.Layers = append(v.Layers, lv)
	}
	waste := slices.Clone(img.Waste)
	slices.SortStableFunc(waste, func(a, b image.Waste) int { return cmp.Compare(b.Bytes, a.Bytes) })
	const listed = 10
	var rest int64
	for i, w := range waste {
		if i >= listed {
			rest += w.Bytes
			continue
		}
		how := fmt.Sprintf("of layer %d, ", w.First+1)
		switch w.Kind {
		case image.Deleted:
			how += fmt.Sprintf("deleted in layer %d", w.Layer+1)
		case image.MetaOnly:
			how += fmt.Sprintf("copied by layer %d to change its mode, owner or time", w.Layer+1)
		default:
			how += fmt.Sprintf("rewritten by layer %d", w.Layer+1)
		}
		v.Waste = append(v.Waste, wasteView{image.Bytes(w.Bytes), m.veil.Said(w.Path), how})
	}
	if n := len(waste) - listed; n > 0 {
		v.More = fmt.Sprintf("and %s more, %s", check.Count(n, "file"), image.Bytes(rest))
	}
	for _, p := range img.Problems {
		v.Problems = append(v.Problems, excerpt.Sentence(m.veil.Said(p.String())))
	}
	return v
}

// percent rounds down, so that only the whole is 100 %.
func percent(share float64) string { return fmt.Sprintf("%d %%", int(share*100)) }

func seconds(s float64) string {
	switch {
	case s >= 120:
		return fmt.Sprintf("%d min %02d s", int(s)/60, int(s)%60)
	case s >= 9.95:
		return fmt.Sprintf("%.0f s", s)
	case s < 0.005:
		return "0 s"
	case s < 0.95:
		return fmt.Sprintf("%.2f s", s)
	}
	return fmt.Sprintf("%.1f s", s)
}

// build draws the timeline: a lane for each stage, and beside it the rebuild.
func (m *pageMaker) build(b *run.Build) *buildView {
	v := &buildView{Anchor: m.id + "-build"}
	m.buildFacts(v, b)
	tl := timeline{whole: b.Seconds, first: byName(b.Steps)}
	steps := b.Steps
	if r := m.ev.Run.Rebuild; r != nil {
		m.rebuild(v, r)
		tl.whole, tl.again = max(tl.whole, r.Seconds), byName(r.Steps)
		steps = slices.Clone(steps)
		// What only the rebuild came to, as where the first build's base was cached.
		for _, s := range r.Steps {
			if s.Index > 0 && !slices.ContainsFunc(steps, func(o run.BuildStep) bool { return o.Name == s.Name }) {
				steps = append(steps, s)
			}
		}
	}
	v.Whole = seconds(tl.whole)
	order, lanes := m.lanes(steps)
	for _, lane := range order {
		sv := stageView{Name: "stage " + m.veil.Said(lane)}
		switch lane {
		case "":
			sv.Name = "the only stage"
		case own:
			sv.Name = "the builder's own work"
		}
		for _, s := range lanes[lane] {
			text := excerpt.Cut(strings.Join(strings.Fields(m.veil.Told(cmp.Or(s.Instr, s.Name))), " "), 240)
			one := stepView{Text: text, First: absent, Again: absent}
			if _, ok := tl.first[s.Name]; ok {
				one.First = tl.draw(s)
			}
			if r, ok := tl.again[s.Name]; ok {
				one.Again = tl.draw(r)
			}
			sv.Steps = append(sv.Steps, one)
		}
		v.Stages = append(v.Stages, sv)
	}
	return v
}

func (m *pageMaker) buildFacts(v *buildView, b *run.Build) {
	add := func(name, value string) { v.Facts = append(v.Facts, fact{Name: name, Value: value}) }
	n, kept := tallied(b.Steps)
	add("Time", seconds(b.Seconds))
	add("Steps", fmt.Sprintf("%d, of which %d from the cache", n, kept))
	if b.Files > 0 {
		add("Build context", fmt.Sprintf("%s in %s", image.Bytes(b.Context), check.Count(b.Files, "file")))
	}
	for _, r := range b.Bases {
		value := r.Digest
		if value == "" {
			value = "a local image without a digest"
		}
		v.Facts = append(v.Facts, fact{Name: "Base", Value: excerpt.Visible(r.Ref) + " is " + excerpt.Visible(value), Wide: true})
	}
}

func (m *pageMaker) rebuild(v *buildView, r *run.Rebuild) {
	v.Touched, v.Again = m.veil.Told(r.Touched), len(r.Steps) > 0
	if r.Error != "" {
		v.Rebuild = "After an edit of " + v.Touched + " the build fails: " + excerpt.Sentence(m.veil.Told(r.Error))
		return
	}
	n, kept := tallied(r.Steps)
	v.Rebuild = fmt.Sprintf("After an edit of %s it takes %s, and %d of %d steps come from the cache.", v.Touched, seconds(r.Seconds), kept, n)
}

// A timeline is how long a build and its rebuild took, to one scale.
type timeline struct {
	whole        float64 // seconds
	first, again map[string]run.BuildStep
}

func byName(steps []run.BuildStep) map[string]run.BuildStep {
	named := map[string]run.BuildStep{}
	for _, s := range steps {
		named[s.Name] = s
	}
	return named
}

// absent is a step that one of the two builds did not come to.
var absent = spanView{Class: "absent", Word: "not made"}

func (t timeline) draw(s run.BuildStep) spanView {
	v := spanView{Class: "done", Word: seconds(s.Seconds), X: part(s.Begin, t.whole), W: max(0.6, part(s.Seconds, t.whole))}
	v.X = min(v.X, 100-v.W)
	switch {
	case s.Error != "":
		v.Class, v.Word = "failed", "failed after "+seconds(s.Seconds)
	case s.Cached:
		v.Class, v.Word = "cached", "cached"
	}
	return v
}

// lanes are the steps by stage, in the order of the Dockerfile; last is what the
// builder does around them, where it took time or failed.
func (m *pageMaker) lanes(steps []run.BuildStep) (order []string, lanes map[string][]run.BuildStep) {
	lanes = map[string][]run.BuildStep{}
	for _, s := range steps {
		lane := s.Stage
		if s.Index == 0 {
			lane = own
			if s.Seconds < 0.1 && s.Error == "" {
				continue
			}
		}
		if lanes[lane] == nil {
			order = append(order, lane)
		}
		lanes[lane] = append(lanes[lane], s)
	}
	slices.SortStableFunc(order, func(a, b string) int { return cmp.Compare(m.rank(a), m.rank(b)) })
	for lane, list := range lanes {
		if lane != own {
			slices.SortStableFunc(list, func(a, b run.BuildStep) int { return cmp.Compare(a.Index, b.Index) })
		}
	}
	return order, lanes
}

// own is the lane of what the builder does around the instructions.
const own = "\x00"

// rank puts the stages in the order of the Dockerfile.
func (m *pageMaker) rank(lane string) int {
	for i, s := range m.ev.Source.Stages {
		if strings.EqualFold(s.Name, lane) || lane == fmt.Sprintf("stage-%d", s.Index) {
			return i
		}
	}
	if lane == own {
		return 1 << 20
	}
	return 1 << 10
}

func tallied(steps []run.BuildStep) (n, kept int) {
	for _, s := range steps {
		if s.Index > 0 {
			n++
			if s.Cached {
				kept++
			}
		}
	}
	return n, kept
}

// most is how many entries of a list that a program can make long are shown.
const most = 40

// more is how many are beyond those.
func more(n int, what string) string {
	switch n -= most; {
	case n <= 0:
		return ""
	case n > 1:
		return fmt.Sprintf("and %d more of them", n)
	}
	return "and one " + what + " more"
}

// ran is what was seen of the container.
func (m *pageMaker) ran() *runView {
	log := m.ev.Run
	v := &runView{Anchor: m.id + "-run", CommandLine: m.veil.Said(log.Settings.String())}
	m.settings(v)
	if log.Start == nil {
		v.Empty = true
		m.canaries(v)
		return v
	}
	v.Starts = append(v.Starts, m.start("Under the settings below", log.Start))
	if log.Relaxed != nil {
		v.Starts = append(v.Starts, m.start("With a root that may be written", log.Relaxed))
	}
	if m.view.Failure == nil {
		last := log.Start
		if up := log.Up(); up != nil {
			last = up
		}
		v.Logs = m.veil.Lines(last.Logs)
		for _, w := range last.Wrote[:min(most, len(last.Wrote))] {
			v.Wrote = append(v.Wrote, m.veil.Said(w))
		}
		v.MoreWrote = more(len(last.Wrote), "file")
	}
	m.processes(v)
	if log.Health != nil {
		v.Health = m.health(log.Health)
	}
	m.stops(v)
	m.answers(v)
	m.canaries(v)
	return v
}

func (m *pageMaker) start(how string, s *run.Start) startView {
	v := startView{How: how, Argv: m.veil.Words(s.Argv), User: m.veil.Said(cmp.Or(s.User, "root, for the image names no user"))}
	switch {
	case s.Up && s.Ended:
		v.What = "ended with 0 after " + seconds(s.Seconds)
	case s.Up:
		v.What = "up after " + seconds(s.Seconds)
	default:
		v.What = "not up: " + m.veil.Told(s.Why())
	}
	if s.OOM {
		v.What += "; the kernel ended it for want of memory"
	}
	return v
}

func (m *pageMaker) settings(v *runView) {
	s := m.ev.Run.Settings
	add := func(name, value string) { v.Settings = append(v.Settings, fact{Name: name, Value: m.veil.Said(value)}) }
	yes := func(b bool) string {
		if b {
			return "yes"
		}
		return "no"
	}
	what := "job: it is expected to end"
	if s.Service {
		what = "service: it is expected to stay up"
	}
	add("Kind", what)
	add("Read-only root", yes(s.ReadOnly))
	add("Memory folders", cmp.Or(strings.Join(s.Writable, ", "), "none"))
	if len(s.Volumes) > 0 {
		add("Volumes", strings.Join(s.Volumes, ", "))
	}
	if s.Capabilities == nil {
		add("Capabilities", "the engine's own")
	} else {
		add("Capabilities", cmp.Or(strings.Join(s.Capabilities, ", "), "none"))
	}
	add("No new privileges", yes(s.NoNewPrivs))
	if s.Memory > 0 {
		add("Memory", fmt.Sprintf("%d MiB", s.Memory>>20))
	}
	if s.Pids > 0 {
		add("Processes", fmt.Sprintf("up to %d", s.Pids))
	}
	add("Network", cmp.Or(s.Network, "none"))
	if names := slices.Sorted(maps.Keys(s.Env)); len(names) > 0 {
		add("Environment", strings.Join(names, ", ")+" (values are not shown)")
	}
	if len(s.Command) > 0 {
		add("Command", strings.Join(s.Command, " "))
	}
	if len(s.Ports) > 0 {
		add("Expected ports", strings.Join(numbers(s.Ports), ", "))
	}
	for _, r := range s.Requests {
		add("Request", r.String())
	}
}

func numbers(list []int) []string {
	out := make([]string, len(list))
	for i, n := range list {
		out[i] = strconv.Itoa(n)
	}
	return out
}

func (m *pageMaker) processes(v *runView) {
	log := m.ev.Run
	if log.Procs == nil {
		return
	}
	v.MoreProcesses, v.MorePorts = more(len(log.Procs.List), "process"), more(len(log.Procs.Listens), "port")
	for _, p := range log.Procs.List[:min(most, len(log.Procs.List))] {
		pv := processView{PID: p.PID, PPID: p.PPID, Argv: m.veil.Words(p.Argv), State: map[string]string{"Z": "zombie", "T": "stopped"}[p.State]}
		pv.User = fmt.Sprintf("uid %d, gid %d", p.UIDs[1], p.GIDs[1])
		if p.UIDs[1] == 0 {
			pv.User += ": root"
		}
		more := slices.DeleteFunc(slices.Clone(p.Groups), func(g int) bool { return g == p.GIDs[1] })
		if len(more) > 0 {
			pv.User += ", groups " + strings.Join(numbers(more), ", ")
		}
		if p.UIDs[0] != p.UIDs[1] || p.UIDs[2] != p.UIDs[1] {
			pv.User += fmt.Sprintf(" (real uid %d, saved uid %d)", p.UIDs[0], p.UIDs[2])
		}
		nnp := "no"
		if p.NoNewPrivs {
			nnp = "yes"
		}
		pv.Rights = []fact{
			{Name: "capabilities", Value: capabilities(p.CapEff)},
			{Name: "bounding set", Value: capabilities(p.CapBnd)},
			{Name: "no new privileges", Value: nnp},
			{Name: "seccomp", Value: [...]string{"none", "strict", "filter"}[min(2, max(0, p.Seccomp))]},
		}
		v.Processes = append(v.Processes, pv)
	}
	heard := map[int]bool{}
	for i, l := range log.Procs.Listens {
		heard[l.Port] = true
		if i >= most {
			continue
		}
		pv := portView{Address: excerpt.Visible(l.Address), Port: strconv.Itoa(l.Port), Remark: "on this address"}
		switch {
		case l.Address == "0.0.0.0" || l.Address == "::":
			pv.Remark = "on every interface"
		case strings.HasPrefix(l.Address, "127.") || l.Address == "::1":
			pv.Remark = "only from inside the container"
		}
		if len(log.Settings.Ports) > 0 && !slices.Contains(log.Settings.Ports, l.Port) {
			pv.Remark += "; not among the expected ports"
		}
		v.Ports = append(v.Ports, pv)
	}
	for _, p := range log.Settings.Ports {
		if !heard[p] {
			v.Ports = append(v.Ports, portView{"–", strconv.Itoa(p), "expected, but nothing listens"})
		}
	}
}

// capabilities are the names of a set.
func capabilities(set uint64) string {
	if set == 0 {
		return "none"
	}
	if n := bits.OnesCount64(set); n >= 36 {
		return fmt.Sprintf("all %d", n)
	}
	var names []string
	for i := range 64 {
		if set&(1<<i) == 0 {
			continue
		}
		if i < len(run.Capabilities) {
			names = append(names, run.Capabilities[i])
		} else {
			names = append(names, strconv.Itoa(i))
		}
	}
	return strings.Join(names, ", ")
}

// health draws what the health check did, one stretch of time after the other.
func (m *pageMaker) health(h *run.Health) *healthView {
	v := &healthView{Test: m.veil.Words(h.Test), Last: m.veil.Told(h.Last)}
	type stretch struct {
		class, label string
		n            float64
	}
	var list []stretch
	if !h.Healthy {
		if v.Last == "" {
			v.Last = "nothing"
		}
		list = append(list, stretch{"bad", fmt.Sprintf("never healthy; the last probe ended with %d", h.LastCode), 1})
	} else {
		v.Last = ""
		list = append(list, stretch{"starting", "from the start until healthy", h.HealthyIn})
		switch {
		case !h.Frozen:
		case !h.Unhealthy:
			list = append(list, stretch{"bad", "every process frozen, and still healthy: the probe does not notice", h.UnhealthyIn})
		default:
			list = append(list, stretch{"frozen", "every process frozen until unhealthy", h.UnhealthyIn})
			if h.Recovered {
				list = append(list, stretch{"again", "running on until healthy again", h.RecoveredIn})
			} else {
				list = append(list, stretch{"bad", "running on, and not healthy again", max(h.RecoveredIn, h.UnhealthyIn/2)})
			}
		}
	}
	total := 0.0
	for _, s := range list {
		total += s.n
	}
	at := pct(0)
	for _, s := range list {
		w := part(s.n, total)
		label := s.label
		if h.Healthy && s.n > 0 {
			label = seconds(s.n) + " " + label
		}
		v.Spans = append(v.Spans, trackView{s.class, label, at, w})
		at += w
	}
	if h.Interval > 0 {
		v.Timing = fmt.Sprintf("For this run it was probed every %s, with %s for an answer; %s in a row count.", seconds(h.Interval), seconds(h.Timeout), check.Count(h.Retries, "failure"))
	}
	if img := m.ev.Image; img != nil && img.Config.Healthcheck != nil {
		c := img.Config.Healthcheck
		interval, timeout, retries := cmp.Or(c.Interval, 30*time.Second), cmp.Or(c.Timeout, 30*time.Second), cmp.Or(c.Retries, 3)
		v.Timing += fmt.Sprintf(" At the image's own timing a hang is noticed within %s.", seconds((time.Duration(retries) * (interval + timeout)).Seconds()))
	}
	v.Timing = strings.TrimSpace(v.Timing)
	return v
}

// spoken tells whether a finding points at the run's line about a topic. The
// page draws; to judge is for the checks.
func (m *pageMaker) spoken(topic run.Topic, name string) bool {
	t := m.ev.Run.Transcript()
	span := t.Span(topic, name)
	return slices.ContainsFunc(m.res.Findings, func(f check.Reported) bool {
		return f.Place.File == t.File && f.Place.Span == span && f.Severity > check.Note
	})
}

func (m *pageMaker) stops(v *runView) {
	add := func(name string, s *run.Stop, topic run.Topic) {
		if s == nil {
			return
		}
		whole := max(s.Limit, s.Seconds) * 1.08
		sv := stopView{Name: name, Good: !s.Killed && s.Seconds <= s.Limit && !m.spoken(topic, ""),
			W: max(0.6, part(s.Seconds, whole)), LimitX: part(s.Limit, whole), Limit: "limit " + seconds(s.Limit)}
		sv.Result = fmt.Sprintf("%s: ended with %d after %s", excerpt.Visible(s.Signal), s.Code, seconds(s.Seconds))
		if s.Killed {
			sv.Result = fmt.Sprintf("%s: still running after %s, killed", excerpt.Visible(s.Signal), seconds(s.Seconds))
		}
		v.Stops = append(v.Stops, sv)
	}
	add("nobody connected", m.ev.Run.Stop, run.TopicStop)
	if s := m.ev.Run.StopBusy; s != nil {
		add("with an open connection to port "+strconv.Itoa(s.Port), s, run.TopicBusy)
	}
}

// answers are what was asked of the program, and what it did.
func (m *pageMaker) answers(v *runView) {
	log := m.ev.Run
	add := func(topic run.Topic, good bool, name, format string, args ...any) {
		o := outcomeView{"noted", "noted"}
		switch {
		case m.spoken(topic, ""):
			o = shown(check.Violated)
		case good:
			o = shown(check.Holds)
		}
		v.Facts = append(v.Facts, answer{o, name, fmt.Sprintf(format, args...)})
	}
	if o := log.Override; o != nil {
		const name = "Arguments of docker run"
		word := m.veil.Said(o.Word)
		switch {
		case o.Reached:
			add(run.TopicOverride, true, name, "%s reaches the program: %s", word, m.veil.Said(o.Seen))
		case o.Known:
			add(run.TopicOverride, false, name, "%s does not reach the program", word)
		default:
			v.Facts = append(v.Facts, answer{shown(check.Undecided), name, "whether " + word + " reaches the program could not be seen"})
		}
	}
	if o := log.Orphan; o != nil {
		does := "PID 1 leaves a process whose parent ended as a zombie"
		switch {
		case o.Reaped:
			does = "PID 1 reaps a process whose parent ended"
		case log.Procs != nil && len(log.Procs.List) == 1:
			does = "PID 1 would leave a process whose parent ended as a zombie; the program starts none"
		}
		if o.Zombies > 0 {
			does += "; the program left " + check.Count(o.Zombies, "zombie") + " of its own"
		}
		add(run.TopicOrphan, o.Reaped && o.Zombies == 0, "Orphans", "%s", does)
	}
	if s := log.Swarm; s != nil {
		switch {
		case s.Error != "":
			v.Facts = append(v.Facts, answer{shown(check.NotLookedAt), "Swarm", "not tried: " + m.veil.Told(s.Error)})
		case s.Replaced:
			add(run.TopicSwarm, true, "Swarm", "the frozen task was replaced after %s", seconds(s.Seconds))
		default:
			add(run.TopicSwarm, false, "Swarm", "the frozen task was not replaced within %s", seconds(s.Seconds))
		}
	}
}

func (m *pageMaker) canaries(v *runView) {
	c := m.ev.Run.Canaries
	if c == nil {
		return
	}
	v.CanaryError = m.veil.Told(c.Error)
	kinds := map[string]string{"file": "file in the context", "build-arg": "build argument", "secret": "secret mount"}
	for _, k := range c.Planted {
		cv := canaryView{outcomeView: outcomeView{check.Holds.String(), "found nowhere"}, Kind: cmp.Or(kinds[k.Kind], excerpt.Visible(k.Kind)), Name: m.veil.Said(k.Name)}
		if k.Kind == "file" {
			cv.Name = path.Clean(cv.Name)
		}
		switch {
		case len(k.Found) > 0 && m.spoken(run.TopicCanary, k.Kind+" "+k.Name):
			cv.outcomeView = outcomeView{check.Violated.String(), "found"}
		case len(k.Found) > 0:
			cv.outcomeView = outcomeView{"noted", "found"}
		case c.Error != "":
			cv.outcomeView = outcomeView{check.NotLookedAt.String(), "not looked for"}
		}
		for _, f := range k.Found {
			cv.Found = append(cv.Found, m.veil.Said(f))
		}
		v.Canaries = append(v.Canaries, cv)
	}
}
