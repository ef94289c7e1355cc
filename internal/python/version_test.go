package python

import "testing"

func TestFits(t *testing.T) {
	for _, c := range []struct {
		have, asked string
		want        bool
	}{
		{"3.13", "", true}, {"3.13", "nonsense", true}, {"3.13.0", ">=3.9", true}, {"3.13.0", ">=3.9,<3.13", false}, {"3.12.9", ">=3.9, <3.13", true},
		{"3.12.1", "^3.11", true}, {"4.0", "^3.11", false}, {"3.10.1", "^3.11", false}, {"3.11.7", "~3.11", true}, {"3.12.1", "~3.11", false},
		{"3.11.7", "~=3.11", true}, {"3.12.1", "~=3.11", true}, {"3.12.1", "~=3.11.2", false}, {"3.11.1", "==3.11.*", true}, {"3.12.1", "3.11", false},
		{"3.9.7", "!=3.9.7,>=3.8", false}, {"3.9.8", "!=3.9.7,>=3.8", true}, {"3.14.1", ">=3", true}, {"3.12.1", ">=3.8 <3.12", false}, {"3.12.1", "3.9 || >=3.12", true},
		{"3.13.0", "<=3.13", true}, {"3.14.0", ">3.13", true}, {"3.13", "<4", true}, {"3.13.0", ">=3.10,<4.0", true},
	} {
		if got := Fits(c.have, c.asked); got != c.want {
			t.Errorf("%s for %q is %v", c.have, c.asked, got)
		}
	}
}
