package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/dockworthy/dockworthy"
	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/excerpt"
	"github.com/dockworthy/dockworthy/internal/pin"
	"github.com/dockworthy/dockworthy/internal/redact"
	"github.com/dockworthy/dockworthy/internal/sarif"
	"github.com/dockworthy/dockworthy/text"
)

// at is where a use stands, as it is printed.
func (r *pinning) at(f *text.File, offset int) string {
	return fmt.Sprintf("%s:%d", r.place.names.Shown(f.Name), f.Position(offset).Line)
}

// called is a reference as a message shows it: its name and the tag that is followed.
func called(d *pin.Decision) string {
	if d.Ref.Repo == "" {
		return d.Written
	}
	if d.Ref.Tag == "" && d.Ref.Digest != "" {
		return d.Ref.Familiar
	}
	return d.Ref.Familiar + ":" + d.Use.Tag()
}

// short is a digest as a line shows it.
func short(d string) string {
	if len(d) > 19 {
		return d[:19] + "…"
	}
	return d
}

// show prints what was done, the uses of one carrier as one.
func (r *pinning) show(w *redact.Writer, plan *pin.Plan, lock []byte, notes []pin.Note, exit int) {
	counts := map[pin.Deed]int{}
	type carrier struct {
		file string
		end  int
	}
	at := map[carrier][]*pin.Decision{}
	for _, d := range plan.Decisions {
		if d.Carrier != nil {
			k := carrier{d.Carrier.File.Name, d.Carrier.End}
			at[k] = append(at[k], d)
		}
	}
	shown := map[carrier]bool{}
	for _, d := range plan.Decisions {
		place := r.at(d.File, d.Span.Start)
		if d.Carrier != nil && d.Deed != pin.Skip && d.Deed != pin.Fail {
			k := carrier{d.Carrier.File.Name, d.Carrier.End}
			if shown[k] {
				continue
			}
			shown[k] = true
		}
		counts[d.Deed]++
		switch d.Deed {
		case pin.Pin, pin.Update:
			what := called(d)
			if d.Tag != d.Use.Tag() {
				what += " -> " + d.Tag
			}
			from := ""
			if d.Deed == pin.Update {
				from = short(d.Ref.Digest) + " -> "
			}
			fmt.Fprintf(w, "%s  %s %s  %s%s  %s\n", place, d.What, what, from, short(string(d.Digest)), platforms(d.Locked))
			if d.Carrier != nil && d.Carrier.Name != "" && !r.flags.literal {
				fmt.Fprintf(w, "    written in %s, line %d, the value of %s\n", r.place.names.Shown(d.Carrier.File.Name), d.Carrier.File.Position(d.Carrier.End).Line, d.Carrier.Name)
			}
			if d.Carrier != nil {
				if others := at[carrier{d.Carrier.File.Name, d.Carrier.End}]; len(others) > 1 {
					var list, lines []string
					for _, o := range others {
						list, lines = append(list, o.What), append(lines, strconv.Itoa(o.Line()))
					}
					if list = slices.Compact(list); len(list) == 1 {
						list = []string{"the uses on lines " + check.List(slices.Compact(lines))}
					}
					fmt.Fprintf(w, "    shared by %s: edited once\n", check.List(list))
				}
			}
		case pin.Skip:
			fmt.Fprintf(w, "%s  %s %s  left alone: %s\n", place, d.What, called(d), d.Reason)
		case pin.Wait:
			fmt.Fprintf(w, "%s  %s %s  waits: %s\n", place, d.What, called(d), d.Reason)
		case pin.Fail:
			fmt.Fprintf(w, "%s  %s %s  failed: %s\n", place, d.What, called(d), d.Reason)
		case pin.Keep:
			if d.Reason != "" {
				fmt.Fprintf(w, "%s  %s %s  kept: %s\n", place, d.What, called(d), d.Reason)
			}
		}
	}
	for _, n := range notes {
		fmt.Fprintf(w, "%s\n", n.Name)
		for _, line := range n.Lines {
			fmt.Fprintf(w, "    %s\n", line)
		}
	}
	if len(plan.Decisions) == 0 {
		fmt.Fprintln(w, "no image is named here")
	}
	var parts []string
	for _, x := range []struct {
		deed pin.Deed
		said string
	}{{pin.Pin, "pinned"}, {pin.Update, "updated"}, {pin.Keep, "kept"}, {pin.Wait, "waiting"}, {pin.Skip, "left alone"}, {pin.Fail, "failed"}} {
		if n := counts[x.deed]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, x.said))
		}
	}
	if len(parts) == 0 {
		parts = []string{"nothing to pin"}
	}
	wrote := check.Count(len(plan.Changes), "file") + " changed"
	if lock != nil {
		wrote += ", " + pin.LockName + " written"
	}
	fmt.Fprintf(w, "%s; %s; exit %d\n", strings.Join(parts, ", "), wrote, exit)
}

