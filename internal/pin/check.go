package pin

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/dockworthy/dockworthy/attest"
	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/tags"
)

// A Kind is what can be amiss with a pin.
type Kind struct {
	ID       string
	Severity check.Severity
	Claim    string // what is true when all is well
	Why      string
	Mend     string
}

// The kinds, in the order in which they are listed.
var (
	Unpinned = &Kind{"pin/unpinned", check.Warning, "every reference to an image has a digest", "a tag can be pushed again with different contents", "run dockworthy pin"}
	Drift    = &Kind{"pin/drift", check.Warning, "every digest is the one that its tag stands for", "the tag was pushed again since: what was fixed in it is not in the build", "run dockworthy pin --update"}
	Child    = &Kind{"pin/single-platform", check.Error, "every digest is of an index, where its tag has one", "the digest of one platform's image gives that image on every machine, where it does not start", "run dockworthy pin --update, which takes the digest of the index"}
	Platform = &Kind{"pin/missing-platform", check.Error, "every digest has an image for the platforms that are needed", "a build for another platform fails", "pin a digest that has the platform, or use another image"}
	Gone     = &Kind{"pin/gone", check.Error, "the registry has every digest that is pinned", "the build fails as soon as no cache has the image", "run dockworthy pin --update"}
	Unlocked = &Kind{"pin/not-locked", check.Warning, "every digest is the one in dockworthy.lock", "what was written by hand, or by another tool, nobody has looked at", "run dockworthy pin, which notes what is written, or dockworthy pin --update"}

	Kinds = []*Kind{Unpinned, Drift, Child, Platform, Gone, Unlocked}
)

// A Remark is something amiss with one use.
type Remark struct {
	*Kind
	Use     *Use
	Message string
}

// A Checking is what was found out of the pins of a project.
type Checking struct {
	Remarks []Remark
	Failed  []*Decision // what the registry did not say
	Pinned  int         // uses with a digest
}

// CheckOptions are what pins are held against.
type CheckOptions struct {
	Lock      *Lock
	Platforms []string // that every image is needed for
}

// Check holds the pins of uses against the registry, or, where reg is nil, against the
// lock alone.
func Check(ctx context.Context, uses []*Use, reg Registry, opt CheckOptions) (*Checking, error) {
	if opt.Lock == nil {
		opt.Lock = &Lock{}
	}
	c := &checker{opt: opt, reg: reg, asked: map[string]*pinned{}}
	for _, u := range uses {
		if u.Why == "" && u.Pinned() && c.asked[u.pin()] == nil {
			p := &pinned{use: u}
			c.asked[u.pin()], c.order = p, append(c.order, p)
		}
	}
	if reg != nil {
		group, within := errgroup.WithContext(ctx)
		group.SetLimit(atOnce)
		for _, p := range c.order {
			group.Go(func() error {
				c.ask(within, p)
				return within.Err()
			})
		}
		if err := group.Wait(); err != nil {
			return nil, err
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	for _, u := range uses {
		switch {
		case u.Why != "" && !(u.stuck && !u.Pinned()) || u.Ref.Repo == "":
		case !u.Pinned():
			c.say(Unpinned, u, "%s %s has no digest", u.What, u.Ref.Familiar+":"+u.Tag())
		default:
			c.out.Pinned++
			c.judge(u)
		}
	}
	return &c.out, nil
}

// pin is what one use is pinned to.
func (u *Use) pin() string { return u.Ref.String() }

// A pinned is what is found out of one reference with a digest.
type pinned struct {
	use  *Use
	held *tags.Manifest // nil = the registry does not have it
	now  attest.Digest  // what the tag stands for; "" = it has none
	tag  *tags.Manifest // what there is under now, where it was asked for
	err  error
}

type checker struct {
	opt   CheckOptions
	reg   Registry
	asked map[string]*pinned
	order []*pinned
	out   Checking
}

func (c *checker) ask(ctx context.Context, p *pinned) {
	repo := p.use.Ref.Repo
	if p.use.Ref.Tag != "" {
		var err error
		if p.now, err = c.reg.Digest(ctx, repo+":"+p.use.Ref.Tag); err != nil && !tags.IsMissing(err) {
			p.err = err
			return
		}
	}
	var err error
	if p.held, err = c.reg.Manifest(ctx, repo+"@"+p.use.Ref.Digest); err != nil {
		if p.held = nil; !tags.IsMissing(err) {
			p.err = err
		}
		return
	}
	if !p.held.Index && p.now != "" && p.now != p.held.Digest {
		p.tag, p.err = c.reg.Manifest(ctx, repo+"@"+string(p.now))
	}
}

func (c *checker) say(k *Kind, u *Use, format string, args ...any) {
	c.out.Remarks = append(c.out.Remarks, Remark{k, u, fmt.Sprintf(format, args...)})
}

// judge says what is amiss with one pin.
func (c *checker) judge(u *Use) {
	name := u.Ref.Familiar
	if u.Ref.Tag != "" {
		name += ":" + u.Ref.Tag
	}
	locked := c.opt.Lock.Get(u.Ref.Repo, u.Ref.Tag)
	platforms := []string(nil)
	if c.reg == nil {
		switch {
		case u.Ref.Tag == "":
			return
		case locked == nil || locked.Digest == "":
			c.say(Unlocked, u, "%s is pinned, but %s has no digest of it", name, LockName)
			return
		case string(locked.Digest) != u.Ref.Digest:
			c.say(Unlocked, u, "%s is pinned to %s, but %s has %s", name, short(u.Ref.Digest), LockName, short(string(locked.Digest)))
			return
		}
		platforms = locked.Platforms
	} else {
		p := c.asked[u.pin()]
		switch {
		case p.err != nil:
			if !slices.ContainsFunc(c.out.Failed, func(d *Decision) bool { return d.Use.pin() == u.pin() }) {
				c.out.Failed = append(c.out.Failed, &Decision{Use: u, Deed: Fail, Err: p.err, Reason: p.err.Error()})
			}
			return
		case p.held == nil:
			c.say(Gone, u, "the registry does not have %s@%s any more", name, short(u.Ref.Digest))
			return
		case p.tag != nil && p.tag.Index:
			c.say(Child, u, "%s is pinned to the image for %s alone; its tag has an index with %s", name, strings.Join(p.held.Names(), ", "), strings.Join(p.tag.Names(), ", "))
		case p.now == "" && u.Ref.Tag != "":
			c.say(Drift, u, "%s is pinned to %s, and the registry does not have the tag any more", name, short(u.Ref.Digest))
		case p.now != "" && p.now != p.held.Digest:
			c.say(Drift, u, "%s is pinned to %s, and the tag stands for %s now", name, short(u.Ref.Digest), short(string(p.now)))
		}
		platforms = p.held.Names()
	}
	if len(platforms) == 0 {
		return
	}
	needs := slices.Clone(c.opt.Platforms)
	if u.Platform != "" {
		needs = append(needs, u.Platform)
	}
	if c.reg != nil && locked != nil && string(locked.Digest) != u.Ref.Digest {
		needs = append(needs, locked.Platforms...)
	}
	have := &Locked{Platforms: platforms}
	var missing []string
	for _, need := range needs {
		if !have.has(need) && !slices.Contains(missing, need) {
			missing = append(missing, need)
		}
	}
	if len(missing) > 0 {
		c.say(Platform, u, "%s has no image for %s: its digest has %s", name, strings.Join(missing, ", "), strings.Join(platforms, ", "))
	}
}

// short is a digest as a message shows it.
func short(d string) string {
	if len(d) > 19 {
		return d[:19] + "…"
	}
	return d
}
