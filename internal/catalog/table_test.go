package catalog

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pailforge/pail/internal/scope"
)

// The catalogue is the published description, but for the two operations of
// issues that have alternatives.
func TestCatalogueMatchesPublishedDescription(t *testing.T) {
	list := facts(t)
	if got := len(All()); got != len(list) {
		t.Errorf("the catalogue has %d operations, the description %d", got, len(list))
	}
	alternatives := map[string]string{
		"POST /repositories/{workspace}/{repo_slug}/issues/{issue_id}/comments": "read:issue:bitbucket or read:issue:bitbucket + write:issue:bitbucket",
		"DELETE /repositories/{workspace}/{repo_slug}/issues/{issue_id}":        "delete:issue:bitbucket or write:issue:bitbucket",
	}
	for _, p := range list {
		key := p.Method + " " + p.Path
		op, ok := Lookup(key)
		if !ok {
			t.Errorf("%s is missing", key)
			continue
		}
		if op.Method != p.Method || op.Template != p.Path || op.Key != key || op.Tag != p.Tag || op.Deprecated != p.Deprecated {
			t.Errorf("%s: have %s %s, tag %q, deprecated %v", key, op.Method, op.Template, op.Tag, op.Deprecated)
		}
		want := requirement(t, p.Scopes).String()
		if other, ok := alternatives[key]; ok {
			want = other
		}
		if got := op.Scopes.String(); got != want {
			t.Errorf("%s takes %s, want %s", key, got, want)
		}
		if got, want := op.OAuthScopes.String(), requirement(t, p.OAuth).String(); got != want {
			t.Errorf("%s takes the legacy scopes %s, want %s", key, got, want)
		}
		var params []string
		for _, q := range p.Params {
			if q.In == "path" {
				params = append(params, q.Name)
			}
		}
		have := op.Params()
		slices.Sort(params)
		slices.Sort(have)
		if !slices.Equal(have, params) {
			t.Errorf("%s has the parameters %v, want %v", key, have, params)
		}
	}
}

func requirement(t *testing.T, names []string) scope.Requirement {
	t.Helper()
	if len(names) == 0 {
		return nil
	}
	set, err := scope.ParseSet(names)
	if err != nil {
		t.Fatal(err)
	}
	return scope.Requirement{set}
}

// The credentials follow the published description with the exceptions that
// the comment on Credentials lists, and no others.
func TestCredentialsFollowTheDescription(t *testing.T) {
	for _, p := range facts(t) {
		key := p.Method + " " + p.Path
		op, ok := Lookup(key)
		if !ok {
			continue
		}
		listed := slices.Contains(p.Credentials, "api-token")
		oauth := slices.Contains(p.Credentials, "forge-oauth2") || len(p.OAuth) > 0
		open := strings.HasPrefix(p.Path, "/hook_events")
		oidc := strings.Contains(p.Path, "/identity/oidc/")
		configures := strings.Contains(p.Path, "/permissions-config") && p.Method != "GET"

		if got, want := op.Accepts.Has(APIToken), listed || open; got != want {
			t.Errorf("%s: API token accepted: %v, want %v", key, got, want)
		}
		for _, c := range []Credentials{AppPassword, Session} {
			if got, want := op.Accepts.Has(c), listed || len(p.OAuth) > 0 || open || oidc; got != want {
				t.Errorf("%s: %v accepted: %v, want %v", key, c, got, want)
			}
		}
		if got, want := op.Accepts.Has(OAuth2), oauth && !configures || open || oidc; got != want {
			t.Errorf("%s: OAuth accepted: %v, want %v", key, got, want)
		}
		if op.Accepts&AccessToken != 0 && !op.Accepts.Has(OAuth2) {
			t.Errorf("%s accepts access tokens but not OAuth", key)
		}
		if strings.Contains(p.Path, "/permission") && op.Accepts&AccessToken != 0 {
			t.Errorf("%s lets access tokens at permissions", key)
		}
		if (p.Path == "/user" || strings.HasPrefix(p.Path, "/user/")) && op.Accepts&(AccessToken|Anonymous) != 0 {
			t.Errorf("%s lets %v at a person's own routes", key, op.Accepts)
		}
		if strings.HasPrefix(p.Path, "/users/") && p.Method != "GET" && op.Accepts&AccessToken != 0 {
			t.Errorf("%s lets access tokens change a person's account", key)
		}
		if op.Accepts.Has(Anonymous) && p.Method != "GET" {
			t.Errorf("%s lets anyone change things", key)
		}
		app := !listed && !oauth && !open && !oidc
		if op.AppOnly() != app {
			t.Errorf("%s: for apps only: %v, want %v", key, op.AppOnly(), app)
		}
	}
}

