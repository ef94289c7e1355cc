package main

import "testing"

// What the module promises to programs that embed it stays small, and each name of
// it says what it is.
func TestPublicNames(t *testing.T) {
	const most = 250
	count, bare, err := names("../..")
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, n := range count {
		total += n
	}
	if total > most || total < 50 {
		t.Errorf("%d names are public, which is more than %d, or hardly any: %v", total, most, count)
	}
	for _, name := range bare {
		t.Errorf("%s has no comment", name)
	}
	for _, pkg := range []string{".", "check", "report", "text", "attest", "registry"} {
		if count[pkg] == 0 {
			t.Errorf("%s is not public", pkg)
		}
	}
	if len(count) != 6 {
		t.Errorf("these packages are public: %v", count)
	}
}
