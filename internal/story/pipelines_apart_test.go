package story

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/runnerapi"
	"github.com/pailforge/pail/internal/workspace"
)

const oneStep = "pipelines:\n  default:\n    - step:\n        script:\n          - make\n"

// idle wants that no step comes up for a runner.
func (r *fakeRunner) idle(why string) {
	r.w.T.Helper()
	if a := r.call("POST", "", runnerapi.Ask{Executors: []string{runnerapi.Shell}}); a.Status != http.StatusNoContent {
		r.w.T.Errorf("%s: a runner gets %d %s", why, a.Status, a.Body)
	}
}

// TestRunnersAreApart: a runner gets steps of where it was registered and of nowhere else, may do with its own what runners may, and
// nothing with what is another's; and it is no account.
func TestRunnersAreApart(t *testing.T) {
	t.Parallel()
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		s.Pipelines.Patience = 100 * time.Millisecond
		w, ctx := s.World(), context.Background()
		beta := check1[workspace.Workspace](w)(w.Workspaces.CreateWorkspace(ctx, "beta", "Beta", w.Outsider.ID))
		project := check1[workspace.Project](w)(w.Workspaces.CreateProject(ctx, &beta, workspace.NewProject{Key: "B", Name: "B"}))
		w.NewRepository("gadgets")
		widgets, gadgets, acme := newRunner(w, runnersOfRepository), newRunner(w, strings.Replace(runnersOfRepository, "widgets", "gadgets", 1)), newRunner(w, runnersOfWorkspace)
		foreign := &fakeRunner{w: w}
		{
			made, secret, err := w.Pipelines.AddRunner(ctx, beta.ID, "", "foreign", nil)
			check(w, err)
			bought, _, err := w.Pipelines.Sell(ctx, made.ClientID, secret)
			check(w, err)
			foreign.id, foreign.auth = made.ID, pailtest.Bearer(bought)
		}
		pushPipeline(w, "widgets", oneStep)
		gadgets.idle("another repository of the workspace")
		foreign.idle("another workspace")
		admin := w.Token(w.Admin, "read:runner", "write:runner")
		one := func(path string, r *fakeRunner) string { return path + "/%7B" + r.id + "%7D" }
		w.Want(w.Do(admin, "PUT", one(runnersOfWorkspace, acme), `{"state":{"status":"DISABLED"}}`), http.StatusOK)
		acme.idle("disabled")
		w.Want(w.Do(admin, "PUT", one(runnersOfWorkspace, acme), `{"state":{"status":"ENABLED","cordoned":true}}`), http.StatusOK)
		acme.idle("cordoned")
		w.Want(w.Do(admin, "PUT", one(runnersOfWorkspace, acme), `{"state":{"cordoned":false}}`), http.StatusOK)
		step := acme.take()
		widgets.idle("the step is taken")

		for _, r := range []*fakeRunner{widgets, gadgets, foreign} {
			w.Want(r.call("PUT", "/"+step.UUID, runnerapi.Beat{Phase: runnerapi.Script}), http.StatusConflict, "pipeline.lease_lost")
			w.Want(r.print(step, step.UUID, 0, "forged"), http.StatusConflict, "pipeline.lease_lost")
			w.Want(r.call("PUT", "/"+step.UUID+"/artifacts?name=x", "x"), http.StatusConflict, "pipeline.lease_lost")
			w.Want(r.call("PUT", "/"+step.UUID+"/reports?name=x", "<testsuite/>"), http.StatusConflict, "pipeline.lease_lost")
			w.Want(r.call("GET", "/"+step.UUID+"/caches/node?key=k", nil), http.StatusConflict, "pipeline.lease_lost")
			w.Want(r.call("POST", "/"+step.UUID+"/result", runnerapi.Result{Outcome: runnerapi.Successful}), http.StatusConflict, "pipeline.lease_lost")
			w.Want(w.Do(r.auth, "PUT", "/2.0/runners/"+acme.id+"/steps/"+step.UUID, runnerapi.Beat{Phase: runnerapi.Script}), http.StatusNotFound, "resource.not_found")
			w.Want(w.Do(r.auth, "GET", "/2.0/user", nil), http.StatusForbidden, "credential.kind_not_accepted")
			w.Want(w.Do(r.auth, "GET", "/2.0/repositories/acme/widgets", nil), http.StatusForbidden, "credential.kind_not_accepted")
		}
		if out, err := w.TryGit(t.TempDir(), "ls-remote", w.Remote("x-token-auth", strings.TrimPrefix(headerOf(acme.auth), "Bearer "), "acme/widgets")); err == nil {
			t.Errorf("the token of a runner opens git: %s", out)
		}
		w.Want(w.Do(w.Token(w.Admin, "write:runner"), "POST", "/2.0/runners/"+acme.id+"/steps", runnerapi.Ask{}), http.StatusForbidden, "credential.kind_not_accepted")
		w.Want(w.Do(w.Token(w.Member, "read:runner"), "GET", runnersOfRepository, nil), http.StatusForbidden, "privilege.missing")
		w.Want(w.Do(w.Token(w.Outsider, "read:runner"), "GET", runnersOfRepository, nil), http.StatusNotFound)
		w.Want(w.Do(admin, "GET", one(runnersOfRepository, acme), nil), http.StatusNotFound, "resource.not_found")

		// The repository goes to another workspace: its runner is no longer the step's, nor is what that clones with.
		_, err := w.Repositories.Transfer(ctx, check1[*repository.Repository](w)(repositoryOf(w, w.Repository.ID)), project)
		check(w, err)
		w.Want(acme.print(step, step.UUID, 0, "late"), http.StatusConflict, "pipeline.lease_lost")
		if out, err := w.TryGit(t.TempDir(), "ls-remote", w.Remote(step.Clone.Username, step.Clone.Password, "beta/widgets")); err == nil {
			t.Errorf("what a step clones with has moved with the repository: %s", out)
		}

		// A runner that is removed is nobody.
		w.Want(w.Do(admin, "DELETE", one(runnersOfWorkspace, acme), nil), http.StatusNoContent)
		w.Want(acme.call("POST", "", runnerapi.Ask{Executors: []string{runnerapi.Shell}}), http.StatusUnauthorized, "credential.unknown")
	})
}

