package cli

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/server"
	"github.com/pailforge/pail/internal/token"
)

// used records requests that were let in with a credential.
func (s *shell) used(id string, operations ...string) {
	s.Helper()
	s.server(func(_ context.Context, srv *server.Server) {
		for i, op := range operations {
			srv.Gate.Recorder.Record(access.Event{CredentialID: id, At: time.Date(2026, 5, 1, 12, 0, i, 0, time.UTC), Authenticated: true, Method: "GET", Operation: op})
		}
	})
}

func TestTokenNarrow(t *testing.T) {
	s := store(t).team().widgets()
	create := func(args ...string) string {
		var made seen
		if err := json.Unmarshal([]byte(s.do(append([]string{"token", "create", "--json", "--name", "ci"}, args...)...)), &made); err != nil {
			t.Fatal(err)
		}
		return made.ID
	}
	id := create("--email", "ada", "--scope", "read:user,read:repository,write:repository,delete:repository")

	if r := s.try("token", "narrow", id); r.code != 1 || !strings.Contains(r.err, "nothing to tell its scopes from") || r.out != "" {
		t.Errorf("of a token that was never used: exit code %d, %s", r.code, r.err)
	}
	s.used(id, "GET /user", "GET /user", "git-receive-pack")
	show := s.do("token", "show", id, "--usage")
	for _, want := range []string{"3 requests, from 2026-05-01 12:00:00Z to 2026-05-01 12:00:02Z", "Used:        write:repository:bitbucket, read:user:bitbucket",
		"Never used:  read:repository:bitbucket, delete:repository:bitbucket", "2         GET /2.0/user", "git push"} {
		if !strings.Contains(show, want) {
			t.Errorf("no %q in\n%s", want, show)
		}
	}
	var usage struct {
		Operations, Git []account.OperationJSON
		Scopes          account.UsageScopes
	}
	text := s.do("token", "show", id, "--usage", "--json")
	text = strings.NewReplacer(`"first_used"`, `"first"`, `"last_used"`, `"last"`).Replace(text) // these are for writing only
	if err := json.Unmarshal([]byte(text), &usage); err != nil || usage.Scopes.Least.String() != "write:repository:bitbucket, read:user:bitbucket" || len(usage.Operations) != 1 || len(usage.Git) != 1 {
		t.Errorf("as JSON: %v, %+v", err, usage)
	}

	r := s.try("token", "narrow", id)
	secret := strings.TrimSuffix(r.out, "\n")
	if shape := token.Inspect(secret); r.code != 0 || shape.Kind != token.APIToken || !shape.Good() || strings.Contains(r.err, secret) {
		t.Fatalf("exit code %d, standard output %s\n%s", r.code, token.Mask(r.out), strings.ReplaceAll(r.err, secret, "THE SECRET"))
	}
	for _, want := range []string{`"ci": 3 requests, from 2026-05-01`, `Made the API token "ci, narrowed" with write:repository:bitbucket, read:user:bitbucket.`,
		"Left out: read:repository:bitbucket, delete:repository:bitbucket.", "until: pail token revoke " + id} {
		if !strings.Contains(r.err, want) {
			t.Errorf("no %q in\n%s", want, r.err)
		}
	}
	var old, narrow seen
	for _, one := range s.list("--email", "ada") {
		if one.ID == id {
			old = one
		} else {
			narrow = one
		}
	}
	if narrow.Scopes.String() != "write:repository:bitbucket, read:user:bitbucket" || old.State != "active" || old.Scopes.Len() != 4 {
		t.Errorf("the new one %+v, the old one %+v", narrow, old)
	}

	s.used(narrow.ID, "GET /user", "git-receive-pack")
	if r := s.try("token", "narrow", narrow.ID); r.code != 1 || !strings.Contains(r.err, "there is nothing to narrow") {
		t.Errorf("of one that is narrow: exit code %d, %s", r.code, r.err)
	}

	// An app password becomes an API token.
	password := create("--email", "bob", "--app-password", "--scope", "account,repository:write")
	s.used(password, "GET /user", "git-upload-pack", "GET /users/{selected_user}/pipelines_config/variables")
	var made seen
	r = s.try("token", "narrow", password, "--name", "off app passwords", "--days", "10", "--json")
	if err := json.Unmarshal([]byte(r.out), &made); err != nil || made.Kind != access.APIToken || made.Scopes.String() != "read:repository:bitbucket, read:user:bitbucket" || made.Name != "off app passwords" {
		t.Errorf("exit code %d, %+v\n%s", r.code, made, r.err)
	}
	if !strings.Contains(r.err, "No API token is accepted by GET /2.0/users/{selected_user}/pipelines_config/variables.") {
		t.Errorf("it does not say what takes no API token:\n%s", r.err)
	}

	if r := s.try("token", "narrow", create("--for", "repository:acme/widgets", "--scope", "repository")); r.code != 1 || !strings.Contains(r.err, "belongs to no account") {
		t.Errorf("of an access token: exit code %d, %s", r.code, r.err)
	}
	if r := s.try("token", "narrow", secret); r.code != 2 || strings.Contains(r.err, secret) {
		t.Errorf("of a secret in the place of an id: exit code %d", r.code)
	}
}
