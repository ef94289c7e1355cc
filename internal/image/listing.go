package image

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dockworthy/dockworthy/text"
)

// A Setting is a kind of line of the listing's second part.
type Setting string

// The settings, in the order of the listing. Env, Label, Port, Volume and
// Trigger have names (a trigger's is its number, from 0), the others "".
const (
	User       Setting = "user"
	Workdir    Setting = "workdir"
	Entrypoint Setting = "entrypoint"
	Cmd        Setting = "cmd"
	Env        Setting = "env"
	Label      Setting = "label"
	Port       Setting = "expose"
	Volume     Setting = "volume"
	StopSignal Setting = "stopsignal"
	Health     Setting = "healthcheck"
	Shell      Setting = "shell"
	Trigger    Setting = "onbuild"
	Annotation Setting = "annotation"
)

// listing is where what stands in Image.Text.
type listing struct {
	steps    []stepSpan
	settings map[settingKey]settingSpan
	layers   []text.Span
}

type stepSpan struct{ line, text text.Span }

type settingKey struct {
	setting Setting
	name    string
}

type settingSpan struct{ line, value text.Span }

// StepSpan is the line of a step in Text, by its index in Steps.
func (img *Image) StepSpan(i int) text.Span {
	if i < 0 || i >= len(img.spans.steps) {
		return text.Span{}
	}
	return img.spans.steps[i].line
}

// StepText is where Steps[i].Text stands in Text. The bytes are those of the
// step, one for one, but for line breaks and control characters, which are
// blanks there: an offset in the one is an offset in the other.
func (img *Image) StepText(i int) text.Span {
	if i < 0 || i >= len(img.spans.steps) {
		return text.Span{}
	}
	return img.spans.steps[i].text
}

// LayerSpan is the line that speaks of a layer: its step's, or one of its own
// where the step is not known.
func (img *Image) LayerSpan(layer int) text.Span {
	if layer < 0 || layer >= len(img.spans.layers) {
		return text.Span{}
	}
	return img.spans.layers[layer]
}

// Span is the line of a setting in Text. The zero Span says that the image
// does not set it, and so stands for the whole listing.
func (img *Image) Span(s Setting, name string) text.Span {
	return img.spans.settings[settingKey{s, name}].line
}

// ValueSpan is the value alone of a setting's line.
func (img *Image) ValueSpan(s Setting, name string) text.Span {
	return img.spans.settings[settingKey{s, name}].value
}

// list writes the listing.
func (img *Image) list() {
	var b strings.Builder
	l := listing{settings: map[settingKey]settingSpan{}, layers: make([]text.Span, len(img.Layers))}
	b.WriteString(flat(img.Name) + "\n")
	line := func(prefix, body string) (whole, part text.Span) {
		start := b.Len()
		b.WriteString(prefix)
		from := b.Len()
		b.WriteString(flat(body))
		end := b.Len()
		b.WriteByte('\n')
		return text.Span{Start: start, End: end}, text.Span{Start: from, End: end}
	}
	for i := range img.Steps {
		s := &img.Steps[i]
		prefix := fmt.Sprintf("%-9s %9s  ", "", "")
		if s.Layer >= 0 {
			prefix = fmt.Sprintf("%-9s %9s  ", "layer "+strconv.Itoa(s.Layer+1), Bytes(img.Layers[s.Layer].Size))
		}
		body := s.Text
		if body == "" {
			body = s.Comment // as of an import
		}
		whole, part := line(prefix, body)
		if s.Text == "" {
			part.End = part.Start
		}
		l.steps = append(l.steps, stepSpan{whole, part})
		if s.Layer >= 0 {
			l.layers[s.Layer] = whole
		}
	}
	for i := range img.Layers {
		if img.Layers[i].Step < 0 {
			l.layers[i], _ = line(fmt.Sprintf("%-9s %9s  ", "layer "+strconv.Itoa(i+1), Bytes(img.Layers[i].Size)), img.Layers[i].DiffID)
		}
	}
	set := func(s Setting, name, value string) {
		prefix := string(s) + " "
		if name != "" {
			prefix += flat(name)
			if s == Env || s == Label || s == Annotation {
				prefix += "="
			}
		}
		whole, part := line(prefix, value)
		if name != "" && value == "" {
			part = text.Span{Start: whole.End - len(name), End: whole.End}
		}
		l.settings[settingKey{s, name}] = settingSpan{whole, part}
	}
	c := &img.Config
	one := func(s Setting, value string) {
		if value != "" {
			set(s, "", value)
		}
	}
	argv := func(s Setting, args []string) {
		if len(args) > 0 {
			set(s, "", quoted(args))
		}
	}
	one(User, c.User)
	one(Workdir, c.WorkingDir)
	argv(Entrypoint, c.Entrypoint)
	argv(Cmd, c.Cmd)
	for _, v := range c.Env {
		set(Env, v.Name, v.Value)
	}
	for _, v := range c.Labels {
		set(Label, v.Name, v.Value)
	}
	for _, p := range c.ExposedPorts {
		set(Port, p, "")
	}
	for _, v := range c.Volumes {
		set(Volume, v, "")
	}
	one(StopSignal, c.StopSignal)
	if h := c.Healthcheck; h != nil {
		set(Health, "", h.String())
	}
	argv(Shell, c.Shell)
	for i, t := range c.OnBuild {
		whole, part := line(string(Trigger)+" ", t)
		l.settings[settingKey{Trigger, strconv.Itoa(i)}] = settingSpan{whole, part}
	}
	for _, name := range slices.Sorted(maps.Keys(img.Annotations)) {
		set(Annotation, name, img.Annotations[name])
	}
	img.Text, img.spans = text.NewFile(img.Name, []byte(b.String())), l
}

// String is the health check as a Dockerfile has it, without the keyword.
func (h *Healthcheck) String() string {
	var words []string
	for _, o := range []struct {
		name string
		d    time.Duration
	}{{"interval", h.Interval}, {"timeout", h.Timeout}, {"start-period", h.StartPeriod}, {"start-interval", h.StartInterval}} {
		if o.d != 0 {
			words = append(words, "--"+o.name+"="+o.d.String())
		}
	}
	if h.Retries != 0 {
		words = append(words, "--retries="+strconv.Itoa(h.Retries))
	}
	switch {
	case len(h.Test) == 0:
	case h.Test[0] == "CMD-SHELL" && len(h.Test) == 2:
		words = append(words, "CMD "+h.Test[1])
	case h.Test[0] == "CMD":
		words = append(words, "CMD "+quoted(h.Test[1:]))
	default:
		words = append(words, strings.Join(h.Test, " "))
	}
	return strings.Join(words, " ")
}

// quoted is a list of words in the exec form.
func quoted(args []string) string {
	q := make([]string, len(args))
	for i, a := range args {
		q[i] = strconv.Quote(a)
	}
	return "[" + strings.Join(q, ", ") + "]"
}

// flat is s on one line, byte for byte.
func flat(s string) string {
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] == 0x7f {
			b := []byte(s)
			for ; i < len(b); i++ {
				if b[i] < ' ' || b[i] == 0x7f {
					b[i] = ' '
				}
			}
			return string(b)
		}
	}
	return s
}

// Bytes is a size as people read it, in powers of 1000 as Docker prints it.
func Bytes(n int64) string {
	switch {
	case n < 1000:
		return strconv.FormatInt(n, 10) + " B"
	case n < 999_950:
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	case n < 999_950_000:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	}
	return fmt.Sprintf("%.1f GB", float64(n)/1e9)
}
