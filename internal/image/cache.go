package image

import (
	_ "embed"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"
)

//go:embed caches.jsonl
var cachesData string

// cachePaths are the folders in which package managers keep what they have
// downloaded; ~ is any account's home.
var cachePaths = sync.OnceValue(func() (list []struct{ Tool, Path string }) {
	for line := range strings.Lines(cachesData) {
		var c struct{ Tool, Path string }
		if err := json.Unmarshal([]byte(line), &c); err != nil {
			panic("image: " + err.Error() + " in " + line)
		}
		list = append(list, c)
	}
	return list
})

// A Cache is a package manager's folder of things that can be had again, with
// something in it.
type Cache struct {
	Tool  string // "apt"
	Path  string
	Bytes int64
	Files int
	Layer int // index of the layer with most of the bytes
}

// Caches are the package managers' caches that a container sees.
func (img *Image) Caches() []Cache {
	homes := map[string]bool{"/root": true}
	for _, a := range img.users {
		if strings.HasPrefix(a.Home, "/home/") || a.UID >= 1000 && len(a.Home) > 1 {
			homes[clean(a.Home)] = true
		}
	}
	var list []Cache
	add := func(tool, p string) {
		c := Cache{Tool: tool, Path: p}
		layers := map[int]int64{}
		for f := range img.Tree.Under(p) {
			if f.IsRegular() && f.Bytes() > 0 {
				c.Bytes += f.Bytes()
				c.Files++
				layers[f.Layer] += f.Bytes()
			}
		}
		if c.Files == 0 {
			return
		}
		for layer, n := range layers {
			if n > layers[c.Layer] || n == layers[c.Layer] && layer < c.Layer {
				c.Layer = layer
			}
		}
		list = append(list, c)
	}
	for _, c := range cachePaths() {
		rest, home := strings.CutPrefix(c.Path, "~")
		if !home {
			add(c.Tool, c.Path)
			continue
		}
		for _, h := range slices.Sorted(maps.Keys(homes)) {
			add(c.Tool, h+rest)
		}
	}
	return list
}
