package image

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"
)

// A program is what a made-up ELF file asks for.
type program struct {
	interp, soname, rpath, runpath string
	needed                         []string
	machine                        uint16 // 0 = amd64
	far                            int    // bytes between the head and the dynamic section
	late                           bool   // the names lie behind the dynamic section, as patchelf puts them
}

// elfOf is a file with no more in it than loaders look at.
func elfOf(p program) string {
	le := binary.LittleEndian
	names := []byte{0}
	at := func(s string) uint64 {
		n := len(names)
		names = append(append(names, s...), 0)
		return uint64(n)
	}
	var dyn []byte
	add := func(tag, value uint64) { dyn = le.AppendUint64(le.AppendUint64(dyn, tag), value) }
	for _, n := range p.needed {
		add(dtNeeded, at(n))
	}
	for _, s := range []struct {
		tag  uint64
		text string
	}{{dtSoname, p.soname}, {dtRPath, p.rpath}, {dtRunPath, p.runpath}} {
		if s.text != "" {
			add(s.tag, at(s.text))
		}
	}
	const head = 64 + 4*56
	interp := append([]byte(p.interp), 0)
	nameAt := uint64(head + len(interp))
	dynAt := nameAt + uint64(len(names)+p.far)
	if p.late {
		dynAt = nameAt + uint64(p.far)
		nameAt = dynAt + uint64(len(dyn)+32+100)
	}
	add(dtStrtab, nameAt)
	add(0, 0)
	size := max(dynAt+uint64(len(dyn)), nameAt+uint64(len(names)))

	b := make([]byte, size)
	copy(b, "\x7fELF\x02\x01\x01")
	le.PutUint16(b[16:], 3)
	le.PutUint16(b[18:], max(p.machine, 62*uint16(1-min(p.machine, 1))))
	if p.interp != "" {
		le.PutUint64(b[24:], 0x1000)
	}
	le.PutUint64(b[32:], 64)
	le.PutUint16(b[54:], 56)
	n := 0
	segment := func(kind uint32, offset, size uint64) {
		h := b[64+56*n:]
		le.PutUint32(h, kind)
		le.PutUint64(h[8:], offset)
		le.PutUint64(h[16:], offset)
		le.PutUint64(h[32:], size)
		n++
	}
	segment(1, 0, size)
	if p.interp != "" {
		segment(3, head, uint64(len(interp)))
	}
	if len(dyn) > 32 {
		segment(2, dynAt, uint64(len(dyn)))
	}
	le.PutUint16(b[56:], uint16(n))
	copy(b[head:], interp)
	copy(b[dynAt:], dyn)
	copy(b[nameAt:], names)
	return string(b)
}

const glibc, musl = "/lib64/ld-linux-x86-64.so.2", "/lib/ld-musl-x86_64.so.1"

func TestELFAsItStreamsBy(t *testing.T) {
	for _, p := range []program{
		{interp: glibc, needed: []string{"libc.so.6", "libm.so.6"}, runpath: "$ORIGIN/../lib:/opt"},
		{soname: "libx.so.1", needed: []string{"libc.so.6"}, rpath: "/opt/x"},
		{interp: glibc, needed: []string{"libc.so.6"}, far: 700_000},
		{interp: glibc, needed: []string{"libc.so.6"}, far: 700_000, late: true},
		{interp: glibc, needed: []string{"libc.so.6"}, late: true},
	} {
		img := imageOf(t, nil, layerOf(t, entry{name: "x", body: elfOf(p), mode: 0o755}))
		e := img.Tree.Lstat("/x").ELF
		if e == nil {
			t.Fatalf("%+v is not known", p)
		}
		if e.Interp != p.interp || e.Soname != p.soname || !slices.Equal(e.Needed, p.needed) || e.Arch != "amd64" || e.Partial ||
			!slices.Equal(e.RPath, folders(p.rpath)) || !slices.Equal(e.RunPath, folders(p.runpath)) {
			t.Errorf("%+v: %+v", p, e)
		}
	}
}

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

func FuzzELF(f *testing.F) {
	f.Add([]byte(elfOf(program{interp: glibc, needed: []string{"libc.so.6"}, runpath: "$ORIGIN"})), 100)
	f.Add([]byte(elfOf(program{soname: "x", late: true, needed: []string{"a", "b"}})), 300)
	f.Add([]byte("#!/bin/sh -e\r\n"), 3)
	f.Fuzz(func(t *testing.T, data []byte, size int) {
		parseScript(data)
		size = max(64, min(size, 1<<16))
		first := data[:min(len(data), max(size, 256))]
		l := lookELF(first, nil)
		if l == nil {
			return
		}
		l.feed(0, first)
		for at := len(first); at < len(data); at += size {
			l.feed(uint64(at), data[at:min(len(data), at+size)])
		}
		e := l.finish()
		// In blocks or whole, it says the same.
		if len(first) < 256 && len(first) < len(data) || bytes.IndexByte(data, 0) < 0 {
			return
		}
		w := lookELF(data, nil)
		if w == nil {
			t.Fatal("known in a block and not as a whole")
		}
		w.feed(0, data)
		if whole := w.finish(); !whole.Partial && !e.Partial && !slices.Equal(whole.Needed, e.Needed) {
			t.Errorf("%q in blocks, %q as a whole", e.Needed, whole.Needed)
		}
	})
}
