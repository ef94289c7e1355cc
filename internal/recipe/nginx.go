package recipe

import (
	"fmt"
	"path"
	"regexp"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/text"
)

// unprivileged is the image of nginx that runs as UID 101, listens on 8080 and has the tags of
// the official one. Source: github.com/nginx/docker-nginx-unprivileged, README.
const unprivileged = "nginxinc/nginx-unprivileged"

var (
	officialNginx = regexp.MustCompile(`^(?:docker\.io/)?(?:library/)?nginx:([\w.-]+)$`)
	listens80     = regexp.MustCompile(`(?m)^\s*listen\s+(?:\[::\]:|[\d.]+:|\*:)?80\b`)
	listens       = regexp.MustCompile(`(?m)^\s*listen\s`)
	asks80        = regexp.MustCompile(`(localhost|127\.0\.0\.1)(:80\b)?([/"'\s]|$)`)
)

// nginx runs a site on the image of nginx that is made for a user without rights. words say it.
func nginx(b *source.Build, words Advice) Advice {
	t := b.Target
	from := t.From.Words()[0]
	m := officialNginx.FindStringSubmatch(from.Text)
	if b.Inline || b.File == nil || t.Parent != nil || m == nil {
		return words
	}
	refuse := func(why string) Advice {
		words.Unfixed = why
		return words
	}
	edits := []text.Edit{{Span: from.Span, New: unprivileged + ":" + m[1]}}
	own, eighty := false, false // configurations of the project, and whether they listen on port 80
	for step := range b.Steps() {
		c := step.Copy
		if c == nil || !strings.HasPrefix(path.Clean(c.Target), "/etc/nginx") {
			continue
		}
		if path.Clean(c.Target) == "/etc/nginx/nginx.conf" || path.Clean(c.Target) == "/etc/nginx" {
			return refuse(fmt.Sprintf("line %d brings a configuration of its own, which says where nginx writes", step.Line()))
		}
		if !c.FromContext() || b.Context == nil {
			return refuse(fmt.Sprintf("on which port the configuration of line %d listens is not known", step.Line()))
		}
		texts := []string{}
		for _, h := range c.Heredocs {
			texts = append(texts, b.Text().Text(h.Body))
		}
		for _, src := range c.Sources {
			data, ok := b.Context.Read(source.Clean(src.Value))
			if !ok {
				return refuse(fmt.Sprintf("on which port the configuration of line %d listens is not known", step.Line()))
			}
			texts = append(texts, string(data))
		}
		for _, s := range texts {
			own = own || listens.MatchString(s)
			eighty = eighty || listens80.MatchString(s)
		}
	}
	for _, s := range b.Services {
		if len(s.Ports) > 0 && !own {
			return refuse("the ports that Compose publishes have to say 8080 in the place of 80")
		}
	}
	if len(b.Workloads()) > 0 && !own {
		return refuse("the ports of the deployment have to say 8080 in the place of 80")
	}
	runs := false
	for _, s := range t.Steps {
		runs = runs || s.Keyword == "RUN"
		if own {
			continue
		}
		switch s.Keyword {
		case "EXPOSE":
			for _, w := range s.Words() {
				if w.Text == "80" || w.Text == "80/tcp" {
					edits = append(edits, text.Edit{Span: w.Span, New: "8080"})
				}
			}
		case "HEALTHCHECK":
			raw := b.Text().Text(s.Span)
			for _, at := range asks80.FindAllStringSubmatchIndex(raw, -1) {
				edits = append(edits, text.Edit{Span: text.Span{Start: s.Span.Start + at[3], End: s.Span.Start + at[6]}, New: ":8080"})
			}
		}
	}
	if runs {
		edits = append(edits, b.File.Below(t.From, "USER root"))
		last := lastNeedsRoot(t)
		if last.Keyword == "USER" {
			edits = append(edits, text.Edit{Span: last.Rest().Span, New: "101"})
		} else {
			edits = append(edits, b.File.Below(last.Instruction, "USER 101"))
		}
	} else if last := t.Final.User; last != nil && last.Stage == t {
		edits = append(edits, text.Edit{Span: last.Rest().Span, New: "101"})
	}
	reason := "it listens on 8080, which who publishes its port has to know"
	if eighty {
		reason = "port 80 is free for a user without rights in Docker since 20.10, and not in every other engine"
	} else if own {
		reason = "what the site wrote as root it cannot write any more"
	}
	words.Unfixed = ""
	words.Fixes = []check.Fix{fix("run on "+unprivileged+":"+m[1]+", as UID 101", check.Unsafe, reason, b.Text(), edits...)}
	return words
}
