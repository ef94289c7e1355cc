package knowledge

import (
	"slices"
	"strings"
	"sync"
	"unicode"
)

// A library is what a -dev package of Debian brings: the packages that programs which
// were linked with it need where they run, by release.
type library struct {
	Package  string   `json:"package"`
	Bookworm []string `json:"bookworm"`
	Trixie   []string `json:"trixie"`
	origin
}

// in are its packages in a release; nil = it has none there, or the release is not known.
func (l *library) in(release string) []string {
	switch release {
	case "bookworm":
		return l.Bookworm
	case "trixie":
		return l.Trixie
	}
	return nil
}

type libraries struct {
	byDev map[string]*library
	byLib map[string]*library // as any release names it
}

var librariesOnce = sync.OnceValue(func() libraries {
	x := libraries{map[string]*library{}, map[string]*library{}}
	for _, l := range decode("debian.jsonl", debianData, func() *library { return new(library) }) {
		x.byDev[l.Package] = l
		for _, name := range slices.Concat(l.Bookworm, l.Trixie) {
			if have := x.byLib[name]; have == nil || len(l.Bookworm)+len(l.Trixie) < len(have.Bookworm)+len(have.Trixie) {
				x.byLib[name] = l
			}
		}
	}
	return x
})

// Twins are the packages of a release of Debian that a program needs where it runs which
// was linked with what a -dev package brings: libpq5 for libpq-dev. ok is false where
// nothing is known of the package; a release that is not known is taken for the newest
// one that is.
func Twins(dev, release string) (list []string, ok bool) {
	l := librariesOnce().byDev[dev]
	if l == nil {
		return nil, false
	}
	if list = l.in(release); list == nil {
		list = l.Trixie
	}
	if list == nil {
		list = l.Bookworm
	}
	return slices.Clone(list), true
}

// DebianName is what a release of Debian calls a package: libgdal32 of bookworm is
// libgdal36 in trixie. What is not known of is called the same.
func DebianName(name, release string) string {
	l := librariesOnce().byLib[name]
	if l == nil {
		return name
	}
	list := l.in(release)
	if list == nil || slices.Contains(list, name) {
		return name
	}
	for _, n := range list {
		if stem(n) == stem(name) {
			return n
		}
	}
	if len(list) == 1 {
		return list[0]
	}
	return name
}

// stem is a package's name without what changes with its interface.
func stem(name string) string {
	name = strings.ReplaceAll(name, "t64", "")
	return strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) || r == '.' || r == '-' {
			return -1
		}
		return r
	}, name)
}

// An alpine is a package of Alpine, and what Debian has of the same.
type alpine struct {
	Package string   `json:"package"`
	Debian  []string `json:"debian"` // as bookworm names them; none = there is no need of it
	// Runtime is what a program needs where it runs that was built with it; nil = it is
	// not one for building, or nobody has looked.
	Runtime []string `json:"runtime"`
	origin
}

var alpinesOnce = sync.OnceValue(func() map[string]*alpine {
	x := map[string]*alpine{}
	for _, a := range decode("alpine.jsonl", alpineData, func() *alpine { return new(alpine) }) {
		x[a.Package] = a
	}
	return x
})

// FromAlpine are the packages of a release of Debian that have what a package of Alpine
// has; ok is false where that is not known.
func FromAlpine(name, release string) (list []string, ok bool) {
	a := alpinesOnce()[name]
	if a == nil {
		return nil, false
	}
	for _, n := range a.Debian {
		list = append(list, DebianName(n, release))
	}
	return list, true
}

// AlpineTwins are the packages of Alpine that a program needs where it runs which was built
// with a package: libpq for postgresql-dev. ok is false where that is not known.
func AlpineTwins(dev string) (list []string, ok bool) {
	a := alpinesOnce()[dev]
	if a == nil || a.Runtime == nil {
		return nil, false
	}
	return slices.Clone(a.Runtime), true
}

var toAlpineOnce = sync.OnceValue(func() map[string][]string {
	x := map[string][]string{}
	for _, a := range decode("alpine.jsonl", alpineData, func() *alpine { return new(alpine) }) {
		for _, n := range a.Debian {
			if x[n] == nil {
				x[n] = []string{a.Package}
			}
		}
	}
	return x
})

// ToAlpine are the packages of Alpine for one of Debian, by the name that it has in
// bookworm; nil = it is not known. The list must not be changed.
func ToAlpine(name string) []string { return toAlpineOnce()[name] }
