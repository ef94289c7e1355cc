package secrets

import (
	"fmt"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/image"
	"github.com/dockworthy/dockworthy/internal/secret"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/text"
)

// builtSettings judges the variables or labels of an image's config.
func builtSettings(kind image.Setting, vars func(*image.Image) []image.Var) func(check.Evidence) check.Verdict {
	return func(ev check.Evidence) check.Verdict {
		img := ev.Image
		var found []check.Finding
		for _, v := range vars(img) {
			if len(found) == most {
				break // each is looked for in all that is shown of the image
			}
			at := img.ValueSpan(kind, v.Name)
			l, ok := setting(v.Name, v.Value, at, false)
			if !ok {
				continue
			}
			found = append(found, check.Finding{
				Place:   check.Place{File: img.Text, Span: img.Span(kind, v.Name)},
				Message: fmt.Sprintf("the image's %s %s %s", kind, v.Name, l.what),
				Cause:   valueCause(img.Text.Text(l.hide)),
				Where:   fmt.Sprintf("the image's %s %s", kind, v.Name),
				// The history says it again.
				Secrets: append(occurrences(img.Text, text.Span{End: len(img.Text.Data)}, img.Text.Text(l.hide)), l.hide),
			})
		}
		return check.Judge(found)
	}
}

func envOf(img *image.Image) []image.Var    { return img.Config.Env }
func labelsOf(img *image.Image) []image.Var { return img.Config.Labels }

// builtArgs judges the build arguments that the history keeps beside each RUN
// and ARG.
func builtArgs(ev check.Evidence) check.Verdict {
	img := ev.Image
	var found []check.Finding
	told := map[string]bool{}
	for i, s := range img.Steps {
		if ev.Image.Paired && s.Layer >= 0 && ev.FromBase(s.Layer) {
			continue
		}
		line := img.StepSpan(i)
		words := s.Args
		if rest, ok := strings.CutPrefix(s.Text, "ARG "); ok {
			words = append(words, rest)
		}
		for _, w := range words {
			name, value, ok := strings.Cut(w, "=")
			if !ok || told[w] {
				continue
			}
			l, bad := setting(name, value, text.Span{}, false)
			if !bad && (nameOf(name) != strong || worthOf(value) != literal) || len(found) == most {
				continue
			}
			told[w] = true
			what := l.what
			if what == "" || what == "has a literal value" {
				what = "has a value that looks like a secret"
			}
			found = append(found, check.Finding{
				Place:   check.Place{File: img.Text, Span: line},
				Message: fmt.Sprintf("the image's history contains the build argument %s, which %s", name, what),
				Secrets: occurrences(img.Text, text.Span{End: len(img.Text.Data)}, value),
				Cause:   valueCause(value),
				Where:   "the history's build argument " + name,
			})
		}
	}
	if name := unvalued(ev); name != "" && len(found) == 0 {
		return check.Unknown(check.ByRun, "the build argument "+name+" was not set, so its value could not be traced in the image")
	}
	return check.Judge(found)
}

// unvalued is a build argument that is named as a secret and was given no value;
// "" = there is none.
func unvalued(ev check.Evidence) string {
	if ev.Source == nil {
		return ""
	}
	for _, st := range ev.Source.Stages {
		for _, s := range st.Steps {
			for _, v := range s.Vars {
				if v.Arg && v.Value == "" && nameOf(v.Name) == strong && ev.Source.InChain(st) {
					return v.Name
				}
			}
		}
	}
	return ""
}

// occurrences are the places of a value in a part of a file.
func occurrences(f *text.File, in text.Span, value string) []text.Span {
	var out []text.Span
	if len(value) < 4 {
		return nil
	}
	body := f.Text(in)
	for at := 0; ; {
		i := strings.Index(body[at:], value)
		if i < 0 {
			return out
		}
		out = append(out, text.Span{Start: in.Start + at + i, End: in.Start + at + i + len(value)})
		at += i + len(value)
	}
}

// builtHistory judges the commands that the history keeps.
func builtHistory(ev check.Evidence) check.Verdict {
	img := ev.Image
	var found []check.Finding
	for i, s := range img.Steps {
		if s.Keyword != "RUN" {
			continue
		}
		span := img.StepText(i)
		body := text.Span{Start: span.Start + len("RUN "), End: span.End}
		if body.Start >= body.End {
			continue
		}
		found = append(found, builtLeaks(img, body, "a RUN in the image's history")...)
	}
	return check.Judge(found)
}

// builtLeaks are the secrets that a line of the listing says, read as a shell
// reads it.
func builtLeaks(img *image.Image, at text.Span, what string) []check.Finding {
	sc := scan{file: img.Text, runtime: true}
	script := shell.Parse(shell.Input{Src: []byte(img.Text.Text(at)), Base: at.Start})
	if script == nil || script.Err != nil {
		sc.look(at)
	} else {
		sc.commands(script.Commands)
	}
	var found []check.Finding
	for _, l := range sc.leaks {
		found = append(found, check.Finding{
			Place:   check.Place{File: img.Text, Span: l.at},
			Message: what + " " + l.what,
			Secrets: []text.Span{l.hide},
			Cause:   valueCause(img.Text.Text(l.hide)),
			Where:   what,
		})
	}
	return found
}

