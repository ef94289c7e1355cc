package recipe

import (
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/check"
	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/presence"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source"
	"github.com/dockworthy/dockworthy/internal/source/base"
	"github.com/dockworthy/dockworthy/internal/source/deploy"
	"github.com/dockworthy/dockworthy/internal/source/dockerfile"
	"github.com/dockworthy/dockworthy/internal/stack"
	"github.com/dockworthy/dockworthy/text"
)

// A route is what a program is asked to see how it is.
type route struct {
	path string // "" = nothing says: any answer to / will do that is no error of the server
	host string // the Host header without which it turns a request down; "" = any does
	// lax tells that an answer which turns the request down will do, too.
	lax bool
	at  string // who says so: "app/main.py:12"
}

// Probe adds a HEALTHCHECK to the stage that ships. It asks the port at which the program
// listens, by a program that is certainly in the image, for the route that Compose,
// Kubernetes or the project's sources name for it; where they name none, any answer to / is
// taken for life that is no error of the server: a route is not guessed.
func Probe(b *source.Build, port string) Advice {
	switch {
	case b.Inline || b.File == nil || !b.Linux():
		return unfixed("the Dockerfile is written inside another file, or not for Linux")
	case strings.Trim(port, "0123456789") != "" || port == "":
		return unfixed("nothing says on which port the program speaks HTTP")
	}
	r, said := routeOf(b, port)
	if !said && !speaksHTTP(b, port) {
		return unfixed("nothing says that the program speaks HTTP on port " + port)
	}
	words := asks(b, port, r, ownProgram(b))
	if words == nil {
		if a := ownProbe(b, port, r); a.Fixes != nil {
			return a
		}
		return unfixed("no program is certainly in the image that can ask port " + port)
	}
	others, why := unprobed(b)
	if why != "" {
		return unfixed(why)
	}
	line := healthcheck(b, words)
	title := "add a HEALTHCHECK that asks port " + port
	reason := "the program may take longer than 30 seconds to start"
	if r.path == "" {
		reason = "no route is known that tells how the program is: any answer to / below 500 is taken for life"
	} else {
		title += " for " + r.path + ", " + r.at
	}
	x := fix(title, check.Unsafe, reason, b.Text(), b.File.Below(aboveStart(b), line))
	x.Edits = append(x.Edits, others...)
	return Advice{Fixes: []check.Fix{x}}
}

// patience is how often a probe asks, and how long it waits.
const patience = "--interval=30s --timeout=4s --start-period=30s --retries=3"

// healthcheck is a HEALTHCHECK with a command.
func healthcheck(b *source.Build, words []string) string {
	return fmt.Sprintf("HEALTHCHECK %s %c\n    CMD %s", patience, b.File.Escape, jsonArray(words))
}

// unprobed takes the probe of an image from the services of Compose that run another program
// of it, which would be ill for want of a port. why is what keeps it from that.
func unprobed(b *source.Build) (edits []check.Edit, why string) {
	for _, s := range slices.Concat(b.Services, b.RunBy()) {
		if s.Command == nil && s.Entrypoint == nil || s.Healthcheck != nil || source.RunsOnce(s.File, s.Service) {
			continue
		}
		if len(s.Ports)+len(s.Expose) > 0 {
			continue // it may be the same program with other words
		}
		f := s.File.File
		n := f.Position(s.Span.Start).Line
		indent := ""
		for line := range strings.Lines(f.Text(text.Span{Start: f.LineSpan(n).End, End: s.Span.End})) {
			if t := strings.TrimSpace(line); t != "" && !strings.HasPrefix(t, "#") {
				indent = line[:len(line)-len(strings.TrimLeft(line, " "))]
				break
			}
		}
		end := s.Span.End
		for end > s.Span.Start && strings.IndexByte(" \t\r\n", f.Data[end-1]) >= 0 {
			end--
		}
		if indent == "" || strings.HasSuffix(f.Text(text.Span{Start: s.Span.Start, End: end}), "}") && strings.Contains(f.Text(f.LineSpan(n)), "{") {
			return nil, "the service " + s.Name.Text + " of Compose runs another program of the image, which the probe would call ill"
		}
		edits = append(edits, check.Edit{File: f, Edit: text.Edit{Span: text.Span{Start: end, End: end}, New: f.Lined("\n" + indent + "healthcheck: {disable: true} # it listens on no port")}})
	}
	return edits, ""
}

