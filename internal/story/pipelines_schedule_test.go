package story

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"pgregory.net/rapid"

	"github.com/pailforge/pail/internal/cron"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/pipeline"
)

const scheduleBody = `{"target":{"type":"pipeline_ref_target","ref_type":"branch","ref_name":"main","selector":{"type":"custom","pattern":"nightly"}},"cron_pattern":"0 30 * * * ? *"}`

const scheduleID = "01990000-0000-7000-8000-00000000000b"

var scheduleParams = map[string]string{"schedule_uuid": "%7B" + scheduleID + "%7D"}

// nightly gives main a file with pipelines, and switches them on.
func nightly(w *pailtest.World) {
	check(w, w.DB.Update(context.Background(), func(tx *database.Tx) error {
		_, err := tx.Exec(context.Background(), `DELETE FROM pipeline_schedule`)
		return err
	}))
	w.Want(w.Do(w.Token(w.Admin, "write:repository"), "POST", "/2.0/repositories/acme/widgets/src", pailtest.Form(url.Values{"message": {"Build"}, "branch": {"main"},
		"bitbucket-pipelines.yml": {"pipelines:\n  default:\n    - step: {script: [make]}\n  custom:\n    nightly:\n      - step: {script: [make all]}\n"}}.Encode())), http.StatusCreated)
	w.Want(w.Do(w.Token(w.Admin, "admin:repository"), "PUT", pipelines, `{"enabled":true}`), http.StatusOK)
}

// scheduled makes the schedule scheduleID.
func scheduled(w *pailtest.World) {
	nightly(w)
	w.Want(w.Do(w.Token(w.Admin, "read:pipeline", "write:pipeline"), "POST", pipelines+"/schedules", scheduleBody), http.StatusCreated)
	w.Exec(`UPDATE pipeline_schedule SET id = $1`, scheduleID)
}

// executed makes that schedule, and has it started a pipeline.
func executed(w *pailtest.World) {
	scheduled(w)
	w.Exec(`UPDATE pipeline_schedule SET next_on = 1`)
	check(w, w.Pipelines.StartDue(context.Background()))
}

// deployed makes a pipeline with a step scheduleID that deploys to production.
func deployed(w *pailtest.World) {
	nightly(w)
	check(w, w.DB.Update(context.Background(), func(tx *database.Tx) error {
		_, err := tx.Exec(context.Background(), `DELETE FROM pipeline`)
		return err
	}))
	w.Want(w.Do(w.Token(w.Admin, "write:repository"), "POST", "/2.0/repositories/acme/widgets/src", pailtest.Form(url.Values{"message": {"Deploy"}, "branch": {"main"},
		"bitbucket-pipelines.yml": {"pipelines:\n  default:\n    - step: {script: [make], deployment: Production}\n"}}.Encode())), http.StatusCreated)
	token := w.Token(w.Admin, "read:pipeline", "write:pipeline")
	w.Want(w.Do(token, "POST", "/2.0/repositories/acme/widgets/pipelines", `{"target":{"ref_type":"branch","ref_name":"main"}}`), http.StatusCreated)
	w.Exec(`UPDATE pipeline_step SET id = $1, state = 'IN_PROGRESS', waits = '', started_on = 1, is_current = TRUE WHERE id = (SELECT MAX(id) FROM pipeline_step)`, scheduleID)
}

// nodeOf is another node of the server, with a clock of its own.
func nodeOf(w *pailtest.World, now func() time.Time) *pipeline.Room {
	of := w.Pipelines
	return &pipeline.Room{DB: of.DB, Repositories: of.Repositories, Commits: of.Commits, PullRequests: of.PullRequests, Keys: of.Keys, URLs: of.URLs, Log: of.Log, Now: now}
}

