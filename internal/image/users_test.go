package image

import (
	"strings"
	"testing"
)

// FuzzKept reads the files that an image is asked for whole.
func FuzzKept(f *testing.F) {
	f.Add([]byte("root:x:0:0::/root:/bin/sh\napp:x:1000:1001::/home/app:\nbad line\n"))
	f.Add([]byte("app:x:1001:\nweb:x:33:app,other\n"))
	f.Add([]byte("ID=debian\nPRETTY_NAME=\"Debian GNU/Linux 12\"\nID_LIKE='a b'\n"))
	f.Add([]byte("include /etc/ld.so.conf\n/opt/lib=libc6\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, a := range parsePasswd(data) {
			if a.Name == "" || strings.ContainsAny(a.Name, ":\n") || a.UID < 0 {
				t.Errorf("%q has the account %+v", data, a)
			}
		}
		for _, g := range parseGroup(data) {
			if g.Name == "" || strings.ContainsAny(g.Name, ":\n") || g.GID < 0 {
				t.Errorf("%q has the group %+v", data, g)
			}
		}
		if r := parseRelease(data); r.ID != "" && !strings.Contains(string(data), r.ID) {
			t.Errorf("%q is %q", data, r.ID)
		}
		img := imageOf(Description{}, layerOf(entry{name: "etc/ld.so.conf", body: string(data)}, entry{name: "etc/ld-musl-x86_64.path", body: string(data)}))
		img.Missing("/etc/ld.so.conf")
	})
}
