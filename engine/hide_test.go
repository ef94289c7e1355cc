package engine

import "testing"

func TestHide(t *testing.T) {
	token := "ghp_" + "x8Kq2LmZ9xTb4WcV7nRd3YpE6sHj1Gf0UiOa"
	values := valuesOf(map[string]string{"URL": "postgres://app:Lantern-55@db/app", "PW": "Lantern-55", "MODE": "production", "N": "7"})
	for in, want := range map[string]string{
		"listening on 7 in production":                            "listening on 7 in production",
		"cannot connect to postgres://app:Lantern-55@db/app":      "cannot connect to post****",
		"wrong password Lantern-55":                               "wrong password ****",
		"clone failed: https://x:" + token + "@example.com/a.git": "clone failed: https://x:ghp_****@example.com/a.git",
	} {
		if got := hide(in, values); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}
