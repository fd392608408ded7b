package story

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/runnerapi"
)

// fakeRunner is a runner as a server sees one: what it sends, without what it does.
type fakeRunner struct {
	w    *pailtest.World
	id   string
	auth pailtest.Credential
}

const (
	runnersOfRepository = "/2.0/repositories/acme/widgets/pipelines-config/runners"
	runnersOfWorkspace  = "/2.0/workspaces/acme/pipelines-config/runners"
)

// newRunner registers a runner at a path, and buys it a token.
func newRunner(w *pailtest.World, path string, labels ...string) *fakeRunner {
	w.T.Helper()
	a := w.Want(w.Do(w.Token(w.Admin, "read:runner", "write:runner"), "POST", path, map[string]any{"name": "builder", "labels": labels}), http.StatusOK)
	r := &fakeRunner{w: w, id: strings.Trim(a.String("uuid"), "{}")}
	bought := w.Want(w.Do(pailtest.Basic(a.String("oauth_client.id"), a.String("oauth_client.secret")), "POST", "/site/oauth2/access_token", pailtest.Form("grant_type=client_credentials")), http.StatusOK)
	r.auth = pailtest.Bearer(bought.String("access_token"))
	return r
}

// call sends what stands behind the runner's steps.
func (r *fakeRunner) call(method, below string, body any) *pailtest.Answer {
	r.w.T.Helper()
	return r.w.Do(r.auth, method, "/2.0/runners/"+r.id+"/steps"+below, body)
}

// take asks for a step, which must be there.
func (r *fakeRunner) take() runnerapi.Step {
	r.w.T.Helper()
	a := r.w.Want(r.call("POST", "", runnerapi.Ask{Version: "1", Executors: []string{runnerapi.Docker, runnerapi.Shell}}), http.StatusOK)
	var s runnerapi.Step
	check(r.w, json.Unmarshal(a.Body, &s))
	return s
}

func (r *fakeRunner) print(s runnerapi.Step, log string, offset int, text string) *pailtest.Answer {
	r.w.T.Helper()
	return r.call("POST", fmt.Sprintf("/%s/logs/%s?offset=%d", s.UUID, log, offset), text)
}

func (r *fakeRunner) end(s runnerapi.Step, result runnerapi.Result) {
	r.w.T.Helper()
	r.w.Want(r.call("POST", "/"+s.UUID+"/result", result), http.StatusNoContent)
}

// pushPipeline switches pipelines on and pushes a bitbucket-pipelines.yml to a repository's main branch.
func pushPipeline(w *pailtest.World, slug, text string) {
	w.T.Helper()
	w.Want(w.Do(w.Token(w.Admin, "admin:repository"), "PUT", "/2.0/repositories/acme/"+slug+"/pipelines_config", `{"enabled":true}`), http.StatusOK)
	pushFile(w, slug, "bitbucket-pipelines.yml", text)
}

// TestRunnerTakesStep: a push makes a step, a runner takes it, says what it prints and how it ends, and people read that.
func TestRunnerTakesStep(t *testing.T) {
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := s.World()
		r := newRunner(w, runnersOfRepository)
		pushPipeline(w, "widgets", "pipelines:\n  default:\n    - step:\n        name: Build\n        script:\n          - echo hello\n")
		step := r.take()
		if len(step.Script) != 1 || step.Script[0].Text != "echo hello" || step.Clone == nil {
			t.Fatalf("the step is %+v", step)
		}
		one := "/2.0/repositories/acme/widgets/pipelines/1/steps/%7B" + step.UUID + "%7D"
		reader := w.Token(w.Admin, "read:pipeline")
		if a := w.Want(w.Do(reader, "GET", one+"/log", nil), http.StatusOK); len(a.Body) != 0 {
			t.Errorf("before it printed anything the log is %q", a.Body)
		}
		w.Want(w.Do(pailtest.Header(reader, "Accept", "application/json"), "GET", one+"/log", nil), http.StatusNotAcceptable, "media_type.not_acceptable")
		for _, part := range []struct {
			offset int
			text   string
			next   string
		}{{0, "hello\n", "6"}, {0, "hello\n", "6"}, {3, "lo\nworld\n", "12"}} {
			if a := w.Want(r.print(step, step.UUID, part.offset, part.text), http.StatusOK); a.String("next") != part.next {
				t.Errorf("after %+v: %s", part, a.Body)
			}
		}
		w.Want(r.print(step, step.UUID, 13, "x"), http.StatusBadRequest, "value.invalid")
		if a := w.Want(r.call("PUT", "/"+step.UUID, runnerapi.Beat{Phase: runnerapi.Script}), http.StatusOK); a.String("stop") != "false" {
			t.Errorf("%s", a.Body)
		}
		r.end(step, runnerapi.Result{Outcome: runnerapi.Successful})
		if a := w.Want(w.Do(reader, "GET", one+"/log", nil), http.StatusOK); string(a.Body) != "hello\nworld\n" || a.Header.Get("Content-Type") != "application/octet-stream" {
			t.Errorf("the log is %q", a.Body)
		}
		if a := w.Want(w.Do(pailtest.Header(reader, "Range", "bytes=6-"), "GET", one+"/logs/%7B"+step.UUID+"%7D", nil), http.StatusPartialContent); string(a.Body) != "world\n" {
			t.Errorf("the end of the log is %q", a.Body)
		}
		w.Want(w.Do(pailtest.Header(reader, "Range", "bytes=12-"), "GET", one+"/log", nil), http.StatusRequestedRangeNotSatisfiable, "range.not_satisfiable")
		w.Want(r.print(step, step.UUID, 12, "more"), http.StatusConflict, "pipeline.lease_lost")
		w.Want(r.call("PUT", "/"+step.UUID, runnerapi.Beat{Phase: runnerapi.Script}), http.StatusConflict, "pipeline.lease_lost")
		if a := w.Want(w.Do(reader, "GET", "/2.0/repositories/acme/widgets/pipelines/1", nil), http.StatusOK); a.String("state.result.name") != "SUCCESSFUL" {
			t.Errorf("the pipeline is %s", a.Body)
		}
		checkClone(w, r, step)
	})
}

