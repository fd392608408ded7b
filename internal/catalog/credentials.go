package catalog

import "strings"

// Credentials is a set of kinds of credential.
//
// How an operation's set came about:
//
//   - Where the API description lists API tokens, the operation accepts every
//     credential of a person: API token, app password and browser session.
//   - Where it lists OAuth scopes but not API tokens (the variables of teams
//     and users, a snippet's watchers), app passwords and sessions are accepted
//     and API tokens are refused.
//   - OAuth 2 is accepted where the description lists OAuth scopes or OAuth
//     itself, except for changing permissions-config: Bitbucket answers 403
//     there and names app passwords, sessions and API tokens.
//   - Access tokens are accepted where OAuth 2 is, with three exceptions. They
//     can neither see nor change permissions (.../permissions and
//     .../permissions-config). They are no person, so /user, and of /users the
//     keys, the variables and every change, are closed to them. And each stays
//     with what it belongs to: a repository's token under /repositories, a
//     project's token there and under its project, a workspace's token under
//     all of the workspace. The listings across workspaces are closed to them.
//   - Anonymous says that the operation can be called without any credential
//     and then shows public data only: whether the resource is public is not
//     known here. It is set on reading repositories, pull requests, issues,
//     snippets and pipelines (not their permissions, reviewers, settings or
//     variables), on a workspace, its projects and a user's public profile,
//     and on the documents that are open to anyone.
//   - The OpenID documents of a workspace's pipelines are open to anyone, but
//     refuse an API token that comes along.
//   - SSH keys, of accounts and of deployments, open Git over SSH and nothing else: no operation of the API takes one.
//   - A runner of pipelines opens the operations that are made for it, which nobody else can call, and nothing else. The credential
//     that a step has while it runs opens Git over HTTPS of its repository, and no operation of the API.
//   - The operations of installed apps (linkers, properties, the app itself)
//     take the app's own JWT, which is no credential of this set: theirs is
//     empty. See [Operation.AppOnly].
type Credentials uint16

// The kinds of credential.
const (
	APIToken Credentials = 1 << iota
	AppPassword
	RepositoryAccessToken
	ProjectAccessToken
	WorkspaceAccessToken
	OAuth2
	Session
	Anonymous // no credential at all; see the type's comment
	SSHKey    // of an account
	DeployKey // of a repository or a project
	Runner    // of pipelines: the access token that one buys
	Step      // of a pipeline: what it clones with

	// AccessToken is the three kinds of access token together.
	AccessToken = RepositoryAccessToken | ProjectAccessToken | WorkspaceAccessToken
)

// The sets that the table is written with.
const (
	apps         Credentials = 0
	person                   = APIToken | AppPassword | Session
	personal                 = person | OAuth2
	inWorkspace              = personal | WorkspaceAccessToken
	inProject                = inWorkspace | ProjectAccessToken
	inRepository             = inProject | RepositoryAccessToken
)

// credentialNames has the names that Bitbucket uses in X-Credential-Type and
// in the list of its 403, in the order of the bits.
var credentialNames = [...]string{
	"api_token", "apppassword", "repo_access_token", "project_access_token",
	"workspace_access_token", "oauth2", "session", "anonymous",
	"ssh_key", "deploy_key", "runner", "step",
}

// Has reports whether c holds every kind of k. It is false for an empty k.
func (c Credentials) Has(k Credentials) bool { return k != 0 && c&k == k }

// Names returns the names of the kinds: api_token, apppassword,
// repo_access_token, project_access_token, workspace_access_token, oauth2,
// session, anonymous, ssh_key, deploy_key, runner, step, in this order. It is never nil.
func (c Credentials) Names() []string {
	out := make([]string, 0, len(credentialNames))
	for i, name := range credentialNames {
		if c&(1<<i) != 0 {
			out = append(out, name)
		}
	}
	return out
}

// String returns the names with ", " between them, or "none".
func (c Credentials) String() string {
	if c == 0 {
		return "none"
	}
	return strings.Join(c.Names(), ", ")
}
