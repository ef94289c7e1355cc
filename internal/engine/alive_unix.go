//go:build unix

package engine

import "syscall"

// alive is "0" where a process of this PID is there, "" where not, on systems
// without /proc.
func alive(pid int) string {
	if err := syscall.Kill(pid, 0); err == syscall.ESRCH {
		return ""
	}
	return "0"
}
