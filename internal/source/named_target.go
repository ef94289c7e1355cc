package source

import (
	"bytes"
	"path"
	"regexp"
	"strings"
)

// targetWord is where a builder file names the stage that is built: docker build --target
// NAME, or target: NAME as in Bake and in pipelines.
var targetWord = regexp.MustCompile(`(?:--target[ =]|\btarget["']?\s*[:=])\s*["']?([\w.-]+)`)

// NamedTarget tells whether a file beside the Dockerfile, or in a folder above it, seems
// to build a stage of it by name: a Makefile, a script, a pipeline that is not read
// otherwise. Where there is more of them than is searched, one may.
func (b *Build) NamedTarget(stage string) bool {
	p := b.project
	if p == nil || stage == "" || b.Inline {
		return false
	}
	own, base := path.Dir(b.Path), path.Base(b.Path)
	for dir := own; ; dir = path.Dir(dir) {
		speaks := base // of this Dockerfile, and not of another one
		if base == "Dockerfile" && dir != own {
			speaks = path.Base(own)
		} else if base == "Dockerfile" {
			speaks = ""
		}
		for _, f := range p.buildersIn(b.files, dir) {
			if !p.searches.spend(len(f.Data) / 8) {
				return true
			}
			// Most files are done with here, and the expression is slow.
			if !bytes.Contains(f.Data, []byte("target")) || !bytes.Contains(f.Data, []byte(speaks)) {
				continue
			}
			if !p.searches.spend(len(f.Data)) {
				return true
			}
			for _, m := range targetWord.FindAllSubmatch(f.Data, -1) {
				if strings.EqualFold(string(m[1]), stage) {
					return true
				}
			}
		}
		if dir == "." || dir == "/" {
			return false
		}
	}
}
