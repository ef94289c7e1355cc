package knowledge

import "sync"

type bringer struct {
	Programs []string `json:"programs"`
	Packages []string `json:"packages"`
	origin
}

// PackageUsers are users that a package makes under names that are not like
// its own.
type PackageUsers struct {
	Package string   `json:"package"` // a package's name begins so
	Users   []string `json:"users"`
	origin
}

type packageProgram struct {
	Package string `json:"package"`
	Program string `json:"program"`
	origin
}

type bringers struct{ packages map[string][]string } // by program

var bringersOnce = sync.OnceValue(func() *bringers {
	x := &bringers{map[string][]string{}}
	for _, b := range decode("bringers.jsonl", bringersData, func() *bringer { return new(bringer) }) {
		for _, p := range b.Programs {
			x.packages[p] = b.Packages
		}
	}
	return x
})

// Bringers are parts of the names of packages that bring a program.
func Bringers(program string) []string { return bringersOnce().packages[program] }

type packageUsers struct{ all []*PackageUsers }

var packageUsersOnce = sync.OnceValue(func() *packageUsers {
	return &packageUsers{decode("packageusers.jsonl", packageUsersData, func() *PackageUsers { return new(PackageUsers) })}
})

// UsersOfPackages are all of them. The list must not be changed.
func UsersOfPackages() []*PackageUsers { return packageUsersOnce().all }

type pairs struct{ of map[string]string }

var packagePrograms = sync.OnceValue(func() *pairs {
	x := &pairs{map[string]string{}}
	for _, p := range decode("packageprograms.jsonl", packageProgramsData, func() *packageProgram { return new(packageProgram) }) {
		x.of[p.Package] = p.Program
	}
	return x
})

// ProgramOf is the program of a package where its name is another: hg of
// mercurial; "" where it is not.
func ProgramOf(pkg string) string { return packagePrograms().of[pkg] }

// A programPackage is the package of Debian that brings a program which slim images lack.
type programPackage struct {
	Program string `json:"program"`
	Package string `json:"package"`
	origin
}

var programPackagesOnce = sync.OnceValue(func() map[string]string {
	x := map[string]string{}
	for _, p := range decode("programpackages.jsonl", programPackagesData, func() *programPackage { return new(programPackage) }) {
		x[p.Program] = p.Package
	}
	return x
})

// PackageOf is the package of Debian that brings a program which its slim images lack; ""
// = none is known, or they have it.
func PackageOf(program string) string { return programPackagesOnce()[program] }

// A startPackage is the package, by manager, that brings a program which entry commands and the
// first lines of scripts name.
type startPackage struct {
	Program  string            `json:"program"`
	Packages map[string]string `json:"packages"`
	origin
}

var startPackagesOnce = sync.OnceValue(func() map[string]map[string]string {
	x := map[string]map[string]string{}
	for _, p := range decode("startpackages.jsonl", startPackagesData, func() *startPackage { return new(startPackage) }) {
		x[p.Program] = p.Packages
	}
	return x
})

// StartPackage is the package of a manager that brings a program which starts others, or which
// scripts are read by; "" = none is known.
func StartPackage(program, manager string) string { return startPackagesOnce()[program][manager] }
