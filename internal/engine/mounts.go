package engine

import (
	"archive/tar"
	"context"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/client"

	"github.com/dockworthy/dockworthy/internal/run"
)

// mounts are what a container gets on its folders: never a path of this machine.
// Files come as copies in volumes of the run.
func (p *prober) mounts(ctx context.Context, s run.Settings, uid, gid int) ([]mount.Mount, error) {
	var list []mount.Mount
	for i, m := range s.Mounts {
		if m.Single {
			continue // it is in the image: see layIn
		}
		name := ""
		var err error
		switch {
		case m.Volume != "":
			name = p.shared(m.Volume)
			err = p.volume(ctx, name)
		case m.Files == nil:
			name = p.fresh(i)
			err = p.volume(ctx, name)
		case m.ReadOnly:
			name, err = p.once(ctx, m)
		default:
			name = p.fresh(i)
			err = p.fill(ctx, name, m.Files, uid, gid)
		}
		if err != nil {
			return nil, fmt.Errorf("prepare %s: %w", m.Target, err)
		}
		list = append(list, mount.Mount{Type: mount.TypeVolume, Source: name, Target: m.Target, ReadOnly: m.ReadOnly})
	}
	for i, dir := range p.volumes(s) {
		// What a VOLUME holds comes out of the image, with its owner; an
		// unnamed volume could not be labelled.
		name := p.fresh(len(s.Mounts) + i)
		if err := p.volume(ctx, name); err != nil {
			return nil, fmt.Errorf("create a volume for %s: %w", dir, err)
		}
		list = append(list, mount.Mount{Type: mount.TypeVolume, Source: name, Target: dir})
	}
	return list, nil
}

// once is the volume of files that nobody writes to: all containers of the image
// have the same one.
func (p *prober) once(ctx context.Context, m run.Mount) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if name, ok := p.filled[m.Target]; ok {
		return name, nil
	}
	name := p.fresh(0)
	if err := p.fill(ctx, name, m.Files, 0, 0); err != nil {
		return "", err
	}
	if p.filled == nil {
		p.filled = map[string]string{}
	}
	p.filled[m.Target] = name
	return name, nil
}

// fresh names a volume of one container, shared one that all services of a run have.
func (p *prober) fresh(i int) string { return fmt.Sprintf("%s%s-%d-%d", namePrefix, p.id, p.next(), i) }

func (p *prober) shared(name string) string { return namePrefix + p.id + "-volume-" + name }

func (p *prober) volume(ctx context.Context, name string) error {
	_, err := p.e.cli.VolumeCreate(ctx, client.VolumeCreateOptions{Name: name, Labels: map[string]string{Label: p.id}})
	return err
}

// filler is where a volume is while it is filled.
const filler = "/dockworthy-files"

// fill makes a volume with these files, by a container that is never started.
func (p *prober) fill(ctx context.Context, name string, files []run.File, uid, gid int) error {
	if err := p.volume(ctx, name); err != nil {
		return err
	}
	id, err := p.still(ctx, &container.HostConfig{Mounts: []mount.Mount{{Type: mount.TypeVolume, Source: name, Target: filler}}})
	if err != nil {
		return err
	}
	defer p.forget(ctx, id)
	owned := append([]run.File{{Path: "./", Mode: 0o755}}, files...)
	return p.copyIn(ctx, id, filler, owned, uid, gid)
}

// still makes a container of the image, with its config, that is never started.
func (p *prober) still(ctx context.Context, host *container.HostConfig) (string, error) {
	cfg := &container.Config{Image: p.image, Labels: map[string]string{Label: p.id}}
	if len(p.cfg.Entrypoint)+len(p.cfg.Cmd) == 0 {
		cfg.Cmd = []string{"/nothing"} // an engine wants some command
	}
	res, err := p.e.cli.ContainerCreate(ctx, client.ContainerCreateOptions{Config: cfg, HostConfig: host, Name: fmt.Sprintf("%s%s-%d", namePrefix, p.id, p.next())})
	return res.ID, err
}

func (p *prober) forget(ctx context.Context, id string) {
	p.e.cli.ContainerRemove(context.WithoutCancel(ctx), id, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
}

// copyIn puts files into a container that is not started.
func (p *prober) copyIn(ctx context.Context, id, dir string, files []run.File, uid, gid int) error {
	pr, pw := io.Pipe()
	go func() {
		tw := tar.NewWriter(pw)
		var err error
		for _, f := range files {
			h := &tar.Header{Name: f.Path, Mode: int64(f.Mode), Size: int64(len(f.Data)), Uid: uid, Gid: gid, ModTime: time.Unix(0, 0), Typeflag: tar.TypeReg}
			if strings.HasSuffix(f.Path, "/") {
				h.Typeflag, h.Size = tar.TypeDir, 0
			}
			if err = tw.WriteHeader(h); err == nil && h.Typeflag == tar.TypeReg {
				_, err = tw.Write(f.Data)
			}
			if err != nil {
				break
			}
		}
		if err == nil {
			err = tw.Close()
		}
		pw.CloseWithError(err)
	}()
	_, err := p.e.cli.CopyToContainer(ctx, id, client.CopyToContainerOptions{DestinationPath: dir, Content: pr})
	pr.CloseWithError(io.ErrClosedPipe)
	return err
}

// layIn lays single files into an image of the run, for a volume is always a
// folder. It gives what could not be laid in, with the reason.
func (p *prober) layIn(ctx context.Context, s run.Settings) ([]string, error) {
	left := s.Left
	var files []run.File
	for _, m := range s.Mounts {
		if !m.Single || len(m.Files) != 1 {
			continue
		}
		over := slices.Concat(s.Writable, p.volumes(s))
		for _, o := range s.Mounts {
			if !o.Single {
				over = append(over, o.Target)
			}
		}
		if i := slices.IndexFunc(over, func(dir string) bool { return strings.HasPrefix(m.Target, path.Clean(dir)+"/") }); i >= 0 {
			left = append(left, fmt.Sprintf("the file %s, for what is mounted on %s would hide it", m.Target, over[i]))
			continue
		}
		f := m.Files[0]
		f.Path = strings.TrimPrefix(path.Clean(m.Target), "/")
		files = append(files, f)
	}
	if len(files) == 0 {
		return left, nil
	}
	steady, done := steadily(ctx)
	defer done()
	id, err := p.still(steady, nil)
	if err != nil {
		return left, fmt.Errorf("create a container for mounted files: %w", err)
	}
	defer p.forget(ctx, id)
	if err := p.copyIn(steady, id, "/", files, 0, 0); err != nil {
		return left, fmt.Errorf("put mounted files into a container: %w", err)
	}
	// What is committed keeps the image's own config: only the files are new.
	tag := Tag(p.id, fmt.Sprintf("files-%d", p.next()))
	if _, err := p.e.cli.ContainerCommit(steady, id, client.ContainerCommitOptions{Reference: tag, NoPause: true}); err != nil {
		return left, fmt.Errorf("make an image with mounted files: %w", err)
	}
	p.image = tag
	return left, nil
}
