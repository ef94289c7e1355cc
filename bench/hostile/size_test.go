package hostile_test

import (
	"testing"

	"github.com/dockworthy/dockworthy/bench/hostile"
)

// Repositories have about the size that was asked for, and are the same each
// time.
func TestSizes(t *testing.T) {
	for _, k := range hostile.Kinds() {
		for _, n := range []int{20_000, 100_000} {
			if got := k.Make(n).Size(); got > n*3/2+2000 {
				t.Errorf("%s of %d bytes has %d", k.Name, n, got)
			}
		}
	}
}
