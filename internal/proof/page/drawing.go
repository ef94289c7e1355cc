package page

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

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
		Anchor      string
		Facts       []fact
		Stages      []stageView
		Rebuild     string // its sentence; "" = there was none
		Touched     string
		Failed      string
		Again       bool   // there is a rebuild to be drawn
		Whole       string // how long the longest step is
		Count       int    // steps
		Canaries    []canaryView
		CanaryError string
	}
	stageView struct {
		Name  string
		Steps []stepView
	}
	stepView struct {
		Text         string
		First, Again spanView
		Because      string // why it ran again
	}
	// A spanView is a step's time in a drawing of the build.
	spanView struct {
		Class, Word string
		W           pct // from 0
	}

	// A runView is what was seen of the container.
	runView struct {
		Anchor      string
		Title       string
		Beside      []besideView
		Taken       string   // what of Compose it was run with
		Left        []string // and what not
		Starts      []startView
		CommandLine string
		Settings    []fact
		Logs        []string
		Processes   []processView
		Ports       []portView
		Health      *healthView
		Stops       []stopView
		Facts       []answer
		Wrote       []string
		// What is beyond the lists.
		MoreWrote, MoreProcesses, MorePorts string
		Empty                               string // why there is nothing; "" = there is
	}
	besideView struct {
		outcomeView
		Name, Image, What string
		Left              []string
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
		From   string // what gives it
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
			lv.Text = cmp.Or(excerpt.Cut(strings.Join(strings.Fields(m.veil.Said(s.Text)), " "), 240), "not known")
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
	tl := timeline{first: byName(b.Steps)}
	tl.fit(b.Steps)
	m.canaries(v)
	steps := b.Steps
	if r := m.ev.Run.Rebuild; r != nil {
		m.rebuild(v, r)
		tl.again = byName(r.Steps)
		tl.fit(r.Steps)
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
				one.Again, one.Because = tl.draw(r), m.veil.Told(r.Because)
			}
			sv.Steps = append(sv.Steps, one)
			v.Count++
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
		v.Facts = append(v.Facts, fact{Name: "Base", Value: excerpt.Visible(r.Ref) + " resolved to " + excerpt.Visible(value), Wide: true})
	}
}

func (m *pageMaker) rebuild(v *buildView, r *run.Rebuild) {
	v.Touched, v.Again = m.veil.Told(r.Touched), len(r.Steps) > 0
	if r.Error != "" {
		v.Rebuild = "After an edit to " + v.Touched + " the build fails: " + excerpt.Sentence(m.veil.Told(r.Error))
		return
	}
	n, kept := tallied(r.Steps)
	v.Rebuild = fmt.Sprintf("After an edit to %s the build takes %s, and %d of %d steps come from the cache.", v.Touched, seconds(r.Seconds), kept, n)
}

// A timeline is how long the steps of a build and of its rebuild took, to one scale:
// each bar begins at 0, and the longest step fills the width.
type timeline struct {
	whole        float64 // seconds
	first, again map[string]run.BuildStep
}

func (t *timeline) fit(steps []run.BuildStep) {
	for _, s := range steps {
		t.whole = max(t.whole, s.Seconds)
	}
}

func byName(steps []run.BuildStep) map[string]run.BuildStep {
	named := map[string]run.BuildStep{}
	for _, s := range steps {
		named[s.Name] = s
	}
	return named
}

// absent is a step that one of the two builds did not come to.
var absent = spanView{Class: "absent", Word: "not run"}

func (t timeline) draw(s run.BuildStep) spanView {
	if s.Unreached {
		return absent
	}
	v := spanView{Class: "done", Word: seconds(s.Seconds), W: max(0.6, part(s.Seconds, t.whole))}
	switch {
	case s.Error != "":
		v.Class, v.Word = "failed", "failed after "+seconds(s.Seconds)
	case s.Cached:
		v.Class, v.Word, v.W = "cached", "cached", 1.2
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
