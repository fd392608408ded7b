package cli

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/scope"
	"github.com/pailforge/pail/internal/server"
	"github.com/pailforge/pail/internal/token"
	"github.com/pailforge/pail/internal/workspace"
)

// widgets makes the repository acme/widgets.
func (s *shell) widgets() *shell {
	s.Helper()
	s.server(func(ctx context.Context, srv *server.Server) {
		w, err := workspace.BySlug(ctx, srv.DB, "acme")
		if err != nil {
			s.Fatal(err)
		}
		p, err := workspace.ProjectByKey(ctx, srv.DB, w.ID, "FTO")
		if err != nil {
			s.Fatal(err)
		}
		if _, err := srv.Repositories.Create(ctx, w, p, "widgets", repository.Change{}, ""); err != nil {
			s.Fatal(err)
		}
	})
	return s
}

// seen is a credential as a program reads it from the commands' JSON.
type seen struct {
	ID            string
	Kind          access.Kind
	Name, State   string
	Secret        string `json:"token"`
	Scopes        scope.Set
	RefusedFrom   string      `json:"last_refused_address"`
	RefusedReason reason.Code `json:"last_refused_reason"`
	Activity      []struct{ Path string }
}

func (s *shell) list(args ...string) (list []seen) {
	s.Helper()
	if err := json.Unmarshal([]byte(s.do(append([]string{"token", "list", "--json"}, args...)...)), &list); err != nil {
		s.Fatal(err)
	}
	return list
}

// TestTokenCreate: each kind of credential, its secret alone on standard output, and in the right list.
func TestTokenCreate(t *testing.T) {
	s := store(t).team().widgets()
	for _, c := range []struct {
		name   string
		args   []string
		mint   token.Kind
		kind   access.Kind
		scopes string
		list   []string
		ends   bool
	}{
		{"API token", []string{"--email", "ada@example.com", "--scope", "read:repository", "--scope", "read:project:bitbucket", "--days", "30"},
			token.APIToken, access.APIToken, "read:repository:bitbucket read:project:bitbucket", []string{"--email", "ada"}, true},
		{"app password", []string{"--email", "bob", "--app-password", "--scope", "repository:write,project"},
			token.AppPassword, access.AppPassword, "project repository:write", []string{"--email", "bob@example.com"}, false},
		{"repository", []string{"--for", "repository:acme/widgets", "--scope", "repository"},
			token.AccessToken, access.RepositoryTok, "repository", []string{"--for", "repository:acme/widgets"}, true},
		{"project", []string{"--for", "project:acme/FTO", "--scope", "project", "--days", "1"},
			token.AccessToken, access.ProjectToken, "project", []string{"--for", "project:acme/FTO"}, true},
		{"workspace", []string{"--for", "workspace:acme", "--scope", "repository", "--days", "0"},
			token.AccessToken, access.WorkspaceToken, "repository", []string{"--for", "workspace:acme"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := s.in(t)
			r := s.try(append([]string{"token", "create", "--name", c.name}, c.args...)...)
			secret := strings.TrimSuffix(r.out, "\n")
			if shape := token.Inspect(secret); r.code != 0 || shape.Kind != c.mint || !shape.Good() {
				t.Fatalf("standard output is %s, want the secret alone (exit code %d)\n%s", token.Mask(r.out), r.code, r.err)
			}
			if strings.Contains(r.err, secret) || !strings.Contains(r.err, c.name) {
				t.Errorf("standard error:\n%s", strings.ReplaceAll(r.err, secret, "THE SECRET"))
			}
			list := s.list(c.list...)
			if len(list) != 1 || list[0].Kind != c.kind || strings.Join(list[0].Scopes.Names(), " ") != c.scopes || list[0].State != "active" || list[0].Secret != "" {
				t.Fatalf("list: %+v", list)
			}
			if shown := s.do(append([]string{"token", "list"}, c.list...)...); !strings.Contains(shown, "never") || !strings.Contains(shown, c.kind.Title()) {
				t.Errorf("list:\n%s", shown)
			}
			show := s.do("token", "show", list[0].ID)
			for _, want := range []string{list[0].ID, c.name, "Last accessed:  never", "Last refused:   never", "active"} {
				if !strings.Contains(show, want) {
					t.Errorf("show lacks %q:\n%s", want, show)
				}
			}
			if never := strings.Contains(show, "Expires:        never"); never == c.ends {
				t.Errorf("expires: %v\n%s", c.ends, show)
			}
			var j seen
			if err := json.Unmarshal([]byte(s.do(append([]string{"token", "create", "--json", "--name", "again"}, c.args...)...)), &j); err != nil || token.Inspect(j.Secret).Kind != c.mint {
				t.Errorf("JSON: %v", err)
			}
			if got := s.do("token", "revoke", list[0].ID); !strings.Contains(got, "Revoked the "+c.kind.Title()) {
				t.Errorf("revoke: %s", got)
			}
			if left := s.list(c.list...); len(left) != 1 || left[0].ID != j.ID {
				t.Errorf("after revoke: %+v", left)
			}
			if r := s.try("token", "revoke", "{"+list[0].ID+"}"); r.code != 1 || !strings.Contains(r.err, "was revoked already") {
				t.Errorf("revoke again: %+v", r)
			}
			if show := s.do("token", "show", list[0].ID); !strings.Contains(show, "State:          revoked") {
				t.Errorf("show:\n%s", show)
			}
		})
	}
}

