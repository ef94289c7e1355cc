package pin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/dockworthy/dockworthy/attest"
	"github.com/dockworthy/dockworthy/internal/tags"
	"github.com/dockworthy/dockworthy/text"
)

// A Registry says what names stand for: *tags.Resolver does.
type Registry interface {
	// Digest is what a tag stands for.
	Digest(ctx context.Context, ref string) (attest.Digest, error)
	// Manifest is what there is under a digest.
	Manifest(ctx context.Context, ref string) (*tags.Manifest, error)
	// Tags are those of a reference's repository.
	Tags(ctx context.Context, ref string) ([]string, error)
	// Origin is what an image says of itself.
	Origin(ctx context.Context, ref, platform string) (tags.Origin, error)
}

// Options choose what is pinned. The zero Options pin what has no digest.
type Options struct {
	Update  bool          // also what has a digest, to what its tag stands for now
	Literal bool          // a FROM with variables gets the reference itself
	Full    bool          // a tag that moves becomes the full version that is the same image
	MinAge  time.Duration // how long a digest has to be known before it is taken
	Now     time.Time
	Lock    *Lock
	Whole   bool // the uses are all of the project: what else is in the lock goes
}

// A Deed is what becomes of a use.
type Deed string

// The deeds.
const (
	Pin    Deed = "pin"    // it gets a digest
	Update Deed = "update" // it gets another digest
	Keep   Deed = "keep"   // it has the digest that it is to have
	Skip   Deed = "skip"   // it is left alone, for a reason
	Wait   Deed = "wait"   // its digest is not old enough
	Fail   Deed = "fail"   // the registry did not say
)

// A Decision is what becomes of one use, and why.
type Decision struct {
	*Use
	Deed   Deed
	Digest attest.Digest // that it has afterwards; "" = none
	Tag    string        // that it has afterwards
	Reason string        // of Skip, Wait and Fail
	Locked *Locked       // what is known of the digest; nil = nothing
	Err    error         // of Fail
}

// A Change is what becomes of one file.
type Change struct {
	File  *text.File
	Edits []text.Edit
	After []byte
}

// A Plan is what pinning does to a project.
type Plan struct {
	Decisions []*Decision
	Changes   []*Change // of the project's files, in the order of their names
	Lock      *Lock     // as it is afterwards
}

// atOnce is how many questions are asked at a time.
const atOnce = 16