// Reprobe writes another command for a HEALTHCHECK that asks in vain, or in a way that tells
// nothing. It asks for the same path where the old one names one of this container.
func Reprobe(b *source.Build, step *source.Step, port string) Advice {
	return reprobe(b, step, port, "")
}

// reprobe is Reprobe by another program than one that goes; "" = by any.
func reprobe(b *source.Build, step *source.Step, port, but string) Advice {
	switch {
	case b.Inline || b.File == nil || step == nil || !b.Linux():
		return unfixed("the Dockerfile is written inside another file, or not for Linux")
	case strings.Trim(port, "0123456789") != "" || port == "":
		return unfixed("nothing says on which port the program speaks HTTP")
	case len(step.Heredocs()) > 0 || commented(step):
		return unfixed("its command is not written on one line")
	}
	r, said := routeOf(b, port)
	if p, ok := askedPath(step); ok {
		r, said = route{path: p, host: r.host, lax: p == "/", at: "as it does now"}, true
	}
	if !said && !speaksHTTP(b, port) {
		return unfixed("nothing says that the program speaks HTTP on port " + port)
	}
	prefer := ""
	for _, name := range []string{"curl", "wget", "node", "python", "python3"} {
		if strings.Contains(step.Joined(), name) {
			prefer = name
			break
		}
	}
	var words []string
	if but == "" {
		words = asks(b, port, r, prefer)
	} else {
		words = asksBy(b, port, r, func(name string) bool { return name != but })
	}
	if words == nil {
		return unfixed("no program is certainly in the image that can ask port " + port)
	}
	title := "ask port " + port + " by " + words[0]
	command := "CMD " + jsonArray(words)
	if step.DisablesHealth() {
		command = patience + " " + command
	}
	reason := "the program may take longer to start than the probe waits"
	if r.path == "" {
		reason = "no route is known that tells how the program is: any answer to / below 500 is taken for life"
	}
	return Advice{Fixes: []check.Fix{fix(title, check.Unsafe, reason, b.Text(), text.Edit{Span: step.Rest().Span, New: command})}}
}

// askedPath is the path of the one URL of the container itself that a HEALTHCHECK names,
// whatever its port; ok is false where there is none, or there are several.
func askedPath(step *source.Step) (p string, ok bool) {
	for part := range strings.FieldsFuncSeq(step.Joined(), func(c rune) bool { return strings.ContainsRune(" \t'\"|;(),[]", c) }) {
		u, err := url.Parse(part)
		if err != nil || u.Scheme != "http" || strings.ContainsAny(u.Path+u.RawQuery, "$`'\"\\{}") {
			continue
		}
		switch u.Hostname() {
		case "localhost", "127.0.0.1", "::1", "0.0.0.0":
		default:
			continue
		}
		if ok {
			return "", false
		}
		if p, ok = u.Path, true; p == "" {
			p = "/"
		}
		if u.RawQuery != "" {
			p += "?" + u.RawQuery
		}
	}
	return p, ok
}

// Unquoted hands the words of a HEALTHCHECK that only a shell understands to a shell.
func Unquoted(b *source.Build, step *source.Step, words []string) Advice {
	switch img := b.Base(); {
	case b.Inline || step == nil || commented(step):
		return Advice{}
	case img.Known == nil || img.Known.HasShell() != base.Yes:
		return unfixed("it is not known whether the image has a shell")
	}
	for _, w := range words {
		if strings.ContainsAny(w, " \t'\"\\`(){}[]<>*?#~!&;|") && !strings.HasPrefix(w, "${") && !slices.Contains([]string{"||", "&&", "|", ";", ">/dev/null", "2>/dev/null", "2>&1"}, w) {
			return unfixed("a shell would read some of its words in another way")
		}
	}
	array := jsonArray([]string{"sh", "-c", strings.Join(words, " ")})
	return Advice{Fixes: []check.Fix{fix("write HEALTHCHECK CMD "+array, check.Unsafe, "what never ran as it was meant runs", b.Text(), text.Edit{Span: step.Rest().Span, New: "CMD " + array})}}
}