// TestScheduleOnce: each time of each schedule makes one pipeline, or says why it made none, whichever of the nodes look at the clock, and
// whichever of them give up in the middle.
func TestScheduleOnce(t *testing.T) {
	t.Parallel()
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := s.World()
		nightly(w)
		token := w.Token(w.Admin, "read:pipeline", "write:pipeline")
		var clock atomic.Int64 // ahead of the server's own, which therefore finds nothing due
		now := func() time.Time { return time.Unix(0, clock.Load()).UTC() }
		nodes := []*pipeline.Room{nodeOf(w, now), nodeOf(w, now)}
		start := time.Date(2090, 1, 1, 0, 0, 0, 0, time.UTC)
		checks := 0
		rapid.Check(t, func(rt *rapid.T) {
			if checks++; checks > 15 && !t.Failed() { // each takes some hundred looks at the store
				return
			}
			start = start.Add(24 * time.Hour)
			clock.Store(start.UnixNano())
			patterns := rapid.SliceOfN(rapid.SampledFrom([]string{"0 * * * * ? *", "30 */2 * * * ?", "15 0/3 * * * ?", "0 0 * * * ?", "59 59 23 ? * *"}), 1, 3).Draw(rt, "patterns")
			type expectation struct {
				pattern cron.Pattern
				next    time.Time
				due     map[int64]bool
				ok      bool
			}
			want := map[string]*expectation{}
			for i, pattern := range patterns {
				selector := "nightly"
				if i == 2 {
					selector = "missing" // what it names is not there when it comes due
				}
				body := fmt.Sprintf(`{"target":{"ref_type":"branch","ref_name":"main","selector":{"type":"custom","pattern":%q}},"cron_pattern":%q}`, selector, pattern)
				id := w.Want(w.Do(token, "POST", pipelines+"/schedules", body), http.StatusCreated).String("uuid")
				id = id[1 : len(id)-1]
				p, err := cron.Parse(pattern)
				check(w, err)
				next, _ := p.Next(start)
				w.Exec(`UPDATE pipeline_schedule SET next_on = $2 WHERE id = $1`, id, next.UnixMicro())
				want[id] = &expectation{p, next, map[int64]bool{}, selector == "nightly"}
			}
			for range rapid.IntRange(1, 6).Draw(rt, "looks") {
				at := now().Add(time.Duration(rapid.IntRange(1, 200).Draw(rt, "seconds")) * time.Second)
				clock.Store(at.UnixNano())
				for _, e := range want {
					if !e.next.After(at) {
						e.due[e.next.UnixMicro()] = true
						e.next, _ = e.pattern.Next(at)
					}
				}
				var all sync.WaitGroup
				for i := range 4 {
					ctx, cancel := context.WithCancel(context.Background())
					if i < 2 && rapid.Bool().Draw(rt, "gives up") {
						go cancel()
					}
					all.Go(func() {
						defer cancel()
						if err := nodes[i%2].StartDue(ctx); err != nil && ctx.Err() == nil {
							t.Errorf("look: %v", err)
						}
					})
				}
				all.Wait()
				// Whatever those left who gave up, the next look does.
				check(w, nodes[0].StartDue(context.Background()))
			}
			type row struct {
				schedule string
				due      int64
				number   int64
			}
			rows, err := database.Collect(context.Background(), w.DB, func(scan func(...any) error) (r row, err error) { return r, scan(&r.schedule, &r.due, &r.number) },
				`SELECT x.schedule_id, x.due_on, COALESCE(p.number, 0) FROM pipeline_schedule_execution x LEFT JOIN pipeline p ON p.id = x.pipeline_id`)
			check(w, err)
			numbers := map[int64]bool{}
			for _, r := range rows {
				e := want[r.schedule]
				if e == nil || !e.due[r.due] || (r.number > 0) != e.ok || numbers[r.number] && r.number > 0 {
					rt.Errorf("%+v: %v", r, e)
					continue
				}
				delete(e.due, r.due)
				numbers[r.number] = true
			}
			for id, e := range want {
				if len(e.due) > 0 {
					rt.Errorf("schedule %s missed %v", id, e.due)
				}
			}
			var made, last int64
			check(w, w.DB.Row(context.Background(), `SELECT COUNT(*), COALESCE(MAX(number), 0) FROM pipeline`).Scan(&made, &last))
			delete(numbers, 0)
			if made != last || int(made) != len(numbers) {
				rt.Errorf("%d pipelines up to number %d, for %d times", made, last, len(numbers))
			}
			for _, table := range []string{"pipeline_schedule", "pipeline"} {
				check(w, w.DB.Update(context.Background(), func(tx *database.Tx) error {
					_, err := tx.Exec(context.Background(), `DELETE FROM `+table)
					return err
				}))
			}
			w.Exec(`UPDATE pipeline_config SET last_build_number = 0`)
		})
	})
}

