package hostile_test

import (
	"testing"

	"github.com/dockworthy/dockworthy/bench/hostile"
)

// Repositories have about the size that was asked for, so that ten times as much
// is ten times as much: some have one long value whatever their size.
func TestSizes(t *testing.T) {
	for _, k := range hostile.Kinds() {
		for _, n := range []int{20_000, 100_000} {
			if got := k.Make(n).Size(); got > 2*n+64_000 {
				t.Errorf("%s of %d bytes has %d", k.Name, n, got)
			}
		}
	}
}
