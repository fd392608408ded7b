package runner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pailforge/pail/internal/pailtest/need"
	"github.com/pailforge/pail/internal/runnerapi"
)

// begin runs a runner until the end of the test.
func begin(t testing.TB, c Config) *Runner {
	t.Helper()
	r, err := New(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx, ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		_ = r.Close()
		left, _ := filepath.Glob(filepath.Join(c.Directory, "steps", "*"))
		if len(left) > 0 {
			t.Errorf("left behind: %s", left)
		}
	})
	return r
}

// alive tells whether a process whose command line holds a text runs on this machine.
func alive(t testing.TB, text string) bool {
	t.Helper()
	lines, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, name := range lines {
		if line, err := os.ReadFile(name); err == nil && strings.Contains(string(line), text) && !strings.Contains(string(line), "pail\x00") {
			return true
		}
	}
	return false
}

// The kernel takes no less for a PID namespace, and a machine has better things to do than to fork thousands.
func init() { mostProcesses = 400 }

// await waits for such a process to run, or not to run any more.
func await(t testing.TB, want bool, text string) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); alive(t, text) != want; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("that sleep %s runs is still %t", text, !want)
		}
	}
}

func TestShell(t *testing.T) {
	server := newFakeServer(t)
	begin(t, server.config(t, runnerapi.Shell))
	variables := []runnerapi.Variable{{Name: "GREETING", Value: "hello"}, {Name: "PASSWORD", Value: "open sesame", Secured: true}}
	run := func(s runnerapi.Step) (runnerapi.Result, string) { return server.add(s).end(t) }

	t.Run("a script keeps its shell from line to line", func(t *testing.T) {
		result, log := run(runnerapi.Step{Script: commands("export WHO=world", "cd /tmp", `echo "$GREETING $WHO from $PWD"`, "printf '%s\\n' \"it's\" two"), Variables: variables})
		if result.Outcome != runnerapi.Successful || !strings.Contains(log, "+ export WHO=world\n+ cd /tmp\n+ echo \"$GREETING $WHO from $PWD\"\nhello world from /tmp\n") || !strings.Contains(log, "it's\ntwo\n") {
			t.Fatalf("%+v\n%s", result, log)
		}
	})
	t.Run("the first command that fails ends it, and after-script runs", func(t *testing.T) {
		result, log := run(runnerapi.Step{Script: commands("echo one", "sh -c 'exit 7'", "echo two"), After: commands("echo ended with $BITBUCKET_EXIT_CODE", "false")})
		if result.Outcome != runnerapi.Failed || result.Exit != 7 || !strings.Contains(log, "ended with 7\n") || strings.Contains(log, "two") {
			t.Fatalf("%+v\n%s", result, log)
		}
	})
	t.Run("a secret is hidden", func(t *testing.T) {
		result, log := run(runnerapi.Step{Script: commands(`echo "$PASSWORD"`, `echo "$PASSWORD" | base64`, `echo "$PASSWORD" | fold -w 3`, `env`), Variables: variables})
		if result.Outcome != runnerapi.Successful || strings.Contains(log, "sesame") || strings.Contains(log, "b3BlbiBzZXNhbWU") || strings.Contains(log, "ope\nn s") || !strings.Contains(log, "PASSWORD=$PASSWORD\n") {
			t.Fatalf("%+v\n%s", result, log)
		}
		if strings.Contains(log, "CLIENT_SECRET") {
			t.Fatalf("the step sees the runner's environment:\n%s", log)
		}
	})
	t.Run("variables for later steps", func(t *testing.T) {
		result, _ := run(runnerapi.Step{Script: commands(`echo VERSION=1.2 >>"$BITBUCKET_PIPELINES_VARIABLES_PATH"`, `echo OTHER=x >>"$BITBUCKET_PIPELINES_VARIABLES_PATH"`), Outputs: []string{"VERSION"}})
		if len(result.Outputs) != 1 || result.Outputs["VERSION"] != "1.2" {
			t.Fatalf("%+v", result)
		}
	})
	t.Run("what has left the session ends with the step", func(t *testing.T) {
		result, log := run(runnerapi.Step{Script: commands(`setsid sh -c 'trap "" TERM HUP; (sleep 98761 & sleep 98761) </dev/null >/dev/null 2>&1 &' & echo away`)})
		if result.Outcome != runnerapi.Successful || alive(t, "98761") {
			t.Fatalf("%+v\n%s", result, log)
		}
	})
	t.Run("max-time", func(t *testing.T) {
		result, log := run(runnerapi.Step{MaxTime: 1, Script: commands("echo begins", "setsid sleep 98762"), After: commands("echo after")})
		if result.Outcome != runnerapi.Failed || result.Reason != runnerapi.TimedOut || alive(t, "98762") || !strings.Contains(log, "begins") || !strings.Contains(log, "max-time") {
			t.Fatalf("%+v\n%s", result, log)
		}
	})
	t.Run("forks without end", func(t *testing.T) {
		result, log := run(runnerapi.Step{MaxTime: 2, Script: commands("echo begins", "bomb() { bomb & bomb & }", "bomb", "sleep 98763")})
		if result.Reason != runnerapi.TimedOut || alive(t, "98763") || !strings.Contains(log, "begins") {
			t.Fatalf("%+v\n%s", result, log)
		}
	})
	t.Run("is stopped", func(t *testing.T) {
		s := server.add(runnerapi.Step{Script: commands("echo begins", "sleep 98764")})
		s.until(t, "begins\n")
		s.mu.Lock()
		s.stop = true
		s.mu.Unlock()
		result, log := s.end(t)
		if result.Outcome != runnerapi.Stopped || alive(t, "98764") {
			t.Fatalf("%+v\n%s", result, log)
		}
	})
	t.Run("is lost", func(t *testing.T) {
		s := server.add(runnerapi.Step{Script: commands("echo begins; sleep 98765")})
		s.until(t, "begins\n")
		s.mu.Lock()
		s.lost = true
		s.mu.Unlock()
		await(t, false, "98765")
	})
	t.Run("prints more than the server keeps", func(t *testing.T) {
		s := server.addKeeping(runnerapi.Step{Script: commands("head -c 50000000 /dev/zero", "echo end")}, 10<<20)
		if result, _ := s.end(t); result.Outcome != runnerapi.Successful || s.size > 20<<20 {
			t.Fatalf("%+v, %d octets", result, s.size)
		}
	})
	t.Run("is killed from outside", func(t *testing.T) {
		s := server.add(runnerapi.Step{Script: commands("echo begins", "kill -9 -1; sleep 1; exec sleep 98766")})
		s.until(t, "begins\n")
		result, log := s.end(t)
		if result.Outcome == runnerapi.Successful {
			t.Fatalf("%+v\n%s", result, log)
		}
	})
}

