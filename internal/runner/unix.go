//go:build unix

package runner

import (
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// endsWithGroup makes a command end with everything that it started, where it ends early.
func endsWithGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}

// room is how many octets a file in dir may still take; -1: nobody knows.
func room(dir string) int64 {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return -1
	}
	if s.Ffree == 0 && s.Files > 0 {
		return 0
	}
	return int64(float64(s.Bavail) * float64(s.Bsize)) // whatever numbers they are on a system
}

// lockFile opens a file that no other process has open so. Closing it gives it back, and so does the end of the process.
func lockFile(name string) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}
