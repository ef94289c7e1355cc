package read

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/dockworthy/dockworthy/internal/image"
)

func FuzzConfig(f *testing.F) {
	for _, s := range []string{"RUN |2 A=x B=y /bin/sh -c make # buildkit", "/bin/sh -c #(nop)  ENV A=b", "|1 A /bin/sh -c x", "COPY a b", "|1 =|"} {
		data, _ := json.Marshal(map[string]any{"history": []any{map[string]any{"created_by": s}}, "config": map[string]any{"Env": []string{"A=b", "X"}, "Labels": map[string]string{"a\nb": "c\x00"}, "Healthcheck": map[string]any{"Test": []string{"CMD-SHELL", s}, "Interval": 5}}})
		f.Add(data)
	}
	blank := func(r rune) rune { // as the listing writes what breaks a line
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := parseConfig(data)
		if err != nil {
			return
		}
		d := image.Description{Name: "x", Config: file.settings()}
		var chain []image.Instruction
		for _, h := range file.History[:min(len(file.History), 50)] {
			s := image.ParseStep(h.CreatedBy)
			d.Steps = append(d.Steps, s)
			chain = append(chain, image.Instruction{Text: s.Text})
		}
		img := image.Assemble(d, nil)
		img.FromDockerfile(chain)
		for i := range img.Steps {
			span := img.StepText(i)
			if err := img.Text.Check(span); err != nil || span.Len() != len(img.Steps[i].Text) {
				t.Errorf("step %d: %v, %d bytes for %d", i, err, span.Len(), len(img.Steps[i].Text))
			}
		}
		for _, v := range img.Config.Env {
			if last, _ := img.Config.Getenv(v.Name); last == v.Value && img.Text.Text(img.ValueSpan(image.Env, v.Name)) != strings.Map(blank, v.Value) && v.Value != "" {
				t.Errorf("%q is not where %s stands", v.Value, v.Name)
			}
		}
	})
}
