package knowledge

import (
	"bytes"
	"encoding/json"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// each decodes every line of a data file, fails on a field that the code does
// not know and on a line without a source or a date, and holds the lines to
// the order of their keys. Nothing that keys gives may come twice.
func each[T any](t *testing.T, name, data string, from func(T) origin, keys func(T) []string) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		seen, last, n := map[string]bool{}, "", 0
		if !strings.HasSuffix(data, "\n") {
			t.Error("no line feed at its end")
		}
		for line := range strings.Lines(data) {
			n++
			var v T
			d := json.NewDecoder(bytes.NewReader([]byte(line)))
			d.DisallowUnknownFields()
			if err := d.Decode(&v); err != nil {
				t.Fatalf("line %d: %v", n, err)
			}
			if head, ok := cut(line); !ok || !json.Valid([]byte(head)) {
				t.Errorf("line %d does not end in its source and its date", n)
			}
			o := from(v)
			if _, err := time.Parse(time.DateOnly, o.Date); err != nil || len(o.Source) < 6 {
				t.Errorf("line %d: source %q, date %q", n, o.Source, o.Date)
			}
			list := keys(v)
			if len(list) == 0 {
				t.Fatalf("line %d says nothing", n)
			}
			for _, k := range list {
				if k == "" || seen[k] {
					t.Errorf("line %d: %q is empty or twice", n, k)
				}
				seen[k] = true
			}
			if list[0] < last {
				t.Errorf("line %d: %q stands after %q", n, list[0], last)
			}
			last = list[0]
			whole(t, n, reflect.ValueOf(v))
		}
	})
}

// setLine is one line of a file of sets.
type setLine struct {
	Is    []string `json:"is"` // the sets that the names are in
	Names []string `json:"names"`
	origin
}

// ordered are the sets whose members are asked in the order of the file.
var ordered = map[string]bool{BuilderFiles.String(): true, ProgramFolders.String(): true}

// whole holds every list of a line to be sorted and without empty words.
func whole(t *testing.T, n int, v reflect.Value) {
	t.Helper()
	for v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	if l, ok := v.Interface().(setLine); ok && ordered[l.Is[0]] {
		return
	}
	for i := range v.NumField() {
		if v.Field(i).Type() != reflect.TypeFor[[]string]() || v.Type().Field(i).Name == "Locks" {
			continue // the usual lock file comes first
		}
		if list := v.Field(i).Interface().([]string); !slices.IsSorted(list) || slices.Contains(list, "") || len(slices.Compact(slices.Clone(list))) != len(list) {
			t.Errorf("line %d: %v is not sorted, or has an empty word or one twice", n, list)
		}
	}
}

// one gives a line one key.
func one[T any](key func(T) string) func(T) []string {
	return func(v T) []string { return []string{key(v)} }
}

func TestSetsAreWhole(t *testing.T) {
	known := map[*file]map[string]bool{}
	for s, k := range kinds {
		if k.name == "" || k.in == nil {
			t.Fatalf("set %d has no name or no file", s)
		}
		if known[k.in] == nil {
			known[k.in] = map[string]bool{}
		}
		if known[k.in][k.name] {
			t.Errorf("%s is the name of two sets", k.name)
		}
		known[k.in][k.name] = true
		if len(Set(s).Names()) == 0 {
			t.Errorf("%s is empty", k.name)
		}
	}
	for _, f := range []*file{programs, files, words, packages} {
		lists := map[string][]string{} // by set
		in := map[string]bool{}        // a name in a set
		each(t, f.name, *f.data, func(l *setLine) origin { return l.origin }, func(l *setLine) []string {
			for _, is := range l.Is {
				if !known[f][is] {
					t.Errorf("%s: unknown set %q", f.name, is)
				}
				lists[is] = append(lists[is], l.Names...)
				for _, n := range l.Names {
					if in[is+" "+n] {
						t.Errorf("%s: %s is twice in %s", f.name, n, is)
					}
					in[is+" "+n] = true
				}
			}
			if len(l.Is) == 0 || len(l.Names) == 0 {
				return nil
			}
			return []string{strings.Join(l.Is, " ") + " " + l.Names[0]}
		})
		for s, k := range kinds {
			if k.in != f {
				continue
			}
			if s := Set(s); !slices.Equal(s.Names(), lists[k.name]) || len(s.members().has) != len(s.Names()) {
				t.Errorf("%s: %s is read as %q, and is %q", f.name, s, s.Names(), lists[k.name])
			}
		}
	}
}

