package peek

import (
	"encoding/hex"
	"io/fs"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/dockworthy/dockworthy/internal/run"
)

// Procs reads the processes and the listening TCP sockets out of a /proc,
// leaving out the process self and its children. A process that ends while it
// is read is left out.
func Procs(proc fs.FS, self int) ([]run.Process, []run.Listen) {
	entries, err := fs.ReadDir(proc, ".")
	if err != nil {
		return nil, nil
	}
	var list []run.Process
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || pid == self {
			continue
		}
		if p, ok := process(proc, pid); ok && p.PPID != self {
			list = append(list, p)
		}
	}
	slices.SortFunc(list, func(a, b run.Process) int { return a.PID - b.PID })
	var listens []run.Listen
	// Any process of the network namespace shows all its sockets.
	for _, dir := range []string{"self", "1"} {
		for _, name := range []string{"tcp", "tcp6"} {
			if data, err := fs.ReadFile(proc, dir+"/net/"+name); err == nil {
				listens = append(listens, Listens(string(data))...)
			}
		}
		if listens != nil {
			break
		}
	}
	return list, listens
}

// below are the processes that descend from one.
func below(list []run.Process, root int) (pids []int) {
	in := map[int]bool{root: true}
	for more := true; more; {
		more = false
		for _, p := range list {
			if in[p.PPID] && !in[p.PID] {
				in[p.PID], more = true, true
				pids = append(pids, p.PID)
			}
		}
	}
	return pids
}

// process reads /proc/PID/status and cmdline; see proc(5).
func process(proc fs.FS, pid int) (run.Process, bool) {
	dir := strconv.Itoa(pid)
	status, err := fs.ReadFile(proc, dir+"/status")
	if err != nil {
		return run.Process{}, false
	}
	p := run.Process{PID: pid}
	name := ""
	for line := range strings.Lines(string(status)) {
		key, value, ok := strings.Cut(line, ":")
		if !ok {
			continue
		}
		value = strings.TrimSpace(value)
		switch key {
		case "Name":
			name = value
		case "State":
			p.State, _, _ = strings.Cut(value, " ")
		case "PPid":
			p.PPID, _ = strconv.Atoi(value)
		case "Uid":
			p.UIDs = four(value)
		case "Gid":
			p.GIDs = four(value)
		case "Groups":
			for _, g := range strings.Fields(value) {
				if n, err := strconv.Atoi(g); err == nil {
					p.Groups = append(p.Groups, n)
				}
			}
		case "CapEff":
			p.CapEff = mask(value)
		case "CapPrm":
			p.CapPrm = mask(value)
		case "CapBnd":
			p.CapBnd = mask(value)
		case "CapAmb":
			p.CapAmb = mask(value)
		case "SigCgt":
			p.SigCgt = mask(value)
		case "SigIgn":
			p.SigIgn = mask(value)
		case "NoNewPrivs":
			p.NoNewPrivs = value == "1"
		case "Seccomp":
			p.Seccomp, _ = strconv.Atoi(value)
		}
	}
	if cmdline, err := fs.ReadFile(proc, dir+"/cmdline"); err == nil && len(cmdline) > 0 {
		p.Argv = strings.Split(strings.TrimSuffix(string(cmdline), "\x00"), "\x00")
	}
	if p.Argv == nil {
		p.Argv = []string{"[" + name + "]"} // a zombie, or a kernel thread
	}
	return p, true
}

func four(s string) (ids [4]int) {
	for i, f := range strings.Fields(s) {
		if i < 4 {
			ids[i], _ = strconv.Atoi(f)
		}
	}
	return ids
}

func mask(s string) uint64 {
	n, _ := strconv.ParseUint(s, 16, 64)
	return n
}

// Listens are the sockets of a /proc/net/tcp or tcp6 in state 0A, LISTEN. The
// addresses there are words in the machine's byte order, which is little-endian
// on every machine that runs containers.
func Listens(table string) []run.Listen {
	var list []run.Listen
	for line := range strings.Lines(table) {
		f := strings.Fields(line)
		if len(f) < 4 || f[3] != "0A" {
			continue
		}
		addr, port, ok := strings.Cut(f[1], ":")
		if !ok {
			continue
		}
		n, err := strconv.ParseUint(port, 16, 16)
		raw, err2 := hex.DecodeString(addr)
		if err != nil || err2 != nil || len(raw)%4 != 0 {
			continue
		}
		for i := 0; i < len(raw); i += 4 {
			slices.Reverse(raw[i : i+4])
		}
		ip, ok := netip.AddrFromSlice(raw)
		if !ok {
			continue
		}
		list = append(list, run.Listen{Address: ip.Unmap().String(), Port: int(n)})
	}
	return list
}
