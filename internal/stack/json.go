package stack

import (
	"io"
	"strings"
)

// plainJSON is JSON without the comments and the commas at the end of a list that
// settings files may have. Line feeds stay.
func plainJSON(data []byte) []byte {
	s := strings.TrimPrefix(string(data), "\ufeff")
	var b strings.Builder
	comma := -1 // where in b the last comma stands, if nothing but space follows it
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			end := i + 1
			for end < len(s) && s[end] != '"' && s[end] != '\n' {
				if s[end] == '\\' {
					end++
				}
				end++
			}
			end = min(end+1, len(s))
			b.WriteString(s[i:end])
			i, comma = end-1, -1
		case strings.HasPrefix(s[i:], "//"):
			for i+1 < len(s) && s[i+1] != '\n' {
				i++
			}
		case strings.HasPrefix(s[i:], "/*"):
			end := strings.Index(s[i+2:], "*/")
			if end < 0 {
				return []byte(b.String())
			}
			b.WriteString(strings.Repeat("\n", strings.Count(s[i:i+2+end], "\n")))
			i += end + 3
		case c == ',':
			comma = b.Len()
			b.WriteByte(c)
		case (c == '}' || c == ']') && comma >= 0:
			text := b.String()
			b.Reset()
			b.WriteString(text[:comma] + " " + text[comma+1:])
			b.WriteByte(c)
			comma = -1
		default:
			if c != ' ' && c != '\t' && c != '\r' && c != '\n' {
				comma = -1
			}
			b.WriteByte(c)
		}
	}
	return []byte(b.String())
}

// plainReader takes a file of XML as it is, whatever encoding it names.
func plainReader(_ string, r io.Reader) (io.Reader, error) { return r, nil }
