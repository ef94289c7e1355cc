package deploy

import (
	"strings"

	yaml "go.yaml.in/yaml/v3"
)

// ports reads both forms of ports and expose.
func (s *source) ports(n *yaml.Node) []Port {
	var list []Port
	for _, item := range s.items(n) {
		if v := s.value(item); v.Set {
			list = append(list, shortPort(v))
			continue
		}
		target := s.value(s.get(item, "target"))
		if !target.Set {
			continue
		}
		protocol := "tcp"
		if p := s.value(s.get(item, "protocol")); p.Set {
			protocol = strings.ToLower(p.Text)
		}
		if !target.Unresolved {
			target.Text += "/" + protocol
		}
		list = append(list, Port{Value: target, Published: s.value(s.get(item, "published")).Text})
	}
	return list
}

// shortPort reads [[ip:]host:]container[/protocol]. A text with a variable in
// it stays as it is.
func shortPort(v Value) Port {
	p := Port{Value: v}
	if v.Unresolved {
		// The container's side may be known even when the host's is not.
		at := strings.LastIndexByte(v.Text, ':')
		if at < 0 || strings.ContainsAny(v.Text[at:], "$}") {
			return p
		}
		p.Unresolved, p.Vars = false, nil
	}
	spec, protocol, ok := strings.Cut(p.Text, "/")
	if !ok {
		protocol = "tcp"
	}
	if at := strings.LastIndexByte(spec, ':'); at >= 0 {
		p.Published, spec = spec[:at], spec[at+1:]
		if !strings.ContainsAny(p.Published, "$") {
			p.Published = p.Published[strings.LastIndexByte(p.Published, ':')+1:]
		}
	}
	p.Text = spec + "/" + strings.ToLower(protocol)
	return p
}

// volumes reads both forms of volumes.
func (s *source) volumes(n *yaml.Node) []Volume {
	var list []Volume
	for _, item := range s.items(n) {
		v := s.value(item)
		if !v.Set {
			list = append(list, Volume{
				Source: s.value(s.get(item, "source")), Target: s.value(s.get(item, "target")), Type: s.value(s.get(item, "type")),
				ReadOnly: s.value(s.get(item, "read_only")).True(), Span: s.span(item),
			})
			continue
		}
		list = append(list, s.shortVolume(item, v))
	}
	return list
}

// shortVolume reads [source:]target[:mode]. Colons inside ${X:-y} and after a
// Windows drive letter do not part.
func (s *source) shortVolume(item *yaml.Node, v Value) Volume {
	type piece struct{ from, to int }
	raw := item.Value
	var pieces []piece
	from, open := 0, 0
	for i := 0; i < len(raw); i++ {
		switch raw[i] {
		case '{':
			open++
		case '}':
			open--
		case ':':
			drive := i == from+1 && i+1 < len(raw) && (raw[i+1] == '\\' || raw[i+1] == '/') && nameLen(raw[from:i]) == 1
			if open <= 0 && !drive {
				pieces = append(pieces, piece{from, i})
				from = i + 1
			}
		}
	}
	pieces = append(pieces, piece{from, len(raw)})
	place := s.parts(item)
	at := func(i int) Value {
		return s.valueOf(raw[pieces[i].from:pieces[i].to], place(pieces[i].from, pieces[i].to))
	}
	out := Volume{Span: v.Span}
	if len(pieces) == 1 {
		out.Target = at(0)
		return out
	}
	out.Source, out.Target = at(0), at(1)
	if len(pieces) > 2 {
		for _, mode := range strings.Split(at(2).Text, ",") {
			out.ReadOnly = out.ReadOnly || mode == "ro"
		}
	}
	return out
}

func (s *source) healthcheck(n *yaml.Node) *Healthcheck {
	h := &Healthcheck{Span: s.span(n)}
	h.Disable = s.value(s.get(n, "disable")).True()
	h.Interval = s.value(s.get(n, "interval"))
	h.Timeout = s.value(s.get(n, "timeout"))
	h.Retries = s.value(s.get(n, "retries"))
	h.StartPeriod = s.value(s.get(n, "start_period"))
	h.Start = s.value(s.get(n, "start_interval"))
	test := s.get(n, "test")
	if v := s.value(test); v.Set {
		h.Test, h.Shell = []Value{v}, true
		return h
	}
	words := s.texts(test, "")
	if len(words) == 0 {
		return h
	}
	switch words[0].Text {
	case "NONE":
		h.Disable = true
	case "CMD-SHELL":
		h.Test, h.Shell = words[1:], true
	default: // CMD
		h.Test = words[1:]
	}
	return h
}

func (s *source) command(n *yaml.Node) *Command {
	c := &Command{Span: s.span(n)}
	if n.Kind == yaml.SequenceNode {
		c.Words = s.texts(n, "")
		return c
	}
	if n.Kind == yaml.ScalarNode {
		c.OneString = true
		place := s.parts(n)
		for _, w := range splitWords(n.Value) {
			v := s.valueOf(w.text, place(w.from, w.to))
			c.Words = append(c.Words, v)
		}
	}
	return c
}

// A word of a command line: its text without quotes, and its place.
type word struct {
	text     string
	from, to int
}

// splitWords splits as Compose does, like a POSIX shell without any expansion:
// white space parts, quotes and backslashes keep together.
func splitWords(line string) []word {
	var list []word
	var b strings.Builder
	start := -1
	for i := 0; i < len(line); i++ {
		c := line[i]
		if c == ' ' || c == '\t' || c == '\n' || c == '\r' {
			if start >= 0 {
				list = append(list, word{b.String(), start, i})
				b.Reset()
				start = -1
			}
			continue
		}
		if start < 0 {
			start = i
		}
		switch c {
		case '\\':
			if i+1 < len(line) {
				i++
				b.WriteByte(line[i])
			}
		case '\'', '"':
			for i++; i < len(line) && line[i] != c; i++ {
				if c == '"' && line[i] == '\\' && i+1 < len(line) && (line[i+1] == '"' || line[i+1] == '\\') {
					i++
				}
				b.WriteByte(line[i])
			}
		default:
			b.WriteByte(c)
		}
	}
	if start >= 0 {
		list = append(list, word{b.String(), start, len(line)})
	}
	return list
}
