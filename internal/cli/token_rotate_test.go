package cli

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/pailforge/pail/internal/token"
)

// TestTokenRotate: a new token with what the old one had, its secret alone on standard output, and an end for the old one.
func TestTokenRotate(t *testing.T) {
	s := store(t).team()
	var old struct {
		seen
		Workspace string
	}
	if err := json.Unmarshal([]byte(s.do("token", "create", "--email", "ada", "--name", "ci", "--scope", "read:user", "--workspace", "acme", "--json")), &old); err != nil || old.Workspace != "acme" {
		t.Fatalf("%+v, %v", old, err)
	}
	if show := s.do("token", "show", old.ID); !strings.Contains(show, "Limited to:     acme") {
		t.Errorf("show:\n%s", show)
	}
	r := s.try("token", "rotate", old.ID, "--overlap", "1h", "--days", "30")
	secret := strings.TrimSuffix(r.out, "\n")
	if shape := token.Inspect(secret); r.code != 0 || shape.Kind != token.APIToken || !shape.Good() || strings.Contains(r.err, secret) {
		t.Fatalf("exit code %d, standard output %s\n%s", r.code, token.Mask(r.out), strings.ReplaceAll(r.err, secret, "THE SECRET"))
	}
	if !strings.Contains(r.err, `Made the API token "ci" with read:user:bitbucket.`) || !strings.Contains(r.err, "The old one, "+old.ID+", ends: ") {
		t.Errorf("standard error:\n%s", r.err)
	}
	list := s.list("--email", "ada")
	if len(list) != 2 || list[0].Name != "ci" || list[0].Scopes != old.Scopes {
		t.Fatalf("list: %+v", list)
	}
	if show := s.do("token", "show", old.ID); !strings.Contains(show, "Replaced by:    "+list[0].ID) {
		t.Errorf("show:\n%s", show)
	}
	if show := s.do("token", "show", list[0].ID); !strings.Contains(show, "Limited to:     acme") {
		t.Errorf("the new one:\n%s", show)
	}
	s.do("token", "revoke", old.ID)
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{old.ID}, 1, "was revoked at"},
		{[]string{list[0].ID, "--overlap", "169h"}, 1, "--overlap: the old one"},
		{[]string{list[0].ID, "--days", "0"}, 1, "--days: a token lives"},
		{[]string{secret}, 2, "this is no id"},
	} {
		if r := s.try(append([]string{"token", "rotate"}, c.args...)...); r.code != c.code || !strings.Contains(r.err, c.want) || strings.Contains(r.err, secret) {
			t.Errorf("rotate %s: exit code %d\n%s", token.Redact(strings.Join(c.args, " ")), r.code, token.Redact(r.err))
		}
	}
	for _, args := range [][]string{{"--for", "workspace:acme"}, {"--email", "ada", "--app-password"}} {
		if r := s.try(append([]string{"token", "create", "--name", "x", "--scope", "repository", "--workspace", "acme"}, args...)...); r.code != 2 || !strings.Contains(r.err, "--workspace limits an API token") {
			t.Errorf("%v: exit code %d\n%s", args, r.code, r.err)
		}
	}
	if r := s.try("token", "create", "--email", "ada", "--name", "x", "--scope", "read:user", "--workspace", "no-such"); r.code != 1 || !strings.Contains(r.err, "--workspace: the account belongs to no such workspace") {
		t.Errorf("exit code %d\n%s", r.code, r.err)
	}
}
