package secret

import (
	"bytes"
	"regexp"
	"strings"
	"sync"
)

// Margin is how many bytes behind its first one Search has to see of a secret:
// of a longer one the rest is not looked at.
const Margin = 8 << 10

// Before is how many bytes before a secret Search looks at.
const Before = 256

// A filter passes over the places where no prefix begins. Prefixes have three
// bytes at least; behind a shorter one than four comes a byte that secrets are
// made of. So each prefix that begins at one of three places has a pair of its
// bytes at the third and fourth, and two thirds of the places need not be
// looked at.
type filter struct {
	near [1 << 16]bool // by the first byte of a pair and, in the high bits, the second
	// What is left is asked byte by byte: a bit in all four tables for the
	// bytes at a place. Each bit stands for some of the prefixes.
	is [4][256]uint8
}

var prefixes = sync.OnceValue(func() *filter {
	f := &filter{}
	pair := func(c, d byte) { f.near[int(c)|int(d)<<8] = true }
	n := 0
	for i := range shapes().all {
		for _, p := range shapes().all[i].Prefix {
			bit := uint8(1) << (n % 8)
			n++
			for at := range 3 {
				f.is[at][p[at]] |= bit
			}
			pair(p[0], p[1])
			pair(p[1], p[2])
			for c := range 256 {
				if len(p) > 3 && p[3] == byte(c) || len(p) == 3 && tokenByte[c] {
					f.is[3][c] |= bit
					pair(p[2], byte(c))
				}
			}
		}
	}
	return f
})

// tokenByte tells the bytes that secrets are made of.
var tokenByte = func() (is [256]bool) {
	for c := range is {
		is[c] = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("_-.+/=%:", byte(c)) >= 0
	}
	return is
}()

// Search finds in a piece of a stream what has the shape of a vendor's secret,
// as Find does in a text. The secrets begin in data[from:to]; the caller sees
// to it that there are Before bytes before from, and Margin bytes behind to,
// where the stream has them. It takes the time of reading the bytes, not that
// of trying each shape.
func Search(data []byte, from, to int, found func(Match)) {
	f := prefixes()
	is := &f.is
	end := min(to, len(data)-3)
	search := searcher{list: shapes(), data: data, to: to, found: found}
	for i := from; i < end; i += 3 {
		if !f.near[uint(data[i+2])|uint(data[i+3])<<8] {
			continue
		}
		for j := i; j < min(i+3, end); j++ {
			if is[0][data[j]]&is[1][data[j+1]]&is[2][data[j+2]]&is[3][data[j+3]] != 0 {
				search.at(j)
			}
		}
	}
}

// A searcher tries the shapes where a prefix may begin.
type searcher struct {
	list  *shapeList
	data  []byte
	to    int
	found func(Match)
	last  lastPiece
}

func (s *searcher) at(i int) {
	list, data := s.list, s.data
	inWord := i > 0 && wordByte(data[i-1])
	for _, p := range list.first[data[i]] {
		if inWord && list.all[p.shape].lead || i+len(p.text) > len(data) || string(data[i:i+len(p.text)]) != p.text || s.last.had(i, p.shape) {
			continue
		}
		lo, hi, whole := piece(data, i, len(p.text))
		if hi-lo < 15 {
			continue
		}
		s.last.add(lo, hi, whole, p.shape)
		for _, m := range list.all[p.shape].find(string(data[lo:hi]), nil) {
			m.From, m.To = m.From+lo, m.To+lo
			if m.From < s.to && !s.last.told(m) {
				s.found(m)
			}
		}
	}
}

// A lastPiece remembers what was looked at last, so that a piece is looked at
// once for each shape, however often the prefix is in it.
type lastPiece struct {
	from, to int
	whole    bool // it ends where the word does
	tried    uint64
	found    [4]Match
	n        int
}

// had tells whether a secret of a shape that begins at i would have been seen.
func (l *lastPiece) had(i, shape int) bool {
	return i >= l.from && (i < l.to-Margin/8 || l.whole && i < l.to) && l.tried&(1<<shape) != 0
}

func (l *lastPiece) add(from, to int, whole bool, shape int) {
	if from != l.from || to != l.to {
		*l = lastPiece{from: from, to: to, whole: whole, found: l.found, n: l.n}
	}
	l.tried |= 1 << shape
}

// told tells whether a match was given already, and remembers it.
func (l *lastPiece) told(m Match) bool {
	for _, f := range l.found {
		if f.From <= m.From && m.From < f.To {
			return true
		}
	}
	l.found[l.n%len(l.found)] = m
	l.n++
	return false
}

var begin = []byte("-----BEGIN ")

// piece is the part of data around a prefix at i that a secret with it can
// take, with a byte on either side to see where words end. A whole one ends
// where the word does.
func piece(data []byte, i, length int) (lo, hi int, whole bool) {
	if data[i] == 'P' && length == len("PRIVATE KEY") {
		at := bytes.LastIndex(data[max(0, i-64):i], begin)
		if tail := data[i+length:]; at < 0 || !bytes.HasPrefix(tail, []byte("-----")) && !bytes.HasPrefix(tail, []byte(" BLOCK-----")) {
			return i, i, true
		}
		return max(0, i-64) + at, min(len(data), i+length+128), false
	}
	lo, hi = i, i+length
	for lo > 0 && i-lo < Before-1 && tokenByte[data[lo-1]] {
		lo--
	}
	for hi < len(data) && hi-i < Margin-1 && tokenByte[data[hi]] {
		hi++
	}
	return max(0, lo-1), min(len(data), hi+1), hi-i < Margin-1
}

// Weak tells of a shape that text of machines has by chance, because its
// prefix is short and its characters are few.
func (m Match) Weak() bool { return weak.MatchString(m.What) }

var weak = regexp.MustCompile(`Twilio|Mailgun|OpenAI|shared access signature|Databricks|Telegram|SendGrid|Replicate`)
