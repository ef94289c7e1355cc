package proof

import (
	"cmp"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/image"
	"github.com/dockworthy/dockworthy/internal/run"
)

// A Comparison is what two builds of one project were proved to be, side by side.
type Comparison struct {
	Rows []ComparedRow
	Gone []ComparedFiles // that the image before has and the one after has not, the largest first
	New  []ComparedFiles
}

// A ComparedRow is one thing in both, in words.
type ComparedRow struct{ Name, Before, After string }

// A ComparedFiles is a file, or a folder that only one of the images has.
type ComparedFiles struct {
	Path  string
	Files int
	Bytes int64
}

// Compare holds the proofs of two builds of one project side by side.
func Compare(before, after *Proof) *Comparison {
	c := &Comparison{}
	row := func(name string, of func(*Proof) string) {
		if b, a := of(before), of(after); b != "" || a != "" {
			c.Rows = append(c.Rows, ComparedRow{name, cmp.Or(b, "–"), cmp.Or(a, "–")})
		}
	}
	row("build", func(p *Proof) string { return built(p.Run) })
	row("rebuild", func(p *Proof) string { return rebuilt(p.Run) })
	row("start", func(p *Proof) string { return came(p.Run) })
	row("size", func(p *Proof) string {
		if p.Image == nil {
			return ""
		}
		return image.Bytes(bytesOf(p.Image))
	})
	row("files", func(p *Proof) string {
		if p.Image == nil {
			return ""
		}
		return fmt.Sprint(p.Image.Tree.Len())
	})
	config := func(name string, of func(*image.Config) string) {
		row(name, func(p *Proof) string {
			if p.Image == nil {
				return ""
			}
			return of(&p.Image.Config)
		})
	}
	config("user", func(c *image.Config) string { return cmp.Or(c.User, "root") })
	config("starts", func(c *image.Config) string { return strings.Join(c.Argv(), " ") })
	config("ports", func(c *image.Config) string { return strings.Join(c.ExposedPorts, " ") })
	config("folder", func(c *image.Config) string { return cmp.Or(c.WorkingDir, "/") })
	config("volumes", func(c *image.Config) string { return strings.Join(c.Volumes, " ") })
	config("health", func(c *image.Config) string {
		if c.Healthcheck == nil {
			return ""
		}
		return strings.Join(c.Healthcheck.Test[min(1, len(c.Healthcheck.Test)):], " ")
	})
	cards := [2]check.Scorecard{}
	for i, p := range []*Proof{before, after} {
		for _, rep := range p.Reports() {
			cards[i].Add(rep)
		}
	}
	for _, r := range cards[1].Rows {
		c.Rows = append(c.Rows, ComparedRow{fmt.Sprintf("%d %s", r.Rule.Number, r.Rule.Name), outcomes(cards[0].Of(r.Rule)), outcomes(r)})
	}
	if before.Image != nil && after.Image != nil {
		c.Gone = only(before.Image.Tree, after.Image.Tree)
		c.New = only(after.Image.Tree, before.Image.Tree)
	}
	return c
}

// bytesOf is the size of an image, its layers together.
func bytesOf(img *image.Image) (n int64) {
	for _, l := range img.Layers {
		n += l.Size
	}
	return n
}

func built(log *run.Log) string {
	switch b := logBuild(log); {
	case b == nil:
		return ""
	case b.Error != "":
		return "fails: " + b.Error
	default:
		return fmt.Sprintf("%.1f s", b.Seconds)
	}
}

func logBuild(log *run.Log) *run.Build {
	if log == nil {
		return nil
	}
	return log.Build
}

func rebuilt(log *run.Log) string {
	if log == nil || log.Rebuild == nil || log.Rebuild.Error != "" {
		return ""
	}
	return fmt.Sprintf("%.1f s after an edit of %s", log.Rebuild.Seconds, log.Rebuild.Touched)
}

func came(log *run.Log) string {
	switch {
	case log == nil:
		return ""
	case log.Start != nil && log.Failed() == nil:
		return "runs"
	case log.Failed() != nil:
		return "does not run: " + log.Failed().Why()
	}
	return ""
}