// platforms are those of a digest, in words.
func platforms(l *pin.Locked) string {
	if l == nil || len(l.Platforms) == 0 {
		return ""
	}
	list := strings.Join(l.Platforms, ", ")
	if l.Single {
		return "one image, for " + list + ": the tag has no index"
	}
	return list
}

// diff prints the difference that a plan makes.
func (r *pinning) diff(ctx context.Context, w *redact.Writer, plan *pin.Plan, lock []byte) error {
	var names []string
	for _, c := range plan.Changes {
		if !r.stdin {
			names = append(names, c.File.Name)
		}
	}
	hidden, err := shownOf(ctx, r.c.red, r.place, names)
	if err != nil {
		return err
	}
	for _, c := range plan.Changes {
		w.WriteString(hidden.diff(r.place.names.Of(c.File.Name), c.File.Data, c.After))
	}
	if lock != nil {
		at := r.place.names.Of(pin.LockName)
		before := "a/" + at
		if r.lockData == nil {
			before = "/dev/null"
		}
		w.WriteString(text.Diff(before, "b/"+at, r.lockData, lock))
	}
	return nil
}

type (
	planJSON struct {
		Version    int              `json:"version"`
		References []referenceJSON  `json:"references"`
		Files      []fileChangeJSON `json:"files"`
		Lock       bool             `json:"lock"` // it changes
		Notes      []pin.Note       `json:"notes,omitempty"`
	}
	referenceJSON struct {
		File      string   `json:"file"`
		Line      int      `json:"line"`
		What      string   `json:"what"`
		Written   string   `json:"written"`
		Name      string   `json:"name,omitempty"`
		Tag       string   `json:"tag,omitempty"`
		Old       string   `json:"oldDigest,omitempty"`
		Digest    string   `json:"digest,omitempty"`
		Platforms []string `json:"platforms,omitempty"`
		Single    bool     `json:"single,omitempty"`
		Deed      pin.Deed `json:"deed"`
		Reason    string   `json:"reason,omitempty"`
		In        *inJSON  `json:"writtenIn,omitempty"`
	}
	inJSON struct {
		File     string `json:"file"`
		Line     int    `json:"line"`
		Variable string `json:"variable,omitempty"`
	}
	fileChangeJSON struct {
		Path  string     `json:"path"`
		Edits []editJSON `json:"edits"`
	}
	editJSON struct {
		Start int    `json:"start"` // bytes
		End   int    `json:"end"`
		New   string `json:"new"`
	}
)

// planJSON prints a plan for programs.
func (r *pinning) planJSON(w *redact.Writer, plan *pin.Plan, lock []byte, notes []pin.Note) error {
	out := planJSON{Version: 1, References: []referenceJSON{}, Files: []fileChangeJSON{}, Lock: lock != nil, Notes: notes}
	for _, d := range plan.Decisions {
		one := referenceJSON{File: r.place.names.Of(d.File.Name), Line: d.Line(), What: d.What, Written: d.Written, Name: d.Ref.Repo, Digest: string(d.Digest), Deed: d.Deed, Reason: d.Reason}
		if d.Ref.Repo != "" && d.Follows() {
			one.Tag = d.Tag
		}
		if d.Deed == pin.Update {
			one.Old = d.Ref.Digest
		}
		if d.Locked != nil {
			one.Platforms, one.Single = d.Locked.Platforms, d.Locked.Single
		}
		if d.Carrier != nil {
			one.In = &inJSON{r.place.names.Of(d.Carrier.File.Name), d.Carrier.File.Position(d.Carrier.End).Line, d.Carrier.Name}
		}
		out.References = append(out.References, one)
	}
	for _, c := range plan.Changes {
		f := fileChangeJSON{Path: r.place.names.Of(c.File.Name)}
		for _, e := range c.Edits {
			f.Edits = append(f.Edits, editJSON{e.Span.Start, e.Span.End, e.New})
		}
		out.Files = append(out.Files, f)
	}
	data, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		return fmt.Errorf("write the plan: %w", err)
	}
	_, err = w.Write(append(data, '\n'))
	return err
}