// New plans the pins of uses. Questions that have no answer are decisions, too: the
// error is that of ctx, or of edits that get into each other's way.
func New(ctx context.Context, uses []*Use, reg Registry, opt Options) (*Plan, error) {
	if opt.Lock == nil {
		opt.Lock = &Lock{}
	}
	p := &planner{reg: reg, opt: opt, answers: map[string]*answer{}, day: DayOf(opt.Now)}
	for _, u := range uses {
		if p.asks(u) {
			p.want(u)
		}
	}
	group, within := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for _, a := range p.order {
		group.Go(func() error {
			p.ask(within, a)
			return within.Err()
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	plan := &Plan{}
	for _, u := range uses {
		plan.Decisions = append(plan.Decisions, p.decide(u))
	}
	plan.agree()
	plan.Lock = p.lock(plan.Decisions)
	var err error
	plan.Changes, err = p.changes(plan.Decisions)
	return plan, err
}

// A planner makes a plan.
type planner struct {
	reg     Registry
	opt     Options
	day     Date
	answers map[string]*answer
	order   []*answer
}

// An answer is what is found out of one repository and tag.
type answer struct {
	name, tag string
	known     *Locked // a copy of what the lock has; never nil
	full      bool    // a full version is looked for
	digest    attest.Digest
	version   string // the full version; "" = the tag stays
	wait      string // why there is no digest yet
	err       error
}

// asks tells whether it is to be found out what a use stands for.
func (p *planner) asks(u *Use) bool {
	if u.Why != "" && !(p.opt.Literal && u.stuck && u.literal) || u.Ref.Repo == "" || !u.Follows() {
		return false
	}
	return !u.Pinned() || p.opt.Update
}

func (p *planner) want(u *Use) {
	if p.answers[u.Key()] != nil {
		return
	}
	a := &answer{name: u.Ref.Repo, tag: u.Tag(), known: p.opt.Lock.Get(u.Ref.Repo, u.Tag()).clone(), full: p.opt.Full && !u.Pinned()}
	if a.known == nil {
		a.known = &Locked{Name: a.name, Tag: a.tag}
	}
	if u.Pinned() && a.known.Digest != attest.Digest(u.Ref.Digest) {
		a.known.take(attest.Digest(u.Ref.Digest), p.day) // what is written counts
	}
	p.answers[u.Key()] = a
	p.order = append(p.order, a)
}

// ask finds out what one tag stands for. What the lock has is taken, unless newer is
// asked for.
func (p *planner) ask(ctx context.Context, a *answer) {
	if a.digest = a.known.Digest; a.digest == "" || p.opt.Update {
		if a.digest, a.err = p.renew(ctx, a); a.err != nil || a.wait != "" {
			return
		}
	}
	if a.full {
		a.version, a.err = p.fullVersion(ctx, a)
	}
}

// renew asks the registry, and takes what is old enough.
func (p *planner) renew(ctx context.Context, a *answer) (attest.Digest, error) {
	now, err := p.reg.Digest(ctx, a.name+":"+a.tag)
	if err != nil {
		return "", err
	}
	a.known.see(now, p.day)
	taken := now
	if p.opt.MinAge > 0 {
		var from Date
		if taken, from = a.known.oldEnough(p.opt.Now.Add(-p.opt.MinAge)); taken == "" {
			a.wait = fmt.Sprintf("it was first seen on %s, and is taken from %s on", from, DayOf(from.Add(p.opt.MinAge+24*time.Hour-1)))
			return "", nil
		}
	} else {
		a.known.Newer = slices.DeleteFunc(a.known.Newer, func(s Seen) bool { return s.Digest != now })
	}
	a.known.take(taken, p.day)
	if len(a.known.Platforms) == 0 {
		m, err := p.reg.Manifest(ctx, a.name+"@"+string(taken))
		if err != nil {
			return "", err
		}
		a.known.Platforms, a.known.Single = m.Names(), !m.Index
	}
	return taken, nil
}

// decide is what becomes of one use.
func (p *planner) decide(u *Use) *Decision {
	d := &Decision{Use: u, Tag: u.Tag(), Digest: attest.Digest(u.Ref.Digest)}
	a := p.answers[u.Key()]
	switch {
	case !p.asks(u):
		d.Deed, d.Reason = Skip, u.Why
		if u.stuck && u.literal && !u.Pinned() {
			d.Reason += " (--literal writes the whole reference into FROM)"
		}
		if u.Pinned() && u.Why == "" {
			d.Deed = Keep
			if !u.Follows() && p.opt.Update {
				d.Reason = "it has no tag that says what would be newer"
			}
		}
	case a.err != nil:
		d.Deed, d.Err = Fail, a.err
		d.Reason = a.err.Error()
	case a.wait != "":
		d.Deed, d.Reason, d.Locked = Wait, a.wait, a.known
		if u.Pinned() {
			d.Deed = Keep
		}
	case u.Platform != "" && !a.known.has(u.Platform):
		d.Deed, d.Err = Fail, fmt.Errorf("%s:%s has no image for %s, which FROM asks for: it has %s", a.name, a.tag, u.Platform, strings.Join(a.known.Platforms, ", "))
		d.Reason = d.Err.Error()
	default:
		d.Deed, d.Digest, d.Locked = Pin, a.digest, a.known
		if a.version != "" && (p.opt.Literal && u.literal || u.Carrier.replaceable(u.Ref.Tag)) {
			d.Tag = a.version
		}
		if u.Pinned() {
			if d.Deed = Update; u.Ref.Digest == string(a.digest) {
				d.Deed = Keep
			}
		}
	}
	return d
}

// has tells whether there is an image for a platform, as far as is known.
func (i *Locked) has(platform string) bool {
	return len(i.Platforms) == 0 || slices.ContainsFunc(i.Platforms, func(p string) bool {
		return p == platform || strings.HasPrefix(p, platform+"/") || strings.HasPrefix(platform, p+"/")
	})
}

// agree leaves alone what several uses share, where they would have it different, or
// where it is not known what one of them is.
func (p *Plan) agree() {
	type place struct {
		file string
		end  int
	}
	groups := map[place][]*Decision{}
	for _, d := range p.Decisions {
		if d.Carrier != nil {
			at := place{d.Carrier.File.Name, d.Carrier.End}
			groups[at] = append(groups[at], d)
		}
	}
	for _, list := range groups {
		first, why := list[0], ""
		for _, d := range list[1:] {
			switch {
			case d.Deed == Fail || d.Deed == Wait || d.Deed == Skip:
				why = fmt.Sprintf("%s on line %d shares its text, and has no digest", d.What, d.Line())
			case first.Deed == Fail || first.Deed == Wait || first.Deed == Skip:
				why = fmt.Sprintf("%s on line %d shares its text, and has no digest", first.What, first.Line())
			case first.Digest != d.Digest || first.Tag != d.Tag:
				why = "it is " + first.Ref.String() + " in one place and " + d.Ref.String() + " in another, which are different images"
			}
		}
		if why == "" {
			continue
		}
		for _, d := range list {
			if d.Deed == Pin || d.Deed == Update {
				d.Deed, d.Reason, d.Digest, d.Locked = Skip, why, attest.Digest(d.Ref.Digest), nil
			}
		}
	}
}

// lock is the lock with what is known now.
func (p *planner) lock(list []*Decision) *Lock {
	out := &Lock{Version: lockVersion}
	taken := map[string]bool{}
	add := func(i *Locked) {
		key := i.Name + ":" + i.Tag
		if taken[key] {
			return
		}
		taken[key] = true
		if old := p.opt.Lock.Get(i.Name, i.Tag); old != nil && old.same(i) {
			i.Checked = old.Checked
		} else if len(i.Platforms) > 0 || len(i.Newer) > 0 {
			i.Checked = p.day
		}
		out.Images = append(out.Images, i)
	}
	for _, d := range list {
		if d.Ref.Repo == "" || !d.Follows() {
			continue
		}
		old := p.opt.Lock.Get(d.Ref.Repo, d.Use.Tag())
		switch {
		case d.Locked != nil:
			i := d.Locked.clone()
			i.Tag = d.Tag
			add(i)
		case d.Deed == Keep && (old == nil || old.Digest != d.Digest):
			i := &Locked{Name: d.Ref.Repo, Tag: d.Use.Tag()}
			if old != nil {
				i = old.clone()
			}
			i.take(d.Digest, p.day)
			add(i)
		case d.Deed == Keep || d.Deed == Fail && old != nil:
			add(old.clone())
		}
	}
	if !p.opt.Whole {
		for _, old := range p.opt.Lock.Images {
			add(old.clone())
		}
	}
	slices.SortFunc(out.Images, func(a, b *Locked) int { return strings.Compare(a.Name+"\x00"+a.Tag, b.Name+"\x00"+b.Tag) })
	return out
}

// changes are the edits of all files.
func (p *planner) changes(list []*Decision) ([]*Change, error) {
	by := map[string]*Change{}
	for _, d := range list {
		if d.Deed != Pin && d.Deed != Update {
			continue
		}
		file, e := d.edit(p.opt.Literal)
		c := by[file.Name]
		if c == nil {
			c = &Change{File: file}
			by[file.Name] = c
		}
		if !slices.Contains(c.Edits, e) {
			c.Edits = append(c.Edits, e)
		}
	}
	var out []*Change
	var errs []error
	for _, c := range by {
		after, err := c.File.Apply(c.Edits)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		c.After = after
		slices.SortFunc(c.Edits, func(a, b text.Edit) int { return a.Span.Start - b.Span.Start })
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b *Change) int { return strings.Compare(a.File.Name, b.File.Name) })
	return out, errors.Join(errs...)
}

// edit is how a decision is written.
func (d *Decision) edit(literal bool) (*text.File, text.Edit) {
	if literal && d.literal {
		value, _, _ := strings.Cut(d.Ref.Raw, "@")
		if d.Ref.Tag == "" {
			value += ":" + d.Tag
		} else if d.Tag != d.Ref.Tag {
			value = strings.TrimSuffix(value, d.Ref.Tag) + d.Tag
		}
		return d.File, text.Edit{Span: d.Span, New: value + "@" + string(d.Digest)}
	}
	tag := ""
	if d.Tag != d.Use.Tag() {
		tag = d.Tag
	}
	return d.Carrier.File, d.Carrier.edit(d.Ref, tag, string(d.Digest))
}
