package gitstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// maxStderr bounds how much of git's complaints is kept.
const maxStderr = 4 << 10

// killAfter is how long a cancelled git has to tidy up (temporary packs, lock files) between the
// polite signal and the final one.
const killAfter = 3 * time.Second

// gentleFor is how long a process has to end by itself where there is a way without signals.
const gentleFor = 30 * time.Second

// settings is the configuration of every git process. It replaces the system's and the user's.
var settings = [][2]string{
	{"safe.directory", "*"}, // the files may belong to another user than the process (shared volumes)
	{"protocol.allow", "never"},
	{"core.hooksPath", "/dev/null"},
	{"core.fsync", "committed"}, // objects and references are on disk before git says that they are
	{"core.logAllRefUpdates", "false"},
	{"core.warnAmbiguousRefs", "false"},
	{"core.quotePath", "false"},
	{"core.protectHFS", "true"}, // whatever a client's file system takes for .git is none here
	{"core.protectNTFS", "true"},
	{"core.fsmonitor", "false"},
	{"core.bigFileThreshold", "64m"}, // larger blobs are streamed, neither deltified nor held in memory
	{"core.filesRefLockTimeout", "10000"},
	{"core.packedRefsTimeout", "10000"},
	{"core.commitGraph", "true"},
	{"gc.auto", "0"},
	{"gc.autoDetach", "false"},
	{"maintenance.auto", "false"},
	{"pack.windowMemory", "256m"},
	{"pack.writeReverseIndex", "true"},
	{"i18n.logOutputEncoding", "UTF-8"},
	{"user.useConfigOnly", "true"},
	{"advice.detachedHead", "false"},
}

// environment is what every git process gets to see: nothing of the server's own but the search path.
func environment(home string) []string {
	env := []string{
		"PATH=" + os.Getenv("PATH"),
		"HOME=" + home,
		"XDG_CONFIG_HOME=" + home,
		"LC_ALL=C",
		"TZ=UTC",
		"GIT_CONFIG_NOSYSTEM=1",
		"GIT_CONFIG_GLOBAL=/dev/null",
		"GIT_ATTR_NOSYSTEM=1",
		"GIT_TERMINAL_PROMPT=0",
		"GIT_LITERAL_PATHSPECS=1",
		"GIT_NO_REPLACE_OBJECTS=1",
		"GIT_CONFIG_COUNT=" + strconv.Itoa(len(settings)),
	}
	if tmp, ok := os.LookupEnv("TMPDIR"); ok {
		env = append(env, "TMPDIR="+tmp)
	}
	for i, s := range settings {
		env = append(env, fmt.Sprintf("GIT_CONFIG_KEY_%d=%s", i, s[0]), fmt.Sprintf("GIT_CONFIG_VALUE_%d=%s", i, s[1]))
	}
	return env
}

// process is one git process that is the head of a process group of its own.
type process struct {
	*exec.Cmd
	name   string
	hide   []string // paths that must not leave the store
	stderr limitedBuffer
	stop   func() bool // withdraws the cancellation
	gentle func()      // a way to end it before any signal, may be nil
	mu     sync.Mutex
	timer  *time.Timer // the next, harder step of a cancellation
	ended  bool
}

// command prepares `git <args>` in dir. The first argument that is not an option or its value
// names the command in errors. The process group ends when ctx does.
func (s *Store) command(dir string, args ...string) *process {
	p := &process{Cmd: exec.Command(s.Git, args...), hide: []string{dir, s.Root}}
	p.Env = s.env
	p.Dir = dir
	p.SysProcAttr = ownGroup()
	p.WaitDelay = 2 * killAfter
	p.Cmd.Stderr = &p.stderr
	for i := 0; i < len(args); i++ {
		if args[i] == "-c" {
			i++
		} else if !strings.HasPrefix(args[i], "-") {
			p.name = args[i]
			break
		}
	}
	return p
}

// start runs the process and ties its whole group to ctx.
func (p *process) start(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	if err := p.Start(); err != nil {
		return fail(ErrGit, "git", "", shorten(err))
	}
	p.stop = context.AfterFunc(ctx, p.cancel)
	return nil
}

// cancel asks the group to end, and makes it end a little later.
func (p *process) cancel() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended || p.timer != nil {
		return
	}
	if p.gentle != nil {
		p.gentle()
		p.timer = time.AfterFunc(gentleFor, p.terminate)
		return
	}
	signalGroup(p.Process, false)
	p.timer = time.AfterFunc(killAfter, p.kill)
}

func (p *process) terminate() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.ended {
		signalGroup(p.Process, false)
		p.timer = time.AfterFunc(killAfter, p.kill)
	}
}

func (p *process) kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.ended {
		signalGroup(p.Process, true)
	}
}

// wait reaps the process and turns its end into an error: the context's cause when that ended it.
func (p *process) wait(ctx context.Context) error {
	err := p.Wait()
	p.stop()
	p.mu.Lock()
	p.ended = true
	if p.timer != nil {
		p.timer.Stop()
	}
	p.mu.Unlock()
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return fail(ErrGit, "git", p.name, shorten(err))
	}
	return &GitError{Command: p.name, Exit: exit.ExitCode(), Stderr: p.scrub(p.stderr.String())}
}

