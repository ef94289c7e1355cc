package engine

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"
)

// Repository is the name of the images that runs make; the tag is the run's id.
// Its host can belong to nobody (RFC 2606), so it is never pulled or pushed.
const Repository = "dockworthy.invalid/run"

// NewID is an id for a run of this process. It says on which machine and in
// which process the run lives, so that another one can tell what a killed run
// has left from what a living one needs: MACHINE-PID-START-RANDOM.
func NewID() string {
	var b [4]byte
	rand.Read(b[:])
	return fmt.Sprintf("%s-%d-%s-%s", machine(), os.Getpid(), startTime(os.Getpid()), hex.EncodeToString(b[:]))
}

// machine names this machine and its PID namespace.
func machine() string {
	id, err := os.ReadFile("/etc/machine-id")
	host, _ := os.Hostname()
	if err != nil || len(strings.TrimSpace(string(id))) == 0 {
		id = []byte(host)
	}
	ns, _ := os.Readlink("/proc/self/ns/pid")
	sum := sha256.Sum256([]byte(strings.TrimSpace(string(id)) + "\x00" + host + "\x00" + ns))
	return hex.EncodeToString(sum[:5])
}

// startTime is when a process began, in the kernel's ticks since boot; "0"
// where the system does not tell, "" where there is no such process.
func startTime(pid int) string {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		if _, ours := os.Stat("/proc/self/stat"); ours == nil {
			return ""
		}
		return alive(pid)
	}
	// The name in parentheses may hold anything: fields are counted behind it.
	_, rest, ok := strings.Cut(string(data[strings.LastIndexByte(string(data), ')')+1:]), " ")
	fields := strings.Fields(rest)
	if !ok || len(fields) < 20 {
		return "0"
	}
	if fields[0] == "Z" {
		return "" // it has ended, and its parent has not asked yet
	}
	return fields[19] // field 22 of proc(5)
}

// abandoned tells whether a run's process is gone. A run of another machine is
// not ours to judge.
func abandoned(id string) bool {
	parts := strings.Split(id, "-")
	if len(parts) != 4 || parts[0] != machine() {
		return false
	}
	pid, err := strconv.Atoi(parts[1])
	return err == nil && startTime(pid) != parts[2]
}

// Left are the runs of this machine that left something on the engine and whose
// process is gone.
func (e *Engine) Left(ctx context.Context) ([]string, error) {
	ids, err := e.runs(ctx)
	if err != nil {
		return nil, fmt.Errorf("find the remains of earlier runs: %w", err)
	}
	return slices.DeleteFunc(ids, func(id string) bool { return !abandoned(id) }), nil
}

// Sweep removes what such runs left, and says which they were.
func (e *Engine) Sweep(ctx context.Context) ([]string, error) {
	ids, err := e.Left(ctx)
	if err != nil {
		return nil, err
	}
	var gone []string
	var errs []error
	for _, id := range ids {
		if err := e.Remove(ctx, id); err != nil {
			errs = append(errs, err)
			continue
		}
		gone = append(gone, id)
	}
	if len(errs) == 0 { // their folders tell that they were
		sweepTemp()
	}
	return gone, errors.Join(errs...)
}

