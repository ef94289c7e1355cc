package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/containerd/errdefs"
	dockerspec "github.com/moby/docker-image-spec/specs-go/v1"
	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/api/types/swarm"
	"github.com/moby/moby/client"

	"github.com/dockworthy/dockworthy/internal/engine/peek"
	"github.com/dockworthy/dockworthy/internal/run"
)

// gwbridge is the network that an engine makes when it joins a swarm, and keeps
// when it leaves. One that is there already it takes as it is.
const gwbridge = "docker_gwbridge"

// Swarm makes the engine a swarm of one node, runs the image there as a
// service, freezes the task, and looks whether another one replaces it. An
// engine that is in a swarm already is left alone. What cannot be tried is said
// in the log.
func (e *Engine) Swarm(ctx context.Context, image string, log *run.Log) error {
	s := &run.Swarm{}
	log.Swarm = s
	info, err := e.cli.Info(ctx, client.InfoOptions{})
	if err != nil {
		return fmt.Errorf("query the engine for its swarm: %w", err)
	}
	if state := info.Info.Swarm.LocalNodeState; state != "" && state != swarm.LocalNodeStateInactive {
		s.Error = "the engine is already part of a swarm, in which dockworthy does not run tests"
		return nil
	}
	p, err := e.prober(ctx, image, log.Settings, log)
	if err != nil {
		return err
	}
	if p.probe(log.Settings) == nil {
		s.Error = "the image has no health check, by which a swarm decides what to replace"
		return nil
	}
	if p.peek, err = e.peekImage(ctx, log.ID); err != nil {
		s.Error = err.Error()
		return nil
	}
	steady, done := steadily(ctx)
	defer done()
	mine := map[string]string{Label: log.ID}
	if _, err := e.cli.NetworkInspect(ctx, gwbridge, client.NetworkInspectOptions{}); errdefs.IsNotFound(err) {
		// Made here it bears the label, and is removed with the rest.
		_, err := e.cli.NetworkCreate(steady, gwbridge, client.NetworkCreateOptions{Driver: "bridge", Labels: mine, Options: map[string]string{
			"com.docker.network.bridge.name": gwbridge, "com.docker.network.bridge.enable_icc": "false", "com.docker.network.bridge.enable_ip_masquerade": "true",
		}})
		if err != nil {
			s.Error = "the network for the swarm cannot be created: " + err.Error()
			return nil
		}
	}
	spec := swarm.Spec{}
	spec.Labels = mine
	spec.Name = "default" // the only name that a swarm may have
	if _, err := e.cli.SwarmInit(steady, client.SwarmInitOptions{ListenAddr: "127.0.0.1:0", AdvertiseAddr: "127.0.0.1", Spec: spec}); err != nil {
		s.Error = "the swarm cannot be created: " + err.Error()
		return nil
	}
	set := log.Settings
	if _, err := e.cli.ServiceCreate(steady, client.ServiceCreateOptions{Spec: p.service(set, mine)}); err != nil {
		s.Error = "the service cannot be created: " + err.Error()
		return nil
	}
	first, err := p.task(ctx, "", set.StartLimit)
	if err != nil || first == "" {
		s.Error = "no task of the service became healthy"
		return err
	}
	y, err := e.open(ctx, log.ID, p.peek, first)
	if err != nil {
		s.Error = err.Error()
		return ctx.Err()
	}
	defer y.close(ctx)
	if _, err := e.cli.ContainerKill(ctx, first, client.ContainerKillOptions{Signal: "SIGSTOP"}); err != nil {
		s.Error = "the task cannot be frozen: " + err.Error()
		return ctx.Err()
	}
	if _, err := y.ask(ctx, peek.Request{Op: "freeze"}); err != nil {
		s.Error = err.Error()
		return ctx.Err()
	}
	begin := time.Now()
	second, err := p.task(ctx, first, 60*time.Second)
	s.Seconds = time.Since(begin).Seconds()
	s.Replaced = second != ""
	return err
}

// service is the image as a service, as hard as a swarm can be told.
func (p *prober) service(set run.Settings, labels map[string]string) swarm.ServiceSpec {
	probe := p.probe(set)
	one, delay, grace := uint64(1), 200*time.Millisecond, 2*time.Second
	c := &swarm.ContainerSpec{
		Image: p.image, Labels: labels, Args: set.Command, ReadOnly: set.ReadOnly, StopGracePeriod: &grace,
		Healthcheck: &dockerspec.HealthcheckConfig{Interval: healthInterval, Timeout: probe.Timeout, Retries: healthRetries},
	}
	if set.Capabilities != nil {
		c.CapabilityDrop, c.CapabilityAdd = []string{"ALL"}, set.Capabilities
	}
	for _, name := range slices.Sorted(maps.Keys(set.Env)) {
		c.Env = append(c.Env, name+"="+set.Env[name])
	}
	for _, dir := range set.Writable {
		c.Mounts = append(c.Mounts, mount.Mount{Type: mount.TypeTmpfs, Target: dir, TmpfsOptions: &mount.TmpfsOptions{Mode: 0o1777}})
	}
	spec := swarm.ServiceSpec{
		TaskTemplate: swarm.TaskSpec{
			ContainerSpec: c,
			RestartPolicy: &swarm.RestartPolicy{Condition: swarm.RestartPolicyConditionAny, Delay: &delay},
			Resources:     &swarm.ResourceRequirements{Limits: &swarm.Limit{MemoryBytes: set.Memory, Pids: set.Pids}},
		},
		Mode: swarm.ServiceMode{Replicated: &swarm.ReplicatedService{Replicas: &one}},
	}
	spec.Name, spec.Labels = "dockworthy-"+short(p.id), labels
	return spec
}

// task waits for a healthy container of the service other than one; "" = none
// came in time.
func (p *prober) task(ctx context.Context, other string, limit time.Duration) (string, error) {
	deadline := time.Now().Add(limit)
	for time.Now().Before(deadline) {
		list, err := p.e.cli.ContainerList(ctx, client.ContainerListOptions{Filters: make(client.Filters).Add("label", Label+"="+p.id).Add("health", "healthy")})
		if err != nil {
			return "", fmt.Errorf("find the service's task: %w", err)
		}
		for _, c := range list.Items {
			if c.ID != other && c.Labels["com.docker.swarm.service.name"] != "" {
				return c.ID, nil
			}
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
	return "", nil
}

// swarmOf is the run that made the engine a swarm; "" = none did.
func (e *Engine) swarmOf(ctx context.Context) string {
	res, err := e.cli.SwarmInspect(ctx, client.SwarmInspectOptions{})
	if err != nil {
		return "" // it is none
	}
	return res.Swarm.Spec.Labels[Label]
}

// disband ends the swarm of a run, with its services.
func (e *Engine) disband(ctx context.Context, id string) error {
	if e.swarmOf(ctx) != id {
		return nil
	}
	_, err := e.cli.SwarmLeave(ctx, client.SwarmLeaveOptions{Force: true})
	return err
}