func repositoryOf(w *pailtest.World, id string) (*repository.Repository, error) {
	found, err := w.Repositories.ByIDs(context.Background(), w.DB, id)
	return found[id], err
}

// headerOf is what a credential sends as Authorization.
func headerOf(c pailtest.Credential) string {
	r, err := http.NewRequest("GET", "/", nil)
	if err != nil {
		return ""
	}
	c(r)
	return r.Header.Get("Authorization")
}

// TestRunnerSecret: a runner's secret buys tokens and opens nothing, a wrong one buys none, and the token ends.
func TestRunnerSecret(t *testing.T) {
	t.Parallel()
	w := pailtest.Start(t, pailtest.Options{}).World()
	a := w.Want(w.Do(w.Token(w.Admin, "read:runner", "write:runner"), "POST", runnersOfRepository, `{"name":"b","labels":["Linux","gpu"]}`), http.StatusOK)
	if got := a.String("labels"); got != `["self.hosted","linux","gpu"]` {
		t.Errorf("the labels are %s", got)
	}
	id, secret, buy := a.String("oauth_client.id"), a.String("oauth_client.secret"), pailtest.Form("grant_type=client_credentials")
	if got := a.String("oauth_client.token_endpoint"); got != w.URL+"/site/oauth2/access_token" {
		t.Errorf("the endpoint is %s", got)
	}
	one := runnersOfRepository + "/" + strings.NewReplacer("{", "%7B", "}", "%7D").Replace(a.String("uuid"))
	if again := w.Want(w.Do(w.Token(w.Admin, "read:runner"), "GET", one, nil), http.StatusOK); again.String("oauth_client.secret") != "" || again.String("state.status") != "UNREGISTERED" {
		t.Errorf("%s", again.Body)
	}
	w.Want(w.Do(pailtest.Bearer(secret), "POST", "/2.0/runners/x/steps", nil), http.StatusUnauthorized, "oauth.not_access_token")
	w.Want(w.Do(pailtest.Basic(id, secret+"x"), "POST", "/site/oauth2/access_token", buy), http.StatusUnauthorized, "oauth.client_secret")
	w.Want(w.Do(pailtest.Basic("nobody", secret), "POST", "/site/oauth2/access_token", buy), http.StatusUnauthorized, "oauth.client_unknown")
	bought := w.Want(w.Do(pailtest.None, "POST", "/site/oauth2/access_token", pailtest.Form("grant_type=client_credentials&client_id="+id+"&client_secret="+secret)), http.StatusOK)
	if got := bought.String("expires_in"); got != "3600" {
		t.Errorf("the token lives %s seconds", got)
	}
	if store := w.Store(); strings.Contains(store, secret) || strings.Contains(store, bought.String("access_token")) {
		t.Error("a secret is in the store as it is")
	}
	w.Exec(`UPDATE pipeline_token SET expires_on = 1`)
	runner := strings.Trim(a.String("uuid"), "{}")
	w.Want(w.Do(pailtest.Bearer(bought.String("access_token")), "POST", "/2.0/runners/"+runner+"/steps", nil), http.StatusUnauthorized, "token.expired")
	for _, body := range []string{`{"name":"b","labels":["no spaces"]}`, `{"name":""}`, `{}`, `{"name":"b","state":{"status":"BROKEN"}}`, `{"name":"b\u0000"}`} {
		if a := w.Do(w.Token(w.Admin, "read:runner", "write:runner"), "POST", runnersOfRepository, body); a.Status != http.StatusBadRequest {
			t.Errorf("%s: %d %s", body, a.Status, a.Body)
		}
	}
}

