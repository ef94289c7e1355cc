package base

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/dockworthy/dockworthy/internal/knowledge"
)

// A tag is an image tag in the parts that a judgement needs.
type tag struct {
	version   string // the product's own version, as written
	parts     int    // number of its dotted parts; 0 where there is none
	versions  int    // number of version-like words
	exact     bool   // a date, a commit, or a version with a build number
	moving    bool   // a word that moves
	line      bool   // a word that names a release line of this product
	codename  bool   // a codename of an operating system
	companion int    // parts of a version of something beside the product: jdk21, python3.11
	bare      bool   // nothing but the version
	os        []osRelease
}

// An osRelease is an operating system that a tag names, with its release:
// alpine3.18 gives alpine and 3.18, bullseye gives debian and bullseye.
type osRelease struct {
	name, release string
	dashed        bool // alpine-3.18, where the number may be the product's
}

var (
	shortRE   = regexp.MustCompile(`(?:^|-)2\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:-|$)`) // 241121: a date without its century
	dateRE    = regexp.MustCompile(`(?:^|[^0-9])20\d\d[.-]?(?:0[1-9]|1[0-2])[.-]?(?:0[1-9]|[12]\d|3[01])(?:[^0-9]|$)`)
	stampRE   = regexp.MustCompile(`(?:^|[^0-9])1[5-9]\d{8}(?:[^0-9]|$)`) // seconds since 1970, as CI tags images
	commitRE  = regexp.MustCompile(`^(?:g|sha|git|rev)?[0-9a-f]{7,64}$`)
	numbersRE = regexp.MustCompile(`^[vV]?(\d+(?:\.\d+)*)(.*)$`)
	buildRE   = regexp.MustCompile(`^(?:[uU_+]\d|[._]v?[0-9a-f_]{7,})`) // 8u392, 21.0.5_11, 3192.v713e3b_039fb
)

// parseTag reads a tag of a product.
func parseTag(text string, p *product) *tag {
	t := &tag{exact: dateRE.MatchString(text) || shortRE.MatchString(text) || stampRE.MatchString(text)}
	words := strings.FieldsFunc(text, func(r rune) bool { return r == '-' })
	before := "" // the word before, when it owns a number that follows
	for _, word := range words {
		lower := strings.ToLower(word)
		name, number := splitNumber(lower)
		switch {
		case knowledge.DebianReleases.Has(lower):
			t.codename = true
			t.os = append(t.os, osRelease{name: "debian", release: lower})
		case knowledge.UbuntuReleases.Has(lower):
			t.codename = true
			t.os = append(t.os, osRelease{name: "ubuntu", release: lower})
		case isCommit(lower) && before == "":
			t.exact = true
		case p.Lines[lower] != "":
			t.line, t.version = true, p.Lines[lower]
		case knowledge.MovingTags.Has(lower):
			t.moving = true
		case before == "build" && name == "":
			t.exact = true // build-4711
		case name == "" || name == "v":
			t.number(word, before)
			before = ""
			continue
		case number == "" && (knowledge.SystemOf(name) != "" || knowledge.CompanionTags.Has(name)):
			before = name
			continue
		case knowledge.SystemTags.Has(name):
			t.os = append(t.os, osRelease{name: name, release: number})
			// CentOS Stream's tags are stream9, Amazon Linux's al2023.
			t.codename = t.codename || name == "stream" || name == "al"
		case name == "cu" && number != "":
			t.exact = true // SQL Server's 2022-CU16
		case lower == "build":
			before = lower
			continue
		case name == "ltsc" && number != "":
			t.codename = true // Windows Server: ltsc2022
		case partsOf(number) == 1 && len(number) > 2 && numbered(name):
			t.exact = true // alpha.480: a build of that line
		case len(name) == 1 && number != "" && !knowledge.ArchitectureTags.Has(lower):
			// ffmpeg's n7.1; a long number is a build, as b4521.
			t.exact = t.exact || partsOf(number) == 1 && len(number) > 3
			t.take(number, 1)
		case knowledge.CompanionTags.Has(name):
			t.companion = max(t.companion, partsOf(number))
		case knowledge.MovingTags.Has(name): // rc1, beta2
			t.moving = true
		case partsOf(number) >= 3: // release1.2.3, r35.4.1
			t.take(number, 1)
		}
		before = ""
	}
	if n := len(t.os); t.parts == 0 && n > 0 && t.os[n-1].dashed && partsOf(t.os[n-1].release) >= 3 {
		// deno:alpine-2.1.4 puts the variant first: that full version is its own.
		t.take(t.os[n-1].release, 1)
		t.os[n-1].release = ""
	}
	t.bare = len(words) == 1 && t.versions == 1 && t.parts > 0
	return t
}

// numbered tells whether the words before a number, parted by dots, end in a line of
// which each build has a number.
func numbered(name string) bool {
	last := name[strings.LastIndexByte(name, '.')+1:]
	return last == "build" || last == "ci" || knowledge.MovingTags.Has(last)
}

// number takes a word that is a version by itself, or belongs to the word
// before it: the 21 in alpine-3.21 is the system's.
func (t *tag) number(word, before string) {
	m := numbersRE.FindStringSubmatch(word)
	if m == nil {
		return
	}
	switch {
	case knowledge.SystemOf(before) != "":
		t.os = append(t.os, osRelease{before, m[1], true})
	case knowledge.CompanionTags.Has(before):
		t.companion = max(t.companion, partsOf(m[1]))
	default:
		if buildRE.MatchString(m[2]) {
			t.exact = true
		}
		t.take(m[1], 1)
	}
}

// take keeps the version with the most parts: in 3.10-7.3.17 (pypy) and
// 1-3.12 (devcontainers) that is the one that moves least.
func (t *tag) take(version string, n int) {
	t.versions += n
	if p := partsOf(version); p > t.parts {
		t.parts, t.version = p, version
	}
}

func (t *tag) major() int {
	first, _, _ := strings.Cut(t.version, ".")
	n, err := strconv.Atoi(first)
	if err != nil {
		return 0
	}
	return n
}

func partsOf(version string) int {
	if version == "" {
		return 0
	}
	return strings.Count(version, ".") + 1
}

// splitNumber parts letters from the number behind them: jdk21, alpine3.20.
// A word that begins with a digit has no letters; al2023 keeps its number;
// what follows the number is dropped.
func splitNumber(word string) (name, number string) {
	at := strings.IndexAny(word, "0123456789")
	if at < 0 {
		return word, ""
	}
	name = strings.TrimRight(word[:at], "._:")
	if m := numbersRE.FindStringSubmatch(word[at:]); m != nil {
		number = m[1]
	}
	return name, number
}

// isCommit tells whether a word is an abbreviated commit: hexadecimal, long
// enough, and with both letters and digits, so that neither "defaced" nor a
// build number is taken for one.
func isCommit(word string) bool {
	if !commitRE.MatchString(word) {
		return false
	}
	hex := word
	for _, prefix := range []string{"sha", "git", "rev", "g"} {
		hex = strings.TrimPrefix(hex, prefix)
	}
	return strings.ContainsAny(hex, "0123456789") && strings.ContainsAny(hex, "abcdef")
}
