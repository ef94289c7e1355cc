package source

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"sort"
	"strings"
	"sync"

	"github.com/dockworthy/dockworthy/internal/files"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/source/deploy"
	"github.com/dockworthy/dockworthy/internal/source/gitignore"
)

// IsDockerfileName tells whether a base name is one that people give to
// Dockerfiles: Dockerfile, Containerfile, *.Dockerfile, Dockerfile.*, in any
// case, and Dockerfile-*, Dockerfile_*; not ignore files, backups and templates.
func IsDockerfileName(name string) bool {
	low := strings.ToLower(name)
	if knowledge.NotDockerfiles.Ends(low) {
		return false
	}
	// A program about Dockerfiles; Dockerfile.php is one for PHP.
	if strings.HasPrefix(name, "dockerfile.") && knowledge.SourceEnds.Has(path.Ext(name)) {
		return false
	}
	for _, stem := range []string{"dockerfile", "containerfile"} {
		if low == stem || strings.HasPrefix(low, stem+".") || strings.HasSuffix(low, "."+stem) {
			return true
		}
		// Dockerfile-alpine, Dockerfile_gpu: a capital tells them from programs
		// and documents about Dockerfiles.
		if rest, ok := strings.CutPrefix(low, stem); ok && (rest[0] == '-' || rest[0] == '_') && name[0] < 'a' && !strings.Contains(rest, ".") {
			return true
		}
	}
	return false
}

// A Listing is what a walk found, each list in path order.
type Listing struct {
	Dockerfiles []string
	Compose     []string
	Bake        []string
	YAML        []string // other YAML files, which may hold Kubernetes manifests
	Problems    []Problem

	links  map[string]string // Dockerfiles that are links, and where they lead
	bare   map[string]bool   // folders with none of the files that are asked for beside Dockerfiles
	beyond bool              // patterns of .gitignore files were left untried

	tracked func() *gitignore.Tracked // what git keeps though patterns ignore it
}

// A Problem is a file that could not be looked at, or not be understood.
type Problem struct {
	Path string
	Line int // from 1; 0 = the whole file
	Err  error

	// Config tells that it is a .dockworthy.yaml: what it says was not heard.
	Config bool
	// Limit tells that everything was looked at, and that more may have been: a
	// search went on beyond a limit.
	Limit bool
}

// Find walks the folder root of fsys for Dockerfiles and deployment files. It
// leaves out what .gitignore files exclude, unless git keeps it all the same, and never follows symbolic links to
// folders. A folder that cannot be read becomes a problem, not an error.
func Find(fsys fs.FS, root string) *Listing {
	l := &Listing{links: map[string]string{}, bare: map[string]bool{}}
	l.tracked = sync.OnceValue(func() *gitignore.Tracked {
		return gitignore.Index(fsys, func(base string) bool { return kindOf(base) != 0 })
	})
	l.walk(fsys, root, gitignore.For(fsys, root), false, 0)
	if l.beyond {
		l.Problems = append(l.Problems, Problem{Path: root, Limit: true, Err: errors.New("matching the .gitignore patterns on all files is beyond the limit for .gitignore files of this size, so ignored files may be judged too")})
	}
	// A link to another Dockerfile of the tree is judged as that.
	found := map[string]bool{}
	for _, name := range l.Dockerfiles {
		found[name] = l.links[name] == ""
	}
	l.Dockerfiles = slices.DeleteFunc(l.Dockerfiles, func(name string) bool { return found[l.links[name]] })
	sort.Strings(l.Dockerfiles)
	sort.Strings(l.Compose)
	sort.Strings(l.Bake)
	sort.Strings(l.YAML)
	return l
}

const maxDepth = 200 // deeper than any file system lets people work

