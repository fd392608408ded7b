package runner

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/pailforge/pail/internal/runnerapi"
)

// clone makes the step's clone in the job's directory, with git. It needs no account on this machine and reads no configuration of it,
// and the password stands in no list of processes.
func (j *job) clone(ctx context.Context) error {
	c := j.step.Clone
	u, err := url.Parse(c.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || len(c.Commit) < 40 || strings.Trim(c.Commit+c.Into, "0123456789abcdef") != "" ||
		strings.HasPrefix(c.Branch, "-") || strings.HasPrefix(c.Filter, "-") {
		return faultf(runnerapi.CloneFailed, "The server says to clone what cannot be cloned: %s at %s", c.URL, c.Commit)
	}
	git := func(args ...string) error { return j.git(ctx, args...) }
	fetch := []string{"fetch", "--quiet", "--no-tags", "--recurse-submodules=no"}
	if c.Depth > 0 && c.Into == "" {
		fetch = append(fetch, fmt.Sprintf("--depth=%d", c.Depth))
	}
	if c.Filter != "" {
		fetch = append(fetch, "--filter="+c.Filter)
	}
	fetch = append(fetch, "origin", c.Commit)
	if c.Into != "" {
		fetch = append(fetch, c.Into) // with the history of both: what is merged needs where they parted
	}
	fmt.Fprintf(j.out, "Cloning %s at %s\n", c.URL, c.Commit)
	if err := git("init", "--quiet", "--template=", "--initial-branch=none"); err != nil {
		return err
	}
	if err := j.configure(c, u); err != nil {
		return faultf(runnerapi.CloneFailed, "%w", err)
	}
	if err := git(fetch...); err != nil {
		return err
	}
	if len(c.Sparse) > 0 {
		sparse := []string{"sparse-checkout", "set", "--no-cone"}
		if c.SparseCone {
			sparse[2] = "--cone"
		}
		if err := git(append(append(sparse, "--end-of-options"), c.Sparse...)...); err != nil {
			return err
		}
	}
	checkout := []string{"checkout", "--quiet", "--detach", c.Commit}
	if c.Branch != "" {
		if err := git("update-ref", "refs/remotes/origin/"+c.Branch, c.Commit); err != nil {
			return err
		}
		checkout = []string{"checkout", "--quiet", "-B", c.Branch, c.Commit}
	}
	if err := git(checkout...); err != nil {
		return err
	}
	if c.Into != "" {
		if err := git("merge", "--quiet", "--no-edit", c.Into); err != nil {
			return err
		}
	}
	if c.LFS {
		return git("lfs", "pull")
	}
	return nil
}

// configure writes what git needs for the repository of the step, now and in its script, until the lease ends.
func (j *job) configure(c *runnerapi.Clone, u *url.URL) error {
	f, err := j.build.OpenFile(".git/config", os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	quote := func(s string) string {
		return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s) + `"`
	}
	basic := base64.StdEncoding.EncodeToString([]byte(c.Username + ":" + c.Password))
	fmt.Fprintf(f, "[remote \"origin\"]\n\turl = %s\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n", quote(c.URL))
	fmt.Fprintf(f, "[http %s]\n\textraHeader = %s\n\tsslVerify = %t\n", quote(u.Scheme+"://"+u.Host+"/"), quote("Authorization: Basic "+basic), !c.Insecure)
	_, err = fmt.Fprintf(f, "[gc]\n\tauto = 0\n")
	return errors.Join(err, f.Close())
}

// git runs git in the clone.
func (j *job) git(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, j.runner.config.Git, args...)
	cmd.Dir = j.path("build")
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + j.dir, "LC_ALL=C", "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_TERMINAL_PROMPT=0",
		"GIT_ADVICE=0", "GIT_ALLOW_PROTOCOL=http:https", "GIT_AUTHOR_NAME=Pipelines", "GIT_AUTHOR_EMAIL=pipelines@localhost", "GIT_COMMITTER_NAME=Pipelines", "GIT_COMMITTER_EMAIL=pipelines@localhost"}
	for _, name := range []string{"SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO", "http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "no_proxy", "NO_PROXY", "TMPDIR"} {
		if value, ok := os.LookupEnv(name); ok {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
	}
	said := &tail{most: 4 << 10}
	cmd.Stdout, cmd.Stderr = said, said
	endsWithGroup(cmd)
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		_, _ = j.out.Write(said.text)
		reason := runnerapi.CloneFailed
		if bytes.Contains(said.text, []byte("No space left on device")) || j.diskFull() {
			reason = runnerapi.DiskFull
		}
		return &fault{reason: reason, message: fmt.Sprintf("git %s failed: %s", args[0], lastLine(said.text))}
	}
	return nil
}

func lastLine(text []byte) string {
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return lines[len(lines)-1]
}

// tail keeps the end of what is written to it.
type tail struct {
	most int
	text []byte
}

var _ io.Writer = (*tail)(nil)

func (t *tail) Write(p []byte) (int, error) {
	t.text = append(t.text, p...)
	if over := len(t.text) - t.most; over > 0 {
		t.text = append(t.text[:0], t.text[over:]...)
	}
	return len(p), nil
}