// Of a runner that is killed with -9, nothing goes on.
func TestShellRunnerKilled(t *testing.T) {
	server := newFakeServer(t)
	config := server.config(t, runnerapi.Shell)
	cmd := exec.Command(os.Args[0], "-test.run=^TestStartProcess$")
	cmd.Env = append(os.Environ(), "PAIL_TEST_RUNNER="+strings.Join([]string{config.URL, config.UUID, config.Directory, runnerapi.Shell}, " "))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s := server.add(runnerapi.Step{Script: commands("setsid sleep 98767 & echo begins; sleep 98767")})
	s.until(t, "begins\n")
	await(t, true, "98767")
	if _, err := New(t.Context(), config); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Fatalf("two runners in one directory: %v", err)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	await(t, false, "98767")
	begin(t, config)
	if left, _ := filepath.Glob(filepath.Join(config.Directory, "steps", "*")); len(left) > 0 {
		t.Fatalf("left behind: %s", left)
	}
	if result, log := server.add(runnerapi.Step{Script: commands("echo again")}).end(t); result.Outcome != runnerapi.Successful {
		t.Fatalf("%+v\n%s", result, log)
	}
}

// TestStartProcess is no test of its own: others run it as a process.
func TestStartProcess(t *testing.T) {
	words := strings.Fields(os.Getenv("PAIL_TEST_RUNNER"))
	if len(words) == 0 {
		t.Skip("a process of other tests")
	}
	r, err := New(t.Context(), Config{Version: "test", URL: words[0], UUID: words[1], ClientID: "client", ClientSecret: "secret", TokenURL: words[0] + "/token",
		Executors: words[3:4], Slots: 2, Directory: words[2], Git: "git", Engine: Engine{Host: os.Getenv("PAIL_TEST_ENGINE")}})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Run(t.Context(), t.Context()); err != nil {
		t.Fatal(err)
	}
}

// A full disk ends a step with that reason, wherever it is met.
func TestDiskFull(t *testing.T) {
	if os.Geteuid() != 0 {
		need.Skip(t, "linux", "a file system of its own needs root")
	}
	server := newFakeServer(t)
	config := server.config(t, runnerapi.Shell)
	if err := syscall.Mount("tmpfs", config.Directory, "tmpfs", 0, "size=4m"); err != nil {
		if errors.Is(err, syscall.EPERM) {
			need.Skip(t, "linux", "a file system of its own needs the right to mount")
		}
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(config.Directory, syscall.MNT_DETACH) })
	begin(t, config)
	result, log := server.add(runnerapi.Step{Script: commands("echo begins", "head -c 8000000 /dev/zero >big")}).end(t)
	if result.Outcome != runnerapi.Errored || result.Reason != runnerapi.DiskFull || !strings.Contains(log, "begins") {
		t.Fatalf("%+v\n%s", result, log)
	}
	if result, log = server.add(runnerapi.Step{Script: commands("echo again")}).end(t); result.Outcome != runnerapi.Successful {
		t.Fatalf("%+v\n%s", result, log)
	}
}

// From the question of a runner to the first line of the log.
func BenchmarkFirstLine(b *testing.B) {
	server := newFakeServer(b)
	begin(b, server.config(b, runnerapi.Shell))
	for b.Loop() {
		s := server.add(runnerapi.Step{Script: commands("echo first-line")})
		s.until(b, "\nfirst-line\n")
		s.end(b)
	}
}

// What a step prints, through the masker with five secrets, to the server.
func BenchmarkLog(b *testing.B) {
	server := newFakeServer(b)
	begin(b, server.config(b, runnerapi.Shell))
	const size = 1 << 30
	b.SetBytes(size)
	var secrets []runnerapi.Variable
	for i := range 5 {
		secrets = append(secrets, runnerapi.Variable{Name: fmt.Sprintf("SECRET_%d", i), Value: fmt.Sprintf("%d-a-secret-that-nobody-knows", i), Secured: true})
	}
	for b.Loop() {
		s := server.addKeeping(runnerapi.Step{Variables: secrets, MaxTime: 600,
			Script: commands(fmt.Sprintf("yes 'compiling a package of the module, with all that is in it, for the hundredth time' | head -c %d", size))}, 8<<30)
		s.end(b)
		if s.size < size {
			b.Fatal(s.size)
		}
	}
}