// TestTokenActivity: when and why a token was refused, and what a client sent does not steer the terminal.
func TestTokenActivity(t *testing.T) {
	s := store(t).team()
	var made seen
	if err := json.Unmarshal([]byte(s.do("token", "create", "--email", "ada", "--name", "ci", "--scope", "read:user", "--json")), &made); err != nil {
		t.Fatal(err)
	}
	s.server(func(_ context.Context, srv *server.Server) {
		now := srv.Gate.Now()
		for _, why := range []reason.Code{"", reason.ScopeMissing} {
			srv.Gate.Recorder.Record(access.Event{CredentialID: made.ID, At: now, Reason: why, Refused: why != "", Authenticated: true,
				Method: "GET", Path: "/2.0/user", Address: "192.0.2.7", Agent: "evil\x1b[31m/1.0"})
		}
	})
	list := s.list("--email", "ada")
	if len(list) != 1 || list[0].RefusedReason != reason.ScopeMissing || list[0].RefusedFrom != "192.0.2.7" {
		t.Fatalf("list: %+v", list)
	}
	if shown := s.do("token", "list", "--email", "ada"); !strings.Contains(shown, "scope.missing") {
		t.Errorf("list:\n%s", shown)
	}
	show := s.do("token", "show", made.ID)
	for _, want := range []string{"from 192.0.2.7: scope.missing, ", "/2.0/user", "accepted", "evil?[31m/1.0"} {
		if !strings.Contains(show, want) {
			t.Errorf("show lacks %q:\n%s", want, show)
		}
	}
	if strings.Contains(show, "\x1b") {
		t.Error("an escape sequence of a client's reaches the terminal")
	}
	var j seen
	if err := json.Unmarshal([]byte(s.do("token", "show", "--json", made.ID)), &j); err != nil || len(j.Activity) != 2 {
		t.Errorf("JSON: %+v, %v", j, err)
	}
}

// TestTokenSecretPasted: a secret where an id belongs is not repeated.
func TestTokenSecretPasted(t *testing.T) {
	s := store(t).team()
	secret := token.Mint(token.APIToken)
	for _, args := range [][]string{{"token", "show", secret}, {"token", "revoke", secret}} {
		if r := s.try(args...); r.code != 2 || strings.Contains(r.err, secret[:13]) {
			t.Errorf("exit code %d: %s", r.code, strings.ReplaceAll(r.err, secret, "THE SECRET"))
		}
	}
}
