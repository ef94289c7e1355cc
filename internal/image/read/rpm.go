package read

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/dockworthy/dockworthy/internal/image"
)

// errRPM says that a database is damaged, or no rpm database.
var errRPM = errors.New("it is not an rpm database")

// rpmSQLite reads rpm's database: each row of the table Packages is a header
// as rpm stores it. A whole SQLite would cost this program several megabytes
// for a walk over one table.
func rpmSQLite(_ string, data []byte) ([]image.Package, error) {
	var list []image.Package
	err := sqliteRows(data, "Packages", func(payload []byte) error {
		blob, err := sqliteBlob(payload)
		if err != nil {
			return err
		}
		if p, ok := rpmHeader(blob); ok {
			list = append(list, p)
		}
		return nil
	})
	return list, err
}

// Tags of rpm's header, lib/rpmtag.h.
const (
	rpmName    = 1000
	rpmVersion = 1001
	rpmRelease = 1002
	rpmEpoch   = 1003
)

// rpmHeader reads the header of a package: the number of index entries and of
// data bytes, the entries (tag, type, offset, count), the data; all numbers
// big-endian.
func rpmHeader(b []byte) (image.Package, bool) {
	if len(b) < 8 {
		return image.Package{}, false
	}
	n, size := int64(binary.BigEndian.Uint32(b)), int64(binary.BigEndian.Uint32(b[4:]))
	if n > 1<<20 || 8+16*n+size > int64(len(b)) {
		return image.Package{}, false
	}
	data := b[8+16*n : 8+16*n+size]
	text := func(offset uint32) string {
		if int64(offset) >= int64(len(data)) {
			return ""
		}
		s, _, _ := bytes.Cut(data[offset:], []byte{0})
		return string(s)
	}
	var name, version, release, epoch string
	for i := range n {
		e := b[8+16*i:]
		tag, offset := binary.BigEndian.Uint32(e), binary.BigEndian.Uint32(e[8:])
		switch tag {
		case rpmName:
			name = text(offset)
		case rpmVersion:
			version = text(offset)
		case rpmRelease:
			release = text(offset)
		case rpmEpoch:
			if int64(offset)+4 <= int64(len(data)) {
				if e := binary.BigEndian.Uint32(data[offset:]); e != 0 {
					epoch = fmt.Sprintf("%d:", e)
				}
			}
		}
	}
	// Keys that rpm trusts are kept as packages.
	if name == "" || name == "gpg-pubkey" {
		return image.Package{}, false
	}
	if release != "" {
		version += "-" + release
	}
	return image.Package{Name: name, Version: epoch + version, Ecosystem: image.Rpm}, true
}
