package engine

import (
	"regexp"
	"strings"

	"github.com/dockworthy/dockworthy/internal/run"
)

// explain says which step a build failed at, and why in words.
func (g *progress) explain(b *run.Build) {
	last := ""
	for _, line := range g.plain {
		if rest, ok := strings.CutPrefix(line, "ERROR: "); ok {
			last = rest
		}
	}
	if last == "" && len(g.plain) > 0 {
		last = g.plain[len(g.plain)-1]
	}
	var failed *vertex
	for _, v := range g.order {
		if v.Error == "" || strings.Contains(v.Error, "context canceled") && failed != nil {
			continue
		}
		// A step that was cut short because another failed is not the cause.
		if failed == nil || strings.Contains(failed.Error, "context canceled") {
			failed = v
		}
	}
	cause := last
	if failed != nil {
		b.Step = failed.Name
		b.Tail = failed.lines()
		cause = failed.Error
	}
	b.Error = buildCause(b.Step, cause, last, b.Tail)
	all := strings.Join(append(append([]string{cause, last}, b.Tail...), g.plain...), "\n")
	b.Network = networkTrouble.MatchString(all)
	if b.Network {
		b.Error = "the network failed: " + b.Error
	}
	if b.Error == "" {
		b.Error = "the builder gave no reason"
	}
}

// networkTrouble are the words of apt, pip, npm, go, cargo, maven and the
// builder's own resolver for a network that failed.
var networkTrouble = regexp.MustCompile(`(?i)temporary failure (in name resolution|resolving)|could not resolve host|connection timed out|read timed out|connection reset by peer|` +
	`i/o timeout|tls handshake timeout|no route to host|network is unreachable|` +
	`\b(?:eai_again|econnreset|etimedout|enotfound|newconnectionerror|readtimeouterror)\b|max retries exceeded|` +
	`503 service unavailable|502 bad gateway|504 gateway|unexpected eof.*(registry|proxy)|failed to do request|failed to fetch http`)

type pattern struct {
	re   *regexp.Regexp
	text string
}

// stepCauses are read out of a failing step's output, the first that fits.
var stepCauses = []pattern{
	{regexp.MustCompile(`fatal error: (stdlib\.h|stdio\.h|string\.h|limits\.h|stdint\.h|errno\.h|math\.h): No such file`), "the C library's headers are missing ($1): the compiler was installed without libc6-dev (Alpine: musl-dev); install it with gcc, or install build-essential"},
	{regexp.MustCompile(`fatal error: (Python\.h): No such file`), "Python's headers are missing ($1): install the -dev package of this Python, or use a base image that has them"},
	{regexp.MustCompile(`fatal error: (\S+\.h\S*): No such file`), "a header is missing ($1): install the -dev package that contains it in the stage that compiles"},
	{regexp.MustCompile(`(?:error: )?command '?(gcc|g\+\+|cc|clang|x86_64-linux-gnu-gcc)'? failed: No such file|unable to execute '(gcc|g\+\+|cc|clang|x86_64-linux-gnu-gcc)'`), "there is no C compiler in the stage that compiles: install build-essential there, or use wheels"},
	{regexp.MustCompile(`linker .?cc.? not found`), "there is no linker in the stage that compiles: install gcc and libc6-dev there"},
	{regexp.MustCompile(`/bin/sh: \d+: (\S+): not found|/bin/(?:ba|a)?sh: (?:line \d+: )?(\S+): (?:command )?not found`), "the program $1$2 is not in this stage"},
	{regexp.MustCompile(`ModuleNotFoundError: No module named '([^']+)'`), "the Python module $1 is not installed in this stage"},
	{regexp.MustCompile(`Cannot find (?:module|package) '([^']+)'`), "the Node.js module $1 is not installed in this stage"},
	{regexp.MustCompile(`E: Unable to locate package (\S+)`), "apt does not find the package $1: run apt-get update in the same RUN, and check the name"},
	{regexp.MustCompile(`ERROR: No matching distribution found for (\S+)`), "pip finds no version that matches $1"},
	{regexp.MustCompile(`error obtaining VCS status`), "Go reads .git for its version stamp: build with -buildvcs=false"},
	{regexp.MustCompile("npm ERR! .*`npm ci` can only install with an existing package-lock|npm error .*npm ci.*package-lock"), "npm ci needs package-lock.json: copy it together with package.json"},
	{regexp.MustCompile(`(?i)permission denied`), "permission denied: the step runs as a user who may not do this"},
	{regexp.MustCompile(`No space left on device`), "the engine's disk is full"},
}

var (
	notInContext = regexp.MustCompile(`"?(/[^"]*)"? not found|"([^"]+)": not found`)
	lstatIn      = regexp.MustCompile(`lstat \S*?/(?:merged|overlay2/[0-9a-f]+/diff|fs)(/\S*): no such file`)
	copyFrom     = regexp.MustCompile(`--from=(\S+)`)
	exitCode     = regexp.MustCompile(`exit code: (\d+)`)
	noUser       = regexp.MustCompile(`unable to find user (\S+): no matching|unable to convert uid/gid chown string to host mapping`)
	noBase       = regexp.MustCompile(`(?:docker\.io/)?(?:library/)?(\S+): (?:failed to resolve source metadata.*: )?(?:not found|pull access denied|.*repository does not exist)|(\S+): not found$`)
)

