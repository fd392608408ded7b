package cli

import (
	"context"
	"strings"
	"testing"

	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/server"
)

// TestUnlink: who signed in with an OpenID Connect provider no longer does, and somebody else with the e-mail can.
func TestUnlink(t *testing.T) {
	s := store(t)
	s.do("admin", "user", "create", "--email", "ada@example.com", "--username", "ada")
	link := func(subject string) (err error) {
		s.server(func(ctx context.Context, srv *server.Server) {
			_, err = srv.Accounts.SignInWith(ctx, account.Identity{Issuer: "https://id.example", Subject: subject, Email: "ada@example.com", EmailVerified: true}, account.IdentityRules{})
		})
		return err
	}
	if r := s.try("admin", "user", "unlink", "--email", "ada@example.com"); r.code != 1 || !strings.Contains(r.err, "nobody signs in to the account ada with OpenID Connect") {
		t.Errorf("%d %s", r.code, r.err)
	}
	if err := link("1"); err != nil {
		t.Fatal(err)
	}
	if err := link("2"); err == nil {
		t.Error("a second person got in")
	}
	s.do("admin", "user", "unlink", "--email", "ada")
	if err := link("2"); err != nil {
		t.Error(err)
	}
}
