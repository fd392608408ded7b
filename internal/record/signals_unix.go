//go:build unix

package record

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// forwarded are the signals that are passed on to the child.
var forwarded = []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2}

// reaches tells whether the terminal gives a signal to the child itself: what is typed goes to all of the foreground.
func reaches(s os.Signal) bool {
	if s != syscall.SIGINT && s != syscall.SIGQUIT {
		return false
	}
	tty, err := os.Open("/dev/tty")
	if err != nil {
		return false // no terminal
	}
	defer func() { _ = tty.Close() }()
	foreground, err := unix.IoctlGetInt(int(tty.Fd()), unix.TIOCGPGRP)
	return err == nil && foreground == unix.Getpgrp()
}

// signalled is the exit code of a shell for a child that a signal ended; ok is false for any other.
func signalled(state *os.ProcessState) (code int, ok bool) {
	if ws, is := state.Sys().(syscall.WaitStatus); is && ws.Signaled() {
		return 128 + int(ws.Signal()), true
	}
	return 0, false
}
