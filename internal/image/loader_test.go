package image

import (
	"cmp"
	"slices"
	"testing"
)

const glibc, musl = "/lib64/ld-linux-x86-64.so.2", "/lib/ld-musl-x86_64.so.1"

// made is a program or a library for amd64, where it says no other processor.
func made(e ELF) *ELF {
	e.Arch, e.Bits = cmp.Or(e.Arch, "amd64"), 64
	return &e
}

func TestMissing(t *testing.T) {
	libc := entry{name: "lib/x86_64-linux-gnu/libc.so.6", elf: made(ELF{Soname: "libc.so.6"})}
	loader := entry{name: "lib64/ld-linux-x86-64.so.2", elf: made(ELF{Soname: "ld-linux-x86-64.so.2"}), mode: 0o755}
	app := func(e ELF) entry { return entry{name: "app", elf: made(e), mode: 0o755} }
	for name, c := range map[string]struct {
		files []entry
		want  []Lack
	}{
		"static":        {[]entry{app(ELF{})}, nil},
		"whole":         {[]entry{libc, loader, app(ELF{Interp: glibc, Needed: []string{"libc.so.6", "ld-linux-x86-64.so.2"}})}, nil},
		"no loader":     {[]entry{libc, app(ELF{Interp: glibc, Needed: []string{"libc.so.6"}})}, []Lack{{NoInterpreter, glibc, "/app"}}},
		"glibc on musl": {[]entry{{name: "lib/libc.musl-x86_64.so.1", elf: made(ELF{})}, app(ELF{Interp: glibc, Needed: []string{"libc.so.6"}})}, []Lack{{NoInterpreter, glibc, "/app"}, {NoLibrary, "libc.so.6", "/app"}}},
		"through another": {[]entry{libc, loader, {name: "usr/lib/liba.so", elf: made(ELF{Needed: []string{"libb.so.2"}})}, app(ELF{Interp: glibc, Needed: []string{"liba.so"}})},
			[]Lack{{NoLibrary, "libb.so.2", "/usr/lib/liba.so"}}},
		"runpath":                   {[]entry{libc, loader, {name: "opt/lib/liba.so", elf: made(ELF{})}, app(ELF{Interp: glibc, Needed: []string{"liba.so"}, RunPath: []string{"$ORIGIN/opt/lib"}})}, nil},
		"a path with its own place": {[]entry{loader, {name: "lib/libp.so", elf: made(ELF{})}, app(ELF{Interp: glibc, Needed: []string{"$ORIGIN/lib/libp.so"}})}, nil},
		"a path":                    {[]entry{loader, app(ELF{Interp: glibc, Needed: []string{"./libp.so"}})}, []Lack{{NoLibrary, "./libp.so", "/app"}}},
		"rpath's own":               {[]entry{loader, {name: "opt/liba.so", elf: made(ELF{Needed: []string{"libb.so"}})}, {name: "opt/libb.so", elf: made(ELF{})}, app(ELF{Interp: glibc, Needed: []string{"liba.so"}, RPath: []string{"/opt"}})}, nil},
		"ld.so.conf": {[]entry{loader, {name: "etc/ld.so.conf", body: "include ld.so.conf.d/*.conf\n"}, {name: "etc/ld.so.conf.d/a.conf", body: "# x\n/opt/a\n"},
			{name: "opt/a/liba.so", elf: made(ELF{})}, app(ELF{Interp: glibc, Needed: []string{"liba.so"}})}, nil},
		"musl":            {[]entry{{name: "lib/ld-musl-x86_64.so.1", elf: made(ELF{})}, app(ELF{Interp: musl, Needed: []string{"libc.so", "libpthread.so.0"}})}, nil},
		"musl lacks":      {[]entry{{name: "lib/ld-musl-x86_64.so.1", elf: made(ELF{})}, app(ELF{Interp: musl, Needed: []string{"libc.so", "libssl.so.3"}})}, []Lack{{NoLibrary, "libssl.so.3", "/app"}}},
		"other processor": {[]entry{app(ELF{Arch: "arm64"})}, []Lack{{WrongArch, "arm64", "/app"}}},
		"library for another": {[]entry{loader, {name: "usr/lib/liba.so", elf: made(ELF{Arch: "arm64"})}, app(ELF{Interp: glibc, Needed: []string{"liba.so"}})},
			[]Lack{{NoLibrary, "liba.so", "/app"}}},
		"script":      {[]entry{{name: "bin/sh", elf: made(ELF{}), mode: 0o755}, {name: "app", script: &Script{Interp: "/bin/sh", Arg: "-e"}}}, nil},
		"env":         {[]entry{{name: "usr/bin/env", elf: made(ELF{}), mode: 0o755}, {name: "usr/bin/node", elf: made(ELF{}), mode: 0o755}, {name: "app", script: &Script{Interp: "/usr/bin/env", Arg: "-S node --x"}}}, nil},
		"env lacks":   {[]entry{{name: "usr/bin/env", elf: made(ELF{}), mode: 0o755}, {name: "app", script: &Script{Interp: "/usr/bin/env", Arg: "python3"}}}, []Lack{{NoInterpreter, "python3", "/app"}}},
		"no bash":     {[]entry{{name: "app", script: &Script{Interp: "/bin/bash"}}}, []Lack{{NoInterpreter, "/bin/bash", "/app"}}},
		"windows":     {[]entry{{name: "bin/sh", elf: made(ELF{}), mode: 0o755}, {name: "app", script: &Script{Interp: "/bin/sh", CRLF: true}}}, []Lack{{CarriageReturn, `/bin/sh\r`, "/app"}}},
		"not there":   {nil, []Lack{{NoFile, "/app", "/app"}}},
		"not started": {[]entry{{name: "app", body: "hello"}}, nil},
	} {
		img := imageOf(Description{}, layerOf(c.files...))
		if got := img.Missing("/app"); !slices.Equal(got, c.want) {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}