// scrub takes the server's paths out of what git said.
func (p *process) scrub(text string) string {
	for _, path := range p.hide {
		if path != "" {
			text = strings.ReplaceAll(text, path, "…")
		}
	}
	return strings.ToValidUTF8(text, "�")
}

// output runs git to its end and gives what it printed, at most limit bytes.
func (s *Store) output(ctx context.Context, dir string, stdin io.Reader, limit int, args ...string) ([]byte, error) {
	return s.command(dir, args...).output(ctx, stdin, limit)
}

// with adds variables to what the process gets to see.
func (p *process) with(env ...string) *process {
	p.Env = append(p.Env[:len(p.Env):len(p.Env)], env...)
	return p
}

// output runs the process to its end and gives what it printed, at most limit bytes, also with an error.
func (p *process) output(ctx context.Context, stdin io.Reader, limit int) ([]byte, error) {
	out := limitedBuffer{limit: limit}
	p.Stdin, p.Stdout = stdin, &out
	if err := p.start(ctx); err != nil {
		return nil, err
	}
	if err := p.wait(ctx); err != nil {
		return out.Bytes(), err
	}
	if out.dropped {
		return nil, fail(ErrTooLarge, "output of git "+p.name, "", "")
	}
	return out.Bytes(), nil
}

// limitedBuffer keeps the first bytes (4 KiB unless told otherwise) and swallows the rest.
type limitedBuffer struct {
	bytes.Buffer
	limit   int
	dropped bool
}

func (b *limitedBuffer) Write(p []byte) (int, error) {
	limit := b.limit
	if limit == 0 {
		limit = maxStderr
	}
	if room := limit - b.Len(); room < len(p) {
		b.dropped = true
		b.Buffer.Write(p[:max(room, 0)])
		return len(p), nil
	}
	return b.Buffer.Write(p)
}

// ReadFrom hides the one of bytes.Buffer, which has no limit.
func (b *limitedBuffer) ReadFrom(r io.Reader) (int64, error) {
	return io.Copy(struct{ io.Writer }{b}, r)
}

// shorten drops the paths from an error of the operating system.
func shorten(err error) string {
	var path *os.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		return path.Op + ": " + path.Err.Error()
	case errors.As(err, &link):
		return link.Op + ": " + link.Err.Error()
	}
	return err.Error()
}

// pathless is an error of the operating system that does not show the paths of the server.
type pathless struct{ error }

func (e pathless) Error() string { return "gitstore: " + shorten(e.error) }
func (e pathless) Unwrap() error { return e.error }

// hidePath makes an error of the operating system fit to leave the store.
func hidePath(err error) error {
	if err == nil {
		return nil
	}
	return pathless{err}
}

// oldestGit is the first version that has everything used here: `cat-file --batch-command`,
// `core.fsync`, and `safe.directory` given by the caller.
var oldestGit = [2]int{2, 38}

// checkGit finds the git binary and makes sure that it is new enough.
func checkGit(name string) (string, error) {
	if name == "" {
		name = "git"
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return "", fail(ErrGit, "git", name, "install git 2.38 or later, or set the path of the git binary")
	}
	if path, err = filepath.Abs(path); err != nil {
		return "", err
	}
	cmd := exec.Command(path, "version")
	cmd.Env = []string{"LC_ALL=C", "PATH=" + os.Getenv("PATH")}
	out, err := cmd.Output()
	if err != nil {
		return "", fail(ErrGit, "git", name, "`git version` fails: "+shorten(err))
	}
	major, minor, ok := parseGitVersion(string(out))
	if !ok {
		return "", fail(ErrGit, "git", name, "`git version` answers "+strconv.Quote(strings.TrimSpace(string(out[:min(len(out), 80)]))))
	}
	if major < oldestGit[0] || major == oldestGit[0] && minor < oldestGit[1] {
		return "", fail(ErrGit, "git", name, fmt.Sprintf("found version %d.%d, at least %d.%d is needed", major, minor, oldestGit[0], oldestGit[1]))
	}
	return path, nil
}

// parseGitVersion reads "git version 2.39.5 (some build)".
func parseGitVersion(text string) (major, minor int, ok bool) {
	rest, ok := strings.CutPrefix(text, "git version ")
	if !ok {
		return 0, 0, false
	}
	parts := strings.SplitN(strings.TrimSpace(rest), ".", 3)
	if len(parts) < 2 {
		return 0, 0, false
	}
	digits := strings.IndexFunc(parts[1], func(r rune) bool { return r < '0' || r > '9' })
	if digits >= 0 {
		parts[1] = parts[1][:digits]
	}
	major, err1 := strconv.Atoi(parts[0])
	minor, err2 := strconv.Atoi(parts[1])
	return major, minor, err1 == nil && err2 == nil && major >= 0
}
