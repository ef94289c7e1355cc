package source

import (
	"bytes"
	"cmp"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"

	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/shell"
	"github.com/dockworthy/dockworthy/internal/source/deploy"
)

// unshipped says why an image does not ship, as its file's first comment, what it
// starts, or the services that build it tell; "" = it may. What CI publishes ships, and
// so does what runs elsewhere in the project.
func (t *targeting) unshipped(b *Build) string {
	if role, _ := b.Config.role(b.Path); role == roleProduct {
		return ""
	}
	if why := b.described(); why != "" {
		return why // so says the image itself, wherever it is published
	}
	why, never := declared(b.File.Data)
	if never && !t.published() {
		return why
	}
	if why == "" {
		why = b.waiting()
	}
	if why == "" {
		why = t.overlaid(b)
	}
	if why == "" || t.published() || t.runs(b) {
		return ""
	}
	return why
}

// described says what a label of an image says of its purpose, where that is tests, the
// development of the project, or not production; "" = none does.
func (b *Build) described() string {
	for s := b.Target; s != nil; s = s.Parent {
		for _, step := range s.Steps {
			label, ok := step.Command.(*instructions.LabelCommand)
			if !ok {
				continue
			}
			for _, kv := range label.Labels {
				if key := strings.ToLower(kv.Key); !strings.HasSuffix(key, "description") && !strings.HasSuffix(key, "summary") {
					continue
				}
				if m := notProduction.FindString(kv.Value); m != "" && !otherSubject.MatchString(strings.Replace(kv.Value, m, "", 1)) {
					return fmt.Sprintf("its label says %q", m)
				}
				if m := labelled.FindString(kv.Value); m != "" {
					return fmt.Sprintf("its label says %q", m)
				}
			}
		}
	}
	return ""
}

// published tells whether CI or Bake publishes what a Dockerfile makes.
func (t *targeting) published() bool {
	return t.project.pushed[t.unit.Path] || slices.ContainsFunc(t.recipes, func(r recipe) bool { return r.by != "" && len(r.services) == 0 && isBake(r.by) && len(r.images) > 0 })
}

// runs tells whether services and workloads that are not for development run what a
// Dockerfile makes.
func (t *targeting) runs(b *Build) bool {
	return len(b.Workloads()) > 0 || slices.ContainsFunc(b.RunBy(), func(s *Service) bool { return s.Development == "" })
}

// isBake tells whether a file that names builds is one of Bake's rather than of a CI or of Skaffold.
func isBake(name string) bool {
	return !strings.HasPrefix(name, ".github/") && name != ".gitlab-ci.yml" && !isSkaffold(name)
}

// maxHeader is how many bytes of the first comment are read.
const maxHeader = 4 << 10

// header is the comment at the top of a Dockerfile as one line, before the first
// instruction, and the first lines of its paragraphs: a title may bear no full stop. A
// blank line ends a sentence.
func header(data []byte) (head string, titles []string) {
	var b strings.Builder
	title := true
	for line := range bytes.Lines(data[:min(len(data), maxHeader)]) {
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			b.WriteString(". ")
			title = true
			continue
		}
		if line[0] != '#' {
			break
		}
		if text := bytes.TrimSpace(bytes.TrimLeft(line, "#")); len(text) > 0 && !directive.Match(text) {
			b.Write(text)
			b.WriteByte(' ')
			if title {
				titles = append(titles, string(text))
			}
			title = false
		} else {
			b.WriteString(". ")
			title = true
		}
	}
	return b.String(), titles
}

