package main

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"debug/elf"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
)

// A config is what the probe reads of an image's config.
type config struct {
	Config struct {
		User         string
		Env          []string
		Entrypoint   []string
		Cmd          []string
		WorkingDir   string
		ExposedPorts map[string]struct{}
		Healthcheck  *struct{ Test []string }
	}
	History []struct {
		CreatedBy  string `json:"created_by"`
		EmptyLayer bool   `json:"empty_layer"`
	}
	RootFS struct {
		DiffIDs []string `json:"diff_ids"`
	} `json:"rootfs"`
}

// A node is one entry of the merged tree.
type node struct {
	kind     byte
	mode     int64
	uid, gid int
	link     string
	size     int64
	sum      [32]byte
	layer    int
	data     []byte // of what no base brought, and of a few files that name users and packages
}

// An image is a saved image as the probe reads it.
type image struct {
	config
	raw       []byte // the config's bytes
	tree      map[string]*node
	base      int            // the layers that the base brought
	rewritten int64          // bytes of files that a later layer, not the base's, wrote again
	found     map[string]int // needle → times seen, in layers (deleted files too) and config
	names     []string       // what layers above the base hold, deleted or not
}

// kept are files of any layer whose contents are kept.
var kept = []string{"etc/passwd", "etc/group", "var/lib/dpkg/status"}

const keptBytes = 64 << 20

// readImage reads what docker save wrote. The first layers that base names are
// the base's. Needles are searched for in every layer's bytes and the config.
func readImage(file string, base []string, needles []string) (*image, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()

	// The manifest may come after the layers.
	type entry struct{ at, size int64 }
	entries := map[string]entry{}
	small := map[string][]byte{}
	for r := tar.NewReader(f); ; {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", file, err)
		}
		at, err := f.Seek(0, io.SeekCurrent)
		if err != nil {
			return nil, err
		}
		entries[h.Name] = entry{at, h.Size}
		if strings.HasSuffix(h.Name, ".json") {
			if small[h.Name], err = io.ReadAll(r); err != nil {
				return nil, err
			}
		}
	}
	var manifest []struct {
		Config string
		Layers []string
	}
	if err := json.Unmarshal(small["manifest.json"], &manifest); err != nil || len(manifest) != 1 {
		return nil, fmt.Errorf("read %s: manifest of %d images: %w", file, len(manifest), err)
	}
	im := &image{tree: map[string]*node{}, found: map[string]int{}, raw: small[manifest[0].Config]}
	if err := json.Unmarshal(im.raw, &im.config); err != nil {
		return nil, fmt.Errorf("read %s: config: %w", file, err)
	}
	if n := len(base); n > 0 && n <= len(im.RootFS.DiffIDs) && slices.Equal(base, im.RootFS.DiffIDs[:n]) {
		im.base = n
	}
	for _, needle := range needles {
		im.found[needle] = bytes.Count(im.raw, []byte(needle))
	}
	for i, name := range manifest[0].Layers {
		e := entries[name]
		if i >= im.base {
			data := make([]byte, e.size)
			if _, err := f.ReadAt(data, e.at); err != nil {
				return nil, err
			}
			for _, needle := range needles {
				im.found[needle] += bytes.Count(data, []byte(needle))
			}
		}
		if err := im.apply(i, io.NewSectionReader(f, e.at, e.size)); err != nil {
			return nil, fmt.Errorf("layer %d of %s: %w", i, file, err)
		}
	}
	return im, nil
}

// apply puts a layer over the tree.
func (im *image) apply(layer int, r io.Reader) error {
	for t := tar.NewReader(r); ; {
		h, err := t.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		name := strings.Trim(path.Clean("/"+h.Name), "/")
		dir, last := path.Split(name)
		if last == ".wh..wh..opq" {
			im.remove(strings.TrimSuffix(dir, "/"), false)
			continue
		}
		if gone, ok := strings.CutPrefix(last, ".wh."); ok {
			im.remove(dir+gone, true)
			continue
		}
		n := &node{kind: h.Typeflag, mode: h.Mode, uid: h.Uid, gid: h.Gid, link: h.Linkname, size: h.Size, layer: layer}
		if layer >= im.base {
			im.names = append(im.names, name)
			if old := im.tree[name]; old != nil && old.kind == tar.TypeReg && n.kind == tar.TypeReg {
				im.rewritten += old.size
			}
		}
		if n.kind == tar.TypeReg && h.Size <= keptBytes && (layer >= im.base || slices.Contains(kept, name)) {
			if n.data, err = io.ReadAll(t); err != nil {
				return err
			}
			n.sum = sha256.Sum256(n.data)
		}
		if n.kind == tar.TypeLink {
			if target := im.tree[strings.Trim(path.Clean("/"+h.Linkname), "/")]; target != nil {
				twin := *target
				twin.layer = layer
				n = &twin
			}
		}
		im.tree[name] = n
	}
}

