package report

import (
	"encoding/json"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy"
	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/excerpt"
	"github.com/dockworthy/dockworthy/internal/redact"
	"github.com/dockworthy/dockworthy/internal/run"
)

type (
	jsonSince struct {
		Dockerfile string         `json:"dockerfile"`
		Target     string         `json:"target,omitempty"`
		Ref        string         `json:"ref"`
		Commit     string         `json:"commit"`
		Files      []jsonChanged  `json:"files"`
		Recipe     bool           `json:"dockerfileChanged,omitempty"`
		Ignore     bool           `json:"ignoreFileChanged,omitempty"`
		Seconds    jsonCost       `json:"seconds"`
		Ran        []jsonRan      `json:"rebuilt"`
		Kept       []jsonKept     `json:"cached"`
		Notes      []string       `json:"notes,omitempty"`
		Failed     *jsonBuildFail `json:"failed,omitempty"`
	}
	jsonChanged struct {
		Path string `json:"path"`
		How  string `json:"how"`
	}
	jsonCost struct {
		Again float64 `json:"rebuilt"`
		Whole float64 `json:"whole"`
	}
	jsonRan struct {
		Stage   string  `json:"stage,omitempty"`
		Instr   string  `json:"instruction"`
		Seconds float64 `json:"seconds"`
		Cached  bool    `json:"cached,omitempty"`
		Because string  `json:"because"`
	}
	jsonKept struct {
		Stage string  `json:"stage,omitempty"`
		Instr string  `json:"instruction"`
		Took  float64 `json:"took"`
	}
	jsonTool struct {
		Name    string `json:"name"`
		Version string `json:"version"`
	}
	jsonBuildFail struct {
		Build string   `json:"build"`
		Step  string   `json:"step,omitempty"`
		Error string   `json:"error"`
		Tail  []string `json:"tail,omitempty"`
	}
)

// Since writes what the changes since a revision rebuild, of results whose proofs
// have it, as "text" or "json".
func Since(format string, w io.Writer, list []*check.Result, opt Options) error {
	opt.Names = opt.Names.Guarded()
	if format != "json" {
		t := newText(w, opt)
		for _, res := range list {
			t.since(res.Proof.Since, t.Names.Veil(res, t.Names.Hide(res)))
		}
		return t.w.Flush()
	}
	out := []jsonSince{}
	for _, res := range list {
		out = append(out, sinceOf(res.Proof.Since, opt.Names, opt.Names.Veil(res, opt.Names.Hide(res))))
	}
	data, err := json.MarshalIndent(struct {
		Version int         `json:"version"`
		Tool    jsonTool    `json:"tool"`
		Since   []jsonSince `json:"since"`
	}{SchemaVersion, jsonTool{"dockworthy", dockworthy.Version}, out}, "", " ")
	if err != nil {
		panic(err) // only plain data is ever written
	}
	red := redact.NewWriter(w, opt.Names.Redactor, redact.JSON)
	red.Write(append(data, '\n'))
	return red.Flush()
}

func sinceOf(s *run.Since, names Names, veil *excerpt.Veil) jsonSince {
	out := jsonSince{Dockerfile: names.Of(s.Dockerfile), Target: s.Target, Ref: s.Ref, Commit: s.Commit, Files: []jsonChanged{}, Recipe: s.Recipe, Ignore: s.Ignore, Ran: []jsonRan{}, Kept: []jsonKept{}}
	out.Seconds.Again, out.Seconds.Whole = s.Cost()
	for _, f := range s.Files {
		out.Files = append(out.Files, jsonChanged{veil.Told(f.Path), string(f.How)})
	}
	for _, step := range s.Ran() {
		out.Ran = append(out.Ran, jsonRan{step.Stage, veil.Told(step.Instr), step.Seconds, step.Cached, veil.Told(step.Because)})
	}
	for _, k := range s.Kept() {
		out.Kept = append(out.Kept, jsonKept{k.Step.Stage, veil.Told(k.Step.Instr), k.Took})
	}
	for _, n := range s.Notes {
		out.Notes = append(out.Notes, veil.Told(n))
	}
	if b, which := s.Failed(); b != nil {
		out.Failed = &jsonBuildFail{which, veil.Told(b.Step), veil.Told(b.Error), veil.Lines(b.Tail)}
	}
	return out
}

// mostChanged is how many changed files are listed.
const mostChanged = 12

// since writes one for people: what it comes to first, then why, then what changed.
func (t *textWriter) since(s *run.Since, veil *excerpt.Veil) {
	line := func(format string, args ...any) { fmt.Fprintf(t.w, format+"\n", args...) }
	head := t.paint(bold, t.Names.Shown(s.Dockerfile))
	if s.Target != "" {
		head += t.paint(faint, "  target "+excerpt.Visible(s.Target))
	}
	line("%s  %s\n", head, t.paint(faint, "since "+excerpt.Visible(s.Ref)+" ("+s.Short()+")"))
	ran, kept := s.Ran(), s.Kept()
	again, whole := s.Cost()
	if b, which := s.Failed(); b != nil {
		line("%s", t.paint(red, veil.Told(fmt.Sprintf("%s fails at %s: %s", which, b.Step, b.Error))))
		for _, l := range veil.Lines(b.Tail) {
			line("  %s %s", t.paint(faint, "|"), l)
		}
	} else if s.After == nil {
		line("%s", t.paint(green, "nothing is rebuilt: the Dockerfile, its arguments and the files that are sent are as they were"))
	} else {
		line("%s", t.paint(green, fmt.Sprintf("rebuilt: %d of %s, %.1f s of the %.1f s that all of them take", len(ran), check.Count(len(ran)+len(kept), "step"), again, whole)))
	}
	line("")
	if len(ran) > 0 {
		line("%s", t.paint(bold, "rebuilt"))
		for _, step := range ran {
			line("  %s", veil.Told(step.Told()))
		}
		line("")
	}
	if len(kept) > 0 {
		line("%s", t.paint(bold, "cached"))
		for _, k := range kept {
			step := k.Step
			step.Cached, step.Seconds = false, k.Took
			line("  %s", t.paint(faint, veil.Told(step.Brief().String())))
		}
		line("")
	}
	if len(s.Files) > 0 || s.Recipe || s.Ignore {
		line("%s", t.paint(bold, "changed"))
		sent := func(name string) bool {
			return slices.ContainsFunc(s.Files, func(f run.Changed) bool { return path.Base(f.Path) == name })
		}
		if s.Recipe && !sent(path.Base(s.Dockerfile)) {
			line("  the Dockerfile")
		}
		if s.Ignore && !sent(".dockerignore") {
			line("  the ignore file")
		}
		for i, f := range s.Files {
			if i == mostChanged && !t.Verbose {
				line("  %s more; --verbose lists them", check.Count(len(s.Files)-i, "file"))
				break
			}
			line("  %s", veil.Told(f.String()))
		}
		line("")
	}
	for _, n := range s.Notes {
		line("%s %s", t.paint(yellow, "note:"), veil.Told(strings.TrimSpace(n)))
	}
	if len(s.Notes) > 0 {
		line("")
	}
}
