package base

import (
	"bytes"
	_ "embed"
	"strings"
	"sync"
	"time"

	"github.com/dockworthy/dockworthy/internal/knowledge"
)

//go:embed eol.jsonl
var eolData []byte

// An EOL is the end of life of one release that a reference carries.
type EOL struct {
	Product string    // as endoflife.date names it: python, debian
	Cycle   string    // the release: 3.8, 10
	Name    string    // its codename where it has one: Buster
	Date    time.Time // the last day of support; zero where the source gives no date
	Status  string    // "ended" or "supported" where the source says so without a date
	Source  string    // file and commit that the date was read from
}

// Past tells whether the release is past its end of life on a day. Unknown is
// the answer where the source gives neither date nor status.
func (e EOL) Past(day time.Time) Answer {
	switch {
	case !e.Date.IsZero() && day.After(e.Date.AddDate(0, 0, 1).Add(-time.Nanosecond)):
		return Yes
	case !e.Date.IsZero():
		return No
	case e.Status == "ended":
		return Yes
	case e.Status == "supported":
		return No
	}
	return Unknown
}

// A cycle is a line of eol.jsonl.
type cycle struct {
	Product       string `json:"product"`
	Cycle         string `json:"cycle"`
	Codename      string `json:"codename"`
	LTS           bool   `json:"lts"`
	LTSFrom       string `json:"lts_from"`
	EOL           string `json:"eol"`
	ActiveUntil   string `json:"active_until"`
	ExtendedUntil string `json:"extended_until"`
	Status        string `json:"status"`
	Latest        string `json:"latest"`
	Source        string `json:"source"`
	AsOf          string `json:"as_of"`
}

// end is the day that counts. Debian's LTS team takes over when the security
// team stops, for everyone and free of charge, so its day counts there; what
// others call extended support is paid for, so it does not.
func (c *cycle) end() EOL {
	day := c.EOL
	if c.Product == "debian" && c.ExtendedUntil != "" {
		day = c.ExtendedUntil
	}
	e := EOL{Product: c.Product, Cycle: c.Cycle, Name: c.Codename, Status: c.Status, Source: c.Source}
	if t, err := time.Parse(time.DateOnly, day); err == nil {
		e.Date = t
	}
	return e
}

var cycles sync.Map // product to []*cycle

func cyclesOf(product string) []*cycle {
	if found, ok := cycles.Load(product); ok {
		return found.([]*cycle)
	}
	var list []*cycle
	head := []byte(`{"product":"` + product + `",`) // every line begins so; a test holds the file to it
	for line := range bytes.Lines(eolData) {
		if bytes.HasPrefix(line, head) {
			c := new(cycle)
			mustDecode("eol.jsonl", line, c)
			list = append(list, c)
		}
	}
	found, _ := cycles.LoadOrStore(product, list)
	return found.([]*cycle)
}

// EndOfLife lists the releases that a reference carries by name: python:3.8-slim-buster
// carries Python 3.8 and Debian 10. What a tag does not say is not guessed, so
// python:3.8 carries Python alone, and a reference by digest alone carries
// nothing. For Debian the date is that of LTS, for everything else the end of
// security support. img may be nil. Whether a date is past is the caller's
// question: see Past.
func EndOfLife(r Ref, img *Image) []EOL {
	repo := canonical(r.Repo)
	if img != nil && len(img.Match.Repos) > 0 && contains(img.Match.Repos, r.Repo) && productOf(repo) == usual {
		repo = img.Match.Repos[0]
	}
	p := productOf(repo)
	var list []EOL
	add := func(e EOL, ok bool) {
		if ok && !holds(list, e) {
			list = append(list, e)
		}
	}
	t := parseTag(r.Tag, p)
	if p.EOL != "" {
		add(productEnd(p, t))
	}
	for _, o := range t.os {
		add(systemEnd(o))
	}
	if at := strings.LastIndexByte(repo, '-'); at >= 0 { // gcr.io/distroless/static-debian11
		if name, number := splitNumber(repo[at+1:]); name == "debian" {
			add(systemEnd(osRelease{name: name, release: number}))
		}
	}
	return list
}

func holds(list []EOL, e EOL) bool {
	for _, x := range list {
		if x.Product == e.Product && x.Cycle == e.Cycle {
			return true
		}
	}
	return false
}

func productEnd(p *product, t *tag) (EOL, bool) {
	version := t.version
	if p.Cycle != "" && !strings.Contains(p.Cycle, "{v}") {
		version = p.Cycle
	}
	// From the longest spelling to the shortest: 9.6.24 is of cycle 9.6, 16.4 of 16.
	for version != "" {
		want := version
		if strings.Contains(p.Cycle, "{v}") {
			want = strings.ReplaceAll(p.Cycle, "{v}", version)
		}
		for _, c := range cyclesOf(p.EOL) {
			if c.Cycle == want {
				return c.end(), true
			}
		}
		at := strings.LastIndexByte(version, '.')
		if at < 0 {
			break
		}
		version = version[:at]
	}
	return EOL{}, false
}

func systemEnd(o osRelease) (EOL, bool) {
	name := knowledge.SystemOf(o.name)
	if name == "" {
		return EOL{}, false
	}
	if e, ok := productEnd(&product{EOL: name}, &tag{version: o.release}); ok {
		return e, true
	}
	for _, c := range cyclesOf(name) {
		if first, _, _ := strings.Cut(c.Codename, " "); first != "" && strings.EqualFold(first, o.release) {
			return c.end(), true
		}
	}
	return EOL{}, false
}