func TestNewestPython(t *testing.T) {
	for _, c := range []struct {
		name, version string
		want          int
	}{
		{"numpy", "1.26.4", 12}, {"numpy", "1.24.0", 11}, {"numpy", "99.0", 0}, {"asyncpg", "0.26.0", 10}, {"celery", "5.2.7", 11}, {"celery", "5.3.0", 0}, {"nobody", "1", 0}, {"psycopg2-binary", "2.9.10", 13}, {"psycopg2-binary", "2.9", 9},
	} {
		if got := NewestPython(c.name, c.version); got != c.want {
			t.Errorf("%s %s: 3.%d, want 3.%d", c.name, c.version, got, c.want)
		}
	}
}

func TestFactsAreWhole(t *testing.T) {
	each(t, "servers.jsonl", serversData, func(s *Server) origin { return s.origin }, func(s *Server) []string {
		if s.Role != "" && s.Role != Serves && s.Role != Works && s.Role != Develops {
			t.Errorf("%v: role %q", s.Programs, s.Role)
		}
		if s.Role == "" && len(s.Serves)+len(s.Develops)+len(s.PortFlags)+len(s.PortVariables) == 0 && s.Port == "" {
			t.Errorf("%v: nothing is said of it", s.Programs)
		}
		return s.Programs
	})
	names := map[string]bool{}
	each(t, "manifests.jsonl", manifestsData, func(d *DependencyTool) origin { return d.origin }, func(d *DependencyTool) []string {
		for _, n := range slices.Concat(d.Manifests, d.Locks, d.Settings, d.Wrappers) {
			if _, err := path.Match(n, "x"); err != nil || n == "" || names[n] {
				t.Errorf("%q is twice, or no pattern: %v", n, err)
			}
			names[n] = true
		}
		if len(d.Manifests)+len(d.Locks)+len(d.Settings)+len(d.Wrappers) == 0 || d.Ecosystem == "" || d.Reads != "" && len(d.Locks) == 0 {
			t.Errorf("%s: no ecosystem, no files, or no lock file", d.Name)
		}
		return []string{d.Ecosystem + " " + d.Name + " " + d.Reads}
	})
	for _, d := range DependencyTools() {
		if d.Reads != "" && !names[d.Reads] {
			t.Errorf("%s: %q is no manifest", d.Name, d.Reads)
		}
	}
	each(t, "ecosystems.jsonl", ecosystemsData, func(e *ecosystem) origin { return e.origin }, func(e *ecosystem) []string {
		if e.First == "" {
			t.Errorf("%s: nothing to copy first", e.Ecosystem)
		}
		return []string{e.Ecosystem}
	})
	each(t, "bringers.jsonl", bringersData, func(b *bringer) origin { return b.origin }, func(b *bringer) []string {
		if len(b.Packages) == 0 {
			return nil
		}
		return b.Programs
	})
	each(t, "services.jsonl", servicesData, func(s *Service) origin { return s.origin }, one(func(s *Service) string { return s.Name }))
	services := map[string]bool{}
	for _, s := range Services() {
		services[s.Name] = true
	}
	each(t, "clients.jsonl", clientsData, func(c *Client) origin { return c.origin }, func(c *Client) []string {
		if !services[c.Service] {
			t.Errorf("%s is no service of services.jsonl", c.Service)
		}
		return []string{c.Service}
	})
	each(t, "devtools.jsonl", devToolsData, func(d *DevTools) origin { return d.origin }, func(d *DevTools) []string { return d.Managers })
	each(t, "frameworks.jsonl", frameworksData, func(f *Framework) origin { return f.origin }, func(f *Framework) []string {
		if f.Language == "" || f.Name == "" || f.Interface == "" || len(f.Packages) == 0 || f.Kind != "service" && f.Kind != "worker" && f.Kind != "job" {
			t.Errorf("%+v is not whole", f)
		}
		return slices.Concat(f.Calls, f.Imports, f.Runs)
	})
	each(t, "natives.jsonl", nativesData, func(n *Native) origin { return n.origin }, func(n *Native) []string {
		if n.Language == "" || !n.Wheels && len(n.Build) == 0 || n.Wheels && len(n.Runtime)+len(n.Also) == 0 {
			t.Errorf("%v: nothing is said of it", n.Packages)
		}
		var keys []string
		for _, p := range n.Packages {
			keys = append(keys, p+" "+n.Language) // a name may be one of two languages
		}
		return keys
	})
	managers := map[string]bool{"apt": true, "apk": true, "dnf": true, "zypper": true, "pacman": true, "conda": true, "brew": true, "pip": true, "uv": true, "npm": true, "yarn": true, "pnpm": true, "bun": true}
	for n, l := range toolPackages() {
		for _, m := range l.Managers {
			if !managers[m] {
				t.Errorf("toolpackages.jsonl:%d: unknown manager %q", n+1, m)
			}
		}
		for _, g := range l.Names {
			if _, err := path.Match(g, "x"); err != nil || g == "" || g == "*" {
				t.Errorf("toolpackages.jsonl:%d: bad pattern %q: %v", n+1, g, err)
			}
		}
		if !l.Class.Builds() && l.Class != NoTool && l.Class != VCS && l.Class != ProjectManager && l.Class != DevTool || len(l.Managers) == 0 || len(l.Names) == 0 {
			t.Errorf("toolpackages.jsonl:%d: class %q, managers %v", n+1, l.Class, l.Managers)
		}
	}
	for line := range strings.Lines(toolPackagesData) {
		if _, ok := cut(line); !ok {
			t.Errorf("toolpackages.jsonl: %.60s… does not end in its source and its date", line)
		}
	}
	each(t, "alpine.jsonl", alpineData, func(l *alpine) origin { return l.origin }, one(func(l *alpine) string { return l.Package }))
	each(t, "clientkeys.jsonl", clientKeysData, func(k *ClientKey) origin { return k.origin }, one(func(k *ClientKey) string {
		if len(k.Calls) == 0 || len(k.Unless) == 0 || k.Value == "" {
			t.Errorf("%s: it is not whole", k.Variable)
		}
		return k.Language + " " + k.Variable
	}))
	each(t, "debian.jsonl", debianData, func(l *library) origin { return l.origin }, one(func(l *library) string { return l.Package }))
	each(t, "minimums.jsonl", minimumsData, func(m *minimum) origin { return m.origin }, one(func(m *minimum) string { return m.Of + " " + m.From }))
	each(t, "others.jsonl", othersData, func(o *Other) origin { return o.origin }, one(func(o *Other) string { return o.Language }))
	each(t, "packagesources.jsonl", packageSourcesData, func(s *packageSource) origin { return s.origin }, func(s *packageSource) []string {
		var list []string
		for _, n := range s.Names {
			list = append(list, s.Ecosystem+" "+n)
		}
		return list
	})
	each(t, "startpackages.jsonl", startPackagesData, func(p *startPackage) origin { return p.origin }, one(func(p *startPackage) string { return p.Program }))
	each(t, "programpackages.jsonl", programPackagesData, func(p *programPackage) origin { return p.origin }, one(func(p *programPackage) string { return p.Program }))
	each(t, "extensions.jsonl", extensionsData, func(e *Extension) origin { return e.origin }, one(func(e *Extension) string { return e.Service + " " + e.Extension }))
	each(t, "tools.jsonl", toolsData, func(l *Tool) origin { return l.origin }, one(func(l *Tool) string { return l.Name }))
	each(t, "wheels.jsonl", wheelsData, func(w *wheels) origin { return w.origin }, one(func(w *wheels) string { return w.Package }))
	each(t, "homes.jsonl", homesData, func(h *Home) origin { return h.origin }, one(func(h *Home) string { return h.Tool }))
	each(t, "packageusers.jsonl", packageUsersData, func(p *PackageUsers) origin { return p.origin }, func(p *PackageUsers) []string {
		if len(p.Users) == 0 {
			return nil
		}
		return []string{p.Package}
	})
	each(t, "packageprograms.jsonl", packageProgramsData, func(p *packageProgram) origin { return p.origin }, func(p *packageProgram) []string {
		if p.Program == p.Package {
			return nil
		}
		return []string{p.Package}
	})
	each(t, "settings.jsonl", settingsData, func(s *setting) origin { return s.origin }, one(func(s *setting) string { return s.Program }))
	holdings := []Holding{SSHKey, Npmrc, Pypirc, Netrc, GitCredentials, GitSettings, AWSCredentials, KubeConfig, KubeConfigCopy, DockerConfig, SSHFolder, Settings, OpenKey}
	each(t, "secretfiles.jsonl", secretFilesData, func(f *secretFile) origin { return f.origin }, func(f *secretFile) []string {
		if !slices.Contains(holdings, f.Holds) {
			t.Errorf("%s: holds %q", f.Name, f.Holds)
		}
		if re, err := regexp.Compile(f.Pattern); (f.Holds == Settings) != (f.What != "") || err != nil || f.Pattern != "" && re.NumSubexp() != 1 ||
			f.Pattern == "" && (f.Holds == Settings) != (f.Reads == URLs || f.Reads == Names || f.Reads == Both) ||
			f.What != "" && !strings.HasPrefix(f.What, "contains ") {
			t.Errorf("%s: what %q, pattern %q, reads %q: %v", f.Name, f.What, f.Pattern, f.Reads, err)
		}
		return []string{f.Name + " " + f.Folder}
	})
	forms := []CredentialForm{PasswordForm, LoginForm, JoinedForm, LastForm, HostForm}
	each(t, "credentials.jsonl", credentialsData, func(c *Credential) origin { return c.origin }, func(c *Credential) []string {
		if !slices.Contains(forms, c.Form) || (len(c.Options) == 0) != (c.Form == LastForm || c.Form == HostForm) {
			t.Errorf("%v: form %q, options %v", c.Programs, c.Form, c.Options)
		}
		var keys []string
		for _, p := range c.Programs {
			keys = append(keys, p+" "+c.After+" "+string(c.Form))
		}
		return keys
	})
	each(t, "signals.jsonl", signalsData, func(s *Signal) origin { return s.origin }, one(func(s *Signal) string { return s.Name }))
	each(t, "systems.jsonl", systemsData, func(s *System) origin { return s.origin }, one(func(s *System) string { return s.Product }))
	each(t, "runtimes.jsonl", runtimesData, func(r *runtimeLine) origin { return r.origin }, func(r *runtimeLine) (list []string) {
		for _, i := range r.Images {
			list = append(list, i+":"+r.Tag)
		}
		return list
	})
	each(t, "buildtools.jsonl", buildToolsData, func(l *buildToolLine) origin { return l.origin }, one(func(l *buildToolLine) string { return l.Class }))
	each(t, "platforms.jsonl", platformsData, func(p *Platform) origin { return p.origin }, one(func(p *Platform) string { return p.File }))
	each(t, "usertools.jsonl", userToolsData, func(u *UserTools) origin { return u.origin }, one(func(u *UserTools) string { return u.Manager }))
	// The order of toolchains.jsonl is that of its lines.
	n, ranks := 0, map[int]bool{}
	each(t, "toolchains.jsonl", toolchainsData, func(l *Toolchain) origin { return l.origin }, func(l *Toolchain) []string {
		n++
		if l.Name == "" || l.Rank < 1 || l.Rank > 11 || ranks[l.Rank] {
			t.Errorf("%s: name %q, rank %d", l.Program, l.Name, l.Rank)
		}
		ranks[l.Rank] = true
		return []string{string(rune('a'+n)) + l.Program}
	})
}

