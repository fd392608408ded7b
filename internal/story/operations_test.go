package story

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/catalog"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/workspace"
)

// example is how an operation is called so that it succeeds. Every operation that is served has one.
type example struct {
	params map[string]string // beside the usual ones
	body   any
	before func(*pailtest.World) // makes what the call needs
	public bool                  // answers anonymous callers too
}

var examples = map[string]example{
	"GET /user":                  {},
	"GET /user/emails":           {},
	"GET /user/emails/{email}":   {params: map[string]string{"email": "admin@acme.example"}},
	"GET /users/{selected_user}": {public: true},

	"GET /user/workspaces":                         {},
	"GET /user/workspaces/{workspace}/permission":  {},
	"GET /workspaces/{workspace}":                  {},
	"GET /workspaces/{workspace}/members":          {},
	"GET /workspaces/{workspace}/members/{member}": {params: map[string]string{"member": "acme-member"}},
	"GET /workspaces/{workspace}/permissions":      {},
	"GET /workspaces/{workspace}/projects":         {},
	"POST /workspaces/{workspace}/projects":        {body: `{"key":"NEW","name":"New","is_private":true,"unknown":[1]}`},

	"GET /workspaces/{workspace}/projects/{project_key}":    {},
	"PUT /workspaces/{workspace}/projects/{project_key}":    {body: `{"name":"Renamed"}`},
	"DELETE /workspaces/{workspace}/projects/{project_key}": {params: map[string]string{"project_key": "GONE"}, before: spareProject},

	"GET /workspaces/{workspace}/projects/{project_key}/default-reviewers":                    {},
	"GET /workspaces/{workspace}/projects/{project_key}/default-reviewers/{selected_user}":    {before: reviewer},
	"PUT /workspaces/{workspace}/projects/{project_key}/default-reviewers/{selected_user}":    {},
	"DELETE /workspaces/{workspace}/projects/{project_key}/default-reviewers/{selected_user}": {before: reviewer},

	"GET /workspaces/{workspace}/projects/{project_key}/permissions-config/groups":                      {},
	"GET /workspaces/{workspace}/projects/{project_key}/permissions-config/groups/{group_slug}":         {},
	"PUT /workspaces/{workspace}/projects/{project_key}/permissions-config/groups/{group_slug}":         {body: `{"permission":"create-repo"}`},
	"DELETE /workspaces/{workspace}/projects/{project_key}/permissions-config/groups/{group_slug}":      {params: map[string]string{"group_slug": "spare"}, before: spareGroup},
	"GET /workspaces/{workspace}/projects/{project_key}/permissions-config/users":                       {},
	"GET /workspaces/{workspace}/projects/{project_key}/permissions-config/users/{selected_user_id}":    {before: userGrant},
	"PUT /workspaces/{workspace}/projects/{project_key}/permissions-config/users/{selected_user_id}":    {body: `{"permission":"read"}`},
	"DELETE /workspaces/{workspace}/projects/{project_key}/permissions-config/users/{selected_user_id}": {before: userGrant},

	"GET /repositories/{workspace}":                {},
	"GET /repositories/{workspace}/{repo_slug}":    {},
	"POST /repositories/{workspace}/{repo_slug}":   {params: map[string]string{"repo_slug": "made"}, body: `{"scm":"git","is_private":true,"project":{"key":"FTO"}}`},
	"PUT /repositories/{workspace}/{repo_slug}":    {body: `{"description":"What widgets are made of"}`},
	"DELETE /repositories/{workspace}/{repo_slug}": {params: map[string]string{"repo_slug": "gone"}, before: func(w *pailtest.World) { w.NewRepository("gone") }},

	"GET /repositories/{workspace}/{repo_slug}/commits":                 {},
	"POST /repositories/{workspace}/{repo_slug}/commits":                {},
	"GET /repositories/{workspace}/{repo_slug}/commits/{revision}":      {params: map[string]string{"revision": "feature/one"}},
	"POST /repositories/{workspace}/{repo_slug}/commits/{revision}":     {params: map[string]string{"revision": "v1.0"}},
	"GET /repositories/{workspace}/{repo_slug}/commit/{commit}":         {params: map[string]string{"commit": "main"}},
	"GET /repositories/{workspace}/{repo_slug}/merge-base/{revspec}":    {params: map[string]string{"revspec": "main..feature/one"}},
	"GET /repositories/{workspace}/{repo_slug}/refs":                    {},
	"GET /repositories/{workspace}/{repo_slug}/refs/branches":           {},
	"GET /repositories/{workspace}/{repo_slug}/refs/branches/{name}":    {params: map[string]string{"name": "feature/one"}},
	"POST /repositories/{workspace}/{repo_slug}/refs/branches":          {body: `{"name":"made/here","target":{"hash":"main"}}`},
	"DELETE /repositories/{workspace}/{repo_slug}/refs/branches/{name}": {params: map[string]string{"name": "doomed"}, before: spareRef(gitstore.BranchPrefix)},
	"GET /repositories/{workspace}/{repo_slug}/refs/tags":               {},
	"POST /repositories/{workspace}/{repo_slug}/refs/tags":              {body: `{"name":"made-here","target":{"hash":"main"},"message":"Made here"}`},
	"DELETE /repositories/{workspace}/{repo_slug}/refs/tags/{name}":     {params: map[string]string{"name": "doomed"}, before: spareRef(gitstore.TagPrefix)},
	"GET /repositories/{workspace}/{repo_slug}/refs/tags/{name}":        {params: map[string]string{"name": "v1.0"}},
}

