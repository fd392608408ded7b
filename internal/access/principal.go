package access

import (
	"context"
	"slices"
	"time"

	"github.com/pailforge/pail/internal/catalog"
	"github.com/pailforge/pail/internal/scope"
	"github.com/pailforge/pail/internal/token"
)

// Level is how far a privilege on a resource reaches; each includes those below it.
type Level uint8

// The levels, as permissions on projects name them. Repositories know no CreateRepo.
const (
	None Level = iota
	Read
	Write
	CreateRepo
	Admin
)

var levelNames = [...]string{"none", "read", "write", "create-repo", "admin"}

// String is the API's name of the level.
func (l Level) String() string { return levelNames[l] }

// ParseLevel is the level of that name; ok is false for any other text.
func ParseLevel(name string) (l Level, ok bool) {
	for i, n := range levelNames {
		if n == name {
			return Level(i), true
		}
	}
	return None, false
}

// Kind is a kind of credential, in the words of the X-Credential-Type header.
type Kind string

// The kinds that a request may present.
const (
	APIToken       Kind = "api_token"
	AppPassword    Kind = "app_password"
	RepositoryTok  Kind = "repo_access_token"
	ProjectToken   Kind = "project_access_token"
	WorkspaceToken Kind = "workspace_access_token"
	OAuth          Kind = "oauth2"
	Session        Kind = "session"
	SSHKey         Kind = "ssh_key"    // of an account; over SSH only
	DeployKey      Kind = "deploy_key" // of a repository or a project; over SSH only
	Runner         Kind = "runner"     // of pipelines
	StepToken      Kind = "step"       // of a pipeline, while it runs; in Git over HTTPS only
)

type kindInfo struct {
	title   string
	mint    token.Kind
	accepts catalog.Credentials
	legacy  bool // scopes are the legacy OAuth ones
	access  bool // an access token: bound to a resource, no account behind it
}

var kinds = map[Kind]kindInfo{
	APIToken:       {"API token", token.APIToken, catalog.APIToken, false, false},
	AppPassword:    {"app password", token.AppPassword, catalog.AppPassword, true, false},
	RepositoryTok:  {"repository access token", token.AccessToken, catalog.RepositoryAccessToken, true, true},
	ProjectToken:   {"project access token", token.AccessToken, catalog.ProjectAccessToken, true, true},
	WorkspaceToken: {"workspace access token", token.AccessToken, catalog.WorkspaceAccessToken, true, true},
	OAuth:          {"OAuth access token", token.OAuthAccess, catalog.OAuth2, true, false},
	Session:        {"browser session", token.Session, catalog.Session, false, false},
	SSHKey:         {"SSH key", 0, catalog.SSHKey, false, false},
	DeployKey:      {"deploy key", 0, catalog.DeployKey, false, false},
	Runner:         {"runner access token", token.RunnerAccess, catalog.Runner, true, false},
	StepToken:      {"step credential", token.StepAccess, catalog.Step, true, false},
}

// Title is the kind in plain words.
func (k Kind) Title() string { return kinds[k].title }

// Takes reports whether an operation takes a credential of this kind at all.
func (k Kind) Takes(op *catalog.Operation) bool { return op.Accepts&kinds[k].accepts != 0 }

// machine reports whether the kind stands for something that opens what it was made for and nothing beside it: not even what is public.
func (k Kind) machine() bool { return k == DeployKey || k == Runner || k == StepToken }

// AccessToken reports whether the kind is one of the three access tokens.
func (k Kind) AccessToken() bool { return kinds[k].access }

// Account is the person behind a credential, as far as decisions need to know.
type Account struct {
	ID          string // uuid
	AccountID   string
	Email       string
	Username    string
	DisplayName string
	Admin       bool // administers the whole server
}

// Bounds is the resource that an access token belongs to: the workspace always, and one of the others for project
// and repository access tokens. An API token may be limited to a workspace: then it has that one, and nothing else.
type Bounds struct{ WorkspaceID, ProjectID, RepositoryID string }

// hold reports whether what has these ids lies inside.
func (b Bounds) hold(workspaceID, projectID, repositoryID string) bool {
	return b.WorkspaceID == workspaceID && (b.ProjectID == "" || b.ProjectID == projectID) && (b.RepositoryID == "" || b.RepositoryID == repositoryID)
}

