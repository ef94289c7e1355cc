package shell

import (
	"path"
	"strings"
)

// file notes a FileEffect; its paths are made absolute where that is known.
func (b *builder) file(c *Command, f FileEffect) {
	if len(f.Paths) == 0 {
		return
	}
	f.Command, f.When = c, c.When
	f.Paths = within(c.Dir, f.Paths)
	f.Sources = within(c.Dir, f.Sources)
	b.e.Files = append(b.e.Files, f)
}

// within puts the working directory before relative paths.
func within(dir string, words []Word) []Word {
	if dir == "" || len(words) == 0 {
		return words
	}
	out := make([]Word, len(words))
	for i, w := range words {
		if w.Text != "" && !strings.ContainsAny(w.Text[:1], "/~$`") {
			w.Text = path.Join(dir, w.Text)
		}
		out[i] = w
	}
	return out
}

// redirects notes the files that redirections write.
func (b *builder) redirects(c *Command) {
	for _, r := range c.Redirects {
		if !r.writes() || strings.HasPrefix(r.Target.Text, "/dev/") {
			continue
		}
		b.file(c, FileEffect{Kind: Write, Paths: []Word{r.Target}, Append: strings.Contains(r.Op, ">>")})
		if r.Fd == 1 {
			b.accountLines(c, r.Target)
		}
	}
}

func tee(b *builder, c *Command, program string, args []Word) {
	o := split(args, true)
	b.file(c, FileEffect{Kind: Write, Paths: o.operands, Append: o.has("-a", "--append")})
	for _, w := range o.operands {
		b.accountLines(c, w)
	}
}

func dd(b *builder, c *Command, program string, args []Word) {
	for _, a := range args {
		if t, ok := strings.CutPrefix(a.Text, "of="); ok && !strings.HasPrefix(t, "/dev/") {
			a.Text = t
			b.file(c, FileEffect{Kind: Write, Paths: []Word{a}})
		}
	}
}

func touch(b *builder, c *Command, program string, args []Word) {
	o := split(args, true, "-d", "--date", "-t", "-r", "--reference")
	b.file(c, FileEffect{Kind: Write, Paths: o.operands, Append: true})
}

func sed(b *builder, c *Command, program string, args []Word) {
	inPlace := false
	for _, a := range args {
		t := a.Text
		inPlace = inPlace || strings.HasPrefix(t, "--in-place") || len(t) > 1 && t[0] == '-' && t[1] != '-' && strings.Contains(t, "i")
	}
	if !inPlace {
		return
	}
	o := split(args, false, "-e", "--expression", "-f", "--file")
	files := o.operands
	if !o.has("-e", "--expression", "-f", "--file") && len(files) > 0 {
		files = files[1:] // the script
	}
	b.file(c, FileEffect{Kind: Write, Paths: files, Append: true})
}

func mkdir(b *builder, c *Command, program string, args []Word) {
	o := split(args, true, "-m", "--mode")
	b.file(c, FileEffect{Kind: Mkdir, Paths: o.operands, Mode: o.get("-m", "--mode").Text})
}

// install is coreutils' install: it copies or makes folders, with mode and
// owner.
func install(b *builder, c *Command, program string, args []Word) {
	o := split(args, true, "-m", "--mode", "-o", "--owner", "-g", "--group", "-t", "--target-directory", "-S", "--suffix")
	f := FileEffect{Kind: Mkdir, Paths: o.operands, Mode: o.get("-m", "--mode").Text, Owner: o.get("-o", "--owner").Text, Group: o.get("-g", "--group").Text}
	if !o.has("-d", "--directory") {
		f.Kind = Write
		f.Sources, f.Paths = lastIsTarget(o)
	}
	b.file(c, f)
}

func lastIsTarget(o options) (sources, target []Word) {
	if t := o.get("-t", "--target-directory"); t.Text != "" {
		return o.operands, []Word{t}
	}
	n := len(o.operands)
	if n < 2 {
		return nil, o.operands
	}
	return o.operands[:n-1], o.operands[n-1:]
}

func copyFiles(b *builder, c *Command, program string, args []Word) {
	o := split(args, true, "-t", "--target-directory", "-S", "--suffix")
	f := FileEffect{Kind: Write, Recursive: o.has("-r", "-R", "-a", "--recursive", "--archive"), Move: program == "mv", Link: program == "ln"}
	f.Sources, f.Paths = lastIsTarget(o)
	b.file(c, f)
}

// caches are the folders of package managers: what is removed there is a
// Clean.
var caches = []struct {
	dir, manager string
	lists        bool
}{
	{"/var/lib/apt/lists", "apt", true}, {"/var/cache/apt", "apt", false}, {"/var/cache/apk", "apk", false}, {"/etc/apk/cache", "apk", false},
	{"/var/cache/yum", "dnf", false}, {"/var/cache/dnf", "dnf", false}, {"/var/lib/dnf", "dnf", false}, {"/var/cache/zypp", "zypper", false}, {"/var/cache/pacman", "pacman", false},
	{"/.cache/pip", "pip", false}, {"/.cache/uv", "uv", false}, {"/.npm", "npm", false}, {"/.cache/yarn", "yarn", false}, {"/.yarn/cache", "yarn", false},
	{"/.composer/cache", "composer", false}, {"/.m2", "maven", false}, {"/.gradle", "gradle", false}, {"/.cargo/registry", "cargo", false},
	{"/.cache/go-build", "go", false}, {"/go/pkg", "go", false}, {"/.nuget/packages", "nuget", false}, {"/.cache/pypoetry", "poetry", false}, {"/.bun/install/cache", "bun", false},
}

