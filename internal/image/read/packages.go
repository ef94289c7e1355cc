package read

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/image"
)

// Sizes up to which a file about packages is read. A database of ten thousand
// packages has some 20 MB.
const (
	maxDatabase = 64 << 20
	maxMetadata = 1 << 20
)

// packagesIn finds out how the packages of a file are read; nil = it speaks of
// none.
func packagesIn(p string) (read func(p string, data []byte) ([]image.Package, error), limit int) {
	switch p {
	case "/var/lib/dpkg/status", "/usr/lib/dpkg/status":
		return dpkgStatus, maxDatabase
	case "/lib/apk/db/installed", "/usr/lib/apk/db/installed":
		return apkInstalled, maxDatabase
	case "/var/lib/rpm/rpmdb.sqlite", "/usr/lib/sysimage/rpm/rpmdb.sqlite":
		return rpmSQLite, maxDatabase
	}
	base := p[strings.LastIndexByte(p, '/')+1:]
	switch {
	case strings.HasPrefix(p, "/var/lib/dpkg/status.d/"):
		if !strings.HasSuffix(base, ".md5sums") {
			return dpkgStatus, maxMetadata
		}
	case base == "METADATA" && strings.HasSuffix(path.Dir(p), ".dist-info"), base == "PKG-INFO" && strings.HasSuffix(path.Dir(p), ".egg-info"):
		return distInfo, maxMetadata
	case base == "package.json" && inNodeModules(p):
		return nodePackage, maxMetadata
	}
	return nil, 0
}

// unreadDatabases are rpm's older formats.
var unreadDatabases = map[string]string{
	"/var/lib/rpm/Packages":                  "rpm databases in Berkeley DB format are not read",
	"/usr/lib/sysimage/rpm/Packages":         "rpm databases in Berkeley DB format are not read",
	"/var/lib/rpm/Packages.db":               "rpm databases in ndb format are not read",
	"/usr/lib/sysimage/rpm/Packages.db":      "rpm databases in ndb format are not read",
	"/var/lib/rpm/rpmdb.sqlite-wal":          "rpm data outside its database is not read",
	"/usr/lib/sysimage/rpm/rpmdb.sqlite-wal": "rpm data outside its database is not read",
}

// dpkgStatus reads dpkg's control fields: a paragraph for each package. Those
// that were removed keep a paragraph. In status.d a package has no Status.
func dpkgStatus(_ string, data []byte) ([]image.Package, error) {
	var list []image.Package
	var p image.Package
	installed := true
	flush := func() {
		if p.Name != "" && installed {
			p.Ecosystem = image.Deb
			list = append(list, p)
		}
		p, installed = image.Package{}, true
	}
	for line := range bytes.Lines(data) {
		line = bytes.TrimRight(line, "\r\n")
		switch {
		case len(line) == 0:
			flush()
		case line[0] == ' ' || line[0] == '\t':
		case bytes.HasPrefix(line, []byte("Package:")):
			p.Name = string(bytes.TrimSpace(line[len("Package:"):]))
		case bytes.HasPrefix(line, []byte("Version:")):
			p.Version = string(bytes.TrimSpace(line[len("Version:"):]))
		case bytes.HasPrefix(line, []byte("Status:")):
			installed = bytes.HasSuffix(line, []byte(" installed"))
		}
	}
	flush()
	return list, nil
}

// apkInstalled reads apk's database: a paragraph for each package, P its name
// and V its version.
func apkInstalled(_ string, data []byte) ([]image.Package, error) {
	var list []image.Package
	p := image.Package{Ecosystem: image.Apk}
	flush := func() {
		if p.Name != "" {
			list = append(list, p)
		}
		p = image.Package{Ecosystem: image.Apk}
	}
	for line := range bytes.Lines(data) {
		line = bytes.TrimRight(line, "\r\n")
		switch {
		case len(line) == 0:
			flush()
		case bytes.HasPrefix(line, []byte("P:")):
			p.Name = string(line[2:])
		case bytes.HasPrefix(line, []byte("V:")):
			p.Version = string(line[2:])
		}
	}
	flush()
	return list, nil
}

// maxNeeds of a package are kept.
const maxNeeds = 1000

// distInfo reads a Python distribution's core metadata, which are headers as a
// mail has them.
func distInfo(_ string, data []byte) ([]image.Package, error) {
	p := image.Package{Ecosystem: image.Pypi}
	needs := 0
	sc := bufio.NewScanner(bytes.NewReader(data))
	for sc.Scan() {
		line := sc.Text()
		if line == "" {
			break
		}
		key, v, _ := strings.Cut(line, ":")
		switch {
		case key == "Name" && p.Name == "":
			p.Name = strings.TrimSpace(v)
		case key == "Version" && p.Version == "":
			p.Version = strings.TrimSpace(v)
		case key == "Requires-Dist" && needs < maxNeeds:
			needs++
			requirement, marker, _ := strings.Cut(strings.TrimSpace(v), ";")
			if m := extraOf.FindStringSubmatch(marker); m != nil {
				if p.Extras == nil {
					p.Extras = map[string][]string{}
				}
				extra := strings.ToLower(m[1])
				p.Extras[extra] = append(p.Extras[extra], strings.Clone(requirement))
			} else {
				p.Needs = append(p.Needs, strings.Clone(requirement))
			}
		}
	}
	if p.Name == "" {
		return nil, nil
	}
	return []image.Package{p}, nil
}

// extraOf is the extra for which a requirement is.
var extraOf = regexp.MustCompile(`\bextra\s*==\s*["']([^"']+)["']`)

// inNodeModules tells whether a package.json is that of an installed package:
// node_modules/NAME/package.json or node_modules/@SCOPE/NAME/package.json.
func inNodeModules(p string) bool {
	dir := path.Dir(path.Dir(p))
	if strings.HasPrefix(path.Base(dir), "@") {
		dir = path.Dir(dir)
	}
	return path.Base(dir) == "node_modules"
}

func nodePackage(_ string, data []byte) ([]image.Package, error) {
	var m struct {
		Name, Version                                        string
		Dependencies, OptionalDependencies, PeerDependencies names
		PeerDependenciesMeta                                 map[string]json.RawMessage
	}
	// A field of another type than npm documents is as good as missing.
	var other *json.UnmarshalTypeError
	if err := json.Unmarshal(data, &m); err != nil && !errors.As(err, &other) || m.Name == "" {
		return nil, nil // a fixture, a stub: npm does not mind it either
	}
	p := image.Package{Name: m.Name, Version: m.Version, Ecosystem: image.Npm, Needs: append(m.Dependencies, m.OptionalDependencies...)}
	for _, name := range m.PeerDependencies {
		var meta struct{ Optional bool }
		if json.Unmarshal(m.PeerDependenciesMeta[name], &meta) != nil || !meta.Optional {
			p.Needs = append(p.Needs, name)
		}
	}
	p.Needs = p.Needs[:min(len(p.Needs), maxNeeds)]
	return []image.Package{p}, nil
}

// names are the keys of an object, sorted; what is no object has none.
type names []string

func (n *names) UnmarshalJSON(data []byte) error {
	var all map[string]json.RawMessage
	if json.Unmarshal(data, &all) == nil && len(all) > 0 {
		*n = slices.Sorted(maps.Keys(all))
	}
	return nil
}
