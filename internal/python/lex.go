package python

import (
	"strings"
	"unicode/utf8"
)

// A kind is what a token is.
type kind uint8

const (
	end     kind = iota // of the file
	newline             // of a logical line
	indent
	dedent
	name
	number
	str
	op
)

// A token is a word of a Python file.
type token struct {
	kind  kind
	text  string // of a string its value, as far as it is plain
	line  int    // from 1
	plain bool   // a string without holes: not an f-string's
}

// maxDepth bounds how deep blocks and brackets are followed.
const maxDepth = 200

// lex parts a file into tokens. What is no Python ends what can be told, never
// the program: an open string goes to the end of its line, or of the file.
func lex(src string) []token {
	l := lexer{src: strings.TrimPrefix(src, "\xef\xbb\xbf"), line: 1, tokens: make([]token, 0, len(src)/4), indents: []int{0}}
	l.run()
	return l.tokens
}

type lexer struct {
	src     string
	at      int
	line    int
	tokens  []token
	indents []int
	depth   int // open brackets
}

func (l *lexer) add(k kind, text string) {
	l.tokens = append(l.tokens, token{kind: k, text: text, line: l.line})
}

func (l *lexer) run() {
	fresh := true // at the beginning of a logical line
	for l.at < len(l.src) {
		if fresh && l.depth == 0 {
			if !l.margin() {
				continue
			}
			fresh = false
		}
		c := l.src[l.at]
		switch {
		case c == '\n':
			l.at++
			if l.depth == 0 {
				l.add(newline, "")
				fresh = true
			}
			l.line++
		case c == ' ' || c == '\t' || c == '\r' || c == '\f':
			l.at++
		case c == '#':
			l.comment()
		case c == '\\' && l.at+1 < len(l.src) && (l.src[l.at+1] == '\n' || l.src[l.at+1] == '\r'):
			l.at++
			if l.src[l.at] == '\r' {
				l.at++
			}
			if l.at < len(l.src) && l.src[l.at] == '\n' {
				l.at++
			}
			l.line++
		case c == '"' || c == '\'':
			l.quoted("")
		case isStart(c):
			start := l.at
			for l.at < len(l.src) && isPart(l.src[l.at]) {
				l.at++
			}
			word := l.src[start:l.at]
			if l.at < len(l.src) && (l.src[l.at] == '"' || l.src[l.at] == '\'') && isPrefix(word) {
				l.quoted(strings.ToLower(word))
				continue
			}
			l.add(name, word)
		case c >= '0' && c <= '9':
			start := l.at
			for l.at < len(l.src) && (isPart(l.src[l.at]) || l.src[l.at] == '.') {
				l.at++
			}
			l.add(number, l.src[start:l.at])
		default:
			l.sign(c)
		}
	}
	if n := len(l.tokens); n > 0 && l.tokens[n-1].kind != newline {
		l.add(newline, "")
	}
	for range l.indents[1:] {
		l.add(dedent, "")
	}
	l.add(end, "")
}

// margin reads the white space that a line begins with, and tells whether
// something stands behind it.
func (l *lexer) margin() bool {
	width, at := 0, l.at
	for at < len(l.src) {
		switch l.src[at] {
		case ' ':
			width++
		case '\t':
			width += 8 - width%8
		case '\f', '\r':
		default:
			goto done
		}
		at++
	}
done:
	l.at = at
	if at == len(l.src) {
		return false
	}
	switch l.src[at] {
	case '\n':
		l.at++
		l.line++
		return false
	case '#':
		l.comment()
		return false
	}
	top := l.indents[len(l.indents)-1]
	if width > top && len(l.indents) < maxDepth {
		l.indents = append(l.indents, width)
		l.add(indent, "")
	}
	for width < l.indents[len(l.indents)-1] {
		l.indents = l.indents[:len(l.indents)-1]
		l.add(dedent, "")
	}
	return true
}

func (l *lexer) comment() {
	if n := strings.IndexByte(l.src[l.at:], '\n'); n >= 0 {
		l.at += n
	} else {
		l.at = len(l.src)
	}
}

func (l *lexer) sign(c byte) {
	switch c {
	case '(', '[', '{':
		l.depth++
	case ')', ']', '}':
		l.depth = max(0, l.depth-1)
	}
	for _, long := range [...]string{":=", "->", "==", "!=", "<=", ">=", "**", "//", "+=", "-=", "*=", "/=", "|="} {
		if strings.HasPrefix(l.src[l.at:], long) {
			l.add(op, long)
			l.at += len(long)
			return
		}
	}
	_, n := utf8.DecodeRuneInString(l.src[l.at:])
	l.add(op, l.src[l.at:l.at+n])
	l.at += n
}

// quoted reads a string, whose prefix has been read.
func (l *lexer) quoted(prefix string) {
	first := l.line
	q := l.src[l.at : l.at+1]
	if strings.HasPrefix(l.src[l.at:], q+q+q) {
		q = q + q + q
	}
	l.at += len(q)
	raw := strings.ContainsRune(prefix, 'r')
	var text strings.Builder
	for l.at < len(l.src) {
		if strings.HasPrefix(l.src[l.at:], q) {
			l.at += len(q)
			break
		}
		c := l.src[l.at]
		if c == '\n' {
			if len(q) == 1 {
				break // it has no end
			}
			l.line++
		}
		if c == '\\' && l.at+1 < len(l.src) {
			next := l.src[l.at+1]
			l.at += 2
			if next == '\n' {
				l.line++
			}
			switch {
			case raw:
				text.WriteByte('\\')
				text.WriteByte(next)
			case next == '\n':
			case next == 'n':
				text.WriteByte('\n')
			case next == 't':
				text.WriteByte('\t')
			default:
				text.WriteByte(next)
			}
			continue
		}
		text.WriteByte(c)
		l.at++
	}
	l.tokens = append(l.tokens, token{kind: str, text: text.String(), line: first, plain: !strings.ContainsRune(prefix, 'f') && !strings.ContainsRune(prefix, 't')})
}

func isStart(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= utf8.RuneSelf
}

func isPart(c byte) bool { return isStart(c) || c >= '0' && c <= '9' }

// isPrefix tells whether a word before a quote belongs to the string.
func isPrefix(word string) bool {
	if len(word) > 2 {
		return false
	}
	for i := range len(word) {
		if !strings.ContainsRune("rRbBuUfFtT", rune(word[i])) {
			return false
		}
	}
	return true
}
