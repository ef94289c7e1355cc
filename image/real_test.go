package image

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestReal reads real images: DOCKWORTHY_IMAGES is a list of archives and
// layouts, divided as PATH is.
func TestReal(t *testing.T) {
	list := os.Getenv("DOCKWORTHY_IMAGES")
	if list == "" {
		t.Skip("DOCKWORTHY_IMAGES names no images")
	}
	for _, file := range filepath.SplitList(list) {
		start := time.Now()
		img, err := ReadPath(context.Background(), file, Options{})
		if err != nil {
			t.Error(err)
			continue
		}
		t.Logf("%s: %s, %s, %d layers, %s, %d files, wasted %s, %d packages, %d secrets, efficiency %.3f, %s", file, img.OS.Name, img.Platform, len(img.Layers),
			Bytes(img.Size()), img.Tree.Len(), Bytes(img.Wasted()), len(img.Packages), len(img.Secrets), img.Efficiency(), time.Since(start))
		for _, p := range img.Problems {
			t.Log(p)
		}
		for _, s := range img.Secrets {
			t.Logf("%+v", s)
		}
		for _, c := range img.Caches() {
			t.Logf("%+v", c)
		}
		for _, l := range img.Leftovers() {
			t.Logf("%+v", l)
		}
		for _, f := range img.SetID() {
			t.Log(f.Mode, f.Path)
		}
		for f := range img.Tree.All() {
			if f.ELF != nil && f.ELF.Partial {
				t.Logf("%s: %+v", f.Path, *f.ELF)
			}
			if f.ELF == nil && f.Script == nil || f.Mode&0o111 == 0 {
				continue
			}
			for _, lack := range img.Missing(f.Path) {
				t.Logf("%s: %s %s, asked for by %s", f.Path, lack.Kind, lack.Name, lack.By)
			}
		}
	}
}
