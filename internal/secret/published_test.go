package secret

import "testing"

// Each line says where its value is published, and is found in a setting.
func TestPublished(t *testing.T) {
	for _, p := range published() {
		if len(p.Value) < 32 || p.What == "" || p.Source == "" || p.Date == "" {
			t.Errorf("%+v lacks something", p)
		}
		if got := Published("Key=" + p.Value + ";"); got != p.What {
			t.Errorf("Published = %q, want %q", got, p.What)
		}
		if found := Find("AccountKey=" + p.Value); len(found) > 0 {
			t.Errorf("%s is taken for %s", p.What, found[0].What)
		}
	}
}
