package pailtest

import (
	"context"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/reason"
)

// tables are all tables of the store.
var tables = []string{"account", "account_email", "session", "setup_link", "workspace", "workspace_member", "user_group", "group_member", "project",
	"project_group_grant", "project_user_grant", "project_default_reviewer", "repository", "repository_group_grant",
	"repository_user_grant", "credential", "activity", "credential_usage", "oauth_consumer", "oauth_token", "oauth_code", "invitation", "invitation_group", "identity",
	"commit_status", "commit_report", "commit_annotation", "commit_comment", "commit_approval", "counter", "download",
	"branching_model", "branch_restriction", "branch_restriction_user", "branch_restriction_group",
	"repository_alias", "repository_watcher", "deploy_key", "ssh_key", "gpg_key",
	"webhook", "webhook_delivery",
	"pipeline_config", "pipeline_known_host", "deployment_environment", "pipeline_variable",
	"pipeline_schedule", "pipeline_schedule_execution", "pipeline_signing_key",
	"pipeline", "pipeline_input", "pipeline_step", "pipeline_trigger",
	"pipeline_runner", "pipeline_token", "pipeline_log", "pipeline_artifact", "pipeline_cache", "pipeline_test_report", "pipeline_test_case",
	"snippet", "snippet_watcher", "snippet_comment",
	"pull_request", "pull_request_participant", "pull_request_activity", "pull_request_merge", "pull_request_landing", "repository_default_reviewer", "pull_request_comment", "pull_request_task",
	"issue_tracker", "issue", "issue_component", "issue_milestone", "issue_version", "issue_comment", "issue_change", "issue_vote", "issue_watch", "issue_attachment", "issue_filter", "issue_job", "issue_person"}

// Store is everything in the store as text, bookkeeping up to this moment included: two are equal when nothing changed.
func (s *Server) Store() string {
	s.T.Helper()
	must(s.T, s.Gate.Recorder.Flush(context.Background()))
	var b strings.Builder
	for _, table := range tables {
		rows, err := s.DB.Query(context.Background(), `SELECT * FROM `+table)
		must(s.T, err)
		columns, err := rows.Columns()
		must(s.T, err)
		var lines []string
		for rows.Next() {
			values := make([]any, len(columns))
			for i := range values {
				values[i] = new(any)
			}
			must(s.T, rows.Scan(values...))
			line := []byte(table)
			for i, v := range values {
				if table == "repository" && columns[i] == "language" {
					continue // found out behind the scenes, some time after a push
				}
				line = append(append(append(line, ' '), columns[i]...), '=')
				switch value := (*v.(*any)).(type) {
				case string:
					line = append(line, value...)
				case int64:
					line = strconv.AppendInt(line, value, 10)
				default:
					line = fmt.Append(line, value)
				}
			}
			lines = append(lines, string(line))
		}
		must(s.T, rows.Err())
		must(s.T, rows.Close())
		slices.Sort(lines)
		b.WriteString(strings.Join(append(lines, ""), "\n"))
	}
	return b.String()
}

// Files lists what is in the data directory, apart from the SQLite file and what git keeps inside of objects: two are
// equal when no repository came or went.
func (s *Server) Files() string {
	s.T.Helper()
	var paths []string
	must(s.T, filepath.WalkDir(s.Config.Data, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		path, err = filepath.Rel(s.Config.Data, path)
		if strings.HasPrefix(path, "pail.db") {
			return err
		}
		if entry.IsDir() && entry.Name() == "objects" {
			return fs.SkipDir
		}
		paths = append(paths, path)
		return err
	}))
	return strings.Join(paths, "\n")
}

// Used is what the store says about the use of a credential.
type Used struct {
	Accessed, Refused time.Time // zero: never
	Reason            reason.Code
	Events            []access.Event // newest first
}

// Used reads the bookkeeping of a credential, up to this moment, whatever has become of the credential.
func (s *Server) Used(credentialID string) Used {
	s.T.Helper()
	ctx := context.Background()
	must(s.T, s.Gate.Recorder.Flush(ctx))
	var u Used
	var accessed, refused int64
	var why string
	must(s.T, s.DB.Row(ctx, `SELECT last_accessed_on, last_refused_on, last_refused_reason FROM credential WHERE id = $1`, credentialID).
		Scan(&accessed, &refused, &why))
	u.Accessed, u.Refused, u.Reason = database.Time(accessed), database.Time(refused), reason.Code(why)
	var err error
	u.Events, err = s.Gate.Recorder.Activity(ctx, credentialID, access.MaxActivity)
	must(s.T, err)
	return u
}

// Exec changes rows of the store, and fails the test unless it changes some.
func (s *Server) Exec(query string, args ...any) {
	s.T.Helper()
	must(s.T, s.DB.Update(context.Background(), func(tx *database.Tx) error {
		n, err := tx.Exec(context.Background(), query, args...)
		if err == nil && n == 0 {
			err = fmt.Errorf("nothing was changed by %s", query)
		}
		return err
	}))
}

// AccessToken mints an access token with legacy scopes, bound as b says.
func (s *Server) AccessToken(kind access.Kind, b access.Bounds, scopes ...string) (access.Credential, string) {
	s.T.Helper()
	c, secret, err := s.Accounts.CreateAccessToken(context.Background(), kind, b, "test", scopes, 30)
	must(s.T, err)
	return c, secret
}