// TestStepTokens: what a step is told it is, anybody can verify with nothing but the address of the workspace, also after the key has
// changed; and a token is good for nobody else, and not for ever.
func TestStepTokens(t *testing.T) {
	t.Parallel()
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := s.World()
		var ahead atomic.Int64
		now := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
		nodes := []*pipeline.Room{nodeOf(w, now), nodeOf(w, now)}
		about := pipeline.Subject{Workspace: *w.Workspace, Repository: w.Repository.ID, Pipeline: scheduleID, Step: pipelineID, Environment: placeIDs["environment"], Branch: "main"}
		ctx := oidc.ClientContext(t.Context(), s.Client)
		verify := func(token string) (*oidc.IDToken, error) {
			p, err := oidc.NewProvider(ctx, s.URL+"/2.0/workspaces/acme/pipelines-config/identity/oidc")
			if err != nil {
				return nil, err
			}
			return p.VerifierContext(ctx, &oidc.Config{ClientID: "ari:cloud:bitbucket::workspace/" + w.Workspace.ID, Now: now}).Verify(ctx, token)
		}
		// Two nodes that need the first key at once.
		tokens := make(chan string, 2)
		for _, n := range nodes {
			go func() {
				token, err := n.Token(context.Background(), about)
				if err != nil {
					t.Errorf("token: %v", err)
				}
				tokens <- token
			}()
		}
		for range nodes {
			token, err := verify(<-tokens)
			if err != nil {
				t.Fatal(err)
			}
			var said map[string]any
			check(w, token.Claims(&said))
			for name, want := range map[string]string{"sub": fmt.Sprintf("{%s}:{%s}:{%s}", w.Repository.ID, placeIDs["environment"], pipelineID), "branchName": "main", "workspaceUuid": "{" + w.Workspace.ID + "}",
				"repositoryUuid": "{" + w.Repository.ID + "}", "pipelineUuid": "{" + scheduleID + "}", "stepUuid": "{" + pipelineID + "}", "deploymentEnvironmentUuid": "{" + placeIDs["environment"] + "}"} {
				if said[name] != want {
					t.Errorf("%s: %v, want %s", name, said[name], want)
				}
			}
		}
		keys := func() (kids []string) {
			kids, err := database.Collect(t.Context(), w.DB, func(row func(...any) error) (id string, err error) { return id, row(&id) }, `SELECT id FROM pipeline_signing_key ORDER BY number`)
			check(w, err)
			return kids
		}
		if got := keys(); len(got) != 1 {
			t.Errorf("%d keys", len(got))
		}
		one, err := nodes[0].Token(t.Context(), about)
		check(w, err)
		ahead.Store(int64(61 * time.Minute))
		if _, err := verify(one); err == nil {
			t.Error("a token is good for more than an hour")
		}
		ahead.Store(0)
		other := about
		other.Audiences = []string{"https://cloud.example"}
		if token, err := nodes[0].Token(t.Context(), other); err != nil {
			t.Fatal(err)
		} else if _, err := verify(token); err == nil {
			t.Error("a token is good for whom it is not for")
		}
		// Keys change by themselves, the next one is told before it signs, and the last one is told after it did.
		for _, step := range []struct {
			ahead time.Duration
			keys  int
			first bool // the first key signs still
		}{{91 * 24 * time.Hour, 2, true}, {91*24*time.Hour + 23*time.Hour, 2, true}, {92*24*time.Hour + time.Hour, 2, false}, {183 * 24 * time.Hour, 2, false}} {
			first := keys()[0]
			ahead.Store(int64(step.ahead))
			token, err := nodes[1].Token(t.Context(), about)
			check(w, err)
			if _, err := verify(token); err != nil {
				t.Errorf("%s ahead: %v", step.ahead, err)
			}
			if got := keys(); len(got) != step.keys || step.first && got[0] != first {
				t.Errorf("%s ahead: keys %v, the first was %s", step.ahead, got, first)
			}
		}
		for _, path := range []string{"/.well-known/openid-configuration", "/keys.json"} {
			w.Want(w.Do(pailtest.None, "GET", "/2.0/workspaces/%7B"+w.Workspace.ID+"%7D/pipelines-config/identity/oidc"+path, nil), http.StatusNotFound, "resource.not_found")
		}
	})
}