func TestQuestions(t *testing.T) {
	for what, ok := range map[string]bool{
		"bash is a shell":                  Shells.Has("bash"),
		"node is no shell":                 !Shells.Has("node"),
		"/tmp/x is shared":                 SharedFolders.Covers("/tmp/x"),
		"/tmpx is not":                     !SharedFolders.Covers("/tmpx"),
		"x.py ends as a source":            SourceEnds.Ends("x.py"),
		"nginx serves":                     ServerOf("nginx").Role == Serves,
		"nothing is known of x":            ServerOf("x").Role == "",
		"mvn downloads for maven":          CompiledEcosystem("mvn") == "maven",
		"uv installs Python":               EcosystemOf("uv") == "python",
		"composer installs its own":        EcosystemOf("composer") == "composer",
		"SIGTERM is 15":                    SignalOf("SIGTERM") == SignalOf("15"),
		"UBI is RHEL":                      SystemOf("ubi") == "rhel",
		".aws/credentials holds AWS keys":  HeldBy(".aws", "credentials") == AWSCredentials,
		"credentials elsewhere is unknown": HeldBy("x", "credentials") == "",
		".ssh/x is in the SSH folder":      HeldBy(".ssh", "x") == SSHFolder,
		"credentials/x.key may be Rails'":  HeldBy("credentials", "x.key") == Settings,
		"x/x.key is not":                   HeldBy("x", "x.key") == "",
		".ssh/id_rsa is a key":             HeldBy(".ssh", "id_rsa") == SSHKey,
		"gcc is named first":               BuildTools()[0].Program == "gcc",
	} {
		if !ok {
			t.Errorf("not so: %s", what)
		}
	}
}

// BenchmarkLoad decodes all that a check of a project may ask for.
func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		for _, f := range []*file{programs, files, words, packages} {
			f.load()
		}
		decode("servers.jsonl", serversData, func() *Server { return new(Server) })
		decode("manifests.jsonl", manifestsData, func() *DependencyTool { return new(DependencyTool) })
		decode("secretfiles.jsonl", secretFilesData, func() *secretFile { return new(secretFile) })
	}
}
