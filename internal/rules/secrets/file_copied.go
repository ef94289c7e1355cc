package secrets

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/recipe"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/ignore"
	"github.com/dockworthy/dockworthy/text"
)

var fileCopied = &check.Check{
	Name:     "file-copied",
	Claim:    "no COPY or ADD adds a secret file to the image",
	Why:      "a copied file is in a layer, which anyone who can pull the image can unpack",
	Mend:     "exclude the file in .dockerignore, and mount it where a RUN needs it: --mount=type=secret,id=npmrc,target=/root/.npmrc",
	Quiet:    "For .env.example and similar templates, for files that contain no token, password or private key (or only ${VARIABLES}), for files that .dockerignore excludes, and for Debian's ssl-cert-snakeoil.key. An .env without secret values is a note, and so are a test key and the settings of tests (.env.testing) in a stage that is not part of the final image. In an image, for keys in published packages and in folders of tests within archives; an archive that cannot be searched makes the check undecided.",
	Severity: check.Error,
	Since:    "0.1.0",
	Aliases:  []string{"CIS 4.10"},
	Image:    builtFiles(false),
	Run:      ranCanaries("file", "%s was planted in a copy of the build context and ended up in the image: %s"),
	Source: func(b *source.Build) check.Verdict {
		if b.File == nil {
			return check.None()
		}
		var found []check.Finding
		unknown := ""
		eachStep(b, func(s *source.Step) {
			if s.Copy == nil {
				return
			}
			list, why := brought(b, s, true)
			if why != "" && b.Needs(s.Stage) {
				unknown = why
			}
			if f, ok := bring(b, s, list); ok {
				found = append(found, f)
			}
		})
		if len(found) == 0 && unknown != "" {
			return check.Unknown(check.ByContext, unknown)
		}
		return check.Judge(found)
	},
}

// A file that a COPY brings and that is a secret.
type gift struct {
	path  string // in the context, or in the stage that it is taken from
	kind  fileKind
	at    text.Span
	in    string // where it lies in the image; "" = not known
	cause check.Cause

	source int  // by which of the COPY's sources, from 0
	along  bool // with a folder or a pattern, not by its name
}

// help is what to do where a mount is not the way.
func (g gift) help() string {
	base := path.Base(g.path)
	switch {
	case source.IsEnvFile(base):
		return "exclude it in .dockerignore, and set its values when the container starts: docker run --env-file, env_file: in Compose, a Secret in Kubernetes"
	case g.kind.key:
		return "exclude it in .dockerignore, and give it to the container that needs it: secrets: in Compose, a Secret in Kubernetes, a volume"
	case base != ".npmrc" && strings.HasPrefix(g.in, "/"):
		return fmt.Sprintf("exclude it in .dockerignore, and mount it where a RUN needs it: --mount=type=secret,id=%s,target=%s", base, g.in)
	}
	return ""
}

// mostGifts bounds what is looked at of one COPY, and mostNamed what is named.
const (
	mostGifts = 50
	mostNamed = 4
)

// bring is the finding of one COPY or ADD: of all that it brings, the worst.
func bring(b *source.Build, s *source.Step, list []gift) (check.Finding, bool) {
	if len(list) == 0 {
		return check.Finding{}, false
	}
	for i := range list {
		list[i].kind = list[i].kind.ofTest(list[i].path, b.InChain(s.Stage))
	}
	slices.SortStableFunc(list, func(a, b gift) int { return cmp.Compare(b.kind.severity, a.kind.severity) })
	g := list[0]
	what := fmt.Sprintf("%s copies %s, which %s", s.Keyword, g.path, g.kind.what)
	if more := list[1:]; len(more) > 0 {
		var named []string
		for _, o := range more[:min(len(more), mostNamed)] {
			named = append(named, o.path)
		}
		if len(more) > mostNamed {
			named = append(named, "…")
		}
		what += fmt.Sprintf(", and %d more (%s)", len(more), strings.Join(named, ", "))
	}
	a := uncopied(b, s, list)
	return check.Finding{
		Severity: g.kind.severity,
		Place:    check.Place{File: b.Text(), Span: g.at},
		Stage:    s.Stage,
		Message:  what,
		Cause:    g.cause,
		Help:     g.help(),
		Fixes:    a.Fixes,
		Unfixed:  a.Unfixed,
	}, true
}

