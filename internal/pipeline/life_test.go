package pipeline_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/pipeline"
	"github.com/pailforge/pail/internal/runnerapi"
)

const all = "/2.0/repositories/acme/widgets/pipelines"

// scene is a repository whose pipelines are switched on, and a clone of it.
type scene struct {
	*pailtest.World
	t      *testing.T
	dir    string
	remote string
	as     pailtest.Credential
	runner pipeline.Taker
	pushed int
}

func newScene(t *testing.T, s *pailtest.Server) *scene {
	t.Helper()
	w := s.World()
	k := &scene{World: w, t: t, dir: w.Push(1), as: w.Token(w.Admin, "read:pipeline", "write:pipeline", "admin:pipeline", "read:repository", "write:repository", "admin:repository", "read:pullrequest", "write:pullrequest")}
	k.remote = w.Remote("x-bitbucket-api-token-auth", w.Secret(w.Admin, "read:repository", "write:repository"), "acme/widgets")
	k.runner = pipeline.Taker{ID: "runner", WorkspaceID: w.Workspace.ID, Executors: []string{runnerapi.Docker, runnerapi.Shell}}
	k.Want(k.Do(k.as, "PUT", "/2.0/repositories/acme/widgets/pipelines_config", `{"enabled":true}`), http.StatusOK)
	return k
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// commit commits the file to a branch, and pushes that.
func (k *scene) commit(branch, file string, push ...string) {
	k.t.Helper()
	k.pushed++
	k.Git(k.dir, "switch", "--quiet", "-C", branch)
	must(k.t, os.WriteFile(filepath.Join(k.dir, "bitbucket-pipelines.yml"), []byte(file), 0o600))
	must(k.t, os.WriteFile(filepath.Join(k.dir, "count"), fmt.Append(nil, k.pushed), 0o600))
	k.Git(k.dir, "add", ".")
	k.Git(k.dir, "commit", "--quiet", "-m", "Say what is to be done")
	k.Git(k.dir, append([]string{"push", "--quiet", "--force", k.remote, branch}, push...)...)
}

func (k *scene) get(path string) *pailtest.Answer {
	k.t.Helper()
	return k.Want(k.Do(k.as, "GET", path, nil), http.StatusOK)
}

// take has the runner take a step, which must be there.
func (k *scene) take() pipeline.Step {
	k.t.Helper()
	s, ok, err := k.Pipelines.Claim(context.Background(), k.runner)
	must(k.t, err)
	if !ok {
		k.t.Fatal("there is no step to take")
	}
	return s
}

func (k *scene) idle() {
	k.t.Helper()
	if s, ok, err := k.Pipelines.Claim(context.Background(), k.runner); err != nil || ok {
		k.t.Fatalf("the runner was given %q: %v", s.Name, err)
	}
}

func (k *scene) finish(s pipeline.Step, outcome string) {
	k.t.Helper()
	must(k.t, k.Pipelines.Finish(context.Background(), k.runner.ID, s.ID, runnerapi.Result{Outcome: outcome}))
}

func (k *scene) status(number int) string {
	k.t.Helper()
	p, err := k.Pipelines.Find(context.Background(), k.Repository, fmt.Sprint(number))
	must(k.t, err)
	return p.Status
}

// results are those of a pipeline's steps, in their order.
func (k *scene) results(number int) string {
	k.t.Helper()
	p, err := k.Pipelines.Find(context.Background(), k.Repository, fmt.Sprint(number))
	must(k.t, err)
	steps, err := k.Pipelines.StepsOf(context.Background(), p.ID)
	must(k.t, err)
	var said []string
	for _, s := range steps {
		if s.Result != "" {
			said = append(said, s.Name+" "+s.Result)
		} else {
			said = append(said, s.Name+" "+s.State)
		}
	}
	return strings.Join(said, ", ")
}

// TestPush: a push starts one pipeline, whose steps go to a runner one after the other, and the commit is told.
func TestPush(t *testing.T) {
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		k := newScene(t, s)
		k.commit("main", `
pipelines:
  default:
    - step: {name: Build, script: [make]}
    - step: {name: Test, script: [make test]}
`)
		a := k.get(all)
		if a.Get("size") != float64(1) {
			t.Fatalf("%s", a.Body)
		}
		build := k.take()
		k.idle()
		if build.Name != "Build" || k.status(1) != pipeline.Running {
			t.Errorf("%s is taken, and the pipeline is %s", build.Name, k.status(1))
		}
		k.finish(build, runnerapi.Successful)
		k.finish(k.take(), runnerapi.Failed)
		if got := k.results(1); k.status(1) != pipeline.Failed || got != "Build SUCCESSFUL, Test FAILED" {
			t.Errorf("%s: %s", k.status(1), got)
		}
	})
}
