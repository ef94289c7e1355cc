package source

import (
	"regexp"
	"strings"

	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/shell"
)

// A Family is the addresses that a server listens on.
type Family uint8

// The families. UnknownFamily is the zero Family.
const (
	UnknownFamily Family = iota
	IPv4                 // of version 4 alone
	Dual                 // of both versions
)

var (
	listenIPv4 = regexp.MustCompile(`(?:^|[\s=:@/'"])(?:0\.0\.0\.0|127\.0\.0\.1)(?:$|[:\s'"])`)
	listenDual = regexp.MustCompile(`(?:^|[\s='"])(?:\[::\]|::)(?:$|[:\s'"])`)
	// nodeListen is a call that makes a server of Node listen: on all addresses
	// where it names none.
	nodeListen = regexp.MustCompile(`\.listen\(([^()]*(?:\([^()]*\)[^()]*)*)\)`)
	quotedHost = regexp.MustCompile(`['"]([0-9.]+|::|localhost)['"]`)
)

// Binds is the family of the addresses that the program listens on, by its flags,
// the variables that it reads, its source where Node runs it, and what it does by
// itself.
func (b *Build) Binds() Family {
	program, args := b.Program()
	var line []string
	for _, a := range args {
		line = append(line, a.Text)
	}
	words := strings.Join(line, " ")
	switch {
	case listenDual.MatchString(words):
		return Dual
	case listenIPv4.MatchString(words):
		return IPv4
	}
	server := knowledge.ServerOf(program)
	if m := moduleOf(args); server.Binds == "" && m != "" {
		server = knowledge.ServerOf(m)
	}
	for _, name := range []string{"HOST", "HOSTNAME", "BIND", "LISTEN", "ADDRESS", "LISTEN_ADDR", "BIND_ADDR", "UVICORN_HOST", "FLASK_RUN_HOST", "GUNICORN_CMD_ARGS"} {
		v, ok := b.runtimeEnv(name)
		switch {
		case !ok:
		case listenDual.MatchString(v):
			return Dual
		case listenIPv4.MatchString(v):
			return IPv4
		}
	}
	if program == "node" {
		return b.nodeBinds(args)
	}
	switch server.Binds {
	case "ipv4":
		return IPv4
	case "dual":
		return Dual
	}
	return UnknownFamily
}

// nodeBinds is the family by the source that Node runs.
func (b *Build) nodeBinds(args []shell.Word) Family {
	for _, a := range args {
		if strings.HasPrefix(a.Text, "-") {
			continue
		}
		p := a.Text
		if !strings.HasPrefix(p, "/") {
			p = b.Target.Final.Workdir.Value + "/" + strings.TrimPrefix(p, "./")
		}
		o := b.FileAt(p)
		if o == nil {
			return UnknownFamily
		}
		data, ok := o.Data()
		if !ok {
			return UnknownFamily
		}
		m := nodeListen.FindStringSubmatch(data)
		if m == nil {
			return UnknownFamily
		}
		if h := quotedHost.FindStringSubmatch(m[1]); h != nil {
			if strings.HasPrefix(h[1], "0.") || strings.HasPrefix(h[1], "127.") {
				return IPv4
			}
			return Dual
		}
		if plainListen.MatchString(m[1]) {
			return Dual // Node takes :: where no host is named
		}
		return UnknownFamily
	}
	return UnknownFamily
}

// plainListen is the arguments of a listen that name no host: a port, and what is
// called then.
var plainListen = regexp.MustCompile(`^\s*(?:\d+|[\w.]*(?i:port)[\w.]*(?:\s*\|\|\s*\d+)?|process\.env\.\w+(?:\s*\|\|\s*\d+)?)\s*(?:,\s*(?:\(|function|async|[\w.]+\s*=>).*)?$`)
