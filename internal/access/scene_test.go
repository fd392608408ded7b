package access

import (
	"context"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/pailforge/pail/internal/catalog"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/database/databasetest"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/scope"
)

// clock is a time that moves only when a test moves it.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) forward(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// scene is a gate over a real store, with one account, workspace, group and project in it.
type scene struct {
	t           *testing.T
	db          *database.DB
	clock       *clock
	recorder    *Recorder
	gate        *Gate
	credentials *Credentials
	account     Account

	workspaceID, groupID, projectID, repositoryID string
}

func newScene(t *testing.T, db *database.DB) *scene {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	s := &scene{t: t, db: db, clock: &clock{t: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}}
	s.recorder = NewRecorder(db, log)
	t.Cleanup(func() {
		if err := s.recorder.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	s.gate = NewGate(db, s.recorder, log, s.clock.now, time.Time{})
	s.credentials = &Credentials{DB: db, Now: s.clock.now}
	s.account = s.person("ada")
	s.workspaceID, s.groupID, s.projectID, s.repositoryID = uuid.NewString(), uuid.NewString(), uuid.NewString(), uuid.NewString()
	s.exec(`INSERT INTO workspace (id, slug, name, created_on, updated_on) VALUES ($1, 'acme', 'Acme', 1, 1)`, s.workspaceID)
	s.exec(`INSERT INTO workspace_member (workspace_id, account_id, role, added_on) VALUES ($1, $2, 2, 1)`, s.workspaceID, s.account.ID)
	s.exec(`INSERT INTO user_group (id, workspace_id, slug, name, created_on) VALUES ($1, $2, 'developers', 'Developers', 1)`, s.groupID, s.workspaceID)
	s.exec(`INSERT INTO group_member (group_id, workspace_id, account_id) VALUES ($1, $2, $3)`, s.groupID, s.workspaceID, s.account.ID)
	s.exec(`INSERT INTO project (id, workspace_id, key, name, created_on, updated_on) VALUES ($1, $2, 'FTO', 'For the Others', 1, 1)`, s.projectID, s.workspaceID)
	s.exec(`INSERT INTO repository (id, workspace_id, project_id, slug, name, created_on, updated_on) VALUES ($1, $2, $3, 'widgets', 'widgets', 1, 1)`,
		s.repositoryID, s.workspaceID, s.projectID)
	s.grant(Write)
	return s
}

// each runs f on a scene on every database.
func each(t *testing.T, f func(t *testing.T, s *scene)) {
	t.Helper()
	databasetest.Each(t, func(t *testing.T, db *database.DB) { f(t, newScene(t, db)) })
}

func (s *scene) exec(query string, args ...any) {
	s.t.Helper()
	execOn(s.t, s.db, query, args...)
}

func execOn(t *testing.T, db *database.DB, query string, args ...any) {
	t.Helper()
	must(t, db.Update(t.Context(), func(tx *database.Tx) error {
		_, err := tx.Exec(t.Context(), query, args...)
		return err
	}))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (s *scene) person(name string) Account {
	s.t.Helper()
	a := Account{ID: uuid.NewString(), AccountID: "id-of-" + name, Email: name + "@acme.example", Username: name + "-x", DisplayName: name}
	s.exec(`INSERT INTO account (id, account_id, email, username, display_name, created_on) VALUES ($1, $2, $3, $4, $5, 1)`,
		a.ID, a.AccountID, a.Email, a.Username, a.DisplayName)
	return a
}

// grant gives the group this permission on the project; None takes it away.
func (s *scene) grant(l Level) {
	s.t.Helper()
	s.exec(`DELETE FROM project_group_grant WHERE group_id = $1`, s.groupID)
	if l != None {
		s.exec(`INSERT INTO project_group_grant (project_id, workspace_id, group_id, permission) VALUES ($1, $2, $3, $4)`,
			s.projectID, s.workspaceID, s.groupID, int(l))
	}
}

// bounds are those of an access token of this kind, for what is in the scene.
func (s *scene) bounds(k Kind) Bounds {
	switch k {
	case RepositoryTok:
		return Bounds{WorkspaceID: s.workspaceID, RepositoryID: s.repositoryID}
	case ProjectToken:
		return Bounds{WorkspaceID: s.workspaceID, ProjectID: s.projectID}
	case WorkspaceToken:
		return Bounds{WorkspaceID: s.workspaceID}
	}
	return Bounds{}
}

// issue mints a credential of this kind that lives a day and may read repositories.
func (s *scene) issue(k Kind) (Credential, string) {
	s.t.Helper()
	c := Credential{Kind: k, Name: "test", Bounds: s.bounds(k), Expires: s.clock.now().Add(24 * time.Hour), Scopes: scope.NewSet(scope.ReadRepository)}
	if !k.AccessToken() {
		c.AccountID = s.account.ID
	}
	if kinds[k].legacy {
		c.Scopes = scope.NewSet(scope.LegacyRepository)
	}
	c, secret, err := s.credentials.Issue(s.t.Context(), c)
	must(s.t, err)
	return c, secret
}

// project is the scene's project as a room would find it. found counts the looks into the store.
func (s *scene) project(found *int) *Resource[string] {
	return &Resource[string]{Name: "project", Params: [2]string{"workspace", "project_key"},
		Find: func(ctx context.Context, p *Principal, _, key string) (Found[string], error) {
			*found++
			var l Level
			err := s.db.Row(ctx, `SELECT COALESCE((SELECT MAX(g.permission) FROM project_group_grant g JOIN group_member m ON m.group_id = g.group_id
				WHERE g.project_id = p.id AND m.account_id = $1), 0) FROM project p WHERE p.key = $2`, p.AccountID(), key).Scan(&l)
			if err != nil {
				return Found[string]{}, ErrAbsent
			}
			return Found[string]{Value: key, Level: l}, nil
		},
		NotFound: func(_, _ string) *rest.Error { return rest.Refuse(reason.ProjectNotFound, "") }}
}

func basic(user, secret string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+secret))
}

// request is a request with these values of the Authorization header.
func (s *scene) request(method string, authorization ...string) *rest.Request {
	hr := httptest.NewRequest(method, "https://pail.example/2.0/repositories/acme", nil)
	if authorization != nil {
		hr.Header["Authorization"] = authorization
	}
	return rest.Outside(hr, rest.URLs{Base: "https://pail.example"}, "test", map[string]string{"workspace": "acme", "project_key": "FTO"})
}

// identify is who the gate takes the sender of this header for, and the reason when it turns it away.
func (s *scene) identify(surface Surface, authorization string) (*Principal, reason.Code) {
	s.t.Helper()
	p, refusal := s.gate.Identify(s.request(http.MethodGet, authorization), surface)
	if refusal != nil {
		return p, refusal.Reason
	}
	return p, ""
}

// repositories is an operation that takes the scope to read repositories.
var repositories = &catalog.Operation{Key: "GET /test", Method: http.MethodGet, Scopes: scope.Need(scope.ReadRepository),
	OAuthScopes: scope.Need(scope.LegacyRepository), Accepts: GitRead.Accepts | catalog.Session}

// decide makes the whole decision about the project and returns the reason it was refused for.
func (s *scene) decide(res *Resource[string], level Level, authorization string) reason.Code {
	s.t.Helper()
	_, _, err := Decide(s.gate, s.request(http.MethodGet, authorization), SurfaceREST, repositories, res.Needs(level))
	if err == nil {
		return ""
	}
	e, ok := err.(*rest.Error)
	if !ok {
		s.t.Fatalf("decide: %v", err)
	}
	return e.Reason
}

func expect(t *testing.T, what string, got, want reason.Code) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

func (s *scene) count(query string, args ...any) (n int) {
	s.t.Helper()
	if err := s.db.Row(s.t.Context(), query, args...).Scan(&n); err != nil {
		s.t.Fatal(fmt.Errorf("%s: %w", query, err))
	}
	return n
}
