package access

import (
	"context"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/scope"
	"github.com/pailforge/pail/internal/token"
)

// Surface is where a credential is presented: the user name that goes with it differs.
type Surface int

// The two surfaces that take an Authorization header.
const (
	SurfaceREST Surface = iota
	SurfaceGit
)

// The user names that stand for no account (support document "Using API tokens" and "Using access tokens").
const (
	gitUserAPIToken    = "x-bitbucket-api-token-auth"
	gitUserAccessToken = "x-token-auth"
)

// anonymousWithoutScheme is an anonymous caller who did send an Authorization header, but a bare secret without a
// scheme. Bitbucket Cloud ignores such a header, and so does Pail; the refusal that follows says so.
var anonymousWithoutScheme = &Principal{}

// turned is where and why a credential was turned away; the zero value says that it was not.
type turned struct {
	at    Step
	whose *Principal // nil: nobody's that is known
	why   *rest.Error
}

// Identify finds out who sent the request: the steps from "well formed" to "right scheme and user name". Without a
// credential it returns an anonymous principal. A refusal that concerns a known credential is recorded with it. The
// answer's headers that describe the credential are set.
func (g *Gate) Identify(r *rest.Request, surface Surface) (*Principal, *rest.Error) {
	p, away := g.identify(r, surface)
	if away.why != nil {
		g.record(away.whose, r, false, away.why)
		return nil, away.why
	}
	return p, nil
}

// identify is Identify without the bookkeeping.
func (g *Gate) identify(r *rest.Request, surface Surface) (*Principal, turned) {
	values := r.HTTP.Header["Authorization"]
	if len(values) == 0 {
		if strings.Contains(r.HTTP.URL.RawQuery, "access_token=") && r.Query().Has("access_token") {
			return nil, turned{at: StepHeader, why: g.plainly(rest.Refuse(reason.CredentialInURL, ""), r, surface)}
		}
		if surface == SurfaceREST {
			p, refusal := g.session(r)
			return p, turned{at: StepCredential, why: refusal}
		}
		return anonymous, turned{}
	}
	version, now := g.DB.Version(), g.Now()
	header := token.Hash(values[0])
	p, known := g.identities[surface].get(header, version, now)
	if !known || len(values) > 1 {
		var away turned
		if p, away = g.present(r, surface, values); away.why != nil || p.Anonymous() {
			return p, away
		}
		g.identities[surface].put(header, p, version, now)
	}
	r.Trace.CredentialKind, r.Trace.CredentialID, r.Trace.AccountID = string(p.Kind), p.ID, p.AccountID()
	if e := g.alive(p, surface, now); e != nil {
		return nil, turned{StepCredential, p, g.plainly(challenge(e), r, surface)}
	}
	if surface == SurfaceREST {
		p.describe(r.Header)
	}
	return p, turned{}
}

// present reads the Authorization header and finds out whose credential it is, and whether it came with the scheme and
// the user name of its kind. A credential that is no longer alive comes back like any other.
func (g *Gate) present(r *rest.Request, surface Surface, values []string) (*Principal, turned) {
	presented, fault := token.ParseAuthorization(values)
	if fault != nil {
		if fault.Code == reason.HeaderSchemeMissing {
			return anonymousWithoutScheme, turned{}
		}
		e := rest.Refuse(fault.Code, fault.Detail)
		if fault.Lines > 0 {
			e.With("lines", fault.Lines)
		}
		return nil, turned{at: StepHeader, why: g.plainly(challenge(e), r, surface)}
	}
	find := principalByHash
	switch {
	case strings.HasPrefix(presented.Secret, token.OAuthAccess.Prefix()):
		find = principalByOAuthToken
	case strings.HasPrefix(presented.Secret, token.RunnerAccess.Prefix()):
		find = principalByRunnerToken
	case strings.HasPrefix(presented.Secret, token.StepAccess.Prefix()):
		find = principalByStepToken
	}
	p, err := g.principal(r.HTTP.Context(), find, token.Hash(presented.Secret))
	if errors.Is(err, database.ErrNoRows) {
		return nil, turned{at: StepCredential, why: g.plainly(challenge(unknown(presented)), r, surface)}
	}
	if err != nil {
		return nil, turned{at: StepCredential, why: rest.Fault(fmt.Errorf("look up credential: %w", err))}
	}
	// Dead comes before wrongly sent: what would mending the user name help?
	if g.alive(p, surface, g.Now()) != nil {
		return p, turned{}
	}
	if e := p.matches(presented, surface); e != nil {
		r.Trace.CredentialKind, r.Trace.CredentialID, r.Trace.AccountID = string(p.Kind), p.ID, p.AccountID()
		return nil, turned{StepScheme, p, g.plainly(challenge(e), r, surface)}
	}
	return p, turned{}
}

