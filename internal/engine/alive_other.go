//go:build !unix

package engine

import "os"

// alive is "0" where a process of this PID is there, "" where not.
func alive(pid int) string {
	p, err := os.FindProcess(pid)
	if err != nil {
		return ""
	}
	p.Release()
	return "0"
}
