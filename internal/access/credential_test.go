package access

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/scope"
)

func TestLevels(t *testing.T) {
	for l := None; l <= Admin; l++ {
		if got, ok := ParseLevel(l.String()); !ok || got != l {
			t.Errorf("%d is written %q and read %d, %t", l, l, got, ok)
		}
	}
	for _, name := range []string{"", "Read", " read", "create_repo", "owner"} {
		if l, ok := ParseLevel(name); ok || l != None {
			t.Errorf("%q is level %s, %t", name, l, ok)
		}
	}
}

func TestWithin(t *testing.T) {
	workspace, project, repository := Bounds{WorkspaceID: "w"}, Bounds{WorkspaceID: "w", ProjectID: "p"}, Bounds{WorkspaceID: "w", RepositoryID: "r"}
	read, write := scope.NewSet(scope.LegacyRepository), scope.NewSet(scope.LegacyRepositoryWrite)
	repositoryAdmin, projectAdmin, remove := scope.NewSet(scope.LegacyRepositoryAdmin), scope.NewSet(scope.LegacyProjectAdmin), scope.NewSet(scope.LegacyRepositoryDelete)
	for _, c := range []struct {
		kind    Kind
		bounds  Bounds
		scopes  scope.Set
		w, p, r string
		want    Level
	}{
		{WorkspaceToken, workspace, read, "w", "p", "r", Read},
		{WorkspaceToken, workspace, write, "w", "p", "r", Write},
		{WorkspaceToken, workspace, repositoryAdmin, "w", "p", "r", Admin},
		{WorkspaceToken, workspace, remove, "w", "p", "r", Admin},
		{WorkspaceToken, workspace, remove, "w", "p", "", Read},
		{WorkspaceToken, workspace, repositoryAdmin, "w", "p", "", CreateRepo},
		{WorkspaceToken, workspace, projectAdmin, "w", "p", "", Admin},
		{WorkspaceToken, workspace, projectAdmin, "w", "", "", Admin},
		{WorkspaceToken, workspace, projectAdmin.Union(remove), "other", "p", "r", None},
		{ProjectToken, project, write, "w", "p", "r", Write},
		{ProjectToken, project, write, "w", "p", "", Write},
		{ProjectToken, project, write, "w", "p2", "r", None},
		{ProjectToken, project, projectAdmin, "w", "", "", None},
		{RepositoryTok, repository, write, "w", "p", "r", Write},
		{RepositoryTok, repository, repositoryAdmin, "w", "p", "r2", None},
		{RepositoryTok, repository, repositoryAdmin, "w", "p", "", None},
		{RepositoryTok, repository, scope.Set{}, "w", "p", "r", Read},
		{OAuth, workspace, projectAdmin, "w", "p", "", Admin}, // by client credentials: no account is behind it
		{OAuth, workspace, projectAdmin, "other", "p", "", None},
		// A person's privileges come from the store, and never from scopes.
		{APIToken, workspace, repositoryAdmin, "w", "p", "r", None},
		{AppPassword, Bounds{}, repositoryAdmin, "", "", "", None},
		{Session, Bounds{}, repositoryAdmin, "", "", "", None},
		{"", Bounds{}, scope.Set{}, "", "", "", None},
	} {
		p := &Principal{Kind: c.kind, Bounds: c.bounds, Scopes: c.scopes, permits: c.scopes.Expand()}
		if got := p.Within(c.w, c.p, c.r); got != c.want {
			t.Errorf("%s %+v with %v within %q/%q/%q: %s, want %s", c.kind, c.bounds, c.scopes, c.w, c.p, c.r, got, c.want)
		}
	}
}

// fill puts n credentials of the account into the store.
func (s *scene) fill(n int, expires, revoked time.Time) {
	s.t.Helper()
	must(s.t, s.db.Update(s.t.Context(), func(tx *database.Tx) error {
		for range n {
			id := uuid.NewString()
			if _, err := tx.Exec(s.t.Context(), `INSERT INTO credential (id, kind, hash, account_id, name, scopes, created_on, expires_on, revoked_on)
				VALUES ($1, $2, $1, $3, 'old', '', 1, $4, $5)`, id, string(APIToken), s.account.ID, database.Micros(expires), database.Micros(revoked)); err != nil {
				return err
			}
		}
		return nil
	}))
}

