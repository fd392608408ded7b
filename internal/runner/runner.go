package runner

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/pailforge/pail/internal/runnerapi"
)

// Config is what a runner is. All of it but Log must be set.
type Config struct {
	Version      string   // of the program
	URL          string   // of the server
	UUID         string   // of the runner, with or without braces
	ClientID     string   // of the runner's OAuth client
	ClientSecret string   //
	TokenURL     string   // where the client buys access tokens
	Executors    []string // of runnerapi.Docker and runnerapi.Shell
	Slots        int      // steps at a time, 1 to MaxSlots
	Directory    string   // where steps run; it belongs to one process at a time
	Git          string   // the git binary
	Engine       Engine   // for runnerapi.Docker
	Log          *slog.Logger
}

// MaxSlots is how many steps a runner may run at a time.
const MaxSlots = 64

// Runner takes steps and runs them.
type Runner struct {
	config    Config
	client    *client
	executors map[string]executor
	lock      *os.File
}

var uuidForm = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// New makes a runner: it checks what it is to be, takes the directory for itself, finds its executors, and removes what a process before
// it left behind. The errors say what to do. Close gives the directory back.
func New(ctx context.Context, c Config) (r *Runner, err error) {
	if u, err := url.Parse(c.URL); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("the address of the server is http(s)://HOST, not %q", c.URL)
	}
	if n := len(c.UUID); n > 2 && c.UUID[0] == '{' && c.UUID[n-1] == '}' {
		c.UUID = c.UUID[1 : n-1]
	}
	switch {
	case !uuidForm.MatchString(c.UUID):
		return nil, errors.New("the runner's UUID is missing or is none; the server shows it when the runner is made")
	case c.ClientID == "" || c.ClientSecret == "":
		return nil, errors.New("the id or the secret of the runner's OAuth client is missing; the server shows both when the runner is made")
	case c.Slots < 1 || c.Slots > MaxSlots:
		return nil, fmt.Errorf("a runner has 1 to %d steps at a time, not %d", MaxSlots, c.Slots)
	case len(c.Executors) == 0:
		return nil, errors.New("a runner needs an executor: docker, or shell on a machine that may run whatever the workspace's members push")
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Directory, err = filepath.Abs(c.Directory); err != nil {
		return nil, err
	}
	if _, err := exec.LookPath(c.Git); err != nil {
		return nil, fmt.Errorf("runners clone with git: %w", err)
	}
	if err := os.MkdirAll(c.Directory, 0o700); err != nil {
		return nil, fmt.Errorf("the runner's directory: %w", err)
	}
	r = &Runner{config: c, executors: map[string]executor{}}
	if r.lock, err = lockFile(filepath.Join(c.Directory, "lock")); err != nil {
		return nil, fmt.Errorf("another process is the runner of %s, or it cannot be locked (%w); give each runner a directory of its own", c.Directory, err)
	}
	defer func() {
		if err != nil {
			_ = r.Close()
		}
	}()
	var e *engine
	if slices.Contains(c.Executors, runnerapi.Docker) {
		if e, err = newEngine(ctx, c.Engine, c.UUID); err != nil {
			return nil, err
		}
		r.executors[runnerapi.Docker] = e
	}
	if slices.Contains(c.Executors, runnerapi.Shell) {
		s, err := newShell(e)
		if err != nil {
			return nil, err
		}
		r.executors[runnerapi.Shell] = s
	}
	if len(r.executors) != len(c.Executors) {
		return nil, fmt.Errorf("the executors are docker and shell, not %q", c.Executors)
	}
	for _, x := range r.executors {
		if err := x.sweep(ctx); err != nil {
			return nil, fmt.Errorf("cannot remove what an earlier process of this runner left behind: %w", err)
		}
	}
	if err := removeAll(filepath.Join(c.Directory, "steps")); err != nil {
		return nil, fmt.Errorf("cannot remove what an earlier process of this runner left behind: %w", err)
	}
	if err := os.MkdirAll(filepath.Join(c.Directory, "steps"), 0o711); err != nil {
		return nil, err
	}
	return r, nil
}

// Close gives the directory back.
func (r *Runner) Close() error {
	if r.lock == nil {
		return nil
	}
	return r.lock.Close()
}

// Run takes steps and runs them until ctx ends; then it takes no more. Those that still run when last ends are stopped. The error is one
// that asking again does not mend: the server does not know the runner (any more).
func (r *Runner) Run(ctx, last context.Context) error {
	running, stop := context.WithCancelCause(context.WithoutCancel(ctx))
	defer stop(nil)
	asking, refuse := context.WithCancelCause(ctx)
	defer refuse(nil)
	r.client = newClient(running, &r.config)
	var slots sync.WaitGroup
	for range r.config.Slots {
		slots.Go(func() {
			if err := r.slot(asking, running); err != nil {
				refuse(err)
			}
		})
	}
	defer context.AfterFunc(last, func() { stop(errShutDown) })()
	slots.Wait()
	if err := context.Cause(asking); ctx.Err() == nil && err != nil {
		return err
	}
	return nil
}

var errShutDown = errors.New("the runner was stopped")

// slot runs one step after another.
func (r *Runner) slot(asking, running context.Context) error {
	ask := runnerapi.Ask{Version: r.config.Version, Executors: slices.Sorted(maps.Keys(r.executors))}
	wait := time.Duration(0)
	for {
		select {
		case <-asking.Done():
			return nil
		case <-time.After(wait):
		}
		step, err := r.client.ask(asking, ask)
		switch {
		case asking.Err() != nil && step == nil:
			return nil
		case err != nil && permanent(err):
			return fmt.Errorf("the server refuses this runner: %w", err)
		case err != nil:
			wait = min(max(2*wait, 200*time.Millisecond), 10*time.Second)
			r.config.Log.Warn("cannot ask for a step", "error", err, "again_in", wait)
			continue
		}
		wait = 0
		if step != nil {
			r.config.Log.Info("step begins", "step", step.UUID, "name", step.Name)
			result, err := r.do(running, step)
			r.config.Log.Info("step ended", "step", step.UUID, "outcome", result.Outcome, "reason", result.Reason, "exit", result.Exit, "error", err)
		}
	}
}

// do runs a step and tells the server how it ended.
func (r *Runner) do(ctx context.Context, step *runnerapi.Step) (runnerapi.Result, error) {
	if !uuidForm.MatchString(step.UUID) {
		return runnerapi.Result{}, fmt.Errorf("the server gave a step with the UUID %q", step.UUID)
	}
	j := &job{runner: r, step: step, dir: filepath.Join(r.config.Directory, "steps", step.UUID)}
	result, err := j.run(ctx)
	if errors.Is(err, errLost) {
		return result, err
	}
	// Whatever stopped the step, the server learns how it ended.
	telling, cancel := context.WithTimeout(context.WithoutCancel(ctx), runnerapi.Lease)
	defer cancel()
	return result, errors.Join(err, r.client.result(telling, step.UUID, result))
}

// removeAll removes a directory of which a step may have taken its own rights.
func removeAll(dir string) error {
	err := os.RemoveAll(dir)
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	_ = filepath.WalkDir(dir, func(p string, d fs.DirEntry, _ error) error {
		if d != nil && d.IsDir() {
			_ = os.Chmod(p, 0o700)
		}
		return nil
	})
	return os.RemoveAll(dir)
}
