package stack

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

var (
	railsRouteRE  = regexp.MustCompile(`^\s*(?:get|match|root)\s*\(?\s*(?:["'](/?[\w/.-]+)["']|:(\w+))(.*)`)
	railsScopeRE  = regexp.MustCompile(`^\s*(?:namespace\s*\(?\s*(?::(\w+)|["']([\w/-]+)["'])(?:.*?\bpath:\s*["']([^"']*)["'])?|scope\s*\(?\s*(?:["'](/?[\w/-]+)["']|:(\w+)|.*?\bpath:\s*["']([^"']+)["']))`)
	railsTargetRE = regexp.MustCompile(`(?:\bto:|=>)\s*["']([\w/]+)#(\w+)["']`)
	railsGuardRE  = regexp.MustCompile(`(?m)^\s*before_action\s+:(authenticate\w*|require_\w*(?:login|auth\w*|user)|authorize\w*|ensure_\w*(?:logged|auth)\w*)|^\s*include Authentication\b`)
	rackRouteRE   = regexp.MustCompile(`^\s*(?:get|map|on|r\.(?:get|is|on))\s*\(?\s*(?:["'](/?[\w/.-]+)["']|:(\w+))`)
	rackPrefixRE  = regexp.MustCompile(`^\s*(?:namespace|prefix|resource|map|r\.on)\s*\(?\s*(?:["'](/?[\w/.-]+)["']|:(\w+))`)
	rubyOpenRE    = regexp.MustCompile(`\bdo\b(?:\s*\|[^|]*\|)?\s*$`)
	railsSSLRE    = regexp.MustCompile(`(?m)^\s*config\.force_ssl\s*=\s*(?:true|ENV)`)
	railsAssumeRE = regexp.MustCompile(`(?m)^\s*config\.assume_ssl\s*=\s*true`)
	railsHostsRE  = regexp.MustCompile(`(?m)^\s*config\.hosts\s*(?:<<|=|\+=)\s*\[?\s*["']\.?([\w.-]+)["']`)
	rackSSLRE     = regexp.MustCompile(`\buse\s+Rack::(?:SSL|SslEnforcer)\b`)
)

// health finds the route that tells how the program is, and what a request has to say so
// that it is answered.
func (p *rubyProject) health() {
	if p.s.Kind != Service {
		return
	}
	best := -1
	note := func(route string, own bool, at Place) {
		i := slices.Index(healthy, strings.ToLower(path.Base(route)))
		if own {
			i = 0 // Rails's, which wants nobody
		}
		if i < 0 || strings.ContainsAny(route, ":*(") || best >= 0 && i >= best {
			return
		}
		best = i
		p.s.Health = Fact{Value: route, At: at}
	}
	rails := p.s.Framework.Value == "Rails"
	for _, f := range p.sources {
		if rails && f.file != "config/routes.rb" && !strings.HasPrefix(f.file, "config/routes/") {
			continue
		}
		if !rails && strings.HasPrefix(f.file, "config/") && path.Ext(f.file) != ".rb" {
			continue
		}
		p.routes(f, rails, note)
	}
	p.asks()
}

// routes follows the blocks of a file of routes.
func (p *rubyProject) routes(f script, rails bool, note func(string, bool, Place)) {
	route, scope := rackRouteRE, rackPrefixRE
	if rails {
		route, scope = railsRouteRE, railsScopeRE
	}
	var around []string
	n := 0
	for l := range strings.Lines(f.text) {
		n++
		l = strings.TrimRight(l, "\r\n")
		if m := route.FindStringSubmatch(l); m != nil && !(rails && p.guarded(m[3])) {
			full := ""
			for _, part := range append(slices.Clone(around), m[1]+m[2]) {
				if part = strings.Trim(part, "/"); part != "" {
					full += "/" + part
				}
			}
			note(full, rails && strings.Contains(m[3], "rails/health#"), Place{f.file, n})
		}
		switch trimmed := strings.TrimSpace(l); {
		case rubyOpenRE.MatchString(l) || strings.HasPrefix(trimmed, "class ") || strings.HasPrefix(trimmed, "module ") || strings.HasPrefix(trimmed, "def ") || strings.HasPrefix(trimmed, "if ") || strings.HasPrefix(trimmed, "unless ") || strings.HasPrefix(trimmed, "case "):
			prefix := ""
			if m := scope.FindStringSubmatch(l); m != nil && rubyOpenRE.MatchString(l) {
				for i := len(m) - 1; i > 0 && prefix == ""; i-- {
					prefix = m[i]
				}
			}
			around = append(around, prefix)
		case (trimmed == "end" || strings.HasPrefix(trimmed, "end ") || strings.HasPrefix(trimmed, "end.")) && len(around) > 0:
			around = around[:len(around)-1]
		}
	}
}

// guarded tells whether what a route leads to wants somebody who is logged in.
func (p *rubyProject) guarded(rest string) bool {
	m := railsTargetRE.FindStringSubmatch(rest)
	if m == nil || m[1] == "rails/health" {
		return false
	}
	own := ""
	for _, f := range p.sources {
		if strings.HasSuffix(f.file, "/"+m[1]+"_controller.rb") {
			own += f.text
		}
	}
	if own == "" {
		return true // nothing is there that could answer
	}
	if railsGuardRE.MatchString(own) {
		return !strings.Contains(own, "except:") || !strings.Contains(own, m[2])
	}
	return strings.Contains(own, "< ApplicationController") && railsGuardRE.MatchString(p.code("app/controllers/application_controller.rb")) &&
		!strings.Contains(own, "skip_before_action") && !strings.Contains(own, "allow_unauthenticated_access")
}

// asks notes the headers without which a request from the container itself is sent
// elsewhere or turned down.
func (p *rubyProject) asks() {
	production := p.code("config/environments/production.rb") + "\n" + p.code("config/application.rb")
	ssl := railsSSLRE.MatchString(production) && !railsAssumeRE.MatchString(production)
	for _, f := range p.sources {
		ssl = ssl || rackSSLRE.MatchString(f.text)
	}
	if ssl {
		p.s.Asks = append(p.s.Asks, Tool{Name: "X-Forwarded-Proto", Version: "https"})
	}
	if m := railsHostsRE.FindStringSubmatch(production); m != nil && !strings.Contains(production, "host_authorization") {
		p.s.Asks = append(p.s.Asks, Tool{Name: "Host", Version: m[1]})
	}
}
