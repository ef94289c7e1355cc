package secret

import (
	"strings"
	"testing"
)

// A key is the same in PEM, in JSON, in settings and without its end.
func TestIDOf(t *testing.T) {
	body := strings.Repeat("aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5bC7dE9fG1hJ3kL5mN7pQ9rS1tU3v\n", 4)
	pem := "-----BEGIN PRIVATE " + "KEY-----\n" + body + "-----END PRIVATE " + "KEY-----"
	for what, other := range map[string]string{
		"JSON":     strings.ReplaceAll(pem, "\n", `\n`),
		"twice":    strings.ReplaceAll(pem, "\n", `\\n`),
		"Windows":  strings.ReplaceAll(pem, "\n", "\r\n"),
		"indented": strings.ReplaceAll(pem, "\n", "\n    "),
		"cut":      pem[:180],
	} {
		if IDOf(other) != IDOf(pem) {
			t.Errorf("%s: another key", what)
		}
	}
	if IDOf(strings.Replace(pem, "aB3", "aB4", 1)) == IDOf(pem) || IDOf("a") == IDOf("b") {
		t.Error("other values are the same")
	}
}

func TestGuarded(t *testing.T) {
	for settings, want := range map[string]int{
		"db.password=kV7Lantern55\n":                       1,
		"db.username=umbra\ndb.password=umbra\n":           0,
		"db.username=umbra\ndb.password=kV7Lantern55\n":    1,
		"db.password=postgres\n":                           0,
		"db.password=${DB_PASSWORD}\nmail.password=\n":     0,
		"user:\n  name: umbra\n  password: 'umbra'\n":      0,
		"# db.password=kV7Lantern55\nserver.port = 8080\n": 0,
	} {
		if got := Guarded(settings); len(got) != want {
			t.Errorf("%q: %d, want %d", settings, len(got), want)
		}
	}
}
