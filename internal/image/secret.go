package image

// A Secret is a secret in a file of a layer. Its value is kept nowhere: a
// masked form and a fingerprint were made when it streamed by.
type Secret struct {
	Layer  int    // index of the layer that has the file
	Path   string // in the image
	Inner  string // where Path is an archive: the path in it, with "!/" between archives in archives; "" = the file itself, or what it compresses
	Offset int64  // of the value in the file, in bytes; in an archive, of the file in it
	What   string // what it is, with its article: "a GitHub token", "a private key"
	Name   string // under which it stands in the file, "DB_PASSWORD"; "" = it shows by its look
	Masked string // as it may be shown
	Sum    string // the first eight bytes of the SHA-256 of secret.Canonical of the value, in hexadecimal digits
	ID     uint64 // secret.IDOf the value: equal where the value is
	Public bool   // such a value may also be meant for everybody
	// Hidden is the layer that removes the file or replaces it; -1 = a
	// container sees it. The layer below still carries it.
	Hidden int
}
