package scaffold

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"path"
	"strings"
)

// bundle is where Debian and Ubuntu keep the certificates that programs trust, their own
// and those that are added.
const bundle = "/etc/ssl/certs/ca-certificates.crt"

// Certificates splits a PEM file of certificate authorities into files of one each, as
// update-ca-certificates takes them.
func Certificates(data []byte) ([]File, error) {
	var list []File
	for {
		var block *pem.Block
		if block, data = pem.Decode(data); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("it holds a %s: only certificates belong into an image", strings.ToLower(block.Type))
		}
		if _, err := x509.ParseCertificate(block.Bytes); err != nil {
			return nil, fmt.Errorf("certificate %d cannot be read: %w", len(list)+1, err)
		}
		list = append(list, File{Data: string(pem.EncodeToMemory(&pem.Block{Type: block.Type, Bytes: block.Bytes}))})
	}
	if len(list) == 0 {
		return nil, errors.New("it holds no certificate in PEM")
	}
	for i := range list {
		list[i].Name = "corporate-ca.crt"
		if len(list) > 1 {
			list[i].Name = fmt.Sprintf("corporate-ca-%d.crt", i+1)
		}
	}
	return list, nil
}

// from begins a stage on an image, in which the certificates of --ca are trusted.
func (p *plan) from(b Base, stage string, flags ...string) {
	p.d.line("FROM %s", strings.Join(append(flags, b.String(), "AS", stage), " "))
	if len(p.opt.CA) == 0 {
		return
	}
	var names []string
	for _, f := range p.opt.CA {
		names = append(names, f.Name)
	}
	switch repo := path.Base(b.Repo); {
	case strings.Contains(b.Repo, "distroless/"):
		p.d.line("# It has no shell: the builder has all certificates.")
		p.d.line("COPY --from=build %s %s", bundle, bundle)
		return
	case strings.HasPrefix(repo, "nginx"):
		return // it serves files and asks nobody
	default:
		p.takes(names...)
		p.d.line("# The authorities of the network that it is built and runs in.")
		p.d.line("COPY %s /usr/local/share/ca-certificates/", strings.Join(names, " "))
		if repo == "node" || repo == "debian" {
			// Their slim images lack the package, which takes the file in when it is installed.
			p.d.apt([]string{"ca-certificates"})
		} else {
			p.d.line("RUN update-ca-certificates")
		}
		switch repo {
		case "node":
			p.d.line("ENV NODE_EXTRA_CA_CERTS=%s", bundle)
		case "python":
			p.d.line("ENV SSL_CERT_FILE=%[1]s \\\n    REQUESTS_CA_BUNDLE=%[1]s", bundle)
		case "eclipse-temurin", "maven", "gradle":
			var words []string
			for _, n := range names {
				words = append(words, fmt.Sprintf("keytool -importcert -noprompt -cacerts -storepass changeit -alias %s -file /usr/local/share/ca-certificates/%s", strings.TrimSuffix(n, ".crt"), n))
			}
			p.d.line("RUN %s", strings.Join(words, " \\\n && "))
		}
	}
}