func outcomes(r check.Row) string {
	list := make([]string, 3)
	for i, o := range r.Outcomes {
		list[i] = o.String()
	}
	return strings.Join(list, ", ")
}

// only is what the one tree has and the other has not: of a folder that is not there at
// all, the folder.
func only(have, other *image.Tree) []ComparedFiles {
	byPath := map[string]*ComparedFiles{}
	missing := map[string]bool{}
	elsewhere := map[string]bool{}
	for f := range other.All() {
		if key := packaged(f.Path); key != "" {
			elsewhere[key] = true
		}
	}
	gone := func(dir string) bool {
		m, ok := missing[dir]
		if !ok {
			m = other.Lstat(dir) == nil
			missing[dir] = m
		}
		return m
	}
	for f := range have.All() {
		if f.IsDir() || f.IsLink() || noise(f.Path) || other.Lstat(f.Path) != nil || elsewhere[packaged(f.Path)] {
			continue
		}
		top := f.Path
		for dir := path.Dir(top); dir != "/" && gone(dir); dir = path.Dir(dir) {
			top = dir
		}
		g := byPath[top]
		if g == nil {
			g = &ComparedFiles{Path: top}
			byPath[top] = g
		}
		g.Files++
		g.Bytes += f.Bytes()
	}
	var list []ComparedFiles
	for _, g := range byPath {
		list = append(list, *g)
	}
	slices.SortFunc(list, func(a, b ComparedFiles) int {
		return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), cmp.Compare(a.Path, b.Path))
	})
	return list
}

var packagedRE = regexp.MustCompile(`^(?:/usr/local/lib|/usr/lib|/.*/\.?(?:venv|local)/lib)/python[\d.]+/(?:site|dist)-packages/(.+)$|^/(?:.+/)?(node_modules/.+)$|^/(?:usr/local|.*/\.?(?:venv|local))/(bin/.+)$`)

// packaged is a file of a package by its name in the packages of its language: where these
// lie is a matter of how they are installed. "" = it is none.
func packaged(p string) string {
	m := packagedRE.FindStringSubmatch(p)
	if m == nil {
		return ""
	}
	return cmp.Or(m[1], m[2], m[3])
}

// noise tells whether a file differs between any two builds, or is nobody's matter.
func noise(p string) bool {
	return strings.Contains(p, "/__pycache__/") || strings.HasSuffix(p, ".pyc") || strings.HasPrefix(p, "/var/lib/dpkg/") || strings.HasPrefix(p, "/var/cache/") || strings.HasPrefix(p, "/var/log/") || strings.HasPrefix(p, "/tmp/")
}

// Unproved says why nothing is shown by two proofs of which the second is no worse; "" =
// something is.
func Unproved(after *Proof) string {
	switch a := logBuild(after.Run); {
	case a != nil && a.Error != "":
		return "it does not build as it is, either"
	case after.Run != nil && after.Run.Failed() != nil:
		return "it does not run as it is, either: what it needs to start is given with --env"
	}
	return ""
}

// Worse says why the build after may not take the place of the one before: it does not
// build or run where that does, or breaks a rule that it keeps. "" = it may.
func Worse(before, after *Proof) string {
	switch b, a := logBuild(before.Run), logBuild(after.Run); {
	case a != nil && a.Error != "" && (b == nil || b.Error == ""):
		return "the build fails: " + a.Error
	case after.Run != nil && after.Run.Failed() != nil && (before.Run == nil || before.Run.Failed() == nil):
		return "it does not run: " + after.Run.Failed().Why()
	}
	cards := [2]check.Scorecard{}
	for i, p := range []*Proof{before, after} {
		for _, rep := range p.Reports() {
			cards[i].Add(rep)
		}
	}
	for _, r := range cards[1].Rows {
		if r.Worst() == check.Violated && cards[0].Of(r.Rule).Worst() != check.Violated {
			return fmt.Sprintf("it breaks rule %d, %s, which is kept today", r.Rule.Number, r.Rule.Name)
		}
	}
	return ""
}
