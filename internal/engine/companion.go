package engine

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"github.com/dockworthy/dockworthy/internal/run"
)

// A Companion is a service that a program depends on: it runs beside it as its
// Compose file says, with the usual rights of a container and no new privileges.
type Companion struct {
	Name     string
	Aliases  []string // further names in the network
	Image    string   // of the engine
	Settings run.Settings
	Until    run.Condition
}

// Network makes the private network of a run: its containers reach each other by
// name, and nothing else.
func (e *Engine) Network(ctx context.Context, id string) (string, error) {
	steady, done := steadily(ctx)
	defer done()
	network := namePrefix + id
	_, err := e.cli.NetworkCreate(steady, network, client.NetworkCreateOptions{Driver: "bridge", Internal: true, Labels: map[string]string{Label: id}})
	if err != nil {
		return "", fmt.Errorf("create a network for the services: %w", err)
	}
	return network, nil
}

// HasNetwork tells whether the engine has a network of this name.
func (e *Engine) HasNetwork(ctx context.Context, network string) bool {
	_, err := e.cli.NetworkInspect(ctx, network, client.NetworkInspectOptions{})
	return err == nil
}

// Pull fetches an image, with the credentials that docker has for its registry.
func (e *Engine) Pull(ctx context.Context, image string) error {
	opt := client.ImagePullOptions{}
	if ref, err := name.ParseReference(image); err == nil {
		if auth, err := authn.DefaultKeychain.Resolve(ref.Context()); err == nil && auth != authn.Anonymous {
			if c, err := auth.Authorization(); err == nil {
				if data, err := json.Marshal(map[string]string{"username": c.Username, "password": c.Password, "identitytoken": c.IdentityToken, "registrytoken": c.RegistryToken}); err == nil {
					opt.RegistryAuth = base64.URLEncoding.EncodeToString(data)
				}
			}
		}
	}
	r, err := e.cli.ImagePull(ctx, image, opt)
	if err != nil {
		return fmt.Errorf("pull %s: %w", image, err)
	}
	defer r.Close()
	dec := json.NewDecoder(r)
	for {
		var line struct{ Error string }
		if err := dec.Decode(&line); err == io.EOF {
			return nil
		} else if err != nil {
			return fmt.Errorf("pull %s: %w", image, err)
		}
		if line.Error != "" {
			return fmt.Errorf("pull %s: %s", image, line.Error)
		}
	}
}

// startGrace is how long a service of which nothing says when it is ready may take
// until it listens.
const startGrace = 15 * time.Second

// Accompany starts a companion and waits until it is what others wait for. What
// goes wrong in it is in what comes back; it runs until Remove.
func (e *Engine) Accompany(ctx context.Context, id string, c Companion) (*run.Companion, error) {
	out := &run.Companion{Name: c.Name, Image: c.Image, Until: c.Until}
	log := &run.Log{ID: id}
	p, err := e.prober(ctx, c.Image, c.Settings, log)
	if err != nil {
		return nil, err
	}
	if p.peek, err = e.peekImage(ctx, id); err != nil && ctx.Err() != nil {
		return nil, ctx.Err()
	}
	left, err := p.layIn(ctx, c.Settings)
	if err != nil {
		return nil, err
	}
	out.Left = left
	p.names = append([]string{c.Name}, c.Aliases...)
	t, err := p.create(ctx, c.Settings, c.Settings.Command, "")
	if err != nil {
		return nil, fmt.Errorf("the service %s: %w", c.Name, err)
	}
	t.begun = time.Now()
	if _, err := e.cli.ContainerStart(ctx, t.id, client.ContainerStartOptions{}); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		out.Why = startError(err)
		return out, nil
	}
	err = t.accompany(ctx, c, out)
	t.eyes.close(ctx)
	out.Seconds = time.Since(t.begun).Seconds()
	if err == nil && !out.Ready {
		if out.Logs, err = t.logs(ctx, 40); err == nil && out.Why == "" {
			out.Why = strings.TrimSpace(lastWords(out.Logs))
		}
	}
	return out, err
}

// accompany waits until a companion is what others wait for.
func (t *trial) accompany(ctx context.Context, c Companion, out *run.Companion) error {
	limit := t.p.patience(c.Settings, t.p.probeTimeout(c.Settings))
	if c.Until == run.Completed {
		limit = maxPatience
	}
	for {
		st, err := t.state(ctx)
		if err != nil {
			return err
		}
		if t.eyes == nil && t.p.peek != "" && !t.blind && st.Running && c.Until == run.Started {
			if t.eyes, err = t.p.e.open(ctx, t.p.id, t.p.peek, t.id); err != nil {
				t.blind = true
			}
		}
		age := time.Since(t.begun)
		switch {
		case !st.Running && c.Until == run.Completed:
			out.Ready = st.ExitCode == 0
			if !out.Ready {
				out.Why = fmt.Sprintf("it exited with status %d", st.ExitCode)
			}
			return nil
		case !st.Running:
			t.ended(st)
			out.Why = fmt.Sprintf("it exited with status %d after %.1f s", st.ExitCode, t.start.Lasted)
			return nil
		case c.Until == run.Healthy && t.health:
			out.Ready = st.Health != nil && st.Health.Status == container.Healthy
		case c.Until == run.Healthy:
			out.Why = "others wait for it to be healthy, and it has no health check"
			return nil
		case c.Until == run.Started && t.health && st.Health != nil && st.Health.Status == container.Healthy:
			out.Ready = true
		case c.Until == run.Started:
			out.Ready = t.listens(ctx) && age > settle || age > startGrace || t.blind && age > settle
		}
		if out.Ready {
			return nil
		}
		if age > limit {
			out.Why = fmt.Sprintf("it was not %s within %.0f s", c.Until, limit.Seconds())
			if st.Health != nil && len(st.Health.Log) > 0 {
				last := st.Health.Log[len(st.Health.Log)-1]
				out.Why += fmt.Sprintf(": its health check exited with status %d: %s", last.ExitCode, t.p.red.Hide(strings.TrimSpace(last.Output)))
			}
			return nil
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
