package story

import (
	"context"
	"maps"
	"strings"
	"time"

	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/pailtest"
)

const runnerBody = `{"name":"Builder","labels":["linux"]}`

// leftIDs are the ids of what leftByStep makes.
var leftIDs = map[string]string{
	"pipeline_uuid": "01990000-0000-7000-8000-0000000000a1", "step_uuid": "01990000-0000-7000-8000-0000000000a2", "log_uuid": "01990000-0000-7000-8000-0000000000a2",
	"artifact_uuid": "01990000-0000-7000-8000-0000000000a3", "cache_uuid": "01990000-0000-7000-8000-0000000000a4", "test_case_uuid": "01990000-0000-7000-8000-0000000000a5",
	"runner_uuid": "01990000-0000-7000-8000-0000000000a6", "other_runner": "01990000-0000-7000-8000-0000000000a7",
}

var (
	leftParams = func() map[string]string {
		params := map[string]string{}
		for name, id := range leftIDs {
			params[name] = "%7B" + id + "%7D"
		}
		return params
	}()
	ofWorkspaceRunner = map[string]string{"runner_uuid": "%7B" + leftIDs["other_runner"] + "%7D"}
	ofRunner          = func() map[string]string {
		params := maps.Clone(leftIDs)
		params["name"] = "node"
		return params
	}()
)

// leftByStep makes a pipeline of widgets whose only step has ended and left one of each, and a runner of the repository and of the
// workspace each.
func leftByStep(w *pailtest.World) {
	w.T.Helper()
	ctx, store := context.Background(), w.Pipelines.Store
	for _, table := range []string{"pipeline", "pipeline_runner", "pipeline_cache", "pipeline_config"} {
		check(w, w.DB.Update(ctx, func(tx *database.Tx) error {
			_, err := tx.Exec(ctx, `DELETE FROM `+table)
			return err
		}))
	}
	head, err := w.Repositories.Git.Resolve(ctx, w.Repository.ID, "main")
	check(w, err)
	id, r, now := leftIDs, w.Repository.ID, database.Micros(time.Now())
	w.Exec(`INSERT INTO pipeline_config (repository_id, enabled, last_build_number, public_key, private_key) VALUES ($1, TRUE, 1, '', '')`, r)
	w.Exec(`INSERT INTO pipeline (id, repository_id, number, creator_credential, creator_name, trigger_type, ref_type, ref_name, commit_hash, selector_type, selector_pattern,
		file, source_id, source_commit, source_path, shared, status, created_on, completed_on)
		VALUES ($1, $2, 1, '', '', 'PUSH', 'branch', 'main', $3, 'default', '', $4, $2, $3, 'bitbucket-pipelines.yml', '', 'SUCCESSFUL', $5, $5)`,
		id["pipeline_uuid"], r, string(head), "pipelines: {default: [{step: {script: [make], caches: [node], artifacts: {upload: [{name: dist, paths: ['dist/**']}]}}}]}", now)
	w.Exec(`INSERT INTO pipeline_step (id, pipeline_id, repository_id, position, attempt, name, state, result, labels, executor, concurrency_group, environment, max_time, created_on, started_on, completed_on)
		VALUES ($1, $2, $3, 0, 1, 'Build', 'COMPLETED', 'SUCCESSFUL', '', '', '', '', 120, $4, $4, $4)`, id["step_uuid"], id["pipeline_uuid"], r, now)
	w.Exec(`INSERT INTO pipeline_log (id, step_id, repository_id, name, cut, created_on) VALUES ($1, $1, $2, '', '', $3)`, id["step_uuid"], r, now)
	w.Exec(`INSERT INTO pipeline_artifact (id, step_id, repository_id, name, kind, size, hash, created_on) VALUES ($1, $2, $3, 'dist', 'shared', 5, 'abc', $4)`, id["artifact_uuid"], id["step_uuid"], r, now)
	w.Exec(`INSERT INTO pipeline_cache (id, repository_id, pipeline_id, step_id, name, key, path, size, hash, created_on, used_on) VALUES ($1, $2, $3, $4, 'node', '1', 'node_modules', 5, 'abc', $5, $5)`,
		id["cache_uuid"], r, id["pipeline_uuid"], id["step_uuid"], now)
	for _, name := range []string{"step_uuid", "artifact_uuid", "cache_uuid"} {
		_ = store.Remove(r, id[name])
		_, _, err := store.Keep(r, id[name], strings.NewReader("bytes"))
		check(w, err)
	}
	w.Exec(`INSERT INTO pipeline_test_report (step_id, total, successful, failed, errored, skipped, kept) VALUES ($1, 1, 0, 1, 0, 0, 2)`, id["step_uuid"])
	w.Exec(`INSERT INTO pipeline_test_case (id, step_id, place, suite, class, name, status, duration, message, output) VALUES ($1, $2, 0, 's', 'a.C', 'tests', 'FAILED', 1500000, 'no', 'at 1')`,
		id["test_case_uuid"], id["step_uuid"])
	for _, of := range [][3]string{{"repository", id["runner_uuid"], r}, {"workspace", id["other_runner"], w.Workspace.ID}} {
		w.Exec(`INSERT INTO pipeline_runner (id, `+of[0]+`_id, name, labels, client_id, secret_hash, disabled, cordoned, version, seen_on, created_on, updated_on)
			VALUES ($1, $2, 'builder', 'self.hosted linux', $1, '', FALSE, FALSE, '', 0, $3, $3)`, of[1], of[2], now)
	}
}

// leasedStep is leftByStep with the step in the hands of the repository's runner.
func leasedStep(w *pailtest.World) {
	leftByStep(w)
	w.Exec(`UPDATE pipeline SET status = 'RUNNING', completed_on = 0`)
	w.Exec(`UPDATE pipeline_step SET state = 'IN_PROGRESS', result = '', completed_on = 0, runner_id = $1, lease_until = $2, due_on = $2`, leftIDs["runner_uuid"], database.Micros(time.Now().Add(time.Minute)))
	check(w, w.Pipelines.Store.Remove(w.Repository.ID, leftIDs["step_uuid"])) // its log
}

// readyStep is leftByStep with a step that waits for a runner.
func readyStep(w *pailtest.World) {
	leftByStep(w)
	w.Exec(`UPDATE pipeline SET status = 'PENDING', completed_on = 0`)
	w.Exec(`UPDATE pipeline_step SET state = 'READY', result = '', started_on = 0, completed_on = 0, ready_on = $1`, database.Micros(time.Now()))
}

// asRunner is the token of the repository's runner that leftByStep makes.
func asRunner(w *pailtest.World) (c pailtest.Credential) {
	check(w, w.DB.Update(context.Background(), func(tx *database.Tx) error {
		secret, err := w.Credentials.IssueRunner(context.Background(), tx, leftIDs["runner_uuid"], time.Now().Add(time.Hour))
		c = pailtest.Bearer(secret)
		return err
	}))
	return c
}
