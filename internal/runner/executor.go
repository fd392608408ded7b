package runner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"syscall"

	"github.com/pailforge/pail/internal/runnerapi"
)

// executor makes boxes: what steps run in.
type executor interface {
	// box makes what a step runs in, with its services, and starts the driver, which waits for a word. Whatever ctx ends, or whatever
	// goes wrong, leaves nothing behind.
	box(ctx context.Context, j *job) (box, error)
	// places says where the step finds its clone and the files of the job.
	places(j *job) (clone, agent string)
	// sweep removes what earlier processes of this runner left behind.
	sweep(ctx context.Context) error
}

// box is what a step runs in. Everything that it started ends with it.
type box interface {
	// streams are the standard input, output and error of the driver. The readers end with it.
	streams() (in io.Writer, out, reports io.Reader)
	// wait waits for the driver to end, and returns its exit code, or a fault where there is none.
	wait() (int, error)
	// pipe runs a pipe to its end with these variables, as NAME=VALUE, and returns its exit code.
	pipe(ctx context.Context, p *runnerapi.Pipe, variables []string, out io.Writer) (int, error)
	// restore lays an Archive into a directory outside of the clone; save makes one of it, or returns errNothing.
	restore(ctx context.Context, path string, archive io.Reader) error
	save(ctx context.Context, path string, archive io.Writer) error
	// read is a file of the job that the step may have changed, up to a limit in octets; nil where there is none.
	read(ctx context.Context, name string, limit int64) ([]byte, error)
	// kill ends everything that runs. It may be called at any time and from anywhere.
	kill()
	// end does the same and removes everything. It is called once, at the end.
	end() error
}

// mostProcesses is how many a step may have at a time, and each of its services.
var mostProcesses = 4096 // tests have less

var errNothing = errors.New("there is nothing to keep")

// fault is why a step ends without an exit code of its own.
type fault struct {
	reason, message string
}

func (f *fault) Error() string { return f.message }

func faultf(reason, format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		reason = runnerapi.DiskFull
	}
	return &fault{reason: reason, message: err.Error()}
}