// TestWhatStepsLeave: artifacts reach later steps and people, caches later pipelines, test reports are summed up; each goes when its time
// is over, and all of it with the repository.
func TestWhatStepsLeave(t *testing.T) {
	t.Parallel()
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := s.World()
		r := newRunner(w, runnersOfRepository)
		pushPipeline(w, "widgets", `pipelines:
  default:
    - step:
        caches: [node]
        script: [make]
        artifacts:
          upload:
            - name: dist
              paths: ["dist/**"]
            - name: mine
              type: scoped
              paths: ["tmp/**"]
    - parallel:
        - step: {script: [make a], artifacts: ["a/**"]}
        - step: {script: [make b]}
    - step: {script: [make all]}
`)
		step := r.take()
		if len(step.Caches) != 1 || step.Caches[0].Path != "node_modules" || len(step.Artifacts) != 2 {
			t.Fatalf("the step is %+v", step)
		}
		cache := "/" + step.UUID + "/caches/node?key=" + step.Caches[0].Key
		w.Want(r.call("GET", cache, nil), http.StatusNotFound, "resource.not_found")
		w.Want(r.call("PUT", cache, "modules"), http.StatusNoContent)
		w.Want(r.call("PUT", "/"+step.UUID+"/caches/maven?key=k", "modules"), http.StatusBadRequest, "value.invalid")
		w.Want(r.call("PUT", "/"+step.UUID+"/artifacts?name=dist", "old"), http.StatusNoContent)
		w.Want(r.call("PUT", "/"+step.UUID+"/artifacts?name=dist", "files"), http.StatusNoContent)
		w.Want(r.call("PUT", "/"+step.UUID+"/artifacts?name=mine", "own"), http.StatusNoContent)
		w.Want(r.call("PUT", "/"+step.UUID+"/artifacts?name=other", "x"), http.StatusBadRequest, "value.invalid")
		w.Want(r.call("PUT", "/"+step.UUID+"/reports?name=a.xml", `<testsuite name="s"><testcase classname="a.C" name="x"/><testcase classname="a.C" name="y"><failure message="no">at 1</failure></testcase></testsuite>`), http.StatusNoContent)
		w.Want(r.call("PUT", "/"+step.UUID+"/reports?name=b.xml", `<testsuite><testcase name="z"><skipped/></testcase></testsuite>`), http.StatusNoContent)
		w.Want(r.call("PUT", "/"+step.UUID+"/reports?name=c.xml", `<html/>`), http.StatusBadRequest, "body.malformed")
		w.Want(r.print(step, step.UUID, 0, "printed"), http.StatusOK)
		r.end(step, runnerapi.Result{Outcome: runnerapi.Successful})

		a, b := r.take(), r.take()
		if len(a.Fetch) != 1 || a.Fetch[0].Name != "dist" {
			t.Fatalf("the next step gets %+v", a.Fetch)
		}
		if got := w.Want(r.call("GET", "/"+a.UUID+"/artifacts/"+a.Fetch[0].UUID, nil), http.StatusOK); string(got.Body) != "files" {
			t.Errorf("the artifact is %q", got.Body)
		}
		if a.Script[0].Text != "make a" {
			a, b = b, a
		}
		w.Want(r.call("PUT", "/"+a.UUID+"/artifacts?name="+a.Artifacts[0].Name, "of a"), http.StatusNoContent)
		r.end(a, runnerapi.Result{Outcome: runnerapi.Successful})
		r.end(b, runnerapi.Result{Outcome: runnerapi.Successful})
		last := r.take()
		if names := fetched(last); !slices.Equal(names, []string{"dist", "artifacts"}) {
			t.Errorf("the last step gets %v", names)
		}
		r.end(last, runnerapi.Result{Outcome: runnerapi.Successful})

		reader := w.Token(w.Admin, "read:pipeline")
		one := "/2.0/repositories/acme/widgets/pipelines/1/steps/%7B" + step.UUID + "%7D"
		list := w.Want(w.Do(reader, "GET", one+"/artifacts", nil), http.StatusOK)
		if list.String("size") != "2" || list.String("values.0.name") != "dist" {
			t.Errorf("%s", list.Body)
		}
		artifact := one + "/artifacts/" + strings.NewReplacer("{", "%7B", "}", "%7D").Replace(list.String("values.0.uuid"))
		if got := w.Want(w.Do(reader, "GET", artifact, nil), http.StatusOK); string(got.Body) != "files" || !strings.Contains(got.Header.Get("Content-Disposition"), "dist.tar.gz") {
			t.Errorf("%q %v", got.Body, got.Header)
		}
		if sum := w.Want(w.Do(reader, "GET", one+"/test_reports", nil), http.StatusOK); sum.String("total_number_of_test_cases") != "3" || sum.String("number_of_failed_test_cases") != "1" || sum.String("number_of_skipped_test_cases") != "1" {
			t.Errorf("%s", sum.Body)
		}
		failed := w.Want(w.Do(reader, "GET", one+`/test_reports/test_cases?q=status="FAILED"`, nil), http.StatusOK)
		if failed.String("values.0.fully_qualified_name") != "a.C.y" || failed.String("size") != "1" {
			t.Errorf("%s", failed.Body)
		}
		why := w.Want(w.Do(reader, "GET", one+"/test_reports/test_cases/"+strings.NewReplacer("{", "%7B", "}", "%7D").Replace(failed.String("values.0.uuid"))+"/test_case_reasons", nil), http.StatusOK)
		if why.String("values.0.message") != "no" || why.String("values.0.stack_trace") != "at 1" {
			t.Errorf("%s", why.Body)
		}
		w.Want(w.Do(reader, "GET", strings.Replace(one, step.UUID, last.UUID, 1)+"/test_reports", nil), http.StatusNotFound, "resource.not_found")
		uri := w.Want(w.Do(reader, "GET", "/2.0/repositories/acme/widgets/pipelines-config/caches", nil), http.StatusOK).String("values.0.uuid")
		uri = w.Want(w.Do(reader, "GET", "/2.0/repositories/acme/widgets/pipelines-config/caches/"+strings.NewReplacer("{", "%7B", "}", "%7D").Replace(uri)+"/content-uri", nil), http.StatusOK).String("uri")
		if got := w.Want(w.Do(reader, "GET", strings.TrimPrefix(uri, w.URL), nil), http.StatusOK); string(got.Body) != "modules" {
			t.Errorf("the cache is %q", got.Body)
		}

		// What is too old goes, with its file.
		ctx := context.Background()
		files := func() (n int) {
			found, err := filepath.Glob(filepath.Join(w.Config.Data, "pipelines", w.Repository.ID, "*"))
			check(w, err)
			return len(found)
		}
		check(w, w.Pipelines.Tidy(ctx))
		check(w, w.Pipelines.Sweep(ctx, 0))
		if n := files(); n != 5 { // a log, three artifacts, a cache
			t.Errorf("%d files are there", n)
		}
		w.Exec(`UPDATE pipeline_log SET created_on = 1`)
		w.Exec(`UPDATE pipeline_artifact SET created_on = 1 WHERE name = 'dist'`)
		w.Exec(`UPDATE pipeline_step SET completed_on = 1`)
		check(w, w.Pipelines.Tidy(ctx))
		if n := files(); n != 3 {
			t.Errorf("%d files are there", n)
		}
		w.Want(w.Do(reader, "GET", one+"/log", nil), http.StatusNotFound, "resource.not_found")
		w.Want(w.Do(reader, "GET", artifact, nil), http.StatusNotFound, "resource.not_found")
		w.Want(w.Do(reader, "GET", one+"/test_reports", nil), http.StatusNotFound, "resource.not_found")
		check(w, w.Repositories.Delete(ctx, w.Repository))
		check(w, w.Pipelines.Sweep(ctx, 0))
		if _, err := os.Stat(filepath.Join(w.Config.Data, "pipelines", w.Repository.ID)); !os.IsNotExist(err) {
			t.Errorf("the files of a repository that is gone: %v", err)
		}
	})
}

