package knowledge

import "sync"

type bringer struct {
	Programs []string `json:"programs"`
	Packages []string `json:"packages"`
	origin
}

var bringers = sync.OnceValue(func() map[string][]string {
	m := map[string][]string{}
	for _, b := range decode("bringers.jsonl", bringersData, func() *bringer { return new(bringer) }) {
		for _, p := range b.Programs {
			m[p] = b.Packages
		}
	}
	return m
})

// Bringers are parts of the names of packages that bring a program.
func Bringers(program string) []string { return bringers()[program] }

// PackageUsers are users that a package makes under names that are not like
// its own.
type PackageUsers struct {
	Package string   `json:"package"` // a package's name begins so
	Users   []string `json:"users"`
	origin
}

// UsersOfPackages are all of them. The list must not be changed.
var UsersOfPackages = sync.OnceValue(func() []*PackageUsers {
	return decode("packageusers.jsonl", packageUsersData, func() *PackageUsers { return new(PackageUsers) })
})

type packageProgram struct {
	Package string `json:"package"`
	Program string `json:"program"`
	origin
}

var packagePrograms = sync.OnceValue(func() map[string]string {
	m := map[string]string{}
	for _, p := range decode("packageprograms.jsonl", packageProgramsData, func() *packageProgram { return new(packageProgram) }) {
		m[p.Package] = p.Program
	}
	return m
})

// ProgramOf is the program of a package where its name is another: hg of
// mercurial; "" where it is not.
func ProgramOf(pkg string) string { return packagePrograms()[pkg] }
