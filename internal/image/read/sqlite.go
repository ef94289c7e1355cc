package read

import (
	"bytes"
	"encoding/binary"
	"errors"
)

// This is as much of SQLite's file format as it takes to walk over one table:
// https://www.sqlite.org/fileformat2.html. A database is hostile until read:
// each page is entered once, so that no circle of them has no end.

var errSQLite = errors.New("it is a damaged SQLite database, or not one")

type sqliteFile struct {
	data   []byte
	page   int // bytes of a page
	usable int // without what is reserved at its end
	seen   []bool
}

// sqliteRows gives each row of a table, as SQLite's record format has it. The
// bytes are valid during the call.
func sqliteRows(data []byte, table string, row func(record []byte) error) error {
	if len(data) < 512 || !bytes.HasPrefix(data, []byte("SQLite format 3\x00")) {
		return errSQLite
	}
	f := &sqliteFile{data: data, page: int(binary.BigEndian.Uint16(data[16:]))}
	if f.page == 1 {
		f.page = 1 << 16
	}
	if f.usable = f.page - int(data[20]); f.page < 512 || f.page&(f.page-1) != 0 || f.usable < 480 || len(data) < f.page {
		return errSQLite
	}
	f.seen = make([]bool, len(data)/f.page+1)
	root := 0
	err := f.walk(1, 0, func(record []byte) error {
		cols, err := sqliteColumns(record)
		if err != nil {
			return err
		}
		// type, name, tbl_name, rootpage, sql
		if len(cols) >= 4 && string(cols[0].data) == "table" && string(cols[1].data) == table {
			root = int(cols[3].number)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if root <= 1 {
		return errRPM
	}
	return f.walk(root, 0, row)
}

// pageAt is page n, from 1; each once.
func (f *sqliteFile) pageAt(n int) ([]byte, error) {
	if n < 1 || n > len(f.data)/f.page || f.seen[n] {
		return nil, errSQLite
	}
	f.seen[n] = true
	return f.data[(n-1)*f.page : n*f.page], nil
}

// walk goes over a table's tree.
func (f *sqliteFile) walk(n, depth int, row func([]byte) error) error {
	if depth > 40 {
		return errSQLite
	}
	page, err := f.pageAt(n)
	if err != nil {
		return err
	}
	head := page
	if n == 1 {
		head = page[100:]
	}
	kind, cells := head[0], int(binary.BigEndian.Uint16(head[3:]))
	pointers := head[8:]
	if kind == 0x05 {
		pointers = head[12:]
	}
	if 2*cells > len(pointers) {
		return errSQLite
	}
	for i := range cells {
		at := int(binary.BigEndian.Uint16(pointers[2*i:]))
		if at >= f.usable {
			return errSQLite
		}
		cell := page[at:f.usable]
		switch kind {
		case 0x05: // an inner page: the child's number, the key
			if len(cell) < 4 {
				return errSQLite
			}
			if err := f.walk(int(binary.BigEndian.Uint32(cell)), depth+1, row); err != nil {
				return err
			}
		case 0x0d: // a leaf: the record's size, the key, the record
			size, k := varint(cell)
			_, l := varint(cell[k:])
			if k == 0 || l == 0 || size > uint64(len(f.data)) {
				return errSQLite
			}
			record, err := f.record(cell[k+l:], int(size))
			if err != nil {
				return err
			}
			if err := row(record); err != nil {
				return err
			}
		default:
			return errSQLite
		}
	}
	if kind == 0x05 {
		return f.walk(int(binary.BigEndian.Uint32(head[8:])), depth+1, row)
	}
	return nil
}

// record gathers a record of which the end may lie on overflow pages.
func (f *sqliteFile) record(cell []byte, size int) ([]byte, error) {
	local := size
	if most := f.usable - 35; size > most {
		least := (f.usable-12)*32/255 - 23
		local = least + (size-least)%(f.usable-4)
		if local > most {
			local = least
		}
	}
	if local == size {
		if size > len(cell) {
			return nil, errSQLite
		}
		return cell[:size], nil
	}
	if local+4 > len(cell) {
		return nil, errSQLite
	}
	record := append(make([]byte, 0, size), cell[:local]...)
	for next := int(binary.BigEndian.Uint32(cell[local:])); len(record) < size; {
		page, err := f.pageAt(next)
		if err != nil {
			return nil, err
		}
		next = int(binary.BigEndian.Uint32(page))
		record = append(record, page[4:4+min(f.usable-4, size-len(record))]...)
	}
	return record, nil
}

// A sqliteColumn is a value of a record: bytes, or an integer.
type sqliteColumn struct {
	data   []byte
	number int64
}

// sqliteColumns splits a record.
func sqliteColumns(record []byte) ([]sqliteColumn, error) {
	size, k := varint(record)
	if k == 0 || size > uint64(len(record)) || uint64(k) > size {
		return nil, errSQLite
	}
	types, body := record[k:size], record[size:]
	var cols []sqliteColumn
	for len(types) > 0 {
		t, k := varint(types)
		if k == 0 || len(cols) >= 64 {
			return nil, errSQLite
		}
		types = types[k:]
		n, integer := uint64(0), false
		switch {
		case t >= 1 && t <= 6:
			n, integer = [...]uint64{0, 1, 2, 3, 4, 6, 8}[t], true
		case t == 7:
			n = 8
		case t >= 12:
			n = (t - 12) / 2
		}
		if n > uint64(len(body)) {
			return nil, errSQLite
		}
		c := sqliteColumn{data: body[:n]}
		if integer {
			c.number = int64(int8(body[0]))
			for _, b := range body[1:n] {
				c.number = c.number<<8 | int64(b)
			}
		}
		if t == 9 {
			c.number = 1
		}
		cols, body = append(cols, c), body[n:]
	}
	return cols, nil
}

// sqliteBlob is the last column of a record.
func sqliteBlob(record []byte) ([]byte, error) {
	cols, err := sqliteColumns(record)
	if err != nil || len(cols) == 0 {
		return nil, errSQLite
	}
	return cols[len(cols)-1].data, nil
}

// varint reads SQLite's: seven bits a byte, the highest first, the ninth byte
// whole. n is its length; 0 = it is cut short.
func varint(b []byte) (v uint64, n int) {
	for i := 0; i < len(b) && i < 9; i++ {
		if i == 8 {
			return v<<8 | uint64(b[i]), 9
		}
		v = v<<7 | uint64(b[i]&0x7f)
		if b[i] < 0x80 {
			return v, i + 1
		}
	}
	return 0, 0
}
