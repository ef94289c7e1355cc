package base

import "time"

// A Release is a line of releases of a product, newest version included.
type Release struct {
	Cycle  string    // 3.13
	Name   string    // its codename where it has one: bookworm
	Latest string    // the newest version when the data was read: 3.13.9; "" = not said
	LTS    bool      // its maker supports it longer than others
	End    time.Time // the last day of support; zero where the source gives no date
	AsOf   string    // when the data was read
}

// Releases are the lines of a product as endoflife.date names it, newest first;
// nil = it is not known.
func Releases(product string) []Release {
	var list []Release
	for _, c := range cyclesOf(product) {
		list = append(list, Release{Cycle: c.Cycle, Name: c.Codename, Latest: c.Latest, LTS: c.LTS, End: c.end().Date, AsOf: c.AsOf})
	}
	return list
}
