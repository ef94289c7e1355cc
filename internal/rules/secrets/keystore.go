package secrets

import (
	"bytes"
	"encoding/binary"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/source"
)

// isKeystore tells whether a name, in lower case, is that of a key store.
func isKeystore(low string) bool { return knowledge.KeystoreEnds.Ends(low) }

// keystore judges a key store by what is in it: one that holds certificates
// alone, as a trust store, is for everybody.
func keystore(ctx *source.Context, p string) fileKind {
	data, ok := ctx.Read(p)
	if !ok {
		return fileKind{}
	}
	return keystoreOf(data, p)
}

func keystoreOf(data []byte, p string) fileKind {
	key := fileKind{"is a key store with a private key", check.Error, true}
	switch {
	case bytes.HasPrefix(data, []byte("PuTTY-User-Key-File-")) && bytes.Contains(data, []byte("Private-Lines:")):
		return fileKind{"contains a private key", check.Error, true}
	case bytes.HasPrefix(data, jksMagic) || bytes.HasPrefix(data, jceksMagic):
		switch holdsKey, whole := javaKey(data); {
		case holdsKey:
			return key
		case whole:
			return fileKind{}
		}
	case isPKCS12(data):
		if bytes.Contains(data, shroudedKeyBag) || bytes.Contains(data, keyBag) {
			return key
		}
	default:
		return fileKind{}
	}
	if low := strings.ToLower(p); strings.Contains(low, "trust") || strings.Contains(low, "cacert") {
		return fileKind{}
	}
	return fileKind{"is a key store, which usually contains a private key", check.Warning, true}
}

var (
	jksMagic   = []byte{0xFE, 0xED, 0xFE, 0xED}
	jceksMagic = []byte{0xCE, 0xCE, 0xCE, 0xCE}
	// The object identifiers of RFC 7292: pkcs-12 keyBag and pkcs8ShroudedKeyBag.
	keyBag         = []byte{0x06, 0x0B, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x0C, 0x0A, 0x01, 0x01}
	shroudedKeyBag = []byte{0x06, 0x0B, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x0C, 0x0A, 0x01, 0x02}
	// pkcs7Data is the identifier pkcs7-data, with which the content of a PKCS #12
	// file begins.
	pkcs7Data = []byte{0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07, 0x01}
)

// isPKCS12 tells whether a file begins as RFC 7292 says: a sequence, version 3,
// and content of PKCS #7.
func isPKCS12(data []byte) bool {
	head := data[:min(len(data), 64)]
	return len(head) > 4 && head[0] == 0x30 && bytes.Contains(head, []byte{0x02, 0x01, 0x03}) && bytes.Contains(head, pkcs7Data)
}

// javaKey tells whether a key store of Java has an entry with a key, and whether
// all its entries could be looked at.
func javaKey(data []byte) (key, whole bool) {
	if len(data) < 12 {
		return false, false
	}
	entries := binary.BigEndian.Uint32(data[8:12])
	rest := data[12:]
	skip := func(n uint64) bool {
		if n > uint64(len(rest)) {
			return false
		}
		rest = rest[n:]
		return true
	}
	// short and long skip a text or bytes with their length in front.
	short := func() bool { return len(rest) >= 2 && skip(2+uint64(binary.BigEndian.Uint16(rest))) }
	long := func() bool { return len(rest) >= 4 && skip(4+uint64(binary.BigEndian.Uint32(rest))) }
	for range entries {
		if len(rest) < 4 {
			return false, false
		}
		if tag := binary.BigEndian.Uint32(rest); tag != 2 { // 1: a private key, 3: a secret key
			return tag == 1 || tag == 3, false
		}
		if !skip(4) || !short() || !skip(8) || !short() || !long() {
			return false, false
		}
	}
	return false, true
}
