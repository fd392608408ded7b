package teams_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/web/webtest"
)

const invitations = "/acme/settings/invitations"

var invitationPath = regexp.MustCompile(`/invitations/PAILI1[0-9A-Za-z]{51}`)

// invite makes an invitation on the page and returns the path of its link.
func (s *scene) invite(values url.Values) string {
	s.t.Helper()
	r := s.owner().Submit(s.owner().See(invitations), invitations, values)
	path := invitationPath.FindString(r.Body)
	if r.Status != 201 || path == "" || r.Header.Get("Cache-Control") != "no-store" {
		s.t.Fatalf("%s, %s: %s", brief(r), r.Header.Get("Cache-Control"), webtest.Text(s.t, r))
	}
	if !strings.Contains(r.Body, s.URL+path) {
		s.t.Errorf("the link is not that of the server")
	}
	return path
}

func TestInvitationOfSomebodyWithAnAccount(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		path := s.invite(url.Values{"role": {"member"}, "groups": {"developers"}, "note": {"For the outsider"}, "days": {"3"}})
		// It is shown once.
		page := s.owner().See(invitations)
		silent(t, page, "PAILI1", path[20:])
		says(t, page, "For the outsider", "member", "Developers", "0 of 1")

		seen := s.anonymous().See(path)
		says(t, seen, "Admin invites you to the workspace Acme", "Developers", "Sign in and join", "No account yet")
		if !strings.Contains(seen.Body, `href="/signin?next=`+path+`"`) {
			t.Errorf("no way to sign in: %s", seen.Body)
		}
		// The way over the sign-in leads back, and then in.
		visitor := webtest.Open(s.Server)
		r := visitor.Submit(visitor.See("/signin?next="+path), "/signin", url.Values{"email": {s.Outsider.Email}, "password": {pailtest.Password}})
		page = visitor.Follow(r)
		says(t, page, "You are signed in as Outsider")
		silent(t, page, "Sign in and join", "No account yet")
		if r := visitor.Post(path, url.Values{}); brief(r) != "403 csrf.missing" {
			t.Errorf("without a token: %s", brief(r))
		}
		says(t, visitor.Follow(visitor.Submit(page, path, nil)), "Welcome to Acme.", "widgets")
		// Once more by the same, and by another one.
		says(t, visitor.Follow(visitor.Submit(page, path, nil)), "You belong to this workspace already.")
		if r := s.guest().Get(path); brief(r) != "410 invitation.used" {
			t.Errorf("used up: %s", brief(r))
		}
		says(t, s.owner().See(invitations), "Over", "used up, 1 of 1")
	})
}

func TestInvitationOfSomebodyWithoutAnAccount(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		path := s.invite(url.Values{"role": {"collaborator"}})
		form := url.Values{"email": {"new@acme.example"}, "username": {"newcomer"}, "display_name": {"New"}, "password": {"short"}}
		visitor := webtest.Open(s.Server)
		r := visitor.Submit(visitor.See(path), path+"/account", form)
		if r.Status != 400 || !strings.Contains(r.Body, "password-problem") || !strings.Contains(r.Body, `value="newcomer"`) || strings.Contains(r.Body, "short\"") {
			t.Errorf("short password: %s", brief(r))
		}
		form.Set("email", s.Member.Email)
		form.Set("password", pailtest.Password)
		if r := visitor.Submit(visitor.See(path), path+"/account", form); r.Status != 400 || !strings.Contains(r.Body, "email-problem") {
			t.Errorf("taken: %s", brief(r))
		}
		form.Set("email", "new@acme.example")
		says(t, visitor.Follow(visitor.Submit(visitor.See(path), path+"/account", form)), "Acme", "new@acme.example")
		if r := webtest.Open(s.Server).Post(path+"/account", form); brief(r) != "410 invitation.used" {
			t.Errorf("used up: %s", brief(r))
		}
		// The account is one like any other.
		a, err := s.Accounts.ByEmail(t.Context(), "new@acme.example")
		must(t, err)
		webtest.As(s.Server, a).See("/acme")
	})
}

func TestInvitationsThatAreOver(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		revoked := s.invite(url.Values{"role": {"member"}})
		s.owner().Follow(s.owner().Submit(s.owner().See(invitations), invitations+"/revoke", nil))
		first := s.anonymous().Get(revoked)
		second := s.anonymous().Get("/invitations/" + strings.Repeat("x", 57))
		if brief(first) != "404 invitation.unknown" || brief(second) != brief(first) || strings.Contains(first.Body, "Acme") {
			t.Errorf("revoked %s, unknown %s", brief(first), brief(second))
		}
		// Nothing but the id of the request tells the two apart.
		same := func(r webtest.Reply, path string) string {
			body := strings.ReplaceAll(r.Body, path, "PATH")
			return regexp.MustCompile(`Request <code>[^<]*`).ReplaceAllString(body, "")
		}
		if a, b := same(first, revoked), same(second, "/invitations/"+strings.Repeat("x", 57)); a != b {
			t.Errorf("the answers differ:\n%s\n%s", a, b)
		}
		expired := s.invite(url.Values{"role": {"member"}})
		s.Exec(`UPDATE invitation SET expires_on = 1`)
		for _, b := range []*webtest.Browser{s.anonymous(), s.outsider()} {
			if r := b.Get(expired); brief(r) != "410 invitation.expired" {
				t.Errorf("expired: %s", brief(r))
			}
		}
		if r := s.anonymous().Post(expired+"/account", url.Values{"email": {"x@acme.example"}, "username": {"x"}, "password": {pailtest.Password}}); brief(r) != "410 invitation.expired" {
			t.Errorf("expired: %s", brief(r))
		}
		says(t, s.owner().See(invitations), "No link is open.", "expired")
		r := s.owner().Submit(s.owner().See(invitations), invitations, url.Values{"role": {"member"}, "days": {"31"}, "note": {"kept"}})
		if r.Status != 400 || !strings.Contains(r.Body, "days-problem") || !strings.Contains(r.Body, `value="kept"`) {
			t.Errorf("too long: %s", brief(r))
		}
	})
}

func TestInvitationsWithoutAccounts(t *testing.T) {
	s := newScene(t, pailtest.Start(t, pailtest.Options{Env: []string{"PAIL_INVITATIONS_ACCOUNTS=off"}}))
	path := s.invite(url.Values{"role": {"member"}})
	page := s.anonymous().See(path)
	says(t, page, "Ask whoever runs this server for one")
	silent(t, page, path+"/account")
	if r := s.anonymous().Post(path+"/account", url.Values{"email": {"x@acme.example"}, "username": {"x"}, "password": {pailtest.Password}}); brief(r) != "403 invitation.no_account" {
		t.Errorf("an account: %s", brief(r))
	}
}
