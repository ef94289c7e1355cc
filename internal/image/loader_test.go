package image

import (
	"slices"
	"testing"
)

func TestMissing(t *testing.T) {
	libc := entry{name: "lib/x86_64-linux-gnu/libc.so.6", body: elfOf(program{soname: "libc.so.6"})}
	loader := entry{name: "lib64/ld-linux-x86-64.so.2", body: elfOf(program{soname: "ld-linux-x86-64.so.2"}), mode: 0o755}
	app := func(p program) entry { return entry{name: "app", body: elfOf(p), mode: 0o755} }
	for name, c := range map[string]struct {
		files []entry
		want  []Lack
	}{
		"static":        {[]entry{app(program{})}, nil},
		"whole":         {[]entry{libc, loader, app(program{interp: glibc, needed: []string{"libc.so.6", "ld-linux-x86-64.so.2"}})}, nil},
		"no loader":     {[]entry{libc, app(program{interp: glibc, needed: []string{"libc.so.6"}})}, []Lack{{NoInterpreter, glibc, "/app"}}},
		"glibc on musl": {[]entry{{name: "lib/libc.musl-x86_64.so.1", body: elfOf(program{})}, app(program{interp: glibc, needed: []string{"libc.so.6"}})}, []Lack{{NoInterpreter, glibc, "/app"}, {NoLibrary, "libc.so.6", "/app"}}},
		"through another": {[]entry{libc, loader, {name: "usr/lib/liba.so", body: elfOf(program{needed: []string{"libb.so.2"}})}, app(program{interp: glibc, needed: []string{"liba.so"}})},
			[]Lack{{NoLibrary, "libb.so.2", "/usr/lib/liba.so"}}},
		"runpath":                   {[]entry{libc, loader, {name: "opt/lib/liba.so", body: elfOf(program{})}, app(program{interp: glibc, needed: []string{"liba.so"}, runpath: "$ORIGIN/opt/lib"})}, nil},
		"a path with its own place": {[]entry{loader, {name: "lib/libp.so", body: elfOf(program{})}, app(program{interp: glibc, needed: []string{"$ORIGIN/lib/libp.so"}})}, nil},
		"a path":                    {[]entry{loader, app(program{interp: glibc, needed: []string{"./libp.so"}})}, []Lack{{NoLibrary, "./libp.so", "/app"}}},
		"rpath's own":               {[]entry{loader, {name: "opt/liba.so", body: elfOf(program{needed: []string{"libb.so"}})}, {name: "opt/libb.so", body: elfOf(program{})}, app(program{interp: glibc, needed: []string{"liba.so"}, rpath: "/opt"})}, nil},
		"ld.so.conf": {[]entry{loader, {name: "etc/ld.so.conf", body: "include ld.so.conf.d/*.conf\n"}, {name: "etc/ld.so.conf.d/a.conf", body: "# x\n/opt/a\n"},
			{name: "opt/a/liba.so", body: elfOf(program{})}, app(program{interp: glibc, needed: []string{"liba.so"}})}, nil},
		"musl":            {[]entry{{name: "lib/ld-musl-x86_64.so.1", body: elfOf(program{})}, app(program{interp: musl, needed: []string{"libc.so", "libpthread.so.0"}})}, nil},
		"musl lacks":      {[]entry{{name: "lib/ld-musl-x86_64.so.1", body: elfOf(program{})}, app(program{interp: musl, needed: []string{"libc.so", "libssl.so.3"}})}, []Lack{{NoLibrary, "libssl.so.3", "/app"}}},
		"other processor": {[]entry{app(program{machine: 183})}, []Lack{{WrongArch, "arm64", "/app"}}},
		"library for another": {[]entry{loader, {name: "usr/lib/liba.so", body: elfOf(program{machine: 183})}, app(program{interp: glibc, needed: []string{"liba.so"}})},
			[]Lack{{NoLibrary, "liba.so", "/app"}}},
		"script":      {[]entry{{name: "bin/sh", body: elfOf(program{}), mode: 0o755}, {name: "app", body: "#!/bin/sh -e\nexec x\n"}}, nil},
		"env":         {[]entry{{name: "usr/bin/env", body: elfOf(program{}), mode: 0o755}, {name: "usr/bin/node", body: elfOf(program{}), mode: 0o755}, {name: "app", body: "#!/usr/bin/env -S node --x\n"}}, nil},
		"env lacks":   {[]entry{{name: "usr/bin/env", body: elfOf(program{}), mode: 0o755}, {name: "app", body: "#!/usr/bin/env python3\n"}}, []Lack{{NoInterpreter, "python3", "/app"}}},
		"no bash":     {[]entry{{name: "app", body: "#!/bin/bash\n"}}, []Lack{{NoInterpreter, "/bin/bash", "/app"}}},
		"windows":     {[]entry{{name: "bin/sh", body: elfOf(program{}), mode: 0o755}, {name: "app", body: "#!/bin/sh\r\nexec x\r\n"}}, []Lack{{CarriageReturn, `/bin/sh\r`, "/app"}}},
		"not there":   {nil, []Lack{{NoFile, "/app", "/app"}}},
		"not started": {[]entry{{name: "app", body: "hello"}}, nil},
	} {
		img := imageOf(t, nil, layerOf(t, c.files...))
		if got := img.Missing("/app"); !slices.Equal(got, c.want) {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}