// Unshelled writes a HEALTHCHECK of one command in exec form, for an image without a shell. A
// probe fails by the exit status of its program, so that `|| exit 1` goes.
func Unshelled(b *source.Build, step *source.Step) Advice {
	if b.Inline || step == nil || commented(step) || len(step.Heredocs()) > 0 {
		return Advice{}
	}
	script, _ := step.Script(nil)
	if script == nil || script.Err != nil || len(script.Commands) == 0 {
		return Advice{}
	}
	first := script.Commands[0]
	if rest := script.Commands[1:]; len(rest) > 1 || len(rest) == 1 && (first.After != shell.Or || rest[0].Program() != "exit") {
		return unfixed("it is more than one command")
	}
	if len(first.Redirects)+len(first.Assigns) > 0 || first.Negated || first.Background || presence.Of(b).Program(first.Words[0].Text) == base.No {
		return unfixed("it is more than a program of the image and its arguments")
	}
	var words []string
	for _, w := range first.Words {
		if !w.Known || w.Glob {
			return unfixed("some of its words need a shell")
		}
		words = append(words, w.Text)
	}
	array := jsonArray(words)
	return Advice{Fixes: []check.Fix{fix("write HEALTHCHECK CMD "+array, check.Safe, "", b.Text(), text.Edit{Span: step.Rest().Span, New: "CMD " + array})}}
}

// Reported writes another port into a HEALTHCHECK that names the wrong one.
func Reported(b *source.Build, step *source.Step, port, listens string) Advice {
	if b.Inline || step == nil || strings.Trim(port+listens, "0123456789") != "" || port == "" || listens == "" {
		return Advice{}
	}
	raw, at := b.Text().Text(step.Span), -1
	for i := 0; i+len(port) <= len(raw); i++ {
		digit := func(n int) bool { return n >= 0 && n < len(raw) && raw[n] >= '0' && raw[n] <= '9' }
		if raw[i:i+len(port)] != port || digit(i-1) || digit(i+len(port)) {
			continue
		}
		if at >= 0 {
			return unfixed("the HEALTHCHECK names the port more than once")
		}
		at = i
	}
	if at < 0 {
		return unfixed("the HEALTHCHECK does not name the port itself")
	}
	span := text.Span{Start: step.Span.Start + at, End: step.Span.Start + at + len(port)}
	return Advice{Fixes: []check.Fix{fix("ask port "+listens, check.Unsafe, "the program may take longer to start than the probe waits", b.Text(), text.Edit{Span: span, New: listens})}}
}

// aboveStart is the instruction below which there is what is said of the running program:
// the one above the stage's first ENTRYPOINT or CMD, else its last one.
func aboveStart(b *source.Build) *dockerfile.Instruction {
	last := b.Target.From
	for _, s := range b.Target.Steps {
		if s.Keyword == "ENTRYPOINT" || s.Keyword == "CMD" {
			break
		}
		last = s.Instruction
	}
	return last
}

// speaksHTTP tells whether a program speaks HTTP on a port, as its server or the port's
// usual use says.
func speaksHTTP(b *source.Build, port string) bool {
	if knowledge.OtherPorts.Has(port) {
		return false
	}
	program, _ := b.Program()
	return knowledge.HTTPPorts.Has(port) || knowledge.ServerOf(program).Role == knowledge.Serves
}

// routeOf is the route that somebody asks the program for already, or that its sources
// name. said tells that it speaks HTTP on this port: somebody asks it so.
func routeOf(b *source.Build, port string) (r route, said bool) {
	for _, s := range slices.Concat(b.Services, b.RunBy()) {
		if s.Healthcheck == nil {
			continue
		}
		for _, w := range s.Healthcheck.Test {
			if p, ok := urlPath(w.Text, port); ok && !w.Unresolved {
				return route{path: p, at: "as the service " + s.Name.Text + " does in Compose"}, true
			}
		}
	}
	for _, c := range b.Workloads() {
		for _, p := range []*deploy.Probe{c.Readiness, c.Liveness, c.Startup} {
			if p != nil && p.Kind == "http" && p.Port.Text == port && strings.HasPrefix(p.Path.Text, "/") {
				return route{path: p.Path.Text, at: "as its probe does in Kubernetes"}, true
			}
		}
	}
	return sourceRoute(b, port)
}

// Route is the path that a service of Compose or a probe of Kubernetes asks the program for
// on a port; "" = nobody does.
func Route(b *source.Build, port string) string {
	r, _ := routeOf(b, port)
	return r.path
}

// urlPath is the path of a URL of the container itself within a word.
func urlPath(word, port string) (string, bool) {
	for part := range strings.FieldsFuncSeq(word, func(c rune) bool { return strings.ContainsRune(" \t'\"|;()", c) }) {
		u, err := url.Parse(part)
		if err != nil || u.Scheme != "http" || u.Path == "" || u.Path == "/" || strings.ContainsAny(u.Path, "$`'\"\\") {
			continue
		}
		host := u.Hostname()
		if at := u.Port(); (at == port || at == "" && port == "80") && (host == "localhost" || host == "127.0.0.1" || host == "::1") {
			return u.Path, true
		}
	}
	return "", false
}

