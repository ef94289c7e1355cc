package read

import (
	"bytes"
	"encoding/binary"
	"strconv"
	"strings"

	"github.com/dockworthy/dockworthy/internal/image"
)

// machines are Go's names for ELF's e_machine, by number of bits and byte
// order. See debug/elf and go/build.
func machine(n uint16, bits int, order binary.ByteOrder) string {
	little := order == binary.LittleEndian
	switch {
	case n == 62 && bits == 64:
		return "amd64"
	case n == 62:
		return "x32"
	case n == 3:
		return "386"
	case n == 183:
		return "arm64"
	case n == 40:
		return "arm"
	case n == 243 && bits == 64:
		return "riscv64"
	case n == 21 && little:
		return "ppc64le"
	case n == 21:
		return "ppc64"
	case n == 22:
		return "s390x"
	case n == 258:
		return "loong64"
	case n == 8 && bits == 64 && little:
		return "mips64le"
	case n == 8 && bits == 64:
		return "mips64"
	case n == 8 && little:
		return "mipsle"
	case n == 8:
		return "mips"
	}
	return "machine " + strconv.Itoa(int(n))
}

const (
	// elfHead is how much of a file's first segment is kept while it streams
	// by: the names of a library's needs lie before the section that points
	// at them.
	elfHead = 16 << 20
	// maxDynamic is more than any dynamic section has.
	maxDynamic = 64 << 10
	// maxNeeded is more names than any file has.
	maxNeeded = 2000
	// maxString is more than any of its names has; a list of folders may be
	// long.
	maxString = 4096
)

// An elfLook reads an ELF file as it streams by, keeping little of it.
type elfLook struct {
	elf    *image.ELF
	order  binary.ByteOrder
	loads  []elfLoad
	head   []byte // the file's first bytes, up to want
	want   int
	interp elfRange
	dyn    elfRange
	strs   []elfString
	known  bool // the dynamic section has been read
}

type elfLoad struct{ offset, addr, size uint64 }

// An elfRange is bytes to be kept.
type elfRange struct {
	offset, size uint64
	data         []byte
}

// An elfString is a name that the dynamic section points at.
type elfString struct {
	tag uint64
	elfRange
}

// Tags of the dynamic section.
const (
	dtNeeded  = 1
	dtStrtab  = 5
	dtSoname  = 14
	dtRPath   = 15
	dtRunPath = 29
)

// lookELF begins with the file's first block; nil = it is no executable and no
// shared library. keep is a buffer for the head.
func lookELF(block, keep []byte) *elfLook {
	if len(block) < 52 || !bytes.HasPrefix(block, []byte("\x7fELF")) {
		return nil
	}
	l := &elfLook{elf: &image.ELF{}}
	switch block[5] {
	case 1:
		l.order = binary.LittleEndian
	case 2:
		l.order = binary.BigEndian
	default:
		return nil
	}
	switch kind := l.order.Uint16(block[16:]); kind {
	case 2, 3: // ET_EXEC, ET_DYN
	default:
		return nil
	}
	var phoff uint64
	var phentsize, phnum int
	switch {
	case block[4] == 1:
		l.elf.Bits = 32
		phoff, phentsize, phnum = uint64(l.order.Uint32(block[28:])), int(l.order.Uint16(block[42:])), int(l.order.Uint16(block[44:]))
		l.elf.Exec = l.order.Uint32(block[24:]) != 0
	case block[4] == 2 && len(block) >= 64:
		l.elf.Bits = 64
		phoff, phentsize, phnum = l.order.Uint64(block[32:]), int(l.order.Uint16(block[54:])), int(l.order.Uint16(block[56:]))
		l.elf.Exec = l.order.Uint64(block[24:]) != 0
	default:
		return nil
	}
	l.elf.Arch = machine(l.order.Uint16(block[18:]), l.elf.Bits, l.order)
	least := 32
	if l.elf.Bits == 64 {
		least = 56
	}
	if phnum == 0 {
		return l
	}
	if phentsize < least || phoff > uint64(len(block)) || uint64(phnum*phentsize) > uint64(len(block))-phoff {
		l.elf.Partial = true
		return l
	}
	for i := range phnum {
		p := block[phoff+uint64(i*phentsize):]
		var r elfLoad
		if l.elf.Bits == 32 {
			r = elfLoad{uint64(l.order.Uint32(p[4:])), uint64(l.order.Uint32(p[8:])), uint64(l.order.Uint32(p[16:]))}
		} else {
			r = elfLoad{l.order.Uint64(p[8:]), l.order.Uint64(p[16:]), l.order.Uint64(p[32:])}
		}
		switch l.order.Uint32(p) {
		case 1: // PT_LOAD
			l.loads = append(l.loads, r)
			if r.offset == 0 {
				l.want = int(min(r.size, elfHead))
			}
		case 2: // PT_DYNAMIC
			if r.size > maxDynamic {
				l.elf.Partial = true
			} else {
				l.dyn = elfRange{offset: r.offset, size: r.size}
			}
		case 3: // PT_INTERP
			if r.size <= maxPath {
				l.interp = elfRange{offset: r.offset, size: r.size}
			}
		}
	}
	if l.dyn.size == 0 {
		l.want = 0
	}
	l.head = keep[:0]
	return l
}

