package image

import (
	"slices"
	"testing"
)

// A package belongs to the layer from which on its database has spoken of it.
func TestPackagesHaveLayers(t *testing.T) {
	base := "Package: libc6\nStatus: install ok installed\nVersion: 2.36\n\n"
	img := imageOf(t, nil,
		layerOf(t, entry{name: "var/lib/dpkg/status", body: base}),
		layerOf(t, entry{name: "var/lib/dpkg/status", body: base + "Package: gcc\nStatus: install ok installed\nVersion: 12\n"}),
		layerOf(t, entry{name: "app/node_modules/a/package.json", body: `{"name":"a","version":"1"}`}, entry{name: "app/node_modules/b/package.json", body: `{"name":"b","version":"1"}`}),
		layerOf(t, entry{name: "app/node_modules/.wh.b"}),
	)
	want := []Package{
		{"gcc", "12", Deb, 1, "/var/lib/dpkg/status"}, {"libc6", "2.36", Deb, 0, "/var/lib/dpkg/status"},
		{"a", "1", Npm, 2, "/app/node_modules/a/package.json"},
	}
	if !slices.Equal(img.Packages, want) {
		t.Errorf("%+v", img.Packages)
	}
}
