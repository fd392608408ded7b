package access

import (
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pailforge/pail/internal/catalog"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/database/databasetest"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/scope"
	"github.com/pailforge/pail/internal/token"
	"pgregory.net/rapid"
)

// TestChangesAreSeenAtOnce: what this process writes counts for the very next request, although the one before filled
// the caches and no time passes.
func TestChangesAreSeenAtOnce(t *testing.T) {
	for name, c := range map[string]struct {
		change func(s *scene, c Credential)
		want   reason.Code
	}{
		"revoked": {func(s *scene, c Credential) {
			must(s.t, s.credentials.Revoke(s.t.Context(), s.account.ID, APIToken, c.ID))
		}, reason.TokenRevoked},
		"ended": {func(s *scene, c Credential) { must(s.t, s.credentials.End(s.t.Context(), c.ID)) }, reason.TokenRevoked},
		"expiry moved": {func(s *scene, c Credential) {
			s.exec(`UPDATE credential SET expires_on = $1 WHERE id = $2`, database.Micros(s.clock.now()), c.ID)
		}, reason.TokenExpired},
		"deactivated": {func(s *scene, _ Credential) {
			s.exec(`UPDATE account SET is_active = FALSE WHERE id = $1`, s.account.ID)
		}, reason.AccountDeactivated},
		"deleted":       {func(s *scene, c Credential) { s.exec(`DELETE FROM credential WHERE id = $1`, c.ID) }, reason.CredentialUnknown},
		"grant removed": {func(s *scene, _ Credential) { s.grant(None) }, reason.ProjectNotFound},
		"grant lowered": {func(s *scene, _ Credential) { s.grant(Read) }, reason.PrivilegeMissing},
		"out of the group": {func(s *scene, _ Credential) {
			s.exec(`DELETE FROM group_member WHERE account_id = $1`, s.account.ID)
		}, reason.ProjectNotFound},
		"out of the workspace": {func(s *scene, _ Credential) {
			s.exec(`DELETE FROM workspace_member WHERE account_id = $1`, s.account.ID)
		}, reason.ProjectNotFound},
		"scope taken": {func(s *scene, c Credential) {
			s.exec(`UPDATE credential SET scopes = 'read:user:bitbucket' WHERE id = $1`, c.ID)
		}, reason.ScopeMissing},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, s *scene) {
				found := 0
				res := s.project(&found)
				token, secret := s.issue(APIToken)
				header := basic(s.account.Email, secret)
				expect(t, "before", s.decide(res, Write, header), "")
				expect(t, "again", s.decide(res, Write, header), "")
				if found != 1 {
					t.Errorf("the store was asked %d times before the change, want once: nothing is cached", found)
				}
				c.change(s, token)
				expect(t, "after", s.decide(res, Write, header), c.want)
			})
		})
	}
}

// TestWritesElsewhere: what another process writes is seen as soon as neither the gate nor the store (see
// database.DB.ReadPacked) has it at hand any more, and within the five seconds that are promised.
func TestWritesElsewhere(t *testing.T) {
	databasetest.EachDSN(t, func(t *testing.T, dsn string) {
		s := newScene(t, databasetest.Open(t, dsn))
		other := databasetest.Open(t, dsn)
		found := 0
		res := s.project(&found)
		token, secret := s.issue(APIToken)
		header := basic(s.account.Email, secret)

		expect(t, "before", s.decide(res, Write, header), "")
		execOn(t, other, `DELETE FROM project_group_grant WHERE group_id = $1`, s.groupID)
		s.clock.forward(cacheTTL + time.Microsecond)
		expect(t, "a grant removed elsewhere", s.decide(res, Write, header), reason.ProjectNotFound)

		execOn(t, other, `UPDATE credential SET revoked_on = 1 WHERE id = $1`, token.ID)
		soon := func(what string, want reason.Code) {
			t.Helper()
			for end := time.Now().Add(5 * time.Second); ; {
				s.clock.forward(cacheTTL + time.Microsecond)
				_, code := s.identify(SurfaceREST, header)
				if code == want {
					return
				}
				if time.Now().After(end) {
					expect(t, what, code, want)
					return
				}
			}
		}
		soon("a token revoked elsewhere", reason.TokenRevoked)

		execOn(t, other, `UPDATE credential SET revoked_on = 0 WHERE id = $1`, token.ID)
		soon("and back", "")
	})
}