var (
	directive   = regexp.MustCompile(`(?i)^(?:syntax|escape|check)\s*=`)
	sentenceEnd = regexp.MustCompile(`[.!?:;]\s+|[.!?]$`)
	// The subject is what the file makes: nothing else is named.
	notProduction = regexp.MustCompile(`(?i)\bnot\s+(?:be\s+)?(?:(?:intended|meant|designed|recommended|ready|suitable|suited|fit|optimi[sz]ed|built|made|used|safe|to\s+be\s+used)\s+)*(?:for|in)\s+(?:use\s+in\s+|any\s+|a\s+)?production\b|\bdo(?:\s+not|n't)\s+use\s+(?:(?:this|it|the)(?:\s+(?:image|file|docker\s?file|container))?\s+)?(?:in|for)\s+production\b|\bnot\s+production[- ]ready\b|\bnot\s+(?:be\s+)?(?:intended|meant|designed|made)\s+for\s+end[- ]?users\b`)
	forWork       = regexp.MustCompile(`(?i)\b(?:docker\s?file|image|container|this(?:\s+file)?|used|ready|suitable|intended|meant|only)\b(?:\s+[\w-]+){0,4}\s+for\s+(?:(?:local|running|the|unit|integration|end-to-end|e2e|use\s+in|our|interactive)\s+)*(?:development|testing|tests|debugging|fuzzing|benchmarks?|benchmarking|building\s+(?:(?:a|an|the|debian|deb|rpm|apk|binary)\s+)*packages?)\b(?:\s+(?:only|purposes?|use|environments?|and\s+(?:testing|tests|debugging|ci)|via\s+\w+|of\s+\w+|for\s+\w+|with\s+\w+))*\s*$`)
	workOnly      = regexp.MustCompile(`(?i)\b(?:development|testing|tests?)\s+only\b`)
	triedWith     = regexp.MustCompile(`(?i)\bused\s+to\s+(?:test|run\s+(?:[\w'-]+\s+){0,4}tests?)\b`)
	labelled      = regexp.MustCompile(`(?i)\b(?:image|container)\s+(?:is|can\s+be)\s+used\s+(?:to\s+run\s+(?:[\w'-]+\s+){0,4}tests?\b(?:\s+suites?\b)?|(?:to\s+\w+\s+(?:[\w-]+\s+){0,3})?(?:in\s+(?:a|the|your|our)|for\s+(?:a|the|your|our|local))\s+development\b)`)
	forBugs       = regexp.MustCompile(`(?i)\bfor\s+(?:debugging|reproducing|investigating)\s+(?:issues|bugs|problems|reports)\b`)
	otherSubject  = regexp.MustCompile(`(?i)\b(?:root|password|secret|key|token|credential|latest|tag|certificate|cert|variable|option|flag|setting|default|port|user)s?\b`)
	ownSubject    = regexp.MustCompile(`(?i)^(?:(?:this|the|an?)\s+)?(?:[\w-]+\s+){0,3}?(?:docker\s?file|image|container)\b|^(?:this|used|only|intended|meant|for|reproduces|mimics)\b`)
	elsewhere     = regexp.MustCompile(`(?i)\b(?:see|use|uses|another|other|separate|different|smaller|second|instead|variant|also)\b`)
	alsoShips     = regexp.MustCompile(`(?i)\b(?:prod|production|release|deploy\w*)\b`)
)

// purposes are parts of words without which no comment says what declared looks for.
var purposes = []string{"production", "end-user", "end user", "enduser", "development", "test", "debugging", "fuzzing", "benchmark", "package", "reproducing", "investigating"}

// composeFor matches a comment that says of a Compose file that it is for development or tests.
var composeFor = regexp.MustCompile(`(?i)^(?:(?:this|the|an?)\s+)?docker[- ]?compose\b(?:\s+[\w-]+){0,7}?\s+for\s+(?:(?:use\s+(?:in|by)|the|our|local)\s+)*(?:[\w-]+\s+)?(?:development|tests?|testing)\s*$`)

// arranged says what a Compose file's first comment says of its purpose, where that is
// development or tests; "" = it says no such thing, or it speaks of production, too.
func arranged(data []byte) string {
	if len(data) == 0 || data[0] != '#' {
		return ""
	}
	head, _ := header(data)
	if low := strings.ToLower(head); !speaksOfPurpose(low) || alsoShips.MatchString(low) {
		return ""
	}
	for _, s := range sentenceEnd.Split(head, -1) {
		if m := composeFor.FindString(strings.TrimSpace(s)); m != "" {
			return fmt.Sprintf("its first comment says %q", m)
		}
	}
	return ""
}

// speaksOfPurpose tells whether a text in lower case has one of those parts.
func speaksOfPurpose(low string) bool {
	return slices.ContainsFunc(purposes, func(word string) bool { return strings.Contains(low, word) })
}

