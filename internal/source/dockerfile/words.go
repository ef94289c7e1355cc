package dockerfile

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/moby/buildkit/frontend/dockerfile/parser"

	"github.com/dockworthy/dockworthy/text"
)

// A Flag is a builder flag of an instruction, as `--from=build`.
type Flag struct {
	Name  string // without the dashes
	Value string // "" when the flag has none
	Span  text.Span
}

// A Word is one argument of an instruction, not yet expanded.
type Word struct {
	Text string // quotes as the parser leaves them; decoded in exec form
	Span text.Span
}

// A Heredoc is a here-document that belongs to an instruction.
type Heredoc struct {
	Name   string
	Body   text.Span // the lines between the operator's line and the delimiter
	Expand bool      // the delimiter is unquoted: the builder expands variables in COPY and ADD
	Chomp  bool      // <<- : leading tabs are dropped
}

// loneHeredoc is a RUN that is one heredoc and nothing else, whose body is
// then the program (Dockerfile reference, "Here-Documents").
var loneHeredoc = regexp.MustCompile(`^<<-?\s*(["']?)[A-Za-z_][A-Za-z0-9_.-]*["']?$`)

// arguments gives the flags and the offset, in the joined text, of what
// follows keyword and flags.
func (in *Instruction) arguments() ([]Flag, int) {
	line := in.layout().joined
	i := in.skip
	for i < len(line) && !isBlank(line[i]) {
		i++
	}
	var flags []Flag
	for {
		for i < len(line) && unicode.IsSpace(rune(line[i])) {
			i++
		}
		if i+1 >= len(line) || line[i] != '-' || line[i+1] != '-' {
			return flags, i
		}
		word, end := in.flagWord(line, i)
		if word == "--" {
			i = end
			for i < len(line) && unicode.IsSpace(rune(line[i])) {
				i++
			}
			return flags, i
		}
		name, value, _ := strings.Cut(strings.TrimPrefix(word, "--"), "=")
		flags = append(flags, Flag{Name: name, Value: value, Span: in.span(i, end)})
		i = end
	}
}

// flagWord reads one flag as BuildKit's splitter does: quotes group and
// vanish, the escape character takes the next byte as it is.
func (in *Instruction) flagWord(line []byte, i int) (string, int) {
	var b strings.Builder
	var quote byte
	for ; i < len(line); i++ {
		c := line[i]
		switch {
		case quote == 0 && unicode.IsSpace(rune(c)):
			return b.String(), i
		case quote == 0 && (c == '\'' || c == '"'):
			quote = c
			continue
		case quote != 0 && c == quote:
			quote = 0
			continue
		case c == in.file.Escape:
			if i+1 == len(line) {
				continue
			}
			i++
			c = line[i]
		}
		b.WriteByte(c)
	}
	return b.String(), i
}

func isBlank(b byte) bool {
	return b == ' ' || b == '\t' || b == '\v' || b == '\f' || b == '\r' || b == '\n'
}

// Flags are the builder flags, in order.
func (in *Instruction) Flags() []Flag {
	flags, _ := in.arguments()
	return flags
}

// Flag is the first flag of that name.
func (in *Instruction) Flag(name string) (Flag, bool) {
	for _, f := range in.Flags() {
		if f.Name == name {
			return f, true
		}
	}
	return Flag{}, false
}

// KeywordSpan is the place of the keyword.
func (in *Instruction) KeywordSpan() text.Span {
	return text.Span{Start: in.Span.Start, End: in.Span.Start + len(in.Keyword)}
}

// Rest is all that follows keyword and flags on the joined line, and where.
func (in *Instruction) Rest() Word {
	line := in.layout().joined
	_, i := in.arguments()
	end := len(bytes.TrimRightFunc(line, unicode.IsSpace))
	if end < i {
		end = i
	}
	return Word{Text: string(line[i:end]), Span: in.span(i, end)}
}

// Words are the arguments with their places, a list that is shared and must not
// be changed: the strings of a JSON array in
// exec form, else words split at white space outside quotes.
func (in *Instruction) Words() []Word {
	in.said.once.Do(func() { in.said.list = in.split() })
	return slices.Clip(in.said.list)
}

// words are the words of an instruction, split at the first question: an ENV of
// thousands of variables is asked for each of them.
type words struct {
	once   sync.Once
	list   []Word
	byName sync.Once
	named  map[string][]Word
}