// builtCommand judges ENTRYPOINT and CMD of the config by the shapes of
// secrets.
func builtCommand(ev check.Evidence) check.Verdict {
	img := ev.Image
	return check.Judge(append(shaped(img, img.Span(image.Entrypoint, ""), "the image's entrypoint"), shaped(img, img.Span(image.Cmd, ""), "the image's command")...))
}

// builtProbe judges the health check of the config.
func builtProbe(ev check.Evidence) check.Verdict {
	if ev.Image.Config.Healthcheck == nil {
		return check.None()
	}
	return check.Judge(shaped(ev.Image, ev.Image.Span(image.Health, ""), "the image's health check"))
}

// shaped are the values of a line that show by their look what they are.
func shaped(img *image.Image, line text.Span, what string) []check.Finding {
	if line.IsZero() {
		return nil
	}
	var found []check.Finding
	body := img.Text.Text(line)
	for _, v := range vendors(body) {
		at := text.Span{Start: line.Start + v.from, End: line.Start + v.to}
		found = append(found, check.Finding{Place: check.Place{File: img.Text, Span: at}, Message: what + " contains " + v.what, Secrets: []text.Span{at}, Cause: valueCause(img.Text.Text(at)), Where: what})
	}
	for _, l := range logins(body) {
		if !l.Bare() || l.Local() {
			continue
		}
		at := text.Span{Start: line.Start + l.From, End: line.Start + l.To}
		found = append(found, check.Finding{Place: check.Place{File: img.Text, Span: at}, Message: what + " contains " + l.Who(), Secrets: []text.Span{at}, Cause: valueCause(img.Text.Text(at)), Where: what})
	}
	return found
}

// valueCause is the cause of everything that one secret value gives rise to, in
// files, variables and the history.
func valueCause(value string) check.Cause { return check.ValueCause.Of(secret.IDOf(value)) }

// A holding is a value in a file of a layer, with all that is known of it there:
// its name in the file, and whose shape it has.
type holding struct {
	image.Secret
	shape string // what it is by its look; "" = it shows by its name alone
}

// holdings are the secrets of an image's files, one for each value in a file, in
// the order in which they were found.
func holdings(img *image.Image) []*holding {
	type key struct {
		layer       int
		path, inner string
		id          uint64
	}
	at := map[key]*holding{}
	var list []*holding
	for _, s := range img.Secrets {
		k := key{s.Layer, s.Path, s.Inner, s.ID}
		h := at[k]
		if h == nil {
			h = &holding{Secret: s}
			at[k] = h
			list = append(list, h)
		}
		h.Public = h.Public && s.Public
		if s.Name == "" && h.shape == "" {
			h.shape = s.What
		}
		if h.Name == "" {
			h.Name = s.Name
		}
	}
	return list
}

// file is how the file is called: one in an archive with both names.
func (h *holding) file() string {
	if h.Inner != "" {
		return h.Path + "!/" + h.Inner
	}
	return h.Path
}

// what says what the value is.
func (h *holding) what() string {
	what := h.What
	if h.shape != "" {
		what = h.shape
	}
	if h.Name != "" {
		what = h.Name + ", " + what
	}
	return what
}

// builtFiles judges the secrets in the files of all layers: those that a
// container sees, or those that a later layer hides.
func builtFiles(hidden bool) func(check.Evidence) check.Verdict {
	return func(ev check.Evidence) check.Verdict {
		var found []check.Finding
		count := map[uint64]int{} // places of a value that were taken
		for _, h := range holdings(ev.Image) {
			if (h.Hidden >= 0) != hidden {
				continue
			}
			if count[h.ID] == 0 && len(count) == maxValues || count[h.ID] == maxPlaces {
				continue
			}
			count[h.ID]++
			f := check.Finding{Place: ev.LayerPlace(h.Layer), Cause: check.ValueCause.Of(h.ID),
				Where:   fmt.Sprintf("%s (layer %d)", h.file(), h.Layer+1),
				Message: fmt.Sprintf("%s in layer %d contains %s: %s (sha256 %s…)", h.file(), h.Layer+1, h.what(), h.Masked, h.Sum)}
			if hidden {
				f.Message += fmt.Sprintf("; layer %d hides it but does not remove it", h.Hidden+1)
				f.Where = fmt.Sprintf("%s (layer %d, hidden by layer %d)", h.file(), h.Layer+1, h.Hidden+1)
				p := ev.LayerPlace(h.Hidden)
				p.Message = "it is hidden here"
				f.Related = []check.Place{p}
			}
			if h.Public || ev.FromBase(h.Layer) {
				f.Severity = check.Warning
			}
			if ev.FromBase(h.Layer) {
				f.Message += "; it comes from the base image"
			}
			found = append(found, f)
		}
		if len(found) == 0 {
			if why := unsearched(ev.Image); why != "" {
				return check.Unknown(check.ByEye, why)
			}
		}
		return check.Judge(found)
	}
}

// unsearched says that something of an image was not searched for secrets; "" =
// all of it was.
func unsearched(img *image.Image) string {
	switch n := img.Unsearched; {
	case img.NotLookedAt():
		return "a layer of the image could not be read"
	case n == 1:
		return "a file of the image was not searched as a whole for secrets: see the image's problems"
	case n > 1:
		return fmt.Sprintf("%d files of the image were not searched as a whole for secrets: see the image's problems", n)
	}
	return ""
}

// maxValues is how many secrets of one kind are told, and maxPlaces in how many
// files each.
const (
	maxValues = 50
	maxPlaces = 20
)
