package image

import (
	"path"
	"slices"
	"strings"
)

// loader is where the dynamic loaders of an image look for libraries.
type loader struct {
	conf []string            // /etc/ld.so.conf and what it includes: glibc's ld.so.cache is made of them
	musl map[string][]string // by musl's name of the architecture; absent = its default
}

// loaderPath tells the files that say it, besides /etc/ld.so.conf.
func loaderPath(p string) bool {
	dir, base := path.Split(p)
	return dir == "/etc/ld.so.conf.d/" && strings.HasSuffix(base, ".conf") || dir == "/etc/" && strings.HasPrefix(base, "ld-musl-") && strings.HasSuffix(base, ".path")
}

func loaderOf(t *Tree, kept func(p string) []byte) loader {
	l := loader{musl: map[string][]string{}}
	l.include(t, kept, "/etc/ld.so.conf", 0)
	for _, f := range t.Dir("/etc") {
		base := path.Base(f.Path)
		if arch, ok := strings.CutPrefix(base, "ld-musl-"); ok && strings.HasSuffix(arch, ".path") {
			l.musl[strings.TrimSuffix(arch, ".path")] = strings.FieldsFunc(string(kept(f.Path)), func(r rune) bool { return r == ':' || r == '\n' })
		}
	}
	return l
}

// include reads a file of ldconfig(8): a folder a line, and include patterns.
func (l *loader) include(t *Tree, kept func(p string) []byte, file string, depth int) {
	if depth > 4 {
		return
	}
	for line := range strings.Lines(string(kept(file))) {
		line, _, _ = strings.Cut(line, "#")
		line = strings.TrimSpace(line)
		pattern, ok := strings.CutPrefix(line, "include")
		switch {
		case line == "":
		case !ok:
			if dir, _, _ := strings.Cut(line, "="); strings.HasPrefix(dir, "/") && len(l.conf) < 500 {
				l.conf = append(l.conf, strings.TrimSpace(dir))
			}
		default:
			if pattern = strings.TrimSpace(pattern); !strings.HasPrefix(pattern, "/") {
				pattern = path.Dir(file) + "/" + pattern
			}
			for _, f := range t.Dir(path.Dir(pattern)) {
				if match, _ := path.Match(path.Base(pattern), path.Base(f.Path)); match {
					l.include(t, kept, f.Path, depth+1)
				}
			}
		}
	}
}

// triplets are Debian's names of architectures, in the folders that its glibc
// has built in. https://wiki.debian.org/Multiarch/Tuples
var triplets = map[string]string{
	"amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu", "arm": "arm-linux-gnueabihf", "386": "i386-linux-gnu", "ppc64le": "powerpc64le-linux-gnu",
	"s390x": "s390x-linux-gnu", "riscv64": "riscv64-linux-gnu", "loong64": "loongarch64-linux-gnu", "mips64le": "mips64el-linux-gnuabi64",
}

// glibcDirs are the folders that glibc's loader has built in: its own, and
// those that Debian, Fedora and Arch build theirs with.
func glibcDirs(e *ELF) []string {
	dirs := []string{"/lib", "/usr/lib"}
	if t := triplets[e.Arch]; t != "" {
		dirs = append(dirs, "/lib/"+t, "/usr/lib/"+t)
	}
	if e.Bits == 64 {
		return append([]string{"/lib64", "/usr/lib64"}, dirs...)
	}
	return append(dirs, "/lib32", "/usr/lib32")
}

// muslDirs is musl's default, ldso/dynlink.c.
var muslDirs = []string{"/lib", "/usr/local/lib", "/usr/lib"}

// muslOwn are the libraries that musl's loader is itself, ldso/dynlink.c.
var muslOwn = []string{"c.", "pthread.", "rt.", "m.", "dl.", "util.", "xnet."}

// A LackKind is what keeps a program from starting.
type LackKind uint8

const (
	NoFile         LackKind = iota // what is started is not there
	NoInterpreter                  // the loader of an executable, or the interpreter of a script, is not there
	NoLibrary                      // a shared library is not there
	WrongArch                      // it is made for another processor than the image
	CarriageReturn                 // a script's first line ends in one, which is taken for a part of the interpreter's name
)

func (k LackKind) String() string {
	return [...]string{"no such file", "no interpreter", "no library", "wrong architecture", "carriage return"}[k]
}

// A Lack is something that a program needs and does not find in the image.
type Lack struct {
	Kind LackKind
	Name string // what is not found, as the file writes it; of WrongArch, the processor that the file is for
	By   string // path of the file that needs it: the program, its interpreter, or a library
}

// String is what is so, as a clause.
func (l Lack) String() string {
	switch l.Kind {
	case NoInterpreter:
		return "its interpreter " + l.Name + " is not in the image"
	case WrongArch:
		return "it was built for " + l.Name
	case CarriageReturn:
		return "its first line ends in a carriage return"
	}
	return l.Name + " is not in the image"
}

// maxLibraries is more than any program loads.
const maxLibraries = 5000

// Missing is what a program lacks to be started: itself, its interpreter and
// what that lacks, shared libraries, theirs too, in the order in which the
// loader meets them. nil = nothing. A library that is only opened while the
// program runs (dlopen) is not among them. The path is one in the image.
func (img *Image) Missing(p string) []Lack { return img.missing(p, 0) }

