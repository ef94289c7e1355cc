package peek

import (
	"slices"
	"testing"
	"testing/fstest"

	"github.com/dockworthy/dockworthy/internal/run"
)

func TestProcs(t *testing.T) {
	status := "Name:\tpython\nState:\tS (sleeping)\nPPid:\t0\nUid:\t10001\t10001\t10001\t10001\nGid:\t10001\t10001\t10001\t10001\nGroups:\t7 9 \nCapPrm:\t0000000000000000\nCapEff:\t0000000000000400\nCapBnd:\t00000000a80425fb\nCapAmb:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2\nSigIgn:\t0000000001001000\nSigCgt:\t0000000000004002\n"
	proc := fstest.MapFS{
		"1/status":      {Data: []byte(status)},
		"1/cmdline":     {Data: []byte("python\x00app.py\x00")},
		"9/status":      {Data: []byte("Name:\tsh\nState:\tZ (zombie)\nPPid:\t1\n")},
		"9/cmdline":     {},
		"20/status":     {Data: []byte("Name:\tdockworthy\nPPid:\t0\n")},
		"21/status":     {Data: []byte("Name:\tchild\nPPid:\t20\n")},
		"22/cmdline":    {Data: []byte("gone")}, // it ended while it was read
		"self/net/tcp":  {Data: []byte("  sl  local_address rem_address   st\n   0: 00000000:1F40 00000000:0000 0A 0\n   1: 0100007F:2328 00000000:0000 0A 0\n   2: 0100007F:9999 0100007F:1F40 01 0\n")},
		"self/net/tcp6": {Data: []byte("  sl\n   0: 00000000000000000000000001000000:0050 0:0 0A\n   1: 0000000000000000FFFF00000100007F:0051 0:0 0A\n   2: nonsense\n")},
		"sys/kernel":    {Data: []byte("x")},
	}
	list, listens := Procs(proc, 20)
	if len(list) != 2 || list[0].PID != 1 || list[1].PID != 9 {
		t.Fatalf("processes %+v", list)
	}
	p := list[0]
	if !slices.Equal(p.Argv, []string{"python", "app.py"}) || p.UIDs[1] != 10001 || p.CapEff != 0x400 || p.CapBnd != 0xa80425fb || !p.NoNewPrivs || p.Seccomp != 2 || p.SigCgt != 0x4002 || p.State != "S" || !slices.Equal(p.Groups, []int{7, 9}) {
		t.Errorf("PID 1 is %+v", p)
	}
	if z := list[1]; z.State != "Z" || !slices.Equal(z.Argv, []string{"[sh]"}) {
		t.Errorf("the zombie is %+v", z)
	}
	want := []run.Listen{{Address: "0.0.0.0", Port: 8000}, {Address: "127.0.0.1", Port: 9000}, {Address: "::1", Port: 80}, {Address: "127.0.0.1", Port: 81}}
	if !slices.Equal(listens, want) {
		t.Errorf("ports %v, want %v", listens, want)
	}
}
