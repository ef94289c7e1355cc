package checktest

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"strconv"
	"strings"
)

// ELF is a 64-bit little-endian program that says which interpreter and
// libraries it needs and does nothing: interp=PATH, needed=NAME, runpath=DIRS,
// machine=NUMBER (62, x86-64, unless it is said).
func ELF(words ...string) []byte {
	machine, interp := uint16(elf.EM_X86_64), ""
	var needed []string
	runpath := ""
	for _, w := range words {
		key, value, _ := strings.Cut(w, "=")
		switch key {
		case "machine":
			n, _ := strconv.ParseUint(value, 10, 16)
			machine = uint16(n)
		case "interp":
			interp = value
		case "needed":
			needed = append(needed, value)
		case "runpath":
			runpath = value
		}
	}
	const headers, entry = 64, 56
	var strs, dyn, body bytes.Buffer
	strs.WriteByte(0)
	str := func(s string) uint64 {
		at := strs.Len()
		strs.WriteString(s + "\x00")
		return uint64(at)
	}
	tag := func(t elf.DynTag, v uint64) {
		binary.Write(&dyn, binary.LittleEndian, elf.Dyn64{Tag: int64(t), Val: v})
	}
	for _, n := range needed {
		tag(elf.DT_NEEDED, str(n))
	}
	if runpath != "" {
		tag(elf.DT_RUNPATH, str(runpath))
	}
	var progs []elf.Prog64
	count := 1
	if interp != "" {
		count++
	}
	if dyn.Len() > 0 {
		count++
	}
	start := uint64(headers + entry*count)
	place := func(data []byte) uint64 {
		at := start + uint64(body.Len())
		body.Write(data)
		for body.Len()%8 != 0 {
			body.WriteByte(0)
		}
		return at
	}
	if interp != "" {
		at := place([]byte(interp + "\x00"))
		progs = append(progs, elf.Prog64{Type: uint32(elf.PT_INTERP), Off: at, Vaddr: at, Filesz: uint64(len(interp) + 1), Memsz: uint64(len(interp) + 1)})
	}
	if dyn.Len() > 0 {
		at := place(strs.Bytes())
		tag(elf.DT_STRTAB, at)
		tag(elf.DT_STRSZ, uint64(strs.Len()))
		tag(elf.DT_NULL, 0)
		d := place(dyn.Bytes())
		progs = append(progs, elf.Prog64{Type: uint32(elf.PT_DYNAMIC), Off: d, Vaddr: d, Filesz: uint64(dyn.Len()), Memsz: uint64(dyn.Len())})
	}
	size := start + uint64(body.Len())
	progs = append(progs, elf.Prog64{Type: uint32(elf.PT_LOAD), Flags: 5, Filesz: size, Memsz: size})
	h := elf.Header64{Type: uint16(elf.ET_DYN), Machine: machine, Version: 1, Phoff: headers, Ehsize: headers, Phentsize: entry, Phnum: uint16(count), Shentsize: 64}
	copy(h.Ident[:], "\x7fELF\x02\x01\x01")
	var out bytes.Buffer
	binary.Write(&out, binary.LittleEndian, h)
	for _, p := range progs {
		binary.Write(&out, binary.LittleEndian, p)
	}
	out.Write(body.Bytes())
	return out.Bytes()
}
