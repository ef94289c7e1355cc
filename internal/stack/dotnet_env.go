package stack

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/secret"
)

var (
	netEnvRE     = regexp.MustCompile(`\bGetEnvironmentVariable\(\s*"([A-Za-z_][A-Za-z0-9_]*)"\s*\)`)
	netConfigRE  = regexp.MustCompile(`\b(?i:config|configuration|_config|_configuration)\s*(?:\[\s*"([\w:.-]+)"\s*\]|\.GetValue(?:<[^>]*>)?\(\s*"([\w:.-]+)"|\.GetRequiredSection\(\s*"([\w:.-]+)"\s*\)\.Value)`)
	netConnectRE = regexp.MustCompile(`\bGetConnectionString\(\s*"([\w.-]+)"\s*\)`)
	netOrRE      = regexp.MustCompile(`^\s*!?\s*\?\?\s*"([^"]*)"`)
	netThrowRE   = regexp.MustCompile(`^\s*(?:\?\?\s*throw\b|!\s*[;.,)])`)
	netPlainRE   = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.:-]*$`)
)

// variables notes what the program asks the environment for: variables, and settings
// that a variable gives, with two underscores for each colon.
// Source: learn.microsoft.com/aspnet/core/fundamentals/configuration: environment
// variables.
func (p *netLooker) variables() {
	note := func(v Variable) {
		if known[v.Name] || strings.HasPrefix(v.Name, "ASPNETCORE_") || strings.HasPrefix(v.Name, "DOTNET_") || !netPlainRE.MatchString(v.Name) {
			return
		}
		// A connection string has a password in it, unless it names a file.
		v.Secret = secret.Named(v.Name) || strings.HasPrefix(v.Name, "ConnectionStrings__") && !strings.HasPrefix(strings.ToLower(v.Default), "data source=")
		for i := range p.s.Env {
			if have := &p.s.Env[i]; have.Name == v.Name {
				have.Required, have.Default = have.Required || v.Required, cmp.Or(have.Default, v.Default)
				have.Service = cmp.Or(have.Service, v.Service)
				return
			}
		}
		p.s.Env = append(p.s.Env, v)
	}
	for _, f := range p.sources {
		for _, m := range netEnvRE.FindAllStringSubmatchIndex(f.text, -1) {
			v := Variable{Name: f.text[m[2]:m[3]], At: Place{f.file, lineAt(f.text, m[0])}}
			v.Default, v.Required = netDefault(f.text[m[1]:])
			note(v)
		}
		for _, m := range netConnectRE.FindAllStringSubmatchIndex(f.text, -1) {
			name := f.text[m[2]:m[3]]
			v := Variable{Name: "ConnectionStrings__" + name, At: Place{f.file, lineAt(f.text, m[0])}, Service: p.connects(f.text, m[0], name)}
			v.Default, v.Required = netDefault(f.text[m[1]:])
			if have := p.config["connectionstrings:"+strings.ToLower(name)]; have.value != "" {
				p.leak(have)
				if !strings.Contains(strings.ToLower(have.value), "password=") {
					v.Default = have.value
				}
			}
			v.Required = v.Default == ""
			note(v)
		}
		for _, m := range netConfigRE.FindAllStringSubmatchIndex(f.text, -1) {
			key := ""
			for i := 2; i < len(m) && key == ""; i += 2 {
				if m[i] >= 0 {
					key = f.text[m[i]:m[i+1]]
				}
			}
			v := Variable{Name: strings.ReplaceAll(key, ":", "__"), At: Place{f.file, lineAt(f.text, m[0])}}
			v.Default, v.Required = netDefault(f.text[m[1]:])
			have, ok := p.config[strings.ToLower(key)]
			if rest, cut := strings.CutPrefix(key, "ConnectionStrings:"); cut {
				v.Service = p.connects(f.text, m[0], rest)
			}
			if ok && have.value != "" {
				p.leak(have)
				v.Required = false
				if !secret.Named(v.Name) {
					v.Default = cmp.Or(v.Default, have.value)
				}
			}
			note(v)
		}
	}
}

// leak tells of a secret that stands in the settings.
func (p *netLooker) leak(s netSetting) {
	name := strings.ReplaceAll(s.key, ":", "__")
	lower := strings.ToLower(s.value)
	_, password, _ := strings.Cut(lower, "password=")
	if password == "" && (!secret.Named(name) || len(s.value) < 8 || strings.ContainsAny(s.value, "<{$ ")) {
		return
	}
	note := fmt.Sprintf("%s holds a value of %s, which goes into the image: empty it there, and let the variable %s bring it", s.at, s.key, name)
	if !slices.Contains(p.s.Notes, note) {
		p.s.Notes = append(p.s.Notes, note)
	}
}

// netDefault is what stands behind an expression: what it is otherwise, or that it
// must not be missing.
func netDefault(rest string) (def string, required bool) {
	if m := netOrRE.FindStringSubmatch(rest); m != nil {
		return m[1], false
	}
	return "", netThrowRE.MatchString(rest)
}

// netConnectors are words of the call that a connection string is for.
var netConnectors = []struct{ word, service string }{
	{"Npgsql", "PostgreSQL"}, {"Postgres", "PostgreSQL"}, {"MySql", "MySQL"}, {"MariaDb", "MySQL"}, {"SqlServer", "SQL Server"}, {"SqlConnection", "SQL Server"}, {"Mongo", "MongoDB"},
	{"Redis", "Redis"}, {"ConnectionMultiplexer", "Redis"}, {"Rabbit", "RabbitMQ"}, {"Sqlite", ""},
}

// connects is the service that a connection string says the place of: by its name, by
// the call around it, else by the only client of a database that there is.
func (p *netLooker) connects(text string, at int, name string) string {
	for _, c := range netConnectors {
		if strings.Contains(strings.ToLower(name), strings.ToLower(strings.TrimSuffix(c.word, "Connection"))) && c.word != "SqlConnection" {
			return c.service
		}
	}
	// The statement, and the one that the variable is used in.
	begin := strings.LastIndexAny(text[:at], ";{}") + 1
	end := at + strings.IndexByte(text[at:]+";", ';')
	list := []string{text[begin:min(end, len(text))]}
	if m := regexp.MustCompile(`\b(?:var|string|let)\s+(\w+)\s*=`).FindStringSubmatch(list[0]); m != nil {
		list = append(list, regexp.MustCompile(`[^;{}]*\b`+m[1]+`\b[^;{}]*`).FindAllString(text[min(end, len(text)):], 4)...)
	}
	for _, part := range list {
		for _, c := range netConnectors {
			if strings.Contains(part, c.word) {
				return c.service
			}
		}
	}
	found := ""
	for _, c := range knowledge.ServiceClients() {
		switch c.Service {
		case "PostgreSQL", "MySQL", "SQL Server", "MongoDB", "Redis":
			if _, ok := p.asks(c.DotNet...); ok {
				if found != "" {
					return ""
				}
				found = c.Service
			}
		}
	}
	return found
}

// asks is a package that the program, or what it is built of, depends on.
func (p *netLooker) asks(names ...string) (netPackage, bool) {
	for _, m := range p.family {
		if x, ok := m.asks(names...); ok {
			return x, true
		}
	}
	return netPackage{}, false
}