// sourceRoute is the route that the sources of the project in the build context name. They
// are read only where somebody wants edits.
func sourceRoute(b *source.Build, port string) (r route, said bool) {
	s := Sources(b)
	if s == nil || s.Kind != stack.Service || s.Port.Value != port {
		return route{}, false
	}
	r = route{path: s.Health.Value, at: "named in " + s.Health.At.String()}
	for _, h := range s.Asks {
		if h.Name != "Host" {
			return route{}, false // it wants more than is known here
		}
		r.host = h.Version
	}
	if py := s.Python; py != nil && py.Django != nil && !py.Django.OpenHost {
		if i := slices.IndexFunc(py.Django.Hosts, func(h string) bool { return h != "" && !strings.Contains(h, "*") }); i >= 0 {
			r.host = strings.TrimPrefix(py.Django.Hosts[i], ".")
		} else {
			r.lax = true // ALLOWED_HOSTS answers 400 where nobody knows the host's name
		}
	}
	if strings.ContainsAny(r.path+r.host, "'\"\\$` ") {
		return route{}, false
	}
	return r, true
}

// ownProgram is the interpreter that runs the program of an image, as its command or its base
// image says; "" = there is none.
func ownProgram(b *source.Build) string {
	program, _ := b.Program()
	if knowledge.Interpreters.Has(program) {
		return program
	}
	switch name := path.Base(b.Base().Ref.Familiar); name {
	case "node", "python", "ruby", "php":
		return name
	}
	return ""
}

// asks is the command of a probe, by a program that is certainly in the image; nil = none
// is. Each of them takes time and redirects into account: what hangs is not well, and what
// sends elsewhere is asked no further.
//
// prefer is the program to ask by where it is there: that of the image's own program, which
// stays in it whatever else goes, or one that asks already.
func asks(b *source.Build, port string, r route, prefer string) []string {
	if prefer != "" {
		if words := asksBy(b, port, r, func(name string) bool { return name == prefer || name == "sh" || name == "grep" }); words != nil {
			return words
		}
	}
	return asksBy(b, port, r, func(string) bool { return true })
}

// asksBy is asks by some programs alone.
func asksBy(b *source.Build, port string, r route, may func(string) bool) []string {
	has := presence.Of(b)
	there := func(name string) bool { return may(name) && has.Program(name) == base.Yes }
	p, below := r.path, r.path == "" || r.lax
	if p == "" {
		p = "/"
	}
	pick := func(tolerant, strict string) string {
		if below {
			return tolerant
		}
		return strict
	}
	for _, python := range []string{"python", "python3"} {
		if !there(python) {
			continue
		}
		header := ""
		if r.host != "" {
			header = fmt.Sprintf(", headers={'Host': '%s'}", r.host)
		}
		return []string{python, "-c", fmt.Sprintf("import http.client as h; c = h.HTTPConnection('127.0.0.1', %s, timeout=3); c.request('GET', '%s'%s); raise SystemExit(c.getresponse().status %s)", port, p, header, pick(">= 500", "!= 200"))}
	}
	url := "http://127.0.0.1:" + port + p
	host := r.host
	node := has.Word("node")
	switch {
	case node != "" && host == "":
		return []string{node, "-e", fmt.Sprintf("fetch('%s', {redirect: 'manual', signal: AbortSignal.timeout(3000)}).then(r => process.exit(%s ? 0 : 1), () => process.exit(1))", url, pick("r.status < 500", "r.ok"))}
	case there("ruby"):
		header := ""
		if host != "" {
			header = fmt.Sprintf(", 'Host' => '%s'", host)
		}
		return []string{"ruby", "-rnet/http", "-e", fmt.Sprintf("h = Net::HTTP.new('127.0.0.1', %s, nil); h.open_timeout = h.read_timeout = 3; h.max_retries = 0; exit h.get('%s'%s).code %s", port, p, header, pick("< '500'", "== '200'"))}
	case there("curl") && there("sh"):
		header := ""
		if host != "" {
			header = "-H 'Host: " + host + "' "
		}
		if !below {
			return []string{"curl", "-fsS", "--max-time", "3", "-o", "/dev/null", url}
		}
		return []string{"sh", "-c", fmt.Sprintf(`code=$(curl -s --max-time 3 -o /dev/null -w '%%{http_code}' %s%s) && [ "$code" -lt 500 ]`, header, url)}
	case there("wget") && host == "" && !below:
		return []string{"wget", "-q", "-T", "3", "-O", "/dev/null", url}
	case there("wget") && host == "" && there("sh") && there("grep"):
		return []string{"sh", "-c", fmt.Sprintf("wget -S -T 3 -O /dev/null %s 2>&1 | grep -q 'HTTP/[0-9.]* [1-4]'", url)}
	case there("php") && host == "":
		return []string{"php", "-r", fmt.Sprintf(`$f = @fopen('%s', 'r', false, stream_context_create(['http' => ['timeout' => 3, 'ignore_errors' => true, 'follow_location' => 0]])); exit($f && (int) explode(' ', stream_get_meta_data($f)['wrapper_data'][0])[1] %s ? 0 : 1);`, url, pick("< 500", "== 200"))}
	case there("bash"):
		if host == "" {
			host = "127.0.0.1"
		}
		return []string{"bash", "-c", fmt.Sprintf(`exec 3<>/dev/tcp/127.0.0.1/%s && printf 'GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n' >&3 && read -r -t 3 _ code _ <&3 && [ "$code" %s ] || exit 1`, port, p, host, pick("-lt 500", "= 200"))}
	}
	return nil
}