func fetched(s runnerapi.Step) (names []string) {
	for _, f := range s.Fetch {
		names = append(names, f.Name)
	}
	return names
}

// TestLogOnFullDisk: where the server's disk is full a step goes on, its log ends where it must, and says so.
func TestLogOnFullDisk(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/dev/full"); err != nil {
		pailtest.Skip(t, "linux", "there is no /dev/full here")
	}
	w := pailtest.Start(t, pailtest.Options{}).World()
	r := newRunner(w, runnersOfRepository)
	pushPipeline(w, "widgets", oneStep)
	step := r.take()
	dir := filepath.Join(w.Config.Data, "pipelines", w.Repository.ID)
	check(w, os.MkdirAll(dir, 0o700))
	check(w, os.Symlink("/dev/full", filepath.Join(dir, step.UUID)))
	for range 2 {
		if a := w.Want(r.print(step, step.UUID, 0, "hello"), http.StatusOK); a.String("full") != "true" {
			t.Errorf("%s", a.Body)
		}
	}
	logs, err := w.Pipelines.Logs(context.Background(), step.UUID)
	check(w, err)
	if len(logs) != 1 || logs[0].Cut != "disk" {
		t.Errorf("the logs are %+v", logs)
	}
	r.end(step, runnerapi.Result{Outcome: runnerapi.Successful})
}