// uncopied keeps secret files out of an image: those that a COPY names by the COPY, those
// that it brings along by the ignore file.
func uncopied(b *source.Build, s *source.Step, list []gift) recipe.Advice {
	if !s.Copy.FromContext() {
		return recipe.Advice{Unfixed: "the file comes from another stage, where it has to be left out"}
	}
	var along []string
	var named []gift
	for _, g := range list {
		if g.kind.severity == check.Note {
			continue
		}
		if g.along && onlyThese(b.Context, source.Clean(s.Copy.Sources[g.source].Value), list) {
			if len(s.Copy.Sources) > 1 || len(s.Copy.Heredocs) > 0 {
				return recipe.Advice{Unfixed: "its folder holds nothing else, so that nothing would be left to copy"}
			}
			return recipe.Uncopy(b, s, g.source, "", false)
		}
		if g.along {
			along = append(along, g.path)
		} else {
			named = append(named, g)
		}
	}
	switch {
	case len(along) > 0:
		return recipe.KeepOut(b, along)
	case len(named) != 1:
		return recipe.Advice{Unfixed: "the COPY names several of them: which of them is needed, and where, is for you to say"}
	}
	in := named[0].in
	if dir := s.Before.Workdir.Value; in == "" && strings.HasPrefix(dir, "/") && (s.Copy.Target == "." || s.Copy.Target == "./") {
		in = path.Join(dir, path.Base(named[0].path))
	}
	return recipe.Uncopy(b, s, named[0].source, in, !named[0].kind.key)
}

// onlyThese tells whether a folder holds no file but these, so far as it is looked at.
func onlyThese(ctx *source.Context, dir string, list []gift) bool {
	return !slices.ContainsFunc(ctx.Dir(dir), func(e source.Entry) bool {
		if e.Dir {
			return !onlyThese(ctx, e.Path, list)
		}
		return !slices.ContainsFunc(list, func(g gift) bool { return g.path == e.Path })
	})
}

// brought are the secret files of one COPY or ADD: those that it names and,
// where asked, those in the folders that it names. why says what is not known.
func brought(b *source.Build, s *source.Step, folders bool) (list []gift, why string) {
	c := s.Copy
	for i, src := range c.Sources {
		place := func() text.Span { return s.SourcePlace(i) } // found out only for a finding
		switch {
		case !c.FromContext():
			if g, ok := fromStage(b, c, src); ok {
				g.at, g.in = place(), landing(c, src.Value, false)
				list = append(list, g)
			}
			continue
		case strings.Contains(src.Value, "://") || strings.HasPrefix(src.Value, "git@"):
			continue
		case !src.Known:
			continue
		}
		p := source.Clean(src.Value)
		add := func(p string, inFolder bool) {
			if k := fileOf(b.Context, p); k.severity != 0 && len(list) < mostGifts && (b.Context == nil || b.Context.Reached(p)) {
				list = append(list, gift{path: p, kind: k, at: place(), in: landing(c, p, inFolder), cause: check.SentCause.Of(p), source: i, along: inFolder || p != source.Clean(src.Value)})
			}
		}
		if b.Context == nil {
			if p == "." || strings.ContainsAny(p, "*?[") {
				why = b.NoContext()
				continue
			}
			add(p, false)
			if k := folderOf(p); k.severity != 0 {
				list = append(list, gift{path: p, kind: k, at: place(), in: c.Target, cause: check.SentCause.Of(p), source: i})
			}
			continue
		}
		paths := []string{p}
		if p != "." && strings.ContainsAny(p, "*?[") {
			paths = b.Context.Glob(p)
		}
		for _, p := range paths {
			entry, err := b.Context.Stat(p)
			switch {
			case err != nil || !entry.Dir:
				if sent, _ := b.Context.Sent(p, false); sent && !leftOut(c, p, ".") {
					add(p, false)
					if k := folderOf(p); err != nil && k.severity != 0 {
						list = append(list, gift{path: p, kind: k, at: place(), in: c.Target, cause: check.SentCause.Of(p), source: i})
					}
				}
			case folders:
				notable, err := b.Context.Notable()
				if err != nil {
					why = err.Error()
				}
				for _, e := range under(b.Context, notable, p) {
					if sent, _ := b.Context.Sent(e, false); sent && !leftOut(c, e, p) {
						add(e, true)
					}
				}
			}
		}
	}
	return list, why
}

