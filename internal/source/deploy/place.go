package deploy

import (
	"bytes"
	"strings"
	"unicode/utf8"

	yaml "go.yaml.in/yaml/v3"

	"github.com/dockworthy/dockworthy/text"
)

// span is the place of a node as written: a scalar with its quotes, a mapping
// or sequence from its first to its last byte. Anchors and tags before a
// scalar are left out, so that the span can be replaced by a new value.
func (s *source) span(n *yaml.Node) text.Span { return s.spanAt(n, 0) }

func (s *source) spanAt(n *yaml.Node, depth int) text.Span {
	if n == nil {
		return text.Span{}
	}
	start := s.offset(n)
	data := s.file.Data
	switch n.Kind {
	case yaml.AliasNode:
		return text.Span{Start: start, End: wordEnd(data, start)}
	case yaml.ScalarNode:
		start = skipProperties(data, start)
		return text.Span{Start: start, End: scalarEnd(data, start, n)}
	}
	end := start
	if len(n.Content) > 0 && depth < 1000 {
		end = max(end, s.spanAt(n.Content[len(n.Content)-1], depth+1).End)
	}
	if n.Style&yaml.FlowStyle != 0 {
		if end == start {
			end = min(skipProperties(data, start)+1, len(data))
		}
		end = flowEnd(data, end)
	}
	return text.Span{Start: start, End: end}
}

// skipProperties goes past &anchors and !tags.
func skipProperties(data []byte, at int) int {
	for at < len(data) && (data[at] == '&' || data[at] == '!') {
		next := wordEnd(data, at)
		for next < len(data) && strings.IndexByte(" \t\r\n", data[next]) >= 0 {
			next++
		}
		at = next
	}
	return at
}

func wordEnd(data []byte, at int) int {
	for at < len(data) && strings.IndexByte(" \t\r\n,]}", data[at]) < 0 {
		at++
	}
	return at
}

// flowEnd is the end of a flow mapping or sequence whose last entry ends at.
func flowEnd(data []byte, at int) int {
	for i := at; i < len(data); i++ {
		switch data[i] {
		case ']', '}':
			return i + 1
		case ' ', '\t', '\r', '\n', ',', ':', '?':
		case '#':
			for i < len(data) && data[i] != '\n' {
				i++
			}
		default:
			return at
		}
	}
	return at
}

func scalarEnd(data []byte, start int, n *yaml.Node) int {
	switch {
	case start >= len(data):
		return len(data)
	case data[start] == '"' && n.Style&yaml.DoubleQuotedStyle != 0:
		for i := start + 1; i < len(data); i++ {
			switch data[i] {
			case '\\':
				i++
			case '"':
				return i + 1
			}
		}
		return len(data)
	case data[start] == '\'' && n.Style&yaml.SingleQuotedStyle != 0:
		for i := start + 1; i < len(data); i++ {
			if data[i] == '\'' {
				if i+1 < len(data) && data[i+1] == '\'' {
					i++
					continue
				}
				return i + 1
			}
		}
		return len(data)
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		return blockEnd(data, start)
	}
	return plainEnd(data, start, n.Value)
}

// blockEnd is the end of a literal or folded scalar: the lines after its
// header that are as deep as the first of them, blank ones at the end left
// out.
func blockEnd(data []byte, start int) int {
	end, at := lineEnd(data, start), nextLine(data, start)
	indent := -1
	for at < len(data) {
		stop := lineEnd(data, at)
		line := data[at:stop]
		deep := len(line) - len(bytes.TrimLeft(line, " "))
		if len(bytes.TrimSpace(line)) > 0 {
			if indent < 0 {
				indent = deep
			}
			if deep < indent || deep == 0 {
				break
			}
			end = stop
		}
		at = nextLine(data, at)
	}
	return end
}

func lineEnd(data []byte, at int) int {
	if i := bytes.IndexByte(data[at:], '\n'); i >= 0 {
		at += i
		if i > 0 && data[at-1] == '\r' {
			at--
		}
		return at
	}
	return len(data)
}

func nextLine(data []byte, at int) int {
	if i := bytes.IndexByte(data[at:], '\n'); i >= 0 {
		return at + i + 1
	}
	return len(data)
}

// plainEnd walks value and source together: where the parser has folded a line
// break into a space, the source has white space of any length.
func plainEnd(data []byte, start int, value string) int {
	at := start
	for value != "" && at < len(data) {
		r, size := utf8.DecodeRuneInString(value)
		have, width := utf8.DecodeRune(data[at:])
		switch {
		case r == have:
			at += width
			value = value[size:]
			if r == ' ' && !strings.HasPrefix(value, " ") { // a fold may stand for more
				for at < len(data) && strings.IndexByte(" \t\r\n", data[at]) >= 0 {
					at++
				}
			}
		case r == ' ' || r == '\n':
			moved := at
			for moved < len(data) && strings.IndexByte(" \t\r\n", data[moved]) >= 0 {
				moved++
			}
			if moved == at {
				return at
			}
			at = moved
			value = strings.TrimLeft(value, " \n")
		default:
			return at
		}
	}
	return at
}

// parts gives the places of parts of a scalar, from a position in its text to
// another. Where the source spells the scalar otherwise (escapes, folds), the
// whole scalar stands for its part.
func (s *source) parts(n *yaml.Node) func(from, to int) text.Span {
	whole := s.span(n)
	written := s.file.Text(whole)
	at := strings.Index(written[:min(len(written), len(n.Value)+1)], n.Value)
	return func(from, to int) text.Span {
		if at < 0 || from > to || to > len(n.Value) {
			return whole
		}
		return text.Span{Start: whole.Start + at + from, End: whole.Start + at + to}
	}
}
