package image

import "testing"

// FuzzKept reads the files that an image is asked for whole.
func FuzzKept(f *testing.F) {
	f.Add([]byte("root:x:0:0::/root:/bin/sh\napp:x:1000:1001::/home/app:\nbad line\n"))
	f.Add([]byte("app:x:1001:\nweb:x:33:app,other\n"))
	f.Add([]byte("ID=debian\nPRETTY_NAME=\"Debian GNU/Linux 12\"\nID_LIKE='a b'\n"))
	f.Add([]byte("include /etc/ld.so.conf\n/opt/lib=libc6\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		parsePasswd(data)
		parseGroup(data)
		parseRelease(data)
		img := imageOf(Description{}, layerOf(entry{name: "etc/ld.so.conf", body: string(data)}, entry{name: "etc/ld-musl-x86_64.path", body: string(data)}))
		img.Missing("/etc/ld.so.conf")
	})
}
