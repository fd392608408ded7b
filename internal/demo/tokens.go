package demo

import (
	"context"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/scope"
)

// credentials is an account with what it can sign in with in this run.
type credentials struct {
	account     account.Account
	password    string
	apiToken    string
	apiTokenID  string
	apiScopes   scope.Set
	appPassword string
}

// The names of the credentials. What a run makes under them, the next run on the same directory ends.
const (
	apiTokenName    = "demo"
	narrowTokenName = "demo without read:project"
	appPasswordName = "demo app password"
	accessTokenName = "demo deployment"
)

// tokenDays is the life of the demo's tokens.
const tokenDays = 30

// apiScopes are the scopes of the API tokens: everything that there is for the admin, and what daily work takes for
// the others.
func apiScopes(r role) scope.Set {
	if r != admin {
		return scope.NewSet(scope.ReadWorkspace, scope.ReadRepository, scope.WriteRepository, scope.ReadProject, scope.ReadUser,
			scope.ReadPullRequest, scope.WritePullRequest)
	}
	var all scope.Set
	for _, s := range scope.All() {
		switch s.Verb {
		case "read", "write", "admin", "delete":
			if !s.Legacy && !s.Deprecated && s.Scope < scope.ReadTest {
				all = all.Add(s.Scope)
			}
		}
	}
	return all
}

// appScopes are the legacy scopes of the app passwords.
func appScopes(r role) scope.Set {
	set := scope.NewSet(scope.LegacyAccount, scope.LegacyTeam, scope.LegacyProject, scope.LegacyRepository, scope.LegacyRepositoryWrite,
		scope.LegacyPullRequest, scope.LegacyPullRequestWrite)
	if r == admin {
		set = set.Union(scope.NewSet(scope.LegacyTeamWrite, scope.LegacyProjectAdmin, scope.LegacyRepositoryAdmin,
			scope.LegacyRepositoryDelete, scope.LegacyWebhook))
	}
	return set
}

// mint ends what an earlier run made and makes this run's credentials.
func (w *world) mint(ctx context.Context) (err error) {
	for _, r := range roles {
		p := w.persons[r]
		for _, kind := range []access.Kind{access.APIToken, access.AppPassword} {
			old, err := w.Credentials.OfAccount(ctx, p.account.ID, kind)
			if err != nil {
				return err
			}
			if err := w.end(ctx, old); err != nil {
				return err
			}
		}
		p.apiScopes = apiScopes(r)
		var c access.Credential
		if c, p.apiToken, err = w.Accounts.CreateToken(ctx, p.account.ID, apiTokenName, p.apiScopes.Names(), tokenDays); err != nil {
			return err
		}
		p.apiTokenID = c.ID
		if _, p.appPassword, err = w.Accounts.CreateAppPassword(ctx, p.account.ID, appPasswordName, appScopes(r).Names()); err != nil {
			return err
		}
	}
	lacking := scope.NewSet(scope.ReadWorkspace, scope.ReadRepository, scope.ReadUser)
	if _, w.narrow, err = w.Accounts.CreateToken(ctx, w.persons[admin].account.ID, narrowTokenName, lacking.Names(), tokenDays); err != nil {
		return err
	}
	bounds := access.Bounds{WorkspaceID: w.workspace.ID, RepositoryID: w.repository.ID}
	old, err := w.Credentials.OfResource(ctx, bounds)
	if err != nil {
		return err
	}
	if err := w.end(ctx, old); err != nil {
		return err
	}
	scopes := scope.NewSet(scope.LegacyRepository, scope.LegacyRepositoryWrite, scope.LegacyPullRequest, scope.LegacyPullRequestWrite)
	_, w.access, err = w.Accounts.CreateAccessToken(ctx, access.RepositoryTok, bounds, accessTokenName, scopes.Names(), tokenDays)
	return err
}

// end revokes the credentials that carry the demo's names; what somebody made for himself stays.
func (w *world) end(ctx context.Context, old []access.Credential) error {
	for _, c := range old {
		switch c.Name {
		case apiTokenName, narrowTokenName, appPasswordName, accessTokenName:
			if err := w.Credentials.End(ctx, c.ID); err != nil {
				return err
			}
		}
	}
	return nil
}
