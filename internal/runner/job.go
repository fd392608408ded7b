package runner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pailforge/pail/internal/pipefile"
	"github.com/pailforge/pail/internal/runnerapi"
)

// job is a step that runs.
type job struct {
	runner *Runner
	step   *runnerapi.Step
	dir    string   // everything on this machine that belongs to the step
	root   *os.Root // dir
	build  *os.Root // the clone
	out    io.Writer
	walled []Secret // what the masker hides
	box    box
	exec   executor

	phase   atomic.Value  // string, of runnerapi
	changed chan struct{} // the phase is another one
	mu      sync.Mutex
	began   map[string]time.Time // phases; mu guards it
	missed  map[string]string    // caches that were not there: their keys by name
}

// Why a step ends early.
var (
	errStopped  = errors.New("somebody stopped the step")
	errTimedOut = errors.New("the step took longer than its max-time")
)

func (j *job) path(parts ...string) string {
	return filepath.Join(append([]string{j.dir}, parts...)...)
}

// locked makes a writer that several may write to.
type locked struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

// run runs the step to its end. The error says more to those who run the runner.
func (j *job) run(parent context.Context) (result runnerapi.Result, err error) {
	s := j.step
	leased, lose := context.WithCancelCause(context.WithoutCancel(parent)) // while the step belongs to the runner
	defer lose(nil)
	ctx, stop := context.WithCancelCause(leased)
	defer stop(nil)
	defer context.AfterFunc(parent, func() { stop(errShutDown) })()
	ctx, cancel := context.WithTimeoutCause(ctx, time.Duration(s.MaxTime)*time.Second, errTimedOut)
	defer cancel()

	j.changed = make(chan struct{}, 1)
	j.began = map[string]time.Time{}
	j.missed = map[string]string{}
	j.enter(runnerapi.SetUp)
	beats := make(chan struct{})
	go func() { defer close(beats); j.beat(leased, lose, stop) }()
	defer func() { lose(nil); <-beats }()

	j.walled = secretsOf(s)
	log := newLog(leased, j.runner.client, s.UUID, s.UUID)
	masker := NewMasker(log, j.walled)
	j.out = &locked{w: masker}

	exit, err := j.phases(ctx)
	if cause := context.Cause(ctx); cause != nil {
		err = errors.Join(cause, err)
	}
	result = j.judge(exit, err)
	if result.Outcome == runnerapi.Successful || result.Outcome == runnerapi.Failed && result.Reason == "" {
		result.Outputs = j.outputs(ctx)
	}
	if result.Message != "" {
		fmt.Fprintf(j.out, "%s\n", result.Message)
	}
	err = errors.Join(err, j.clean())
	_ = masker.Close()
	if sent := log.Close(); sent != nil && context.Cause(leased) == nil {
		err = errors.Join(err, fmt.Errorf("the end of the log is lost: %w", sent))
	}
	result.Seconds = j.seconds()
	if cause := context.Cause(leased); errors.Is(cause, errLost) {
		err = errors.Join(cause, err)
	}
	return result, err
}

// phases are what a step goes through. The exit code is that of its script.
func (j *job) phases(ctx context.Context) (exit int, err error) {
	if err := j.setUp(ctx); err != nil {
		return 0, err
	}
	exit, err = j.script(ctx)
	if err != nil {
		return exit, err
	}
	j.enter(runnerapi.TearDown)
	return exit, j.keep(ctx, exit)
}

