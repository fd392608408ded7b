package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/pipefile"
	"github.com/pailforge/pail/internal/pipeline"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/runnerapi"
)

const all = "/2.0/repositories/acme/widgets/pipelines"

// scene is a repository whose pipelines are switched on.
type scene struct {
	*pailtest.World
	t      *testing.T
	as     pailtest.Credential
	runner pipeline.Taker
	heads  map[string]string // what branches hold
	made   int               // commits
}

func newScene(t *testing.T, s *pailtest.Server) *scene {
	t.Helper()
	w := s.World()
	k := &scene{World: w, t: t, as: w.Token(w.Admin, "read:pipeline", "write:pipeline", "read:repository", "write:repository", "admin:repository", "read:pullrequest", "write:pullrequest"),
		heads: map[string]string{}}
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

// commit commits the file to a branch, which is made.
func (k *scene) commit(branch, file string) {
	k.t.Helper()
	k.push("widgets", branch, "Say what is to be done", "bitbucket-pipelines.yml", file)
}

func (k *scene) push(repository, branch, message, name, text string) {
	k.t.Helper()
	form := url.Values{"branch": {branch}, "message": {message}, name: {text}, "count": {fmt.Sprint(k.made)}}
	a := k.Want(k.Do(k.as, "POST", "/2.0/repositories/acme/"+repository+"/src", pailtest.Form(form.Encode())), http.StatusCreated)
	k.made++
	if repository == "widgets" {
		k.heads[branch] = path.Base(a.Header.Get("Location"))
	}
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

// said is what an answer says where a pipeline could not be run.
const said = "state.result.error.message"

// TestLife: what starts pipelines, and how they go on.
func TestLife(t *testing.T) {
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		k := newScene(t, s)
		for _, part := range []struct {
			name string
			f    func(*scene)
		}{
			{"push", pushed}, {"parallel", parallel}, {"stage", stage}, {"manual", manual}, {"stop", stop}, {"broken", broken}, {"rerun", rerun}, {"retry", retry}, {"lost", lost},
			{"conditions", conditions}, {"custom", custom}, {"imported", imported}, {"child", child}, {"group", group}, {"tag", tag}, {"pull request", pullRequest}, {"labels", labels}, {"triggers", triggers}, {"many", many},
		} {
			t.Run(part.name, func(t *testing.T) {
				if k.DB.Dialect() == database.PostgreSQL && slices.Contains([]string{"stage", "retry", "conditions", "imported", "tag", "triggers"}, part.name) {
					return // what is special about it is not in the store
				}
				k.t = t
				part.f(k)
				k.idle()
			})
		}
		var gaps int
		must(t, k.DB.Row(t.Context(), `SELECT MAX(number) - COUNT(*) FROM pipeline`).Scan(&gaps))
		if gaps != 0 {
			t.Errorf("%d numbers are missing", gaps)
		}
	})
}

// last is the pipeline that was made last.
func (k *scene) last() *pailtest.Answer {
	k.t.Helper()
	list := k.get(all + "?sort=-created_on&pagelen=1")
	return k.get(all + "/" + url.PathEscape(list.String("values.0.uuid")))
}

func (k *scene) number() int {
	k.t.Helper()
	n, _ := k.last().Get("build_number").(float64)
	return int(n)
}

// stands fails unless the last pipeline has a status, and its steps have come to what they should.
func (k *scene) stands(status, results string) {
	k.t.Helper()
	n := k.number()
	if got := k.results(n); k.status(n) != status || got != results {
		k.t.Errorf("pipeline %d is %s: %s", n, k.status(n), got)
	}
}

// steps takes steps by their names, in any order, and has them by name.
func (k *scene) takes(names ...string) map[string]pipeline.Step {
	k.t.Helper()
	taken := map[string]pipeline.Step{}
	for range names {
		s := k.take()
		taken[s.Name] = s
	}
	for _, name := range names {
		if taken[name].ID == "" {
			k.t.Fatalf("%s was not taken", name)
		}
	}
	return taken
}

// build is the status that the pipelines have given the head of a branch.
func (k *scene) build(branch string) string {
	k.t.Helper()
	return k.get("/2.0/repositories/acme/widgets/commit/" + k.heads[branch] + "/statuses").String("values.0.state")
}