func (im *image) remove(name string, itself bool) {
	for k := range im.tree {
		if k == name && itself || strings.HasPrefix(k, name+"/") {
			delete(im.tree, k)
		}
	}
}

// resolve follows symbolic links and gives the real path, or "".
func (im *image) resolve(name string) string {
	return im.walk(strings.Split(strings.Trim(path.Clean("/"+name), "/"), "/"), 0)
}

func (im *image) walk(parts []string, depth int) string {
	if depth > 40 {
		return ""
	}
	at := ""
	for i, part := range parts {
		next := path.Join(at, part)
		n := im.tree[next]
		if n == nil {
			return ""
		}
		if n.kind == tar.TypeSymlink {
			target := n.link
			if !path.IsAbs(target) {
				target = path.Join("/", at, target)
			}
			rest := strings.Split(strings.Trim(path.Clean(target), "/"), "/")
			return im.walk(append(rest, parts[i+1:]...), depth+1)
		}
		at = next
	}
	return at
}

// which is where a program lies that is named as a command; "" if nowhere.
func (im *image) which(name string) string {
	if strings.Contains(name, "/") {
		if !path.IsAbs(name) {
			name = path.Join(im.Config.WorkingDir, name)
		}
		return im.resolve(name)
	}
	dirs := "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
	for _, e := range im.Config.Env {
		if value, ok := strings.CutPrefix(e, "PATH="); ok {
			dirs = value
		}
	}
	for _, dir := range strings.Split(dirs, ":") {
		if p := im.resolve(path.Join(dir, name)); p != "" && im.tree[p].mode&0o111 != 0 && im.tree[p].kind == tar.TypeReg {
			return p
		}
	}
	return ""
}

// user is the UID and GID that a USER runs as; ok is false where the image does
// not know the name.
func (im *image) user() (uid, gid int, ok bool) {
	name, group, _ := strings.Cut(im.Config.User, ":")
	if name == "" {
		return 0, 0, true
	}
	find := func(file, key string, byID bool) []string {
		if n := im.tree[file]; n != nil {
			for _, line := range strings.Split(string(n.data), "\n") {
				f := strings.Split(line, ":")
				if len(f) > 3 && (f[0] == key || byID && f[2] == key) {
					return f
				}
			}
		}
		return nil
	}
	if n, err := strconv.Atoi(name); err == nil {
		uid, ok = n, true
		if f := find("etc/passwd", strconv.Itoa(n), true); f != nil {
			gid, _ = strconv.Atoi(f[3])
		}
	} else if f := find("etc/passwd", name, false); f != nil {
		uid, _ = strconv.Atoi(f[2])
		gid, _ = strconv.Atoi(f[3])
		ok = true
	}
	if group != "" {
		if n, err := strconv.Atoi(group); err == nil {
			gid = n
		} else if f := find("etc/group", group, false); f != nil {
			gid, _ = strconv.Atoi(f[2])
		}
	}
	return uid, gid, ok
}

// may says whether the user has all of the bits (4 read, 1 execute) on a path,
// and may enter the folders above it.
func (im *image) may(name string, uid, gid int, bits int64) bool {
	if uid == 0 {
		n := im.tree[name]
		return bits&1 == 0 || n.mode&0o111 != 0
	}
	has := func(n *node, bits int64) bool {
		switch {
		case n.uid == uid:
			return n.mode>>6&bits == bits
		case n.gid == gid:
			return n.mode>>3&bits == bits
		}
		return n.mode&bits == bits
	}
	for dir := path.Dir(name); dir != "." && dir != "/"; dir = path.Dir(dir) {
		if n := im.tree[dir]; n != nil && !has(n, 1) {
			return false
		}
	}
	return has(im.tree[name], bits)
}

// libraryDirs are where Debian's loader looks.
var libraryDirs = []string{"lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu", "usr/local/lib", "usr/local/lib/x86_64-linux-gnu", "lib", "usr/lib", "lib64", "usr/lib64"}