func (img *Image) missing(p string, depth int) []Lack {
	f, err := img.Tree.Lookup(p)
	if err != nil {
		return []Lack{{NoFile, p, p}}
	}
	if s := f.Script; s != nil {
		var lacks []Lack
		if s.CRLF {
			lacks = append(lacks, Lack{CarriageReturn, s.Interp + `\r`, f.Path})
		}
		target := s.Interp
		if _, err := img.Tree.Lookup(target); err != nil || target == "" {
			return append(lacks, Lack{NoInterpreter, target, f.Path})
		}
		if name, ok := s.Env(); ok {
			found := img.LookPath(name)
			if found == nil {
				return append(lacks, Lack{NoInterpreter, name, f.Path})
			}
			target = found.Path
		}
		// The kernel goes through five interpreters of interpreters.
		if depth < 5 {
			lacks = append(lacks, img.missing(target, depth+1)...)
		}
		return lacks
	}
	if f.ELF == nil {
		return nil
	}
	return img.elfLacks(f)
}

// compatible are the processors that also run another one's programs.
func compatible(image, program string) bool {
	return image == "" || image == program || image == "amd64" && (program == "386" || program == "x32") || image == "arm64" && program == "arm"
}

// elfLacks goes through what a program loads, breadth first as the loaders do.
func (img *Image) elfLacks(f *File) []Lack {
	if !compatible(img.Platform.Arch, f.ELF.Arch) {
		return []Lack{{WrongArch, f.ELF.Arch, f.Path}}
	}
	var lacks []Lack
	musl := strings.Contains(path.Base(f.ELF.Interp), "ld-musl")
	if f.ELF.Interp != "" {
		if _, err := img.Tree.Lookup(f.ELF.Interp); err != nil {
			lacks = append(lacks, Lack{NoInterpreter, f.ELF.Interp, f.Path})
		}
	} else if slices.ContainsFunc(f.ELF.Needed, func(n string) bool { return strings.HasPrefix(n, "libc.musl-") }) {
		musl = true
	}
	type loaded struct {
		file   *File
		parent *loaded
	}
	queue := []*loaded{{file: f}}
	have := map[string]bool{path.Base(f.ELF.Interp): true, f.ELF.Soname: true}
	libraryPath, _ := img.Config.Getenv("LD_LIBRARY_PATH")
	env := strings.FieldsFunc(libraryPath, func(r rune) bool { return r == ':' || r == ';' })
	for len(queue) > 0 && len(have) < maxLibraries {
		at := queue[0]
		queue = queue[1:]
		for _, name := range at.file.ELF.Needed {
			if name == "" || have[name] {
				continue
			}
			have[name] = true
			if musl && strings.HasPrefix(name, "lib") && slices.ContainsFunc(muslOwn, func(own string) bool { return strings.HasPrefix(name[3:], own) }) {
				continue
			}
			var dirs []string
			if musl {
				dirs = append(dirs, env...)
				for o := at; o != nil; o = o.parent {
					dirs = append(dirs, origin(o.file, o.file.ELF.RPath)...)
					dirs = append(dirs, origin(o.file, o.file.ELF.RunPath)...)
				}
				dirs = append(dirs, img.muslSearch(f.ELF)...)
			} else {
				// RPATH counts where there is no RUNPATH, that of those who
				// load it too.
				if len(at.file.ELF.RunPath) == 0 {
					for o := at; o != nil; o = o.parent {
						if len(o.file.ELF.RunPath) == 0 {
							dirs = append(dirs, origin(o.file, o.file.ELF.RPath)...)
						}
					}
				}
				dirs = append(dirs, env...)
				dirs = append(dirs, origin(at.file, at.file.ELF.RunPath)...)
				dirs = append(dirs, img.loader.conf...)
				dirs = append(dirs, glibcDirs(f.ELF)...)
			}
			if strings.Contains(name, "/") {
				// A path is taken as it is, from the working directory.
				if dirs = origin(at.file, []string{name}); len(dirs) == 0 {
					dirs = []string{img.Config.WorkingDir + "/" + name}
				}
			} else {
				for i := range dirs {
					dirs[i] += "/" + name
				}
			}
			lib := img.library(dirs, f.ELF)
			if lib == nil {
				lacks = append(lacks, Lack{NoLibrary, name, at.file.Path})
				continue
			}
			if so := lib.ELF.Soname; so != "" && so != name {
				if have[so] {
					continue
				}
				have[so] = true
			}
			queue = append(queue, &loaded{lib, at})
		}
	}
	return lacks
}

func (img *Image) muslSearch(e *ELF) []string {
	base := strings.TrimSuffix(strings.TrimPrefix(path.Base(e.Interp), "ld-musl-"), ".so.1")
	if dirs, ok := img.loader.musl[base]; ok {
		return dirs
	}
	return muslDirs
}

// library is the first of the files that is a library for the same processor;
// others are passed over, as the loaders do it.
func (img *Image) library(files []string, like *ELF) *File {
	for _, p := range files {
		f, err := img.Tree.Lookup(p)
		if err == nil && f.ELF != nil && f.ELF.Arch == like.Arch && f.ELF.Bits == like.Bits {
			return f
		}
	}
	return nil
}

// origin puts the folder of a file into its search path, ld.so(8).
func origin(f *File, dirs []string) []string {
	list := make([]string, 0, len(dirs))
	for _, d := range dirs {
		here := path.Dir(f.Path)
		d = strings.NewReplacer("$ORIGIN", here, "${ORIGIN}", here, "$LIB", "lib", "${LIB}", "lib", "$PLATFORM", "", "${PLATFORM}", "").Replace(d)
		if strings.HasPrefix(d, "/") {
			list = append(list, d)
		}
	}
	return list
}
