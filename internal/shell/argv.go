package shell

import "mvdan.cc/sh/v3/syntax"

// FromWords is the program of one command that no shell reads: the exec form
// of an instruction. Nothing in the words is expanded, but the argument of
// `sh -c` is followed as Parse does. in.Src and in.Base are not used.
func FromWords(in Input, words []Word) *Script {
	s := &Script{}
	if len(words) == 0 {
		return s
	}
	in.Src = nil
	w := newWalker(s, in, false)
	c := w.newCommand()
	c.Words = words
	for _, word := range words {
		if !word.Span.IsZero() {
			c.cover(word.Span)
		}
	}
	s.tail = w.finish(c, &syntax.Stmt{}, true).ends
	return s
}