// describe sets the headers that every authenticated answer carries (knowledge base: how to fetch the scopes of a
// token).
func (p *Principal) describe(h http.Header) {
	h["X-Oauth-Scopes"] = p.scopeHeader
	h["X-Credential-Type"] = p.kindHeader
}

// One of the two runs for every request whose credential is not at hand.
var (
	principalByHash = selectPrincipal("c.hash", "c.expires_on", "c.revoked_on") +
		` FROM credential c LEFT JOIN account a ON a.id = c.account_id LEFT JOIN workspace w ON w.id = c.workspace_id WHERE c.hash = $1`

	// An access token of OAuth ends by itself, with the credential that it was bought for, or with its consumer.
	principalByOAuthToken = selectPrincipal("t.hash", "t.expires_on", "CASE WHEN c.consumer_id IS NULL OR t.revoked_on > 0 THEN 1 ELSE c.revoked_on END") +
		` FROM oauth_token t JOIN credential c ON c.id = t.credential_id LEFT JOIN account a ON a.id = c.account_id
		LEFT JOIN workspace w ON w.id = c.workspace_id WHERE t.hash = $1 AND NOT t.is_refresh`
)

func selectPrincipal(hash, expires, revoked string) string {
	return `SELECT ` + database.Packed(hash, "c.id", "c.kind", "c.name", expires, revoked,
		"COALESCE(c.workspace_id, '')", "COALESCE(c.project_id, '')", "COALESCE(c.repository_id, '')", "c.scopes",
		"COALESCE(a.id, '')", "COALESCE(a.account_id, '')", "COALESCE(a.email, '')", "COALESCE(a.username, '')", "COALESCE(a.display_name, '')",
		"COALESCE(a.is_admin, FALSE)", "COALESCE(a.is_active, FALSE)", "COALESCE(w.slug, '')")
}

// principal loads who is behind the hash of a secret; database.ErrNoRows when nobody is.
func (g *Gate) principal(ctx context.Context, find string, hash [32]byte) (*Principal, error) {
	want := hex.EncodeToString(hash[:])
	row, err := g.DB.ReadPacked(context.WithoutCancel(ctx), find, want)
	if err != nil {
		return nil, err
	}
	if subtle.ConstantTimeCompare([]byte(row.Text()), []byte(want)) != 1 {
		return nil, database.ErrNoRows
	}
	p := Principal{
		ID: row.Text(), Kind: Kind(row.Text()), Name: row.Text(), Expires: row.Time(), revoked: row.Int() != 0,
		Bounds: Bounds{WorkspaceID: row.Text(), ProjectID: row.Text(), RepositoryID: row.Text()},
	}
	if p.Scopes, err = scope.ParseSet(strings.Fields(row.Text())); err != nil {
		return nil, err
	}
	p.permits = p.Scopes.Expand()
	p.scopeHeader, p.kindHeader = []string{strings.Join(p.Scopes.Names(), ", ")}, []string{string(p.Kind)}
	if id := row.Text(); id != "" {
		p.Account = &Account{ID: id, AccountID: row.Text(), Email: row.Text(), Username: row.Text(), DisplayName: row.Text(), Admin: row.Bool()}
		p.inactive = !row.Bool()
		p.workspace = row.Text()
	}
	return &p, nil
}

// unknown explains a secret that no row has, from its shape alone. It says nothing about accounts or tokens.
func unknown(c token.Credential) *rest.Error {
	shape := token.Inspect(c.Secret)
	if code, ok := shape.Reason(); ok {
		return rest.Refuse(code, shape.Detail)
	}
	switch shape.Kind {
	case token.OAuthClientSecret:
		return rest.Refuse(reason.OAuthConsumerAsLogin, "")
	case token.RunnerSecret:
		return rest.Refuse(reason.OAuthNotAccessToken, "This is a runner secret. It buys an access token for the runner, and opens nothing itself.")
	case token.OAuthRefresh, token.OAuthCode:
		return rest.Refusef(reason.OAuthNotAccessToken, "This is an %s. It buys an access token, and opens nothing itself.", shape.Kind)
	}
	return rest.Refuse(reason.CredentialUnknown, "")
}

