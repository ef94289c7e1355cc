package source

import (
	"strings"
	"testing"
	"time"

	"github.com/dockworthy/dockworthy/bench/hostile"
)

// stepsOf reads all that there is in a repository, asks what rules ask, and
// counts the steps that it took: those of variables, of shell programs, of files
// through stages, of the build context, of YAML and of ignore patterns.
func stepsOf(t testing.TB, files hostile.Files) int {
	t.Helper()
	p := Open(files.FS(), []string{"."}, Options{AsOf: time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)})
	steps := 0
	for _, c := range p.compose {
		steps += c.Steps()
	}
	for _, env := range p.dotEnvs {
		steps += env.Steps
	}
	for _, k := range p.kube {
		steps += k.manifest.Steps()
	}
	counted := map[*evaluator]bool{}
	for _, u := range p.Units {
		builds, prob := p.Builds(u)
		if prob != nil {
			continue
		}
		for _, b := range builds {
			if b.Target == nil {
				continue
			}
			ask(b)
			if e := b.Target.eval; !counted[e] {
				counted[e] = true
				steps += e.words.meter.Spent + e.programs.Spent() + e.walks.Spent
			}
			if m := b.memo.origins.meter; m != nil {
				steps += m.Spent
			}
		}
	}
	for _, tree := range p.trees.done() {
		steps += tree.names.Spent + tree.walks.Spent
	}
	for _, ig := range p.ignores.done() {
		if ig != nil {
			steps += ig.list.Steps()
		}
	}
	return steps + p.searches.Spent + p.extending.Spent
}

// ask asks a build what rules ask.
func ask(b *Build) {
	b.Start()
	b.User()
	b.FileAt("/app/start.sh")
	for _, s := range b.Stages {
		for range s.Upwards() {
		}
		for _, step := range s.Steps {
			if run := step.Run(); run != nil {
				for _, c := range run.Commands() {
					b.Sees(step, "/"+c.Program())
				}
				run.Effects.Kept()
			}
			if c := step.Copy; c != nil && b.Context != nil {
				for _, src := range c.Sources {
					for _, p := range c.sourcePaths(b, src) {
						b.Context.Sent(p, false)
					}
				}
			}
		}
	}
	if b.Context != nil {
		entries, _ := b.Context.Notable()
		for _, e := range entries {
			b.Context.Sent(e.Path, e.Dir)
		}
	}
}

// What a repository may take in steps: what all budgets give to any, and what
// they give for each byte.
const (
	freeSteps    = 16 << 20
	stepsPerByte = 256
)

func within(t testing.TB, name string, files hostile.Files) {
	t.Helper()
	if steps, most := stepsOf(t, files), freeSteps+stepsPerByte*files.Size(); steps > most {
		t.Errorf("%s of %d bytes takes %d steps, more than %d", name, files.Size(), steps, most)
	}
}

// However hostile a repository is, looking at it takes no more steps than its
// size is worth.
func TestStepsAreLinear(t *testing.T) {
	for _, k := range hostile.Kinds() {
		within(t, k.Name, k.Make(12_000))
	}
}

// FuzzSteps looks for repositories that take more steps than their size is
// worth. Steps are counted, not seconds, so that it fails alike on all machines.
// What it is given stands in the files five times over: what grows faster than
// its input grows beyond any bound.
func FuzzSteps(f *testing.F) {
	for _, k := range hostile.Kinds() {
		files := k.Make(2_000)
		f.Add(string(files["Dockerfile"]), string(files["compose.yaml"]), string(files[".env"]), string(files[".dockerignore"]), string(files["start.sh"]))
	}
	f.Fuzz(func(t *testing.T, dockerfile, compose, env, ignore, script string) {
		if len(dockerfile)+len(compose)+len(env)+len(ignore)+len(script) > 64<<10 {
			t.Skip("small ones grow as well")
		}
		files := hostile.Files{
			"Dockerfile": []byte(strings.Repeat(dockerfile+"\n", 5)), "compose.yaml": []byte(compose), ".env": []byte(strings.Repeat(env+"\n", 5)),
			".dockerignore": []byte(strings.Repeat(ignore+"\n", 5)), "start.sh": []byte(strings.Repeat(script+"\n", 5)),
		}
		within(t, "this", files)
	})
}