func TestEndsWhileCached(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		token, secret := s.issue(APIToken)
		header := basic(s.account.Email, secret)
		s.clock.forward(token.Expires.Sub(s.clock.now()) - time.Microsecond)
		_, code := s.identify(SurfaceREST, header)
		expect(t, "a microsecond before the token expires", code, "")
		s.clock.forward(time.Microsecond)
		_, code = s.identify(SurfaceREST, header)
		expect(t, "when it expires", code, reason.TokenExpired)

		c := Credential{Kind: AppPassword, Name: "old", AccountID: s.account.ID, Scopes: scope.NewSet(scope.LegacyRepository)}
		_, secret, err := s.credentials.Issue(t.Context(), c)
		must(t, err)
		header = basic(s.account.Username, secret)
		s.gate.AppPasswordsUntil = s.clock.now().Add(time.Millisecond)
		for _, surface := range []Surface{SurfaceREST, SurfaceGit} {
			_, code = s.identify(surface, header)
			expect(t, "an app password while there are some", code, "")
		}
		s.clock.forward(time.Millisecond)
		for surface, status := range map[Surface]int{SurfaceREST: http.StatusUnauthorized, SurfaceGit: http.StatusGone} {
			_, refusal := s.gate.Identify(s.request(http.MethodGet, header), surface)
			if refusal == nil || refusal.Reason != reason.AppPasswordDisabled || refusal.Status != status {
				t.Errorf("surface %d after app passwords ended: %v, want %d", surface, refusal, status)
			}
		}
	})
}

// TestCacheKeepsSurfacesApart: what one surface accepted does not let the same header pass on the other, nor together with
// another value.
func TestCacheKeepsSurfacesApart(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		_, secret := s.issue(APIToken)
		api, git := basic(s.account.Email, secret), basic(s.account.Username, secret)
		for range 2 {
			_, code := s.identify(SurfaceREST, api)
			expect(t, "the e-mail for REST", code, "")
			_, code = s.identify(SurfaceGit, api)
			expect(t, "the e-mail for git", code, reason.CredentialUsernameRequired)
			_, code = s.identify(SurfaceGit, git)
			expect(t, "the username for git", code, "")
			_, code = s.identify(SurfaceREST, git)
			expect(t, "the username for REST", code, reason.CredentialEmailRequired)
			if _, refusal := s.gate.Identify(s.request(http.MethodGet, api, "Bearer other"), SurfaceREST); refusal == nil {
				t.Error("two different values of Authorization were accepted")
			}
		}
	})
}

// TestMatches: which scheme and user name go with which kind of credential, on which surface (support documents "Using
// API tokens" and "Using access tokens").
func TestMatches(t *testing.T) {
	const (
		email, username, upper, static, access, empty, other = "EMAIL", "USERNAME", "UPPER", gitUserAPIToken, gitUserAccessToken, "", "somebody@else.example"
		bearer                                               = "bearer"
	)
	type want map[string]reason.Code
	accessToken := map[Surface]want{
		SurfaceREST: {bearer: "", email: reason.CredentialBasicNotAccepted, username: reason.CredentialBasicNotAccepted, static: reason.CredentialBasicNotAccepted,
			access: reason.CredentialBasicNotAccepted, other: reason.CredentialBasicNotAccepted, empty: reason.CredentialBasicNotAccepted},
		SurfaceGit: {bearer: "", access: "", email: reason.CredentialGitUser, username: reason.CredentialGitUser, static: reason.CredentialGitUser,
			other: reason.CredentialGitUser, empty: reason.CredentialGitUser},
	}
	appPassword := want{bearer: reason.AppPasswordAsBearer, username: "", upper: "", email: reason.CredentialUsernameRequired,
		static: reason.CredentialUserMismatch, access: reason.CredentialUserMismatch, other: reason.CredentialUserMismatch, empty: reason.CredentialUserEmpty}
	table := map[Kind]map[Surface]want{
		APIToken: {
			SurfaceREST: {bearer: reason.CredentialBearerNotAccepted, email: "", username: reason.CredentialEmailRequired, upper: reason.CredentialEmailRequired,
				static: reason.CredentialEmailRequired, access: reason.CredentialEmailRequired, other: reason.CredentialUserMismatch, empty: reason.CredentialUserEmpty},
			SurfaceGit: {bearer: reason.CredentialBearerNotAccepted, email: reason.CredentialUsernameRequired, username: "", upper: "", static: "",
				access: reason.CredentialGitUser, other: reason.CredentialUserMismatch, empty: reason.CredentialUserEmpty},
		},
		AppPassword:   {SurfaceREST: appPassword, SurfaceGit: appPassword},
		RepositoryTok: accessToken, ProjectToken: accessToken, WorkspaceToken: accessToken,
	}
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		s := newScene(t, db)
		for kind, surfaces := range table {
			_, secret := s.issue(kind)
			for surface, rows := range surfaces {
				for user, code := range rows {
					header := "Bearer " + secret
					if user != bearer {
						name := strings.NewReplacer(email, strings.ToUpper(s.account.Email), username, s.account.Username, upper, strings.ToUpper(s.account.Username)).Replace(user)
						header = basic(name, secret)
					}
					for range 2 { // the second time from the cache
						p, got := s.identify(surface, header)
						if got != code {
							t.Errorf("%s on surface %d as %q: %q, want %q", kind, surface, user, got, code)
						}
						if code == "" && p.Kind != kind {
							t.Errorf("%s on surface %d is taken for %q", kind, surface, p.Kind)
						}
					}
				}
			}
		}
	})
}