// buildCause is why a step failed: what its output says, else what the builder
// says of it.
func buildCause(step, cause, last string, tail []string) string {
	copying := strings.Contains(step, " COPY ") || strings.Contains(step, " ADD ")
	if copying {
		missing := ""
		if m := lstatIn.FindStringSubmatch(cause); m != nil {
			missing = m[1]
		} else if m := notInContext.FindStringSubmatch(cause); m != nil {
			missing = m[1] + m[2]
		}
		if missing != "" {
			if m := copyFrom.FindStringSubmatch(step); m != nil {
				return missing + " is not in " + m[1] + ": neither its base image nor one of its steps creates this path"
			}
			return strings.TrimPrefix(missing, "/") + " is not in the build context: it does not exist, or .dockerignore excludes it"
		}
		if noUser.MatchString(cause) {
			return "--chown names a user that this stage does not have"
		}
	}
	if m := noUser.FindStringSubmatch(cause); m != nil && m[1] != "" {
		return "the step runs as " + strings.TrimSuffix(m[1], ":") + ", a user that this stage does not have"
	}
	for i := len(tail) - 1; i >= 0; i-- {
		for _, p := range stepCauses {
			if m := p.re.FindStringSubmatchIndex(tail[i]); m != nil {
				return string(p.re.ExpandString(nil, p.text, tail[i], m))
			}
		}
	}
	if m := exitCode.FindStringSubmatch(cause); m != nil {
		if said := failure(tail); said != "" {
			return "the command exited with status " + m[1] + ": " + said
		}
		return "the command exited with status " + m[1] + " and no output"
	}
	if strings.Contains(step, "load metadata for") {
		_, ref, _ := strings.Cut(step, "load metadata for ")
		if noBase.MatchString(cause) || strings.Contains(cause, "not found") || strings.Contains(cause, "denied") {
			return "the base image " + ref + " does not exist, or access is denied"
		}
		return "the base image " + ref + " cannot be looked up: " + cause
	}
	for _, layer := range []string{"failed to create LLB definition: ", "failed to build: ", "failed to solve: "} {
		if _, rest, ok := strings.Cut(cause, layer); ok {
			cause = rest
		}
	}
	return cause
}

var (
	errorLine = regexp.MustCompile(`^\s*(?:ERROR|Error|error|fatal|FATAL|npm error|npm ERR!|E)\b:?\s*\S|^\S*Error: `)
	// chatter are lines that say nothing of the cause: of pip and of npm, behind it.
	chatter = regexp.MustCompile(`^\s*\[notice\]|^\s*(?:note|hint): |^\s*╰─>|exited? code: \d|subprocess-exited-with-error|metadata-generation-failed|legacy-install-failure|Failed to build|A complete log of this run|^npm (?:error|ERR!)\s*$|See above for output|To fix this you could try`)
)

// failure is the line that tells why a command failed: the last that calls itself an
// error, else the last that says something.
func failure(lines []string) string {
	plain := make([]string, len(lines))
	for i, l := range lines {
		plain[i] = colours.ReplaceAllString(l, "")
	}
	lines = plain
	if said := javaFailure(lines); said != "" {
		return said
	}
	var rest []string
	said := ""
	for _, l := range lines {
		if chatter.MatchString(l) {
			continue
		}
		if rest = append(rest, l); errorLine.MatchString(l) {
			said = l
		}
	}
	if said != "" {
		return lastWords([]string{said})
	}
	if said = lastWords(rest); said == "" {
		return lastWords(lines)
	}
	return said
}

var (
	colours    = regexp.MustCompile(`\x1b?\[\d{0,3}(?:;\d{1,3})*m`)
	mavenError = regexp.MustCompile(`^\[ERROR\]\s+(\S.*?)(?:\s+-> \[Help \d+\])?\s*$`)
	mavenPlace = regexp.MustCompile(`\.(?:java|kt|scala|groovy):\[?\d+`)
)

// javaFailure is what Maven or Gradle say went wrong; "" = neither does. What they say last
// is how to ask for more.
func javaFailure(lines []string) string {
	first, goal := "", ""
	for i, l := range lines {
		if strings.HasPrefix(l, "* What went wrong:") {
			var said []string
			for _, next := range lines[i+1:] {
				next = strings.TrimSpace(next)
				if next == "" || strings.HasPrefix(next, "* ") || len(said) == 3 {
					break
				}
				said = append(said, strings.TrimPrefix(next, "> "))
			}
			return lastWords([]string{strings.Join(said, " ")})
		}
		m := mavenError.FindStringSubmatch(l)
		if m == nil {
			continue
		}
		switch {
		case mavenPlace.MatchString(m[1]):
			return lastWords([]string{m[1]})
		case strings.HasPrefix(m[1], "Failed to execute goal") && goal == "":
			goal = m[1]
		case first == "" && !strings.HasPrefix(m[1], "COMPILATION ERROR"):
			first = m[1]
		}
	}
	return lastWords([]string{first, goal})
}

// lastWords is the last line that says something.
func lastWords(lines []string) string {
	for i := len(lines) - 1; i >= 0; i-- {
		if s := strings.TrimSpace(lines[i]); s != "" {
			if len(s) > 300 {
				s = s[:300] + "…"
			}
			return s
		}
	}
	return ""
}
