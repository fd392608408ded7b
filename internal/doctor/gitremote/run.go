package gitremote

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"strings"
	"time"

	"github.com/pailforge/pail/internal/doctor"
)

// outputLimit is the most that is kept of what git or a helper prints, in bytes.
const outputLimit = 1 << 20

// git runs git where the remote is.
type git struct {
	dir string
	env []string
}

// quiet closes every way in which git and its helpers ask somebody.
var quiet = []string{"GIT_TERMINAL_PROMPT=0", "GIT_ASKPASS=", "SSH_ASKPASS=", "SSH_ASKPASS_REQUIRE=never", "GCM_INTERACTIVE=never", "GIT_TRACE=0",
	"GIT_TRACE_CURL=0", "GIT_TRACE2=0", "LC_ALL=C"}

// limited is a buffer that drops what is too much.
type limited struct{ bytes.Buffer }

func (l *limited) Write(b []byte) (int, error) {
	if room := outputLimit - l.Len(); room > 0 {
		l.Buffer.Write(b[:min(len(b), room)])
	}
	return len(b), nil
}

// run runs git to its end. The error stands for a failure of git's and holds the first line that it printed, which may
// name files and keys; what may hold a secret is never asked with it.
func (g git) run(ctx context.Context, args ...string) (string, error) {
	out, errs, err := g.exec(ctx, "", args...)
	if err != nil {
		if line, _, _ := strings.Cut(strings.TrimSpace(errs), "\n"); line != "" {
			return out, errors.New(doctor.Shown(line))
		}
	}
	return out, err
}

func (g git) exec(ctx context.Context, stdin string, args ...string) (out, errs string, err error) {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir, cmd.Env = g.dir, append(append([]string{}, g.env...), quiet...)
	cmd.Stdin = strings.NewReader(stdin)
	var stdout, stderr limited
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.SysProcAttr = ownGroup()
	cmd.Cancel = func() error { return killGroup(cmd.Process) }
	cmd.WaitDelay = time.Second // a helper's own child may keep the pipe open
	err = cmd.Run()
	return stdout.String(), stderr.String(), err
}
