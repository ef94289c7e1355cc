// Package hostile makes repositories that are meant to cost more than they are
// worth: of each kind one of about any number of bytes, so that what looking at
// them costs can be held against their size.
package hostile

import (
	"fmt"
	"iter"
	"sort"
	"strings"
)

// Files are the files of a small repository by their paths.
type Files map[string][]byte

// Size is how many bytes the files and their names have.
func (f Files) Size() int {
	n := 0
	for name, data := range f {
		n += len(name) + len(data)
	}
	return n
}

// until counts until the files, to which something is added at each count, have
// about n bytes with the rest.
func (f Files) until(n int, rest func() int) iter.Seq[int] {
	return func(yield func(int) bool) {
		size := func() int { return f.Size() + rest() }
		first := size()
		// Looked at ever more rarely, so that it takes no time of its own.
		for i, last := 0, 0; ; i++ {
			if !yield(i) {
				return
			}
			if i+1 < 2*last && i > 8 {
				continue
			}
			now := size()
			if each := max(1, (now-first)/(i+1)); first+each*(i+1) >= n {
				return
			} else if left := (n - now) / each; left < i {
				for j := range left {
					if !yield(i + 1 + j) {
						return
					}
				}
				return
			}
			last = i + 1
		}
	}
}

func none() int { return 0 }

// A Kind is one way to be costly.
type Kind struct {
	Name string
	Make func(n int) Files // a repository of about n bytes
}

// Kinds are all kinds in the order of their names.
func Kinds() []Kind {
	var all []Kind
	for _, list := range [][]Kind{variables, stages, programs, contexts, deployments, builders, reports} {
		all = append(all, list...)
	}
	sort.Slice(all, func(i, j int) bool { return all[i].Name < all[j].Name })
	return all
}

// Find is the kind of that name.
func Find(name string) (Kind, bool) {
	for _, k := range Kinds() {
		if k.Name == name {
			return k, true
		}
	}
	return Kind{}, false
}

// plain is a Dockerfile that there is little to say of.
const plain = "FROM ubuntu:22.04\nCMD [\"/a\"]\n"

// A book is a file that is written up to a size.
type book struct {
	strings.Builder
	size int
}

func (b *book) more() bool { return b.Len() < b.size }

func (b *book) addf(format string, args ...any) { fmt.Fprintf(&b.Builder, format, args...) }

// fill is a file of about n bytes: a head and then one line after another,
// each for its number, counted from 0.
func fill(n int, head string, line func(i int) string) string {
	b := book{size: n}
	b.WriteString(head)
	for i := 0; b.more(); i++ {
		b.WriteString(line(i))
	}
	return b.String()
}

// repeat is fill where all lines are alike.
func repeat(n int, head, line string) string {
	return head + strings.Repeat(line, max(1, (n-len(head))/len(line)))
}

// wrapped is one instruction of many words, in lines that the parser takes: it
// reads none of over 65,535 bytes.
func wrapped(n int, head string, word func(i int) string) string {
	return fill(n, head, func(i int) string {
		if i%500 == 0 {
			return " \\\n " + word(i)
		}
		return " " + word(i)
	})
}

// dockerfile is a repository of one Dockerfile.
func dockerfile(make func(n int) string) func(n int) Files {
	return func(n int) Files { return Files{"Dockerfile": []byte(make(n))} }
}

// beside is a repository of a plain Dockerfile and one other file.
func beside(name string, make func(n int) string) func(n int) Files {
	return func(n int) Files { return Files{"Dockerfile": []byte(plain), name: []byte(make(n))} }
}

// run is a repository of one Dockerfile with one RUN, whose program is given
// with the newlines that a Dockerfile's continuations take.
func run(make func(n int) string) func(n int) Files {
	return dockerfile(func(n int) string { return "FROM alpine:3.20\nRUN " + make(n) + "\n" })
}

// heredoc is a repository of one Dockerfile with one RUN of a here-document.
func heredoc(make func(n int) string) func(n int) Files {
	return dockerfile(func(n int) string { return "FROM alpine:3.20\nRUN <<END\n" + make(n) + "\nEND\n" })
}

// script is a repository whose ENTRYPOINT is a script that is copied.
func script(make func(n int) string) func(n int) Files {
	return func(n int) Files {
		return Files{
			"Dockerfile": []byte("FROM alpine:3.20\nCOPY start.sh /start.sh\nENTRYPOINT [\"/start.sh\"]\n"),
			"start.sh":   []byte("#!/bin/sh\n" + make(n) + "\n"),
		}
	}
}

// nest is open, n times inside itself, around core.
func nest(n int, open, core, end string) string {
	d := max(1, (n-len(core))/(len(open)+len(end)))
	return strings.Repeat(open, d) + core + strings.Repeat(end, d)
}