func pushed(k *scene) {
	k.commit("main", `
pipelines:
  default:
    - step: {name: Build, script: [make]}
    - step: {name: Test, script: [make test]}
`)
	if n := k.get(all).Get("size"); n != float64(1) || k.build("main") != "INPROGRESS" {
		k.t.Fatalf("%v pipelines, and the commit is %s", n, k.build("main"))
	}
	build := k.take()
	k.idle()
	k.stands(pipeline.Running, "Build IN_PROGRESS, Test PENDING")
	k.finish(build, runnerapi.Successful)
	err := k.Pipelines.Finish(context.Background(), k.runner.ID, build.ID, runnerapi.Result{Outcome: runnerapi.Failed})
	if e, ok := errors.AsType[*rest.Error](err); !ok || e.Reason != reason.PipelineLeaseLost {
		k.t.Errorf("a step ended twice: %v", err)
	}
	k.finish(k.take(), runnerapi.Failed)
	k.stands(pipeline.Failed, "Build SUCCESSFUL, Test FAILED")
	if got := k.build("main"); got != "FAILED" {
		k.t.Errorf("the commit is %s", got)
	}
	// A branch that is deleted, and a commit that asks for it, start nothing.
	k.push("widgets", "main", "Nothing to see [skip CI]", "README", "")
	k.Want(k.Do(k.as, "POST", "/2.0/repositories/acme/widgets/refs/branches", `{"name":"other","target":{"hash":"`+k.heads["main"]+`"}}`), http.StatusCreated)
	k.Want(k.Do(k.as, "DELETE", "/2.0/repositories/acme/widgets/refs/branches/other", nil), http.StatusNoContent)
	if n := k.number(); n != 1 {
		k.t.Errorf("there is pipeline %d", n)
	}
}

func parallel(k *scene) {
	const file = `
pipelines:
  default:
    - parallel:
        fail-fast: %v
        steps:
          - step: {name: A, script: [make a]}
          - step: {name: B, script: [make b]}
          - step: {name: C, script: [make c]}
    - step: {name: D, script: [make d]}
`
	k.commit("parallel", fmt.Sprintf(file, true))
	a, b := k.take(), k.take()
	k.finish(a, runnerapi.Failed)
	if stop, err := k.Pipelines.Renew(context.Background(), k.runner.ID, b.ID, runnerapi.Script); err != nil || !stop {
		k.t.Errorf("the other one is not to stop: %v", err)
	}
	k.stands(pipeline.Running, "A FAILED, B IN_PROGRESS, C STOPPED, D NOT_RUN")
	k.finish(b, runnerapi.Stopped)
	k.stands(pipeline.Failed, "A FAILED, B STOPPED, C STOPPED, D NOT_RUN")

	k.commit("parallel", fmt.Sprintf(file, false))
	taken := k.takes("A", "B", "C")
	k.finish(taken["B"], runnerapi.Errored)
	k.finish(taken["C"], runnerapi.Failed)
	k.stands(pipeline.Running, "A IN_PROGRESS, B ERROR, C FAILED, D NOT_RUN")
	k.finish(taken["A"], runnerapi.Successful)
	k.stands(pipeline.Errored, "A SUCCESSFUL, B ERROR, C FAILED, D NOT_RUN")
}

func stage(k *scene) {
	k.commit("stage", `
pipelines:
  default:
    - stage:
        name: Both
        steps:
          - step: {name: A, script: [make a]}
          - step: {name: B, script: [make b]}
    - step: {name: C, script: [make c]}
`)
	k.finish(k.takes("A")["A"], runnerapi.Successful)
	k.finish(k.takes("B")["B"], runnerapi.Failed)
	k.stands(pipeline.Failed, "A SUCCESSFUL, B FAILED, C NOT_RUN")
}

func manual(k *scene) {
	k.commit("manual", `
pipelines:
  default:
    - step: {name: A, script: [make a]}
    - step: {name: B, trigger: manual, script: [make b]}
`)
	writer := k.Token(k.Member, "write:pipeline", "read:pipeline")
	k.finish(k.take(), runnerapi.Successful)
	k.stands(pipeline.Paused, "A SUCCESSFUL, B PENDING")
	one := all + "/" + url.PathEscape(k.last().String("uuid"))
	steps := k.get(one + "/steps")
	for i, want := range []int{http.StatusConflict, http.StatusOK} {
		k.Want(k.Do(writer, "POST", one+"/steps/"+url.PathEscape(steps.String(fmt.Sprintf("values.%d.uuid", i)))+"/start", nil), want)
	}
	k.stands(pipeline.Running, "A SUCCESSFUL, B READY")
	k.finish(k.take(), runnerapi.Successful)
	k.stands(pipeline.Successful, "A SUCCESSFUL, B SUCCESSFUL")
	if got := k.build("manual"); got != "SUCCESSFUL" {
		k.t.Errorf("the commit is %s", got)
	}
}

