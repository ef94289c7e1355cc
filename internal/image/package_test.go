package image

import (
	"reflect"
	"testing"
)

// A package belongs to the layer from which on its database has spoken of it.
func TestPackagesHaveLayers(t *testing.T) {
	libc, gcc := Package{Name: "libc6", Version: "2.36", Ecosystem: Deb}, Package{Name: "gcc", Version: "12", Ecosystem: Deb}
	img := imageOf(Description{},
		layerOf(entry{name: "var/lib/dpkg/status", packages: []Package{libc}}),
		layerOf(entry{name: "var/lib/dpkg/status", packages: []Package{libc, gcc}}),
		layerOf(entry{name: "app/node_modules/a/package.json", packages: []Package{{Name: "a", Version: "1", Ecosystem: Npm}}}, entry{name: "app/node_modules/b/package.json", packages: []Package{{Name: "b", Version: "1", Ecosystem: Npm}}}),
		layerOf(entry{name: "app/node_modules/b", gone: true}),
	)
	want := []Package{
		{Name: "gcc", Version: "12", Ecosystem: Deb, Layer: 1, Path: "/var/lib/dpkg/status"}, {Name: "libc6", Version: "2.36", Ecosystem: Deb, Layer: 0, Path: "/var/lib/dpkg/status"},
		{Name: "a", Version: "1", Ecosystem: Npm, Layer: 2, Path: "/app/node_modules/a/package.json"},
	}
	if !reflect.DeepEqual(img.Packages, want) {
		t.Errorf("%+v", img.Packages)
	}
}
