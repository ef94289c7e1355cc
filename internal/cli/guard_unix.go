//go:build unix

package cli

import (
	"os/exec"
	"syscall"
)

// apart lets a command live on when the terminal, or the group of this process,
// is ended.
func apart(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }
