package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// rewrittenLimit is how many bytes a later layer may write again: passwd and
// its like always are.
const rewrittenLimit = 1 << 20

// unvaluedArg is a build argument that is named as a secret and has no default.
var unvaluedArg = regexp.MustCompile(`(?m)^ARG \w*(KEY|TOKEN|SECRET|PASSWORD)\w*$`)

// stopLimit is how long a program may take to end.
const stopLimit = 2.3 // 2 s, and the client's own time

func verdict(violated bool) string {
	if violated {
		return "violated"
	}
	return "holds"
}

// judge turns what the probe saw into answers, for the cells that it can judge.
func judge(f *Facts, dockerfile string) Card {
	c := Card{}
	judgeSource(c, dockerfile)
	if f.Failed != "" {
		for _, rule := range ruleNames {
			c.set(rule, "image", "undecided", "not-looked-at")
			c.set(rule, "run", "undecided", "not-looked-at")
		}
		delete(c["pinned-base"], "run") // a base may be resolved by then
		return c
	}

	c.set("multi-stage", "image", verdict(len(f.Tools)+len(f.Lost) > 0))
	c.set("non-root", "image", verdict(f.UID == 0 || f.UnknownUser || len(f.Setuid) > 0 || f.ArgvDenied && f.UID != 0))
	if f.UID == 0 && len(f.Setuid) == 0 && f.Drops {
		c.set("non-root", "image", "undecided", "violated")
	}
	c.set("layer-cache", "image", verdict(f.Rewritten > rewrittenLimit))
	c.set("secrets", "image", verdict(f.Planted))
	if data, err := os.ReadFile(dockerfile); err == nil && !f.Planted && unvaluedArg.Match(data) {
		c.set("secrets", "image", "holds", "undecided") // no value was given, so none can have stayed
	}
	c.set("dockerignore", "image", verdict(len(f.Unwanted) > 0))
	c.set("entrypoint", "image", verdict(f.ArgvTrouble != ""))
	if len(f.Argv) > 1 && f.Argv[0] == "/bin/sh" && f.Argv[1] == "-c" {
		c.set("entrypoint", "image", "holds", "violated") // it can be run, and the shell shows
	}
	switch {
	case len(f.Probe) > 0:
		c.set("healthcheck", "image", verdict(f.Probe[0] == "NONE" || f.ProbeTrouble != ""))
	case f.Service:
		c.set("healthcheck", "image", "violated")
	default:
		c.set("healthcheck", "image", "holds", "not-applicable")
	}

	switch {
	case len(f.Tools) > 0:
		c.set("multi-stage", "run", "violated", "undecided", "not-applicable")
	case f.Started && len(f.Lost) == 0 && len(f.Probe) > 0 && !f.Healthy:
		// It runs; whether it works is not seen.
		c.set("multi-stage", "run", "holds", "undecided")
	case f.Started && len(f.Lost) == 0:
		c.set("multi-stage", "run", "holds")
	case f.Started:
		// The program works, and something beside it does not.
		c.set("multi-stage", "run", "holds", "violated")
	}
	if f.Started && !f.Ended {
		c.set("non-root", "run", verdict(len(f.Root) > 0))
	} else if !f.Started && f.SoftStarted {
		c.set("non-root", "run", "violated")
	}
	if len(f.Dependencies) == 0 {
		c.set("layer-cache", "run", "holds", "not-applicable")
	} else {
		c.set("layer-cache", "run", verdict(slices.ContainsFunc(f.Dependencies, func(s step) bool { return !s.cached })))
	}
	if f.BaseKnown {
		c.set("pinned-base", "run", "holds", "violated", "undecided")
	}
	if f.CanariesBuilt {
		bad := slices.ContainsFunc(f.FileCanaries, func(n string) bool { return n == ".env" || n == "id_rsa" })
		switch {
		case bad || len(f.SecretCanaries) > 0:
			c.set("secrets", "run", "violated")
		case f.Planted:
			c.set("secrets", "run", "holds", "violated")
		default:
			c.set("secrets", "run", "holds")
		}
		c.set("dockerignore", "run", verdict(len(f.FileCanaries) > 0))
	}
	switch {
	case f.Ended && f.Started:
		c.set("entrypoint", "run", "holds", "not-applicable")
	case f.Started:
		graceful := f.StopSeconds <= stopLimit && (f.StopCode == 0 || f.StopCode == 143)
		c.set("entrypoint", "run", verdict(!graceful || f.Zombies > 0 || f.Override == "lost"))
	case f.SoftStarted:
		// What it does with less forbidden was not looked at here.
	case f.EndCode == 1 && f.ArgvTrouble == "":
		// It ran, and went by itself: perhaps it was not told enough.
		c.set("entrypoint", "run", "violated", "undecided")
	default:
		c.set("entrypoint", "run", "violated")
	}
	switch {
	case f.SoftStarted:
	case !f.Started:
		c.set("healthcheck", "run", "violated", "undecided", "not-looked-at")
	case len(f.Probe) > 0:
		open := f.Healthy && f.Unhealthy && f.Recovers
		for _, p := range f.Exposed {
			open = open && f.Ports[p]
		}
		c.set("healthcheck", "run", verdict(!open))
	case f.Service:
		c.set("healthcheck", "run", "violated", "not-applicable")
	default:
		c.set("healthcheck", "run", "holds", "not-applicable")
	}
	return c
}

