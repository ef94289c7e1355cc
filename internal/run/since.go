package run

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