func TestIssueLimits(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		ctx, now := t.Context(), s.clock.now()
		token := Credential{Kind: APIToken, AccountID: s.account.ID, Name: "ci", Scopes: scope.NewSet(scope.ReadUser), Expires: now.Add(time.Hour)}
		s.fill(MaxCredentials-1, now.Add(time.Hour), time.Time{})
		s.fill(20, now.Add(-time.Hour), time.Time{})        // dead lately: kept, and not counted
		s.fill(20, now.Add(time.Hour), now.Add(-time.Hour)) // revoked lately
		s.fill(5, now.Add(-deadCredentialTTL-time.Second), time.Time{})
		s.fill(5, time.Time{}, now.Add(-deadCredentialTTL-time.Second))
		last, _, err := s.credentials.Issue(ctx, token)
		if err != nil {
			t.Fatalf("the last one that fits: %v", err)
		}
		if n := s.count(`SELECT COUNT(*) FROM credential WHERE account_id = $1`, s.account.ID); n != MaxCredentials+40 {
			t.Errorf("%d rows, want %d: those dead for long go, those dead lately stay", n, MaxCredentials+40)
		}
		if _, _, err := s.credentials.Issue(ctx, token); !errors.Is(err, ErrTooMany) {
			t.Errorf("one more: %v, want ErrTooMany", err)
		}
		// Each kind, and each owner, counts for itself.
		password := token
		password.Kind, password.Expires = AppPassword, time.Time{}
		if _, _, err := s.credentials.Issue(ctx, password); err != nil {
			t.Errorf("an app password beside full tokens: %v", err)
		}
		other := token
		other.AccountID = s.person("bob").ID
		if _, _, err := s.credentials.Issue(ctx, other); err != nil {
			t.Errorf("another account: %v", err)
		}
		must(t, s.credentials.Revoke(ctx, s.account.ID, APIToken, last.ID))
		if _, _, err := s.credentials.Issue(ctx, token); err != nil {
			t.Errorf("after one was revoked: %v", err)
		}
	})
}

func TestRevoke(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		ctx, bob := t.Context(), s.person("bob")
		c, _ := s.issue(APIToken)
		for name, f := range map[string]func() error{
			"another owner": func() error { return s.credentials.Revoke(ctx, bob.ID, APIToken, c.ID) },
			"no owner":      func() error { return s.credentials.Revoke(ctx, "", APIToken, c.ID) },
			"another kind":  func() error { return s.credentials.Revoke(ctx, s.account.ID, AppPassword, c.ID) },
			"no id":         func() error { return s.credentials.Revoke(ctx, s.account.ID, APIToken, uuid.NewString()) },
			"read by another": func() error {
				_, err := s.credentials.Get(ctx, bob.ID, APIToken, c.ID)
				return err
			},
		} {
			if err := f(); !errors.Is(err, ErrNotFound) {
				t.Errorf("%s: %v, want ErrNotFound", name, err)
			}
		}
		got, err := s.credentials.Get(ctx, s.account.ID, APIToken, c.ID)
		if err != nil || got.Scopes != c.Scopes || !got.Expires.Equal(c.Expires) || !got.Created.Equal(c.Created) || !got.Revoked.IsZero() {
			t.Fatalf("what came back is %+v, %v, want %+v", got, err, c)
		}
		must(t, s.credentials.Revoke(ctx, s.account.ID, APIToken, c.ID))
		if err := s.credentials.Revoke(ctx, s.account.ID, APIToken, c.ID); !errors.Is(err, ErrNotFound) {
			t.Errorf("twice: %v, want ErrNotFound", err)
		}
		if err := s.credentials.End(ctx, c.ID); !errors.Is(err, ErrNotFound) {
			t.Errorf("ended after it was revoked: %v, want ErrNotFound", err)
		}
		if _, err := s.credentials.Get(ctx, s.account.ID, APIToken, c.ID); !errors.Is(err, ErrNotFound) {
			t.Errorf("it is still listed: %v", err)
		}
		if got, err := s.credentials.Lookup(ctx, c.ID); err != nil || !got.Revoked.Equal(s.clock.now()) {
			t.Errorf("the operator sees it revoked on %s: %v", got.Revoked, err)
		}
	})
}

func TestOfResource(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		want := map[Kind]string{}
		for _, k := range []Kind{RepositoryTok, ProjectToken, WorkspaceToken} {
			c, _ := s.issue(k)
			want[k] = c.ID
		}
		s.issue(APIToken)
		for k, id := range want {
			list, err := s.credentials.OfResource(t.Context(), s.bounds(k))
			if err != nil || len(list) != 1 || list[0].ID != id || list[0].Bounds != s.bounds(k) {
				t.Errorf("the %s list is %+v, %v", k.Title(), list, err)
			}
		}
	})
}