// judge says how the step ended.
func (j *job) judge(exit int, err error) runnerapi.Result {
	var f *fault
	switch {
	case errors.Is(err, errShutDown):
		return runnerapi.Result{Outcome: runnerapi.Errored, Reason: runnerapi.RunnerGone, Message: "The runner was stopped before the step was done."}
	case errors.Is(err, errStopped):
		return runnerapi.Result{Outcome: runnerapi.Stopped, Message: "The step was stopped."}
	case errors.Is(err, errTimedOut):
		return runnerapi.Result{Outcome: runnerapi.Failed, Reason: runnerapi.TimedOut,
			Message: fmt.Sprintf("The step was ended after %v, its max-time.", time.Duration(j.step.MaxTime)*time.Second)}
	case errors.As(err, &f) && f.reason == runnerapi.OutOfMemory:
		return runnerapi.Result{Outcome: runnerapi.Failed, Reason: f.reason, Message: f.message, Exit: exit}
	case errors.As(err, &f):
		return runnerapi.Result{Outcome: runnerapi.Errored, Reason: f.reason, Message: f.message, Exit: exit}
	case err != nil:
		return runnerapi.Result{Outcome: runnerapi.Errored, Reason: runnerapi.RunnerFault, Message: err.Error(), Exit: exit}
	case exit != 0 && j.diskFull():
		return runnerapi.Result{Outcome: runnerapi.Errored, Reason: runnerapi.DiskFull, Message: "The runner's disk is full.", Exit: exit}
	case exit != 0:
		return runnerapi.Result{Outcome: runnerapi.Failed, Exit: exit}
	}
	return runnerapi.Result{Outcome: runnerapi.Successful}
}

// little is less than a disk has that is not full, in octets.
const little = 256 << 10

func (j *job) diskFull() bool {
	free := room(j.runner.config.Directory)
	return free >= 0 && free < little
}

// enter says that a phase begins.
func (j *job) enter(phase string) {
	j.phase.Store(phase)
	j.mu.Lock()
	j.began[phase] = time.Now()
	j.mu.Unlock()
	select {
	case j.changed <- struct{}{}:
	default:
	}
}

// seconds is how long each phase took, until now.
func (j *job) seconds() map[string]int {
	j.mu.Lock()
	defer j.mu.Unlock()
	all := map[string]int{}
	end := time.Now()
	for _, phase := range []string{runnerapi.TearDown, runnerapi.AfterScript, runnerapi.Script, runnerapi.SetUp} {
		if from, ok := j.began[phase]; ok {
			all[phase] = int(end.Sub(from).Round(time.Second).Seconds())
			end = from
		}
	}
	return all
}

// beat says from time to time, and at the beginning of each phase, that the runner is at the step.
func (j *job) beat(ctx context.Context, lose, stop context.CancelCauseFunc) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-j.changed:
		case <-time.After(runnerapi.Beats):
		}
		orders, err := j.runner.client.beat(ctx, j.step.UUID, runnerapi.Beat{Phase: j.phase.Load().(string)})
		switch {
		case ctx.Err() != nil:
			return
		case err != nil && permanent(err):
			lose(errors.Join(errLost, err))
		case err != nil:
			j.runner.config.Log.Warn("cannot renew the lease", "step", j.step.UUID, "error", err)
		case orders.Stop:
			stop(errStopped)
		}
	}
}

// secretsOf is everything in a step that may stand in no log.
func secretsOf(s *runnerapi.Step) []Secret {
	var all []Secret
	secured := func(list []runnerapi.Variable) {
		for _, v := range list {
			if v.Secured {
				all = append(all, Secret{v.Name, v.Value})
			}
		}
	}
	secured(s.Variables)
	for _, service := range s.Services {
		secured(service.Variables)
	}
	for _, list := range [][]runnerapi.Command{s.Script, s.After} {
		for _, c := range list {
			if c.Pipe != nil {
				secured(c.Pipe.Variables)
			}
		}
	}
	if s.Clone != nil {
		all = append(all, Secret{"CLONE_PASSWORD", s.Clone.Password}, Secret{"CLONE_PASSWORD", s.Clone.Username + ":" + s.Clone.Password})
	}
	if s.SSH != nil {
		all = append(all, Secret{"SSH_KEY", s.SSH.PrivateKey})
	}
	return slices.DeleteFunc(all, func(s Secret) bool { return s.Value == "" })
}

