package image

import (
	"reflect"
	"slices"
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

func TestPypiNames(t *testing.T) {
	for requirement, want := range map[string]struct {
		name   string
		extras []string
	}{
		"Foo_Bar.baz>=1":                      {"foo-bar-baz", nil},
		"uvicorn[standard,X] (>=0.1) ; y":     {"uvicorn", []string{"standard", "x"}},
		" a--b [c] ":                          {"a-b", []string{"c"}},
		`x; extra == "dev" and y in "[list]"`: {"x", nil},
		"x[":                                  {"x", nil},
		"":                                    {"", nil},
		"[x]":                                 {"", []string{"x"}},
	} {
		if name, extras := PypiName(requirement), PypiExtras(requirement); name != want.name || !slices.Equal(extras, want.extras) {
			t.Errorf("%q: %q %q, want %q %q", requirement, name, extras, want.name, want.extras)
		}
	}
}

// A manifest counts as a container sees it, and those of published packages not at all.
func TestManifests(t *testing.T) {
	img := imageOf(Description{},
		layerOf(entry{name: "app/package.json", body: "1"}, entry{name: "gone/package.json", body: "1"}, entry{name: "app/node_modules/x/package.json", body: "1"}, entry{name: "usr/share/x/package.json", body: "1"}),
		layerOf(entry{name: "app/package.json", body: "2"}, entry{name: "app/pyproject.toml", body: "3"}, entry{name: "gone/package.json", gone: true}),
	)
	if got := img.Manifests("package.json"); len(got) != 1 || got[0].Path != "/app/package.json" || string(got[0].Data) != "2" || got[0].Layer != 1 {
		t.Errorf("%+v", got)
	}
	if got := img.Manifests("pyproject.toml"); len(got) != 1 {
		t.Errorf("%+v", got)
	}
}
