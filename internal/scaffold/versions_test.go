package scaffold

import "testing"

// TestVersions holds what a project asks for, in the words of its language, against
// versions.
func TestVersions(t *testing.T) {
	for _, c := range []struct {
		fits       func(have, spec string) bool
		have, spec string
		want       bool
	}{
		{phpFits, "8.4.24", "^8.2", true}, {phpFits, "8.5.9", "^7.4 || ^8.0", true}, {phpFits, "8.5.9", "^7.4", false}, {phpFits, "8.5.9", "~8.3", true}, {phpFits, "8.5.9", "~8.3.0", false}, {phpFits, "8.3.33", "~8.3.0|~8.4.0", true},
		{phpFits, "8.4.24", ">=8.1 <8.4", false}, {phpFits, "8.3.33", ">=8.1,<8.4", true}, {phpFits, "8.3.33", ">= 8.1, < 8.4", true}, {phpFits, "8.2.33", "8.2.*", true}, {phpFits, "8.3.33", "8.2.*", false}, {phpFits, "8.3.33", "8.1 - 8.3", true}, {phpFits, "8.4.24", "8.1 - 8.3", false},
		{phpFits, "8.4.24", "*", true}, {phpFits, "8.4.24", "^8.2@dev", true}, {phpFits, "8.4.24", ">=8.2,!=8.4.24", false},
		{rubyFits, "3.4.10", "3.4.10", true}, {rubyFits, "3.4.10", "3.4.4", false}, {rubyFits, "3.4.10", "~> 3.3", true}, {rubyFits, "4.0.6", "~> 3.3", false}, {rubyFits, "3.4.10", "~> 3.3.0", false}, {rubyFits, "3.4.10", ">= 3.1, < 3.5", true}, {rubyFits, "3.4.10", ">=3.1,!=3.4.10", false},
		{func(have, spec string) bool { return netFits(have, spec, "disable") }, "10.0.400", "10.0.100", false},
		{func(have, spec string) bool { return netFits(have, spec, "patch") }, "10.0.103", "10.0.100", true},
		{func(have, spec string) bool { return netFits(have, spec, "patch") }, "10.0.400", "10.0.100", false},
		{func(have, spec string) bool { return netFits(have, spec, "latestFeature") }, "10.0.400", "10.0.100", true},
		{func(have, spec string) bool { return netFits(have, spec, "latestFeature") }, "10.0.100", "10.0.400", false},
		{func(have, spec string) bool { return netFits(have, spec, "latestMajor") }, "10.0.400", "8.0.100", true},
	} {
		if got := c.fits(c.have, c.spec); got != c.want {
			t.Errorf("%s for %q: %v", c.have, c.spec, got)
		}
	}
}
