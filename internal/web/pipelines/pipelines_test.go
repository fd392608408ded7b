package pipelines_test

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/web/webtest"
)

const (
	all      = "/acme/widgets/pipelines"
	one      = all + "/results/1"
	settings = "/acme/widgets/settings/pipelines"
)

const file = `pipelines:
  default:
    - step: {name: Build, script: [make]}
    - step: {name: Try, deployment: staging, script: [./deploy staging]}
    - step: {name: Release, deployment: production, trigger: manual, script: [./deploy production]}
  custom:
    nightly:
      - variables:
          - {name: TARGET, default: all, allowed-values: [all, fast]}
          - {name: REASON}
      - step: {name: "Make it", script: ["make $TARGET"]}
`

// scene has a branch with a file, and nothing else of pipelines.
func scene(s *pailtest.Server) *pailtest.World {
	w := s.World()
	w.Want(w.Do(w.Token(w.Admin, "write:repository"), http.MethodPost, "/2.0/repositories/acme/widgets/src",
		pailtest.Form(url.Values{"message": {"Build"}, "branch": {"main"}, "bitbucket-pipelines.yml": {file}}.Encode())), http.StatusCreated)
	return w
}

// ended ends the first step of a name that has not ended, as a runner would.
func ended(w *pailtest.World, name, result string) {
	w.Exec(`UPDATE pipeline_step SET state = 'COMPLETED', result = $2, started_on = 1, completed_on = 2 WHERE name = $1 AND is_current`, name, result)
}

// TestRun: from switching pipelines on to a deployment that is promoted, on the pages alone.
func TestRun(t *testing.T) {
	t.Parallel()
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := scene(s)
		owner, member, outsider := webtest.As(s, w.Admin), webtest.As(s, w.Member), webtest.As(s, w.Outsider)
		webtest.Says(t, member.See(all), "Pipelines are switched off here", "No pipeline has run yet")
		webtest.Silent(t, member.See(all), "Switch them on", "Run a pipeline", "Runners")
		webtest.Wants(t, member.Get(settings), http.StatusForbidden, "privilege.missing")
		webtest.Wants(t, outsider.Get(all), http.StatusNotFound, "repository.not_found")
		webtest.Says(t, owner.Follow(owner.Submit(owner.See(settings), settings, url.Values{"enabled": {"true"}})), "Pipelines are on", "Switch them off")

		// A pipeline that asks for variables: what it does not allow is told at the field.
		page := member.See(all + "/new?branch=main&pipeline=custom%3Anightly")
		webtest.Says(t, page, "TARGET", "REASON", "default, as after a push", "nightly")
		r := member.Submit(page, all+"/new", url.Values{"variable.TARGET": {"moon"}, "variable.REASON": {"none"}})
		webtest.Wants(t, r, http.StatusBadRequest, "value.invalid")
		webtest.Says(t, r, "TARGET is one of all, fast")
		webtest.Wants(t, member.Submit(page, all+"/new", url.Values{"variable.REASON": {"none"}, "more": {"no value"}}), http.StatusBadRequest, "value.invalid")
		webtest.Says(t, member.Follow(member.Submit(page, all+"/new", url.Values{"variable.TARGET": {"fast"}, "variable.REASON": {"none"}, "more": {"REGION=eu=west\r\n\r\n"}})),
			"The pipeline is started.", "#1 custom: nightly", "waiting for a runner", "3 variables", "eu=west", "Make it")
		webtest.Says(t, member.See(all+"/new?branch=nothing"), "The repository has no branch nothing")
		webtest.Says(t, member.Follow(member.Submit(member.See(one), one+"/stop", nil)), "The pipeline is being stopped.", "stopped", "Run failed steps again")
		webtest.Says(t, member.Follow(member.Submit(member.See(one), one+"/rerun", nil)), "run 2", "Run 1", "Run 2")
		member.Submit(member.See(one), one+"/stop", nil)

		// The default pipeline deploys: to staging by itself, to production when somebody promotes it.
		webtest.Says(t, member.Follow(member.Submit(member.See(all+"/new"), all+"/new", url.Values{"more": {""}})), "#2 default", "Build", "Try", "Release")
		ended(w, "Build", "SUCCESSFUL")
		ended(w, "Try", "SUCCESSFUL")
		w.Exec(`UPDATE pipeline_step SET waits = 'somebody' WHERE name = 'Release'`)
		board := member.See("/acme/widgets/deployments")
		webtest.Says(t, board, "staging", "production", "successful #2", "It can go to production", "Nothing is deployed here yet")
		webtest.Says(t, member.See("/acme/widgets/deployments/staging"), "#2", "successful")
		webtest.Wants(t, member.Get("/acme/widgets/deployments/moon"), http.StatusNotFound, "resource.not_found")

		// An environment for administrators alone.
		edit := owner.See(settings)
		webtest.Says(t, owner.Follow(owner.Submit(edit, settings+"/environments/production", url.Values{"name": {"production"}, "environment_type.name": {"Production"}, "admin_only": {"true"}, "do": {"change"}})), "administrators only")
		webtest.Wants(t, member.Submit(board, "/acme/widgets/deployments/staging/promote", nil), http.StatusForbidden, "privilege.missing")
		webtest.Says(t, owner.Follow(owner.Submit(owner.See("/acme/widgets/deployments"), "/acme/widgets/deployments/staging/promote", nil)), "#2 goes to production.")
		webtest.Wants(t, owner.Post("/acme/widgets/deployments/staging/promote", url.Values{"csrf": webtest.Forms(t, board)[0].Values["csrf"]}), http.StatusForbidden, "csrf.missing")
		webtest.Says(t, member.See(all+"?branch=main&state=pending"), "#2")
		webtest.Says(t, member.See(all+"?branch=elsewhere"), "No pipeline here fits.")
	})
}

