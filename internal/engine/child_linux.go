package engine

import (
	"os/exec"
	"runtime"
	"syscall"
)

// runWithUs runs a command that ends when this process does, however that ends.
func runWithUs(cmd *exec.Cmd) error {
	// The kernel sends the signal when the thread that started it ends.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	return cmd.Run()
}
