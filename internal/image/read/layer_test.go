package read

import (
	"bytes"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/dockworthy/dockworthy/internal/image"
)

// scanOf reads one layer alone.
func scanOf(t *testing.T, layer []byte) image.Scan {
	t.Helper()
	opts := Options{}.WithDefaults()
	var budget atomic.Int64
	budget.Store(opts.Limits.Bytes)
	b := &blob{size: -1, open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(layer)), nil }}
	scan, err := newScanner(opts, &budget, newArchives(0)).layer(t.Context(), b, "")
	if err != nil {
		t.Fatal(err)
	}
	return scan
}

func TestWhiteoutNames(t *testing.T) {
	scan := scanOf(t, layerOf(t, entry{name: "d/new", body: "1"}, entry{name: "d/.wh..wh..opq"}, entry{name: ".wh.e"}, entry{name: ".wh..wh.plnk"}, entry{name: ".wh.absent"}, entry{name: "no/such/.wh.x"}, entry{name: "app/.wh..git"}))
	want := []image.Removal{{Path: "/d", Opaque: true}, {Path: "/e"}, {Path: "/absent"}, {Path: "/no/such/x"}, {Path: "/app/.git"}}
	if !slices.Equal(scan.Removals, want) {
		t.Errorf("%v, want %v", scan.Removals, want)
	}
	if len(scan.Files) != 1 || scan.Files[0].Path != "/d/new" || scan.Layer.Files != 7 {
		t.Errorf("%+v", scan)
	}
}

// Of the files that are read whole, the model gets the contents that it asks for
// and what the databases say.
func TestFilesReadWhole(t *testing.T) {
	scan := scanOf(t, layerOf(t,
		entry{name: "etc/passwd", body: "root"}, entry{name: "etc/ld.so.conf.d/a.conf", body: "/opt"}, entry{name: "etc/hosts", body: "::1"}, entry{name: "app/.env", body: "A=1"},
		entry{name: "var/lib/dpkg/status", body: "Package: gcc\nStatus: install ok installed\nVersion: 12\n"}, entry{name: "var/lib/rpm/rpmdb.sqlite", body: "x"},
		entry{name: "etc/ld.so.conf.d/long.conf", body: strings.Repeat("x", 1<<17)},
	))
	var kept []string
	for _, p := range slices.Sorted(maps.Keys(scan.Kept)) {
		kept = append(kept, p+" "+string(scan.Kept[p]))
	}
	if want := []string{"/etc/ld.so.conf.d/a.conf /opt", "/etc/passwd root"}; !slices.Equal(kept, want) {
		t.Errorf("%q are kept, want %q", kept, want)
	}
	if db := scan.Databases; len(db) != 2 || db[0].Path != "/var/lib/dpkg/status" || !reflect.DeepEqual(db[0].Packages, []image.Package{{Name: "gcc", Version: "12", Ecosystem: image.Deb}}) || db[1].Packages != nil {
		t.Errorf("%+v", db)
	}
	want := []image.Problem{{Path: "/var/lib/rpm/rpmdb.sqlite", What: errSQLite.Error()}, {Path: "/etc/ld.so.conf.d/long.conf", What: "not looked at: it has 131.1 kB, which is more than the limit of 65.5 kB"}}
	if !slices.Equal(scan.Problems, want) {
		t.Errorf("%+v, want %+v", scan.Problems, want)
	}
}

// A hard link has what the file that it is one more name of has, but no bytes.
func TestHardLinks(t *testing.T) {
	img := imageOf(t, nil, layerOf(t, entry{name: "usr/bin/sh", body: "#!/bin/x\n", mode: 0o755, uid: 5}, entry{name: "usr/bin/again", link: "usr/bin/sh", hard: true}))
	first, again := img.Tree.Lstat("/usr/bin/sh"), img.Tree.Lstat("/usr/bin/again")
	if !again.Hard || again.Link != "/usr/bin/sh" || again.Mode.Perm() != 0o755 || again.UID != 5 || again.Size != first.Size || again.Sum != first.Sum || again.Script == nil || again.Bytes() != 0 {
		t.Errorf("%+v", again)
	}
}
