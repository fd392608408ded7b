package workspace_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/catalog"
	"github.com/pailforge/pail/internal/contract"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/database/databasetest"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/workspace"
)

// scene is the room on a real store, behind a real gate.
type scene struct {
	t        testing.TB
	db       *database.DB
	room     *workspace.Room
	accounts *account.Room
	rest     *rest.API
	handlers map[string]rest.Handler
	checker  *contract.Checker // nil without the published schemas
	people   map[string]account.Account
	now      func() time.Time
}

func newScene(t testing.TB, db *database.DB) *scene {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	urls := rest.URLs{Base: "https://pail.example"}
	recorder := access.NewRecorder(db, log)
	t.Cleanup(func() {
		if err := recorder.Close(t.Context()); err != nil && t.Context().Err() == nil {
			t.Error(err)
		}
	})
	gate := access.NewGate(db, recorder, log, time.Now, time.Time{})
	accounts := &account.Room{DB: db, Gate: gate, Credentials: &access.Credentials{DB: db, Now: time.Now}, URLs: urls, Log: log, Now: time.Now}
	s := &scene{t: t, db: db, accounts: accounts, rest: &rest.API{URLs: urls, Log: log}, handlers: map[string]rest.Handler{}, people: map[string]account.Account{},
		now: time.Now}
	s.room = &workspace.Room{DB: db, Accounts: accounts, URLs: urls, Log: log, Now: func() time.Time { return s.now() }, Rules: workspace.Rules{NewAccounts: true}}
	for _, o := range s.room.Operations() {
		if _, ok := catalog.Lookup(o.Key()); !ok {
			t.Fatalf("%s is no operation", o.Key())
		}
		s.handlers[o.Key()] = o.Handler(gate)
	}
	var err error
	if s.checker, err = contract.Published(); err != nil {
		t.Fatal(err)
	}
	return s
}

// each runs f on a scene on every database.
func each(t *testing.T, f func(t *testing.T, s *scene)) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) { f(t, newScene(t, db)) })
}

// person is the account with this username, made at first use.
func (s *scene) person(username string) account.Account {
	s.t.Helper()
	if a, ok := s.people[username]; ok {
		return a
	}
	// Straight into the store: nobody signs in here, and hashing a password is slow by design.
	id := uuid.NewString()
	must(s.t, s.db.Update(s.t.Context(), func(tx *database.Tx) error {
		_, err := tx.Exec(s.t.Context(), `INSERT INTO account (id, account_id, email, username, display_name, created_on) VALUES ($1, $2, $3, $4, $4, 1)`,
			id, "id-of-"+username, username+"@acme.example", username)
		return err
	}))
	a, err := s.accounts.Find(s.t.Context(), s.db, id)
	must(s.t, err)
	s.people[username] = a
	return a
}

type credential func(*http.Request)

func anonymous(*http.Request) {}

var allScopes = []string{"read:workspace", "read:project", "admin:project", "read:pullrequest", "write:permission", "delete:permission", "read:user"}

// token is an API token of the person with all scopes of this room.
func (s *scene) token(username string) credential {
	s.t.Helper()
	a := s.person(username)
	scopes := make([]string, len(allScopes))
	for i, name := range allScopes {
		scopes[i] = name + ":bitbucket"
	}
	_, secret, err := s.accounts.CreateToken(s.t.Context(), a.ID, "test", scopes, 30)
	must(s.t, err)
	return func(r *http.Request) { r.SetBasicAuth(a.Email, secret) }
}

// accessToken is an access token for what bounds name.
func (s *scene) accessToken(kind access.Kind, bounds access.Bounds, scopes ...string) credential {
	s.t.Helper()
	_, secret, err := s.accounts.CreateAccessToken(s.t.Context(), kind, bounds, "test", scopes, 30)
	must(s.t, err)
	return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+secret) }
}

type answer struct {
	*httptest.ResponseRecorder
	json any
}