func remove(b *builder, c *Command, program string, args []Word) {
	o := split(args, true)
	if program == "shred" && !o.has("-u", "--remove") {
		return
	}
	b.file(c, FileEffect{Kind: Delete, Paths: o.operands, Recursive: o.has("-r", "-R", "--recursive")})
	for _, w := range within(c.Dir, o.operands) {
		b.cleaned(c, w.Text)
	}
}

// cleaned notes a Clean when p is a package manager's cache.
func (b *builder) cleaned(c *Command, p string) {
	p = strings.TrimSuffix(strings.TrimRight(p, "*/."), "/")
	if strings.HasSuffix(p, "/.cache") || p == "~/.cache" {
		for _, m := range []string{"pip", "uv", "yarn", "go", "poetry"} {
			b.clean(c, m, false)
		}
		return
	}
	for _, k := range caches {
		if strings.HasPrefix(k.dir, "/.") || k.dir == "/go/pkg" {
			if strings.HasSuffix(p, k.dir) || strings.Contains(p, k.dir+"/") {
				b.clean(c, k.manager, k.lists)
			}
		} else if p == k.dir || strings.HasPrefix(p, k.dir+"/") || strings.HasPrefix(p, k.dir) && strings.HasSuffix(p, "/archives") {
			b.clean(c, k.manager, k.lists)
		}
	}
}

func chmod(b *builder, c *Command, program string, args []Word) {
	f := FileEffect{Kind: Chmod}
	for _, a := range args {
		t := a.Text
		switch {
		case len(t) > 1 && t[0] == '-' && strings.Trim(t[1:], "Rvfc") == "":
			f.Recursive = f.Recursive || strings.Contains(t, "R")
		case strings.HasPrefix(t, "--"):
			f.Recursive = f.Recursive || t == "--recursive"
			if strings.HasPrefix(t, "--reference") {
				f.Mode = t
			}
		case f.Mode == "":
			f.Mode = t // -x is a mode, too
		default:
			f.Paths = append(f.Paths, a)
		}
	}
	b.file(c, f)
}

func chown(b *builder, c *Command, program string, args []Word) {
	o := split(args, true, "--from", "--reference")
	f := FileEffect{Kind: Chown, Recursive: o.has("-R", "--recursive")}
	if o.get("--reference").Text == "" {
		if len(o.operands) == 0 {
			return
		}
		f.Owner, f.Group = owner(o.verb())
		if program == "chgrp" {
			f.Owner, f.Group = "", f.Owner
		}
	}
	f.Paths = o.operands
	b.file(c, f)
}

// owner parses user[:group]; the colons inside ${…} are not separators.
func owner(s string) (user, group string) {
	depth := 0
	for i := range len(s) {
		switch s[i] {
		case '{', '(':
			depth++
		case '}', ')':
			depth--
		case ':':
			if depth == 0 {
				return s[:i], s[i+1:]
			}
		}
	}
	return s, ""
}

// find notes what find deletes and what its -exec does to what it finds.
func find(b *builder, c *Command, program string, args []Word) {
	var paths []Word
	for i, a := range args {
		t := a.Text
		switch {
		case i == len(paths) && t != "" && t[0] != '-' && t[0] != '(' && t[0] != '!':
			paths = append(paths, a)
		case t == "-delete":
			b.file(c, FileEffect{Kind: Delete, Paths: paths, Partial: true})
			for _, w := range paths {
				b.cleaned(c, w.Text)
			}
		case (t == "-exec" || t == "-execdir" || t == "-ok") && i+1 < len(args):
			end := i + 1
			for end < len(args) && args[end].Text != ";" && args[end].Text != "+" {
				end++
			}
			var words []Word
			for _, w := range args[i+1 : end] {
				if w.Text == "{}" {
					words = append(words, paths...)
					continue
				}
				words = append(words, w)
			}
			name, rest := unwrap(words)
			from := len(b.e.Files)
			switch name {
			case "rm":
				remove(b, c, name, rest)
			case "chmod":
				chmod(b, c, name, rest)
			case "chown", "chgrp":
				chown(b, c, name, rest)
			case "sed":
				sed(b, c, name, rest)
			}
			for j := from; j < len(b.e.Files); j++ {
				b.e.Files[j].Partial = true
			}
			return
		}
	}
}

func untar(b *builder, c *Command, program string, args []Word) {
	extract := false
	for i, a := range args {
		t := a.Text
		extract = extract || t == "--extract" || t == "--get" || (i == 0 || len(t) > 1 && t[0] == '-' && t[1] != '-') && strings.Contains(t, "x") && !strings.ContainsAny(t, "/.=")
	}
	if !extract {
		return
	}
	if len(args) > 0 && args[0].Text != "" && args[0].Text[0] != '-' { // tar xzf a.tgz
		first := args[0]
		first.Text = "-" + first.Text
		args = append([]Word{first}, args[1:]...)
	}
	o := split(args, true, "-f", "--file", "-C", "--directory", "-I", "--use-compress-program", "--strip-components", "--exclude", "-X", "-T", "--transform", "--xform", "--wildcards-match-slash")
	to := o.get("-C", "--directory")
	if to.Text == "" {
		to = Word{Text: ".", Known: true, Span: c.Span}
	}
	f := FileEffect{Kind: Unpack, Paths: []Word{to}}
	if a := o.get("-f", "--file"); a.Text != "" {
		f.Sources = []Word{a}
	}
	b.file(c, f)
}

func unzip(b *builder, c *Command, program string, args []Word) {
	o := split(args, true, "-d", "-x")
	if o.has("-l", "-t", "-p", "-v") || len(o.operands) == 0 {
		return
	}
	to := o.get("-d")
	if to.Text == "" {
		to = Word{Text: ".", Known: true, Span: c.Span}
	}
	b.file(c, FileEffect{Kind: Unpack, Paths: []Word{to}, Sources: o.operands[:1]})
}
