package deploy

import "strings"

// A DotEnv is what a .env file sets.
type DotEnv struct {
	Values map[string]string
	// Beyond says why values are missing that the file may set: "" = none is.
	Beyond string
	// Steps is how many steps reading the file took.
	Steps int
}

// ParseDotEnv reads the .env file beside a Compose file: KEY=value lines,
// optional export, single quotes for literal text, double quotes with escapes,
// comments after a space and a #. Variables in unquoted and double-quoted
// values are taken from the lines above. Lines that it does not understand are
// passed over, and a variable whose value grows beyond the limits is not set.
func ParseDotEnv(data []byte) DotEnv {
	in := interpolation{env: map[string]string{}, lost: map[string]bool{}, budget: newBudget(len(data))}
	rest := strings.TrimPrefix(strings.ReplaceAll(string(data), "\r\n", "\n"), "\xef\xbb\xbf")
	for rest != "" {
		var line string
		line, rest, _ = strings.Cut(rest, "\n")
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		if after, ok := strings.CutPrefix(line, "export "); ok {
			line = strings.TrimSpace(after)
		}
		at := strings.IndexAny(line, "=:")
		if at < 1 {
			continue
		}
		key, value := strings.TrimSpace(line[:at]), strings.TrimSpace(line[at+1:])
		if nameLen(key) == 0 {
			continue
		}
		expand := true
		switch {
		case strings.HasPrefix(value, "'"), strings.HasPrefix(value, `"`):
			quote := value[:1]
			body := value[1:]
			if end := quoteEnd(body, quote[0]); end >= 0 {
				value = body[:end]
			} else if end := quoteEnd(rest, quote[0]); end >= 0 {
				// A quoted value may go on over the next lines.
				value = body + "\n" + rest[:end]
				_, rest, _ = strings.Cut(rest[end:], "\n")
			} else {
				rest = ""
				continue
			}
			if quote == "'" {
				expand = false
			} else {
				value = unescape.Replace(value)
			}
		default:
			if at := strings.Index(value, " #"); at >= 0 {
				value = strings.TrimSpace(value[:at])
			}
		}
		if expand && strings.IndexByte(value, '$') >= 0 {
			text, _, _, ok := in.value(value)
			if !ok {
				delete(in.env, key)
				in.lost[key] = true
				continue
			}
			value = text
		}
		delete(in.lost, key)
		in.env[key] = value
	}
	return DotEnv{Values: in.env, Beyond: in.budget.beyond, Steps: in.budget.steps.Spent}
}

var unescape = strings.NewReplacer(`\n`, "\n", `\r`, "\r", `\t`, "\t", `\"`, `"`, `\\`, `\`)

func quoteEnd(s string, quote byte) int {
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && quote == '"':
			i++
		case s[i] == quote:
			return i
		}
	}
	return -1
}