// checkClone: a step's credential ends with its lease.
func checkClone(w *pailtest.World, r *fakeRunner, over runnerapi.Step) {
	w.T.Helper()
	dir := w.T.TempDir()
	remote := func(s runnerapi.Step) string { return w.Remote(s.Clone.Username, s.Clone.Password, "acme/widgets") }
	if out, err := w.TryGit(dir, "ls-remote", remote(over)); err == nil || !strings.Contains(out, "revoked") {
		w.T.Errorf("the credential of a step that is over: %s", out)
	}
	w.Want(w.Do(w.Token(w.Admin, "read:pipeline", "write:pipeline"), "POST", "/2.0/repositories/acme/widgets/pipelines", `{"target":{"type":"pipeline_ref_target","ref_type":"branch","ref_name":"main"}}`), http.StatusCreated)
	step := r.take()
	w.Git(dir, "clone", "--quiet", remote(step), "c")
	if err := os.WriteFile(filepath.Join(dir, "c", "made.txt"), []byte("made by a step"), 0o600); err != nil {
		w.T.Fatal(err)
	}
	w.Git(filepath.Join(dir, "c"), "add", ".")
	w.Git(filepath.Join(dir, "c"), "commit", "--quiet", "-m", "Made by a step [skip ci]")
	w.Git(filepath.Join(dir, "c"), "push", "--quiet")
	w.NewRepository("other")
	other := func(public bool) {
		header := "http.extraHeader=Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(step.Clone.Username+":"+step.Clone.Password))
		if out, err := w.TryGit(dir, "-c", header, "ls-remote", w.URL+"/acme/other.git"); err == nil {
			w.T.Errorf("the credential of a step opens another repository (public: %v): %s", public, out)
		}
	}
	other(false)
	w.Exec(`UPDATE repository SET is_private = FALSE WHERE slug = 'other'`)
	other(true)
	w.Want(w.Do(pailtest.Bearer(step.Clone.Password), "GET", "/2.0/repositories/acme/widgets", nil), http.StatusForbidden, "credential.kind_not_accepted")
	r.end(step, runnerapi.Result{Outcome: runnerapi.Failed, Exit: 3})
	if _, err := w.TryGit(dir, "ls-remote", remote(step)); err == nil {
		w.T.Error("the credential of a step outlives it")
	}
	checkLost(w, r)
	if bytes.Contains([]byte(w.Store()), []byte(step.Clone.Password)) {
		w.T.Error("the credential of a step is in the store as it is")
	}
}

// checkLost: a runner that is not heard of any more has lost its step and what that clones with; the log up to then stays.
func checkLost(w *pailtest.World, r *fakeRunner) {
	w.T.Helper()
	w.Want(w.Do(w.Token(w.Admin, "read:pipeline", "write:pipeline"), "POST", "/2.0/repositories/acme/widgets/pipelines", `{"target":{"type":"pipeline_ref_target","ref_type":"branch","ref_name":"main"}}`), http.StatusCreated)
	step := r.take()
	w.Want(r.print(step, step.UUID, 0, "up to here"), http.StatusOK)
	w.Exec(`UPDATE pipeline_step SET lease_until = 1 WHERE id = $1`, step.UUID)
	reader := w.Token(w.Admin, "read:pipeline")
	one := "/2.0/repositories/acme/widgets/pipelines/3/steps/%7B" + step.UUID + "%7D"
	pailtest.Until(w.T, func() bool { return w.Do(reader, "GET", one, nil).String("state.name") == "COMPLETED" })
	if a := w.Do(reader, "GET", one, nil); a.String("state.result.name") != "ERROR" || a.String("state.result.error.key") != runnerapi.RunnerGone {
		w.T.Errorf("%s", a.Body)
	}
	w.Want(r.print(step, step.UUID, 10, "late"), http.StatusConflict, "pipeline.lease_lost")
	if a := w.Want(w.Do(reader, "GET", one+"/log", nil), http.StatusOK); string(a.Body) != "up to here" {
		w.T.Errorf("the log is %q", a.Body)
	}
	if _, err := w.TryGit(w.T.TempDir(), "ls-remote", w.Remote(step.Clone.Username, step.Clone.Password, "acme/widgets")); err == nil {
		w.T.Error("the credential of a step outlives its lease")
	}
}
