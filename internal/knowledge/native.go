package knowledge

import (
	"strconv"
	"strings"
	"sync"
)

// A Native is what packages of a language need of the system, beyond what their
// wheels, prebuilt binaries or gems bring.
type Native struct {
	Language string   `json:"language"`
	Packages []string `json:"packages"` // of Rust also name/feature: only with this feature
	Wheels   bool     `json:"wheels"`   // there are binaries for Linux with glibc: nothing is compiled
	Direct   bool     `json:"direct"`   // only where the project itself asks for them: what others bring them for may not need it
	Also     []string `json:"also"`     // packages of the language that they import and do not ask for
	Build    []string `json:"build"`    // Debian packages, to compile them
	Runtime  []string `json:"runtime"`  // Debian packages, to run them
	ABuild   []string `json:"abuild"`   // Alpine packages, to compile them
	ARuntime []string `json:"aruntime"` // Alpine packages, to run them
	origin
}

var nativesOnce = sync.OnceValue(func() []*Native {
	return decode("natives.jsonl", nativesData, func() *Native { return new(Native) })
})

// Natives are all that are known.
func Natives() []*Native { return nativesOnce() }

// wheels are the newest minor versions of Python 3 that a package has wheels for, by
// the last version of the package of which that is so: {"1.25.2": 11, "2.0.2": 12}.
type wheels struct {
	Package string         `json:"package"`
	Newest  map[string]int `json:"newest"`
	origin
}

var wheelsOnce = sync.OnceValue(func() map[string]*wheels {
	x := map[string]*wheels{}
	for _, w := range decode("wheels.jsonl", wheelsData, func() *wheels { return new(wheels) }) {
		x[w.Package] = w
	}
	return x
})

// NewestPython is the newest minor version of Python 3 that a version of a package
// has a wheel for on Linux, or runs on at all; 0 = any, as far as is known.
func NewestPython(name, version string) int {
	w := wheelsOnce()[name]
	if w == nil {
		return 0
	}
	best, at := 0, ""
	for upTo, minor := range w.Newest {
		if order(version, upTo) <= 0 && (at == "" || order(upTo, at) < 0) {
			best, at = minor, upTo
		}
	}
	return best
}

// order compares two versions, of which what is missing is 0.
func order(a, b string) int {
	pad := func(s string, n int) string { return s + strings.Repeat(".0", max(0, n-strings.Count(s, "."))) }
	return Compare(pad(a, strings.Count(b, ".")), pad(b, strings.Count(a, ".")))
}

// Compare compares two versions of numbers with dots; what is no number is 0, and a
// version is equal to another that it begins with.
func Compare(a, b string) int {
	x, y := strings.Split(a, "."), strings.Split(b, ".")
	for i := range min(len(x), len(y)) {
		m, _ := strconv.Atoi(x[i])
		n, _ := strconv.Atoi(y[i])
		if m != n {
			return m - n
		}
	}
	return 0
}