// check holds the pins against the registry or the lock.
func (r *pinning) check(ctx context.Context) error {
	reg := r.reg
	if r.flags.offline {
		reg = nil
		if r.lockData == nil {
			return fmt.Errorf("there is no %s: `dockworthy pin` writes it", pin.LockName)
		}
	}
	got, err := pin.Check(ctx, r.found.Uses, reg, pin.CheckOptions{Lock: r.lock, Platforms: r.flags.platforms})
	if err != nil {
		return err
	}
	for _, d := range got.Failed {
		r.trouble = true
		r.c.complain("%s: %s", r.at(d.File, d.Span.Start), d.Reason)
	}
	end := func() error {
		switch {
		case r.trouble:
			return errTrouble
		case len(got.Remarks) > 0:
			return errFindings
		}
		return nil
	}
	switch r.flags.format {
	case "sarif":
		return r.write(redact.JSON, func(w *redact.Writer) error { return r.sarif(w, got) }, end)
	case "json":
		return r.write(redact.JSON, func(w *redact.Writer) error { return r.checkJSON(w, got) }, end)
	}
	return r.write(redact.Text, func(w *redact.Writer) error {
		for _, m := range got.Remarks {
			fmt.Fprintf(w, "%s[%s]: %s: %s\n", m.Severity, m.ID, r.at(m.Use.File, m.Use.Span.Start), m.Message)
		}
		fmt.Fprintf(w, "%s, %d pinned; exit %d\n", check.Count(len(got.Remarks), "remark"), got.Pinned, exitOf(end()))
		return nil
	}, end)
}

// sarif prints the remarks as code hosts take them.
func (r *pinning) sarif(w *redact.Writer, got *pin.Checking) error {
	log := sarif.New(w, r.place.names)
	log.Failed = r.trouble
	index := map[string]int{}
	var kinds []sarif.Rule
	for i, k := range pin.Kinds {
		index[k.ID] = i
		kinds = append(kinds, sarif.Rule{
			ID: k.ID, Name: k.ID,
			ShortDescription: sarif.Text{Text: excerpt.Sentence(k.Claim)},
			FullDescription:  sarif.Text{Text: excerpt.Sentence(k.Why)},
			Help:             sarif.Help{Text: k.Why + "\n" + k.Mend, Markdown: k.Why + "\n\n" + k.Mend},
			Default:          sarif.Level{Level: k.Severity.String()},
			Properties:       map[string]any{"family": 4, "tags": []string{"container", "security", "pinned-base"}},
		})
	}
	log.Begin(dockworthy.Version, kinds)
	equal := map[string]int{} // how many went before that differ in their lines alone
	for _, m := range got.Remarks {
		identity := []string{m.ID, m.Use.File.Name, m.Use.What, m.Use.Key()}
		key := strings.Join(identity, "\x00")
		if n := equal[key]; n > 0 {
			identity = append(identity, strconv.Itoa(n))
		}
		equal[key]++
		at := check.Place{File: m.Use.File, Span: m.Use.Span}
		log.Result(sarif.Result{
			RuleID: m.ID, RuleIndex: index[m.ID], Level: m.Severity.String(),
			Message:      sarif.Text{Text: excerpt.Sentence(m.Message)},
			Locations:    []sarif.Location{log.Location(at, 0, "")},
			Fingerprints: map[string]string{"dockworthy/v1": sarif.Fingerprint(identity...)},
		})
	}
	return log.End()
}

type remarkJSON struct {
	ID       string `json:"id"`
	Severity string `json:"severity"`
	File     string `json:"file"`
	Line     int    `json:"line"`
	Name     string `json:"name"`
	Message  string `json:"message"`
}

func (r *pinning) checkJSON(w *redact.Writer, got *pin.Checking) error {
	out := struct {
		Version int          `json:"version"`
		Pinned  int          `json:"pinned"`
		Remarks []remarkJSON `json:"remarks"`
		Failed  []string     `json:"failed,omitempty"`
	}{Version: 1, Pinned: got.Pinned, Remarks: []remarkJSON{}}
	for _, m := range got.Remarks {
		out.Remarks = append(out.Remarks, remarkJSON{m.ID, m.Severity.String(), r.place.names.Of(m.Use.File.Name), m.Use.Line(), m.Use.Key(), m.Message})
	}
	for _, d := range got.Failed {
		out.Failed = append(out.Failed, d.Reason)
	}
	data, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		return fmt.Errorf("write the remarks: %w", err)
	}
	_, err = w.Write(append(data, '\n'))
	return err
}

// export prints what is pinned in a form that builders read.
func (r *pinning) export(plan *pin.Plan) error {
	for _, name := range pin.Ambiguous(plan.Decisions) {
		r.trouble = true
		r.c.complain("%s has two digests in the project, and a policy has one: it is left out", name)
	}
	return r.write(redact.Text, func(w *redact.Writer) error {
		if r.flags.export == "rego" {
			w.Write(pin.Rego(plan.Decisions))
		} else {
			w.Write(pin.Policy(plan.Decisions))
		}
		return nil
	}, func() error { return nil })
}
