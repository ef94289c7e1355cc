package secrets

import (
	"regexp"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/secret"
	"github.com/dockworthy/dockworthy/internal/source"
)

// settingsFile judges a file of settings, which may hold a secret: pip.conf,
// settings.xml, gradle.properties. One that cannot be read is most often without.
func settingsFile(ctx *source.Context, p string, s knowledge.SettingsSecret) fileKind {
	data, ok := ctx.Read(p)
	if !ok {
		return fileKind{}
	}
	content := string(data)
	held := s.Pattern != "" && holds(content, knowledge.Expression(s.Pattern))
	if s.Reads == knowledge.URLs || s.Reads == knowledge.Both {
		for _, l := range logins(content) {
			held = held || l.Bare() && !l.Local() && !weakPassword(l.Password)
		}
	}
	if s.Reads == knowledge.Names || s.Reads == knowledge.Both {
		held = held || len(secret.Guarded(content)) > 0
	}
	if held {
		return fileKind{what: s.What, severity: check.Error}
	}
	for _, v := range vendors(content) {
		return fileKind{what: "contains " + v.what, severity: check.Error, key: privateKey.MatchString(content[v.from:v.to])}
	}
	return fileKind{}
}

// accountLine matches who a password of a file of settings belongs to.
var accountLine = regexp.MustCompile(`(?mi)^\s*(?:user(?:name)?|login|database)\s*[=:]\s*["']?([^\s"']+)`)

// holds tells whether what an expression finds is a secret: no placeholder, and
// no password that is made of its own user's name.
func holds(content string, re *regexp.Regexp) bool {
	own := &names{}
	for _, m := range accountLine.FindAllStringSubmatch(content, -1) {
		own.name(m[1])
	}
	for _, m := range re.FindAllStringSubmatch(content, -1) {
		if v := strings.Trim(m[1], `"'`); worthOf(v) == literal && !strings.HasPrefix(v, "%(") && !own.tell(v, "", "") {
			return true
		}
	}
	return false
}