// alive is the step after known: only the holder of the whole secret gets here, so the answer may be plain.
func (g *Gate) alive(p *Principal, surface Surface, now time.Time) *rest.Error {
	switch {
	case p.revoked && p.Kind == OAuth:
		return rest.Refusef(reason.TokenRevoked, "The %s of %q was revoked, or the access that %[2]q was allowed.", p.Kind.Title(), p.Name)
	case p.revoked:
		return rest.Refusef(reason.TokenRevoked, "The %s %q was revoked.", p.Kind.Title(), p.Name)
	case p.inactive:
		return rest.Refuse(reason.AccountDeactivated, "")
	case !p.Expires.IsZero() && !now.Before(p.Expires):
		if p.Kind == OAuth {
			return rest.Refusef(reason.OAuthExpired, "The %s of %q expired on %s.", p.Kind.Title(), p.Name, p.Expires.Format(time.RFC3339))
		}
		return rest.Refusef(reason.TokenExpired, "The %s %q expired on %s.", p.Kind.Title(), p.Name, p.Expires.Format(time.RFC3339))
	case p.Kind == AppPassword && g.appPasswordsEnded(now):
		e := rest.Refusef(reason.AppPasswordDisabled, "App passwords ended on this server on %s.", g.AppPasswordsUntil.Format(time.DateOnly))
		if surface == SurfaceGit {
			e.Status = http.StatusGone // git gets 410, REST 401: CHANGE-3222
		}
		return e
	}
	return nil
}

// matches checks that the secret came with the scheme and the user name that its kind takes on this surface.
func (p *Principal) matches(c token.Credential, surface Surface) *rest.Error {
	bearer := c.Scheme == token.Bearer
	switch p.Kind {
	case APIToken:
		if bearer {
			return rest.Refusef(reason.CredentialBearerNotAccepted, "This is an API token, and API tokens go in Basic with the account's e-mail as the user: curl --user '%s:API_TOKEN'.", p.Account.Email)
		}
		if surface == SurfaceGit {
			return p.gitUser(c.User, gitUserAPIToken)
		}
		return p.restUser(c.User)
	case AppPassword:
		if bearer {
			return rest.Refuse(reason.AppPasswordAsBearer, "")
		}
		if strings.EqualFold(c.User, p.Account.Username) {
			return nil
		}
		return p.wrongUser(c.User, reason.CredentialUsernameRequired, "An app password goes with the username.")
	}
	if bearer {
		return nil
	}
	if surface == SurfaceGit {
		if c.User == gitUserAccessToken {
			return nil
		}
		return rest.Refusef(reason.CredentialGitUser, "A %s is used in git with the user name %s.", p.Kind.Title(), gitUserAccessToken)
	}
	return rest.Refusef(reason.CredentialBasicNotAccepted, "A %s goes in the header Authorization: Bearer, without a user name.", p.Kind.Title())
}

// restUser: "use your Atlassian account e-mail" (REST introduction, Authentication).
func (p *Principal) restUser(user string) *rest.Error {
	switch {
	case strings.EqualFold(user, p.Account.Email):
		return nil
	case strings.EqualFold(user, p.Account.Username), user == gitUserAPIToken, user == gitUserAccessToken:
		return rest.Refusef(reason.CredentialEmailRequired, "The secret is right. The user name that came with it is not the account's e-mail: for REST send %s in its place.", p.Account.Email)
	}
	return p.wrongUser(user, reason.CredentialEmailRequired, "For REST an API token goes with the account's e-mail.")
}

// gitUser: the username or the static name, never the e-mail (support document "Using API tokens").
func (p *Principal) gitUser(user, static string) *rest.Error {
	switch {
	case user == static, strings.EqualFold(user, p.Account.Username):
		return nil
	case strings.EqualFold(user, p.Account.Email):
		return rest.Refusef(reason.CredentialUsernameRequired, "The secret is right. For git the user name is %s or %s, not the e-mail.", p.Account.Username, static)
	case user == gitUserAccessToken:
		return rest.Refusef(reason.CredentialGitUser, "%s goes with access tokens. This is an API token: use %s or %s.", gitUserAccessToken, static, p.Account.Username)
	}
	return p.wrongUser(user, reason.CredentialUsernameRequired, "In git an API token goes with the username or "+static+".")
}

func (p *Principal) wrongUser(user string, code reason.Code, rule string) *rest.Error {
	if user == "" {
		return rest.Refuse(reason.CredentialUserEmpty, rule)
	}
	if token.Inspect(user).Problem == token.NotExpanded {
		return rest.Refusef(reason.TokenNotExpanded, "The secret is right. What came as the user is the name of a variable that nothing replaced by its value. %s", rule)
	}
	if code == reason.CredentialUsernameRequired && strings.EqualFold(user, p.Account.Email) {
		return rest.Refusef(code, "The secret is right. %s Send %s in place of the e-mail.", rule, p.Account.Username)
	}
	return rest.Refusef(reason.CredentialUserMismatch, "The secret is right, and belongs to another user than the one sent. %s", rule)
}
