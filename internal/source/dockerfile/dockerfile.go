// Package dockerfile is a Dockerfile with places: BuildKit's own parser says
// what each instruction means, and this package says where every word of it
// stands in the file.
package dockerfile

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"

	"github.com/dockworthy/dockworthy/text"
)

// A File is one parsed Dockerfile.
type File struct {
	*text.File
	Escape       byte           // the escape character, '\\' unless the escape directive says otherwise
	Directives   []Directive    // syntax, escape and check, in file order
	Instructions []*Instruction // all of them, in file order, FROM included
	Comments     []Comment      // whole-line comments outside heredocs, directives left out
}

// A Directive is a parser directive: a comment at the head of the file that
// the parser obeys, as `# syntax=docker/dockerfile:1`.
type Directive struct {
	Name  string // lower-case
	Value string
	Span  text.Span // of the value
}

// A Comment is one whole-line comment, also inside a continued instruction.
type Comment struct {
	Text string // without the number sign and the space around it
	Span text.Span
	Line int
}

// An Instruction is one instruction with its places.
type Instruction struct {
	Keyword string    // upper-case
	Span    text.Span // from the keyword to the last byte, heredocs included
	Command any       // *instructions.Stage for FROM, else BuildKit's *instructions.…Command
	Trigger *Instruction
	JSON    bool // the arguments are a JSON array: the exec form

	file *File
	node *parser.Node
	skip int // bytes of the joined line before this instruction: "ONBUILD " for a trigger
	lay  layout
	said words
}

// Line is the line of the instruction's first byte.
func (in *Instruction) Line() int { return in.file.Position(in.Span.Start).Line }

// File is the file that the instruction stands in.
func (in *Instruction) File() *File { return in.file }

// An Error says why a file is no Dockerfile, and where.
type Error struct {
	Line int // from 1; 0 when no line is to blame
	Msg  string
	Hint string // the way out, or ""
}

func (e *Error) Error() string {
	msg := e.Msg
	if e.Line > 0 {
		msg = fmt.Sprintf("line %d: %s", e.Line, msg)
	}
	if e.Hint != "" {
		msg += " (" + e.Hint + ")"
	}
	return msg
}

// Parse reads a Dockerfile. It accepts what BuildKit builds and refuses what
// BuildKit refuses; the error is an *Error.
func Parse(src *text.File) (f *File, err error) {
	defer func() {
		// BuildKit's parser has not been seen to panic; should it ever, one
		// bad file must not take the other files' findings with it.
		if r := recover(); r != nil {
			f, err = nil, &Error{Msg: fmt.Sprintf("the parser failed: %v", r)}
		}
	}()
	res, err := parser.Parse(bytes.NewReader(src.Data))
	if err != nil {
		return nil, explain(src, err, 0)
	}
	f = &File{File: src, Escape: byte(res.EscapeToken)}
	f.Instructions = make([]*Instruction, 0, len(res.AST.Children))
	stages := 0
	for _, node := range res.AST.Children {
		cmd, err := instructions.ParseInstruction(node)
		if err != nil {
			return nil, explain(src, err, node.StartLine)
		}
		in := &Instruction{
			Keyword: strings.ToUpper(node.Value),
			Command: cmd,
			JSON:    node.Attributes["json"],
			file:    f,
			node:    node,
		}
		in.Span = f.span(node)
		switch in.Keyword {
		case "FROM":
			stages++
		case "ARG":
		case "ONBUILD":
			in.Trigger = trigger(in)
			fallthrough
		default:
			if stages == 0 {
				return nil, &Error{
					Line: node.StartLine,
					Msg:  fmt.Sprintf("%s comes before the first FROM: no build stage in current context", in.Keyword),
					Hint: "only ARG may come before the first FROM",
				}
			}
		}
		f.Instructions = append(f.Instructions, in)
	}
	if stages == 0 {
		return nil, &Error{Msg: "no FROM: there is no stage to build", Hint: "begin a stage with FROM image"}
	}
	f.trivia()
	return f, nil
}

// span is where a node stands: from the first byte that is not a space of its
// first line to the end of its last line.
func (f *File) span(node *parser.Node) text.Span {
	s := text.Span{Start: f.LineStart(node.StartLine), End: f.LineSpan(node.EndLine).End}
	if node.StartLine == 1 {
		s.Start += bomLen(f.Data)
	}
	s.Start += leadingSpace(f.Data[s.Start:max(s.Start, s.End)])
	// The parser drops every carriage return at a line's end, not only one.
	for s.End > s.Start && f.Data[s.End-1] == '\r' {
		s.End--
	}
	return s
}

// trigger is the instruction after ONBUILD; nil where BuildKit would only
// find out at the next build that it is none.
func trigger(in *Instruction) *Instruction {
	if in.node.Next == nil || len(in.node.Next.Children) != 1 {
		return nil
	}
	child := in.node.Next.Children[0]
	child.StartLine, child.EndLine = in.node.StartLine, in.node.EndLine
	child.Heredocs = in.node.Heredocs
	cmd, err := instructions.ParseInstruction(child)
	if err != nil {
		return nil
	}
	skip := strings.LastIndex(in.node.Original, child.Original)
	if skip < 0 {
		return nil
	}
	t := &Instruction{
		Keyword: strings.ToUpper(child.Value),
		Command: cmd,
		JSON:    child.Attributes["json"],
		file:    in.file,
		node:    child,
		skip:    skip,
	}
	t.Span = text.Span{Start: in.place(skip), End: in.Span.End}
	return t
}

