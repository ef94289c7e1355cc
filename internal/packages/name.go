package packages

import (
	"strings"

	"github.com/dockworthy/dockworthy/internal/shell"
)

// packages turns operands into packages.
func packages(words []shell.Word, parse func(string) (name, version string)) []Package {
	if len(words) == 0 {
		return nil
	}
	out := make([]Package, 0, len(words))
	for _, w := range words {
		p := Package{Known: w.Known, Span: w.Span, Word: w}
		if isPath(w.Text) {
			p.Name, p.Path = w.Text, true
		} else {
			p.Name, p.Version = parse(w.Text)
		}
		out = append(out, p)
	}
	return out
}

// isPath tells a file, folder or URL from a package's name.
func isPath(s string) bool {
	if s == "." || s == ".." || strings.HasPrefix(s, "./") || strings.HasPrefix(s, "../") || strings.HasPrefix(s, "/") || strings.HasPrefix(s, "~/") || strings.HasPrefix(s, ".[") {
		return true
	}
	if strings.Contains(s, "://") || strings.HasPrefix(s, "git@") || strings.HasPrefix(s, "file:") {
		return true
	}
	for _, ext := range []string{".deb", ".rpm", ".whl", ".tgz", ".tar.gz", ".apk", ".zip", ".gem"} {
		if strings.HasSuffix(s, ext) {
			return true
		}
	}
	return false
}

func plainName(s string) (string, string) { return s, "" }

// listed tells whether a comma or space separated list holds name.
func listed(list, name string) bool {
	for _, s := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' || r == ':' }) {
		if s == name {
			return true
		}
	}
	return false
}

// piped are the packages or the file that come through a pipe or from a file
// to xargs, where that can be told.
func piped(c *shell.Command) (words, files []shell.Word) {
	if !c.Wrapped("xargs") {
		return nil, nil
	}
	wrapper := c.Words[:len(c.Words)-len(c.Args())]
	for i, w := range wrapper {
		if (w.Text == "-a" || w.Text == "--arg-file") && i+1 < len(wrapper) {
			return nil, []shell.Word{wrapper[i+1]}
		}
		for _, option := range []string{"--arg-file=", "-a"} {
			if name, ok := strings.CutPrefix(w.Text, option); ok && name != "" {
				w.Text = name
				return nil, []shell.Word{w}
			}
		}
	}
	for _, r := range c.Redirects {
		if r.Fd == 0 && r.Op == "<" {
			return nil, []shell.Word{r.Target}
		}
	}
	from := c.PipeFrom
	for from != nil && from.PipeFrom != nil {
		from = from.PipeFrom
	}
	if from == nil {
		return nil, nil
	}
	switch from.Program() {
	case "echo", "printf":
		for _, w := range from.Args() {
			if !strings.HasPrefix(w.Text, "-") && !strings.Contains(w.Text, "%") {
				words = append(words, w)
			}
		}
	case "cat", "grep", "egrep", "sed", "awk", "cut", "tr", "sort":
		if n := len(from.Words); n > 1 && !strings.HasPrefix(from.Words[n-1].Text, "-") {
			files = append(files, from.Words[n-1])
		}
		for _, r := range from.Redirects {
			if r.Op == "<" {
				files = append(files, r.Target)
			}
		}
	}
	return words, files
}