// do sends a request through the gate to the room, and checks the answer against the published schemas.
func (s *scene) do(c credential, method, path, body string) answer {
	s.t.Helper()
	r := httptest.NewRequest(method, "https://pail.example/2.0"+path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	c(r)
	trace := &rest.Trace{RequestID: "test"}
	r = r.WithContext(rest.WithTrace(r.Context(), trace))
	a := answer{ResponseRecorder: httptest.NewRecorder()}
	s.rest.Serve(a, r, strings.TrimPrefix(r.URL.EscapedPath(), "/2.0"), func(q *rest.Request, outcome catalog.Outcome) (any, error) {
		if outcome != catalog.Found || s.handlers[q.Operation.Key] == nil {
			return nil, fmt.Errorf("%s %s is not served", method, path)
		}
		return s.handlers[q.Operation.Key](q)
	})
	if a.Body.Len() > 0 {
		d := json.NewDecoder(bytes.NewReader(a.Body.Bytes()))
		if err := d.Decode(&a.json); err != nil {
			s.t.Fatalf("%s %s: %v", method, path, err)
		}
	}
	if s.checker != nil && trace.Operation != "" {
		if err := s.checker.Check(trace.Operation, a.Code, a.Header().Get("Content-Type"), a.Body.Bytes()); err != nil {
			s.t.Errorf("%s %s → %d: %v\n%s", method, path, a.Code, err, a.Body)
		}
	}
	return a
}

// want is do for an answer with this status and, unless it is "", this reason.
func (s *scene) want(status int, code string, c credential, method, path, body string) answer {
	s.t.Helper()
	a := s.do(c, method, path, body)
	if a.Code != status || code != "" && a.text("error.data.reason") != code {
		s.t.Errorf("%s %s: %d %s, want %d %s\n%s", method, path, a.Code, a.text("error.data.reason"), status, code, a.Body)
	}
	return a
}

// get digs a value out of the body, by names and indexes with dots between.
func (a answer) get(path string) any {
	v := a.json
	for _, part := range strings.Split(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[part]
		case []any:
			var i int
			if _, err := fmt.Sscan(part, &i); err != nil || i >= len(x) {
				return nil
			}
			v = x[i]
		default:
			return nil
		}
	}
	return v
}

func (a answer) text(path string) string {
	if v := a.get(path); v != nil {
		return fmt.Sprint(v)
	}
	return ""
}

// column is the value at path of every value of a list, joined by spaces.
func (a answer) column(path string) string {
	values, _ := a.get("values").([]any)
	texts := make([]string, len(values))
	for i := range values {
		texts[i] = a.text(fmt.Sprintf("values.%d.%s", i, path))
	}
	return strings.Join(texts, " ")
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// acme is the workspace acme: ada owns it, bob is a member and in developers, eve a collaborator; mal is a stranger.
// Project FTO is private and developers may write to it; project OPEN is public.
type acme struct {
	*scene
	w          workspace.Workspace
	developers workspace.Group
	fto, open  workspace.Project
}

func (s *scene) acme() *acme {
	s.t.Helper()
	ctx := s.t.Context()
	a := &acme{scene: s}
	var err error
	a.w, err = s.room.CreateWorkspace(ctx, "acme", "Acme Inc.", s.person("ada").ID)
	must(s.t, err)
	must(s.t, s.room.AddMember(ctx, a.w.ID, s.person("bob").ID, workspace.Member))
	must(s.t, s.room.AddMember(ctx, a.w.ID, s.person("eve").ID, workspace.Collaborator))
	s.person("mal")
	a.developers, err = s.room.CreateGroup(ctx, a.w.ID, "", "Developers")
	must(s.t, err)
	must(s.t, s.room.AddToGroup(ctx, a.developers, s.person("bob").ID))
	a.fto, err = s.room.CreateProject(ctx, &a.w, workspace.NewProject{Key: "FTO", Name: "For the others"})
	must(s.t, err)
	a.open, err = s.room.CreateProject(ctx, &a.w, workspace.NewProject{Key: "OPEN", Name: "Open", Public: true})
	must(s.t, err)
	must(s.t, s.room.GrantGroup(ctx, &a.fto, a.developers.ID, access.Write))
	return a
}

// repository puts a repository's row into a project.
func (s *scene) repository(p workspace.Project, slug string, private bool) {
	s.t.Helper()
	must(s.t, s.db.Update(s.t.Context(), func(tx *database.Tx) error {
		_, err := tx.Exec(s.t.Context(), `INSERT INTO repository (id, workspace_id, project_id, slug, name, is_private, created_on, updated_on)
			VALUES ($1, $2, $3, $4, $4, $5, $6, $6)`, "r-"+slug, p.Workspace.ID, p.ID, slug, private, int64(1))
		return err
	}))
}
