package engine

import (
	"archive/tar"
	"bufio"
	"context"
	"debug/elf"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"time"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"github.com/dockworthy/dockworthy/internal/engine/peek"
)

// eyes look at one container from a second one that shares its PID and network
// namespaces. They die with the first one's PID 1.
type eyes struct {
	e    *Engine
	id   string
	conn client.HijackedResponse
	enc  *json.Encoder
	dec  *bufio.Scanner
}

// errNoEyes is why containers cannot be looked into from here.
var errNoEyes = errors.New("this binary is not a static Linux binary for the engine's architecture, so it cannot run inside a container")

// canPeek tells whether this very program can run in an image of one file.
func (e *Engine) canPeek() (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find this program: %w", err)
	}
	if runtime.GOOS != "linux" || e.OS != "linux" || runtime.GOARCH != e.Arch {
		return "", errNoEyes
	}
	f, err := elf.Open(self)
	if err != nil {
		return "", errNoEyes
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			return "", errNoEyes
		}
	}
	return self, nil
}

// peekImage makes the image of one file that eyes run in.
func (e *Engine) peekImage(ctx context.Context, id string) (string, error) {
	self, err := e.canPeek()
	if err != nil {
		return "", err
	}
	name := Tag(id, "peek")
	if e.Has(ctx, name) {
		return name, nil
	}
	f, err := os.Open(self)
	if err != nil {
		return "", fmt.Errorf("read this program: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", fmt.Errorf("read this program: %w", err)
	}
	pr, pw := io.Pipe()
	go func() {
		tw := tar.NewWriter(pw)
		err := tw.WriteHeader(&tar.Header{Name: "dockworthy", Mode: 0o555, Size: info.Size(), ModTime: time.Unix(0, 0)})
		if err == nil {
			_, err = io.Copy(tw, f)
		}
		if err == nil {
			err = tw.Close()
		}
		pw.CloseWithError(err)
	}()
	res, err := e.cli.ImageImport(ctx, client.ImageImportSource{Source: pr, SourceName: "-"}, name,
		client.ImageImportOptions{Changes: []string{"LABEL " + Label + "=" + id}})
	if err != nil {
		return "", fmt.Errorf("create the image of the probe: %w", err)
	}
	defer res.Close()
	if _, err := io.Copy(io.Discard, res); err != nil {
		return "", fmt.Errorf("create the image of the probe: %w", err)
	}
	return name, nil
}

// open opens eyes on a running container.
func (e *Engine) open(ctx context.Context, run, image, target string) (*eyes, error) {
	steady, done := steadily(ctx)
	defer done()
	created, err := e.cli.ContainerCreate(steady, client.ContainerCreateOptions{
		Config: &container.Config{
			Image: image, Entrypoint: []string{"/dockworthy", "peek", e.limit().String()}, User: "0:0",
			OpenStdin: true, StdinOnce: true, AttachStdin: true, AttachStdout: true, AttachStderr: true,
			Labels: map[string]string{Label: run},
		},
		HostConfig: &container.HostConfig{
			PidMode:        container.PidMode("container:" + target),
			NetworkMode:    container.NetworkMode("container:" + target),
			ReadonlyRootfs: true,
			CapDrop:        []string{"ALL"},
			CapAdd:         []string{"KILL"},
			SecurityOpt:    []string{"no-new-privileges"},
			LogConfig:      container.LogConfig{Type: "none"},
		},
		Name: "dockworthy-" + run + "-peek-" + short(target),
	})
	if err != nil {
		return nil, fmt.Errorf("create the probe: %w", err)
	}
	conn, err := e.cli.ContainerAttach(ctx, created.ID, client.ContainerAttachOptions{Stream: true, Stdin: true, Stdout: true, Stderr: true})
	if err != nil {
		return nil, fmt.Errorf("attach to the probe: %w", err)
	}
	if _, err := e.cli.ContainerStart(ctx, created.ID, client.ContainerStartOptions{}); err != nil {
		conn.Close()
		return nil, fmt.Errorf("start the probe: %w", err)
	}
	pr, pw := io.Pipe()
	go func() {
		_, err := stdcopy.StdCopy(pw, io.Discard, conn.Reader)
		if err == nil {
			err = io.EOF
		}
		pw.CloseWithError(err)
	}()
	sc := bufio.NewScanner(pr)
	sc.Buffer(nil, 8<<20)
	return &eyes{e: e, id: created.ID, conn: conn.HijackedResponse, enc: json.NewEncoder(conn.Conn), dec: sc}, nil
}

// ask asks one question; it takes at most ten seconds.
func (y *eyes) ask(ctx context.Context, q peek.Request) (peek.Answer, error) {
	type result struct {
		a   peek.Answer
		err error
	}
	done := make(chan result, 1)
	go func() {
		if err := y.enc.Encode(q); err != nil {
			done <- result{err: err}
			return
		}
		if !y.dec.Scan() {
			err := y.dec.Err()
			if err == nil {
				err = io.ErrUnexpectedEOF
			}
			done <- result{err: err}
			return
		}
		var a peek.Answer
		err := json.Unmarshal(y.dec.Bytes(), &a)
		if err == nil && a.Error != "" {
			err = errors.New(a.Error)
		}
		done <- result{a, err}
	}()
	timer := time.NewTimer(10 * time.Second)
	defer timer.Stop()
	select {
	case r := <-done:
		if r.err != nil {
			return r.a, fmt.Errorf("query the probe for %s: %w", q.Op, r.err)
		}
		return r.a, nil
	case <-timer.C:
		y.conn.Close()
		return peek.Answer{}, fmt.Errorf("query the probe for %s: no response within 10 s", q.Op)
	case <-ctx.Done():
		y.conn.Close()
		return peek.Answer{}, ctx.Err()
	}
}

// close ends the probe and removes its container.
func (y *eyes) close(ctx context.Context) {
	if y == nil {
		return
	}
	y.conn.Close()
	y.e.cli.ContainerRemove(context.WithoutCancel(ctx), y.id, client.ContainerRemoveOptions{Force: true})
}
