package manifest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// A Package is what rules ask of a package.json. The zero Package has no
// dependencies and no scripts.
type Package struct {
	Name                 string
	Private              bool
	Type                 string // module or commonjs; "" is commonjs
	Main                 string
	PackageManager       string // pnpm@9.1.0, as corepack reads it
	Dependencies         map[string]string
	DevDependencies      map[string]string
	OptionalDependencies map[string]string
	PeerDependencies     map[string]string
	Scripts              map[string]string
	Engines              map[string]string
	Workspaces           bool // it is the root of a workspace
}

// ParsePackageJSON reads a package.json. A field of another type than npm
// documents is taken as missing, as npm does; only text that is no JSON object
// is an error.
func ParsePackageJSON(data []byte) (*Package, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")), &fields); err != nil {
		return nil, fmt.Errorf("read package.json: %w", err)
	}
	p := &Package{
		Name: stringOf(fields["name"]), Type: stringOf(fields["type"]), Main: stringOf(fields["main"]),
		PackageManager:       stringOf(fields["packageManager"]),
		Dependencies:         stringsOf(fields["dependencies"]),
		DevDependencies:      stringsOf(fields["devDependencies"]),
		OptionalDependencies: stringsOf(fields["optionalDependencies"]),
		PeerDependencies:     stringsOf(fields["peerDependencies"]),
		Scripts:              stringsOf(fields["scripts"]),
		Engines:              stringsOf(fields["engines"]),
		Workspaces:           len(fields["workspaces"]) > 0 && string(fields["workspaces"]) != "null",
	}
	if json.Unmarshal(fields["private"], &p.Private) != nil {
		p.Private = false
	}
	return p, nil
}

// Needs tells whether a package is wanted at run time, directly.
func (p *Package) Needs(name string) bool {
	if p == nil {
		return false
	}
	_, a := p.Dependencies[name]
	_, b := p.OptionalDependencies[name]
	return a || b
}

func stringOf(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

// stringsOf keeps the entries whose value is a string; nil where there are
// none.
func stringsOf(raw json.RawMessage) map[string]string {
	var all map[string]json.RawMessage
	if json.Unmarshal(raw, &all) != nil {
		return nil
	}
	var m map[string]string
	for k, v := range all {
		var s string
		if json.Unmarshal(v, &s) != nil {
			continue
		}
		if m == nil {
			m = make(map[string]string, len(all))
		}
		m[k] = s
	}
	return m
}

// InstallScripts is what npm and its like run when they install the packages of the
// project, with the scripts that those name.
// Source: docs.npmjs.com: scripts, life cycle scripts.
func (p *Package) InstallScripts() string {
	var b strings.Builder
	said := map[string]bool{}
	var add func(name string)
	add = func(name string) {
		text := p.Scripts[name]
		if text == "" || said[name] {
			return
		}
		said[name] = true
		b.WriteString(text + "\n")
		for _, word := range strings.Fields(text) {
			add(word)
		}
	}
	for _, name := range []string{"preinstall", "install", "postinstall", "prepare"} {
		add(name)
	}
	return b.String()
}
