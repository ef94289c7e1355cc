package proof

import (
	"testing"
	"time"

	"github.com/dockworthy/dockworthy/internal/image"
	"github.com/dockworthy/dockworthy/internal/run"
)

// What the logic of a probe lets pass is read out of its words and of the scripts of
// the project that it runs.
func TestHangNeed(t *testing.T) {
	b := build(t, map[string]string{
		"Dockerfile":  "FROM debian:12.5-slim\nWORKDIR /srv\nCOPY . .\nUSER 10001\nENTRYPOINT [\"python\", \"-m\", \"app\"]\n",
		"beat.py":     "import os, sys, time\nsys.exit(time.time() - os.stat('/tmp/beat').st_mtime > 30)\n",
		"ask.py":      "import http.client as h\nc = h.HTTPConnection('127.0.0.1', 8000, timeout=3)\n",
		"app/beat.py": "LIMIT = 90\nimport time\nraise SystemExit(time.time() - LAST > LIMIT)\n",
		"env.sh":      "#!/bin/sh\n[ $(( $(date +%s) - $(stat -c %Y /tmp/beat) )) -lt $MAX_AGE ]\n",
	})
	img := image.Assemble(image.Description{}, nil)
	img.Config.WorkingDir = "/srv"
	for _, c := range []struct {
		test []string
		want time.Duration
	}{
		{[]string{"CMD", "python", "beat.py"}, 30 * time.Second},
		{[]string{"CMD", "python", "-m", "app.beat"}, 90 * time.Second},
		{[]string{"CMD", "python", "ask.py"}, 0},
		{[]string{"CMD-SHELL", "curl -fsS --max-time 5 http://127.0.0.1:8000/ || exit 1"}, 0},
		{[]string{"CMD-SHELL", "test -n \"$(find /tmp/beat -mmin -2)\""}, 2 * time.Minute},
		{[]string{"CMD", "/srv/env.sh"}, -1},
		{[]string{"NONE"}, 0},
		{nil, 0},
	} {
		if got := hangNeed(b, c.test, img, run.Settings{}); got != c.want {
			t.Errorf("%q: %v, want %v", c.test, got, c.want)
		}
	}
}
