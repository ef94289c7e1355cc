package image

import (
	"errors"
	"testing"
)

func TestLookup(t *testing.T) {
	img := imageOf(Description{Config: Config{WorkingDir: "/srv", Env: []Var{{"PATH", "/usr/bin:bin"}}}}, layerOf(
		entry{name: "bin", link: "usr/bin"}, entry{name: "usr/bin/sh", mode: 0o755}, entry{name: "usr/bin/data", mode: 0o644}, entry{name: "a", link: "b"}, entry{name: "b", link: "a"},
		entry{name: "out", link: "../../../usr/bin/sh"}, entry{name: "dangling", link: "/nowhere"}, entry{name: "srv/bin/tool", mode: 0o755}, entry{name: "deep/x", link: "../usr/./bin/../bin"},
		entry{name: "usr/bin/again", link: "usr/bin/sh", hard: true},
	))
	for p, want := range map[string]string{
		"/": "/", "": "/", "/bin/sh": "/usr/bin/sh", "/out": "/usr/bin/sh", "/deep/x/sh": "/usr/bin/sh", "../../bin/sh": "/usr/bin/sh", "/usr/bin/again": "/usr/bin/again", "/srv/./../bin/sh": "/usr/bin/sh",
	} {
		if f, err := img.Tree.Lookup(p); err != nil || f.Path != want {
			t.Errorf("%s: %v, %v", p, f, err)
		}
	}
	for p, want := range map[string]error{"/a": ErrLoop, "/a/b": ErrLoop, "/dangling": ErrNotExist, "/nope": ErrNotExist, "/usr/bin/sh/x": ErrNotDir, "/bin/sh/": ErrNotDir, "/nope/..": ErrNotExist} {
		if f, err := img.Tree.Lookup(p); !errors.Is(err, want) {
			t.Errorf("%s: %v, %v, want %v", p, f, err, want)
		}
	}
	for name, want := range map[string]string{"sh": "/usr/bin/sh", "tool": "/srv/bin/tool", "bin/tool": "/srv/bin/tool", "./bin/tool": "/srv/bin/tool", "data": "/usr/bin/data", "nope": "", "": "", "/bin/sh": "/usr/bin/sh"} {
		got := ""
		if f := img.LookPath(name); f != nil {
			got = f.Path
		}
		if got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if f := img.Tree.Lstat("/usr/bin/again"); !f.Hard || f.Mode.Perm() != 0o755 || f.Bytes() != 0 {
		t.Errorf("%+v", f)
	}
}

func TestWhiteouts(t *testing.T) {
	img := imageOf(Description{},
		layerOf(entry{name: "d/old", body: "1234"}, entry{name: "d/sub/x", body: "12"}, entry{name: "e/x", body: "1"}, entry{name: "f", body: "123"}, entry{name: "g/x", body: "12345"}, entry{name: "lib", link: "usr/lib"}),
		// New content comes before the removal of the old: it stays.
		layerOf(entry{name: "d/new", body: "1"}, entry{name: "d/", gone: true}, entry{name: "e", gone: true}, entry{name: "f/inside", body: "1"}, entry{name: "g", body: "1"}, entry{name: "absent", gone: true}, entry{name: "no/such/x", gone: true}),
		layerOf(entry{name: "e/y", body: "1"}, entry{name: "d/", mode: 0o700}),
	)
	var got string
	for f := range img.Tree.All() {
		got += f.Path + " "
	}
	if want := "/d /d/new /e /e/y /f /f/inside /g /lib "; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if n := img.Tree.Len(); n != 8 {
		t.Errorf("%d entries", n)
	}
	if d := img.Tree.Lstat("/d"); d.Mode.Perm() != 0o700 {
		t.Errorf("%v", d.Mode)
	}
	want := map[string]WasteKind{"/d/old": Deleted, "/d/sub/x": Deleted, "/e/x": Deleted, "/f": Deleted, "/g/x": Deleted}
	for _, w := range img.Waste {
		if kind, ok := want[w.Path]; !ok || kind != w.Kind || w.First != 0 || w.Layer != 1 {
			t.Errorf("%+v", w)
		}
		delete(want, w.Path)
	}
	if len(want) > 0 {
		t.Errorf("no waste: %v", want)
	}
}

func TestIdentity(t *testing.T) {
	img := imageOf(Description{}, layerOf(
		entry{name: "etc/passwd", body: "root:x:0:0::/root:/bin/sh\ntoor:x:0:0::/root:\nbad line\napp:x:1000:1001::/home/app:\n42:x:7:7::/:\n"},
		entry{name: "etc/group", body: "app:x:1001:\nweb:x:33:app,other\n"}))
	for user, want := range map[string]Identity{
		"": {Name: "root", Home: "/root"}, "root": {Name: "root", Home: "/root"}, "toor": {Name: "toor", Home: "/root"}, "00": {Name: "root", Home: "/root"}, "+0": {Name: "root", Home: "/root"},
		"0:0": {Name: "root", Home: "/root"}, "app": {UID: 1000, GID: 1001, Name: "app", Home: "/home/app", Groups: []int{33}}, "1000:web": {UID: 1000, GID: 33, Name: "app", Home: "/home/app"},
		"10001": {UID: 10001, Home: "/"}, "10001:5": {UID: 10001, GID: 5, Home: "/"}, "42": {UID: 7, GID: 7, Name: "42", Home: "/"},
	} {
		got, err := img.Identity(user)
		if err != nil || got.UID != want.UID || got.GID != want.GID || got.Name != want.Name || got.Home != want.Home || len(got.Groups) != len(want.Groups) {
			t.Errorf("%q: %+v, %v, want %+v", user, got, err, want)
		}
	}
	for _, user := range []string{"nobody", "app:nogroup", "-1", "99999999999"} {
		if got, err := img.Identity(user); err == nil {
			t.Errorf("%q: %+v", user, got)
		}
	}
}

func TestAccess(t *testing.T) {
	img := imageOf(Description{}, layerOf(
		entry{name: "root/", mode: 0o700}, entry{name: "root/bin/app", mode: 0o755}, entry{name: "app", link: "/root/bin/app"}, entry{name: "own", mode: 0o500, uid: 5},
		entry{name: "group", mode: 0o040, gid: 33}, entry{name: "odd", mode: 0o077, uid: 5}, entry{name: "plain", mode: 0o644},
	))
	me, root := Identity{UID: 5, GID: 5, Groups: []int{33}}, Identity{}
	for p, want := range map[string]string{"/root/bin/app": "/root", "/app": "/root", "/own": "", "/group": "/group", "/odd": "/odd", "/plain": "/plain"} {
		ok, by := img.Tree.Executable(p, me)
		if ok != (want == "") || !ok && by.Path != want {
			t.Errorf("%s: %v, %v", p, ok, by)
		}
	}
	if ok, _ := img.Tree.Readable("/group", me); !ok {
		t.Error("a group's file is closed to it")
	}
	if ok, by := img.Tree.Executable("/plain", root); ok || by.Path != "/plain" {
		t.Error("root executes what nobody may")
	}
	if ok, by, err := img.Tree.Allows("/nope", me, Read); ok || by != nil || !errors.Is(err, ErrNotExist) {
		t.Errorf("%v, %v, %v", ok, by, err)
	}
}

// A file that is deleted under one of its names is not wasted.
func TestHardLinksAreNotWasted(t *testing.T) {
	base := func() Scan {
		return layerOf(entry{name: "git", body: "12345"}, entry{name: "git-log", link: "git", hard: true})
	}
	if img := imageOf(Description{}, base(), layerOf(entry{name: "git", gone: true})); len(img.Waste) != 0 {
		t.Errorf("%+v", img.Waste)
	}
	if img := imageOf(Description{}, base(), layerOf(entry{name: "git", gone: true}, entry{name: "git-log", gone: true})); len(img.Waste) != 1 || img.Wasted() != 5 {
		t.Errorf("%+v", img.Waste)
	}
}
