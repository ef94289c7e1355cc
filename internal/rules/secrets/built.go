package secrets

import (
	"fmt"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/image"
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
				Cause:   argCause(name),
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
		found = append(found, check.Finding{Place: check.Place{File: img.Text, Span: at}, Message: what + " contains " + v.what, Secrets: []text.Span{at}})
	}
	for _, l := range logins(body) {
		if !l.Bare() || l.Local() {
			continue
		}
		at := text.Span{Start: line.Start + l.From, End: line.Start + l.To}
		found = append(found, check.Finding{Place: check.Place{File: img.Text, Span: at}, Message: what + " contains " + l.Who(), Secrets: []text.Span{at}})
	}
	return found
}

// builtFiles judges the secrets in the files of all layers: those that a
// container sees, or those that a later layer hides.
func builtFiles(hidden bool) func(check.Evidence) check.Verdict {
	return func(ev check.Evidence) check.Verdict {
		var found []check.Finding
		told := map[string]bool{}
		for _, s := range ev.Image.Secrets {
			if (s.Hidden >= 0) != hidden {
				continue
			}
			key := fmt.Sprint(s.Layer, s.Path, s.What, s.Name)
			if told[key] || len(found) >= maxFiles {
				continue
			}
			told[key] = true
			what := s.What
			if s.Name != "" {
				what = s.Name + ", " + what
			}
			f := check.Finding{Place: ev.LayerPlace(s.Layer), Cause: check.Cause("file").Of(s.Path + s.What + s.Name),
				Message: fmt.Sprintf("%s in layer %d contains %s: %s (sha256 %s…)", s.Path, s.Layer+1, what, s.Masked, s.Sum)}
			if hidden {
				f.Message += fmt.Sprintf("; layer %d hides it but does not remove it", s.Hidden+1)
				p := ev.LayerPlace(s.Hidden)
				p.Message = "it is hidden here"
				f.Related = []check.Place{p}
			}
			if s.Public || ev.FromBase(s.Layer) {
				f.Severity = check.Warning
			}
			if ev.FromBase(s.Layer) {
				f.Message += "; it comes from the base image"
			}
			found = append(found, f)
		}
		return check.Judge(found)
	}
}

// maxFiles is how many files of one kind are told.
const maxFiles = 50