func stop(k *scene) {
	k.commit("stop", `
pipelines:
  default:
    - step: {name: A, script: [make a]}
    - step: {name: B, script: [make b]}
    - final: {name: C, script: [make c]}
`)
	a := k.take()
	one := all + "/" + fmt.Sprint(k.number())
	k.Want(k.Do(k.as, "POST", one+"/stopPipeline", nil), http.StatusNoContent)
	if stop, err := k.Pipelines.Renew(context.Background(), k.runner.ID, a.ID, runnerapi.Script); err != nil || !stop {
		k.t.Errorf("the runner is not to stop: %v", err)
	}
	k.stands(pipeline.Running, "A IN_PROGRESS, B NOT_RUN, C NOT_RUN")
	k.finish(a, runnerapi.Stopped)
	k.stands(pipeline.Stopped, "A STOPPED, B NOT_RUN, C NOT_RUN")
	k.Want(k.Do(k.as, "POST", one+"/stopPipeline", nil), http.StatusBadRequest, string(reason.ConflictState))
}

func broken(k *scene) {
	k.commit("broken", "pipelines:\n  default:\n    - step: {scirpt: [make]}\n")
	k.stands(pipeline.Errored, "")
	if a := k.last(); a.String("state.result.error.key") != string(reason.PipelinesBrokenFile) || !strings.HasPrefix(a.String(said), "bitbucket-pipelines.yml:3:") {
		k.t.Errorf("%s", a.Body)
	}
	if got := k.build("broken"); got != "FAILED" {
		k.t.Errorf("the commit is %s", got)
	}
	k.get(all + "/" + fmt.Sprint(k.number()) + "/steps")
	k.Want(k.Do(k.as, "POST", all+"/"+fmt.Sprint(k.number())+"/rerun", nil), http.StatusConflict)
}

func rerun(k *scene) {
	k.commit("rerun", `
pipelines:
  default:
    - step: {name: A, script: [make a]}
    - parallel:
        - step: {name: B, script: [make b]}
        - step: {name: C, script: [make c]}
    - step: {name: D, script: [make d]}
`)
	k.finish(k.take(), runnerapi.Successful)
	taken := k.takes("B", "C")
	k.finish(taken["B"], runnerapi.Failed)
	k.finish(taken["C"], runnerapi.Successful)
	k.stands(pipeline.Failed, "A SUCCESSFUL, B FAILED, C SUCCESSFUL, D NOT_RUN")
	one := all + "/" + fmt.Sprint(k.number())
	a := k.Want(k.Do(k.as, "POST", one+"/rerun", nil), http.StatusOK)
	if a.Get("run_number") != float64(2) || a.String("state.name") != "PENDING" || k.build("rerun") != "INPROGRESS" {
		k.t.Errorf("%s: %s", k.build("rerun"), a.Body)
	}
	k.Want(k.Do(k.as, "POST", one+"/rerun", nil), http.StatusConflict, string(reason.ConflictState))
	b := k.takes("B")["B"]
	if b.Attempt != 2 || b.ID == taken["B"].ID {
		k.t.Errorf("attempt %d", b.Attempt)
	}
	k.finish(b, runnerapi.Successful)
	k.finish(k.takes("D")["D"], runnerapi.Successful)
	k.stands(pipeline.Successful, "A SUCCESSFUL, B SUCCESSFUL, C SUCCESSFUL, D SUCCESSFUL")
	if a := k.get(one + "/steps/" + taken["B"].ID); a.String("state.result.name") != "FAILED" {
		k.t.Errorf("%s", a.Body)
	}
}

func retry(k *scene) {
	k.commit("retry", `
pipelines:
  default:
    - step: {name: A, on-fail: {strategy: retry, maxRetryCount: 1}, script: [make a]}
    - step: {name: B, on-fail: {strategy: ignore}, script: [make b]}
    - step: {name: C, script: [make c]}
`)
	k.finish(k.takes("A")["A"], runnerapi.Failed)
	k.finish(k.takes("A")["A"], runnerapi.Successful)
	k.finish(k.takes("B")["B"], runnerapi.Failed)
	k.finish(k.takes("C")["C"], runnerapi.Successful)
	k.stands(pipeline.Successful, "A SUCCESSFUL, B FAILED, C SUCCESSFUL")
}

