package story

import (
	"strings"
	"testing"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/reason"
)

// TestRotateToken: an owner gets a new token with the same scopes and limit; the old one ends when the overlap is over.
func TestRotateToken(t *testing.T) {
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := s.World()
		owner := pailtest.Basic(w.Admin.Email, pailtest.Password)
		const tokens = "/pail/v1/user/api-tokens"
		old := w.Want(w.Do(owner, "POST", tokens, map[string]any{"name": "ci", "scopes": []string{"read:user:bitbucket"}, "expires_in_days": 90, "workspace": "acme"}), 201)
		path := tokens + "/" + old.String("id")
		works := func(what string, a *pailtest.Answer, status int, why ...string) {
			t.Helper()
			w.Want(w.Do(pailtest.Basic(w.Admin.Email, a.String("token")), "GET", "/2.0/user", nil), status, why...)
		}

		next := w.Want(w.Do(owner, "POST", path+"/rotate", map[string]any{"overlap_hours": 24}), 201)
		if next.Header.Get("Cache-Control") != "no-store" || next.String("id") == old.String("id") || next.String("token") == old.String("token") {
			t.Errorf("rotated to %v", next.Header)
		}
		for _, field := range []string{"name", "scopes", "workspace"} {
			if got, want := next.String(field), old.String(field); got != want {
				t.Errorf("%s: %s, not %s", field, got, want)
			}
		}
		days := func(a *pailtest.Answer) time.Duration {
			at, err := time.Parse(time.RFC3339, a.String("expires_on"))
			check(w, err)
			return time.Until(at).Round(time.Hour)
		}
		if got := days(next); got != 90*24*time.Hour {
			t.Errorf("the new one lives %s", got)
		}
		seen := w.Want(w.Do(owner, "GET", path, nil), 200)
		if days(seen) != 24*time.Hour || seen.String("replaced_by") != next.String("id") {
			t.Errorf("the old one: %s", seen.Body)
		}
		works("the old one within the overlap", old, 200)
		works("the new one", next, 200)

		last := w.Want(w.Do(owner, "POST", tokens+"/"+next.String("id")+"/rotate", map[string]any{"overlap_hours": 0, "expires_in_days": 7}), 201)
		works("one that was rotated without an overlap", next, 401, string(reason.TokenExpired))
		works("the last one", last, 200)
		if got := days(last); got != 7*24*time.Hour {
			t.Errorf("the last one lives %s", got)
		}

		for body, field := range map[string]string{`{"overlap_hours": 169}`: "overlap_hours", `{"overlap_hours": -1}`: "overlap_hours", `{"expires_in_days": 366}`: "expires_in_days", `{"expires_in_days": 0}`: "expires_in_days"} {
			if a := w.Want(w.Do(owner, "POST", path+"/rotate", body), 400, string(reason.ValueInvalid)); a.Get("error.fields."+field) == nil {
				t.Errorf("%s: %s", body, a.Body)
			}
		}
		w.Want(w.Do(pailtest.Basic(w.Member.Email, pailtest.Password), "POST", path+"/rotate", map[string]any{}), 404, string(reason.ResourceNotFound))
		w.Want(w.Do(pailtest.Basic(w.Admin.Email, last.String("token")), "POST", path+"/rotate", map[string]any{}), 403)
		w.Want(w.Do(owner, "DELETE", path, nil), 204)
		w.Want(w.Do(owner, "POST", path+"/rotate", map[string]any{}), 404, string(reason.ResourceNotFound))

		if _, _, err := w.Accounts.Rotate(t.Context(), access.Credential{Kind: access.AppPassword}, 0, 1); err == nil {
			t.Error("an app password was rotated")
		}
	})
}

// TestAppPasswordsThatEnded: where app passwords are switched off, none is made any more.
func TestAppPasswordsThatEnded(t *testing.T) {
	w := pailtest.Start(t, pailtest.Options{Env: []string{"PAIL_APP_PASSWORDS_UNTIL=2026-01-01"}}).World()
	_, secret, err := w.Accounts.CreateAppPassword(t.Context(), w.Admin.ID, "late", []string{"repository"})
	if err == nil || secret != "" || !strings.Contains(err.Error(), string(reason.ConflictState)) {
		t.Errorf("%v", err)
	}
}

// TestLifeOf: the usual life of what takes a credential's place.
func TestLifeOf(t *testing.T) {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for hours, want := range map[int]int{0: 1, 1: 1, 24: 1, 30 * 24: 30, 365 * 24: 365, 400 * 24: 365, 35: 1, 37: 2} {
		if got := account.LifeOf(access.Credential{Created: at, Expires: at.Add(time.Duration(hours) * time.Hour)}); got != want {
			t.Errorf("%d hours: %d days, want %d", hours, got, want)
		}
	}
	if got := account.LifeOf(access.Credential{Created: at}); got != 0 {
		t.Errorf("without an end: %d", got)
	}
}