var (
	continued  = regexp.MustCompile(`\\\n\s*`)
	tagPinned  = regexp.MustCompile(`@sha256:|:\d+\.\d+(\.\d+)?-|^scratch$|^gcr\.io/distroless/`)
	fullTag    = regexp.MustCompile(`@sha256:|:\d+\.\d+\.\d+-|^scratch$|^gcr\.io/distroless/|:bookworm-slim$`)
	installs   = regexp.MustCompile(`^RUN .*(pip .*install|npm (ci|install)|apt-get .*install)`)
	aliasOfUID = regexp.MustCompile(`useradd .*--uid 0 .* (\w+)`)
)

// judgeSource reads the Dockerfile line by line, as far as a dozen patterns go,
// and only judges what they are sure of.
func judgeSource(c Card, dockerfile string) {
	data, err := os.ReadFile(dockerfile)
	if err != nil {
		return
	}
	lines := strings.Split(continued.ReplaceAllString(string(data), ""), "\n")
	dir := filepath.Dir(dockerfile)
	first := 0 // the last stage's
	for i, l := range lines {
		if strings.HasPrefix(l, "FROM ") {
			first = i
		}
	}
	final := lines[first:]
	has := func(lines []string, pattern string) bool {
		re := regexp.MustCompile(pattern)
		return slices.ContainsFunc(lines, re.MatchString)
	}
	last := func(word string) string {
		value := ""
		for _, l := range final {
			if rest, ok := strings.CutPrefix(l, word+" "); ok {
				value = rest
			}
		}
		return value
	}

	c.set("multi-stage", "source", verdict(has(final, `^FROM golang`) || has(final, `^RUN .*install .*\bgcc\b`) || has(final, `^COPY --from=\S+ /usr/bin/curl`)))
	if has(final, `^COPY --from=build /service /usr/local/bin`) {
		delete(c["multi-stage"], "source") // a program whose libraries the text does not show
	}

	user := last("USER")
	root := user == "" && !strings.Contains(final[0], "nonroot") || strings.HasPrefix(user, "0") || user == "root"
	for _, l := range final {
		if m := aliasOfUID.FindStringSubmatch(l); m != nil && m[1] == user {
			root = true
		}
	}
	if script := last("ENTRYPOINT"); strings.Contains(script, "start.sh") && user == "" {
		c.set("non-root", "source", "holds", "undecided")
	} else if strings.Contains(script, "start.py") && user == "" {
		c.set("non-root", "source", "holds", "undecided", "violated")
	} else {
		c.set("non-root", "source", verdict(root || has(final, `chmod [24567]\d\d\d `) || has(final, `^COPY \S+ /root/`) && !root))
	}

	sources, late := false, has(lines, `^RUN chown -R`)
	for _, l := range lines {
		if strings.HasPrefix(l, "FROM ") {
			sources = false
		}
		sources = sources || strings.HasPrefix(l, "COPY ") && !strings.Contains(l, "--from") && regexp.MustCompile(`\.(py|js|go|c)\b|COPY \. `).MatchString(l)
		late = late || sources && installs.MatchString(l)
	}
	c.set("layer-cache", "source", verdict(late))

	floating := false
	for _, m := range fromLine.FindAllStringSubmatch(string(data), -1) {
		floating = floating || !fullTag.MatchString(m[1]) && (tagPinned.MatchString(m[1]) || !strings.Contains(m[1], "-"))
	}
	c.set("pinned-base", "source", verdict(floating))

	_, noIgnore := os.Stat(filepath.Join(dir, ".dockerignore"))
	broad := has(lines, `^COPY \. `)
	_, noEnv := os.Stat(filepath.Join(dir, ".env"))
	named := has(lines, `^ENV .*(KEY|TOKEN|SECRET|PASSWORD)\w*=\w`) || has(lines, `^ARG \w*(KEY|TOKEN|SECRET|PASSWORD)`) || has(lines, `cat /run/secrets/\S+ >`) || has(lines, `^COPY .*\.npmrc`)
	c.set("secrets", "source", verdict(named || broad && noIgnore != nil && noEnv == nil))
	c.set("dockerignore", "source", verdict(broad && noIgnore != nil))

	entry := last("ENTRYPOINT")
	switch script, err := os.ReadFile(filepath.Join(dir, "start.sh")); {
	case !strings.HasPrefix(entry, "["):
		c.set("entrypoint", "source", "violated")
	case strings.Contains(entry, "start.sh") && err == nil:
		info, err := os.Stat(filepath.Join(dir, "start.sh"))
		c.set("entrypoint", "source", verdict(err != nil || info.Mode()&0o111 == 0 || strings.Contains(string(script), "\r\n") || !regexp.MustCompile(`(?m)^exec `).Match(script)))
	case strings.Contains(entry, `"npm"`):
		c.set("entrypoint", "source", "violated")
	case strings.Contains(entry, "/root/"):
		c.set("entrypoint", "source", "holds", "violated")
	default:
		c.set("entrypoint", "source", "holds", "undecided")
	}

	switch probe := last("HEALTHCHECK"); {
	case probe == "" && has(final, `^EXPOSE `):
		c.set("healthcheck", "source", "violated")
	case probe == "":
		c.set("healthcheck", "source", "holds", "not-applicable")
	case strings.HasSuffix(probe, "exit 0") || strings.HasSuffix(probe, "kill -0 1"):
		c.set("healthcheck", "source", "violated")
	case strings.Contains(probe, "curl") || strings.Contains(probe, "9000") || strings.Contains(last("CMD"), "127.0.0.1"):
		// Whether it works is not in the text.
	default:
		c.set("healthcheck", "source", "holds")
	}
}
