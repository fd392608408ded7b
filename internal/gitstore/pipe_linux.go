package gitstore

import (
	"os"
	"syscall"
)

// pipeSize is wished for the pipes that carry packs: fewer switches between git and the server.
const pipeSize = 1 << 20

// growPipe enlarges a pipe. Systems may refuse (fs.pipe-user-pages-soft); the default size works too.
func growPipe(f *os.File) {
	if conn, err := f.SyscallConn(); err == nil {
		_ = conn.Control(func(fd uintptr) {
			_, _, _ = syscall.Syscall(syscall.SYS_FCNTL, fd, syscall.F_SETPIPE_SZ, pipeSize)
		})
	}
}
