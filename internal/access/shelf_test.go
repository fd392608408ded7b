package access

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/scope"
)

func ids(all []Credential) (ids []string) {
	for _, c := range all {
		ids = append(ids, c.ID)
	}
	return ids
}

// TestShelf: what is alive and what has ended lately are listed apart, and each shelf has its own.
func TestShelf(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		ctx := t.Context()
		shelf := Shelf{Kind: APIToken, AccountID: s.account.ID}
		first, _ := s.issue(APIToken)
		revoked, _ := s.issue(APIToken)
		limited, _, err := s.credentials.Issue(ctx, Credential{Kind: APIToken, AccountID: s.account.ID, Bounds: Bounds{WorkspaceID: s.workspaceID},
			Name: "limited", Scopes: scope.NewSet(scope.ReadUser), Expires: s.clock.now().Add(time.Hour)})
		must(t, err)
		ofWorkspace, _ := s.issue(WorkspaceToken)
		ofRepository, _ := s.issue(RepositoryTok)
		must(t, s.credentials.Revoke(ctx, s.account.ID, APIToken, revoked.ID))

		check := func(what string, got []Credential, err error, want ...string) {
			t.Helper()
			must(t, err)
			if diff := cmp.Diff(want, ids(got)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", what, diff)
			}
		}
		alive, err := s.credentials.Alive(ctx, shelf, 10, 0)
		check("alive", alive, err, limited.ID, first.ID)
		if alive[0].Workspace != "acme" || alive[1].Workspace != "" {
			t.Errorf("limited to %q and %q", alive[0].Workspace, alive[1].Workspace)
		}
		alive, err = s.credentials.Alive(ctx, shelf, 1, 1)
		check("the second part", alive, err, first.ID)
		ended, err := s.credentials.Ended(ctx, shelf, s.clock.now().Add(-time.Minute), 10)
		check("ended", ended, err, revoked.ID)
		s.clock.forward(2 * time.Hour)
		ended, err = s.credentials.Ended(ctx, shelf, s.clock.now().Add(-24*time.Hour), 10)
		check("ended later", ended, err, limited.ID, revoked.ID)
		ended, err = s.credentials.Ended(ctx, shelf, s.clock.now().Add(-90*time.Minute), 10)
		check("ended lately", ended, err, limited.ID)

		// A token that is limited to a workspace is no access token of it.
		for _, of := range []Credential{ofWorkspace, ofRepository} {
			h := Shelf{Kind: of.Kind, Bounds: of.Bounds}
			alive, err = s.credentials.Alive(ctx, h, 10, 0)
			check(of.Kind.Title(), alive, err, of.ID)
			listed, err := s.credentials.OfResource(ctx, of.Bounds)
			check("listed for "+of.Kind.Title(), listed, err, of.ID)
			if _, err := s.credentials.Find(ctx, h, of.ID); err != nil {
				t.Errorf("%s: %v", of.Kind, err)
			}
			if _, err := s.credentials.Find(ctx, h, first.ID); !errors.Is(err, ErrNotFound) {
				t.Errorf("somebody's token on the shelf of a %s: %v", of.Kind, err)
			}
		}
		if c, err := s.credentials.Find(ctx, shelf, revoked.ID); err != nil || c.Revoked.IsZero() {
			t.Errorf("a revoked one: %v", err)
		}
		if _, err := s.credentials.Find(ctx, Shelf{Kind: APIToken, AccountID: s.person("bob").ID}, first.ID); !errors.Is(err, ErrNotFound) {
			t.Errorf("for somebody else: %v", err)
		}
	})
}