// declared says what a Dockerfile's first comment says of its purpose, where that is
// development or tests, or not production; "" = it says no such thing. never tells that it
// is nothing else, so that who runs it all the same does not ship it.
func declared(data []byte) (why string, never bool) {
	if len(data) == 0 || data[0] != '#' && data[0] != '\n' && data[0] != '\r' {
		return "", false
	}
	head, titles := header(data)
	low := strings.ToLower(head)
	if !speaksOfPurpose(low) {
		return "", false
	}
	for _, s := range append(sentenceEnd.Split(head, -1), titles...) {
		if s = strings.TrimSpace(s); !speaksOfPurpose(strings.ToLower(s)) {
			continue
		}
		if m := notProduction.FindString(s); m != "" && !otherSubject.MatchString(strings.Replace(s, m, "", 1)) {
			return fmt.Sprintf("its first comment says %q", m), true
		}
		if !ownSubject.MatchString(s) {
			continue
		}
		if m := workOnly.FindString(s); m != "" && !otherSubject.MatchString(strings.Replace(s, m, "", 1)) {
			return fmt.Sprintf("its first comment says %q", m), true
		}
		if m := cmp.Or(forWork.FindString(s), forBugs.FindString(s), triedWith.FindString(s)); m != "" && !elsewhere.MatchString(s) && !alsoShips.MatchString(low) {
			return fmt.Sprintf("its first comment says %q", strings.TrimSpace(m)), false
		}
	}
	return "", false
}

// waiting says what an image starts, where that runs tests or does nothing until
// somebody comes in; "" = it starts something else, or a service does.
func (b *Build) waiting() string {
	if b.Target.Final.Cmd == nil && b.Target.Final.Entrypoint == nil || slices.ContainsFunc(b.Services, func(s *Service) bool { return (s.Command != nil || s.Entrypoint != nil) && !watches(s.Command) }) {
		return ""
	}
	st := b.Start()
	if st.Script == nil || st.File != nil {
		return ""
	}
	program, args := b.launched()
	if knowledge.Interpreters.Has(strings.TrimRight(program, "0123456789.")) && len(args) > 1 && args[0].Text == "-m" {
		program, args = args[1].Text, args[2:]
	}
	if runsTests(program, args) {
		words := []string{program}
		for _, a := range args[:min(len(args), 2)] {
			words = append(words, a.Text)
		}
		return "it starts " + strings.Join(words, " ") + ", which runs tests"
	}
	if idle := idleIn(st.Script, true); idle != "" {
		return "it starts " + idle + ", which does nothing until somebody comes in"
	}
	if b.toolbox(program, args) {
		return "it starts " + program + ", in which somebody works, and CI publishes other images"
	}
	return ""
}

// toolbox tells whether an image starts nothing but a shell, of its own accord, and nobody
// else can build on it: CI publishes other images of the project.
func (b *Build) toolbox(program string, args []shell.Word) bool {
	if !knowledge.Shells.Has(program) || len(args) > 0 || len(b.Ports()) > 0 || len(b.project.pushed) == 0 || path.Dir(b.Path) == "." {
		return false
	}
	_, based := b.IsBase()
	return !based
}

// idleIn is the program of a script that does nothing but wait, forever, or long where
// that counts; "" = it does more.
func idleIn(s *shell.Script, long bool) string {
	n := len(s.Commands)
	if n == 0 || n > 2 || n == 2 && !s.Commands[1].Inner {
		return "" // something may have been started before
	}
	program, args := s.Commands[n-1].Underlying()
	if len(args) == 0 {
		return ""
	}
	last := args[len(args)-1].Text
	switch {
	case program == "sleep" && len(args) == 1 && (last == "infinity" || last == "inf" || long && len(last) > 2 && strings.Trim(last, "0123456789smhd") == ""):
	case program == "tail" && last == "/dev/null":
	default:
		return ""
	}
	return program
}

// runsTests tells whether a command runs a project's tests.
func runsTests(program string, args []shell.Word) bool {
	if knowledge.TestRunners.Has(program) {
		return true
	}
	if program == "npx" || program == "bunx" {
		for i, a := range args {
			if !strings.HasPrefix(a.Text, "-") {
				return runsTests(a.Text, args[i+1:])
			}
		}
		return false
	}
	if !knowledge.TestTools.Has(program) {
		return false
	}
	for i, a := range args {
		switch {
		case a.Text == "run" && i == 0, strings.HasPrefix(a.Text, "-"):
			continue
		}
		return a.Text == "test" || a.Text == "tests" || strings.HasPrefix(a.Text, "test:")
	}
	return false
}

