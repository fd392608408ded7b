package runner

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"github.com/pailforge/pail/internal/runnerapi"
	"golang.org/x/sys/unix"
)

// shell runs steps as processes of this machine. Each step is a PID namespace of its own (unshare of util-linux): the kernel ends
// everything in it with its first process, whatever has left its session, and ends that one with the runner. A step sees no process but
// its own. It has the rights of the runner's user, and is no cage.
type shell struct {
	engine   *engine // what runs pipes; nil: nothing
	unshare  []string
	perSpace bool // the kernel limits processes by namespace
}

// newShell makes the executor, or says why this machine cannot have one.
func newShell(e *engine) (*shell, error) {
	s := &shell{engine: e, unshare: []string{"unshare", "--pid", "--fork", "--kill-child=KILL", "--mount-proc"}}
	if os.Geteuid() != 0 {
		s.unshare = append(s.unshare, "--user", "--map-current-user")
	}
	var version unix.Utsname
	if unix.Uname(&version) == nil {
		s.perSpace = os.Geteuid() == 0 && atLeast(unix.ByteSliceToString(version.Release[:]), 6, 14)
	}
	test := exec.Command(s.unshare[0], append(s.unshare[1:], "true")...)
	if said, err := test.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("the shell executor needs PID namespaces, so that all processes of a step end with it: run pail runner as root, or where other users may make user namespaces (%w: %s)", err, bytes.TrimSpace(said))
	}
	return s, nil
}

// atLeast compares the number of a kernel.
func atLeast(release string, major, minor int) bool {
	parts := strings.SplitN(release, ".", 3)
	if len(parts) < 2 {
		return false
	}
	a, err1 := strconv.Atoi(parts[0])
	b, err2 := strconv.Atoi(strings.TrimRight(parts[1], "-+abcdefghijklmnopqrstuvwxyz"))
	return err1 == nil && err2 == nil && (a > major || a == major && b >= minor)
}

// sweep has nothing to do: what a runner that was killed had started ended with it.
func (s *shell) sweep(context.Context) error { return nil }

func (s *shell) places(j *job) (clone, agent string) { return j.path("build"), j.path("agent") }

// shellBox is a driver that runs as a process.
type shellBox struct {
	shell        *shell
	job          *job
	cmd          *exec.Cmd
	in           io.WriteCloser
	out, reports *os.File
	ended        chan struct{}
	err          error
}

