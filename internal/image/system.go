package image

import (
	"path"
	"strings"
)

// Shell is what /bin/sh is, in the words of the catalogue of base images:
// dash, bash, busybox-ash, or another program's name. Where there is no
// /bin/sh, it is the sh that PATH finds; where is then its path. "none" =
// there is no sh at all, "unknown" = none is found but not every layer was
// looked at.
func (img *Image) Shell() (name, where string) {
	f, err := img.Tree.Lookup("/bin/sh")
	if err != nil || f.IsDir() {
		if f = img.LookPath("sh"); f == nil {
			if img.NotLookedAt() {
				return "unknown", ""
			}
			return "none", ""
		}
		where = img.found("sh")
	}
	if img.isBusybox(f) {
		return "busybox-ash", where
	}
	for _, shell := range []string{"dash", "bash", "ash", "zsh", "mksh"} {
		if path.Base(f.Path) == shell || img.same(f, img.LookPath(shell)) {
			return shell, where
		}
	}
	return path.Base(f.Path), where
}

// found is the path under which PATH finds a program, before links are
// followed; "" = none.
func (img *Image) found(name string) string {
	p, ok := img.Config.Getenv("PATH")
	if !ok {
		p = DefaultPath
	}
	for dir := range strings.SplitSeq(p, ":") {
		if f, err := img.Tree.Lookup(dir + "/" + name); err == nil && f.IsRegular() {
			return clean(dir + "/" + name)
		}
	}
	return ""
}

// same tells whether two entries have one content: one is a link to the
// other, another name of it, or a copy.
func (img *Image) same(a, b *File) bool {
	if a == nil || b == nil {
		return false
	}
	return content(a) == content(b) || a.IsRegular() && b.IsRegular() && a.Size > 0 && a.Size == b.Size && a.Sum == b.Sum
}

// content is the path of the entry that has a file's content.
func content(f *File) string {
	if f.Hard {
		return f.Link
	}
	return f.Path
}

// isBusybox tells whether a program is one of BusyBox.
func (img *Image) isBusybox(f *File) bool {
	if f == nil {
		return false
	}
	return path.Base(content(f)) == "busybox" || img.same(f, img.LookPath("busybox"))
}

// IsBusybox tells whether the program of that name that PATH finds is one of
// BusyBox.
func (img *Image) IsBusybox(name string) bool { return img.isBusybox(img.LookPath(name)) }

// Libc is the C library that the image has a loader of: glibc, musl, or "none".
func (img *Image) Libc() string {
	for _, dir := range []string{"/lib", "/lib64", "/usr/lib", "/usr/lib64"} {
		at, err := img.Tree.Lookup(dir)
		if err != nil {
			continue
		}
		for _, f := range img.Tree.Dir(at.Path) {
			switch name := path.Base(f.Path); {
			case strings.HasPrefix(name, "ld-musl-"):
				return "musl"
			case strings.HasPrefix(name, "ld-linux"):
				return "glibc"
			}
		}
	}
	return "none"
}

// PackageManager is the program that installs packages: apt, apk, dnf, …;
// "none" = none that is known.
func (img *Image) PackageManager() string {
	for _, name := range []string{"apk", "apt-get", "dnf", "microdnf", "tdnf", "yum", "zypper", "pacman", "opkg"} {
		if img.LookPath(name) != nil {
			return strings.TrimSuffix(name, "-get")
		}
	}
	return "none"
}
