package image

import (
	"strconv"
	"strings"
)

// A Release is what /etc/os-release says, see os-release(5).
type Release struct {
	ID        string   // "debian"
	VersionID string   // "12"; "" = a rolling release
	Name      string   // PRETTY_NAME, "Debian GNU/Linux 12 (bookworm)"
	Like      []string // ID_LIKE
}

func parseRelease(data []byte) Release {
	var r Release
	for line := range strings.Lines(string(data)) {
		name, v, ok := strings.Cut(strings.TrimSpace(line), "=")
		if !ok {
			continue
		}
		if n := len(v); n >= 2 && (v[0] == '"' || v[0] == '\'') && v[n-1] == v[0] {
			if u, err := strconv.Unquote(v); err == nil && v[0] == '"' {
				v = u
			} else {
				v = v[1 : n-1]
			}
		}
		switch name {
		case "ID":
			r.ID = v
		case "VERSION_ID":
			r.VersionID = v
		case "PRETTY_NAME":
			r.Name = v
		case "ID_LIKE":
			r.Like = strings.Fields(v)
		}
	}
	return r
}
