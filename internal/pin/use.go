// Package pin puts digests behind the tags of images. It finds the places of a
// project that name an image, each with the bytes that carry its tag, asks what the
// tags stand for, and gives edits; what they are written with, and who is asked, is
// for others.
package pin

import (
	"strings"

	"github.com/dockworthy/dockworthy/internal/source/base"
	"github.com/dockworthy/dockworthy/text"
)

// A Use is one place of a project that names an image.
type Use struct {
	File     *text.File
	Span     text.Span // the reference as it is written
	What     string    // "FROM", "COPY --from", "image of the service web"
	Written  string    // as it is written, with its variables
	Ref      base.Ref  // what it is; zero where that is not known
	Platform string    // the only platform that it is taken for; "" = any
	Why      string    // why it is left alone; "" = it is not
	Carrier  *Carrier  // nil where Why says so

	literal bool // a FROM with variables, in whose place the reference can be written
	stuck   bool // Why is that there is no carrier, and nothing else
}

// A Carrier is where the digest of a reference goes: directly behind bytes of a file
// that are the reference's end.
type Carrier struct {
	File *text.File
	End  int    // where the digest goes, or where the one that is there ends
	Tail string // the reference's end, as it stands in front of End: a tag, a tag with a digest, a digest, or the last part of a name
	Name string // of the ARG or the variable whose value it is; "" = the reference itself
}

// Key is the name of what is asked: repository and tag. Uses of one key have one
// digest.
func (u *Use) Key() string { return u.Ref.Repo + ":" + u.Tag() }

// Tag is the tag that is followed.
func (u *Use) Tag() string {
	if u.Ref.Tag == "" {
		return "latest"
	}
	return u.Ref.Tag
}

// Pinned tells whether the reference has a digest.
func (u *Use) Pinned() bool { return u.Ref.Digest != "" }

// Follows tells whether a tag stands in the reference, so that it is known what a
// digest was of.
func (u *Use) Follows() bool { return u.Ref.Tag != "" || u.Ref.Digest == "" }

// Line is where the use stands.
func (u *Use) Line() int { return u.File.Position(u.Span.Start).Line }

// replaceable tells whether a tag stands there as it is, so that another one can take
// its place; one that is missing can be put in.
func (c *Carrier) replaceable(tag string) bool {
	if tag == "" {
		return true
	}
	before := c.End - len(c.Tail) - 1
	return c.Tail == tag && before >= 0 && strings.IndexByte(":=-\"' ", c.File.Data[before]) >= 0
}

// edit puts a digest in its place. A tag that is not "" takes the place of the one
// that is there.
func (c *Carrier) edit(ref base.Ref, tag, digest string) text.Edit {
	tail, old, pinned := strings.Cut(c.Tail, "@")
	if !pinned && strings.HasPrefix(c.Tail, "sha256:") {
		return text.Edit{Span: text.Span{Start: c.End - len(c.Tail), End: c.End}, New: digest}
	}
	start, add := c.End, ""
	if pinned {
		start -= len(old) + 1
	}
	switch {
	case ref.Tag == "" && ref.Digest == "" && tag == "":
		add = ":latest"
	case ref.Tag == "" && ref.Digest == "":
		add = ":" + tag
	case tag != "" && ref.Tag == tail:
		start -= len(tail)
		add = tag
	}
	return text.Edit{Span: text.Span{Start: start, End: c.End}, New: add + "@" + digest}
}

// need is the end of a reference that has to be the text of one carrier: the digest
// that is there, else the tag, else the last part of the name.
func need(ref base.Ref, value string) string {
	switch {
	case ref.Digest != "":
		return ref.Digest
	case ref.Tag != "":
		return ref.Tag
	}
	return value[strings.LastIndexByte(value, '/')+1:]
}
