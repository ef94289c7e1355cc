// Package meter counts the steps that looking at something takes, up to a limit
// that grows with what there is to look at.
package meter

// A Meter counts steps. The zero Meter has none to take.
type Meter struct {
	Left  int
	Spent int // steps that were taken, and one for each time that somebody asked
}

// Spend tells whether n more steps may be taken, and takes them. From the first
// time that they may not, none may.
func (m *Meter) Spend(n int) bool {
	m.Spent++
	if m.Left < n {
		m.Left = 0
		return false
	}
	m.Left -= n
	m.Spent += n
	return true
}
