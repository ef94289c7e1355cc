package read

import "errors"

// What stops the reading of an image, among other things.
var (
	ErrDigest   = errors.New("wrong digest")           // a layer or a manifest is not the one that is meant
	ErrTooLarge = errors.New("too large")              // beyond Limits
	ErrPlatform = errors.New("no such platform")       // an index has not what Options.Platform asks for
	ErrNoImage  = errors.New("this is not an image")   // neither docker save's nor OCI's format
	ErrChoice   = errors.New("there is more than one") // an archive of several images, and no Options.Tag
)