// Assigned are the words of the form name=value of an ENV, ARG or LABEL, in
// order. The list is shared: it must not be changed.
func (in *Instruction) Assigned(name string) []Word {
	in.said.byName.Do(func() {
		in.said.named = map[string][]Word{}
		for _, w := range in.Words() {
			key, _, _ := strings.Cut(w.Text, "=")
			in.said.named[key] = append(in.said.named[key], w)
		}
	})
	return in.said.named[name]
}

func (in *Instruction) split() []Word {
	line := in.layout().joined
	_, i := in.arguments()
	if in.JSON {
		if in.Keyword == "HEALTHCHECK" {
			if at := bytes.IndexByte(line[i:], '['); at >= 0 {
				i += at
			}
		}
		return in.jsonWords(line, i)
	}
	switch in.Keyword {
	case "ENV", "LABEL", "ARG":
		return in.quotedWords(line, i)
	}
	return in.plainWords(line, i)
}

func (in *Instruction) plainWords(line []byte, i int) []Word {
	var words []Word
	for i < len(line) {
		for i < len(line) && isBlank(line[i]) {
			i++
		}
		from := i
		for i < len(line) && !isBlank(line[i]) {
			i++
		}
		if i > from {
			words = append(words, Word{string(line[from:i]), in.span(from, i)})
		}
	}
	return words
}

// quotedWords follows BuildKit's parseWords, which keeps the quotes.
func (in *Instruction) quotedWords(line []byte, i int) []Word {
	var words []Word
	var quote rune
	from := -1
	for i < len(line) {
		r, size := utf8.DecodeRune(line[i:])
		switch {
		case from < 0:
			if unicode.IsSpace(r) {
				i += size
				continue
			}
			from = i
			continue
		case quote == 0 && unicode.IsSpace(r):
			words = append(words, Word{string(line[from:i]), in.span(from, i)})
			from = -1
			continue
		case quote == 0 && (r == '\'' || r == '"'):
			quote = r
		case r == quote:
			quote = 0
		case r == rune(in.file.Escape) && quote != '\'':
			i += size
			if i < len(line) {
				_, size = utf8.DecodeRune(line[i:])
			} else {
				size = 0
			}
		}
		i += size
	}
	if from >= 0 {
		words = append(words, Word{string(line[from:]), in.span(from, len(line))})
	}
	return words
}

// jsonWords are the strings of a JSON array with the places of their contents,
// quotes included.
func (in *Instruction) jsonWords(line []byte, i int) []Word {
	var words []Word
	for ; i < len(line); i++ {
		if line[i] != '"' {
			continue
		}
		from := i
		for i++; i < len(line) && line[i] != '"'; i++ {
			if line[i] == '\\' {
				i++
			}
		}
		end := min(i+1, len(line))
		var s string
		if err := json.Unmarshal(line[from:end], &s); err == nil {
			words = append(words, Word{s, in.span(from, end)})
		}
	}
	return words
}

// Heredocs are the here-documents of the instruction with their places.
func (in *Instruction) Heredocs() []Heredoc {
	if len(in.node.Heredocs) == 0 {
		return nil
	}
	f := in.file
	docs := make([]Heredoc, 0, len(in.node.Heredocs))
	line := in.layout().lastLine + 1
	for _, h := range in.node.Heredocs {
		body := text.Span{Start: f.LineStart(line), End: f.LineStart(line)}
		for ; line <= in.node.EndLine; line++ {
			span := f.LineSpan(line)
			got := bytes.TrimRight(f.Data[span.Start:span.End], "\r\n")
			if h.Chomp {
				got = bytes.TrimLeft(got, "\t")
			}
			if string(got) == h.Name {
				line++
				break
			}
			body.End = f.LineStart(line + 1)
		}
		docs = append(docs, Heredoc{Name: h.Name, Body: body, Expand: h.Expand, Chomp: h.Chomp})
	}
	return docs
}

// HeredocContent is a heredoc's body as the builder sees it, with the leading
// tabs of a <<- document dropped.
func (in *Instruction) HeredocContent(h Heredoc) string {
	s := in.file.Text(h.Body)
	if h.Chomp {
		s = parser.ChompHeredocContent(s)
	}
	return s
}
