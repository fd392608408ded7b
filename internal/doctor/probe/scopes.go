package probe

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/pailforge/pail/internal/catalog"
	"github.com/pailforge/pail/internal/doctor"
	"github.com/pailforge/pail/internal/scope"
)

// refusal is what an error of Bitbucket's holds that matters here.
type refusal struct {
	Message           string
	Required, Granted []string
}

func readError(body []byte) refusal {
	var whole struct {
		Error struct {
			Message string          `json:"message"`
			Detail  json.RawMessage `json:"detail"`
		} `json:"error"`
	}
	if json.Unmarshal(body, &whole) != nil {
		return refusal{}
	}
	r := refusal{Message: whole.Error.Message}
	var scopes struct{ Required, Granted []string }
	if json.Unmarshal(whole.Error.Detail, &scopes) == nil { // detail may also be a text
		r.Required, r.Granted = scopes.Required, scopes.Granted
	}
	return r
}

// learn takes account, kind and scopes from an answer, as far as it has them.
func (p *prober) learn(r reply) {
	if r.Answer == nil {
		return
	}
	if list, ok := r.Header["X-Oauth-Scopes"]; ok {
		p.out.Scopes, p.out.From = names(strings.Join(list, ",")), "X-OAuth-Scopes"
	} else if e := readError(r.Body); e.Granted != nil && p.out.Scopes == nil {
		p.out.Scopes, p.out.From = names(strings.Join(e.Granted, ",")), "the refusal"
	}
	if kind := r.Header.Get("X-Credential-Type"); kind != "" {
		p.out.Kind = doctor.Shown(kind)
	}
	var person struct {
		Type        string `json:"type"`
		Username    string `json:"username"`
		Nickname    string `json:"nickname"`
		DisplayName string `json:"display_name"`
	}
	if r.Status != http.StatusOK || json.Unmarshal(r.Body, &person) != nil || person.Type != "user" {
		return
	}
	for _, name := range []string{person.DisplayName, person.Nickname, person.Username} {
		if name != "" {
			p.out.Account = doctor.Shown(name)
		}
	}
}

// names splits a list of scopes. What is too long for one is left out: it could be anything.
func names(list string) []string {
	fields := strings.FieldsFunc(list, func(c rune) bool { return c == ',' || c == ' ' })
	fields = slices.DeleteFunc(fields, func(s string) bool { return len(s) > 60 })
	return append([]string{}, fields...)
}

// granted are the scopes that are known, and whether they are legacy ones.
func (p *prober) granted() (set scope.Set, legacy bool) {
	for _, name := range p.out.Scopes {
		if s, err := scope.Parse(name); err == nil {
			set = set.Add(s)
			legacy = legacy || s.Legacy()
		}
	}
	return set, legacy || strings.HasSuffix(p.out.Kind, "access_token") || p.out.Kind == "oauth2"
}

// kinds are the words of X-Credential-Type.
var kinds = map[string]catalog.Credentials{
	"api_token": catalog.APIToken, "app_password": catalog.AppPassword, "apppassword": catalog.AppPassword, "oauth2": catalog.OAuth2,
	"repo_access_token": catalog.RepositoryAccessToken, "project_access_token": catalog.ProjectAccessToken, "workspace_access_token": catalog.WorkspaceAccessToken,
}

// lacking are the scopes that an operation takes and the credential lacks. It is not ok when the scopes are not known.
func (p *prober) lacking(op *catalog.Operation) (missing scope.Set, ok bool) {
	if p.out.Scopes == nil {
		return missing, false
	}
	set, legacy := p.granted()
	needs := op.Scopes
	if legacy {
		needs = op.OAuthScopes
	}
	missing, _ = needs.Missing(set)
	return missing, true
}

// try finds out one by one which of the scopes an operation takes the credential has, by reading something that takes
// that scope alone. It is for services whose answers do not tell, as when a proxy takes the header away. Scopes that
// cannot be tried stay unknown, so the list is not complete.
func (p *prober) try(ctx context.Context, op *catalog.Operation, m *catalog.Match, l doctor.Login) error {
	if len(op.Scopes) == 0 {
		return nil
	}
	for _, wanted := range op.Scopes[0].Scopes() {
		read := reading(wanted, m)
		if read == "" || p.left() <= 1 {
			continue
		}
		r, err := p.get(ctx, p.root+"/2.0"+read, l)
		if err != nil {
			return err
		}
		p.learn(r)
		switch {
		case p.out.From == "X-OAuth-Scopes" || p.out.From == "the refusal":
			return nil // now it is known
		case r.Answer != nil && r.Status == http.StatusForbidden && strings.Contains(readError(r.Body).Message, "privilege scopes"):
			p.out.Missing = append(p.out.Missing, wanted.String())
		}
	}
	return nil
}

// reading is the path of something that takes one scope alone and can be asked for with what a path names; "" when there
// is nothing.
func reading(wanted scope.Scope, m *catalog.Match) string {
	for _, template := range []string{"/user", "/user/workspaces", "/workspaces/{workspace}", "/workspaces/{workspace}/projects/{project_key}",
		"/repositories/{workspace}/{repo_slug}", "/repositories/{workspace}/{repo_slug}/pullrequests", "/repositories/{workspace}/{repo_slug}/pipelines",
		"/repositories/{workspace}/{repo_slug}/hooks", "/snippets/{workspace}"} {
		op, ok := catalog.Lookup("GET " + template)
		if !ok || len(op.Scopes) != 1 || op.Scopes[0] != scope.NewSet(wanted) {
			continue
		}
		if path, ok := filled(op, m); ok {
			return path
		}
	}
	return ""
}
