package stack

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// stale tells in what a lock is out of step with its manifest: a dependency that it has
// not, or asks for in another version. An install that takes the lock as it is, stops
// there, or leaves something out. "" = nothing, or the lock cannot be read.
func (p *pyProject) stale(file string) string {
	if p.lock == nil || len(p.lock.Package) == 0 {
		return ""
	}
	have := map[string]bool{}
	for _, pkg := range p.lock.Package {
		have[normal(pkg.Name)] = true
	}
	for _, name := range slices.Sorted(maps.Keys(p.deps)) {
		if d := p.deps[name]; d.direct && !have[name] {
			return fmt.Sprintf("it has no %s, which %s asks for", name, d.at)
		}
	}
	if file == "uv.lock" && p.project.Project != nil {
		return p.lock.otherwise(p.project.Project.Name, p.project.Project.Dependencies)
	}
	return ""
}

// requirementRE is a requirement without a URL or a marker: its name and its specifiers.
var requirementRE = regexp.MustCompile(`^\s*([A-Za-z0-9][\w.-]*)\s*(?:\[[^\]]*\])?\s*\(?\s*([<>=!~][^;@()]*)?\)?\s*$`)

// otherwise tells which dependency of a project a lock of uv has with other specifiers.
func (l *lockFile) otherwise(project string, dependencies []string) string {
	asked := map[string][]string{}
	for _, d := range dependencies {
		if m := requirementRE.FindStringSubmatch(d); m != nil {
			asked[normal(m[1])] = append(asked[normal(m[1])], specifiers(m[2]))
		}
	}
	for _, pkg := range l.Package {
		if normal(pkg.Name) != normal(project) || len(pkg.Metadata.Requires) == 0 {
			continue
		}
		locked := map[string][]string{}
		for _, r := range pkg.Metadata.Requires {
			if r.Marker == "" && r.URL == "" && r.Git == "" {
				locked[normal(r.Name)] = append(locked[normal(r.Name)], specifiers(r.Specifier))
			}
		}
		for _, name := range slices.Sorted(maps.Keys(asked)) {
			a, b := asked[name], locked[name]
			if len(a) != 1 || len(b) != 1 || a[0] == b[0] || strings.ContainsFunc(a[0]+b[0], func(c rune) bool { return c >= 'a' && c <= 'z' }) {
				continue // alpha1 and a1 are one version
			}
			return fmt.Sprintf("it was made when pyproject.toml asked for %s%s, which now is %s%s", name, b[0], name, a[0])
		}
	}
	return ""
}

// specifiers are the parts of a specifier in order, without blanks.
func specifiers(s string) string {
	parts := strings.Split(strings.ReplaceAll(s, " ", ""), ",")
	slices.Sort(parts)
	return strings.Join(parts, ",")
}

// pipfileLock tells which package of a Pipfile its lock has not; "" = none, or the lock
// cannot be read.
func (p *pyProject) pipfileLock() string {
	var lock struct {
		Default map[string]any `json:"default"`
	}
	if json.Unmarshal(p.t.read("Pipfile.lock"), &lock) != nil || len(lock.Default) == 0 {
		return ""
	}
	have := map[string]bool{}
	for name := range lock.Default {
		have[normal(name)] = true
	}
	for _, name := range slices.Sorted(maps.Keys(p.deps)) {
		if d := p.deps[name]; d.direct && !have[name] {
			return fmt.Sprintf("it has no %s, which %s asks for", name, d.at)
		}
	}
	return ""
}
