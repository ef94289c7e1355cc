package deploy

import "github.com/dockworthy/dockworthy/internal/meter"

// A budget is how much may be done with one file, in steps: entries looked at,
// values made, characters put in the place of variables. It grows with the
// file, so that reading one costs no more than its size is worth: aliases, merge
// keys and variables let a few lines stand for any number of entries.
type budget struct {
	steps  meter.Meter
	beyond string // what went beyond it or another limit first; "" = nothing did
}

// Steps that a file of any size may take, and those for each byte of it. A file
// as people write them takes one or two for each byte.
const (
	freeSteps    = 100_000
	stepsPerByte = 8
	stepsOfValue = 8   // making one value
	stepsOfThing = 128 // making one service or container
	bytesOfStep  = 4   // characters that one step puts in
)

func newBudget(size int) *budget {
	return &budget{steps: meter.Meter{Left: freeSteps + stepsPerByte*size}}
}

// spend tells whether n more steps may be taken, and takes them.
func (b *budget) spend(n int, what string) bool {
	ok := b.steps.Spend(n)
	if !ok {
		b.stop(what)
	}
	return ok
}

// stop notes what was not followed to its end.
func (b *budget) stop(what string) {
	if b.beyond == "" {
		b.beyond = what
	}
}

// What goes beyond a budget, as it is said of a file.
const (
	manyEntries = "its aliases and merge keys expand to more entries than the limit for a file of its size"
	longText    = "its variables expand to more text than the limit for a file of its size"
	longValue   = "one of its values is longer than 64 KiB after its variables are expanded"
	deepValue   = "its variables are nested more than 16 levels deep"
	deepMerge   = "its merge keys are nested more than 250 levels deep"
)
