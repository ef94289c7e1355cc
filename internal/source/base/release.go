package base

import "time"

// A Release is a line of releases of a product, newest version included.
type Release struct {
	Cycle  string    // 3.13
	Name   string    // its codename where it has one: bookworm
	Latest string    // the newest version when the data was read: 3.13.9; "" = not said
	LTS    bool      // its maker supports it longer than others
	From   time.Time // the day from which that is so; zero = always, where LTS
	End    time.Time // the last day of support; zero where the source gives no date
	AsOf   string    // when the data was read
}

// Releases are the lines of a product as endoflife.date names it, newest first;
// nil = it is not known.
func Releases(product string) []Release {
	var list []Release
	for _, c := range cyclesOf(product) {
		r := Release{Cycle: c.Cycle, Name: c.Codename, Latest: c.Latest, LTS: c.LTS || c.LTSFrom != "", End: c.end().Date, AsOf: c.AsOf}
		r.From, _ = time.Parse(time.DateOnly, c.LTSFrom)
		list = append(list, r)
	}
	return list
}

// Line is the version of a release line that a repository names by a word: 20 for
// iron of node; "" = it has no such line.
func Line(repo, word string) string { return productOf(canonical(repo)).Lines[word] }
