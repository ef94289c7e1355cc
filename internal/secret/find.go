package secret

import (
	"math"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/knowledge"
)

// A Match is a secret that shows by its look, at bytes [From, To) of a text.
type Match struct {
	From, To int
	What     string // with its article, as "a GitHub token"
	Public   bool   // such a value may also be meant for everybody
}

// Find finds what has the shape of a vendor's secret. What only stands for
// one, as AKIAIOSFODNN7EXAMPLE, is passed over.
func Find(s string) []Match {
	if !dense(s) {
		return nil
	}
	var found []Match
	list := shapes()
	for _, i := range list.in(s) {
		found = list.all[i].find(s, found)
	}
	return found
}

// find appends the shape's matches in s that do not begin in an earlier one.
func (sh *shape) find(s string, found []Match) []Match {
	for _, at := range sh.compiled.FindAllStringIndex(s, -1) {
		m := s[at[0]:at[1]]
		if sh.Mixed && !Mixed(m) || stand(m) || within(found, at[0]) {
			continue
		}
		found = append(found, Match{at[0], sh.end(s, at[0], at[1]), sh.What, sh.Public})
	}
	return found
}

// end is where a match ends: that of a private key where its last line does.
func (sh *shape) end(s string, from, to int) int {
	if sh.What != privateKey {
		return to
	}
	return from + KeyEnd(s[from:])
}

// privateKey is what shapes.jsonl calls a private key in PEM.
const privateKey = "a private key"

// maxKey is the longest private key that is looked for: of 16,384 bits.
const maxKey = 16 << 10

// KeyEnd is the length of the private key that s begins with, from its BEGIN
// line to its END line, where one is there, else to where its base64 ends. The
// lines may be parted by line feeds, by \n as in JSON and in settings, and by
// what stands around them in a listing.
func KeyEnd(s string) int {
	s = s[:min(len(s), maxKey)]
	head := strings.Index(s, "-----")
	if head < 0 {
		return 0
	}
	next := strings.Index(s[head+5:], "-----")
	if next < 0 {
		return len(s)
	}
	at := head + 5 + next + 5
	if end := strings.Index(s[at:], "-----END "); end >= 0 && !strings.Contains(s[at:at+end], "-----BEGIN ") {
		end += at + len("-----END ")
		if tail := strings.Index(s[end:min(len(s), end+80)], "-----"); tail >= 0 {
			return end + tail + 5
		}
		return end
	}
	// Cut off: words of base64, and what parts them.
	last := at
	for at < len(s) {
		from := at
		for at < len(s) && isBase64(s[at]) {
			at++
		}
		if at-from >= 16 || strings.HasSuffix(s[from:at], "=") {
			last = at
		} else if at-from > 3 {
			break
		}
		parted := at
		for at < len(s) && at-parted < 12 && !isBase64(s[at]) {
			at++
		}
		if at == parted || at-parted == 12 {
			break
		}
		if s[at-1] == '\\' && at < len(s) && (s[at] == 'n' || s[at] == 'r') {
			at++ // of an escape, not of the key
		}
	}
	return last
}

func isBase64(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '+' || c == '/' || c == '='
}

// in are the shapes of which a prefix is in a text, in the order of the file.
func (l *shapeList) in(s string) []int {
	var list []int
	for at := 0; at < len(s); at++ {
		for _, p := range l.first[s[at]] {
			if strings.HasPrefix(s[at:], p.text) && !slices.Contains(list, p.shape) {
				list = append(list, p.shape)
			}
		}
	}
	slices.Sort(list)
	return list
}

// dense tells whether a text has a row of characters as long as the shortest
// of the shapes, or a PEM header; most have not.
func dense(s string) bool {
	run := 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte("_-.+/=%:", c) >= 0:
			if run++; run == 15 {
				return true
			}
		default:
			run = 0
		}
	}
	return strings.Contains(s, "PRIVATE KEY")
}

func within(found []Match, at int) bool {
	for _, f := range found {
		if f.From <= at && at < f.To {
			return true
		}
	}
	return false
}

// stand tells whether a match only stands for a secret: AKIAIOSFODNN7EXAMPLE,
// ghp_xxxxxxxxxxxxxxxxxxxx, an emulator's key.
func stand(m string) bool {
	return Published(m) != "" || knowledge.MockParts.In(strings.ToLower(m)) || !strings.Contains(m, "PRIVATE KEY") && entropy(m) < 2.5
}

// Random tells whether a value looks as if a machine had made it: long, of
// several kinds of characters, and of high entropy. Pure hexadecimal digits
// are as often a fingerprint.
func Random(v string) bool {
	if len(v) < 20 || strings.ContainsAny(v, " \t") || strings.Trim(v, "0123456789abcdef") == "" || strings.Trim(v, "0123456789ABCDEF") == "" {
		return false
	}
	return Mixed(v) && entropy(v) >= 3.5
}

// Mixed tells whether a value has digits and letters of both cases.
func Mixed(v string) bool {
	var lower, upper, digit bool
	for i := 0; i < len(v); i++ {
		lower = lower || v[i] >= 'a' && v[i] <= 'z'
		upper = upper || v[i] >= 'A' && v[i] <= 'Z'
		digit = digit || v[i] >= '0' && v[i] <= '9'
	}
	return lower && upper && digit
}

// entropy is Shannon's, in bits a byte.
func entropy(v string) float64 {
	var count [256]int
	for i := 0; i < len(v); i++ {
		count[v[i]]++
	}
	h := 0.0
	for _, n := range count {
		if n > 0 {
			p := float64(n) / float64(len(v))
			h -= p * math.Log2(p)
		}
	}
	return h
}
