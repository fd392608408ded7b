//go:build !unix

package gitstore

import (
	"os"
	"syscall"
)

func ownGroup() *syscall.SysProcAttr { return nil }

// signalGroup ends the process. Systems without process groups keep its children.
func signalGroup(p *os.Process, _ bool) { _ = p.Kill() }
