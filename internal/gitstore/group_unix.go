//go:build unix

package gitstore

import (
	"os"
	"syscall"
)

// ownGroup makes a process the head of its own group, so that its children end with it.
func ownGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// signalGroup sends SIGTERM, or SIGKILL when hard, to the whole group. Git removes its temporary
// files and locks on SIGTERM.
func signalGroup(p *os.Process, hard bool) {
	sig := syscall.SIGTERM
	if hard {
		sig = syscall.SIGKILL
	}
	_ = syscall.Kill(-p.Pid, sig)
}
