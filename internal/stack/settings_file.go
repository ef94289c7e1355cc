package stack

import (
	"bytes"
	"path"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// An entry is one value of a settings file, with the names above it.
type entry struct {
	path  []string // server, address
	value string
	at    Place
}

// is tells whether an entry has a key: its whole path with dots, or its last part.
func (e entry) is(key string) bool {
	if strings.Contains(key, ".") {
		return strings.EqualFold(strings.Join(e.path, "."), key)
	}
	return strings.EqualFold(e.path[len(e.path)-1], key)
}

// isSettingsFile tells whether a file is of a form that programs take their settings from.
func isSettingsFile(name string) bool {
	switch path.Ext(name) {
	case ".json", ".yaml", ".yml", ".toml", ".ini", ".conf", ".cfg":
		return true
	}
	return false
}

var (
	sectionRE = regexp.MustCompile(`^\[+\s*([\w.\-]+)\s*\]+\s*(?:[#;].*)?$`)
	entryRE   = regexp.MustCompile(`^"?([\w.\-]+)"?\s*=\s*(?:"([^"]*)"|'([^']*)'|([^#;"'\[{]+?))\s*(?:[#;].*)?$`)
)

// entries are the plain values of a settings file; none of one that cannot be read.
func (t *tree) entries(file string) (list []entry) {
	data := t.read(file)
	switch path.Ext(file) {
	case ".yaml", ".yml", ".json":
		if len(data) > 1<<18 {
			return nil
		}
		d := yaml.NewDecoder(bytes.NewReader(data))
		var doc yaml.Node
		if d.Decode(&doc) != nil {
			return nil
		}
		var walk func(n *yaml.Node, above []string)
		walk = func(n *yaml.Node, above []string) {
			switch n.Kind {
			case yaml.DocumentNode:
				for _, c := range n.Content {
					walk(c, above)
				}
			case yaml.MappingNode:
				for i := 0; i+1 < len(n.Content); i += 2 {
					where := append(above[:len(above):len(above)], n.Content[i].Value)
					if v := n.Content[i+1]; v.Kind == yaml.ScalarNode {
						list = append(list, entry{where, v.Value, Place{file, v.Line}})
					} else {
						walk(v, where)
					}
				}
			}
		}
		walk(&doc, nil)
	case ".toml", ".ini", ".conf", ".cfg":
		var above []string
		n := 0
		for line := range strings.Lines(string(data)) {
			n++
			line = strings.TrimSpace(line)
			if m := sectionRE.FindStringSubmatch(line); m != nil {
				above = strings.Split(m[1], ".")
			} else if m := entryRE.FindStringSubmatch(line); m != nil {
				list = append(list, entry{append(above[:len(above):len(above)], strings.Split(m[1], ".")...), m[2] + m[3] + m[4], Place{file, n}})
			}
		}
	}
	return list
}

// A listening is where a settings file has a program listen.
type listening struct {
	port, bind     string
	at             Place
	path, bindPath []string // of the entries that say the port and the address
}

var (
	listenKeyRE = regexp.MustCompile(`(?i)^(?:[a-z]+[_-])*(?:listen|addr|address|port|bind)$|^(?:listen|bind|http|server)[_-]?(?:addr|address|port)$`)
	bindKeyRE   = regexp.MustCompile(`(?i)^(?:listen|bind|host|ip|addr|address|(?:listen|bind|server|http)[_-]?(?:addr|address|host|ip))$`)
	elseKeyRE   = regexp.MustCompile(`(?i)database|postgres|mysql|mongo|redis|smtp|mail|amqp|rabbit|kafka|nats|elastic|metric|debug|pprof|prometheus|admin|upstream|remote|client|\bdb\b|grpc|tracing|otel|jaeger|syslog|memcache`)
)

// listens is the first place in settings where a program listens itself, and not something
// that it talks to or that people look into it by; nil = none says so.
func listens(list []entry) *listening {
	for _, e := range list {
		key := e.path[len(e.path)-1]
		m := addressRE.FindStringSubmatch(e.value)
		if m == nil || !listenKeyRE.MatchString(key) || elseKeyRE.MatchString(strings.Join(e.path, " ")) {
			continue
		}
		l := &listening{port: m[2] + m[3], bind: m[1], at: e.at, path: e.path}
		if m[1] != "" {
			l.bindPath = e.path
			return l
		}
		for _, other := range list {
			if len(other.path) == len(e.path) && other.at.File == e.at.File && strings.Join(other.path[:len(other.path)-1], ".") == strings.Join(e.path[:len(e.path)-1], ".") && bindKeyRE.MatchString(other.path[len(other.path)-1]) && len(other.path) > 0 && other.value != e.value {
				l.bind, l.bindPath = other.value, other.path
			}
		}
		return l
	}
	return nil
}
