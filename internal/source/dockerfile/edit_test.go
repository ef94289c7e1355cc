package dockerfile

import (
	"strings"
	"testing"

	"github.com/dockworthy/dockworthy/text"
)

func TestEdits(t *testing.T) {
	for _, c := range []struct{ name, src, above, below, without string }{
		{"plain", "FROM a\nRUN x\nCMD y\n", "FROM a\nNEW\nRUN x\nCMD y\n", "FROM a\nRUN x\nNEW\nCMD y\n", "FROM a\nCMD y\n"},
		{"comments over it", "FROM a\n\n# one\n# two\nRUN x\n", "FROM a\n\nNEW\n# one\n# two\nRUN x\n", "FROM a\n\n# one\n# two\nRUN x\nNEW\n", "FROM a\n\n# one\n# two\n"},
		{"continued", "FROM a\nRUN x \\\n  # why\n  y\nCMD z\n", "FROM a\nNEW\nRUN x \\\n  # why\n  y\nCMD z\n", "FROM a\nRUN x \\\n  # why\n  y\nNEW\nCMD z\n", "FROM a\nCMD z\n"},
		{"heredoc", "FROM a\nRUN <<E\nx\nE\nCMD y", "FROM a\nNEW\nRUN <<E\nx\nE\nCMD y", "FROM a\nRUN <<E\nx\nE\nNEW\nCMD y", "FROM a\nCMD y"},
		{"no last line break", "FROM a\nRUN x", "FROM a\nNEW\nRUN x", "FROM a\nRUN x\nNEW", "FROM a"},
		{"CRLF", "FROM a\r\nRUN x\r\nCMD y\r\n", "FROM a\r\nNEW\r\nRUN x\r\nCMD y\r\n", "FROM a\r\nRUN x\r\nNEW\r\nCMD y\r\n", "FROM a\r\nCMD y\r\n"},
		{"CRLF without the last", "FROM a\r\nRUN x", "FROM a\r\nNEW\r\nRUN x", "FROM a\r\nRUN x\r\nNEW", "FROM a"},
		{"indented", "FROM a\n  RUN x\n", "FROM a\nNEW\n  RUN x\n", "FROM a\n  RUN x\nNEW\n", "FROM a\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, err := Parse(text.NewFile("Dockerfile", []byte(c.src)))
			if err != nil {
				t.Fatal(err)
			}
			in := f.Instructions[1]
			for what, edit := range map[string]struct {
				e    text.Edit
				want string
			}{"above": {f.Above(in, "NEW"), c.above}, "below": {f.Below(in, "NEW"), c.below}, "without": {f.Without(in), c.without}} {
				got, err := f.Apply([]text.Edit{edit.e})
				if err != nil || string(got) != edit.want {
					t.Errorf("%s: %q, not %q (%v)", what, got, edit.want, err)
				}
			}
		})
	}
}

// Nothing comes above a parser directive, which would make a comment of it.
func TestAboveDirectives(t *testing.T) {
	f, err := Parse(text.NewFile("Dockerfile", []byte("# syntax=docker/dockerfile:1\n# escape=`\n# about a\nFROM a\n")))
	if err != nil {
		t.Fatal(err)
	}
	got, err := f.Apply([]text.Edit{f.Above(f.Instructions[0], "ARG X")})
	if err != nil || !strings.HasPrefix(string(got), "# syntax=docker/dockerfile:1\n# escape=`\nARG X\n# about a\nFROM a\n") {
		t.Errorf("%q %v", got, err)
	}
}