// variables are those of the step, the last of each name.
func (j *job) variables() map[string]string {
	all := map[string]string{}
	for _, v := range j.step.Variables {
		all[v.Name] = v.Value
	}
	all["BITBUCKET_CLONE_DIR"], _ = j.exec.places(j)
	return all
}

// memory is what the services leave to the step itself, in MiB.
func (j *job) memory() int {
	memory := j.step.Memory
	for _, s := range j.step.Services {
		memory -= s.Memory
	}
	return memory
}

// environment is the same as NAME=VALUE.
func (j *job) environment() []string { return asEnvironment(j.variables()) }

func asEnvironment(values map[string]string) []string {
	var env []string
	for _, name := range slices.Sorted(maps.Keys(values)) {
		env = append(env, name+"="+values[name])
	}
	return env
}

// fill is a text with the step's variables in it.
func (j *job) fill(text string) string {
	values := j.variables()
	return expand(text, func(name string) string { return values[name] })
}

// files are what the driver finds beside the clone.
func (j *job) files() map[string][]byte {
	_, inScript := pipesOf(j.step)
	all := map[string][]byte{"script": []byte(scriptOf(j.step.Script, 0)), "after": []byte(scriptOf(j.step.After, inScript)), "variables": nil}
	if j.step.SSH != nil {
		all["id"], all["known_hosts"] = []byte(j.step.SSH.PrivateKey), []byte(j.step.SSH.KnownHosts)
	}
	return all
}

// setUp makes everything ready up to the driver that waits.
func (j *job) setUp(ctx context.Context) (err error) {
	for _, dir := range []string{"", "build", "agent"} {
		if err := os.MkdirAll(j.path(dir), 0o755); err != nil {
			return faultf(runnerapi.RunnerFault, "%w", err)
		}
	}
	if j.root, err = os.OpenRoot(j.dir); err != nil {
		return faultf(runnerapi.RunnerFault, "%w", err)
	}
	if j.build, err = j.root.OpenRoot("build"); err != nil {
		return faultf(runnerapi.RunnerFault, "%w", err)
	}
	name := j.step.Executor
	if name == "" {
		name = runnerapi.Docker
		if _, ok := j.runner.executors[name]; !ok {
			name = runnerapi.Shell
		}
	}
	var ok bool
	if j.exec, ok = j.runner.executors[name]; !ok {
		return &fault{runnerapi.NoExecutor, "The step needs the executor " + name + ", which this runner does not have."}
	}
	fmt.Fprintf(j.out, "Runner %s, executor %s\n", j.runner.config.Version, name)
	for _, v := range j.step.Variables {
		if v.Secured && len(v.Value) > 0 && len(v.Value) < ShortestSecret {
			fmt.Fprintf(j.out, "%s is too short to be hidden here: a secret has at least %d characters.\n", v.Name, ShortestSecret)
		}
	}
	if j.step.Clone != nil {
		if err := j.clone(ctx); err != nil {
			return err
		}
	}
	for _, f := range j.step.Fetch {
		if err := j.fetch(ctx, f); err != nil {
			return err
		}
	}
	for _, c := range j.step.Caches {
		if c.Path != "" && inClone(c.Path) {
			if err := j.restore(ctx, c, func(r io.Reader) error { return unpackInto(j.build, path.Clean(c.Path), r) }); err != nil {
				return err
			}
		}
	}
	if j.box, err = j.exec.box(ctx, j); err != nil {
		return err
	}
	for _, c := range j.step.Caches {
		if c.Path != "" && !inClone(c.Path) {
			if err := j.restore(ctx, c, func(r io.Reader) error { return j.box.restore(ctx, c.Path, r) }); err != nil {
				return err
			}
		}
	}
	return nil
}