// fromStage is the secret file that a COPY --from names: one that its stage
// takes from the context, or one that by its name no build makes.
func fromStage(b *source.Build, c *source.Copy, src source.Text) (g gift, ok bool) {
	base := path.Base(src.Value)
	if !src.Known || src.Value == "" {
		return g, false
	}
	g.path = src.Value
	if knowledge.HeldBy("", base) == knowledge.SSHKey {
		g.kind = fileKind{"is a private SSH key", check.Error, true}
		return g, true
	}
	if c.Stage == nil {
		return g, false
	}
	if o := b.FileIn(c.Stage, path.Join("/", src.Value)); o != nil && o.Context != nil {
		g.kind, g.cause = fileOf(o.Context, o.Path), check.SentCause.Of(o.Path)
		return g, g.kind.severity != 0
	}
	if !source.IsEnvFile(base) && !account.MatchString(base) || madeIn(c.Stage, base) {
		return g, false
	}
	g.kind = fileKind{what: "is named like a secrets file", severity: check.Warning}
	if source.IsEnvFile(base) {
		g.kind = fileKind{what: "is an environment file", severity: check.Error}
	}
	return g, true
}

// madeIn tells whether a RUN of a stage, or of one that it is built on, names a
// file: then it may be made there.
func madeIn(s *source.Stage, base string) bool {
	for s := range s.Upwards() {
		for _, step := range s.Steps {
			if step.Run() != nil && strings.Contains(step.File().Text(step.Span), base) {
				return true
			}
			if step.Copy != nil && len(step.Copy.Heredocs) > 0 && strings.Contains(step.File().Text(step.Span), base) {
				return true
			}
		}
	}
	return false
}

// under are the files below a folder whose names are such as secrets lie
// under, with those in folders that are known to hold them.
func under(ctx *source.Context, notable []source.Entry, dir string) []string {
	var files []string
	for _, e := range notable {
		if dir != "." && e.Path != dir && !strings.HasPrefix(e.Path, dir+"/") {
			continue
		}
		if !e.Dir {
			files = append(files, e.Path)
			continue
		}
		switch path.Base(e.Path) {
		case ".aws", ".kube", ".docker", ".ssh", ".bundle":
			for _, inner := range ctx.Dir(e.Path) {
				base := path.Base(inner.Path)
				// The others are in the list by their own names.
				if !inner.Dir && (base == "config" || base == "config.json" || path.Base(e.Path) == ".ssh" && knowledge.HeldBy("", base) != knowledge.SSHKey) {
					files = append(files, inner.Path)
				}
			}
		}
	}
	return files
}

// leftOut tells whether the COPY's own --exclude keeps a file of a source
// folder out.
func leftOut(c *source.Copy, p, dir string) bool {
	if len(c.Exclude) == 0 {
		return false
	}
	list := ignore.Parse(text.NewFile("--exclude", []byte(strings.Join(c.Exclude, "\n"))))
	if list.Match(p, false).Excluded {
		return true
	}
	rel := strings.TrimPrefix(p, dir+"/")
	return rel != p && list.Match(rel, false).Excluded
}

// landing is where a file of a COPY lies in the image.
func landing(c *source.Copy, p string, inFolder bool) string {
	if !strings.HasPrefix(c.Target, "/") || inFolder {
		return ""
	}
	if strings.HasSuffix(c.Target, "/") || len(c.Sources) > 1 {
		return path.Join(c.Target, path.Base(p))
	}
	return path.Clean(c.Target)
}
