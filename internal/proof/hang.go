package proof

import (
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dockworthy/dockworthy/internal/image"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/run"
	"github.com/dockworthy/dockworthy/internal/source"
)

var (
	// clock is what a probe has that asks how long ago something was: it fails only
	// when that is long enough.
	clock = regexp.MustCompile(`(?i)mtime|-[mac]min\b|-newer|\bstale|heart_?beat|max_?age|\bfresh|last_?(?:seen|beat|run|tick)|date \+%s|stat -c|time\.(?:time|monotonic)\(|Date\.now|File\.stat|ModTime|time\.Since`)
	// compared is a number of seconds in a comparison, an assignment or an argument.
	compared = regexp.MustCompile(`(?:[<>]=?|=|-gt|-lt|-ge|-le|,|\()\s*-?(\d{1,6}(?:\.\d+)?)\b`)
	minutes  = regexp.MustCompile(`-[mac]min\s+[-+]?(\d{1,4})`)
)

// hangNeed is what the logic of a health check lets pass before it may fail: 0 for
// one that asks the program, <0 where it cannot be seen.
func hangNeed(b *source.Build, test []string, img *image.Image, set run.Settings) time.Duration {
	if len(test) < 2 {
		return 0
	}
	all, seen := written(b, test[1:], img, set)
	if !seen {
		return -1
	}
	if !clock.MatchString(all) {
		return 0
	}
	most := 0.0
	for _, m := range minutes.FindAllStringSubmatch(all, -1) {
		if n, err := strconv.ParseFloat(m[1], 64); err == nil {
			most = max(most, 60*n)
		}
	}
	for line := range strings.Lines(all) {
		for _, m := range compared.FindAllStringSubmatch(line, -1) {
			if n, err := strconv.ParseFloat(m[1], 64); err == nil && n <= 24*3600 {
				most = max(most, n)
			}
		}
	}
	if most == 0 {
		return -1
	}
	return time.Duration(most * float64(time.Second))
}

// written is all that a probe says: its words, and what the scripts of the project
// hold that it runs. seen is false where it runs a program of which nothing is
// known but that it is there.
func written(b *source.Build, words []string, img *image.Image, set run.Settings) (all string, seen bool) {
	dir := img.Config.WorkingDir
	if set.Workdir != "" {
		dir = set.Workdir
	}
	if dir == "" {
		dir = "/"
	}
	all = strings.Join(words, " ")
	fields := strings.Fields(strings.NewReplacer(";", " ", "|", " ", "&", " ", "(", " ", ")", " ", "'", " ", `"`, " ").Replace(all))
	seen = true
	for i, w := range fields {
		p := w
		if i > 0 && fields[i-1] == "-m" {
			p = strings.ReplaceAll(w, ".", "/") + ".py"
		}
		if !path.IsAbs(p) {
			if i > 0 && path.Ext(p) == "" {
				continue
			}
			p = path.Join(dir, p)
		}
		if o := b.FileAt(p); o != nil {
			if data, ok := o.Data(); ok {
				all += "\n" + data
				continue
			}
		}
		if f, err := img.Tree.Lookup(p); err == nil && f != nil && f.IsRegular() && ours(img, f) {
			seen = false // a program of the project, built somewhere
		}
	}
	if first := fields[:min(1, len(fields))]; len(first) == 1 && !path.IsAbs(first[0]) && img.LookPath(first[0]) != nil && ours(img, img.LookPath(first[0])) && !knowledge.Plain.Has(first[0]) {
		seen = false
	}
	return all, seen
}

// ours tells whether a file is one that the project put there, and no tool of the
// base: those do not wait for time to pass.
func ours(img *image.Image, f *image.File) bool {
	system := slices.ContainsFunc([]string{"/usr/bin/", "/bin/", "/usr/sbin/", "/sbin/", "/usr/local/bin/"}, func(dir string) bool { return strings.HasPrefix(f.Path, dir) })
	return f.ELF != nil && !system
}
