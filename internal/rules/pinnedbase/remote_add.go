package pinnedbase

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/source"
)

var remoteAdd = &check.Check{
	Name:     "remote-add",
	Claim:    "remote content of ADD is verified by a checksum or a commit",
	Why:      "the server behind the URL decides what is in the image",
	Mend:     "add --checksum=sha256:…, or name the commit for a repository: …git#0123abcd…",
	Unfixed:  "the checksum has to come from who publishes the file, and not from what the address answers today",
	Severity: check.Warning,
	Since:    "0.1.0",
	Aliases:  []string{"hadolint DL3020"},
	Source: func(b *source.Build) check.Verdict {
		if b.File == nil {
			return check.None()
		}
		var found []check.Finding
		for _, s := range b.Stages {
			for _, step := range s.Steps {
				c := step.Copy
				if c == nil || !c.Add || c.Checksum.Value != "" || c.Checksum.Raw != "" {
					continue
				}
				for i, src := range c.Sources {
					if !remote(src.Value) || commit(src.Value) {
						continue
					}
					found = append(found, check.Finding{
						Place:   check.Place{File: b.Text(), Span: step.SourcePlace(i)},
						Stage:   s,
						Message: fmt.Sprintf("ADD %s is fetched without a checksum", hideUser(src.Value)),
					})
				}
			}
		}
		return check.Judge(found)
	},
}

// remote tells whether a source of ADD is fetched (Dockerfile reference, ADD).
func remote(s string) bool {
	return strings.HasPrefix(s, "http://") || strings.HasPrefix(s, "https://") || strings.HasPrefix(s, "git://") || strings.HasPrefix(s, "git@") || strings.HasPrefix(s, "ssh://")
}

var (
	commitRef   = regexp.MustCompile(`(#|[?&](ref|commit|checksum)=)[0-9a-f]{40}([:&]|$)`)
	urlUserinfo = regexp.MustCompile(`://[^/@\s]+@`)
)

// commit tells whether a git reference names a commit, which is its contents.
func commit(s string) bool { return commitRef.MatchString(s) }

// hideUser takes credentials out of a URL that is about to be shown.
func hideUser(s string) string { return urlUserinfo.ReplaceAllString(s, "://****@") }
