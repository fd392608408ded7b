package webtest

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/pipefile"
	"github.com/pailforge/pail/internal/pipeline"
)

// built is the branch that has a file with pipelines.
const built = "to-build"

const pipelinesFile = `image: golang:1.26
pipelines:
  default:
    - step: {name: Build, script: ["go build ./...", "go vet ./..."], services: [database]}
    - parallel:
        - step: {name: Unit tests, script: ["go test ./..."]}
        - step: {name: A linter with a name that takes more than one line, script: [golangci-lint run]}
    - stage:
        name: Try it
        deployment: staging
        steps:
          - step: {name: Deploy, script: [./deploy staging]}
          - step: {name: Smoke, script: [./smoke]}
    - step: {name: Release, deployment: production, trigger: manual, script: [./deploy production]}
  custom:
    nightly:
      - variables:
          - {name: TARGET, default: all, allowed-values: [all, fast], description: What is made.}
          - {name: REASON, description: Why.}
      - step: {script: ["make $TARGET"]}
definitions:
  services:
    database: {image: postgres}
`

// buildLog is what a step has printed.
const buildLog = "Cloning into '/opt/build'...\nHEAD is now at 1234567 Say hello\n+ go build ./...\ngo: downloading example.com/a/module/with/a/long/path/that/no/telephone/is/wide/enough/for v1.2.3\n" +
	"\x1b[32mok\x1b[0m  \tfirst\rok  \tsecond\n+ go vet ./...\nvet: nothing\n"