// TestSetUp: schedules, variables and runners, by who may.
func TestSetUp(t *testing.T) {
	t.Parallel()
	s := pailtest.Start(t, pailtest.Options{})
	w := scene(s)
	if err := w.Pipelines.Enable(context.Background(), w.Repository, true); err != nil {
		t.Fatal(err)
	}
	owner, member := webtest.As(s, w.Admin), webtest.As(s, w.Member)
	schedules := all + "/schedules"
	page := member.See(schedules)
	r := member.Submit(page, schedules, url.Values{"target.ref_name": {"main"}, "cron_pattern": {"every day"}})
	webtest.Wants(t, r, http.StatusBadRequest, "value.invalid")
	webtest.Says(t, r, "A pattern has seven fields")
	r = member.Submit(page, schedules, url.Values{"target.ref_name": {"nothing"}, "cron_pattern": {"0 30 2 * * ? *"}})
	webtest.Says(t, r, "The repository has no such branch.")
	r = member.Follow(member.Submit(page, schedules, url.Values{"target.ref_name": {"main"}, "target.selector.pattern": {"nightly"}, "cron_pattern": {"0 30 2 * * ? *"}}))
	webtest.Says(t, r, "The schedule is there.", "nightly", "0 30 2 * * ? *", "Switch off")
	// It asks for a variable without a default, so that no schedule can run it.
	w.Exec(`UPDATE pipeline_schedule SET next_on = 1`)
	if err := w.Pipelines.StartDue(context.Background()); err != nil {
		t.Fatal(err)
	}
	webtest.Says(t, member.See(schedules), "asks for a value of REASON")
	path := regexp.MustCompile(schedules + "/[0-9a-f-]+").FindString(r.Body)
	r = member.Follow(member.Submit(r, path, url.Values{"do": {"disable"}}))
	webtest.Says(t, r, "The schedule is off.", "Switch on")
	r = member.Follow(member.Submit(r, path, url.Values{"do": {"enable"}}))
	webtest.Says(t, r, "The schedule is on.")
	webtest.Says(t, member.Follow(member.Submit(r, path, url.Values{"do": {"delete"}})), "The schedule is deleted.", "Nothing starts by the clock here.")

	for _, place := range []struct{ variables, runners string }{{settings + "/variables", settings + "/runners"}, {"/acme/settings/variables", "/acme/settings/runners"}} {
		const secret = "correct horse battery staple"
		webtest.Wants(t, member.Get(place.variables), http.StatusForbidden, "privilege.missing")
		r := owner.Follow(owner.Submit(owner.See(place.variables), place.variables, url.Values{"key": {"PASSPHRASE"}, "value": {secret}, "secured": {"true"}}))
		webtest.Says(t, r, "The variable is saved.", "PASSPHRASE", "secured")
		webtest.Silent(t, r, secret)
		webtest.Says(t, owner.Submit(r, place.variables, url.Values{"key": {"1ST"}, "value": {""}}), "no digit in front")
		r = owner.Follow(owner.Submit(r, place.variables, url.Values{"key": {"PASSPHRASE"}, "value": {"open"}}))
		webtest.Says(t, r, "open")
		id := regexp.MustCompile(`name="delete" value="([^"]+)"`).FindStringSubmatch(r.Body)[1]
		webtest.Says(t, owner.Follow(owner.Submit(r, place.variables, url.Values{"delete": {id}})), "The variable is deleted.", "There are none.")

		webtest.Wants(t, member.Get(place.runners), http.StatusForbidden, "privilege.missing")
		r = owner.Submit(owner.See(place.runners), place.runners, url.Values{"name": {"Under the desk"}, "labels": {"linux  arm64"}})
		webtest.Says(t, r, "OAUTH_CLIENT_SECRET=", "pail runner --url", "arm64", "not started yet")
		told := regexp.MustCompile(`OAUTH_CLIENT_SECRET=(?:&#39;|')([^'&]+)`).FindStringSubmatch(r.Body)
		if len(told) != 2 || strings.Contains(w.Store(), told[1]) {
			t.Errorf("the secret is not told, or kept: %v", told)
		}
		r = owner.See(place.runners)
		webtest.Silent(t, r, "OAUTH_CLIENT_SECRET")
		path := regexp.MustCompile(place.runners + "/[0-9a-f-]+").FindString(r.Body)
		r = owner.Follow(owner.Submit(r, path, url.Values{"do": {"disable"}}))
		webtest.Says(t, r, "The runner is off", "Switch on")
		webtest.Says(t, owner.Follow(owner.Submit(r, path, url.Values{"do": {"delete"}})), "The runner is deleted.", "steps wait until one comes")
		webtest.Says(t, owner.Submit(owner.See(place.runners), place.runners, url.Values{"name": {"x"}, "labels": {"!"}}), "Nothing was changed")
	}
	const ofWorkspace = "/acme/settings/runners"
	owner.Submit(owner.See(ofWorkspace), ofWorkspace, url.Values{"name": {"For all"}})
	webtest.Says(t, owner.See(settings+"/runners"), "There are none of its own.", "The workspace has 1 runner that may take these steps")
}

