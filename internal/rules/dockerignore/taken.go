package dockerignore

import (
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/ignore"
	"github.com/dockworthy/dockworthy/text"
)

// A take is one path of the build context that a COPY, an ADD or a bind mount
// takes.
type take struct {
	path  string // in the context; "." is all of it
	step  *source.Step
	known bool // no variable in it is unset
	mount bool

	source int       // of a COPY or ADD: which one
	span   text.Span // of a mount
}

// at is where it is written.
func (t take) at() text.Span {
	if t.mount {
		return t.span
	}
	return t.step.SourcePlace(t.source)
}

// broad tells whether a COPY or ADD takes all of the context.
func (t take) broad() bool {
	if t.mount || !t.known {
		return false
	}
	return t.path == "." || strings.Trim(t.path, "*/.") == "" && strings.Contains(t.path, "*")
}

// takes are what the stages that this target needs take of the context, in the
// order of the file.
func takes(b *source.Build) []take {
	var list []take
	for _, s := range b.Stages {
		if !b.Needs(s) {
			continue
		}
		for _, step := range s.Steps {
			if c := step.Copy; c != nil && c.FromContext() {
				for i, src := range c.Sources {
					if strings.Contains(src.Value, "://") || strings.HasPrefix(src.Value, "git@") {
						continue
					}
					known := src.Known && src.Value != ""
					list = append(list, take{path: source.Clean(src.Value), step: step, source: i, known: known})
				}
				continue
			}
			// Reading a RUN takes time, and only a flag can mount something.
			if step.Keyword != "RUN" || len(step.Flags()) == 0 {
				continue
			}
			for _, m := range step.Run().Mounts {
				if m.Type == "bind" && m.From == "" {
					list = append(list, take{path: source.Clean(m.Source), step: step, span: m.Place, known: !strings.Contains(m.Source, "$"), mount: true})
				}
			}
		}
	}
	return list
}

// broadest are the takes of the whole context.
func broadest(list []take) []take {
	var broad []take
	for _, t := range list {
		if t.broad() {
			broad = append(broad, t)
		}
	}
	return broad
}

// effective tells whether an ignore file says anything.
func effective(c *source.Context) bool { return c != nil && !c.Ignore.Empty() }

// unknownContext is the verdict where the context cannot be looked at.
func unknownContext(b *source.Build) check.Verdict {
	return check.Unknown(check.ByContext, b.NoContext())
}

// witnessBudget bounds the search for a file that is sent out of a folder.
const witnessBudget = 3000

// witness is a file under a folder that is sent, with the pattern that lets it
// through; ok is false where there is none, or the search took too long.
// whole tells that the search came to its end.
func witness(c *source.Context, dir string) (file string, by *ignore.Pattern, ok, whole bool) {
	left := witnessBudget
	var walk func(p string, depth int) bool
	walk = func(p string, depth int) bool {
		for _, e := range c.Dir(p) {
			if left--; left < 0 || depth > 100 {
				return false
			}
			if e.Dir {
				if walk(e.Path, depth+1) {
					return true
				}
				continue
			}
			if sent, pattern := c.Sent(e.Path, false); sent {
				file, by = e.Path, pattern
				return true
			}
		}
		return false
	}
	ok = walk(dir, 0)
	return file, by, ok, left >= 0
}

// holds tells whether a folder of the context has any file in it.
func holds(c *source.Context, dir string) bool {
	left := 200
	var walk func(p string) bool
	walk = func(p string) bool {
		for _, e := range c.Dir(p) {
			if left--; left < 0 {
				return false
			}
			if !e.Dir || walk(e.Path) {
				return true
			}
		}
		return false
	}
	return walk(dir)
}

// isUnder tells whether p is dir or lies in it.
func isUnder(p, dir string) bool {
	return dir == "." || p == dir || strings.HasPrefix(p, dir+"/")
}
