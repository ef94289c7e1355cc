package source

import (
	"path"
	"slices"
	"strings"
)

// An outcome is what becomes of what a build makes, as its builder is told.
// Source: docs.docker.com/reference/cli/docker/buildx/build: --output.
type outcome uint8

// The outcomes. keeps is the zero outcome: an image, or nothing is said.
const (
	keeps    outcome = iota
	exports          // its files alone are taken
	discards         // nothing but the cache is left
)

// outcomeOf is what a list of outputs comes to.
func outcomeOf(outputs []string) outcome {
	out := keeps
	for i, o := range outputs {
		one := outcomeOfOne(strings.TrimSpace(o))
		if i == 0 || one < out {
			out = one
		}
	}
	return out
}

func outcomeOfOne(output string) outcome {
	if strings.Contains(output, "$") {
		return keeps
	}
	kind := ""
	for f := range strings.SplitSeq(output, ",") {
		if v, ok := strings.CutPrefix(strings.TrimSpace(f), "type="); ok {
			kind = strings.Trim(v, `"'`)
		}
	}
	switch {
	case kind == "cacheonly":
		return discards
	case kind == "local" || kind == "tar" || kind == "" && output != "" && !strings.Contains(output, "="): // a path
		return exports
	}
	return keeps
}

// discarded says that nobody keeps an image of what a recipe makes; "" = somebody may.
func (r *recipe) discarded() string {
	if r.outcome == discards {
		return path.Base(r.by) + " keeps no image of it"
	}
	return ""
}

// tries says that CI builds a stage only to see whether it can be built: the image gets
// no name by which anybody could use it, the stage starts nothing, and another one does.
// "" = it may be used.
func (t *targeting) tries(r recipe, target *Stage, stages []*Stage) string {
	final := shipping(stages)
	if !r.unnamed || r.target == "" || final == nil || final == target || !starts(final) || starts(target) || serviceBase(target) {
		return ""
	}
	return "CI builds the stage " + target.Ref() + " without a name for its image"
}

// keepsNone tells whether all that builds a Dockerfile says that it keeps no image.
func (t *targeting) keepsNone() bool {
	return len(t.recipes) > 0 && !slices.ContainsFunc(t.recipes, func(r recipe) bool { return r.outcome != discards })
}
