package image

import "github.com/dockworthy/dockworthy/internal/knowledge"

// An Origin is whose work a file is, as far as the folders in its path tell.
// They go from what is least known to what is known byte for byte: what holds
// for Library holds for Published and Source too.
type Origin uint8

const (
	Own       Origin = iota // nothing tells that it is somebody else's
	Library                 // of somebody's library or program, which may have been changed here
	Published               // of a package that anybody can download; a company may install packages of its own, too
	Source                  // of a published package's sources, byte for byte as they were published
)

// OriginOf is the origin of the file at an absolute path.
func OriginOf(p string) Origin {
	switch {
	case knowledge.PackageSources.In(p):
		return Source
	case knowledge.Owned.In(p):
		return Own
	case knowledge.Published.In(p):
		return Published
	case knowledge.Vendored.In(p):
		return Library
	}
	return Own
}