// TestWatch: who looks at a pipeline that runs is told when it has changed, at once when that was before they asked, and nobody who may
// not see it.
func TestWatch(t *testing.T) {
	t.Parallel()
	s := pailtest.Start(t, pailtest.Options{})
	w := scene(s)
	if err := w.Pipelines.Enable(context.Background(), w.Repository, true); err != nil {
		t.Fatal(err)
	}
	member := webtest.As(s, w.Member)
	page := member.Follow(member.Submit(member.See(all+"/new"), all+"/new", url.Values{"more": {""}}))
	watch := strings.ReplaceAll(regexp.MustCompile(`data-watch="([^"]+)"`).FindStringSubmatch(page.Body)[1], "&amp;", "&")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	answer := member.Listen(ctx, watch)
	defer func() { _ = answer.Body.Close() }()
	w.Exec(`UPDATE pipeline_step SET state = 'IN_PROGRESS', started_on = 1, lease_until = 4102444800000000 WHERE name = 'Build'`)
	buffer, told := make([]byte, 1024), ""
	for !strings.Contains(told, "event: changed") {
		n, err := answer.Body.Read(buffer)
		if told += string(buffer[:n]); err != nil {
			t.Fatalf("%q: %v", told, err)
		}
	}
	webtest.Wants(t, webtest.As(s, w.Outsider).Get(watch), http.StatusNotFound, "repository.not_found")
}
