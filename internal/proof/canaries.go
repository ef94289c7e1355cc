package proof

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/engine"
	"github.com/dockworthy/dockworthy/internal/image"
	"github.com/dockworthy/dockworthy/internal/image/read"
	"github.com/dockworthy/dockworthy/internal/run"
	"github.com/dockworthy/dockworthy/internal/secret"
	"github.com/dockworthy/dockworthy/internal/source"
)

// planted are the files that are laid into a copy of the context: the names of
// rule 6, and a key. What is there already is left.
var planted = []string{".env", ".git/dockworthy-canary", "id_rsa", "__pycache__/dockworthy-canary.pyc", "venv/dockworthy-canary", "node_modules/dockworthy-canary/index.js", "test_data/dockworthy-canary"}

// A canary is a word that is nowhere else in the world.
func canary() string {
	var b [12]byte
	rand.Read(b[:])
	return "dw-canary-" + hex.EncodeToString(b[:])
}

// releaseCanaries builds a copy of the context with false secrets in it, in the
// build arguments that are named as secrets and in secret mounts, and looks
// where they come out: in every layer, the config and the history.
func (p *prover) releaseCanaries(ctx context.Context) error {
	c, err := p.contextCopy(ctx)
	if err != nil {
		return err
	}
	sown := &canaries{}
	if err := sown.plantFiles(c); err != nil {
		return err
	}
	plan := p.plan
	plan.Context, plan.Tag = c.dir, engine.Tag(p.log.ID, "canary")
	if err := sown.plantInputs(&plan, p.b, p.dir); err != nil {
		return err
	}
	log := &run.Canaries{Planted: sown.planted}
	p.log.Canaries = log
	b, err := p.e.Build(ctx, plan)
	if err != nil {
		return err
	}
	if b.Error != "" {
		log.Error = "with canaries the build fails at " + b.Step + ": " + b.Error
		return nil
	}
	// The same image once more holds none of them, and need not be read.
	if same, err := p.e.Same(ctx, p.plan.Tag, plan.Tag); err != nil {
		return err
	} else if same {
		return nil
	}
	img, err := ReadEngine(ctx, p.e, plan.Tag, "canary", read.Options{NoSecrets: true, Planted: sown.words})
	if err != nil {
		return err
	}
	log.Planted = found(log.Planted, sown.words, img)
	return nil
}

// canaries are what was planted, each with its word.
type canaries struct {
	planted []run.Canary
	words   []string
}

func (s *canaries) add(word string, c run.Canary) {
	c.Layer = -1
	s.words, s.planted = append(s.words, word), append(s.planted, c)
}

// plantFiles lays files into a copy of the context. Of those that are there it
// adds a line to what is likely to be a secret.
func (s *canaries) plantFiles(c *contextCopy) error {
	for _, name := range planted {
		w := canary()
		content := w + "\n"
		if name == ".env" {
			content = "DOCKWORTHY_CANARY=" + w + "\n"
		}
		fresh, err := c.put(name, content)
		if err != nil {
			return err
		}
		if !fresh {
			if name != ".env" && name != "id_rsa" {
				continue
			}
			if _, err := c.edit(name, content); err != nil {
				continue // it is a link, or no file at all
			}
		}
		s.add(w, run.Canary{Kind: "file", Name: name, Real: !fresh})
	}
	return nil
}

// plantInputs gives a build the secrets that it asks for and nobody gave. dir is
// where their files are put.
func (s *canaries) plantInputs(plan *engine.BuildPlan, b *source.Build, dir string) error {
	// Maps of its own: the other builds of this proof get none of it.
	args, secrets := map[string]string{}, map[string]string{}
	maps.Copy(args, plan.Args)
	maps.Copy(secrets, plan.Secrets)
	plan.Args, plan.Secrets = args, secrets
	names, mounts := secretInputs(b)
	for _, name := range names {
		if _, given := args[name]; !given {
			args[name] = canary()
			s.add(args[name], run.Canary{Kind: "build-arg", Name: name})
		}
	}
	for _, id := range mounts {
		if _, given := secrets[id]; given {
			continue
		}
		w := canary()
		s.add(w, run.Canary{Kind: "secret", Name: id})
		file := filepath.Join(dir, "secret-"+hex.EncodeToString([]byte(id)))
		if err := os.WriteFile(file, []byte(w+"\n"), 0o600); err != nil {
			return fmt.Errorf("plant the secret %s: %w", id, err)
		}
		secrets[id] = file
		// The key of a cached step does not hold the secret: what was built
		// with another one would be taken.
		plan.NoCache = true
	}
	return nil
}

// found adds to canaries where an image holds their words.
func found(list []run.Canary, words []string, img *image.Image) []run.Canary {
	for _, hit := range img.Planted {
		k := &list[hit.Word]
		k.Found = append(k.Found, fmt.Sprintf("layer %d %s", hit.Layer+1, hit.Path))
		if k.Layer < 0 || hit.Layer < k.Layer {
			k.Layer = hit.Layer
		}
	}
	lines := slices.Collect(strings.Lines(string(img.Text.Data)))
	for _, s := range img.Steps {
		// The listing leaves out the build arguments of a RUN.
		lines = append(lines, "history "+s.CreatedBy, "comment "+s.Comment)
	}
	for _, line := range lines {
		for i, w := range words {
			head, _, ok := strings.Cut(strings.Join(strings.Fields(line), " "), w)
			if !ok || len(list[i].Found) >= 20 {
				continue
			}
			if len(head) > 60 {
				head = head[:60] + "…"
			}
			if where := "config: " + head; !slices.Contains(list[i].Found, where) {
				list[i].Found = append(list[i].Found, where)
			}
		}
	}
	return list
}

// givenSecrets are the values that the user gave for secret mounts, to be
// looked for in the image; a value of a few characters is found anywhere.
func givenSecrets(files map[string]string) (words []string, list []run.Canary, err error) {
	for _, id := range slices.Sorted(maps.Keys(files)) {
		data, err := os.ReadFile(files[id])
		if err != nil {
			return nil, nil, fmt.Errorf("read the secret %s: %w", id, err)
		}
		if w := strings.TrimSpace(string(data)); len(w) >= 8 && len(w) < 1000 && !strings.Contains(w, "\n") {
			words = append(words, w)
			list = append(list, run.Canary{Kind: "secret", Name: id, Layer: -1})
		}
	}
	return words, list, nil
}

// secretInputs are the build arguments that are named as secrets, and the ids
// of secret mounts, of the stages that a build needs.
func secretInputs(b *source.Build) (args, mounts []string) {
	for _, st := range b.Stages {
		if !b.Needs(st) {
			continue
		}
		for _, s := range st.Steps {
			for _, v := range s.Vars {
				if v.Arg && secret.Named(v.Name) && !slices.Contains(args, v.Name) {
					args = append(args, v.Name)
				}
			}
			r := s.Run()
			if r == nil {
				continue
			}
			for _, m := range r.Mounts {
				if m.Type == "secret" {
					id := m.ID
					if id == "" {
						id = filepath.Base(m.Target)
					}
					if id != "." && !slices.Contains(mounts, id) {
						mounts = append(mounts, id)
					}
				}
			}
		}
	}
	return args, mounts
}