// lost: a runner that says nothing any more, and a step that runs too long.
func lost(k *scene) {
	k.commit("lost", `
pipelines:
  default:
    - parallel:
        - step: {name: A, script: [make a]}
        - step: {name: B, max-time: 5, script: [make b]}
    - final: {name: C, script: [make c]}
`)
	taken := k.takes("A", "B")
	k.Exec(`UPDATE pipeline_step SET lease_until = 1 WHERE id = $1`, taken["A"].ID)
	k.Exec(`UPDATE pipeline_step SET due_on = 1 WHERE id = $1`, taken["B"].ID)
	must(k.t, k.Pipelines.Expire(context.Background()))
	k.stands(pipeline.Running, "A ERROR, B FAILED, C READY")
	if _, err := k.Pipelines.Renew(context.Background(), k.runner.ID, taken["A"].ID, runnerapi.Script); err == nil {
		k.t.Error("the lease was renewed")
	}
	c := k.take()
	k.finish(c, runnerapi.Successful)
	k.stands(pipeline.Errored, "A ERROR, B FAILED, C SUCCESSFUL")
	a := k.get(all + "/" + fmt.Sprint(k.number()) + "/steps")
	if a.String("values.0.state.result.error.key") != "step.runner_gone" || a.String("values.1.state.result.error.key") != "step.timed_out" {
		k.t.Errorf("%s", a.Body)
	}
}

func conditions(k *scene) {
	k.commit("conditions", `
pipelines:
  default:
    - step: {name: A, condition: {changesets: {includePaths: ["docs/**"]}}, script: [make a]}
    - step: {name: B, condition: {changesets: {includePaths: [count]}}, script: [make b]}
    - step: {name: C, condition: {state: 'BITBUCKET_BRANCH == "main"'}, script: [make c]}
    - step: {name: D, condition: {state: 'BITBUCKET_BRANCH == "conditions"'}, script: [make d]}
`)
	k.stands(pipeline.Pending, "A NOT_RUN, B READY, C PENDING, D PENDING")
	k.finish(k.takes("B")["B"], runnerapi.Successful)
	k.finish(k.takes("D")["D"], runnerapi.Successful)
	k.stands(pipeline.Successful, "A NOT_RUN, B SUCCESSFUL, C NOT_RUN, D SUCCESSFUL")
}

func custom(k *scene) {
	k.commit("custom", `
pipelines:
  custom:
    ship:
      - variables:
          - {name: WHERE, default: staging, allowed-values: [staging, production]}
          - {name: WHAT}
      - step: {name: "To ${{WHERE}}", script: [make ship]}
`)
	before := k.number()
	start := func(body string, status int, reasons ...string) *pailtest.Answer {
		k.t.Helper()
		return k.Want(k.Do(k.as, "POST", all, body), status, reasons...)
	}
	const target = `"target":{"type":"pipeline_ref_target","ref_type":"branch","ref_name":"custom","selector":{"type":"custom","pattern":"ship"}}`
	start(`{`+target+`}`, http.StatusBadRequest, string(reason.ValueInvalid))
	start(`{`+target+`,"variables":[{"key":"WHAT","value":"x"},{"key":"WHERE","value":"moon"}]}`, http.StatusBadRequest, string(reason.ValueInvalid))
	start(`{"target":{"ref_type":"branch","ref_name":"custom"}}`, http.StatusBadRequest, string(reason.PipelinesNoPipeline))
	start(`{"target":{"ref_type":"branch","ref_name":"nowhere"}}`, http.StatusNotFound, string(reason.RevisionNotFound))
	a := start(`{`+target+`,"variables":[{"key":"WHAT","value":"hush-hush","secured":true}]}`, http.StatusCreated)
	if a.Get("build_number") != float64(before+1) || a.String("trigger.name") != "MANUAL" || strings.Contains(string(a.Body), "hush") || a.String("variables.1.value") != "staging" {
		k.t.Errorf("%s", a.Body)
	}
	var plain int
	must(k.t, k.DB.Row(context.Background(), `SELECT COUNT(*) FROM pipeline_input WHERE value LIKE '%hush%'`).Scan(&plain))
	if plain != 0 {
		k.t.Error("the secret stands in the store")
	}
	k.finish(k.takes("To staging")["To staging"], runnerapi.Successful)
	k.stands(pipeline.Successful, "To staging SUCCESSFUL")
	hash := k.heads["custom"]
	start(`{"target":{"type":"pipeline_commit_target","commit":{"type":"commit","hash":"`+hash[:12]+`"},"selector":{"type":"custom","pattern":"ship"}},"variables":[{"key":"WHAT","value":""},{"key":"WHERE","value":"production"}]}`, http.StatusCreated)
	k.finish(k.takes("To production")["To production"], runnerapi.Successful)
	for query, want := range map[string]float64{"target.selector.type=CUSTOM": 2, "trigger_type=MANUAL": 2, "target.branch=custom": 1, "target.commit.hash=" + hash[:7]: 2,
		"target.selector.pattern=ship": 2, "creator.uuid=%7B" + k.Admin.ID + "%7D&trigger_type=MANUAL": 2, "status=PASSED&target.ref_name=custom": 1, "target.ref_type=TAG": 0,
		"created_on=2001-01-01": 0} {
		if got := k.get(all + "?" + query).Get("size"); got != want {
			k.t.Errorf("%s: %v", query, got)
		}
	}
	k.Want(k.Do(k.as, "GET", all+"?status=SLEEPING", nil), http.StatusBadRequest, string(reason.ValueInvalid))
}

