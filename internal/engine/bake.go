package engine

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// What a build is made of reaches the builder's client as data, in a file: build
// arguments, labels, names of stages and contexts come from the project, and a
// project must not choose an option or a variable of a program on this machine.
const (
	bakeFile   = "docker-bake.json"
	bakeTarget = "image"
)

// A bake is the file that buildx bake reads.
type bake struct {
	Target map[string]bakeBuild `json:"target"`
}

type bakeBuild struct {
	Context    string            `json:"context"`
	Dockerfile string            `json:"dockerfile"`
	Target     string            `json:"target,omitempty"`
	Args       map[string]string `json:"args,omitempty"`
	Contexts   map[string]string `json:"contexts,omitempty"`
	Labels     map[string]string `json:"labels,omitempty"`
	Tags       []string          `json:"tags,omitempty"`
	Platforms  []string          `json:"platforms,omitempty"`
	Secret     []string          `json:"secret,omitempty"`
	NoCache    bool              `json:"no-cache,omitempty"`
	Output     []string          `json:"output"`
}

// lay writes into an empty folder what the builder's client reads, and gives the
// paths outside that it may read.
func (p BuildPlan) lay(dir string) (reads []string, err error) {
	write := func(name string, data []byte) {
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), data, 0o600)
		}
	}
	// Beside the Dockerfile stands its ignore file, and nothing else by which a
	// builder is told what to do.
	write("Dockerfile", p.Dockerfile)
	if p.Ignore != nil {
		write("Dockerfile.dockerignore", p.Ignore)
	}
	b := bakeBuild{
		Context: literal(p.Context), Dockerfile: literal(filepath.Join(dir, "Dockerfile")), Target: literal(p.Target),
		Args: literals(p.Args), Labels: literals(p.Labels), Tags: words(p.Tag), Platforms: words(p.Platform),
		NoCache: p.NoCache, Output: []string{"type=docker"},
	}
	reads = []string{dir, p.Context}
	b.Contexts = literals(p.Contexts)
	for _, where := range p.Contexts {
		if filepath.IsAbs(where) {
			reads = append(reads, where)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(p.Secrets)) {
		file, aerr := filepath.Abs(p.Secrets[id])
		if aerr != nil {
			return nil, fmt.Errorf("find the secret %s: %w", id, aerr)
		}
		word, werr := fields("type=file", "id="+id, "src="+file)
		if werr != nil {
			return nil, fmt.Errorf("pass the secret %s to the builder: %w", id, werr)
		}
		b.Secret = append(b.Secret, literal(word))
		reads = append(reads, file)
	}
	data, jerr := json.Marshal(bake{map[string]bakeBuild{bakeTarget: b}})
	if jerr != nil {
		return nil, fmt.Errorf("write the build file: %w", jerr)
	}
	write(bakeFile, data)
	if err != nil {
		return nil, fmt.Errorf("write the build file: %w", err)
	}
	slices.Sort(reads)
	return slices.Compact(reads), nil
}

// literal is a string as bake's templates take it for itself: ${ and %{ begin
// an expression, $${ and %%{ do not.
func literal(s string) string {
	return templates.Replace(s)
}

var templates = strings.NewReplacer("${", "$${", "%{", "%%{")

func literals(m map[string]string) map[string]string {
	if len(m) == 0 {
		return nil
	}
	out := make(map[string]string, len(m))
	for k, v := range m {
		out[literal(k)] = literal(v) // a key is a template too
	}
	return out
}

// words are the strings that are not empty.
func words(list ...string) (out []string) {
	for _, w := range list {
		if w != "" {
			out = append(out, literal(w))
		}
	}
	return out
}

// fields joins fields as buildx splits them, by the rules of CSV.
func fields(list ...string) (string, error) {
	var b strings.Builder
	w := csv.NewWriter(&b)
	err := w.Write(list)
	w.Flush()
	return strings.TrimSuffix(b.String(), "\n"), errors.Join(err, w.Error())
}

// bakeAsks tells whether this buildx asks what bake may read on this machine
// (buildx 0.18 and newer).
func (e *Engine) bakeAsks(ctx context.Context, argv []string) bool {
	e.bakeOnce.Do(func() {
		cmd := exec.CommandContext(ctx, argv[0], append(slices.Clone(argv[1:]), "bake", "--help")...)
		cmd.Env = ClientEnviron()
		out, err := cmd.Output()
		e.bakeAllow = err == nil && strings.Contains(string(out), "--allow ")
	})
	return e.bakeAllow
}
