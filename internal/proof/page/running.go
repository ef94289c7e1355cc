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
	"github.com/dockworthy/dockworthy/internal/run"
)

// most is how many entries of a list that a program can make long are shown.
const most = 40

// more is how many are beyond those.
func more(n int, what string) string {
	switch n -= most; {
	case n <= 0:
		return ""
	case n > 1:
		return fmt.Sprintf("and %d more", n)
	}
	return "and one " + what + " more"
}

// ran is what was seen of the container in a run.
func (m *pageMaker) ran(i int) *runView {
	log := m.ev.Run
	v := &runView{Anchor: m.runID(i), Title: "Run", CommandLine: m.veil.Said(log.Settings.String())}
	if role := m.role(); role != "" {
		v.Title = "Run as " + role
	}
	m.settings(v)
	m.beside(v)
	if log.Start == nil {
		v.Empty = "The container was not run."
		if b := log.Blocked(); b != nil {
			v.Empty = m.sentence()
		}
		return v
	}
	v.Starts = append(v.Starts, m.start("With the settings below", log.Start))
	if log.Relaxed != nil {
		v.Starts = append(v.Starts, m.start("With a writable root file system", log.Relaxed))
	}
	last := log.Start
	if up := log.Up(); up != nil {
		last = up
		v.Logs = m.veil.Lines(last.Logs)
	} else if log.Relaxed != nil {
		last = log.Relaxed
	}
	for _, w := range last.Wrote[:min(most, len(last.Wrote))] {
		v.Wrote = append(v.Wrote, m.veil.Said(w))
	}
	v.MoreWrote = more(len(last.Wrote), "file")
	m.processes(v)
	if log.Health != nil {
		v.Health = m.health(log.Health)
	}
	m.stops(v)
	m.answers(v)
	return v
}

// beside are the services that ran beside the program, and what of Compose it was run
// with and what not.
func (m *pageMaker) beside(v *runView) {
	for _, c := range m.ev.Run.Companions {
		b := besideView{outcomeView: shown(check.Holds), Name: m.veil.Said(c.Name), Image: m.veil.Said(c.Image), What: fmt.Sprintf("%s after %s", c.Until, seconds(c.Seconds))}
		if !c.Ready {
			b.outcomeView, b.What = shown(check.Violated), m.veil.Told(fmt.Sprintf("not %s: %s", c.Until, c.Why))
		}
		for _, left := range c.Left {
			b.Left = append(b.Left, m.veil.Told(left))
		}
		v.Beside = append(v.Beside, b)
	}
	set := m.ev.Run.Settings
	v.Taken = m.veil.Told(strings.Join(set.Taken, ", "))
	for _, left := range set.Left {
		v.Left = append(v.Left, m.veil.Told(left))
	}
}

