package run

import "strings"

// A Changed is a file of a build context that is not what it was in an earlier
// build.
type Changed struct {
	Path string
	How  How
}

func (c Changed) String() string { return c.Path + " " + string(c.How) }

// How is what became of a file, in words that go on from its name.
type How string

// The ways in which a file is not what it was. Its time is none: no key of the
// build cache holds it.
const (
	Edited     How = "changed"
	Added      How = "was added"
	Removed    How = "was removed"
	Mode       How = "has another mode"
	SentNow    How = "is sent now"       // the ignore file kept it back
	NoMoreSent How = "is no longer sent" // the ignore file keeps it back
)

// A Since is what the changes since a revision rebuild: the build of the revision,
// of which no RUN was answered from an earlier cache, and the build of what is
// there now, on its cache.
type Since struct {
	Dockerfile string // the path
	Target     string // a stage; "" = the last one
	Ref        string // the revision as it was named
	Commit     string // its id
	Files      []Changed
	// Recipe tells that the Dockerfile is another, Ignore that the ignore file is.
	Recipe, Ignore bool
	Notes          []string // what was not compared, and why
	Before, After  *Build   // nil = it was not built, for nothing changed, or Before failed
}

// Ran are the steps of the second build that ran again, or would have if no earlier
// build had left their result.
func (s *Since) Ran() (list []BuildStep) {
	if s.After == nil {
		return nil
	}
	for _, step := range s.After.Steps {
		if step.Because != "" {
			list = append(list, step)
		}
	}
	return list
}

// A Kept is a step that was answered from the cache, with the seconds that it took
// in the build of the revision.
type Kept struct {
	Step BuildStep
	Took float64
}

// Kept are the steps of the second build that the changes leave alone.
func (s *Since) Kept() (list []Kept) {
	if s.After == nil {
		return nil
	}
	took := map[[2]string]float64{}
	for _, step := range s.Before.Steps {
		took[[2]string{step.Stage, step.Instr}] = step.Seconds
	}
	for _, step := range s.After.Steps {
		if step.Index > 0 && !step.Unreached && step.Because == "" && step.Cached && !strings.HasPrefix(step.Instr, "FROM ") {
			list = append(list, Kept{step, took[[2]string{step.Stage, step.Instr}]})
		}
	}
	return list
}

// Cost is how many seconds of steps the changes cost, and how many a build without
// a cache would take: those and the ones of what was kept.
func (s *Since) Cost() (again, whole float64) {
	for _, step := range s.Ran() {
		again += step.Seconds
	}
	whole = again
	for _, k := range s.Kept() {
		whole += k.Took
	}
	return again, whole
}

// Failed is the build that failed, with the words for which one that is; nil =
// none did.
func (s *Since) Failed() (b *Build, which string) {
	switch {
	case s.Before != nil && s.Before.Error != "":
		return s.Before, "the build of " + s.Ref
	case s.After != nil && s.After.Error != "":
		return s.After, "the build of what is there now"
	}
	return nil, ""
}

// Short is the commit's id as people write it.
func (s *Since) Short() string { return s.Commit[:min(12, len(s.Commit))] }
