package rebuild

import (
	"path"
	"strings"

	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/ignore"
	"github.com/dockworthy/dockworthy/text"
)

// Takes tells whether a step takes a file of the build context: as a COPY or ADD,
// or as a RUN with a bind mount, which is then given. Whether the file is sent at
// all is the ignore file's business.
func Takes(step *source.Step, file string) (mount *source.Mount, ok bool) {
	if c := step.Copy; c != nil {
		return nil, c.FromContext() && copies(c, file)
	}
	r := step.Run()
	if r == nil {
		return nil, false
	}
	for i := range r.Mounts {
		m := &r.Mounts[i]
		if m.Type == "bind" && m.From == "" && under(source.Clean(m.Source), file) {
			return m, true
		}
	}
	return nil, false
}

func copies(c *source.Copy, file string) bool {
	for _, src := range c.Sources {
		if remote(src.Value) {
			continue
		}
		rest, ok := picks(source.Clean(src.Value), file)
		if ok && !excluded(c, file, rest) {
			return true
		}
	}
	return false
}

// picks tells whether a source takes a file, by itself or with a folder, and
// gives the file's path below what the source names.
func picks(src, file string) (rest string, ok bool) {
	if !strings.ContainsAny(src, `*?[\`) {
		return strings.TrimPrefix(strings.TrimPrefix(file, src), "/"), under(src, file)
	}
	if strings.Contains(src, "**") {
		// What ** means depends on the version of the Dockerfile's frontend: it
		// goes over folders, or is a * as any other.
		list := ignore.Parse(text.NewFile("source", []byte(src)))
		return path.Base(file), list.Match(file, false).Excluded
	}
	// A * of a COPY stays in one folder, and takes folders whole.
	for at := file; at != "."; at = path.Dir(at) {
		if hit, err := path.Match(src, at); err == nil && hit {
			return strings.TrimPrefix(strings.TrimPrefix(file, at), "/"), true
		}
	}
	return "", false
}

// excluded tells whether --exclude keeps a file out. Its patterns are held against
// the path below the folder that is copied.
func excluded(c *source.Copy, file, rest string) bool {
	if len(c.Exclude) == 0 {
		return false
	}
	if rest == "" || c.Parents {
		rest = file
	}
	list := ignore.Parse(text.NewFile("--exclude", []byte(strings.Join(c.Exclude, "\n"))))
	return list.Match(rest, false).Excluded
}

func under(dir, file string) bool {
	return dir == "." || dir == file || strings.HasPrefix(file, dir+"/")
}

// remote tells whether a source of an ADD is fetched.
func remote(src string) bool {
	for _, scheme := range []string{"http://", "https://", "git://", "git@", "ssh://"} {
		if strings.HasPrefix(src, scheme) {
			return true
		}
	}
	return false
}