// triesOut says which service of a Compose file runs tests whenever the file is started:
// the others are there to be tested; "" = none does.
func triesOut(c *deploy.Compose) string {
	for _, s := range c.Services {
		if s.Command == nil || len(s.Profiles) > 0 {
			continue
		}
		for _, c := range shell.FromWords(shell.Input{}, argv(s.Command.Words)).Commands {
			if program, args := c.Underlying(); runsTests(program, args) {
				return "the service " + s.Name.Text + " runs tests"
			}
		}
	}
	return ""
}

// worksOn says by which variable the services of a Compose file run in a mode of
// development; "" = by none.
func worksOn(c *deploy.Compose) string {
	var envs [][]deploy.KeyValue
	for _, s := range c.Services {
		envs = append(envs, s.Environment)
	}
	return modes(envs)
}

// triedIn says of a Kubernetes file by which variable its programs run in a mode of
// development; "" = by none.
func triedIn(m *deploy.Manifest) string {
	var envs [][]deploy.KeyValue
	for _, w := range m.Workloads {
		for _, c := range w.Containers {
			envs = append(envs, c.Env)
		}
	}
	return modes(envs)
}

// modes says which variable tells a program to run in a mode of development, where all such
// variables do; "" = none does, or one tells another mode.
func modes(envs [][]deploy.KeyValue) (why string) {
	for _, env := range envs {
		for _, kv := range env {
			if !knowledge.ModeVariables.Has(kv.Key.Text) || !kv.HasValue {
				continue
			}
			if kv.Value.Unresolved || !knowledge.DevModes.Has(strings.ToLower(kv.Value.Text)) {
				return ""
			}
			if why == "" {
				why = fmt.Sprintf("%s is %s in it", kv.Key.Text, kv.Value.Text)
			}
		}
	}
	return why
}

// idles says of a Kubernetes file that all that it runs waits for somebody to come in;
// "" = something in it does more.
func idles(m *deploy.Manifest) string {
	program := ""
	for _, w := range m.Workloads {
		for _, c := range w.Containers {
			if c.Init {
				continue
			}
			if program = idleIn(shell.FromWords(shell.Input{}, argv(slices.Concat(c.Command, c.Args))), true); program == "" || len(c.Ports) > 0 || len(c.Command) == 0 {
				return ""
			}
		}
	}
	if program == "" {
		return ""
	}
	return "all that it runs is " + program + ", which does nothing until somebody comes in"
}

// overlaid says which service lays the project over the folder that an image starts in,
// where all that build it do, and the image has neither the project nor a program of its
// own to start; "" = it has, or they do not.
func (t *targeting) overlaid(b *Build) string {
	f := b.Target.Final
	if len(t.recipes) == 0 || f.Workdir.Value == "" || serviceBase(b.Target) || copiesAll(b.chain) {
		return ""
	}
	for _, r := range t.recipes {
		if len(r.services) == 0 || !laysOver(r.services[0], t.contextOf(r, b.Stages), f.Workdir.Value) {
			return ""
		}
	}
	if f.Cmd != nil || f.Entrypoint != nil {
		program, args := b.launched()
		if !develops(program, args, b.script(args)) {
			return ""
		}
	}
	return "the service " + t.recipes[0].services[0].Name.Text + " mounts the sources over " + f.Workdir.Value
}

// laysOver tells whether a service binds the build context, or a folder above it, over
// a folder of the image.
func laysOver(s *Service, context, dir string) bool {
	return slices.ContainsFunc(boundFolders(s), func(b bound) bool {
		return b.target == path.Clean(dir) && (b.source == context || b.source == "." || strings.HasPrefix(context, b.source+"/"))
	})
}

// A bound is a folder of the project that a service binds, and where.
type bound struct{ source, target string }

func boundFolders(s *Service) (list []bound) {
	dir := path.Dir(s.File.File.Name)
	for _, v := range s.Volumes {
		if src := v.Source.Text; strings.HasPrefix(src, ".") && !v.Source.Unresolved && !v.ReadOnly {
			list = append(list, bound{path.Join(dir, src), path.Clean(v.Target.Text)})
		}
	}
	return list
}
