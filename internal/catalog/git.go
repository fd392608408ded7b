package catalog

import "github.com/pailforge/pail/internal/scope"

// GitRead and GitWrite are the two things that git does over HTTPS and SSH, as operations: they have no path below /2.0, so
// [All], [Lookup] and [Find] do not know them. A push needs no scope to read.
var (
	GitRead = &Operation{Key: "git-upload-pack", Method: "GET", Summary: "Clones or fetches a repository.",
		Scopes: need(scope.ReadRepository), OAuthScopes: need(scope.LegacyRepository), Accepts: gitCredentials | DeployKey | Step}
	GitWrite = &Operation{Key: "git-receive-pack", Method: "POST", Summary: "Pushes to a repository.",
		Scopes: need(scope.WriteRepository), OAuthScopes: need(scope.LegacyRepositoryWrite), Accepts: gitCredentials | Step}
)

// GitSnippetRead and GitSnippetWrite are the same for snippets, which have scopes of their own. Their keys are no commands of
// git's: the two are told from those for repositories by them.
var (
	GitSnippetRead = &Operation{Key: "git-upload-pack snippets", Method: "GET", Summary: "Clones or fetches a snippet.",
		Scopes: need(scope.ReadSnippet), OAuthScopes: need(scope.LegacySnippet), Accepts: snippetGitCredentials}
	GitSnippetWrite = &Operation{Key: "git-receive-pack snippets", Method: "POST", Summary: "Pushes to a snippet.",
		Scopes: need(scope.WriteSnippet), OAuthScopes: need(scope.LegacySnippetWrite), Accepts: snippetGitCredentials}
)

// GitWikiRead and GitWikiWrite are the same for the wikis of repositories. A deploy key that reads the repository reads its wiki.
var (
	GitWikiRead = &Operation{Key: "git-upload-pack wiki", Method: "GET", Summary: "Clones or fetches a wiki.",
		Scopes: need(scope.ReadWiki), OAuthScopes: need(scope.LegacyWiki), Accepts: gitCredentials | DeployKey}
	GitWikiWrite = &Operation{Key: "git-receive-pack wiki", Method: "POST", Summary: "Pushes to a wiki.",
		Scopes: need(scope.WriteWiki), OAuthScopes: need(scope.LegacyWiki), Accepts: gitCredentials}
)

// Git is all that git does, as operations.
func Git() []*Operation {
	return []*Operation{GitRead, GitWrite, GitSnippetRead, GitSnippetWrite, GitWikiRead, GitWikiWrite}
}

// GitName is what an operation of Git's is called where calls are listed, "" for any other.
func (o *Operation) GitName() string {
	switch o {
	case GitRead:
		return "git fetch"
	case GitWrite:
		return "git push"
	case GitSnippetRead:
		return "git fetch of a snippet"
	case GitSnippetWrite:
		return "git push to a snippet"
	case GitWikiRead:
		return "git fetch of a wiki"
	case GitWikiWrite:
		return "git push to a wiki"
	}
	return ""
}

const snippetGitCredentials = APIToken | AppPassword | WorkspaceAccessToken | OAuth2 | SSHKey

const gitCredentials = APIToken | AppPassword | AccessToken | OAuth2 | SSHKey
