// Package transport is how registries are asked. A registry is named by whoever
// calls; what it then sends us to, it chooses itself. So redirects have an end,
// credentials do not go along with them, and they lead to no address that the
// caller could not have meant; and every answer has a bound.
package transport

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
)

// MaxRedirects is how many redirects are followed for one question, as Go's own
// client does.
const MaxRedirects = 10

// The most that is read of an answer: the distribution specification lets
// registries refuse manifests from 4 MiB on; tokens and errors are far smaller.
const (
	MaxManifest = 4 << 20
	maxOther    = 1 << 20
)

// Options are the bounds of a Transport.
type Options struct {
	Host  string         // of the registry, as the caller named it, with its port if it has one
	Bytes int64          // the most that is read of all blobs together; 0 = 100 GiB
	Quiet time.Duration  // how long an answer may pause; 0 = a minute
	Roots *x509.CertPool // whose certificates are trusted; nil = the system's
	// Foreign tells that it is not the caller who named the host, but a file that nobody
	// vouches for: then it may not be at a link's own address either.
	Foreign bool
}

// A Transport asks one registry.
type Transport struct {
	opt  Options
	base http.RoundTripper
	left *budget
}

// New is a Transport; it makes its own connections.
func New(opt Options) *Transport {
	if opt.Bytes == 0 {
		opt.Bytes = 100 << 30
	}
	if opt.Quiet == 0 {
		opt.Quiet = time.Minute
	}
	t := &Transport{opt: opt, left: &budget{limit: opt.Bytes}}
	t.left.n.Store(opt.Bytes)
	dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	t.base = &http.Transport{
		Proxy: http.ProxyFromEnvironment,
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := dialer.DialContext(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			if err := t.allow(ctx, addr, conn.RemoteAddr()); err != nil {
				conn.Close()
				return nil, err
			}
			return conn, nil
		},
		TLSClientConfig:        &tls.Config{RootCAs: opt.Roots, MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2:      true,
		MaxIdleConns:           20,
		MaxIdleConnsPerHost:    8,
		IdleConnTimeout:        30 * time.Second,
		TLSHandshakeTimeout:    10 * time.Second,
		ExpectContinueTimeout:  time.Second,
		ResponseHeaderTimeout:  opt.Quiet,
		MaxResponseHeaderBytes: 1 << 20,
	}
	return t
}

// ErrElsewhere is a place that a registry sends us to and that we do not ask.
var ErrElsewhere = errors.New("this redirect is not allowed")

// ErrAddress is an address at which no file may have a registry asked.
var ErrAddress = errors.New("it is at a link-local address, where no registry is")

// RoundTrip asks one question.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	hops := 0
	for r := req; r.Response != nil && r.Response.Request != nil; r = r.Response.Request {
		if hops++; hops > MaxRedirects {
			return nil, fmt.Errorf("%s: stopped after %d redirects", t.opt.Host, MaxRedirects)
		}
	}
	if !t.named(req.URL.Host) {
		if req.URL.Scheme != "https" && !t.neighbour(req.URL.Hostname()) {
			return nil, fmt.Errorf("%w: %s redirects to %s without encryption", ErrElsewhere, t.opt.Host, req.URL.Host)
		}
		last := req.Response
		if req.URL.Scheme != "https" || last != nil && last.Request != nil && last.Request.URL.Host != req.URL.Host {
			// What a redirect's target is to know stands in its address; and a
			// token's server gets the password over TLS.
			req = req.Clone(req.Context())
			req.Header.Del("Authorization")
			req.Header.Del("Cookie")
		}
	}
	res, err := t.base.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	b := &body{ReadCloser: res.Body, quiet: t.opt.Quiet, limit: maxOther, left: maxOther}
	switch p := req.URL.Path; {
	case strings.Contains(p, "/manifests/"), strings.Contains(p, "/referrers/"):
		b.limit, b.left = MaxManifest, MaxManifest
	case strings.Contains(p, "/blobs/"), !t.named(req.URL.Host):
		b.all = t.left // a blob's storage has addresses of its own
	}
	res.Body = b
	return res, nil
}

// named tells whether a host is the one that the caller named.
func (t *Transport) named(host string) bool { return strings.EqualFold(host, t.opt.Host) }

// neighbour tells whether a host is that of the caller's registry, at another
// port: the storage of a registry that is asked without encryption.
func (t *Transport) neighbour(host string) bool {
	r, err := name.NewRegistry(t.opt.Host, name.WeakValidation)
	if err != nil || r.Scheme() != "http" {
		return false
	}
	own := t.opt.Host
	if h, _, err := net.SplitHostPort(own); err == nil {
		own = h
	}
	return strings.EqualFold(own, host)
}

// allow tells whether an address may be asked. The caller's own registry may be
// anywhere; what it names may be in the public internet, or as near as it is
// itself. Nobody's registry is at a link's own address, where clouds keep the
// credentials of a machine.
func (t *Transport) allow(ctx context.Context, host string, remote net.Addr) error {
	if t.opt.Foreign && !proxied(host) && reachOf(remote) == special {
		return ErrAddress
	}
	if t.named(host) || t.named(strings.TrimSuffix(strings.TrimSuffix(host, ":443"), ":80")) || proxied(host) {
		return nil
	}
	to := reachOf(remote)
	if to == public {
		return nil
	}
	if to != special && to >= t.reach(ctx) {
		return nil
	}
	return fmt.Errorf("%w: %s resolves to %s, which is %s", ErrElsewhere, t.opt.Host, remote, to)
}

// proxied tells whether an address is that of the proxy which the caller's
// environment names: it is asked in the place of all others.
func proxied(addr string) bool {
	for _, scheme := range []string{"https", "http"} {
		req := &http.Request{URL: mustURL(scheme + "://registry.invalid/")}
		if p, err := http.ProxyFromEnvironment(req); err == nil && p != nil {
			port := p.Port()
			if port == "" {
				port = map[string]string{"http": "80", "https": "443", "socks5": "1080"}[p.Scheme]
			}
			if strings.EqualFold(addr, net.JoinHostPort(p.Hostname(), port)) {
				return true
			}
		}
	}
	return false
}

// A reach is how far away an address is.
type reach uint8

const (
	special  reach = iota // of the link, of nobody, of everybody
	loopback              // this machine
	private               // this network
	public
)

func (r reach) String() string {
	return [...]string{"a link-local address", "an address of this machine", "an address of a private network", "public"}[r]
}

func reachOf(addr net.Addr) reach {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok {
		return special
	}
	ip, ok := netip.AddrFromSlice(tcp.IP)
	if !ok {
		return special
	}
	switch ip = ip.Unmap(); {
	case ip.IsLoopback():
		return loopback
	case ip.IsUnspecified(), ip.IsMulticast(), ip.IsLinkLocalUnicast(), ip.IsInterfaceLocalMulticast():
		return special
	case ip.IsPrivate(), shared.Contains(ip):
		return private
	}
	return public
}

// shared is the address space between a provider and its customers, RFC 6598.
var shared = netip.MustParsePrefix("100.64.0.0/10")

// reach is how far away the caller's own registry is.
func (t *Transport) reach(ctx context.Context) reach {
	host := t.opt.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	ips, err := net.DefaultResolver.LookupIP(ctx, "ip", host)
	nearest := public
	if err != nil {
		return nearest
	}
	for _, ip := range ips {
		if r := reachOf(&net.TCPAddr{IP: ip}); r != special {
			nearest = min(nearest, r)
		}
	}
	return nearest
}