// TestRotate: the new one has what the old one had, and the old one ends when the overlap is over, or when it was to end
// anyway.
func TestRotate(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		ctx := t.Context()
		old, secret := s.issue(APIToken) // ends in a day
		rotate := func(id string, overlap time.Duration) (Credential, string) {
			t.Helper()
			c, secret, err := s.credentials.Rotate(ctx, id, overlap, s.clock.now().Add(30*24*time.Hour))
			must(t, err)
			return c, secret
		}
		next, second := rotate(old.ID, time.Hour)
		if next.Name != old.Name || next.Scopes != old.Scopes || next.AccountID != old.AccountID || next.Kind != old.Kind || next.ID == old.ID || !next.Expires.Equal(s.clock.now().Add(30*24*time.Hour)) {
			t.Errorf("from %+v to %+v", old, next)
		}
		works := func(what, secret string, want reason.Code) {
			t.Helper()
			_, got := s.identify(SurfaceREST, basic(s.account.Email, secret))
			expect(t, what, got, want)
		}
		works("the old one within the overlap", secret, "")
		works("the new one", second, "")
		before, err := s.credentials.Lookup(ctx, old.ID)
		must(t, err)
		if before.ReplacedBy != next.ID || !before.Expires.Equal(s.clock.now().Add(time.Hour)) {
			t.Errorf("the old one: %+v", before)
		}
		// A longer overlap does not give it back what was taken.
		rotate(old.ID, 7*24*time.Hour)
		if again, err := s.credentials.Lookup(ctx, old.ID); err != nil || !again.Expires.Equal(before.Expires) {
			t.Errorf("rotated again, it ends at %s and not at %s, %v", again.Expires, before.Expires, err)
		}
		s.clock.forward(time.Hour)
		works("the old one after the overlap", secret, reason.TokenExpired)
		works("the new one still", second, "")
		rotate(next.ID, 0)
		works("one without an overlap", second, reason.TokenExpired)

		// Bounds, and a life without an end, are kept.
		endless := Credential{Kind: WorkspaceToken, Bounds: s.bounds(WorkspaceToken), Name: "w", Scopes: scope.NewSet(scope.LegacyRepository)}
		endless, _, err = s.credentials.Issue(ctx, endless)
		must(t, err)
		after, _, err := s.credentials.Rotate(ctx, endless.ID, time.Hour, time.Time{})
		must(t, err)
		if old, err := s.credentials.Lookup(ctx, endless.ID); err != nil || !old.Expires.Equal(s.clock.now().Add(time.Hour)) {
			t.Errorf("one without an end: %+v, %v", old, err)
		}
		if after.Bounds != endless.Bounds || !after.Expires.IsZero() {
			t.Errorf("the one after it: %+v", after)
		}

		must(t, s.credentials.End(ctx, after.ID))
		n := s.count(`SELECT COUNT(*) FROM credential`)
		for _, id := range []string{after.ID, "no-such-credential"} {
			if _, _, err := s.credentials.Rotate(ctx, id, 0, time.Time{}); !errors.Is(err, ErrNotFound) {
				t.Errorf("of %s: %v", id, err)
			}
		}
		// Where the list is full, an overlap has no room, and nothing changes; without one the old one makes room.
		alive, _ := s.issue(APIToken)
		s.fill(MaxCredentials-s.count(`SELECT COUNT(*) FROM credential WHERE account_id = $1 AND revoked_on = 0 AND expires_on > $2`, s.account.ID, s.clock.now().UnixMicro()),
			s.clock.now().Add(time.Hour), time.Time{})
		if _, _, err := s.credentials.Rotate(ctx, alive.ID, time.Hour, time.Time{}); !errors.Is(err, ErrTooMany) {
			t.Errorf("of a full list: %v", err)
		}
		if c, err := s.credentials.Lookup(ctx, alive.ID); err != nil || c.ReplacedBy != "" || !c.Expires.Equal(alive.Expires) {
			t.Errorf("a rotation that was refused changed %+v, %v", c, err)
		}
		rotate(alive.ID, 0)
		if got := s.count(`SELECT COUNT(*) FROM credential`); got <= n {
			t.Errorf("%d rows", got)
		}
	})
}