func imported(k *scene) {
	const from = `
definitions:
  imports:
    shared: shared:main:ci.yml
pipelines:
  default:
    import: %s@shared
`
	k.NewRepository("shared")
	share := func(file string) { k.push("shared", "main", "Share", "ci.yml", file) }
	share("export: false\ndefinitions:\n  pipelines:\n    both:\n      - step: {name: Shared, script: [make]}\n")
	k.commit("imported", fmt.Sprintf(from, "both"))
	if a := k.last(); !strings.Contains(a.String(said), "export: true") {
		k.t.Errorf("%s", a.Body)
	}
	share("export: true\ndefinitions:\n  pipelines:\n    both:\n      - step: {name: Shared, script: [make]}\n")
	k.commit("imported", fmt.Sprintf(from, "none"))
	if a := k.last(); a.String("state.result.error.key") != string(reason.PipelinesImport) {
		k.t.Errorf("%s", a.Body)
	}
	k.commit("imported", fmt.Sprintf(from, "both"))
	k.finish(k.take(), runnerapi.Successful)
	k.stands(pipeline.Successful, "Shared SUCCESSFUL")
	k.get(all + "/" + fmt.Sprint(k.number()) + "/steps")
}

func child(k *scene) {
	k.commit("child", `
pipelines:
  custom:
    small:
      - variables:
          - {name: WHAT}
      - step: {name: Small, script: [make small]}
  branches:
    child:
      - step: {name: A, script: [make a]}
      - step: {name: B, type: pipeline, custom: small, input-variables: {WHAT: $BITBUCKET_BRANCH}}
      - step: {name: C, script: [make c]}
`)
	n := k.number()
	k.finish(k.takes("A")["A"], runnerapi.Successful)
	small := k.takes("Small")["Small"]
	if a := k.last(); a.String("trigger.name") != "PARENT_STEP" || a.String("variables.0.value") != "child" {
		k.t.Errorf("%s", a.Body)
	}
	k.finish(small, runnerapi.Successful)
	k.finish(k.takes("C")["C"], runnerapi.Successful)
	if got := k.results(n); got != "A SUCCESSFUL, B SUCCESSFUL, C SUCCESSFUL" || k.status(n) != pipeline.Successful {
		k.t.Errorf("%s: %s", k.status(n), got)
	}
	// Whoever stops the pipeline stops what runs for it.
	k.push("widgets", "child", "Once more", "README", "")
	n = k.number()
	k.finish(k.takes("A")["A"], runnerapi.Successful)
	small = k.takes("Small")["Small"]
	k.Want(k.Do(k.as, "POST", all+"/"+fmt.Sprint(n)+"/stopPipeline", nil), http.StatusNoContent)
	if stop, err := k.Pipelines.Renew(context.Background(), k.runner.ID, small.ID, runnerapi.Script); err != nil || !stop {
		k.t.Errorf("the runner is not to stop: %v", err)
	}
	k.finish(small, runnerapi.Stopped)
	if got := k.results(n); got != "A SUCCESSFUL, B STOPPED, C NOT_RUN" || k.status(n) != pipeline.Stopped {
		k.t.Errorf("%s: %s", k.status(n), got)
	}
}

