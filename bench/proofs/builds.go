package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// The rules and levels, in the order in which they are printed.
var (
	ruleNames  = []string{"multi-stage", "non-root", "layer-cache", "pinned-base", "secrets", "dockerignore", "entrypoint", "healthcheck"}
	levelNames = []string{"source", "image", "run"}
)

// An Answer is what one cell may come to: one of the five outcomes, or several
// where either will do. Empty means that nobody judged it.
type Answer []string

// outcomes are the five, each with the letter it has in the matrix.
var outcomes = map[string]string{
	"holds": "H", "violated": "V", "undecided": "u", "not-applicable": "n", "not-looked-at": "-",
}

func (a *Answer) UnmarshalYAML(n *yaml.Node) error {
	for _, word := range strings.Split(n.Value, "|") {
		if outcomes[word] == "" {
			return fmt.Errorf("line %d: %q is no outcome", n.Line, word)
		}
		*a = append(*a, word)
	}
	return nil
}

// letters is the answer as the matrix has it.
func (a Answer) letters() string {
	var b strings.Builder
	for _, word := range a {
		b.WriteString(outcomes[word])
	}
	return b.String()
}

// agrees says whether two answers have an outcome in common, or one of them is
// nobody's.
func (a Answer) agrees(b Answer) bool {
	return len(a) == 0 || len(b) == 0 || slices.ContainsFunc(a, func(word string) bool { return slices.Contains(b, word) })
}

// A Card is what all the rules come to: rule, then level.
type Card map[string]map[string]Answer

func (c Card) set(rule, level string, answer ...string) {
	if c[rule] == nil {
		c[rule] = map[string]Answer{}
	}
	c[rule][level] = answer
}

// A Build is one of the builds that are kept, with its labels.
type Build struct {
	Name    string   `yaml:"-"`
	About   string   `yaml:"about"`
	Like    string   `yaml:"like"`    // the build whose files it has where it has none of its own
	Without []string `yaml:"without"` // files of that one that it does without
	Edit    string   `yaml:"edit"`    // the source file that is touched between two builds; else app.py
	Planted string   `yaml:"planted"` // the shape of the secret that stands for @PLANTED@
	Exit    int      `yaml:"exit"`    // dockworthy's exit status, where it is not 0 or 1
	Says    string   `yaml:"says"`    // a word that what dockworthy says of a failed build has to hold
	Differs Card     `yaml:"differs"` // the cells that are not as golden has them
}

// Labels are labels.yaml.
type Labels struct {
	Golden Card              `yaml:"golden"`
	Builds map[string]*Build `yaml:"builds"`
}

func readLabels(path string) (Labels, error) {
	var labels Labels
	data, err := os.ReadFile(path)
	if err != nil {
		return labels, err
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	if err := decoder.Decode(&labels); err != nil {
		return labels, fmt.Errorf("%s: %w", path, err)
	}
	for name, b := range labels.Builds {
		b.Name = name
		if b.Edit == "" {
			b.Edit = "app.py"
		}
	}
	return labels, nil
}

// label is what a cell of the build has to come to.
func (l Labels) label(b *Build, rule, level string) Answer {
	if a := b.Differs[rule][level]; a != nil {
		return a
	}
	return l.Golden[rule][level]
}

// planted are secrets of vendors' shapes, in pieces, so that no scanner takes
// this file for a leak. They have never opened anything.
var planted = map[string]string{
	"stripe": "sk_" + "live_" + "4eC39HqLyjWD" + "arjtT1zdp7dc",
	"npm":    "npm_" + "k3Vb9QxT2mWz8Lr5" + "Yc7Nd1Hs6Pf4Gj0RtUaE",
}

// stage writes a build's files into dir: those of the build it is like, then its
// own. Git keeps neither a .git nor, gladly, a .env: dot-X stands for .X.
func (b *Build) stage(builds, dir string) error {
	layers := []string{b.Name}
	if b.Like != "" {
		layers = []string{b.Like, b.Name}
	}
	for _, layer := range layers {
		root := filepath.Join(builds, layer)
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			name, err := filepath.Rel(root, path)
			if err != nil {
				return err
			}
			if layer != b.Name && slices.Contains(b.Without, name) {
				return nil
			}
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			info, err := d.Info()
			if err != nil {
				return err
			}
			parts := strings.Split(name, string(filepath.Separator))
			for i, part := range parts {
				if rest, ok := strings.CutPrefix(part, "dot-"); ok {
					parts[i] = "." + rest
				}
			}
			to := filepath.Join(dir, filepath.Join(parts...))
			if b.Planted != "" {
				data = bytes.ReplaceAll(data, []byte("@PLANTED@"), []byte(planted[b.Planted]))
			}
			if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
				return err
			}
			if err := os.WriteFile(to, data, info.Mode().Perm()); err != nil {
				return err
			}
			return os.Chmod(to, info.Mode().Perm())
		})
		if err != nil {
			return err
		}
	}
	return nil
}
