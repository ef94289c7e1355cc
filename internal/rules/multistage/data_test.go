package multistage

import (
	"bytes"
	"encoding/json"
	"path"
	"testing"
)

// each decodes every line of a data file, and fails on a field that the code
// does not know.
func each[T any](t *testing.T, name string, data []byte, do func(v T)) {
	t.Helper()
	for n, line := range bytes.Split(bytes.TrimSpace(data), []byte{'\n'}) {
		var v T
		d := json.NewDecoder(bytes.NewReader(line))
		d.DisallowUnknownFields()
		if err := d.Decode(&v); err != nil {
			t.Fatalf("%s:%d: %v", name, n+1, err)
		}
		do(v)
	}
}

func globs(t *testing.T, list []string) {
	t.Helper()
	if len(list) == 0 {
		t.Error("a line without names")
	}
	for _, g := range list {
		if _, err := path.Match(g, "x"); err != nil || g == "" || g == "*" {
			t.Errorf("bad pattern %q: %v", g, err)
		}
	}
}

func TestDataIsWhole(t *testing.T) {
	each(t, "fetches.jsonl", fetchesData, func(l fetchLine) {
		if l.Name == "" || len(l.URLs) == 0 || len(l.Homes) == 0 || l.Source == "" || !l.Class.Builds() && l.Class != projectManager {
			t.Errorf("incomplete: %+v", l)
		}
	})
	each(t, "outputs.jsonl", outputsData, func(l outputLine) {
		for _, g := range append(l.Configs, l.But...) {
			if _, err := path.Match(g, "x"); err != nil {
				t.Errorf("bad pattern %q: %v", g, err)
			}
		}
		if l.Program == "" || len(l.Names) == 0 || l.Source == "" || len(l.Out) == 0 != l.Needs {
			t.Errorf("incomplete: %+v", l)
		}
	})
	each(t, "toolchains.jsonl", toolchainsData, func(l toolchainLine) {
		for _, h := range l.Homes {
			if path.Clean(h) != h || h[0] != '/' {
				t.Errorf("home %q", h)
			}
		}
		if l.Name == "" || len(l.Homes) == 0 || l.Source == "" {
			t.Errorf("incomplete: %+v", l)
		}
	})
	each(t, "programs.jsonl", programsData, func(l program) {
		globs(t, l.Packages)
		if l.Program == "" || l.Library == "" || l.Source == "" {
			t.Errorf("incomplete: %+v", l)
		}
	})
	each(t, "native.jsonl", nativeData, func(l nativeLine) {
		globs(t, l.Names)
		if l.Ecosystem != "python" && l.Ecosystem != "node" || l.Source == "" {
			t.Errorf("incomplete: %+v", l)
		}
	})
}

func TestClasses(t *testing.T) {
	for _, c := range []struct {
		manager, name string
		want          class
	}{
		{"apt", "gcc-12-base", none}, {"apt", "gcc-12", compiler}, {"apt", "libgcc-s1", none}, {"apt", "libstdc++6", none}, {"apt", "perl-base", none},
		{"apt", "libpq-dev", header}, {"apt", "libpq5", none}, {"apt", "udev", none}, {"apt", "git", vcs}, {"apt", "openjdk-17-jdk-headless", sdk}, {"apt", "openjdk-17-jre", none},
		{"apk", "openjdk17-jre", none}, {"apk", "openjdk17-jre-headless", none}, {"apk", "openjdk17", sdk}, {"apk", "build-base", buildSystem}, {"apk", "linux-headers", header}, {"apk", "libgcc", none},
		{"dnf", "java-21-openjdk-headless", none}, {"dnf", "java-21-openjdk-devel", header}, {"dnf", "gcc-c++", compiler}, {"dnf", "@development-tools", buildSystem}, {"dnf", "llvm-libs", none},
		{"pip", "poetry", projectManager}, {"pip", "setuptools", none}, {"pip", "pytest-cov", devTool}, {"npm", "typescript", buildSystem}, {"npm", "pm2", none}, {"apt", "protobuf-compiler", compiler}, {"apt", "nodejs", none},
	} {
		if got := classOf(c.manager, c.name); got != c.want && !(got.Builds() && c.want.Builds()) {
			t.Errorf("%s %s is %q, want %q", c.manager, c.name, got, c.want)
		}
	}
}