// group: of steps of one concurrency group, and of deployments to one environment, one runs at a time, in any pipeline.
func group(k *scene) {
	for _, what := range []string{"concurrency-group: one", "deployment: test"} {
		file := fmt.Sprintf("pipelines:\n  default:\n    - step: {name: A, %s, script: [make a]}\n", what)
		k.commit("first", file)
		k.commit("second", file)
		a := k.take()
		k.idle()
		k.finish(a, runnerapi.Successful)
		k.finish(k.take(), runnerapi.Successful)
		k.stands(pipeline.Successful, "A SUCCESSFUL")
	}
}

func tag(k *scene) {
	k.commit("tagged", `
pipelines:
  tags:
    'v*':
      - step: {name: Release, script: [make release]}
`)
	before := k.number()
	for _, name := range []string{"v1", "light"} {
		k.Want(k.Do(k.as, "POST", "/2.0/repositories/acme/widgets/refs/tags", `{"name":"`+name+`","message":"The first","target":{"hash":"`+k.heads["tagged"]+`"}}`), http.StatusCreated)
	}
	k.finish(k.take(), runnerapi.Successful)
	if a := k.last(); k.number() != before+1 || a.String("target.ref_type") != "tag" || a.String("target.ref_name") != "v1" ||
		a.String("target.commit.hash") != k.heads["tagged"] {
		k.t.Errorf("%s", a.Body)
	}
}

func pullRequest(k *scene) {
	const file = `
pipelines:
  pull-requests:
    'feature/*':
      - step: {name: Review, script: [make review]}
`
	k.commit("feature/one", file)
	before := k.number()
	k.Want(k.Do(k.as, "POST", "/2.0/repositories/acme/widgets/pullrequests", `{"title":"One","source":{"branch":{"name":"feature/one"}},"destination":{"branch":{"name":"main"}}}`), http.StatusCreated)
	pailtest.Until(k.t, func() bool { return k.number() == before+1 })
	a := k.last()
	if a.String("target.type") != "pipeline_pullrequest_target" || a.String("target.source") != "feature/one" || a.String("target.destination") != "main" ||
		a.String("target.destination_commit.hash") != k.heads["main"] {
		k.t.Errorf("%s", a.Body)
	}
	k.finish(k.take(), runnerapi.Successful)
	k.commit("feature/one", file)
	if k.number() != before+2 {
		k.t.Errorf("there is pipeline %d", k.number())
	}
	k.finish(k.take(), runnerapi.Failed)
	if got := k.build("feature/one"); got != "FAILED" {
		k.t.Errorf("the commit is %s", got)
	}
	k.Want(k.Do(k.as, "POST", all, `{"target":{"type":"pipeline_pullrequest_target","pullrequest":{"id":1},"selector":{"type":"pull-requests","pattern":"feature/*"}}}`), http.StatusCreated)
	k.finish(k.take(), runnerapi.Successful)
	if got := k.build("feature/one"); got != "SUCCESSFUL" {
		k.t.Errorf("the commit is %s after it was run again", got)
	}
}

// labels: a step goes to a runner that has all its labels, of the repository or of its workspace.
func labels(k *scene) {
	k.commit("labels", "pipelines:\n  default:\n    - step: {name: A, runs-on: [self.hosted, Linux], script: [make a]}\n")
	k.idle()
	for _, other := range []pipeline.Taker{
		{ID: "other", WorkspaceID: k.Workspace.ID, Labels: []string{"linux"}},
		{ID: "other", WorkspaceID: "another", Labels: []string{"linux", "self.hosted"}},
		{ID: "other", WorkspaceID: k.Workspace.ID, RepositoryID: "another", Labels: []string{"linux", "self.hosted"}},
	} {
		if _, ok, err := k.Pipelines.Claim(context.Background(), other); ok || err != nil {
			k.t.Errorf("%+v got it: %v", other, err)
		}
	}
	mine := k.runner
	mine.RepositoryID, mine.Labels = k.Repository.ID, []string{"self.hosted", "linux", "fast"}
	s, ok, err := k.Pipelines.Claim(context.Background(), mine)
	if err != nil || !ok {
		k.t.Fatalf("it got none: %v", err)
	}
	k.finish(s, runnerapi.Successful)
}

