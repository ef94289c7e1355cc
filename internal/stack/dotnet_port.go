package stack

import (
	"cmp"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/knowledge"
)

var (
	netURLRE    = regexp.MustCompile(`\b(?:app\.Run(?:Async)?|Urls\.Add|UseUrls)\(\s*(?:\$)?"(https?://[^"]+)"`)
	netListenRE = regexp.MustCompile(`\b(ListenAnyIP|ListenLocalhost)\(\s*(\d{2,5})|\bListen\(\s*IPAddress\.(\w+)\s*,\s*(\d{2,5})|\bTcpListener\(\s*IPAddress\.(\w+)\s*,\s*(\d{2,5})|Prefixes\.Add\(\s*"http://([^:/"]+):(\d{2,5})`)
	netPortRE   = regexp.MustCompile(`\bGetEnvironmentVariable\(\s*"PORT"\s*\)(?:\s*\?\?\s*"(\d{2,5})")?`)
)

// port finds where the program listens: what the source says comes before settings, and
// these before what the image sets. Those of launchSettings.json are for development.
// Source: learn.microsoft.com/aspnet/core/fundamentals/servers/kestrel/endpoints.
func (p *netLooker) port() {
	s := p.s
	if s.Kind != Service {
		return
	}
	if p.opt.Port > 0 {
		s.Port = p.opt.port()
		p.listen(s.Port.Value)
		return
	}
	for _, f := range p.sources {
		at := func(i int) Place { return Place{f.file, lineAt(f.text, i)} }
		if m := netPortRE.FindStringSubmatchIndex(f.text); m != nil {
			port := "8080"
			if m[2] >= 0 {
				port = f.text[m[2]:m[3]]
			}
			s.Port = Fact{Value: port, At: at(m[0]), Why: "from PORT"}
			s.Set = append(s.Set, Tool{Name: "PORT", Version: port})
			return
		}
		if m := netURLRE.FindStringSubmatchIndex(f.text); m != nil {
			if host, port := netAddress(f.text[m[2]:m[3]]); port != "" {
				s.Port = Fact{Value: port, At: at(m[0])}
				if isLocal(host) { // settings of Kestrel win over what the source says of URLs
					s.Set = append(s.Set, Tool{Name: "Kestrel__Endpoints__Http__Url", Version: "http://0.0.0.0:" + port})
				}
				return
			}
		}
		if m := netListenRE.FindStringSubmatch(f.text); m != nil {
			where := at(netListenRE.FindStringIndex(f.text)[0])
			s.Port = Fact{Value: cmp.Or(m[2], m[4], m[6], m[8]), At: where}
			host := cmp.Or(m[3], m[5], m[7])
			if m[1] == "ListenLocalhost" || host == "Loopback" {
				host = "localhost"
			}
			p.local(host, where)
			return
		}
	}
	p.configured()
}

// local tells of a program that listens for its own machine alone, by its source.
func (p *netLooker) local(host string, at Place) {
	if isLocal(host) {
		p.s.Notes = append(p.s.Notes, fmt.Sprintf("%s listens for the container itself alone, and nobody reaches it from outside: 0.0.0.0, or nothing and ASPNETCORE_HTTP_PORTS, is right there", at))
	}
}

// configured is the port that the settings say, or the one of the image.
func (p *netLooker) configured() {
	s := p.s
	keys := slices.Sorted(maps.Keys(p.config))
	for _, key := range keys {
		if c := p.config[key]; strings.HasPrefix(key, "kestrel:endpoints:") && strings.HasPrefix(c.value, "https://") {
			s.Notes = append(s.Notes, fmt.Sprintf("%s asks for TLS, and the program does not start without a certificate, which no image has: leave it to what stands before the container", c.at))
		}
	}
	for _, key := range keys {
		c := p.config[key]
		isURL := key == "urls" || strings.HasPrefix(key, "kestrel:endpoints:") && strings.HasSuffix(key, ":url")
		if !isURL || !strings.Contains(c.value, "http://") {
			continue
		}
		for part := range strings.SplitSeq(c.value, ";") {
			host, port := netAddress(strings.TrimSpace(part))
			if port == "" || strings.HasPrefix(strings.TrimSpace(part), "https") {
				continue
			}
			s.Port = Fact{Value: port, At: c.at}
			if isLocal(host) {
				s.Set = append(s.Set, Tool{Name: strings.ReplaceAll(c.key, ":", "__"), Version: "http://0.0.0.0:" + port})
			}
			return
		}
	}
	if p.main.web() {
		s.Port = Fact{Value: "8080", Why: "the default of ASP.NET Core's image"}
		p.listen("8080")
		return
	}
	s.Port = Fact{Value: "8080", Why: "default"}
	s.Notes = append(s.Notes, "the source does not say where it listens: --port says it")
}

// listen sets where ASP.NET Core listens.
func (p *netLooker) listen(port string) {
	if knowledge.Compare(p.s.Version.Spec, "8") >= 0 {
		p.s.Set = append(p.s.Set, Tool{Name: "ASPNETCORE_HTTP_PORTS", Version: port})
		return
	}
	p.s.Set = append(p.s.Set, Tool{Name: "ASPNETCORE_URLS", Version: "http://+:" + port})
}

// netAddress is the host and the port of a URL as Kestrel takes it: http://*:5000.
func netAddress(text string) (host, port string) {
	text = strings.NewReplacer("://*", "://0.0.0.0", "://+", "://0.0.0.0").Replace(text)
	u, err := url.Parse(text)
	if err != nil {
		return "", ""
	}
	return u.Hostname(), u.Port()
}