func spareProject(w *pailtest.World) {
	_, err := w.Workspaces.CreateProject(context.Background(), w.Workspace, workspace.NewProject{Key: "GONE", Name: "Gone"})
	check(w, err)
}

func spareGroup(w *pailtest.World) {
	g, err := w.Workspaces.CreateGroup(context.Background(), w.Workspace.ID, "spare", "Spare")
	check(w, err)
	check(w, w.Workspaces.GrantGroup(context.Background(), w.Project, g.ID, access.Read))
}

func userGrant(w *pailtest.World) {
	check(w, w.Workspaces.GrantUser(context.Background(), w.Project, w.Member.ID, access.Read))
}

// spareRef makes a branch or a tag that may go.
func spareRef(prefix string) func(*pailtest.World) {
	return func(w *pailtest.World) {
		git := w.Repositories.Git
		head, err := git.Resolve(context.Background(), w.Repository.ID, "main")
		check(w, err)
		check(w, git.CreateRef(context.Background(), w.Repository.ID, prefix+"doomed", head))
	}
}

func reviewer(w *pailtest.World) {
	check(w, w.Workspaces.AddDefaultReviewer(context.Background(), w.Project, w.Member.ID))
}

func check(w *pailtest.World, err error) {
	w.T.Helper()
	if err != nil {
		w.T.Fatal(err)
	}
}

// TestEveryServedOperation walks all operations that are served: without a credential, with each required scope
// missing in turn, and with exactly the required scopes, which must succeed.
func TestEveryServedOperation(t *testing.T) {
	t.Parallel()
	pailtest.Schemas(t)
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := s.World()
		w.Push(2)
		for _, key := range w.API.Keys() {
			t.Run(key, func(t *testing.T) {
				s.T = t
				defer func() { s.T = t }()
				op, _ := catalog.Lookup(key)
				ex, ok := examples[key]
				if !ok {
					t.Fatal("no example in this test: add one")
				}
				path := "/2.0" + fill(op.Template, ex.params, w)
				anonymous := w.Do(pailtest.None, op.Method, path, ex.body)
				switch {
				case ex.public:
					w.Want(anonymous, http.StatusOK)
				case anonymous.Status != http.StatusUnauthorized && anonymous.Status != http.StatusNotFound:
					t.Errorf("anonymous: %d", anonymous.Status)
				}
				for _, alternative := range op.Scopes {
					required := alternative.Scopes()
					for _, missing := range required {
						// A token has at least one scope; this one opens nothing of the operation.
						scopes := []string{"read:package:bitbucket"}
						for _, s := range required {
							if s != missing {
								scopes = append(scopes, s.String())
							}
						}
						a := w.Want(w.Do(w.Token(w.Admin, scopes...), op.Method, path, ex.body), http.StatusForbidden, "scope.missing")
						if got := a.String("error.data.missing"); got != fmt.Sprintf("[%q]", missing) {
							t.Errorf("without %s the answer says that %s is missing", missing, got)
						}
					}
					if ex.before != nil {
						ex.before(w)
					}
					a := w.Do(w.Token(w.Admin, alternative.Names()...), op.Method, path, ex.body)
					if a.Status/100 != 2 {
						t.Errorf("with exactly %v: %d %s", alternative.Names(), a.Status, a.Body)
					}
					for _, h := range []string{"X-Oauth-Scopes", "X-Accepted-Oauth-Scopes", "X-Credential-Type"} {
						if a.Header.Get(h) == "" {
							t.Errorf("the authenticated answer has no %s", h)
						}
					}
				}
			})
		}
	})
}

// TestEveryOtherOperation: what is not built answers 501 by name, what was removed 410 with what replaces it.
func TestEveryOtherOperation(t *testing.T) {
	w := pailtest.Start(t, pailtest.Options{}).World()
	token := w.Token(w.Admin, "read:user")
	served := w.API.Keys()
	for _, op := range catalog.All() {
		if slices.Contains(served, op.Key) {
			continue
		}
		path := "/2.0" + fill(op.Template, nil, w)
		for _, credential := range []pailtest.Credential{pailtest.None, token} {
			a := w.Do(credential, op.Method, path, nil)
			if op.Removed != nil {
				w.Want(a, http.StatusGone, "path.removed")
				continue
			}
			w.Want(a, http.StatusNotImplemented, "operation.not_served")
			if got := a.String("error.data.operation"); got != op.Key {
				t.Errorf("%s answers for %q", op.Key, got)
			}
		}
	}
}

// fill puts values into a template.
func fill(template string, params map[string]string, w *pailtest.World) string {
	usual := map[string]string{
		"workspace": "acme", "repo_slug": "widgets", "project_key": "FTO", "group_slug": "developers",
		"selected_user": w.Member.AccountID, "selected_user_id": "%7B" + w.Member.ID + "%7D",
	}
	parts := strings.Split(template, "/")
	for i, part := range parts {
		for {
			open := strings.IndexByte(part, '{')
			if open < 0 {
				break
			}
			end := strings.IndexByte(part, '}')
			name := part[open+1 : end]
			value, ok := params[name]
			if !ok {
				if value, ok = usual[name]; !ok {
					value = "1"
				}
			}
			// Only the first brace is replaced each time, so a value must not bring braces of its own.
			part = part[:open] + value + part[end+1:]
		}
		parts[i] = part
	}
	return strings.Join(parts, "/")
}
