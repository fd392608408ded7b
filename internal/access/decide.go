package access

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/pailforge/pail/internal/catalog"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/scope"
)

// GitRead and GitWrite are the two things that git does over HTTP and SSH, as operations.
var GitRead, GitWrite = catalog.GitRead, catalog.GitWrite

// authorize is the middle of the decision: the operation takes this kind of credential, and all scopes are there.
func (g *Gate) authorize(r *rest.Request, surface Surface, op *catalog.Operation, p *Principal) *rest.Error {
	if p.Anonymous() {
		return nil // whether that is enough, the privilege decides
	}
	required := p.required(op)
	if surface == SurfaceREST {
		r.Header["X-Accepted-Oauth-Scopes"] = g.acceptedScopes(op, p, required)
	}
	if op.Accepts&kinds[p.Kind].accepts == 0 {
		return kindNotAccepted(op, p)
	}
	if p.everything {
		return nil
	}
	missing, ok := required.Missing(p.permits)
	if ok {
		return nil
	}
	needed := required.Nearest(p.permits).Names()
	e := rest.Refuse(reason.ScopeMissing, "").With("missing", missing.Names()).
		With("explanation", fmt.Sprintf("The %s %q lacks %s, which %s takes. Scopes of a token cannot be changed: create a new one with all of %s beside those it has.",
			p.Kind.Title(), p.Name, strings.Join(missing.Names(), " and "), op.Key, strings.Join(needed, ", ")))
	e.Detail = map[string]any{"required": needed, "granted": p.Scopes.Names()}
	if len(required) > 1 {
		e.With("alternatives", required.Names())
	}
	return e
}

// acceptedScopes is the value of X-Accepted-OAuth-Scopes. Where an operation has one set of scopes, which is almost
// always, it is made once.
func (g *Gate) acceptedScopes(op *catalog.Operation, p *Principal, required scope.Requirement) []string {
	if len(required) > 1 {
		return []string{strings.Join(required.Nearest(p.permits).Names(), ", ")}
	}
	key := acceptedKey{op, kinds[p.Kind].legacy}
	if v, ok := g.accepted.Load(key); ok {
		return v.([]string)
	}
	v, _ := g.accepted.LoadOrStore(key, []string{strings.Join(required.Nearest(p.permits).Names(), ", ")})
	return v.([]string)
}

type acceptedKey struct {
	op     *catalog.Operation
	legacy bool
}

// kindNotAccepted answers 403 in the words that Bitbucket Cloud has for the case.
func kindNotAccepted(op *catalog.Operation, p *Principal) *rest.Error {
	if p.Kind == DeployKey && (op == GitWrite || op == catalog.GitWikiWrite) {
		e := rest.Refusef(reason.PolicyDeployKey, "Push over HTTPS with a token that has %s, or with the SSH key of an account.", op.Scopes).
			WithMessage("Access with a deploy key is read-only.")
		e.Status = http.StatusForbidden
		return e
	}
	e := rest.Refusef(reason.CredentialKindNotAccepted, "%s does not take a %s.", op.Key, p.Kind.Title()).
		With("credential", p.Kind)
	var takes, named []string // Bitbucket Cloud's sentence never names OAuth
	for _, k := range []Kind{APIToken, AppPassword, RepositoryTok, ProjectToken, WorkspaceToken, OAuth, Session, Runner} {
		if op.Accepts&kinds[k].accepts != 0 {
			takes = append(takes, string(k))
			if k != OAuth {
				named = append(named, string(k))
			}
		}
	}
	if takes == nil {
		return e.With("accepted", []string{}).WithMessage("This resource does not support authentication using the provided token")
	}
	e.With("accepted", takes)
	if p.Kind.AccessToken() && !strings.Contains(op.Template, "permissions-config") {
		return e.WithMessage("This API is not accessible by this authentication mechanism")
	}
	return e.WithMessage("This API is only accessible with the following authentication types: %s", strings.ReplaceAll(strings.Join(named, ", "), "_password", "password"))
}
