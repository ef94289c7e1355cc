package image

import (
	"strings"
	"time"

	"github.com/dockworthy/dockworthy/internal/knowledge"
)

// A Step is one entry of an image's history.
type Step struct {
	// Text is the instruction as a Dockerfile has it: "RUN apt-get update".
	// Builders that know no Dockerfile leave their own words there.
	Text string
	// Keyword is the instruction's name in capitals; "" where Text is none.
	Keyword   string
	Args      []string // of a RUN: the build arguments in force, "NAME=value"
	Shell     []string // of a RUN: the shell that got the line; nil = no shell, or not said
	CreatedBy string   // as stored
	Comment   string
	Author    string
	Created   time.Time // zero = not said
	Empty     bool      // it made no layer
	Layer     int       // index of the layer that it made; -1 = none, or not known
}

// keywords are the Dockerfile's instructions.
var keywords = map[string]bool{
	"ADD": true, "ARG": true, "CMD": true, "COPY": true, "ENTRYPOINT": true, "ENV": true, "EXPOSE": true, "FROM": true,
	"HEALTHCHECK": true, "LABEL": true, "MAINTAINER": true, "ONBUILD": true, "RUN": true, "SHELL": true, "STOPSIGNAL": true,
	"USER": true, "VOLUME": true, "WORKDIR": true,
}

// ParseStep reads a history entry's created_by. Its forms, by builder:
//
//	RUN |2 A=x B=y /bin/sh -c make # buildkit     BuildKit
//	COPY /src /app # buildkit                     BuildKit
//	|2 A=x B=y /bin/sh -c make                    the classic builder, buildah
//	/bin/sh -c #(nop)  ENV A=x                    the classic builder, buildah
//	/bin/sh -c make                               the classic builder, buildah
//
// See moby/buildkit frontend/dockerfile/dockerfile2llb (commitToHistory) and
// moby/moby builder/dockerfile (dispatchers.go).
func ParseStep(createdBy string) Step {
	s := Step{CreatedBy: createdBy, Layer: -1}
	line := strings.TrimSpace(createdBy)
	line, buildkit := strings.CutSuffix(line, "# buildkit")
	line = strings.TrimSpace(line)
	run, isRun := strings.CutPrefix(line, "RUN ")
	if !isRun {
		run = line
	}
	args, rest, counted := buildArgs(run)
	shell, command, shelled := cutShell(rest)
	switch {
	case !isRun && shelled && strings.HasPrefix(command, "#(nop)"):
		s.Text = strings.TrimSpace(strings.TrimPrefix(command, "#(nop)"))
	case isRun || counted || shelled && !buildkit:
		s.Args, s.Shell = args, shell
		s.Text = "RUN " + strings.TrimSpace(command)
	default:
		s.Text = line
	}
	word, _, _ := strings.Cut(s.Text, " ")
	if keywords[strings.ToUpper(word)] && strings.ToUpper(word) == word {
		s.Keyword = word
	}
	return s
}

// buildArgs cuts "|2 A=x B=y " off a RUN's record. The values are not quoted,
// so one with blanks in it cannot be told from two: up to the shell's path
// everything is taken.
func buildArgs(s string) (args []string, rest string, ok bool) {
	tail, found := strings.CutPrefix(s, "|")
	if !found {
		return nil, s, false
	}
	digits := 0
	for digits < len(tail) && digits < 6 && tail[digits] >= '0' && tail[digits] <= '9' {
		digits++
	}
	if digits == 0 || digits == len(tail) || tail[digits] != ' ' {
		return nil, s, false
	}
	n := 0
	for _, c := range tail[:digits] {
		n = n*10 + int(c-'0')
	}
	rest = tail[digits+1:]
	for range n {
		word, after, more := strings.Cut(rest, " ")
		if !more || !strings.Contains(word, "=") && len(args) == 0 {
			break
		}
		// A blank in a value: what follows has no name of its own.
		if name, _, named := strings.Cut(word, "="); len(args) > 0 && (!named || strings.HasPrefix(name, "/") || strings.ContainsAny(name, "-:.")) {
			break
		}
		args, rest = append(args, word), after
	}
	if n > 0 && len(args) == 0 {
		return nil, s, false
	}
	if _, _, shelled := cutShell(rest); !shelled {
		if at := strings.Index(rest, " /bin/"); at >= 0 {
			if _, _, shelled := cutShell(rest[at+1:]); shelled && len(args) > 0 {
				args[len(args)-1] += " " + rest[:at]
				rest = rest[at+1:]
			}
		}
	}
	return args, rest, true
}

// cutShell cuts "/bin/sh -c " off a command; any shell, with its options.
func cutShell(s string) (shell []string, command string, ok bool) {
	words, rest := []string(nil), s
	for range 8 {
		word, after, more := strings.Cut(rest, " ")
		switch {
		case len(words) == 0 && !isShell(word):
			return nil, s, false
		case len(words) > 0 && word == "":
			return nil, s, false
		}
		words, rest = append(words, word), after
		if len(words) > 1 && isCommandFlag(word) {
			return words, rest, true
		}
		if !more {
			break
		}
	}
	return nil, s, false
}

// isCommandFlag tells the option behind which a shell's command stands.
func isCommandFlag(word string) bool {
	low := strings.ToLower(word)
	return low == "/c" || low == "-command" || len(word) <= 8 && strings.HasPrefix(word, "-") && !strings.HasPrefix(word, "--") && strings.HasSuffix(word, "c") && !strings.ContainsAny(word, "=/")
}

func isShell(word string) bool {
	base := word[strings.LastIndexAny(word, `/\`)+1:]
	name := strings.TrimSuffix(strings.ToLower(base), ".exe")
	return knowledge.Shells.Has(name) || knowledge.WindowsShells.Has(name) || name == "busybox"
}

// pair gives each step that has content its layer, when there are as many of
// them as layers: some builders squash layers and keep the history, or drop
// it.
func pair(steps []Step, layers []Layer) bool {
	n := 0
	for i := range steps {
		steps[i].Layer = -1
		if !steps[i].Empty {
			n++
		}
	}
	for i := range layers {
		layers[i].Step = -1
	}
	if n != len(layers) {
		return false
	}
	n = 0
	for i := range steps {
		if !steps[i].Empty {
			steps[i].Layer, layers[n].Step = n, i
			n++
		}
	}
	return true
}
