package knowledge

import (
	"slices"
	"testing"
)

func TestTwins(t *testing.T) {
	for _, c := range []struct {
		dev, release string
		want         []string
	}{
		{"libpq-dev", "bookworm", []string{"libpq5"}},
		{"default-libmysqlclient-dev", "trixie", []string{"libmariadb3"}},
		{"libssl-dev", "bookworm", []string{"libssl3"}},
		{"libssl-dev", "trixie", []string{"libssl3t64"}},
		{"libssl-dev", "a later one", []string{"libssl3t64"}},
		{"libjpeg-dev", "bookworm", []string{"libjpeg62-turbo"}},
	} {
		if got, ok := Twins(c.dev, c.release); !ok || !slices.Equal(got, c.want) {
			t.Errorf("%s in %s: %v", c.dev, c.release, got)
		}
	}
	if got, ok := Twins("libnobody-dev", "trixie"); ok || got != nil {
		t.Errorf("%v", got)
	}
}

func TestDebianName(t *testing.T) {
	for _, c := range []struct{ name, release, want string }{
		{"libgdal32", "trixie", "libgdal36"},
		{"libgdal32", "bookworm", "libgdal32"},
		{"libgdal36", "bookworm", "libgdal32"},
		{"libldap-2.5-0", "trixie", "libldap2"},
		{"libmagic1", "trixie", "libmagic1t64"},
		{"libmemcached11", "trixie", "libmemcached11t64"},
		{"libxmlsec1-openssl", "trixie", "libxmlsec1t64-openssl"},
		{"ffmpeg", "trixie", "ffmpeg"},
		{"libgdal32", "noble", "libgdal32"},
	} {
		if got := DebianName(c.name, c.release); got != c.want {
			t.Errorf("%s in %s: %s, want %s", c.name, c.release, got, c.want)
		}
	}
}