// missing are the interpreter and the libraries that a file of the image needs
// and the image does not have; it follows the libraries that no base brought.
func (im *image) missing(name string) []string {
	var lost []string
	seen := map[string]bool{}
	var look func(string)
	look = func(name string) {
		n := im.tree[name]
		if seen[name] || n == nil || !bytes.HasPrefix(n.data, []byte("\x7fELF")) {
			return
		}
		seen[name] = true
		f, err := elf.NewFile(bytes.NewReader(n.data))
		if err != nil {
			return
		}
		for _, p := range f.Progs {
			if p.Type == elf.PT_INTERP {
				data, err := io.ReadAll(p.Open())
				if at := strings.TrimRight(string(data), "\x00"); err == nil && im.resolve(at) == "" {
					lost = append(lost, at)
				}
			}
		}
		dirs := slices.Clone(libraryDirs)
		for _, tag := range []elf.DynTag{elf.DT_RPATH, elf.DT_RUNPATH} {
			paths, err := f.DynString(tag)
			if err != nil {
				continue
			}
			for _, list := range paths {
				for _, dir := range strings.Split(list, ":") {
					dir = strings.NewReplacer("$ORIGIN", "/"+path.Dir(name), "${ORIGIN}", "/"+path.Dir(name)).Replace(dir)
					dirs = append(dirs, strings.Trim(path.Clean(dir), "/"))
				}
			}
		}
		needed, err := f.ImportedLibraries()
		if err != nil {
			return
		}
	libraries:
		for _, library := range needed {
			for _, dir := range dirs {
				if at := im.resolve(path.Join(dir, library)); at != "" {
					look(at)
					continue libraries
				}
			}
			lost = append(lost, library)
		}
	}
	look(name)
	return lost
}

// brokenScript says what hinders a script: a CR behind its interpreter's name,
// or an interpreter that is not there.
func (im *image) brokenScript(name string) string {
	n := im.tree[name]
	line, ok := bytes.CutPrefix(n.data, []byte("#!"))
	if !ok {
		return ""
	}
	line, _, _ = bytes.Cut(line, []byte("\n"))
	if bytes.HasSuffix(line, []byte("\r")) {
		return "CR behind " + strings.TrimSpace(string(line))
	}
	words := strings.Fields(string(line))
	if len(words) == 0 || im.resolve(words[0]) == "" {
		return "no interpreter " + string(line)
	}
	return ""
}

// buildPrograms and buildPackages are tools that build things.
var (
	buildPrograms = []string{"gcc", "g++", "cc", "clang", "make", "cmake", "ninja", "git", "go", "cargo", "rustc", "javac", "mvn", "gradle"}
	buildPackages = []string{"gcc", "g++", "clang", "make", "cmake", "ninja-build", "git", "build-essential", "cargo", "rustc", "maven", "gradle"}
)

// tools are the build tools in the image, by program and by package.
func (im *image) tools() []string {
	var all []string
	for _, p := range buildPrograms {
		if at := im.which(p); at != "" {
			all = append(all, "/"+at)
		}
	}
	for _, dir := range []string{"usr/bin", "usr/local/bin", "usr/local/go/bin", "root/.cargo/bin"} {
		for _, p := range buildPrograms {
			if at := im.resolve(dir + "/" + p); at != "" && !slices.Contains(all, "/"+at) {
				all = append(all, "/"+at)
			}
		}
	}
	if n := im.tree["var/lib/dpkg/status"]; n != nil {
		for _, block := range strings.Split(string(n.data), "\n\n") {
			var name string
			installed := false
			for _, line := range strings.Split(block, "\n") {
				if v, ok := strings.CutPrefix(line, "Package: "); ok {
					name = v
				}
				installed = installed || line == "Status: install ok installed"
			}
			if installed && (slices.Contains(buildPackages, name) || strings.HasSuffix(name, "-dev")) {
				all = append(all, "package "+name)
			}
		}
	}
	return all
}

// setuid are the setuid and setgid programs that no base brought.
func (im *image) setuid() []string {
	var all []string
	for name, n := range im.tree {
		if n.layer >= im.base && n.kind == tar.TypeReg && n.mode&0o6000 != 0 && n.mode&0o111 != 0 {
			all = append(all, "/"+name)
		}
	}
	slices.Sort(all)
	return all
}