// pipelines switches pipelines on, and has some in each state: the first one has one of everything.
func (s *Scene) pipelines() {
	s.T.Helper()
	ctx := context.Background()
	must := func(err error) {
		s.T.Helper()
		if err != nil {
			s.T.Fatal(err)
		}
	}
	s.Want(s.Do(s.World.Token(s.Admin, "write:repository"), http.MethodPost, "/2.0/repositories/acme/widgets/src",
		pailtest.Form(url.Values{"message": {"Build"}, "branch": {built}, "bitbucket-pipelines.yml": {pipelinesFile}}.Encode())), http.StatusCreated)
	room := s.Pipelines
	must(room.Enable(ctx, s.Repository, true))
	now := time.Now()
	micros := func(ago time.Duration) int64 { return now.Add(-ago).UnixMicro() }
	for n := range 4 {
		t := pipeline.Target{RefType: "branch", RefName: built}
		if n == 0 {
			t.Variables = []pipeline.Given{{Name: "REGION", Value: "eu", Secured: false}}
		}
		if n == 3 {
			t.Selector = pipefile.Selector{Type: pipefile.SelectCustom, Pattern: "nightly"}
			t.Variables = []pipeline.Given{{Name: "REASON", Value: "none"}}
		}
		p, err := room.StartNow(ctx, s.Repository, t, pipeline.Starter{Who: account.Person{Account: &s.Member}, Trigger: pipeline.Manual})
		must(err)
		groups, err := room.Groups(ctx, &p)
		must(err)
		var steps []pipeline.Step
		for _, g := range groups {
			steps = append(steps, g.Steps...)
		}
		// How the steps of each stand; those that are left out wait.
		states := [][]string{{"SUCCESSFUL", "SUCCESSFUL", "SUCCESSFUL", "SUCCESSFUL", "SUCCESSFUL"}, {"SUCCESSFUL", "FAILED", "ERROR", "NOT_RUN", "NOT_RUN", "NOT_RUN"}, {"SUCCESSFUL", "", "SUCCESSFUL"}, {"STOPPED"}}[n]
		for i, result := range states {
			if result == "" {
				s.Exec(`UPDATE pipeline_step SET state = 'IN_PROGRESS', phase = 'script', started_on = $2, lease_until = $3, due_on = $3, runner_id = 'r' WHERE id = $1`, steps[i].ID, micros(time.Minute), micros(-24*time.Hour))
				continue
			}
			s.Exec(`UPDATE pipeline_step SET state = 'COMPLETED', result = $2, waits = '', started_on = $3, completed_on = $4 WHERE id = $1`, steps[i].ID, result, micros(5*time.Minute), micros(3*time.Minute))
		}
		status := []string{"PAUSED", "FAILED", "RUNNING", "STOPPED"}[n]
		s.Exec(`UPDATE pipeline SET status = $2, started_on = $3, completed_on = $4 WHERE id = $1`, p.ID, status, micros(5*time.Minute), map[bool]int64{true: micros(3 * time.Minute)}[n%2 == 1])
		for i, text := range []string{buildLog, "+ go test ./...\n--- FAIL: TestGears (0.01s)\n    gears_test.go:7: they grind\nFAIL\n"} {
			_, _, err := room.Store.Append(s.Repository.ID, steps[min(i, len(steps)-1)].ID, 0, 1<<20, strings.NewReader(text))
			must(err)
			if i < len(steps) {
				s.Exec(`INSERT INTO pipeline_log (id, step_id, repository_id, name, cut, created_on) VALUES ($1, $1, $2, '', '', 1)`, steps[i].ID, s.Repository.ID)
			}
		}
		switch n {
		case 0:
			s.Step = steps[0].ID
			s.Exec(`UPDATE pipeline_step SET waits = 'somebody' WHERE id = $1`, steps[5].ID)
			const service, artifact = "01990000-0000-7000-8000-0000000000d1", "01990000-0000-7000-8000-0000000000d2"
			s.Exec(`INSERT INTO pipeline_log (id, step_id, repository_id, name, cut, created_on) VALUES ($1, $2, $3, 'database', 'limit', 1)`, service, s.Step, s.Repository.ID)
			s.Exec(`INSERT INTO pipeline_artifact (id, step_id, repository_id, name, kind, size, hash, created_on) VALUES ($1, $2, $3, 'dist/**', 'shared', 4, 'a', $4)`, artifact, s.Step, s.Repository.ID, micros(0))
			_, _, err := room.Store.Keep(s.Repository.ID, artifact, strings.NewReader("dist"))
			must(err)
			s.Exec(`INSERT INTO pipeline_test_report (step_id, total, successful, failed, errored, skipped, kept) VALUES ($1, 5, 2, 1, 1, 1, 0)`, s.Step)
			for place, status := range []string{"FAILED", "ERROR"} {
				s.Exec(`INSERT INTO pipeline_test_case (id, step_id, place, suite, class, name, status, duration, message, output) VALUES ($1, $2, $3, 'gears', 'example.Gears', 'TestGears', $4, 12000, 'They grind.', 'gears_test.go:7: they grind')`,
					strings.Replace(artifact, "d2", "e"+string(rune('0'+place)), 1), s.Step, place, status)
			}
		case 1:
			s.Exec(`UPDATE pipeline_step SET reason = 'step.image_missing', message = 'There is no image golangci/golangci-lint:v9.' WHERE id = $1`, steps[2].ID)
			s.Exec(`UPDATE pipeline_step SET exit_code = 1 WHERE id = $1`, steps[1].ID)
		}
	}
	s.Exec(`INSERT INTO pipeline (id, repository_id, number, creator_credential, creator_name, trigger_type, ref_type, ref_name, commit_hash, selector_type, selector_pattern, file, source_id, source_commit, source_path, shared,
		status, error_key, error_message, created_on, started_on, completed_on) SELECT '01990000-0000-7000-8000-0000000000c5', repository_id, 5, '', '', 'PUSH', ref_type, ref_name, commit_hash, '', '', '', source_id, source_commit, source_path, '',
		'ERROR', 'pipelines.broken_file', $1, $2, 0, $2 FROM pipeline WHERE number = 1`, "bitbucket-pipelines.yml:3:5: a list of steps was expected\nbitbucket-pipelines.yml:9:1: there is no key scripts", micros(time.Hour))
	s.Exec(`UPDATE pipeline_config SET last_build_number = 5`)
	by := account.Person{Account: &s.Admin}
	one, err := room.CreateSchedule(ctx, by, s.Repository, pipeline.Schedule{Enabled: true, Branch: built, Pattern: "0 30 2 * * ? *", Selector: pipefile.Selector{Type: pipefile.SelectCustom, Pattern: "nightly"}})
	must(err)
	s.Schedule = one.ID
	off, err := room.CreateSchedule(ctx, by, s.Repository, pipeline.Schedule{Branch: built, Pattern: "0 0 6 ? * MON-FRI", Selector: pipefile.Selector{Type: pipefile.SelectDefault}})
	must(err)
	s.Exec(`INSERT INTO pipeline_schedule_execution (id, schedule_id, pipeline_id, error_key, error_message, due_on) SELECT 'x1', $1, id, '', '', $2 FROM pipeline WHERE number = 4`, one.ID, micros(time.Hour))
	s.Exec(`INSERT INTO pipeline_schedule_execution (id, schedule_id, error_key, error_message, due_on) VALUES ('x2', $1, 'revision.not_found', 'The repository has no branch to-build.', $2)`, off.ID, micros(2*time.Hour))
	w, _, err := room.AddRunner(ctx, "", s.Repository.ID, "Under the desk", []string{"linux", "arm64"})
	must(err)
	s.Runner = w.ID
	s.Exec(`UPDATE pipeline_runner SET seen_on = $1, version = '1.0'`, micros(time.Second))
	_, _, err = room.AddRunner(ctx, s.World.Workspace.ID, "", "In the cellar", nil)
	must(err)
	environments, err := room.Environments(ctx, s.Repository)
	must(err)
	for i, place := range []pipeline.Place{pipeline.OfRepository(s.Repository.ID), pipeline.OfWorkspace(s.World.Workspace.ID), pipeline.OfEnvironment(environments[0].ID)} {
		must(room.SaveVariable(ctx, place, "SIZE", "large", i == 1))
	}
	s.Exec(`UPDATE deployment_environment SET admin_only = TRUE WHERE slug = 'production'`)
}