// trivia collects directives and comments: the lines that no instruction
// holds, and the comment lines inside continuations.
func (f *File) trivia() {
	next := 0 // the instruction whose end lies ahead
	var directives map[int]Directive
	for at := bomLen(f.Data); at < len(f.Data); {
		i := bytes.IndexByte(f.Data[at:], '#')
		if i < 0 {
			return
		}
		at += i
		n := f.Position(at).Line
		span := f.LineSpan(n)
		start := span.Start
		if n == 1 {
			start += bomLen(f.Data)
		}
		if start+leadingSpace(f.Data[start:max(start, span.End)]) != at {
			at++ // inside a line
			continue
		}
		span.Start = at
		at = max(at+1, span.End)
		for next < len(f.Instructions) && f.Instructions[next].node.EndLine < n {
			next++
		}
		if next < len(f.Instructions) {
			in := f.Instructions[next]
			if len(in.node.Heredocs) > 0 && n > in.layout().lastLine && n <= in.node.EndLine {
				continue
			}
		}
		if directives == nil {
			directives = directiveLines(f.Data)
		}
		if d, ok := directives[n]; ok {
			i := bytes.LastIndex(f.Data[span.Start:span.End], []byte(d.Value))
			d.Span = text.Span{Start: span.Start + i, End: span.Start + i + len(d.Value)}
			f.Directives = append(f.Directives, d)
			continue
		}
		f.Comments = append(f.Comments, Comment{
			Text: strings.TrimSpace(string(f.Data[span.Start+1 : span.End])),
			Span: span,
			Line: n,
		})
	}
}

// directiveLines are the parser directives by line number.
func directiveLines(data []byte) map[int]Directive {
	var p parser.DirectiveParser
	found := map[int]Directive{}
	data = data[bomLen(data):]
	for n := 1; len(data) > 0; n++ {
		line := data
		if i := bytes.IndexByte(data, '\n'); i >= 0 {
			line, data = data[:i], data[i+1:]
		} else {
			data = nil
		}
		line = bytes.TrimSpace(line)
		if len(line) == 0 || line[0] != '#' {
			break
		}
		d, err := p.ParseLine(line)
		if err != nil || d == nil {
			break
		}
		found[n] = Directive{Name: d.Name, Value: d.Value}
	}
	return found
}

// explain turns an error of BuildKit's parser into one with a place and, where
// the bytes betray what went wrong, a way out.
func explain(src *text.File, err error, line int) *Error {
	e := &Error{Line: line, Msg: withoutValues(err.Error())}
	var loc *parser.LocationError
	if errors.As(err, &loc) && len(loc.Locations) > 0 && len(loc.Locations[0]) > 0 {
		e.Line = loc.Locations[0][0].Start.Line
	}
	data := src.Data
	switch {
	case len(bytes.TrimSpace(data)) == 0:
		e.Line, e.Msg, e.Hint = 0, "the file is empty", "a Dockerfile begins with FROM"
	case bytes.HasPrefix(data, []byte{0xff, 0xfe}) || bytes.HasPrefix(data, []byte{0xfe, 0xff}):
		e.Line, e.Msg, e.Hint = 0, "the file is UTF-16, which no builder reads", "save it as UTF-8"
	case bytes.IndexByte(data[:min(len(data), 8000)], 0) >= 0:
		e.Line, e.Msg, e.Hint = 0, "the file is binary, not text", "name a Dockerfile"
	case strings.Contains(e.Msg, "greater than max allowed size"):
		// The parser names the first line, whichever is too long.
		n := 0
		for line := range bytes.Lines(data) {
			if n++; len(line) > bufio.MaxScanTokenSize-1 {
				e.Line, e.Hint = n, "put its contents in a file, and copy that file"
				break
			}
		}
	case strings.Contains(e.Msg, "unterminated heredoc"):
		e.Hint = "end it with a line that contains only its delimiter"
	case bytes.Contains(data, []byte("{%")) || bytes.Contains(data, []byte("{{")):
		e.Hint = "it looks like a template: check the file that it renders to"
	case strings.Contains(e.Msg, "file with no instructions"):
		e.Line, e.Hint = 0, "a Dockerfile begins with FROM"
	}
	return e
}

var (
	assigned = regexp.MustCompile(`=[^\s"']+`)
	noEquals = regexp.MustCompile(`can't find = in "(?:[^"\\]|\\.)*"`)
)

// withoutValues takes out of an error what may be a secret: the parser repeats
// the words that it does not understand, and a line of an ENV that lost its
// backslash looks to it like an instruction.
func withoutValues(msg string) string {
	msg = noEquals.ReplaceAllString(msg, `can't find = in "…"`)
	return assigned.ReplaceAllString(msg, "=…")
}

func bomLen(data []byte) int {
	if bytes.HasPrefix(data, []byte{0xef, 0xbb, 0xbf}) {
		return 3
	}
	return 0
}