// Principal is who is calling. It is shared between requests: nobody changes it.
type Principal struct {
	Account    *Account // nil for anonymous callers and for what belongs to a workspace: access tokens, OAuth by client credentials
	Kind       Kind     // "" for anonymous callers
	ID         string   // of the credential
	Name       string   // of the credential
	Bounds     Bounds
	Scopes     scope.Set // as granted
	Expires    time.Time // zero: never
	permits    scope.Set // Scopes and what they imply
	workspace  string    // the slug of what Bounds names
	outside    bool      // what is asked for lies outside of the limit: see beyond
	revoked    bool
	inactive   bool
	everything bool     // a session, a key: no scope limits it
	opens      []Bounds // what a deploy key reads, which may be on several repositories and projects

	scopeHeader, kindHeader []string // X-OAuth-Scopes and X-Credential-Type, made once
}

type actorKey struct{}

// As is ctx in which p acts: what the rooms say of who did something, they have from there.
func As(ctx context.Context, p *Principal) context.Context {
	return context.WithValue(ctx, actorKey{}, p)
}

// Actor is who acts in ctx; nil where that is the server itself, or whoever runs its commands.
func Actor(ctx context.Context) *Principal {
	p, _ := ctx.Value(actorKey{}).(*Principal)
	return p
}

// anonymous is the principal of a request without a credential.
var anonymous = &Principal{}

// Anonymous reports whether nobody is behind the request.
func (p *Principal) Anonymous() bool { return p.Kind == "" }

// AccountID is the uuid of the account behind the principal, or "" when there is none. No row has that id, so it may
// go into queries as it is.
func (p *Principal) AccountID() string {
	if p.Account == nil {
		return ""
	}
	return p.Account.ID
}

// OfResource reports whether nobody's account is behind the principal, but a resource: an access token, a deploy key, a runner, a
// step, or an OAuth consumer that acts for its workspace (client credentials).
func (p *Principal) OfResource() bool {
	return p.Kind.AccessToken() || p.Kind.machine() || p.Kind == OAuth && p.Account == nil
}

// bound is what a principal of a resource reaches, in words.
func (p *Principal) bound() string {
	switch p.Kind {
	case OAuth:
		return "the workspace of its consumer, because client credentials bought it"
	case DeployKey:
		return "the repositories and projects that it was added to"
	case Runner:
		return "the operations of the runner that it was bought for"
	case StepToken:
		return "the repository of the step that it was made for, while that runs"
	}
	return "what it was made for"
}

// Within is the level that a principal of a resource has inside of it: its scopes alone decide. For a resource outside
// of its bounds, and for every other principal, it is None. Resources that are no project or no repository pass "" for
// those ids.
func (p *Principal) Within(workspaceID, projectID, repositoryID string) Level {
	if p.Kind == DeployKey { // it reads repositories, and knows nothing else
		if repositoryID != "" && slices.ContainsFunc(p.opens, func(b Bounds) bool { return b.hold(workspaceID, projectID, repositoryID) }) {
			return Read
		}
		return None
	}
	if !p.OfResource() || p.Kind == Runner || p.Kind == StepToken && repositoryID == "" || !p.Bounds.hold(workspaceID, projectID, repositoryID) {
		return None
	}
	admin, write := scope.LegacyProjectAdmin, scope.LegacyRepositoryWrite
	if repositoryID != "" {
		admin = scope.LegacyRepositoryAdmin
	}
	switch {
	case p.permits.Has(admin), repositoryID != "" && p.permits.Has(scope.LegacyRepositoryDelete):
		return Admin
	case repositoryID == "" && p.permits.Has(scope.LegacyRepositoryAdmin):
		return CreateRepo
	case p.permits.Has(write):
		return Write
	}
	return Read
}

// Reaches reports whether the account's privileges count in a workspace. It is false only for an API token that is
// limited to another one: there it may do what everybody may, and no more. "" stands for what is in no workspace.
func (p *Principal) Reaches(workspaceID string) bool {
	return !p.limited() || p.Bounds.WorkspaceID == workspaceID && !p.outside
}

// limited reports whether the principal is an API token that is limited to a workspace.
func (p *Principal) limited() bool { return p.Kind == APIToken && p.Bounds.WorkspaceID != "" }

// beyond is p for a resource outside of its limit: without its account, so that no query that asks what the account may
// see finds more than what is public.
func (p *Principal) beyond() *Principal {
	if p.outside {
		return p
	}
	out := *p
	out.Account, out.outside = nil, true
	return &out
}

// reach names all principals whose levels are the same everywhere: those of one account, unless a credential is bound to
// something.
func (p *Principal) reach() string {
	switch {
	case p.Account != nil && p.Bounds == (Bounds{}):
		return p.Account.ID
	case p.outside:
		return p.ID + " outside"
	}
	return p.ID
}

// required is what an operation asks of this kind of credential.
func (p *Principal) required(op *catalog.Operation) scope.Requirement {
	if kinds[p.Kind].legacy {
		return op.OAuthScopes
	}
	return op.Scopes
}
