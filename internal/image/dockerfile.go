package image

import (
	"strings"

	"github.com/dockworthy/dockworthy/text"
)

// An Instruction is one of a Dockerfile, as it was when the image was built or
// is now.
type Instruction struct {
	Text string // with its keyword, continuations joined or not
	File *text.File
	Span text.Span
}

// FromDockerfile finds the instructions that an image's steps come from. The
// chain is that of the target: its stage's instructions behind those of the
// stages that it is built from. For each step it gives the index in the chain,
// or -1: the steps of the base image come from no instruction, those that the
// builder added neither.
//
// Both are gone through from their ends, where they are sure to meet. Where
// they differ, as variables are expanded in a history and flags are gone, the
// likeliest pairing in which both keep their order is taken.
func (img *Image) FromDockerfile(chain []Instruction) []int {
	return fromDockerfile(img.Steps, chain)
}

func fromDockerfile(steps []Step, chain []Instruction) []int {
	pairs := make([]int, len(steps))
	for i := range pairs {
		pairs[i] = -1
	}
	words := make([]instructionWords, len(chain))
	for j, in := range chain {
		words[j] = wordsOf(in.Text)
	}
	have := make([]instructionWords, len(steps))
	for i := range steps {
		have[i] = wordsOf(steps[i].Text)
	}
	// best[i][j] is the likeliest pairing of steps[i:] and chain[j:].
	best := make([][]float32, len(steps)+1)
	for i := range best {
		best[i] = make([]float32, len(chain)+1)
	}
	for i := len(steps) - 1; i >= 0; i-- {
		for j := len(chain) - 1; j >= 0; j-- {
			best[i][j] = max(best[i+1][j], best[i][j+1])
			if like := words[j].like(have[i]); like > 0 {
				best[i][j] = max(best[i][j], best[i+1][j+1]+like)
			}
		}
	}
	// Of pairings that are equally likely, the one nearest to the end.
	i, j := 0, 0
	for i < len(steps) && j < len(chain) {
		switch best[i][j] {
		case best[i+1][j]:
			i++
		case best[i][j+1]:
			j++
		default:
			pairs[i] = j
			i++
			j++
		}
	}
	return pairs
}

// instructionWords is an instruction as far as a history keeps it.
type instructionWords struct {
	keyword string
	words   []string
}

func wordsOf(line string) instructionWords {
	fields := strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(" \t\r\n\\[],\"'=;", r) })
	w := instructionWords{}
	for i, f := range fields {
		switch {
		case i == 0:
			w.keyword = strings.ToUpper(f)
		case len(w.words) == 0 && strings.HasPrefix(f, "--"), strings.Contains(f, "$"):
			// Flags are not kept, and variables are expanded.
		case len(w.words) < 200:
			w.words = append(w.words, f)
		}
	}
	if w.keyword == "MAINTAINER" {
		w.keyword = "LABEL"
	}
	return w
}

// like is how likely a step comes from an instruction: 0 = it does not, 2 =
// word for word.
func (w instructionWords) like(step instructionWords) float32 {
	if w.keyword != step.keyword || w.keyword == "" || w.keyword == "FROM" {
		return 0
	}
	if len(w.words) == 0 {
		return 0.5
	}
	have := make(map[string]bool, len(step.words))
	for _, s := range step.words {
		have[s] = true
	}
	n := 0
	for _, s := range w.words {
		if have[s] {
			n++
		}
	}
	share := float32(n) / float32(len(w.words))
	switch w.keyword {
	case "COPY", "ADD", "WORKDIR", "EXPOSE", "HEALTHCHECK", "CMD", "ENTRYPOINT", "SHELL", "VOLUME", "USER", "STOPSIGNAL":
		// The builder writes these anew: paths are made absolute, forms changed.
		return 0.25 + share*1.75
	}
	if share < 0.5 {
		return 0
	}
	return share * 2
}