func (m *pageMaker) start(how string, s *run.Start) startView {
	v := startView{How: how, Argv: m.veil.Words(s.Argv), User: m.veil.Said(cmp.Or(s.User, "root (the image sets no user)"))}
	switch {
	case s.Up && s.Ended:
		v.What = "did its work and exited with status 0 after " + seconds(s.After())
	case s.Up:
		v.What = "ready after " + seconds(s.Seconds)
	case s.Lived:
		v.What = m.veil.Told(fmt.Sprintf("came up, and ended by itself after %s with status %d: %s", seconds(s.After()), s.Code, s.Why()))
		if s.During != "" {
			v.What += ", during " + m.veil.Told(s.During)
		}
	case s.Ended && s.Error == "":
		v.What = m.veil.Told(fmt.Sprintf("ended by itself after %s with status %d: %s", seconds(s.After()), s.Code, s.Why()))
	default:
		v.What = "not ready: " + m.veil.Told(s.Why())
	}
	if s.OOM {
		v.What += "; the kernel killed it because it was out of memory"
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
	switch {
	case s.Service:
		what = "service: it is expected to keep running"
	case s.Stays:
		what = "worker: it is expected to keep running, and need not answer"
	}
	add("Kind", what)
	add("Read-only root file system", yes(s.ReadOnly))
	add("tmpfs folders", cmp.Or(strings.Join(s.Writable, ", "), "none"))
	if len(s.Volumes) > 0 {
		add("Volumes", strings.Join(s.Volumes, ", "))
	}
	if s.Capabilities == nil {
		add("Capabilities", "the engine's default")
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
		v.Settings[len(v.Settings)-1].Wide = true
	}
	if len(s.Entrypoint) > 0 {
		add("Entrypoint", strings.Join(s.Entrypoint, " "))
	}
	if len(s.Command) > 0 {
		add("Command", strings.Join(s.Command, " "))
	}
	if s.User != "" {
		add("User", s.User)
	}
	if s.Init {
		add("PID 1", "an init process of the engine")
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
			v.Ports = append(v.Ports, portView{"–", strconv.Itoa(p), "expected, but no process listens"})
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
	v := &healthView{Test: m.veil.Words(h.Test), From: m.veil.Told(cmp.Or(h.From, "the image")), Last: m.veil.Told(h.Last)}
	type stretch struct {
		class, label string
		n            float64
	}
	var list []stretch
	if !h.Healthy {
		if v.Last == "" {
			v.Last = "nothing"
		}
		list = append(list, stretch{"bad", fmt.Sprintf("never healthy; the last probe exited with status %d", h.LastCode), 1})
	} else {
		v.Last = ""
		list = append(list, stretch{"starting", "from the start until healthy", h.HealthyIn})
		switch {
		case !h.Frozen:
		case !h.Unhealthy:
			list = append(list, stretch{"bad", "every process frozen, but still healthy: the probe does not detect it", h.UnhealthyIn})
		default:
			list = append(list, stretch{"frozen", "every process frozen until unhealthy", h.UnhealthyIn})
			if h.Recovered {
				list = append(list, stretch{"again", "resumed until healthy again", h.RecoveredIn})
			} else {
				list = append(list, stretch{"bad", "resumed, but not healthy again", max(h.RecoveredIn, h.UnhealthyIn/2)})
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
		v.Timing = fmt.Sprintf("In this run the probe interval was %s, the timeout %s, and %s in a row made the container unhealthy.", seconds(h.Interval), seconds(h.Timeout), check.Count(h.Retries, "failure"))
	}
	switch {
	case h.Need < 0:
		v.Timing += " It is not known how long the probe's own logic waits before it may fail."
	case h.Need > 0:
		v.Timing += " The probe's own logic may wait " + seconds(h.Need) + " before it fails."
	}
	if img := m.ev.Image; img != nil && img.Config.Healthcheck != nil && h.From == "" {
		c := img.Config.Healthcheck
		interval, timeout, retries := cmp.Or(c.Interval, 30*time.Second), cmp.Or(c.Timeout, 30*time.Second), cmp.Or(c.Retries, 3)
		v.Timing += fmt.Sprintf(" With the image's own timing a hang is detected within %s.", seconds((time.Duration(retries) * (interval + timeout)).Seconds()))
	}
	v.Timing = strings.TrimSpace(v.Timing)
	return v
}

// spoken tells whether a finding points at the run's line about a topic. The
// page draws; to judge is for the checks.
func (m *pageMaker) spoken(topic run.Topic, name string) bool {
	t := m.ev.Run.Transcript()
	span := t.Span(topic, name)
	return slices.ContainsFunc(m.rep.Findings, func(f check.Reported) bool {
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
		if s.From != "" {
			sv.Limit += ", " + m.veil.Told(s.From)
		}
		sv.Result = fmt.Sprintf("%s: exited with status %d after %s", excerpt.Visible(s.Signal), s.Code, seconds(s.Seconds))
		if s.Killed {
			sv.Result = fmt.Sprintf("%s: still running after %s, killed", excerpt.Visible(s.Signal), seconds(s.Seconds))
		}
		v.Stops = append(v.Stops, sv)
	}
	add("without open connections", m.ev.Run.Stop, run.TopicStop)
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
			v.Facts = append(v.Facts, answer{shown(check.Undecided), name, "it could not be observed whether " + word + " reaches the program"})
		}
	}
	if o := log.Orphan; o != nil {
		does := "PID 1 does not reap a process whose parent has exited"
		switch {
		case o.Reaped:
			does = "PID 1 reaps a process whose parent has exited"
		case log.Procs != nil && len(log.Procs.List) == 1:
			does = "PID 1 does not reap a process whose parent has exited, but the program starts no process"
		}
		if o.Zombies > 0 {
			does += "; the program left " + check.Count(o.Zombies, "zombie")
		}
		add(run.TopicOrphan, o.Reaped && o.Zombies == 0, "Orphans", "%s", does)
	}
	if s := log.Swarm; s != nil {
		switch {
		case s.Error != "":
			v.Facts = append(v.Facts, answer{shown(check.NotLookedAt), "Swarm", "not tested: " + m.veil.Told(s.Error)})
		case s.Replaced:
			add(run.TopicSwarm, true, "Swarm", "the frozen task was replaced after %s", seconds(s.Seconds))
		default:
			add(run.TopicSwarm, false, "Swarm", "the frozen task was not replaced within %s", seconds(s.Seconds))
		}
	}
}

func (m *pageMaker) canaries(v *buildView) {
	c := m.ev.Run.Canaries
	if c == nil {
		return
	}
	v.CanaryError = m.veil.Told(c.Error)
	kinds := map[string]string{"file": "file in the build context", "build-arg": "build argument", "secret": "secret mount"}
	for _, k := range c.Planted {
		cv := canaryView{outcomeView: outcomeView{check.Holds.String(), "not found"}, Kind: cmp.Or(kinds[k.Kind], excerpt.Visible(k.Kind)), Name: m.veil.Said(k.Name)}
		if k.Kind == "file" {
			cv.Name = path.Clean(cv.Name)
		}
		switch {
		case len(k.Found) > 0 && m.spoken(run.TopicCanary, k.Kind+" "+k.Name):
			cv.outcomeView = outcomeView{check.Violated.String(), "found"}
		case len(k.Found) > 0:
			cv.outcomeView = outcomeView{"noted", "found"}
		case c.Error != "":
			cv.outcomeView = outcomeView{check.NotLookedAt.String(), "not searched for"}
		}
		for _, f := range k.Found {
			cv.Found = append(cv.Found, m.veil.Said(f))
		}
		v.Canaries = append(v.Canaries, cv)
	}
}
