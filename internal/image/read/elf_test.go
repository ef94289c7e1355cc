package read

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

const glibc = "/lib64/ld-linux-x86-64.so.2"

func TestELFAsItStreamsBy(t *testing.T) {
	for _, p := range []program{
		{interp: "/lib/ld-linux-aarch64.so.1", needed: []string{"libc.so.6"}, machine: 183},
		{interp: glibc, needed: []string{"libc.so.6", "libm.so.6"}, runpath: "$ORIGIN/../lib:/opt"},
		{soname: "libx.so.1", needed: []string{"libc.so.6"}, rpath: "/opt/x"},
		{interp: glibc, needed: []string{"libc.so.6"}, far: 700_000},
		{interp: glibc, needed: []string{"libc.so.6"}, far: 700_000, late: true},
		{interp: glibc, needed: []string{"libc.so.6"}, late: true},
	} {
		img := imageOf(t, nil, layerOf(t, entry{name: "x", body: elfOf(p), mode: 0o755}))
		arch := "amd64"
		if p.machine == 183 {
			arch = "arm64"
		}
		e := img.Tree.Lstat("/x").ELF
		if e == nil {
			t.Fatalf("%+v is not known", p)
		}
		if e.Interp != p.interp || e.Soname != p.soname || !slices.Equal(e.Needed, p.needed) || e.Arch != arch || e.Partial ||
			!slices.Equal(e.RPath, folders(p.rpath)) || !slices.Equal(e.RunPath, folders(p.runpath)) {
			t.Errorf("%+v: %+v", p, e)
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
