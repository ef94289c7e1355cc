package image

import (
	"fmt"
	"strings"
	"testing"
)

// A scan does not know its layer: Assemble does.
func TestScansArePutDown(t *testing.T) {
	second := layerOf(entry{name: "b", body: "22"})
	second.Secrets = []Secret{{Path: "/b"}}
	second.Planted = []Plant{{Word: 3, Path: "/b"}}
	second.Problems = []Problem{{Path: "/b", What: "is odd"}}
	img := imageOf(Description{}, layerOf(entry{name: "a", body: "1"}), second)
	if a, b := img.Tree.Lstat("/a"), img.Tree.Lstat("/b"); a.Layer != 0 || b.Layer != 1 {
		t.Errorf("%+v, %+v", a, b)
	}
	if s := img.Secrets[0]; s.Layer != 1 || s.Hidden != -1 {
		t.Errorf("%+v", s)
	}
	if img.Planted[0] != (Plant{3, 1, "/b"}) || img.Problems[0].String() != "layer 2: /b: is odd" {
		t.Errorf("%v, %v", img.Planted, img.Problems)
	}
	if img.Size() != 3 || len(img.Files(1)) != 1 {
		t.Errorf("%d bytes, %v", img.Size(), img.Files(1))
	}
}

func TestSecretsThatAreHidden(t *testing.T) {
	first, second := layerOf(entry{name: "a"}, entry{name: "b"}, entry{name: "d/c"}), layerOf(entry{name: "a", gone: true}, entry{name: "b", body: "clean"})
	first.Secrets = []Secret{{Path: "/a"}, {Path: "/b"}, {Path: "/d/c"}}
	img := imageOf(Description{}, first, second, layerOf(entry{name: "d", gone: true}))
	var got []string
	for _, s := range img.Secrets {
		got = append(got, fmt.Sprint(s.Path, s.Layer, s.Hidden))
	}
	if s := strings.Join(got, " "); s != "/a0 1 /b0 1 /d/c0 2" && s != "/a 0 1 /b 0 1 /d/c 0 2" {
		t.Errorf("%s", s)
	}
}
