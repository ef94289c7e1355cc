package main

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/dockworthy/dockworthy/internal/cli"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"dockworthy": func() {
			os.Exit(cli.Command{Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr}.Main(os.Args[1:]))
		},
	})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":  exits,
			"mkfifo": mkfifo,
			"push":   push,
			"expand": expand,
		},
		Setup: func(env *testscript.Env) error {
			serveRegistry(env)
			// What a txtar cannot hold.
			for name, data := range map[string]string{
				"utf16/Dockerfile":  "\xff\xfeF\x00R\x00O\x00M\x00",
				"binary/Dockerfile": "\x7fELF\x02\x01\x01\x00\x00 nothing\n",
			} {
				path := filepath.Join(env.WorkDir, "raw", filepath.FromSlash(name))
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					return err
				}
				if err := os.WriteFile(path, []byte(data), 0o644); err != nil {
					return err
				}
			}
			return writeImage(filepath.Join(env.WorkDir, "raw", "root.tar"))
		},
	})
}

// writeImage writes an archive as docker save does: one layer with a shell, and
// a config that says nothing of a user.
func writeImage(file string) error {
	pack := func(files ...[2]string) []byte {
		var b bytes.Buffer
		tw := tar.NewWriter(&b)
		for _, f := range files {
			// Writes to a buffer do not fail.
			tw.WriteHeader(&tar.Header{Name: f[0], Mode: 0o755, Size: int64(len(f[1]))})
			tw.Write([]byte(f[1]))
		}
		tw.Close()
		return b.Bytes()
	}
	layer := pack([2]string{"bin/sh", "#!"}, [2]string{"etc/passwd", "root:x:0:0::/root:/bin/sh\n"})
	config := fmt.Sprintf(`{"architecture":"amd64","os":"linux","config":{"Cmd":["/bin/sh"],"Env":["TOKEN=ghp_x8Kq2LmZ9xTb4WcV7nRd3YpE6sHj1Gf0UiOa"]},`+
		`"history":[{"created_by":"COPY root / # buildkit"}],"rootfs":{"type":"layers","diff_ids":["sha256:%x"]}}`, sha256.Sum256(layer))
	return os.WriteFile(file, pack([2]string{"config.json", config}, [2]string{"layer.tar", string(layer)},
		[2]string{"manifest.json", `[{"Config":"config.json","RepoTags":["root:1"],"Layers":["layer.tar"]}]`}), 0o644)
}

func writeFile(name, data string) error { return os.WriteFile(name, []byte(data), 0o644) }

// mkfifo makes a named pipe: mkfifo NAME
func mkfifo(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: mkfifo NAME")
	}
	ts.Check(syscall.Mkfifo(ts.MkAbs(args[0]), 0o644))
}

// exits runs a command and holds its exit status against a number:
// exits 2 dockworthy check nowhere
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits STATUS COMMAND…")
	}
	want, err := strconv.Atoi(args[0])
	if err != nil {
		ts.Fatalf("%v", err)
	}
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}
