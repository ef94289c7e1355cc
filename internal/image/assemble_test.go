package image

import (
	"fmt"
	"strings"
	"testing"
)

func TestSecretsThatAreHidden(t *testing.T) {
	img := imageOf(t, nil,
		layerOf(t, entry{name: "a", body: token}, entry{name: "b", body: token}, entry{name: "d/c", body: token}),
		layerOf(t, entry{name: ".wh.a"}, entry{name: "b", body: "clean"}),
		layerOf(t, entry{name: ".wh.d"}),
	)
	var got []string
	for _, s := range img.Secrets {
		got = append(got, fmt.Sprint(s.Path, s.Layer, s.Hidden))
	}
	if s := strings.Join(got, " "); s != "/a0 1 /b0 1 /d/c0 2" && s != "/a 0 1 /b 0 1 /d/c 0 2" {
		t.Errorf("%s", s)
	}
}