// script lets the driver run, and does what it asks for, until it has ended.
func (j *job) script(ctx context.Context) (exit int, err error) {
	in, out, reports := j.box.streams()
	pipes, _ := pipesOf(j.step)
	defer context.AfterFunc(ctx, j.box.kill)()
	var copied sync.WaitGroup
	copied.Go(func() {
		_, _ = io.CopyBuffer(struct{ io.Writer }{j.out}, struct{ io.Reader }{out}, make([]byte, 256<<10))
	})
	exit = -1
	killed := 0
	copied.Go(func() {
		readReports(reports, func(r report) {
			switch {
			case r.word == "oom":
				killed = r.number
			case r.word == "script" && exit < 0:
				exit = r.number
				word := "end"
				if len(j.step.After) > 0 {
					word = "after"
					j.enter(runnerapi.AfterScript)
				}
				fmt.Fprintln(in, word)
			case r.word == "pipe" && r.number >= 0 && r.number < len(pipes):
				code, err := j.box.pipe(ctx, pipes[r.number], r.values, j.out)
				if err != nil {
					fmt.Fprintf(j.out, "%v\n", err)
					code = 125
				}
				fmt.Fprintln(in, code)
			}
		})
	})
	j.enter(runnerapi.Script)
	if _, err := fmt.Fprintln(in, "go"); err != nil && ctx.Err() == nil {
		return 0, faultf(runnerapi.Killed, "The step ended before its script began: %w", err)
	}
	code, err := j.box.wait()
	copied.Wait()
	if ctx.Err() != nil {
		return 0, context.Cause(ctx)
	}
	if exit < 0 && err == nil {
		err = faultf(runnerapi.Killed, "What the step ran in was ended from outside (exit code %d).", code)
	}
	if exit > 0 && err == nil && killed > 0 {
		err = outOfMemory(j.memory())
	}
	return max(exit, 0), err
}

// keep sends what the step leaves. What the server does not take is no reason for the step to fail.
func (j *job) keep(ctx context.Context, exit int) error {
	warn := func(what string, err error) error {
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.Is(err, errLost):
			return err
		}
		fmt.Fprintf(j.out, "%s: %v\n", what, err)
		return nil
	}
	if exit == 0 {
		for _, c := range j.step.Caches {
			if key, missed := j.missed[c.Name]; missed {
				if err := warn("Cache "+c.Name+" is not kept", j.saveCache(ctx, c, key)); err != nil {
					return err
				}
			}
		}
	}
	for _, a := range j.step.Artifacts {
		if a.When != pipefile.Always && (a.When == pipefile.OnFailure) != (exit != 0) {
			continue
		}
		if err := warn("Artifacts "+a.Name+" are not kept", j.sendArtifact(ctx, a)); err != nil {
			return err
		}
	}
	return warn("Test reports are not kept", j.sendReports(ctx))
}

// mostFiles is how many files are looked at in a clone.
const mostFiles = 1_000_000

func (j *job) stepPath(rest string) string { return "/steps/" + j.step.UUID + rest }

// reportPlaces are the directories in which Bitbucket Cloud looks for test reports.
var reportPlaces = []string{"surefire-reports", "failsafe-reports", "test-results", "test-reports", "TestResults"}

// mostOutput is the size of the file with variables for later steps, in octets.
const mostOutput = 1 << 20

// outputs are the variables that the script wrote for later steps.
func (j *job) outputs(ctx context.Context) map[string]string {
	if len(j.step.Outputs) == 0 || j.box == nil {
		return nil
	}
	text, err := j.box.read(ctx, "variables", mostOutput)
	if err != nil {
		fmt.Fprintf(j.out, "The variables for later steps cannot be read: %v\n", err)
		return nil
	}
	all := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(strings.TrimRight(line, "\r\n"), "="); ok && slices.Contains(j.step.Outputs, name) {
			all[name] = value
		}
	}
	return all
}

// clean removes everything that the step was on this machine.
func (j *job) clean() error {
	var err error
	if j.box != nil {
		err = j.box.end()
	}
	for _, root := range []*os.Root{j.build, j.root} {
		if root != nil {
			_ = root.Close()
		}
	}
	return errors.Join(err, removeAll(j.dir))
}
