package base

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"strings"
	"sync"
	"sync/atomic"
)

//go:embed bases.jsonl
var basesData []byte

// entries caches, by repository, the lines of the catalogue that name it.
var entries sync.Map // string to []*entry

// An entry is a line of the catalogue. Its match is read at once, the rest
// when a reference meets it.
type entry struct {
	match Match
	read  func() images
}

// images are the image of an entry, and the same before it had its Env.
type images struct{ image, bare *Image }

// Lookup finds the first entry of the catalogue that stands for r. No tag
// means latest; a tag beside a digest counts; a digest alone says nothing of
// the variant and finds nothing. The Image is shared and must not be changed.
//
// Only lines that name the repository are looked into, and only the one that
// matches is parsed, once, so a run pays for the images it meets and not for
// the catalogue.
func Lookup(r Ref) (*Image, bool) {
	tag := r.TagOrLatest()
	if tag == "" {
		return nil, false
	}
	for _, e := range entriesOf(r.Repo) {
		if !anyGlob(e.match.Tags, tag) || anyGlob(e.match.NotTags, tag) {
			continue
		}
		found := e.read()
		if anyGlob(found.image.EnvNotTags, tag) {
			return found.bare, true
		}
		return found.image, true
	}
	return nil, false
}

// matchEnd is what follows "match" on every line of bases.jsonl; a test holds
// the file to it.
const matchEnd = `,"kind":`

func entriesOf(repo string) []*entry {
	if found, ok := entries.Load(repo); ok {
		return found.([]*entry)
	}
	if asked.Add(1) > few && !named()[repo] {
		return nil
	}
	var list []*entry
	name := []byte(`"` + repo + `"`) // names of repositories need no escapes in JSON
	for line := range bytes.Lines(basesData) {
		// The list of repositories ends with the first bracket.
		if end := bytes.IndexByte(line, ']'); end < 0 || !bytes.Contains(line[:end], name) {
			continue
		}
		head, _, _ := bytes.Cut(line, []byte(matchEnd))
		var h struct{ Match Match }
		mustDecode("bases.jsonl", append(bytes.Clone(head), '}'), &h)
		if contains(h.Match.Repos, repo) {
			list = append(list, &entry{match: h.Match, read: sync.OnceValue(func() images { return readImages(line) })})
		}
	}
	found, _ := entries.LoadOrStore(repo, list)
	return found.([]*entry)
}

// few is how many repositories are looked for line by line: more are worth an
// index of all names.
const few = 32

var asked atomic.Int64

// named are the names of all repositories of the file, and some other words.
var named = sync.OnceValue(func() map[string]bool {
	names := map[string]bool{}
	for line := range bytes.Lines(basesData) {
		if end := bytes.IndexByte(line, ']'); end >= 0 {
			for word := range bytes.SplitSeq(line[:end], []byte{'"'}) {
				names[string(word)] = true
			}
		}
	}
	return names
})

func readImages(line []byte) images {
	image := new(Image)
	mustDecode("bases.jsonl", line, image)
	bare := *image
	bare.Env = nil
	if bare.User == "0" {
		bare.Users = nil // the recipe of that time made none
	}
	return images{image, &bare}
}

// mustDecode reads a line of one of our own files, which tests read whole.
func mustDecode(file string, line []byte, v any) {
	if err := json.Unmarshal(line, v); err != nil {
		panic("base: " + file + ": " + err.Error())
	}
}

// anyGlob tells whether one of the globs matches. The only sign in them that
// is not literal is the star, which takes any run of characters; matching by
// hand keeps a lookup in the hundreds of nanoseconds.
func anyGlob(globs []string, tag string) bool {
	for _, g := range globs {
		if glob(g, tag) {
			return true
		}
	}
	return false
}

func glob(pattern, s string) bool {
	head, rest, star := strings.Cut(pattern, "*")
	if !star {
		return pattern == s
	}
	s, ok := strings.CutPrefix(s, head)
	if !ok {
		return false
	}
	for {
		part, more, star := strings.Cut(rest, "*")
		if !star {
			return strings.HasSuffix(s, part)
		}
		at := strings.Index(s, part)
		if at < 0 {
			return false
		}
		s, rest = s[at+len(part):], more
	}
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// mirrors are registries that copy Docker's official images name by name.
var mirrors = []string{"public.ecr.aws/docker/library/", "mirror.gcr.io/library/"}

// canonical is the repository that a known mirror copies, or repo itself.
func canonical(repo string) string {
	for _, m := range mirrors {
		if name, ok := strings.CutPrefix(repo, m); ok {
			return "docker.io/library/" + name
		}
	}
	return repo
}
