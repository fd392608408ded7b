//go:build unix

package story

import "syscall"

// ownSession lets a process, and all that it starts, be found by its session.
func ownSession() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }

// end kills a process.
func end(pid int) { _ = syscall.Kill(pid, syscall.SIGKILL) }
