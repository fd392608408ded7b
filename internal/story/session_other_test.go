//go:build !unix

package story

import (
	"os"
	"syscall"
)

// ownSession is nothing where there are no sessions: the tests that need them skip.
func ownSession() *syscall.SysProcAttr { return nil }

// end kills a process.
func end(pid int) {
	if p, err := os.FindProcess(pid); err == nil {
		_ = p.Kill()
	}
}
