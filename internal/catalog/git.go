package catalog

import "github.com/pailforge/pail/internal/scope"

// GitRead and GitWrite are the two things that git does over HTTPS and SSH, as operations: they have no path below /2.0, so
// [All], [Lookup] and [Find] do not know them. A push needs no scope to read.
var (
	GitRead = &Operation{Key: "git-upload-pack", Method: "GET", Summary: "Clones or fetches a repository.",
		Scopes: need(scope.ReadRepository), OAuthScopes: need(scope.LegacyRepository), Accepts: gitCredentials | DeployKey}
	GitWrite = &Operation{Key: "git-receive-pack", Method: "POST", Summary: "Pushes to a repository.",
		Scopes: need(scope.WriteRepository), OAuthScopes: need(scope.LegacyRepositoryWrite), Accepts: gitCredentials}
)

const gitCredentials = APIToken | AppPassword | AccessToken | OAuth2 | SSHKey
