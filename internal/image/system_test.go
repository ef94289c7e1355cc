package image

import "testing"

func TestSystem(t *testing.T) {
	x := func(name, body string) entry { return entry{name: name, body: body, mode: 0o755} }
	for name, c := range map[string]struct {
		entries                    []entry
		path                       string
		shell, where, libc, manage string
	}{
		"nothing": {nil, "", "none", "", "none", "none"},
		"dash behind a merged /usr": {[]entry{
			{name: "bin", link: "usr/bin"}, {name: "lib64", link: "usr/lib64"}, {name: "usr/bin/sh", link: "dash"},
			x("usr/bin/dash", "dash"), x("usr/bin/apt-get", "apt"), {name: "usr/lib64/ld-linux-x86-64.so.2", link: "../lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"},
		}, "", "dash", "", "glibc", "apt"},
		"bash":                    {[]entry{{name: "bin/sh", link: "bash"}, x("bin/bash", "bash"), x("usr/bin/microdnf", "m"), x("usr/bin/yum", "y")}, "", "bash", "", "none", "microdnf"},
		"a copy of bash":          {[]entry{x("bin/sh", "bash it is"), x("usr/bin/bash", "bash it is")}, "", "bash", "", "none", "none"},
		"busybox by a link":       {[]entry{x("bin/busybox", "bb"), {name: "bin/sh", link: "/bin/busybox"}, x("sbin/apk", "apk"), x("lib/ld-musl-x86_64.so.1", "ld")}, "", "busybox-ash", "", "musl", "apk"},
		"busybox by another name": {[]entry{x("bin/[", "bb"), {name: "bin/busybox", link: "bin/[", hard: true}, {name: "bin/sh", link: "bin/[", hard: true}}, "", "busybox-ash", "", "none", "none"},
		"beside the image":        {[]entry{x("busybox/busybox", "bb"), {name: "busybox/sh", link: "/busybox/busybox"}}, "/usr/bin:/busybox", "busybox-ash", "/busybox/sh", "none", "none"},
		"one that nobody knows":   {[]entry{x("bin/sh", "own")}, "", "sh", "", "none", "none"},
	} {
		d := Description{}
		if c.path != "" {
			d.Config.Env = []Var{{"PATH", c.path}}
		}
		img := imageOf(d, layerOf(c.entries...))
		shell, where := img.Shell()
		if shell != c.shell || where != c.where || img.Libc() != c.libc || img.PackageManager() != c.manage {
			t.Errorf("%s: shell %q at %q, libc %q, packages by %q", name, shell, where, img.Libc(), img.PackageManager())
		}
	}
}

func TestIsBusybox(t *testing.T) {
	img := imageOf(Description{}, layerOf(
		entry{name: "bin/busybox", body: "bb", mode: 0o755}, entry{name: "usr/bin/nc", link: "/bin/busybox"}, entry{name: "usr/bin/wget", body: "gnu", mode: 0o755}))
	for name, want := range map[string]bool{"nc": true, "wget": false, "curl": false} {
		if img.IsBusybox(name) != want {
			t.Errorf("%s: %v", name, !want)
		}
	}
}