func TestAcceptsExamples(t *testing.T) {
	const project = "/workspaces/{workspace}/projects/{project_key}"
	for key, want := range map[string]string{
		"GET /user": "api_token, apppassword, oauth2, session",
		"GET " + project + "/permissions-config/groups":              "api_token, apppassword, oauth2, session",
		"PUT " + project + "/permissions-config/groups/{group_slug}": "api_token, apppassword, session",
		"GET " + project: "api_token, apppassword, project_access_token, workspace_access_token, oauth2, session, anonymous",
		"POST /repositories/{workspace}/{repo_slug}/pullrequests":                                   "api_token, apppassword, repo_access_token, project_access_token, workspace_access_token, oauth2, session",
		"POST /workspaces/{workspace}/hooks":                                                        "api_token, apppassword, workspace_access_token, oauth2, session",
		"GET /teams/{username}/pipelines_config/variables":                                          "apppassword, workspace_access_token, oauth2, session",
		"GET /workspaces/{workspace}/pipelines-config/identity/oidc/keys.json":                      "apppassword, repo_access_token, project_access_token, workspace_access_token, oauth2, session, anonymous",
		"GET /repositories/{workspace}/{repo_slug}/pipelines_config/variables":                      "api_token, apppassword, repo_access_token, project_access_token, workspace_access_token, oauth2, session",
		"GET /repositories/{workspace}/{repo_slug}/properties/{app_key}/{property_name}":            "none",
		"GET /repositories/{workspace}/{repo_slug}/pipelines/{pipeline_uuid}/steps/{step_uuid}/log": "api_token, apppassword, repo_access_token, project_access_token, workspace_access_token, oauth2, session, anonymous",
		"GET /repositories/{workspace}/{repo_slug}/default-reviewers":                               "api_token, apppassword, repo_access_token, project_access_token, workspace_access_token, oauth2, session",
	} {
		op, ok := Lookup(key)
		if !ok {
			t.Errorf("%s is missing", key)
		} else if got := op.Accepts.String(); got != want {
			t.Errorf("%s accepts %s, want %s", key, got, want)
		}
	}
}

// Every entry is complete in itself, with the published description or
// without.
func TestEntriesAreWellFormed(t *testing.T) {
	summary := regexp.MustCompile(`^[A-Z][a-z]+s [^.]{3,110}\.$`)
	template := regexp.MustCompile(`^(/([A-Za-z_.-]+|\{[A-Za-z_]+\}|\{[a-z_]+\}-issues-\{[a-z_]+\}\.zip))+$`)
	keys, summaries := map[string]bool{}, map[string]string{}
	for _, op := range All() {
		if keys[op.Key] {
			t.Errorf("%s stands twice in the table", op.Key)
		}
		keys[op.Key] = true
		if methodIndex(op.Method) < 0 || op.Method == "HEAD" {
			t.Errorf("%s: unknown method", op.Key)
		}
		if !template.MatchString(op.Template) {
			t.Errorf("%s: odd template", op.Key)
		}
		if !summary.MatchString(op.Summary) || strings.Contains(op.Summary, "TODO") {
			t.Errorf("%s: odd summary %q", op.Key, op.Summary)
		}
		if other, ok := summaries[op.Summary]; ok {
			t.Errorf("%s and %s have one summary", op.Key, other)
		}
		summaries[op.Summary] = op.Key
		if len(op.params) > maxParams {
			t.Errorf("%s has %d parameters, more than a match holds", op.Key, len(op.params))
		}
		for _, r := range []scope.Requirement{op.Scopes, op.OAuthScopes} {
			for _, set := range r {
				for _, s := range set.Scopes() {
					if s.Legacy() != (&r[0] != first(op.Scopes)) {
						t.Errorf("%s: scope %s on the wrong side", op.Key, s)
					}
				}
			}
		}
	}
}

func first(r scope.Requirement) *scope.Set {
	if len(r) == 0 {
		return nil
	}
	return &r[0]
}

func TestRemovedOperations(t *testing.T) {
	n := 0
	for _, op := range All() {
		if op.Removed == nil {
			continue
		}
		n++
		if op.Removed.Change != "CHANGE-2770" || len(op.Removed.Replacement) == 0 {
			t.Errorf("%s: %+v", op.Key, op.Removed)
		}
		for _, key := range op.Removed.Replacement {
			if r, ok := Lookup(key); !ok || r.Removed != nil {
				t.Errorf("%s is replaced by %s, which is not there", op.Key, key)
			}
		}
	}
	if n != len(removed) || n != 5 {
		t.Errorf("%d operations are marked as removed, %d in the list", n, len(removed))
	}
}

func TestSharedStateIsNotHandedOut(t *testing.T) {
	All()[0] = nil
	if All()[0] == nil {
		t.Error("All hands out its own slice")
	}
	op, _ := Lookup("GET /users/{selected_user}")
	op.Params()[0] = "x"
	if op.Params()[0] != "selected_user" {
		t.Error("Params hands out its own slice")
	}
	m, _ := Find("PATCH", "/user")
	m.Allowed()[0] = "x"
	if m.Allowed()[0] != "GET" {
		t.Error("Allowed hands out its own slice")
	}
}

// What runners and steps of pipelines open: what is made for them, and nothing beside it.
func TestMachinesOpenTheirOwnAlone(t *testing.T) {
	runners := 0
	for _, op := range slices.Concat(All(), Own()) {
		if op.Accepts.Has(Step) {
			t.Errorf("%s lets the credential of a step in", op.Key)
		}
		if !op.Accepts.Has(Runner) {
			continue
		}
		if runners++; op.Accepts != Runner || !strings.HasPrefix(op.Template, "/runners/{runner_uuid}/steps") {
			t.Errorf("%s is not for runners alone: %s", op.Key, op.Accepts)
		}
	}
	if runners != 9 {
		t.Errorf("%d operations are for runners", runners)
	}
	for _, op := range Git() {
		if op.Accepts.Has(Runner) || op.Accepts.Has(Step) != (op == GitRead || op == GitWrite) {
			t.Errorf("%s: %s", op.Key, op.Accepts)
		}
	}
}
