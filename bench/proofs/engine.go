package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// mark is on every image and container that the probe makes.
const mark = "dockworthy.probe=1"

// docker runs the client and gives what it says on its output.
func docker(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "docker", args...)
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("docker %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(problems.String()))
	}
	return strings.TrimSpace(out.String()), nil
}

// build builds dir under a tag and gives the plain progress.
func build(ctx context.Context, dir, tag string, flags ...string) (string, error) {
	args := append([]string{"buildx", "build", "--progress=plain", "--label", mark, "-t", tag}, flags...)
	out, err := exec.CommandContext(ctx, "docker", append(args, dir)...).CombinedOutput()
	return string(out), err
}

// clean removes what the probe made, by its mark.
func clean() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if ids, err := docker(ctx, "ps", "-aq", "--filter", "label="+mark); err == nil && ids != "" {
		docker(ctx, append([]string{"rm", "-f", "-v"}, strings.Fields(ids)...)...)
	}
	if ids, err := docker(ctx, "images", "-q", "--filter", "label="+mark); err == nil && ids != "" {
		ids := strings.Fields(ids)
		slices.Sort(ids)
		docker(ctx, append([]string{"rmi", "-f"}, slices.Compact(ids)...)...)
	}
}

// A step is one step of a build that was watched.
type step struct {
	text   string
	cached bool
}

var stepLine = regexp.MustCompile(`^#(\d+) (\[[^\]]*\d+/\d+\] .*|CACHED)$`)

// steps reads the steps of a plain progress.
func steps(progress string) []step {
	var all []step
	at := map[string]int{}
	for _, line := range strings.Split(progress, "\n") {
		m := stepLine.FindStringSubmatch(strings.TrimRight(line, "\r"))
		switch {
		case m == nil:
		case m[2] == "CACHED":
			if i, ok := at[m[1]]; ok {
				all[i].cached = true
			}
		default:
			if _, ok := at[m[1]]; !ok {
				at[m[1]] = len(all)
				all = append(all, step{text: m[2]})
			}
		}
	}
	return all
}

// A process is what /proc says of one of a container's processes.
type process struct {
	pid, parent int
	state       string
	uids        []int
	gids        []int
	argv        []string
}

// processes are those of the tree below pid, itself first. The tree is the
// container's, as an orphan goes to its first process.
func processes(pid int) []process {
	children := map[int][]process{}
	var first *process
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		data, err := os.ReadFile(dir + "/status")
		if err != nil {
			continue
		}
		var p process
		for _, line := range strings.Split(string(data), "\n") {
			key, value, _ := strings.Cut(line, ":")
			fields := strings.Fields(value)
			if len(fields) == 0 {
				continue
			}
			switch key {
			case "Pid":
				p.pid, _ = strconv.Atoi(fields[0])
			case "PPid":
				p.parent, _ = strconv.Atoi(fields[0])
			case "State":
				p.state = fields[0]
			case "Uid":
				p.uids = numbers(fields)
			case "Gid":
				p.gids = numbers(fields)
			}
		}
		if data, err := os.ReadFile(dir + "/cmdline"); err == nil {
			p.argv = strings.Split(strings.TrimSuffix(string(data), "\x00"), "\x00")
		}
		if p.pid == pid {
			first = &p
		}
		children[p.parent] = append(children[p.parent], p)
	}
	if first == nil {
		return nil
	}
	all := []process{*first}
	for i := 0; i < len(all); i++ {
		all = append(all, children[all[i].pid]...)
	}
	return all
}

func numbers(fields []string) []int {
	var all []int
	for _, f := range fields {
		n, _ := strconv.Atoi(f)
		all = append(all, n)
	}
	return all
}

// listens gives port → true where it listens beyond loopback.
func listens(pid int) map[int]bool {
	ports := map[int]bool{}
	for _, file := range []string{"tcp", "tcp6"} {
		data, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/%s", pid, file))
		if err != nil {
			continue
		}
		for _, line := range strings.Split(string(data), "\n") {
			f := strings.Fields(line)
			if len(f) < 4 || f[3] != "0A" {
				continue
			}
			host, port, _ := strings.Cut(f[1], ":")
			n, err := strconv.ParseInt(port, 16, 32)
			if err != nil {
				continue
			}
			// The kernel prints an address by words, lowest byte first.
			loopback := len(host) == 8 && strings.HasSuffix(host, "7F") || host == "00000000000000000000000001000000"
			ports[int(n)] = ports[int(n)] || !loopback
		}
	}
	return ports
}

// A state is what the engine says of a container.
type state struct {
	Running  bool
	Pid      int
	ExitCode int
	Error    string
	Health   *struct{ Status string }
}

func inspect(ctx context.Context, id string) (state, error) {
	var s state
	out, err := docker(ctx, "inspect", "-f", "{{json .State}}", id)
	if err != nil {
		return s, err
	}
	return s, json.Unmarshal([]byte(out), &s)
}

// await asks for the state until it is as wanted, or the time is up; it gives
// the last state.
func await(ctx context.Context, id string, limit time.Duration, want func(state) bool) (state, bool) {
	for end := time.Now().Add(limit); ; time.Sleep(100 * time.Millisecond) {
		s, err := inspect(ctx, id)
		if err == nil && want(s) {
			return s, true
		}
		if err != nil || time.Now().After(end) {
			return s, false
		}
	}
}

func healthIs(status string) func(state) bool {
	return func(s state) bool { return s.Health != nil && s.Health.Status == status }
}

// signal sends a signal to every process of the container, from outside of it.
func signalAll(pid int, s syscall.Signal) {
	for _, p := range processes(pid) {
		syscall.Kill(p.pid, s)
	}
}

// dockerAll gives what the client says on both of its outputs.
func dockerAll(ctx context.Context, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, "docker", args...).CombinedOutput()
	return string(out), err
}
