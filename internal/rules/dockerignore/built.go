package dockerignore

import (
	"fmt"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/image"
)

// builtUnwanted looks into the layers for what a build context has and an image
// has no use for. What a RUN made did not come out of the context.
func builtUnwanted(ev check.Evidence) check.Verdict {
	img := ev.Image
	if img.Platform.OS == "windows" {
		return check.None()
	}
	_, known := ev.Own()
	var found []check.Finding
	told := map[check.Cause]bool{}
	for _, l := range img.Leftovers() {
		if ev.FromBase(l.Layer) || !unwantedName(l.Name) {
			continue
		}
		maker := ev.Maker(l.Layer)
		switch {
		case maker != nil && (maker.Copy == nil || !maker.Copy.FromContext()):
			continue
		case maker == nil && known:
			continue
		case maker == nil:
			// COPY alone brings files in, and a history does not say where
			// from: a virtual environment or node_modules may well come from
			// a stage.
			s := img.StepOf(l.Layer)
			if s == nil || s.Keyword != "COPY" && s.Keyword != "ADD" || l.Name != ".git" && l.Name != ".env" && l.Name != "test_data" {
				continue
			}
		}
		key := check.Cause(l.Name).Of(l.Layer)
		if told[key] {
			continue
		}
		told[key] = true
		f := check.Finding{
			Place:   ev.LayerPlace(l.Layer),
			Cause:   key,
			Message: fmt.Sprintf("%s was copied from the build context into layer %d: %s, %s", l.Name, l.Layer+1, l.Path, size(l)),
		}
		if l.Hidden >= 0 {
			f.Message += fmt.Sprintf("; layer %d hides it, but the layer below still contains it", l.Hidden+1)
		}
		found = append(found, f)
	}
	return check.Judge(found)
}

// unwantedName leaves out what is only untidy: a Dockerfile, an ignore file.
func unwantedName(name string) bool { return name != "Dockerfile" && name != ".dockerignore" }

func size(l image.Leftover) string {
	if l.Files == 1 {
		return image.Bytes(l.Bytes)
	}
	return fmt.Sprintf("%d files, %s", l.Files, image.Bytes(l.Bytes))
}
