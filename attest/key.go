package attest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
)

// MaxKey is the most bytes that a key file may have.
const MaxKey = 64 << 10

// A Key signs: an ECDSA key on the curve P-256. It shows nothing of itself
// when it is printed.
type Key struct{ ec *ecdsa.PrivateKey }

// A PublicKey checks what its Key signed.
type PublicKey struct {
	ec  *ecdsa.PublicKey
	der []byte // PKIX
}

// GenerateKey makes a new key.
func GenerateKey() (Key, error) {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Key{}, fmt.Errorf("generate a key: %w", err)
	}
	return Key{k}, nil
}

// String names the key by its hint.
func (k Key) String() string { return "private key of " + k.Public().Hint() }

// GoString is String: %#v shows no secret either.
func (k Key) GoString() string { return k.String() }

// Public is the public half.
func (k Key) Public() PublicKey {
	if k.ec == nil {
		return PublicKey{}
	}
	p, _ := newPublicKey(&k.ec.PublicKey)
	return p
}

// PEM is the key as a PKCS#8 PEM block, unencrypted.
func (k Key) PEM() ([]byte, error) {
	if k.ec == nil {
		return nil, errors.New("there is no key")
	}
	der, err := x509.MarshalPKCS8PrivateKey(k.ec)
	if err != nil {
		return nil, fmt.Errorf("write the key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

// sign is the signature of a message, in ASN.1: the same one each time.
func (k Key) sign(message []byte) ([]byte, error) {
	if k.ec == nil {
		return nil, errors.New("there is no key")
	}
	sum := sha256.Sum256(message)
	return k.ec.Sign(nil, sum[:], crypto.SHA256)
}

func newPublicKey(ec *ecdsa.PublicKey) (PublicKey, error) {
	if ec.Curve != elliptic.P256() {
		return PublicKey{}, fmt.Errorf("the key is on the curve %s: only P-256 is supported", ec.Curve.Params().Name)
	}
	der, err := x509.MarshalPKIXPublicKey(ec)
	if err != nil {
		return PublicKey{}, fmt.Errorf("read the public key: %w", err)
	}
	return PublicKey{ec, der}, nil
}

// Hint names the key: the base64 of the SHA-256 of its PKIX form, as other
// Sigstore tools have it.
func (p PublicKey) Hint() string {
	if p.ec == nil {
		return "no key"
	}
	sum := sha256.Sum256(p.der)
	return base64.StdEncoding.EncodeToString(sum[:])
}

// PEM is the key as a PKIX PEM block.
func (p PublicKey) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: p.der})
}

func (p PublicKey) verify(message, signature []byte) bool {
	sum := sha256.Sum256(message)
	return p.ec != nil && ecdsa.VerifyASN1(p.ec, sum[:], signature)
}

// ParseKey reads a private key: PKCS#8 or SEC 1, in PEM, unencrypted, on the
// curve P-256. Its errors say what to do about any other.
func ParseKey(data []byte) (Key, error) {
	b, err := block(data)
	if err != nil {
		return Key{}, err
	}
	var parsed any
	switch {
	case b.Headers["DEK-Info"] != "":
		return Key{}, errors.New("the key is encrypted: `openssl ec -in KEY -out dockworthy.key` decrypts it")
	case b.Type == "PRIVATE KEY":
		parsed, err = x509.ParsePKCS8PrivateKey(b.Bytes)
	case b.Type == "EC PRIVATE KEY":
		parsed, err = x509.ParseECPrivateKey(b.Bytes)
	case b.Type == "ENCRYPTED COSIGN PRIVATE KEY" || b.Type == "ENCRYPTED SIGSTORE PRIVATE KEY":
		return Key{}, errors.New("the key is encrypted by cosign, in a format that is not supported: generate one with `dockworthy keygen`; cosign can verify with its public key too")
	case b.Type == "ENCRYPTED PRIVATE KEY":
		return Key{}, errors.New("the key is encrypted: `openssl pkcs8 -in KEY -out dockworthy.key` decrypts it")
	case b.Type == "PUBLIC KEY" || b.Type == "CERTIFICATE":
		return Key{}, fmt.Errorf("this is a %s: signing needs the private key", kind(b.Type))
	default:
		return Key{}, fmt.Errorf("the PEM block %s is not a supported private key: want PRIVATE KEY or EC PRIVATE KEY", quote(b.Type))
	}
	if err != nil {
		return Key{}, fmt.Errorf("read the private key: %w", err)
	}
	ec, ok := parsed.(*ecdsa.PrivateKey)
	if !ok {
		return Key{}, fmt.Errorf("the key is %s: only ECDSA on P-256 is supported; `dockworthy keygen` generates one", algorithm(parsed))
	}
	if _, err := newPublicKey(&ec.PublicKey); err != nil {
		return Key{}, fmt.Errorf("%w; `dockworthy keygen` generates one", err)
	}
	return Key{ec}, nil
}

// ParsePublicKey reads a PKIX public key in PEM, on the curve P-256, such as
// keygen and cosign write. Its errors say what to do about any other.
func ParsePublicKey(data []byte) (PublicKey, error) {
	b, err := block(data)
	if err != nil {
		return PublicKey{}, err
	}
	switch b.Type {
	case "PUBLIC KEY":
	case "CERTIFICATE":
		return PublicKey{}, errors.New("this is a certificate: `openssl x509 -in CERT -noout -pubkey` prints its public key")
	case "PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "ENCRYPTED COSIGN PRIVATE KEY", "ENCRYPTED SIGSTORE PRIVATE KEY":
		return PublicKey{}, errors.New("this is a private key: give the public key (.pub), which may be published")
	default:
		return PublicKey{}, fmt.Errorf("the PEM block %s is not a public key: want PUBLIC KEY", quote(b.Type))
	}
	parsed, err := x509.ParsePKIXPublicKey(b.Bytes)
	if err != nil {
		return PublicKey{}, fmt.Errorf("read the public key: %w", err)
	}
	ec, ok := parsed.(*ecdsa.PublicKey)
	if !ok {
		return PublicKey{}, fmt.Errorf("the key is %s: only ECDSA on P-256 is supported", algorithm(parsed))
	}
	return newPublicKey(ec)
}

// block is the PEM block that holds the key.
func block(data []byte) (*pem.Block, error) {
	if len(data) > MaxKey {
		return nil, fmt.Errorf("the file has %d bytes: the limit for a key is %d", len(data), MaxKey)
	}
	for {
		b, rest := pem.Decode(data)
		if b == nil {
			return nil, errors.New("the file contains no PEM block (-----BEGIN …)")
		}
		data = rest
		if b.Type == "EC PARAMETERS" { // openssl writes them before the key
			continue
		}
		if next, _ := pem.Decode(rest); next != nil {
			return nil, errors.New("the file contains several PEM blocks: give a file with one key")
		}
		return b, nil
	}
}

func kind(pemType string) string {
	if pemType == "CERTIFICATE" {
		return "certificate"
	}
	return "public key"
}

func algorithm(key any) string {
	switch name := fmt.Sprintf("%T", key); name {
	case "*rsa.PrivateKey", "*rsa.PublicKey":
		return "an RSA key"
	case "ed25519.PrivateKey", "ed25519.PublicKey":
		return "an Ed25519 key"
	default:
		return "not an ECDSA key (" + name + ")"
	}
}
