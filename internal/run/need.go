package run

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/dockworthy/dockworthy/internal/knowledge"
)

// A Need is another service that a program asked for.
type Need struct {
	Service *knowledge.Service // nil = it is not known what it is
	Host    string             // "" = it was not said
	Port    int                // 0 = it was not said
}

var (
	hostPort = regexp.MustCompile(`(?:[@/\s"'(=]|^)([a-zA-Z][a-zA-Z0-9_.-]*|\d+\.\d+\.\d+\.\d+):(\d{2,5})\b`)
	namedIn  = regexp.MustCompile(`(?:host name|getaddrinfo (?:ENOTFOUND|EAI_AGAIN)|lookup|server at|host|Host|UnknownHostException:)\s+["']?([a-zA-Z][a-zA-Z0-9_.-]+)`)
	missed   = regexp.MustCompile(`(?i)refused|resol|not known|unreachable|no such host|unknown ?host|translate|timed? ?out|enotfound|eai_again|connect(?:ing|ion)? (?:to|failed|error|refused)`)
	portIn   = regexp.MustCompile(`\bport (\d{2,5})\b`)
)

// Need is what a program asked for, by its last words; the zero Need where they do
// not say.
func (s *Start) Need() (n Need) {
	if s == nil || s.Cause == nil || s.Cause.Kind != NoNetwork {
		return n
	}
	lines := append(s.Logs[:len(s.Logs):len(s.Logs)], s.Cause.Text)
	for i := len(lines) - 1; i >= 0 && i > len(lines)-40; i-- {
		if !missed.MatchString(lines[i]) {
			continue // what it listens on itself
		}
		if m := hostPort.FindStringSubmatch(lines[i]); m != nil && n.Port == 0 && m[2] != "53" { // which is who was asked for a name
			n.Host = m[1]
			n.Port, _ = strconv.Atoi(m[2])
		}
		if m := namedIn.FindStringSubmatch(lines[i]); m != nil && n.Host == "" && m[1] != "on" {
			n.Host = m[1]
		}
		if m := portIn.FindStringSubmatch(lines[i]); m != nil && n.Port == 0 {
			n.Port, _ = strconv.Atoi(m[1])
		}
	}
	all := strings.ToLower(strings.Join(lines, "\n"))
	for _, k := range knowledge.Services() {
		if n.Port == k.Port {
			n.Service = k
			return n
		}
	}
	for _, k := range knowledge.Services() {
		for _, w := range k.Words {
			if strings.Contains(all, w) && n.Port == 0 {
				n.Service = k
				return n
			}
		}
	}
	return n
}

// String is what is needed, in words; "" where nothing is known of it.
func (n Need) String() string {
	name := "another service"
	if n.Service != nil {
		name = n.Service.Name
	}
	switch {
	case n.Host != "" && n.Port > 0:
		return name + " at " + n.Host + ":" + strconv.Itoa(n.Port)
	case n.Host != "":
		return name + " at " + n.Host
	case n.Port > 0:
		return name + " on port " + strconv.Itoa(n.Port)
	case n.Service != nil:
		return name
	}
	return ""
}

// Lines are what starts it in a .dockworthy.yaml; nil where it is not known what it
// is.
func (n Need) Lines() []string {
	if n.Service == nil || n.Service.Lines == "" {
		return nil
	}
	name := n.Service.Service
	if n.Host != "" && !strings.ContainsAny(n.Host, ".:") && n.Host != "localhost" {
		name = n.Host
	}
	list := []string{"services:", "  " + name + ":"}
	for _, l := range strings.Split(n.Service.Lines, "\n") {
		list = append(list, "    "+l)
	}
	return list
}
