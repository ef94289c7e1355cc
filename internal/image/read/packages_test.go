package read

import (
	"bytes"
	"os"
	"slices"
	"testing"

	"github.com/dockworthy/dockworthy/internal/image"
)

func TestPackageFiles(t *testing.T) {
	rpm, err := os.ReadFile("testdata/rpmdb.sqlite")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		path, body string
		want       []string
	}{
		{"/var/lib/dpkg/status", "", nil},
		{"/var/lib/dpkg/status", "Package: gone\nStatus: deinstall ok config-files\nVersion: 1\n", nil},
		{"/var/lib/dpkg/status", "Package: gcc\nStatus: install ok installed\nVersion: 4:12.2.0-3\nDescription: x\n Package: not-this\n\n\nPackage: git\nStatus: hold ok installed\nVersion: 1:2.39\n", []string{"gcc 4:12.2.0-3", "git 1:2.39"}},
		{"/var/lib/dpkg/status.d/base", "Package: base-files\nVersion: 12.4\n", []string{"base-files 12.4"}},
		{"/lib/apk/db/installed", "C:Q1\nP:musl\nV:1.2.5-r0\nA:x86_64\nF:lib\nR:x\n\nP:gcc\nV:13.2\n", []string{"musl 1.2.5-r0", "gcc 13.2"}},
		{"/opt/venv/lib/python3.12/site-packages/flask-3.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: Flask\nVersion: 3.0\n\nName: not-this\n", []string{"Flask 3.0"}},
		{"/app/node_modules/@types/node/package.json", `{"name":"@types/node","version":"20.1.0","scripts":{}}`, []string{"@types/node 20.1.0"}},
		{"/app/node_modules/x/lib/package.json", `{"name":"inner","version":"1"}`, nil},
		{"/app/package.json", `{"name":"app","version":"1"}`, nil},
		{"/app/node_modules/broken/package.json", `{`, nil},
	} {
		var got []string
		if read, _ := packagesIn(c.path); read != nil {
			list, err := read(c.path, []byte(c.body))
			if err != nil {
				t.Errorf("%s: %v", c.path, err)
			}
			for _, p := range list {
				got = append(got, p.Name+" "+p.Version)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.path, got, c.want)
		}
	}
	list, err := rpmSQLite("", rpm)
	if err != nil || len(list) != 43 {
		t.Fatalf("%d packages, %v", len(list), err)
	}
	for i, want := range []string{"bash 5.2.26-4.el9", "gcc 11.4.1-3.el9", "openssl-libs 1:3.0.7-27.el9", "lib0 1.0-1"} {
		if got := list[i].Name + " " + list[i].Version; got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// What rpm wrote in another format is not passed over in silence.
func TestUnreadDatabase(t *testing.T) {
	img := imageOf(t, nil, layerOf(t, entry{name: "var/lib/rpm/Packages", body: "x"}))
	if len(img.Problems) != 1 || img.Problems[0].Path != "/var/lib/rpm/Packages" {
		t.Errorf("%v", img.Problems)
	}
}

func FuzzPackages(f *testing.F) {
	if rpm, err := os.ReadFile("testdata/rpmdb.sqlite"); err == nil {
		f.Add(rpm)
		f.Add(rpm[:2048])
	}
	f.Add([]byte("Package: gcc\nStatus: install ok installed\nVersion: 1\n\nP:musl\nV:1\n"))
	f.Add([]byte(`{"name":"a","version":"1"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, read := range []func(string, []byte) ([]image.Package, error){rpmSQLite, dpkgStatus, apkInstalled, distInfo, nodePackage} {
			list, _ := read("", data)
			for _, p := range list {
				if p.Name == "" || !bytes.Contains(data, []byte(p.Name)) {
					t.Errorf("%q holds the package %q", data, p.Name)
				}
			}
		}
		rpmHeader(data)
	})
}