func TestSessions(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		ctx := t.Context()
		in, err := s.gate.StartSession(ctx, s.account.ID, "192.0.2.1", "a browser \x00\xff")
		must(t, err)
		call := func(method, cookie, csrf string) (*Principal, reason.Code) {
			r := s.request(method)
			if cookie != "" {
				r.HTTP.AddCookie(&http.Cookie{Name: SessionCookie, Value: cookie})
			}
			if csrf != "" {
				r.HTTP.Header.Set(CSRFHeader, csrf)
			}
			p, refusal := s.gate.Identify(r, SurfaceREST)
			if refusal != nil {
				return p, refusal.Reason
			}
			return p, ""
		}
		for _, c := range []struct {
			name, method, cookie, csrf string
			in                         bool
			code                       reason.Code
		}{
			{"reading", "GET", in.Secret, "", true, ""},
			{"reading with HEAD", "HEAD", in.Secret, "", true, ""},
			{"a change", "POST", in.Secret, in.CSRF, true, ""},
			{"a change without CSRF", "POST", in.Secret, "", false, reason.CSRFMissing},
			{"a deletion without CSRF", "DELETE", in.Secret, "", false, reason.CSRFMissing},
			{"a wrong CSRF", "PUT", in.Secret, in.CSRF + "x", false, reason.CSRFMissing},
			{"the cookie as CSRF", "PUT", in.Secret, in.Secret, false, reason.CSRFMissing},
			{"an odd method", "PURGE", in.Secret, "", false, reason.CSRFMissing},
			{"no cookie", "GET", "", in.CSRF, false, ""},
			{"an unknown cookie", "GET", in.Secret + "x", "", false, ""},
			{"the CSRF as cookie", "GET", in.CSRF, "", false, ""},
		} {
			p, code := call(c.method, c.cookie, c.csrf)
			if code != c.code {
				t.Errorf("%s: %q, want %q", c.name, code, c.code)
			}
			if code == "" && p.Anonymous() == c.in {
				t.Errorf("%s: anonymous is %t", c.name, p.Anonymous())
			}
			if c.in && (p.Account == nil || p.Account.ID != s.account.ID || p.Kind != Session) {
				t.Errorf("%s: taken for %+v", c.name, p)
			}
		}
		// A session is of no use in git, and a CSRF token of another session none in this one.
		r := s.request(http.MethodGet)
		r.HTTP.AddCookie(&http.Cookie{Name: SessionCookie, Value: in.Secret})
		if p, refusal := s.gate.Identify(r, SurfaceGit); refusal != nil || !p.Anonymous() {
			t.Errorf("a session in git: %+v, %v", p, refusal)
		}
		second, err := s.gate.StartSession(ctx, s.account.ID, "", "")
		must(t, err)
		if _, code := call("POST", in.Secret, second.CSRF); code != reason.CSRFMissing {
			t.Errorf("another session's CSRF token: %q", code)
		}

		must(t, s.gate.EndSession(ctx, second.Secret))
		must(t, s.gate.EndSession(ctx, second.Secret))
		if p, _ := call("GET", second.Secret, ""); !p.Anonymous() {
			t.Error("a session that was ended goes on")
		}
		s.exec(`UPDATE account SET is_active = FALSE`)
		if p, _ := call("GET", in.Secret, ""); !p.Anonymous() {
			t.Error("the session of a deactivated account goes on")
		}
		s.exec(`UPDATE account SET is_active = TRUE`)
		s.clock.forward(SessionLength - time.Microsecond)
		if p, _ := call("GET", in.Secret, ""); p.Anonymous() {
			t.Error("a session ends early")
		}
		s.clock.forward(time.Microsecond)
		if p, _ := call("GET", in.Secret, ""); !p.Anonymous() {
			t.Error("a session outlives its time")
		}
	})
}

func TestSessionsAreBounded(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		ctx, bob := t.Context(), s.person("bob")
		other, err := s.gate.StartSession(ctx, bob.ID, "", "")
		must(t, err)
		var all []SignedIn
		for range maxSessions + 5 {
			s.clock.forward(time.Second)
			in, err := s.gate.StartSession(ctx, s.account.ID, "", "")
			must(t, err)
			all = append(all, in)
		}
		if n := s.count(`SELECT COUNT(*) FROM session WHERE account_id = $1`, s.account.ID); n != maxSessions {
			t.Errorf("%d sessions, want %d", n, maxSessions)
		}
		for i, in := range all {
			_, err := s.gate.signedIn(ctx, in.Secret)
			if gone := errors.Is(err, database.ErrNoRows); gone != (i < 5) {
				t.Errorf("session %d of %d: %v", i, len(all), err)
			}
		}
		if _, err := s.gate.signedIn(ctx, other.Secret); err != nil {
			t.Errorf("the session of another account: %v", err)
		}
		// The next sign-in, whoever's, clears away what is over.
		s.clock.forward(SessionLength)
		_, err = s.gate.StartSession(ctx, bob.ID, "", "")
		must(t, err)
		if n := s.count(`SELECT COUNT(*) FROM session`); n != 1 {
			t.Errorf("%d sessions when all but one are over", n)
		}
	})
}
