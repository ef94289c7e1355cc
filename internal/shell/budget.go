package shell

import "github.com/dockworthy/dockworthy/internal/meter"

// A Budget is how many steps the programs of one file may take together. A step
// is a byte that an expansion makes; walking a statement once more, in a loop or
// a call, takes as many as it may leave behind. Walking each statement once is
// free: it costs what the file's size is worth.
type Budget struct {
	steps meter.Meter
}

// Steps that a file of any size may take, and those for each byte of it.
const (
	freeSteps    = 8 << 20
	stepsPerByte = 16
)

// What steps are taken for.
const (
	stepsOfExtra = 256 // a statement that is walked again
	stepsOfField = 64  // a word that an expansion yields
	stepsOfInner = 16  // a byte of a program inside a word
	bytesOfCopy  = 4   // bytes that are looked at in one step
)

// NewBudget is the budget of a file of this many bytes.
func NewBudget(size int) *Budget {
	return &Budget{steps: meter.Meter{Left: freeSteps + stepsPerByte*size}}
}

// Spent is how many steps were taken, with one for each time that somebody asked
// and one for each statement, word and variable that was looked at.
func (b *Budget) Spent() int { return b.steps.Spent }

func (b *Budget) spend(n int) bool { return b.steps.Spend(n) }

// What goes beyond a limit, as it is said of a program.
const (
	manySteps  = "it takes more steps than the limit for a file of its size"
	longValue  = "a value in it is longer than 64 KiB"
	manyFields = "a word in it expands to more than 4096 words"
	deepNest   = "it is nested more than 250 levels deep"
	deepInner  = "shell scripts are nested in arguments of other commands more than 6 levels deep"
	deepCalls  = "functions in it call each other more than 12 levels deep"
	longDir    = "its working directory is longer than 4096 bytes"
)

// spend tells whether n more steps may be taken.
func (w *walker) spend(n int) bool {
	if w.in.Budget.spend(n) {
		return true
	}
	w.stop(manySteps)
	return false
}

// stop notes what the program was not followed in.
func (w *walker) stop(what string) {
	w.script.Truncated = true
	if w.script.Beyond == "" {
		w.script.Beyond = what
	}
}
