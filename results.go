package dockworthy

import (
	"reflect"
	"slices"
	"sync"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/source"
)

// results are what was said of the units of a project that can be edited, so that
// it is not worked out again where nothing that it rests on has changed. They are
// those of one set of options: of whoever asked last.
type results struct {
	mu     sync.Mutex
	opt    check.Options
	byUnit map[check.Unit]said
}

type said struct {
	builds []*check.Build
	result *check.Result
}

// of is what was said of these builds with these options; nil = nothing was.
func (r *results) of(u check.Unit, builds []*check.Build, opt check.Options) *check.Result {
	r.mu.Lock()
	defer r.mu.Unlock()
	s, ok := r.byUnit[u]
	if !ok || !slices.Equal(s.builds, builds) || !reflect.DeepEqual(r.opt, opt) {
		return nil
	}
	return s.result
}

func (r *results) add(u check.Unit, builds []*check.Build, opt check.Options, res *check.Result) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byUnit == nil || !reflect.DeepEqual(r.opt, opt) {
		r.byUnit, r.opt = map[check.Unit]said{}, opt
	}
	r.byUnit[u] = said{builds, res}
}

// keep takes over what was said of the units that are the same in both snapshots.
func (r *results) keep(old *results, after *source.Snapshot) {
	old.mu.Lock()
	defer old.mu.Unlock()
	r.opt, r.byUnit = old.opt, map[check.Unit]said{}
	for u, s := range old.byUnit {
		if after.Kept(u, s.builds) {
			r.byUnit[u] = s
		}
	}
}
