package stack

import (
	"regexp"
	"strings"
)

// besideRE matches names of what listens for those who look into a program, or sends on
// to where it listens.
var besideRE = regexp.MustCompile(`(?i)debug|pprof|profil|metric|prometheus|redir|admin|mgmt|management|telemetry|plugin`)

var receiverRE = regexp.MustCompile(`(\w+)\s*$`)

// isBeside tells whether what listens at a place of a source is beside the program's own: by
// its line up to there, and by the routes of what is made to listen where a method does it.
func isBeside(text string, from, to int) bool {
	line := text[strings.LastIndexByte(text[:from], '\n')+1 : to]
	if besideRE.MatchString(line) {
		return true
	}
	m := receiverRE.FindStringSubmatch(text[:from])
	if m == nil || text[from] != '.' && text[from] != '-' {
		return false
	}
	routes := regexp.MustCompile(`\b`+m[1]+`\s*(?:\.|->)\s*\w+\s*\(\s*['"`+"`"+`](/[^'"`+"`"+`]*)`).FindAllStringSubmatch(text, -1)
	for _, r := range routes {
		if !strings.HasPrefix(r[1], "/metrics") && !strings.HasPrefix(r[1], "/debug") {
			return false
		}
	}
	return len(routes) > 0
}
