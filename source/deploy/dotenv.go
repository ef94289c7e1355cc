package deploy

import "strings"

// ParseDotEnv reads the .env file beside a Compose file: KEY=value lines,
// optional export, single quotes for literal text, double quotes with escapes,
// comments after a space and a #. Variables in unquoted and double-quoted
// values are taken from the lines above. Lines that it does not understand are
// passed over.
func ParseDotEnv(data []byte) map[string]string {
	env := map[string]string{}
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
			// A quoted value may go on over the next lines.
			body := value[1:]
			end := quoteEnd(body, quote[0])
			for end < 0 && rest != "" {
				var more string
				more, rest, _ = strings.Cut(rest, "\n")
				body += "\n" + more
				end = quoteEnd(body, quote[0])
			}
			if end < 0 {
				continue
			}
			value = body[:end]
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
			value, _, _ = interpolate(value, env, 0)
		}
		env[key] = value
	}
	return env
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
