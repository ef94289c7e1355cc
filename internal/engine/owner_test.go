package engine

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

func TestRunsAreOwned(t *testing.T) {
	id := NewID()
	if abandoned(id) {
		t.Errorf("this process's own run %s is taken for abandoned", id)
	}
	if NewID() == id {
		t.Error("two runs have one id")
	}
	parts := strings.Split(id, "-")
	if len(parts) != 4 {
		t.Fatalf("id %q has not four parts", id)
	}
	// A process that has ended, and one that got the same number later.
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	for what, other := range map[string][]string{
		"a process that is gone":          {parts[0], "4194303", parts[2], parts[3]},
		"a process with another begin":    {parts[0], parts[1], "1", parts[3]},
		"a process of another machine":    {"0000000000", "4194303", "1", parts[3]},
		"something that is no id of ours": {"x"},
	} {
		want := strings.HasPrefix(what, "a process that") || strings.HasPrefix(what, "a process with")
		if got := abandoned(strings.Join(other, "-")); got != want {
			t.Errorf("%s: abandoned %t, want %t", what, got, want)
		}
	}
	if run, ok := runOf(Tag(id, "image")); !ok || run != id {
		t.Errorf("the tag %s names the run %q", Tag(id, "image"), run)
	}
	if _, ok := runOf("python:3.13"); ok {
		t.Error("python:3.13 is taken for an image of a run")
	}
}

// A container is a run's where it bears a name that runs give: its label may come
// out of any image.
func TestOurs(t *testing.T) {
	id := NewID()
	for name, want := range map[string]bool{
		"/dockworthy-" + id + "-1": true, "/dockworthy-" + id + "-peek-0123": true, "dockworthy-" + short(id) + ".1.abc": true,
		"/web": false, "/dockworthy-other-1": false, "/x-dockworthy-" + id: false, "": false,
	} {
		if got := ours(id, name); got != want {
			t.Errorf("%q is ours: %t", name, got)
		}
	}
	if ours("", "/dockworthy-") {
		t.Error("no run's container is ours")
	}
	if began(id) || began("") || began("../x") {
		t.Error("a run that never began began")
	}
	dir, err := TempDir(id)
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if !began(id) {
		t.Error("a run that began did not")
	}
}