// feed takes the block of the file that begins at offset; they come in order.
func (l *elfLook) feed(offset uint64, block []byte) {
	if len(l.head) < l.want && uint64(len(l.head)) == offset {
		l.head = append(l.head, block[:min(len(block), l.want-len(l.head))]...)
	}
	l.interp.take(offset, block)
	l.dyn.take(offset, block)
	if !l.known && l.dyn.size > 0 && l.dyn.full() {
		l.known = true
		l.dynamic(offset)
	}
	for i := range l.strs {
		l.strs[i].take(offset, block)
	}
}

func (r *elfRange) full() bool { return uint64(len(r.data)) == r.size }

// take copies what a block has of the range.
func (r *elfRange) take(offset uint64, block []byte) {
	if r.full() {
		return
	}
	from := r.offset + uint64(len(r.data))
	if from < offset || from >= offset+uint64(len(block)) {
		return
	}
	rest := block[from-offset:]
	r.data = append(r.data, rest[:min(uint64(len(rest)), r.size-uint64(len(r.data)))]...)
}

// dynamic reads the dynamic section. Names that lie in the head are read at
// once; those in blocks from offset on are waited for.
func (l *elfLook) dynamic(offset uint64) {
	word := l.elf.Bits / 8
	get := func(b []byte) uint64 {
		if word == 4 {
			return uint64(l.order.Uint32(b))
		}
		return l.order.Uint64(b)
	}
	table, found := uint64(0), false
	type ref struct{ tag, value uint64 }
	var refs []ref
	for d := l.dyn.data; len(d) >= 2*word; d = d[2*word:] {
		tag, value := get(d), get(d[word:])
		if tag == 0 {
			break
		}
		switch tag {
		case dtStrtab:
			table, found = value, true
		case dtNeeded, dtSoname, dtRPath, dtRunPath:
			if len(refs) < maxNeeded {
				refs = append(refs, ref{tag, value})
			}
		}
	}
	if len(refs) == 0 {
		return
	}
	at, ok := l.offset(table)
	if !found || !ok {
		l.elf.Partial = true
		return
	}
	for _, r := range refs {
		s := elfString{r.tag, elfRange{offset: at + r.value, size: maxString}}
		switch {
		case s.offset < uint64(len(l.head)) && bytes.IndexByte(l.head[s.offset:], 0) >= 0:
			text, _, _ := bytes.Cut(l.head[s.offset:], []byte{0})
			s.data = text[:min(len(text), maxString)]
			s.size = uint64(len(s.data))
		case s.offset < offset || s.offset < at:
			l.elf.Partial = true
			continue
		}
		l.strs = append(l.strs, s)
	}
}

// offset is where the file has an address.
func (l *elfLook) offset(addr uint64) (uint64, bool) {
	for _, p := range l.loads {
		if addr >= p.addr && addr-p.addr < p.size {
			return p.offset + addr - p.addr, true
		}
	}
	return 0, false
}

// finish is what was found when the file has ended.
func (l *elfLook) finish() *image.ELF {
	e := l.elf
	interp, _, _ := bytes.Cut(l.interp.data, []byte{0})
	e.Interp = string(interp)
	if l.dyn.size > 0 && !l.known {
		e.Partial = true
	}
	for _, s := range l.strs {
		raw, _, ended := bytes.Cut(s.data, []byte{0})
		if !ended && s.size == maxString {
			e.Partial = true
			continue
		}
		switch text := string(raw); s.tag {
		case dtNeeded:
			e.Needed = append(e.Needed, text)
		case dtSoname:
			e.Soname = text
		case dtRPath:
			e.RPath = folders(text)
		case dtRunPath:
			e.RunPath = folders(text)
		}
	}
	e.Exec = e.Exec && e.Soname == "" || e.Interp != ""
	return e
}

// folders splits a search path.
func folders(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ':' || r == ';' })
}
