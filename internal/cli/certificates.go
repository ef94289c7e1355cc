package cli

import (
	"crypto/x509"
	"fmt"
	"os"

	"github.com/dockworthy/dockworthy/internal/scaffold"
)

// maxCertificates is how many bytes of certificates --ca takes.
const maxCertificates = 1 << 20

// certificates are the authorities that --ca names, as files of the container and for
// the look-ups at registries. nil = it names none.
func (f *initFlags) certificates() ([]scaffold.File, *x509.CertPool, error) {
	if f.ca == "" {
		return nil, nil, nil
	}
	info, err := os.Stat(f.ca)
	if err != nil {
		return nil, nil, fmt.Errorf("--ca %s: %w", f.ca, reason(err))
	}
	if !info.Mode().IsRegular() || info.Size() > maxCertificates {
		return nil, nil, fmt.Errorf("--ca %s is no file of at most %d bytes", f.ca, maxCertificates)
	}
	data, err := os.ReadFile(f.ca)
	if err != nil {
		return nil, nil, fmt.Errorf("--ca %s: %w", f.ca, reason(err))
	}
	files, err := scaffold.Certificates(data)
	if err != nil {
		return nil, nil, fmt.Errorf("--ca %s: %w", f.ca, err)
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	roots.AppendCertsFromPEM(data)
	return files, roots, nil
}
