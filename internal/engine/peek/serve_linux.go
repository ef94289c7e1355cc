package peek

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Main serves requests until standard input ends. args are those behind the
// verb: how long it may take, as 30m; "orphan" and "linger" are its own children.
func Main(args []string, in io.Reader, out io.Writer) error {
	if len(args) > 0 {
		limit, err := time.ParseDuration(args[0])
		if err != nil {
			return child(args[0])
		}
		time.AfterFunc(limit, finish)
	}
	enc := json.NewEncoder(out)
	sc := bufio.NewScanner(in)
	var open []net.Conn // connections stay open until the end
	defer func() {
		for _, c := range open {
			c.Close()
		}
	}()
	for sc.Scan() {
		var q Request
		if err := json.Unmarshal(sc.Bytes(), &q); err != nil {
			return fmt.Errorf("read a request: %w", err)
		}
		a := Answer{}
		switch q.Op {
		case "procs":
			a.Procs, a.Listens = Procs(os.DirFS("/proc"), os.Getpid())
		case "freeze":
			a.Count = signal(syscall.SIGSTOP)
		case "thaw":
			a.Count = signal(syscall.SIGCONT)
		case "dial":
			c, status, err := dial(q.Host, q.Port)
			if err != nil {
				a.Error = err.Error()
			} else {
				open = append(open, c)
				a.Count, a.Status = len(open), status
			}
		case "http", "tcp":
			var err error
			if a.Status, err = probe(q); err != nil {
				a.Status = err.Error()
			}
			a.Well = err == nil
		case "orphan":
			reaped, err := orphan()
			a.Reaped = reaped
			if err != nil {
				a.Error = err.Error()
			}
		default:
			a.Error = "unknown request " + q.Op
		}
		if err := enc.Encode(a); err != nil {
			return err
		}
	}
	return sc.Err()
}

// finish ends what runs here, as far as that can be done from inside: PID 1 has
// to hear a signal. It is for when nobody is left who could remove the container.
func finish() {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGQUIT} {
		syscall.Kill(1, sig)
	}
	if entries, err := os.ReadDir("/proc"); err == nil {
		for _, e := range entries {
			if pid, err := strconv.Atoi(e.Name()); err == nil && pid != 1 && pid != os.Getpid() {
				syscall.Kill(pid, syscall.SIGKILL)
			}
		}
	}
	os.Exit(1)
}

// signal sends a signal to every process of the program but PID 1, which the kernel
// shields from its own namespace. What an engine put beside it, as the process of a
// health check or this one, is no child of PID 1 and is left alone.
func signal(sig syscall.Signal) int {
	list, _ := Procs(os.DirFS("/proc"), os.Getpid())
	n := 0
	for _, pid := range below(list, 1) {
		if syscall.Kill(pid, sig) == nil {
			n++
		}
	}
	return n
}

// outside is the address at which others reach this network; 127.0.0.1 where there
// is no other.
func outside() string {
	list, _ := net.InterfaceAddrs()
	for _, a := range list {
		if n, ok := a.(*net.IPNet); ok && !n.IP.IsLoopback() && n.IP.To4() != nil {
			return n.IP.String()
		}
	}
	return "127.0.0.1"
}

// probe asks as a kubelet does: a connection, or an HTTP answer from 200 to 399.
func probe(q Request) (string, error) {
	limit := time.Duration(q.Timeout) * time.Millisecond
	addr := net.JoinHostPort(outside(), strconv.Itoa(q.Port))
	c, err := net.DialTimeout("tcp", addr, limit)
	if err != nil || q.Op == "tcp" {
		if c != nil {
			c.Close()
		}
		return "", err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(limit))
	path := "/" + strings.TrimPrefix(q.Path, "/")
	fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: kube-probe/1.0\r\nAccept: */*\r\nConnection: close\r\n\r\n", path, addr)
	line, err := bufio.NewReader(io.LimitReader(c, 4096)).ReadString('\n')
	if err != nil {
		return "", err
	}
	line = strings.TrimSpace(line)
	fields := strings.Fields(line)
	if len(fields) < 2 || !strings.HasPrefix(fields[0], "HTTP/") {
		return line, fmt.Errorf("the answer is not HTTP: %q", line)
	}
	if code, err := strconv.Atoi(fields[1]); err != nil || code < 200 || code > 399 {
		return line, fmt.Errorf("HTTP status %s", fields[1])
	}
	return line, nil
}

// dial opens a connection, has one request answered where the other side
// speaks HTTP, and keeps it open as a client with keep-alive does.
func dial(host string, port int) (net.Conn, string, error) {
	if host == "" {
		host = "127.0.0.1"
	}
	c, err := net.DialTimeout("tcp", net.JoinHostPort(host, strconv.Itoa(port)), 2*time.Second)
	if err != nil {
		return nil, "", err
	}
	fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: keep-alive\r\n\r\n", port)
	c.SetReadDeadline(time.Now().Add(2 * time.Second))
	buf := make([]byte, 512)
	n, _ := c.Read(buf)
	line, _, _ := strings.Cut(string(buf[:n]), "\n")
	return c, strings.TrimSpace(line), nil
}

// orphan leaves a child to PID 1 and looks whether it is reaped when it ends.
func orphan() (bool, error) {
	self, err := os.Executable()
	if err != nil {
		return false, err
	}
	cmd := exec.Command(self, "peek", "orphan")
	out, err := cmd.Output()
	if err != nil {
		return false, fmt.Errorf("start a process: %w", err)
	}
	pid, err := strconv.Atoi(string(out))
	if err != nil {
		return false, fmt.Errorf("start a process: %q is no PID", out)
	}
	path := fmt.Sprintf("/proc/%d/stat", pid)
	dead := 0
	for range 100 {
		time.Sleep(25 * time.Millisecond)
		stat, err := os.ReadFile(path)
		if err != nil {
			return true, nil
		}
		if _, state, ok := strings.Cut(string(stat), ") "); ok && strings.HasPrefix(state, "Z") {
			if dead++; dead == 20 { // half a second: an init reaps at once
				return false, nil
			}
		}
	}
	return false, nil
}

// child is the process that an orphan comes from, and the orphan.
func child(what string) error {
	switch what {
	case "linger":
		time.Sleep(100 * time.Millisecond)
		return nil
	case "orphan":
		self, err := os.Executable()
		if err != nil {
			return err
		}
		cmd := exec.Command(self, "peek", "linger")
		if err := cmd.Start(); err != nil {
			return err
		}
		_, err = fmt.Print(cmd.Process.Pid)
		return err
	}
	return fmt.Errorf("unknown child %s", what)
}