// runs are the ids of all runs that have something on the engine.
func (e *Engine) runs(ctx context.Context) ([]string, error) {
	seen := map[string]bool{e.swarmOf(ctx): true}
	byLabel := make(client.Filters).Add("label", Label)
	containers, err := e.cli.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: byLabel})
	if err != nil {
		return nil, err
	}
	for _, c := range containers.Items {
		if id := c.Labels[Label]; ours(id, c.Names...) {
			seen[id] = true
		}
	}
	images, err := e.cli.ImageList(ctx, client.ImageListOptions{Filters: make(client.Filters).Add("reference", Repository)})
	if err != nil {
		return nil, err
	}
	for _, img := range images.Items {
		for _, tag := range img.RepoTags {
			if id, ok := runOf(tag); ok {
				seen[id] = true
			}
		}
	}
	// One that lost its name to another is known by its label alone.
	nameless, err := e.cli.ImageList(ctx, client.ImageListOptions{Filters: make(client.Filters).Add("label", Label).Add("dangling", "true")})
	if err != nil {
		return nil, err
	}
	for _, img := range nameless.Items {
		if id := img.Labels[Label]; began(id) {
			seen[id] = true
		}
	}
	volumes, err := e.cli.VolumeList(ctx, client.VolumeListOptions{Filters: byLabel})
	if err != nil {
		return nil, err
	}
	for _, v := range volumes.Items {
		seen[v.Labels[Label]] = true
	}
	networks, err := e.cli.NetworkList(ctx, client.NetworkListOptions{Filters: byLabel})
	if err != nil {
		return nil, err
	}
	for _, n := range networks.Items {
		seen[n.Labels[Label]] = true
	}
	var ids []string
	for id := range seen {
		if id != "" {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids, nil
}

// ours tells whether a container bears a name that a run gives. Its label alone
// says nothing: an image hands its own on, and a Dockerfile can write any.
func ours(id string, names ...string) bool {
	return slices.ContainsFunc(names, func(n string) bool {
		return id != "" && strings.HasPrefix(strings.TrimPrefix(n, "/"), namePrefix+id) || strings.HasPrefix(strings.TrimPrefix(n, "/"), namePrefix+short(id)+".")
	})
}

// namePrefix begins the names of containers of runs; the run's id follows.
const namePrefix = "dockworthy-"

// began tells whether a run of this id really began on this machine: its folder
// for temporary files is still there.
func began(id string) bool {
	_, err := os.Lstat(filepath.Join(os.TempDir(), tempPrefix+id))
	return id != "" && !strings.ContainsAny(id, `/\`) && err == nil
}

// runOf is the run that an image's tag names: dockworthy.invalid/run:ID.what.
func runOf(tag string) (string, bool) {
	rest, ok := strings.CutPrefix(tag, Repository+":")
	if !ok {
		return "", false
	}
	id, _, _ := strings.Cut(rest, ".")
	return id, id != ""
}

// tempPrefix begins the names of runs' folders for temporary files.
const tempPrefix = "dockworthy-run-"

// TempDir makes the folder for a run's temporary files. What a killed run left
// there Sweep removes too.
func TempDir(id string) (string, error) {
	dir := filepath.Join(os.TempDir(), tempPrefix+id)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return "", fmt.Errorf("create a folder for temporary files: %w", err)
	}
	return dir, nil
}

// sweepTemp removes the folders of runs that are gone.
func sweepTemp() {
	list, _ := filepath.Glob(filepath.Join(os.TempDir(), tempPrefix+"*"))
	for _, dir := range list {
		if abandoned(strings.TrimPrefix(filepath.Base(dir), tempPrefix)) {
			os.RemoveAll(dir)
		}
	}
}

// Tag is the name of an image of a run: what tells the run's images apart.
func Tag(id, what string) string { return Repository + ":" + id + "." + what }

// Remove removes everything that a run made. It goes on after an error, and
// removing nothing is no error. What the engine was still making when the run
// was interrupted shows up a moment later, so it looks again until there is
// nothing.
func (e *Engine) Remove(ctx context.Context, id string) error {
	var err error
	for range 20 {
		if err = e.remove(ctx, id); ctx.Err() != nil {
			return err
		}
		time.Sleep(50 * time.Millisecond)
		if ids, lerr := e.runs(ctx); lerr == nil && !slices.Contains(ids, id) && err == nil {
			return nil
		}
		time.Sleep(200 * time.Millisecond)
	}
	return err
}

// remove removes what is there now: containers first, for the rest hangs on
// them.
func (e *Engine) remove(ctx context.Context, id string) error {
	var errs []error
	fail := func(what string, err error) {
		if err != nil && !errdefs.IsNotFound(err) {
			errs = append(errs, fmt.Errorf("remove %s of run %s: %w", what, id, err))
		}
	}
	mine := make(client.Filters).Add("label", Label+"="+id)
	// A swarm would start anew what is removed.
	fail("the swarm", e.disband(ctx, id))
	containers, err := e.cli.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: mine})
	fail("the containers", err)
	for _, c := range containers.Items {
		if !ours(id, c.Names...) {
			continue
		}
		_, err := e.cli.ContainerRemove(ctx, c.ID, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
		if err != nil && strings.Contains(err.Error(), "already in progress") {
			continue
		}
		fail("container "+short(c.ID), err)
	}
	images, err := e.cli.ImageList(ctx, client.ImageListOptions{Filters: make(client.Filters).Add("reference", Repository)})
	fail("the images", err)
	for _, img := range images.Items {
		for _, t := range img.RepoTags {
			if run, ok := runOf(t); ok && run == id {
				_, err := e.cli.ImageRemove(ctx, t, client.ImageRemoveOptions{PruneChildren: true})
				fail("image "+path.Base(t), err)
			}
		}
	}
	nameless, err := e.cli.ImageList(ctx, client.ImageListOptions{Filters: make(client.Filters).Add("label", Label+"="+id).Add("dangling", "true")})
	fail("the images", err)
	for _, img := range nameless.Items {
		if !began(id) {
			continue
		}
		_, err := e.cli.ImageRemove(ctx, img.ID, client.ImageRemoveOptions{PruneChildren: true})
		fail("image "+short(img.ID), err)
	}
	volumes, err := e.cli.VolumeList(ctx, client.VolumeListOptions{Filters: mine})
	fail("the volumes", err)
	for _, v := range volumes.Items {
		_, err := e.cli.VolumeRemove(ctx, v.Name, client.VolumeRemoveOptions{Force: true})
		fail("volume "+v.Name, err)
	}
	networks, err := e.cli.NetworkList(ctx, client.NetworkListOptions{Filters: mine})
	fail("the networks", err)
	for _, n := range networks.Items {
		_, err := e.cli.NetworkRemove(ctx, n.ID, client.NetworkRemoveOptions{})
		fail("network "+n.Name, err)
	}
	return errors.Join(errs...)
}

// short is as much of a digest or id as a reader looks at.
func short(id string) string {
	id = strings.TrimPrefix(id, "sha256:")
	return id[:min(12, len(id))]
}
