//go:build !linux

package engine

import "os/exec"

// runWithUs runs a command. That it ends when this process does can be asked for
// on Linux alone.
func runWithUs(cmd *exec.Cmd) error { return cmd.Run() }
