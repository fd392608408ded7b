package access

import (
	"context"
	"errors"
	"time"

	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/token"
)

// This file is the credentials of pipelines. A runner's access token opens the operations that are made for runners, of that runner, and
// nothing else. A step's credential opens Git over HTTPS of its repository as long as the runner that took the step holds its lease.
// Both are rows of one table, and go with what they are for.

// RunnerTokenLength is how long the access token of a runner lives.
const RunnerTokenLength = time.Hour

// One of the two runs for every request of a runner or a step whose credential is not at hand.
var (
	principalByRunnerToken = selectPipeline("t.hash", "r.id", "'"+string(Runner)+"'", "r.name", "t.expires_on", "CASE WHEN t.step_id IS NULL THEN 0 ELSE 1 END",
		"COALESCE(r.workspace_id, p.workspace_id, '')", "COALESCE(r.repository_id, '')", "''") +
		` FROM pipeline_token t JOIN pipeline_runner r ON r.id = t.runner_id LEFT JOIN repository p ON p.id = r.repository_id WHERE t.hash = $1`

	// The lease is the step's: whoever took the step from this runner, or ended it, has ended the credential too. So has a repository
	// that went to another workspace than the runner's.
	principalByStepToken = selectPipeline("t.hash", "s.id", "'"+string(StepToken)+"'", "p.slug", "s.lease_until",
		"CASE WHEN s.runner_id = t.runner_id AND s.state = 'IN_PROGRESS' AND s.lease_until > 0 AND (r.repository_id = p.id OR r.workspace_id = p.workspace_id) THEN 0 ELSE 1 END",
		"p.workspace_id", "p.id", "t.scopes") +
		` FROM pipeline_token t JOIN pipeline_runner r ON r.id = t.runner_id JOIN pipeline_step s ON s.id = t.step_id
		JOIN repository p ON p.id = s.repository_id WHERE t.hash = $1`
)

// selectPipeline is selectPrincipal for what has neither account nor project.
func selectPipeline(hash, id, kind, name, expires, revoked, workspace, repository, scopes string) string {
	return `SELECT ` + database.Packed(hash, id, kind, name, expires, revoked, workspace, "''", repository, scopes, "''")
}

// IssueRunner mints an access token for a runner, in tx; it ends at expires. Those of the runner that are over go.
func (s *Credentials) IssueRunner(ctx context.Context, tx *database.Tx, runnerID string, expires time.Time) (string, error) {
	if _, err := tx.Exec(ctx, `DELETE FROM pipeline_token WHERE runner_id = $1 AND step_id IS NULL AND (expires_on <= $2
		OR hash NOT IN (SELECT t.hash FROM pipeline_token t WHERE t.runner_id = $1 AND t.step_id IS NULL ORDER BY t.expires_on DESC, t.hash LIMIT $3))`,
		runnerID, database.Micros(s.Now()), maxRunnerTokens-1); err != nil {
		return "", err
	}
	return s.issuePipeline(ctx, tx, token.RunnerAccess, runnerID, nil, "", expires)
}

// maxRunnerTokens bounds the access tokens of one runner; the oldest goes when another is bought.
const maxRunnerTokens = 1000

// IssueStep mints what a step clones with, in tx, instead of what it had before. scopes are legacy names, with a space between.
func (s *Credentials) IssueStep(ctx context.Context, tx *database.Tx, runnerID, stepID, scopes string) (string, error) {
	if _, err := tx.Exec(ctx, `DELETE FROM pipeline_token WHERE step_id = $1`, stepID); err != nil {
		return "", err
	}
	return s.issuePipeline(ctx, tx, token.StepAccess, runnerID, stepID, scopes, time.Time{})
}

func (s *Credentials) issuePipeline(ctx context.Context, tx *database.Tx, kind token.Kind, runnerID string, stepID any, scopes string, expires time.Time) (string, error) {
	if runnerID == "" {
		return "", errors.New("access: a credential of pipelines is a runner's")
	}
	secret := token.Mint(kind)
	_, err := tx.Exec(ctx, `INSERT INTO pipeline_token (hash, runner_id, step_id, scopes, expires_on) VALUES ($1, $2, $3, $4, $5)`,
		hashOf(secret), runnerID, stepID, scopes, database.Micros(expires))
	return secret, err
}
