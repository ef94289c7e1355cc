package near

import "testing"

func TestOf(t *testing.T) {
	list := []string{"non-root", "layer-cache", "secrets", "healthcheck"}
	for word, want := range map[string]string{"nonroot": "non-root", "non-rot": "non-root", "Secret": "secrets", "health-chek": "healthcheck", "xyzzy": "", "": ""} {
		if got := Of(list, word); got != want {
			t.Errorf("%q is near %q, not %q", word, got, want)
		}
	}
	if Of(nil, "a") != "" || Hint(list, "secrts") != ": did you mean secrets?" || Hint(list, "?") != "" {
		t.Error("hints")
	}
	if Plain("DS-0002") != Plain("ds002") || Plain("CIS 4.10") == Plain("CIS 4.1") {
		t.Error("zeros")
	}
}
