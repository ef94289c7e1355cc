// Package rebuild says why the steps of a build ran again: which file of which
// COPY changed, which variable, which parent. It compares two builds as the
// builder's cache does, by the source model and by what the builder told, and
// where these give no cause it says so.
package rebuild

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/dockworthy/dockworthy/internal/run"
	"github.com/dockworthy/dockworthy/internal/source"
)

// layers are the instructions of a stage that the builder counts as steps.
// Source: BuildKit, dockerfile2llb, toDispatchState.
func layers(st *source.Stage) []*source.Step {
	return slices.DeleteFunc(slices.Clone(st.Steps), func(s *source.Step) bool {
		switch s.Keyword {
		case "RUN", "COPY", "ADD", "WORKDIR":
			return false
		}
		return true
	})
}

// total is how many steps the builder says that a stage has: "[build 3/6] …".
var total = regexp.MustCompile(`^\[[^\]]*\d+/(\d+)\]`)

// Match finds the steps of a Dockerfile among those of a builder, by their stage
// and number, and gives their indexes in list. FROM is the first of a stage where
// it names an image; where it names another stage, or scratch, it is no step. A
// stage of which the builder counts other steps than the Dockerfile has, as those
// of ONBUILD, is left out.
func Match(b *source.Build, list []run.BuildStep) map[*source.Step]int {
	out := map[*source.Step]int{}
	for _, st := range b.Stages {
		name := st.Name
		if name == "" {
			name = fmt.Sprintf("stage-%d", st.Index)
		}
		from := 1
		if st.Parent != nil || st.Image != nil && st.Image.Scratch {
			from = 0
		}
		counted := layers(st)
		for i, seen := range list {
			// One stage alone has no name in the builder's words.
			if !strings.EqualFold(seen.Stage, name) && (seen.Stage != "" || len(b.Stages) > 1) {
				continue
			}
			if m := total.FindStringSubmatch(seen.Name); m != nil && m[1] != strconv.Itoa(from+len(counted)) {
				continue
			}
			if n := seen.Index - 1 - from; n >= 0 && n < len(counted) && strings.HasPrefix(strings.ToUpper(seen.Instr), counted[n].Keyword) {
				out[counted[n]] = i
			}
		}
	}
	return out
}