// triggers: what the file says that a push starts beside the pipeline of the branch.
func triggers(k *scene) {
	k.commit("triggered", `
triggers:
  repository-push:
    - condition: BITBUCKET_BRANCH == "triggered" && changesetInclude("count")
      pipelines: [nightly]
    - condition: changesetInclude("docs/**")
      pipelines: [docs]
pipelines:
  branches:
    triggered:
      - step: {name: A, script: [make a]}
  custom:
    nightly:
      - step: {name: B, script: [make b]}
    docs:
      - step: {name: C, script: [make c]}
`)
	for _, s := range k.takes("A", "B") {
		k.finish(s, runnerapi.Successful)
	}
	k.stands(pipeline.Successful, "B SUCCESSFUL")
}

// many: many runners ask at once, some of them die, and somebody starts and stops pipelines meanwhile. Each step is given to
// one runner, numbers have no gaps, and every pipeline ends as its steps did.
func many(k *scene) {
	var file strings.Builder
	file.WriteString("pipelines:\n  custom:\n    many:\n      - parallel:\n")
	for i := range 20 {
		fmt.Fprintf(&file, "          - step: {name: S%d, script: [make]}\n", i)
	}
	file.WriteString("      - step: {name: Last, script: [make]}\n")
	k.commit("many", file.String())
	before, s, t := k.number(), k.Server, k.t
	ctx := context.Background()
	target := pipeline.Target{RefType: "branch", RefName: "many", Selector: pipefile.Selector{Type: pipefile.SelectCustom, Pattern: "many"}}
	const made, runners = 6, 8
	var starting, running sync.WaitGroup
	for i := range made {
		starting.Go(func() {
			p, err := s.Pipelines.StartNow(ctx, k.Repository, target, pipeline.Starter{Trigger: pipeline.Manual})
			if err == nil && i == 0 {
				err = s.Pipelines.Stop(ctx, &p)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	started := make(chan struct{})
	go func() { starting.Wait(); close(started) }()
	var mu sync.Mutex
	taken := map[string]string{}
	for n := range runners {
		running.Go(func() {
			me := k.runner
			me.ID = fmt.Sprintf("runner-%d", n)
			for count := 0; ; count++ {
				over := false
				select {
				case <-started:
					over = true
				default:
				}
				step, ok, err := s.Pipelines.Claim(ctx, me)
				if err != nil {
					t.Error(err)
					return
				}
				if !ok {
					if over {
						return
					}
					continue
				}
				mu.Lock()
				if other := taken[step.ID]; other != "" {
					t.Errorf("%s was given to %s and to %s", step.Name, other, me.ID)
				}
				taken[step.ID] = me.ID
				mu.Unlock()
				outcome := runnerapi.Successful
				if n == 0 && count%5 == 4 {
					outcome = runnerapi.Failed
				}
				if n == 1 && count%5 == 4 { // it dies; in half a minute somebody sees it
					k.Exec(`UPDATE pipeline_step SET lease_until = 1 WHERE id = $1`, step.ID)
					err = s.Pipelines.Expire(ctx)
				} else {
					err = s.Pipelines.Finish(ctx, me.ID, step.ID, runnerapi.Result{Outcome: outcome})
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	running.Wait()
	must(t, s.Pipelines.Expire(ctx))
	for { // what came up when the runners had gone
		step, ok, err := s.Pipelines.Claim(ctx, k.runner)
		must(t, err)
		if !ok {
			break
		}
		k.finish(step, runnerapi.Successful)
	}
	for number := before + 1; number <= before+made; number++ {
		p, err := s.Pipelines.Find(ctx, k.Repository, fmt.Sprint(number))
		must(t, err)
		results := k.results(number)
		want := pipeline.Successful
		switch {
		case p.Stopping:
			want = pipeline.Stopped
		case strings.Contains(results, "ERROR"):
			want = pipeline.Errored
		case strings.Contains(results, "FAILED"):
			want = pipeline.Failed
		}
		if p.Status != want || want == pipeline.Successful != strings.HasSuffix(results, "Last SUCCESSFUL") {
			t.Errorf("pipeline %d is %s: %s", number, p.Status, results)
		}
	}
}