// TestAuthorize: the scopes let a credential in exactly when what it was granted, with all that this implies, holds
// one whole alternative of what the operation asks; and adding what a refusal calls missing is enough.
func TestAuthorize(t *testing.T) {
	all, operations := scope.All(), catalog.All()
	gate := NewGate(nil, nil, slog.New(slog.DiscardHandler), time.Now, time.Time{})
	s := &scene{}
	rapid.Check(t, func(t *rapid.T) {
		kind := rapid.SampledFrom([]Kind{APIToken, AppPassword, RepositoryTok, ProjectToken, WorkspaceToken, Session}).Draw(t, "kind")
		op := rapid.SampledFrom(operations).Draw(t, "operation")
		granted := map[scope.Scope]bool{}
		for _, i := range rapid.SliceOfN(rapid.IntRange(0, len(all)-1), 0, 12).Draw(t, "granted") {
			granted[all[i].Scope] = true
		}
		var names []scope.Scope
		for sc := range granted {
			names = append(names, sc)
		}
		p := &Principal{Kind: kind, Scopes: scope.NewSet(names...), everything: kind == Session}
		p.permits = p.Scopes.Expand()
		for more := true; more; { // what is implied, step by step
			more = false
			for sc := range granted {
				for _, implied := range sc.Info().Implies.Scopes() {
					if !granted[implied] {
						granted[implied], more = true, true
					}
				}
			}
		}
		required := op.Scopes
		if kinds[kind].legacy {
			required = op.OAuthScopes
		}
		suffices := len(required) == 0
		for _, alternative := range required {
			whole := true
			for _, sc := range alternative.Scopes() {
				whole = whole && granted[sc]
			}
			suffices = suffices || whole
		}
		refusal := gate.authorize(s.request(http.MethodGet), SurfaceREST, op, p)
		switch {
		case op.Accepts&kinds[kind].accepts == 0:
			if refusal == nil || refusal.Reason != reason.CredentialKindNotAccepted {
				t.Fatalf("%s took a %s: %v", op.Key, kind, refusal)
			}
		case kind == Session || suffices:
			if refusal != nil {
				t.Fatalf("%s refused a %s with %v: %v", op.Key, kind, p.Scopes, refusal)
			}
		default:
			if refusal == nil || refusal.Reason != reason.ScopeMissing {
				t.Fatalf("%s let in a %s with %v, which takes %v: %v", op.Key, kind, p.Scopes, required, refusal)
			}
			missing, err := scope.ParseSet(refusal.Data["missing"].([]string))
			if err != nil || missing.Empty() {
				t.Fatalf("missing is %v: %v", refusal.Data["missing"], err)
			}
			p.Scopes = p.Scopes.Union(missing)
			p.permits = p.Scopes.Expand()
			if refusal := gate.authorize(s.request(http.MethodGet), SurfaceREST, op, p); refusal != nil {
				t.Fatalf("%s still refuses with what it called missing: %v", op.Key, refusal)
			}
		}
	})
}

func TestAnonymous(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		found := 0
		res := s.project(&found)
		_, secret := s.issue(APIToken)
		for name, c := range map[string]struct {
			header string
			want   reason.Code
		}{
			// Ignored, as on Bitbucket Cloud, and named in the refusal that follows.
			"a bare secret":     {secret, reason.HeaderSchemeMissing},
			"an unknown secret": {basic(s.account.Email, token.Mint(token.APIToken)), reason.CredentialUnknown},
			"a password":        {basic(s.account.Email, "correct horse battery staple"), reason.CredentialPasswordNotAccepted},
			"an unknown Bearer": {"Bearer " + token.Mint(token.AccessToken), reason.CredentialUnknown},
		} {
			expect(t, name, s.decide(res, Read, c.header), c.want)
		}
		_, _, err := Decide(s.gate, s.request(http.MethodGet), SurfaceREST, repositories, res.Needs(Read))
		if e, ok := err.(*rest.Error); !ok || e.Reason != reason.CredentialMissing || e.Status != http.StatusUnauthorized || found != 0 {
			t.Errorf("no credential: %v, and the store was asked %d times", err, found)
		}
	})
}
