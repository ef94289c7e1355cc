package pin

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/dockworthy/dockworthy/attest"
	"github.com/dockworthy/dockworthy/internal/source/base"
)

// LockName is the name of the file that keeps what tags stood for.
const LockName = "dockworthy.lock"

// MaxLock is the largest lock that is read.
const MaxLock = 8 << 20

// A Lock is what the tags of a project stand for, and since when that is known here.
// The zero Lock knows nothing.
type Lock struct {
	Version int       `json:"version"`
	Images  []*Locked `json:"images"` // by name and tag

	once  sync.Once
	index map[string]*Locked
}

// A Locked is what one tag stands for.
type Locked struct {
	Name      string        `json:"name"` // of the repository, in full
	Tag       string        `json:"tag"`
	Digest    attest.Digest `json:"digest,omitempty"`    // that is pinned; "" = none is old enough yet
	Platforms []string      `json:"platforms,omitempty"` // of the digest; none = nobody has asked
	Single    bool          `json:"single,omitempty"`    // the digest is of one image, and the tag has no index
	FirstSeen Date          `json:"firstSeen,omitzero"`  // when the tag was first seen to stand for the digest
	Checked   Date          `json:"checked,omitzero"`    // when the registry was last asked and something here was new
	Newer     []Seen        `json:"newer,omitempty"`     // what the tag stood for since, which is not old enough
}

// A Seen is what a tag was seen to stand for.
type Seen struct {
	Digest    attest.Digest `json:"digest"`
	FirstSeen Date          `json:"firstSeen"`
}

// A Date is a day, without a time of the day. The zero Date is none.
type Date struct{ time.Time }

// DayOf is the day of a time, in UTC.
func DayOf(t time.Time) Date { return Date{t.UTC().Truncate(24 * time.Hour)} }

func (d Date) String() string { return d.Format(time.DateOnly) }

// MarshalText writes a day as 2026-11-28.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// MarshalJSON is MarshalText, in quotes.
func (d Date) MarshalJSON() ([]byte, error) { return json.Marshal(d.String()) }

// UnmarshalJSON reads a day.
func (d *Date) UnmarshalJSON(data []byte) error {
	var s string
	if err := json.Unmarshal(data, &s); err != nil {
		return err
	}
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return fmt.Errorf("%q is not a date like 2026-11-28", s)
	}
	d.Time = t
	return nil
}

// lockVersion is the version that is read and written.
const lockVersion = 1

// ReadLock reads a lock; nil data is the zero Lock.
func ReadLock(data []byte) (*Lock, error) {
	l := &Lock{}
	if data == nil {
		return l, nil
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(l); err != nil {
		return nil, fmt.Errorf("read %s: %w", LockName, err)
	}
	if l.Version != lockVersion {
		return nil, fmt.Errorf("read %s: its version is %d, and %d is known here", LockName, l.Version, lockVersion)
	}
	for _, i := range l.Images {
		if i == nil || i.Name == "" || i.Tag == "" {
			return nil, fmt.Errorf("read %s: an entry has no name or no tag", LockName)
		}
		if _, err := base.ParseRef(i.Name + ":" + i.Tag); err != nil {
			return nil, fmt.Errorf("read %s: %w", LockName, err)
		}
		digests := []attest.Digest{i.Digest}
		for _, s := range i.Newer {
			digests = append(digests, s.Digest)
		}
		for n, digest := range digests {
			if n == 0 && digest == "" {
				continue
			}
			if _, err := attest.ParseDigest(string(digest)); err != nil {
				return nil, fmt.Errorf("read %s: %s:%s: %w", LockName, i.Name, i.Tag, err)
			}
		}
	}
	return l, nil
}

// Bytes is the lock as it is kept: the same for the same contents.
func (l *Lock) Bytes() []byte {
	out := &Lock{Version: lockVersion, Images: slices.Clone(l.Images)}
	if out.Images == nil {
		out.Images = []*Locked{}
	}
	slices.SortFunc(out.Images, func(a, b *Locked) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Tag, b.Tag))
	})
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(out); err != nil {
		panic(err) // plain data
	}
	return b.Bytes()
}

// Get is what is known of a tag; nil = nothing. The images do not change any more from
// the first call on.
func (l *Lock) Get(name, tag string) *Locked {
	l.once.Do(func() {
		l.index = make(map[string]*Locked, len(l.Images))
		for _, i := range l.Images {
			l.index[i.Name+":"+i.Tag] = i
		}
	})
	return l.index[name+":"+tag]
}

// clone is an entry that can be changed.
func (i *Locked) clone() *Locked {
	if i == nil {
		return nil
	}
	c := *i
	c.Platforms, c.Newer = slices.Clone(i.Platforms), slices.Clone(i.Newer)
	return &c
}

// same tells whether two entries say the same, whenever they were checked.
func (i *Locked) same(o *Locked) bool {
	if i == nil || o == nil {
		return i == o
	}
	return i.Digest == o.Digest && i.Single == o.Single && i.FirstSeen.Equal(o.FirstSeen.Time) && slices.Equal(i.Platforms, o.Platforms) &&
		slices.EqualFunc(i.Newer, o.Newer, func(a, b Seen) bool { return a.Digest == b.Digest && a.FirstSeen.Equal(b.FirstSeen.Time) })
}

// maxSeen is how many digests of a tag are kept that are not old enough.
const maxSeen = 100

// see notes what a tag stands for on a day.
func (i *Locked) see(d attest.Digest, day Date) {
	if i.Digest == d || slices.ContainsFunc(i.Newer, func(s Seen) bool { return s.Digest == d }) {
		return
	}
	if i.Newer = append(i.Newer, Seen{d, day}); len(i.Newer) > maxSeen {
		i.Newer = i.Newer[len(i.Newer)-maxSeen:]
	}
}

// oldEnough is the newest digest that was first seen on a day or before it; "" = none
// was. When there is none, from is the day when the first one was seen.
func (i *Locked) oldEnough(day time.Time) (d attest.Digest, from Date) {
	for n := len(i.Newer) - 1; n >= 0; n-- {
		if !i.Newer[n].FirstSeen.After(day) {
			return i.Newer[n].Digest, Date{}
		}
		from = i.Newer[n].FirstSeen
	}
	return i.Digest, from
}

// take pins a digest, and forgets what is older.
func (i *Locked) take(d attest.Digest, day Date) {
	if i.Digest == d {
		return
	}
	at := slices.IndexFunc(i.Newer, func(s Seen) bool { return s.Digest == d })
	i.Digest, i.FirstSeen, i.Platforms, i.Single = d, day, nil, false
	if at >= 0 {
		i.FirstSeen = i.Newer[at].FirstSeen
		i.Newer = slices.Clone(i.Newer[at+1:])
	} else {
		i.Newer = nil
	}
	if len(i.Newer) == 0 {
		i.Newer = nil
	}
}
