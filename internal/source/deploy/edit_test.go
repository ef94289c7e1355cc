package deploy

import (
	"strings"
	"testing"

	yaml "go.yaml.in/yaml/v3"

	"github.com/dockworthy/dockworthy/text"
)

func TestAddKey(t *testing.T) {
	for _, c := range []struct{ name, src, path, want string }{
		{"block", "services:\n  web:\n    # the image\n    image: a # of ours\n", "services.web", "services:\n  web:\n    # the image\n    user: \"1\"\n    image: a # of ours\n"},
		{"flow", "services:\n  web: {image: a}\n", "services.web", "services:\n  web: {user: \"1\", image: a}\n"},
		{"flow over lines", "web: {\n  image: a,\n  x: b }\n", "web", "web: {\n  user: \"1\", image: a,\n  x: b }\n"},
		{"in a list", "containers:\n  - name: a\n    image: b\n", "containers.0", "containers:\n  - user: \"1\"\n    name: a\n    image: b\n"},
		{"in a list at the margin", "containers:\n- name: a\n  image: b\n", "containers.0", "containers:\n- user: \"1\"\n  name: a\n  image: b\n"},
		{"root", "image: a\n", "", "user: \"1\"\nimage: a\n"},
		{"CRLF", "web:\r\n  image: a\r\n", "web", "web:\r\n  user: \"1\"\r\n  image: a\r\n"},
		{"anchor", "web: &w\n  image: a\n", "web", "web: &w\n  user: \"1\"\n  image: a\n"},
		{"key in quotes", "\"web\":\n  'image': a\n", "web", "\"web\":\n  user: \"1\"\n  'image': a\n"},
		{"has it", "web:\n  user: a\n", "web", ""},
		{"empty", "web: {}\n", "web", ""},
		{"null", "web:\n", "web", ""},
		{"alias", "a: &a {x: y}\nweb: *a\n", "web", ""},
		{"no such", "web:\n  image: a\n", "api", ""},
		{"a list", "web: [a]\n", "web", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := text.NewFile("f.yaml", []byte(c.src))
			var path []string
			if c.path != "" {
				path = strings.Split(c.path, ".")
			}
			e, err := AddKey(f, 0, path, "user", `"1"`)
			if c.want == "" {
				if err == nil {
					t.Errorf("%v is an edit", e)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got, err := f.Apply([]text.Edit{e})
			if err != nil || string(got) != c.want {
				t.Fatalf("%q, not %q (%v)", got, c.want, err)
			}
			_, n, err := nodeAt(text.NewFile("f.yaml", got), 0, append(path, "user"))
			if err != nil || n.Kind != yaml.ScalarNode || n.Value != "1" {
				t.Errorf("%q has not the key: %v", got, err)
			}
		})
	}
}

func TestAddItem(t *testing.T) {
	for _, c := range []struct{ name, src, path, want string }{
		{"block", "a:\n  # first\n  - x\n  - y\n", "a", "a:\n  # first\n  - n\n  - x\n  - y\n"},
		{"at the margin", "a:\n- x: 1\n  y: 2\n", "a", "a:\n- n\n- x: 1\n  y: 2\n"},
		{"flow", "a: [x, y]\n", "a", "a: [n, x, y]\n"},
		{"empty", "a: []\n", "a", "a: [n]\n"},
		{"lists in a list", "a:\n  - - x\n    - y\n", "a.0", "a:\n  - - n\n    - x\n    - y\n"},
		{"null", "a:\n", "a", ""},
		{"text", "a: b\n", "a", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := text.NewFile("f.yaml", []byte(c.src))
			path := strings.Split(c.path, ".")
			e, err := AddItem(f, 0, path, "n")
			if c.want == "" {
				if err == nil {
					t.Errorf("%v is an edit", e)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got, err := f.Apply([]text.Edit{e})
			if err != nil || string(got) != c.want {
				t.Fatalf("%q, not %q (%v)", got, c.want, err)
			}
			_, n, err := nodeAt(text.NewFile("f.yaml", got), 0, append(path, "0"))
			if err != nil || n.Value != "n" {
				t.Errorf("%q has not the item: %v", got, err)
			}
		})
	}
}
