package image

import (
	"fmt"
	"strings"
	"testing"
)

func TestLeftoversAndCaches(t *testing.T) {
	img := imageOf(Description{},
		layerOf(
			entry{name: "app/.git/HEAD", body: "123"}, entry{name: "app/.git/objects/aa", body: "12345"}, entry{name: "app/src/__pycache__/a.pyc", body: "1"}, entry{name: "app/.env.production", body: "A=1"},
			entry{name: "app/Dockerfile", body: "FROM x"}, entry{name: "app/test_data/x", body: "1"}, entry{name: "app/.env.example", body: "A="}, entry{name: "app/node_modules/a/Dockerfile", body: "1"},
			entry{name: "usr/local/lib/node_modules/npm/x", body: "1"}, entry{name: "usr/local/lib/python3.12/__pycache__/os.pyc", body: "1"}, entry{name: "opt/venv/lib/python3.12/site-packages/x/__pycache__/x.pyc", body: "1"},
			entry{name: "var/lib/apt/lists/lock"}, entry{name: "var/cache/apt/pkgcache.bin", body: "123456"}, entry{name: "root/.cache/pip/http/x", body: "1234"}, entry{name: "etc/passwd", body: "app:x:1000:1000::/home/app:\n"}, entry{name: "home/app/.npm/_cacache/x", body: "12"},
		),
		layerOf(entry{name: "app/.git", gone: true}),
	)
	var got []string
	for _, l := range img.Leftovers() {
		got = append(got, fmt.Sprintf("%s %s %d/%d %d", l.Name, l.Path, l.Files, l.Bytes, l.Hidden))
	}
	want := `.env /app/.env.production 1/3 -1
.git /app/.git 2/8 1
Dockerfile /app/Dockerfile 1/6 -1
node_modules /app/node_modules 1/1 -1
__pycache__ /app/src/__pycache__ 1/1 -1
test_data /app/test_data 1/1 -1
venv /opt/venv 1/1 -1`
	if s := strings.Join(got, "\n"); s != want {
		t.Errorf("%s\nwant\n%s", s, want)
	}
	got = nil
	for _, c := range img.Caches() {
		got = append(got, fmt.Sprintf("%s %s %d", c.Tool, c.Path, c.Bytes))
	}
	if s := strings.Join(got, ", "); s != "apt /var/cache/apt 6, pip /root/.cache/pip 4, npm /home/app/.npm/_cacache 2" {
		t.Errorf("%s", s)
	}
}