func (s *shell) box(ctx context.Context, j *job) (box, error) {
	if len(j.step.Services) > 0 {
		return nil, faultf(runnerapi.ServiceFailed, "Services are containers, and this runner runs the step as a process: give it a runner with the executor docker, or start %s in the script.", j.step.Services[0].Name)
	}
	for name, text := range j.files() {
		if err := os.WriteFile(j.path("agent", name), text, 0o600); err != nil {
			return nil, faultf(runnerapi.RunnerFault, "%w", err)
		}
	}
	for _, dir := range []string{"home", "tmp"} {
		if err := os.Mkdir(j.path(dir), 0o700); err != nil {
			return nil, faultf(runnerapi.RunnerFault, "%w", err)
		}
	}
	program := driver
	switch {
	case s.perSpace:
		program = fmt.Sprintf("(echo %d >/proc/sys/kernel/pid_max) 2>/dev/null\n%s", mostProcesses, driver)
	case os.Geteuid() != 0:
		program = fmt.Sprintf("ulimit -u %d\n%s", mostProcesses, driver)
	}
	b := &shellBox{shell: s, job: j, ended: make(chan struct{})}
	clone, agent := s.places(j)
	b.cmd = exec.Command(s.unshare[0], append(s.unshare[1:], "--", "sh", "-c", program, "pail", agent, clone)...)
	b.cmd.Dir = clone
	b.cmd.Env = append(shellEnvironment(j), j.environment()...)
	b.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
	var err error
	var outEnd, reportsEnd *os.File
	if b.in, err = b.cmd.StdinPipe(); err == nil {
		if b.out, outEnd, err = os.Pipe(); err == nil {
			b.reports, reportsEnd, err = os.Pipe()
		}
	}
	if err != nil {
		return nil, faultf(runnerapi.RunnerFault, "%w", err)
	}
	if raw, err := b.out.SyscallConn(); err == nil { // fewer switches between the two; a small one does as well
		_ = raw.Control(func(fd uintptr) { _, _ = unix.FcntlInt(fd, unix.F_SETPIPE_SZ, 1<<20) })
	}
	b.cmd.Stdout, b.cmd.Stderr = outEnd, reportsEnd
	started := make(chan error, 1)
	go func() {
		// The signal at the death of the parent comes when the thread ends that started the process.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(b.ended)
		err := b.cmd.Start()
		outEnd.Close()
		reportsEnd.Close()
		started <- err
		if err == nil {
			b.err = b.cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		return nil, faultf(runnerapi.RunnerFault, "%w", err)
	}
	return b, nil
}

// shellEnvironment is what a step gets of the runner's environment: nothing that is the runner's own.
func shellEnvironment(j *job) []string {
	env := []string{"HOME=" + j.path("home"), "TMPDIR=" + j.path("tmp")}
	for _, name := range []string{"PATH", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}

func (b *shellBox) streams() (io.Writer, io.Reader, io.Reader) { return b.in, b.out, b.reports }

func (b *shellBox) wait() (int, error) {
	<-b.ended
	if b.err == nil {
		return 0, nil
	}
	var exit *exec.ExitError
	if errors.As(b.err, &exit) {
		return exit.ExitCode(), nil
	}
	return 0, faultf(runnerapi.RunnerFault, "%w", b.err)
}

func (b *shellBox) kill() {
	select {
	case <-b.ended:
		return
	default:
	}
	// The kernel ends all processes of the namespace with its first one, and that one counts as ended when they all are. Where it is not
	// there yet, unshare takes the signal on to it.
	if pid, err := readPID(fmt.Sprintf("/proc/%d/task/%[1]d/children", b.cmd.Process.Pid)); err == nil {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	} else {
		_ = b.cmd.Process.Kill()
	}
	<-b.ended
}

func (b *shellBox) end() error {
	b.kill()
	_ = b.in.Close()
	return errors.Join(b.out.Close(), b.reports.Close())
}

func readPID(file string) (int, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(text)))
}

func (b *shellBox) pipe(ctx context.Context, p *runnerapi.Pipe, variables []string, out io.Writer) (int, error) {
	if b.shell.engine == nil {
		fmt.Fprintf(out, "Pipes are containers, and this runner has no engine for them. Give it the executor docker, too.\n")
		return 125, nil
	}
	return b.shell.engine.runPipe(ctx, b.job, p, variables, "", out)
}

// cacheDir is a directory below that of the step which stands for the home directory.
func (b *shellBox) cacheDir(path string) (string, error) {
	rest, ok := strings.CutPrefix(path, "~/")
	if !ok || !filepath.IsLocal(rest) {
		return "", fmt.Errorf("steps that run as a process have caches in the clone and below ~/, not in %s", path)
	}
	return filepath.Join("home", rest), nil
}

func (b *shellBox) restore(_ context.Context, path string, archive io.Reader) error {
	dir, err := b.cacheDir(path)
	if err != nil {
		return err
	}
	return unpackInto(b.job.root, dir, archive)
}

func (b *shellBox) save(_ context.Context, path string, archive io.Writer) error {
	dir, err := b.cacheDir(path)
	if err != nil {
		return err
	}
	return packDir(b.job.root, dir, archive)
}

func (b *shellBox) read(_ context.Context, name string, limit int64) ([]byte, error) {
	return readUpTo(b.job.root, filepath.Join("agent", name), limit)
}