// GoProbe is a COPY that brings the source of a program which asks a port of the container
// for a route, and ends with 1 where nothing answers as it should: bad is a condition of Go's
// on the answer r.
func GoProbe(port, route, bad string) string { return fmt.Sprintf(goProbe, port, route, bad) }

const goProbe = `COPY <<'EOF' /probe/main.go
package main

import (
	"net/http"
	"os"
	"time"
)

func main() {
	c := http.Client{Timeout: 3 * time.Second, Transport: &http.Transport{}}
	r, err := c.Get("http://127.0.0.1:%s%s")
	if err != nil || %s {
		os.Exit(1)
	}
}
EOF`

// ownProbe builds a probe in a stage with Go from which the final one takes its program, for
// an image that has nothing to ask with.
func ownProbe(b *source.Build, port string, r route) Advice {
	var builder *source.Stage
	var taken *source.Step
	for _, s := range b.Target.Steps {
		if c := s.Copy; c != nil && c.Stage != nil && c.Stage.Name != "" && !slices.ContainsFunc(b.Chain(), func(t *source.Stage) bool { return t == c.Stage }) {
			if img := c.Stage.Origin(); img != nil && img.Ref.Familiar == "golang" && !c.Stage.Windows {
				builder, taken = c.Stage, s
				break
			}
		}
	}
	if builder == nil || r.host != "" {
		return Advice{}
	}
	for _, s := range b.Stages {
		if slices.ContainsFunc(s.Steps, func(s *source.Step) bool { return strings.Contains(s.Joined(), "/probe") }) {
			return Advice{} // somebody has one already
		}
	}
	var first *dockerfile.Instruction
	for _, s := range builder.Steps {
		if c := s.Copy; c != nil && c.FromContext() {
			first = s.Instruction // above the sources, whose edits it does not need
			break
		}
	}
	if first == nil {
		return Advice{}
	}
	p, bad := r.path, "r.StatusCode != http.StatusOK"
	if p == "" {
		p = "/"
	}
	if r.path == "" || r.lax {
		bad = "r.StatusCode >= 500"
	}
	line := healthcheck(b, []string{"/probe"})
	title := fmt.Sprintf("build a probe that asks port %s, for the image has no program that could", port)
	reason := "no route is known that tells how the program is: any answer to / below 500 is taken for life"
	if r.path != "" {
		title += ", for " + r.path + ", " + r.at
		reason = "the program may take longer than 30 seconds to start"
	}
	return Advice{Fixes: []check.Fix{fix(title, check.Unsafe, reason, b.Text(),
		b.File.Above(first, GoProbe(port, p, bad)+"\nRUN CGO_ENABLED=0 GOTOOLCHAIN=local GOWORK=off go build -trimpath -ldflags=-s -o /probe/probe /probe/main.go"),
		b.File.Below(taken.Instruction, "COPY --from="+builder.Name+" /probe/probe /probe"),
		b.File.Below(aboveStart(b), line),
	)}}
}