// walk looks through a folder; ignored tells that patterns exclude it, so that only what
// git keeps all the same is looked at.
func (l *Listing) walk(fsys fs.FS, dir string, git *gitignore.Stack, ignored bool, depth int) {
	entries, err := fs.ReadDir(fsys, dir)
	if err != nil {
		l.Problems = append(l.Problems, Problem{Path: dir, Err: err})
	}
	if depth > maxDepth {
		l.Problems = append(l.Problems, Problem{Path: dir, Err: errors.New("folders are nested too deep to be searched")})
		return
	}
	if err == nil && len(l.bare) < maxBare && isBare(entries) {
		l.bare[dir] = true
	}
	git = git.Enter(fsys, dir, entries)
	defer func() { l.beyond = l.beyond || git.Beyond() }()
	for _, e := range entries {
		name := e.Name()
		p := path.Join(dir, name)
		if e.IsDir() {
			if knowledge.SkippedFolders.Has(name) {
				continue
			}
			ignored := ignored || git.Ignored(p, true)
			if ignored && !l.tracked().Folder(p) {
				continue
			}
			if name == "Dockerfile" || name == "Containerfile" {
				// As a missing bind mount leaves it behind.
				l.Problems = append(l.Problems, Problem{Path: p, Err: errors.New("is a folder, not a Dockerfile")})
			}
			l.walk(fsys, p, git, ignored, depth+1)
			continue
		}
		kind := kindOf(name)
		if kind == 0 || (ignored || git.Ignored(p, false)) && !l.tracked().File(p) {
			continue
		}
		if t := e.Type(); t&fs.ModeSymlink != 0 {
			info, err := fs.Stat(fsys, p)
			if err != nil {
				if kind == 'd' || errors.Is(err, files.ErrOutside) {
					l.Problems = append(l.Problems, Problem{Path: p, Err: err})
				}
				continue
			}
			if info.IsDir() {
				continue
			}
			if to, err := fs.ReadLink(fsys, p); err == nil && kind == 'd' && !path.IsAbs(to) {
				l.links[p] = path.Join(dir, to)
			}
		}
		switch kind {
		case 'd':
			l.Dockerfiles = append(l.Dockerfiles, p)
		case 'c':
			l.Compose = append(l.Compose, p)
		case 'b':
			l.Bake = append(l.Bake, p)
		case 'y':
			l.YAML = append(l.YAML, p)
		}
	}
}

// maxBare bounds how many folders are remembered as bare.
const maxBare = 50_000

// beside are the files that are asked for in the folder of each Dockerfile, and above it,
// and that few folders have.
var beside = []string{ConfigName, ".dockerignore", ".gitmodules", "action.yaml", "action.yml"}

// isBeside tells whether a file may be one of them, on any file system: a Dockerfile's own
// ignore file is, and names count in any case.
func isBeside(name string) bool {
	if first, last := name[0]|0x20, name[len(name)-1]|0x20; name[0] != '.' && first != 'a' && last != 'e' {
		return false // most do not even look so
	}
	low := strings.ToLower(name)
	return slices.Contains(beside, low) || strings.HasSuffix(low, ".dockerignore")
}

// isBare tells whether a folder has none of those files.
func isBare(entries []fs.DirEntry) bool {
	return !slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return isBeside(e.Name()) })
}

// mayBake tells whether a file may be Bake's by its base name: one that Bake reads by
// itself, or such a one as people hand to it with --file.
func mayBake(name string) bool {
	low, ok := strings.CutSuffix(strings.ToLower(name), ".hcl")
	return deploy.IsBakeName(name) || ok && !strings.HasSuffix(low, ".pkr") && (strings.Contains(low, "bake") || strings.Contains(low, "build"))
}

func kindOf(name string) byte {
	switch {
	case IsDockerfileName(name):
		return 'd'
	case deploy.IsComposeName(name):
		return 'c'
	case mayBake(name):
		return 'b'
	}
	if ext := strings.ToLower(path.Ext(name)); ext == ".yaml" || ext == ".yml" {
		return 'y'
	}
	return 0
}
