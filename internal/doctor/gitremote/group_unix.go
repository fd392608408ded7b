//go:build unix

package gitremote

import (
	"os"
	"syscall"
)

// ownGroup makes git the head of its own group, so that a helper ends with it and cannot read from the terminal.
func ownGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

func killGroup(p *os.Process) error { return syscall.Kill(-p.Pid, syscall.SIGKILL) }
