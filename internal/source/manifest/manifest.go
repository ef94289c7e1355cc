// Package manifest knows the files in which projects write down their
// dependencies: which tool reads a file, whether it is a manifest or a lock,
// and, for pip, npm and pyproject.toml, what stands in it.
package manifest

import (
	"path"
	"strings"
	"sync"

	"github.com/dockworthy/dockworthy/internal/knowledge"
)

// A Role is what a file does for its tool.
type Role int

const (
	Manifest Role = iota + 1 // says what is wanted: package.json, go.mod
	Lock                     // says exactly what is taken: package-lock.json, go.sum
	Settings                 // configures the tool: .npmrc, settings.gradle
	Wrapper                  // starts the tool: gradlew, mvnw
)

// String is the role in a word.
func (r Role) String() string {
	return [...]string{"", "manifest", "lock", "settings", "wrapper"}[r]
}

// An Info says what a file is to which ecosystem. The zero Info is no
// dependency file.
type Info struct {
	Ecosystem string // python, node, go, java, rust, ruby, php, dotnet, elixir, erlang, dart, swift, r, conda, haskell
	Role      Role
	Tool      string // pip, npm, maven, …
	Dev       bool   // only for development, by its name: requirements-dev.txt
}

// A pattern is a pattern of names, and what they are.
type pattern struct {
	glob knowledge.Glob
	Info
}

// names are the names and the patterns of names of dependency files.
type names struct {
	exact    map[string]Info
	patterns []pattern
}

var known = sync.OnceValue(func() *names {
	k := &names{exact: map[string]Info{}}
	for _, t := range knowledge.DependencyTools() {
		for role, names := range [...][]string{Manifest: t.Manifests, Lock: t.Locks, Settings: t.Settings, Wrapper: t.Wrappers} {
			info := Info{Ecosystem: t.Ecosystem, Role: Role(role), Tool: t.Name}
			for _, name := range names {
				if strings.ContainsAny(name, "*?[") {
					k.patterns = append(k.patterns, pattern{knowledge.NewGlob(name), info})
				} else {
					k.exact[name] = info
				}
			}
		}
	}
	return k
})

// Kind says what a file is by its base name; a path is cut to it. ok is false
// for everything that is no dependency file.
func Kind(base string) (info Info, ok bool) {
	base = path.Base(base)
	k := known()
	if info, ok = k.exact[base]; ok {
		return info, true
	}
	for i := range k.patterns {
		if f := &k.patterns[i]; f.glob.Match(base) {
			info = f.Info
			info.Dev = info.Ecosystem == "python" && devName(base)
			return info, true
		}
	}
	return Info{}, false
}

func devName(base string) bool {
	stem := strings.TrimSuffix(base, path.Ext(base))
	for _, word := range strings.FieldsFunc(stem, func(r rune) bool { return r == '-' || r == '_' || r == '.' }) {
		if knowledge.DevFileWords.Has(strings.ToLower(word)) {
			return true
		}
	}
	return false
}
