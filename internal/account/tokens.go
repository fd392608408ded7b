package account

import (
	"errors"
	"net/http"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/scope"
	"github.com/pailforge/pail/internal/token"
)

// Mount adds Pail's own operations on accounts to mux, below /pail/v1. They take Basic with the account's e-mail and
// password, or a session with its CSRF token: a token never makes another.
func (r *Room) Mount(mux *http.ServeMux, api *rest.API) {
	own := func(pattern string, h func(*rest.Request, *access.Account) (any, error), params ...string) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, hr *http.Request) {
			values := map[string]string{}
			for _, p := range params {
				values[p] = hr.PathValue(p)
			}
			api.Own(w, hr, pattern, values, func(q *rest.Request) (any, error) {
				self, err := r.signedIn(q)
				if err != nil {
					return nil, err
				}
				return h(q, self)
			})
		})
	}
	mux.HandleFunc("POST /pail/v1/session", func(w http.ResponseWriter, hr *http.Request) {
		api.Own(w, hr, "POST /pail/v1/session", nil, r.signIn)
	})
	own("DELETE /pail/v1/session", r.signOut)
	own("POST /pail/v1/user/api-tokens", r.createToken)
	own("GET /pail/v1/user/api-tokens", r.listTokens)
	own("GET /pail/v1/user/api-tokens/{id}", r.getToken, "id")
	own("GET /pail/v1/user/api-tokens/{id}/activity", r.tokenActivity, "id")
	own("GET /pail/v1/user/api-tokens/{id}/usage", r.tokenUsage, "id")
	own("POST /pail/v1/user/api-tokens/{id}/rotate", r.rotateToken, "id")
	own("DELETE /pail/v1/user/api-tokens/{id}", r.deleteToken, "id")
}

// signedIn is the person behind a request to Pail's own operations.
func (r *Room) signedIn(q *rest.Request) (*access.Account, error) {
	values := q.HTTP.Header["Authorization"]
	if len(values) == 0 {
		p, refusal := r.Gate.Identify(q, access.SurfaceREST)
		if refusal != nil {
			return nil, refusal
		}
		if p.Kind != access.Session {
			return nil, rest.Refuse(reason.CredentialMissing, "Pail's own operations take Basic with the account's e-mail and password, or a signed-in session.").
				WithHeader("WWW-Authenticate", `Basic realm="Pail"`)
		}
		return p.Account, nil
	}
	presented, fault := token.ParseAuthorization(values)
	if fault != nil {
		return nil, rest.Refuse(fault.Code, fault.Detail)
	}
	if shape := token.Inspect(presented.Secret); presented.Scheme == token.Bearer || shape.Kind != token.Unknown {
		return nil, rest.Refuse(reason.CredentialKindNotAccepted, "A token can neither make nor manage tokens. Send the account's e-mail and password.").
			WithMessage("This API is only accessible with the following authentication types: session, password")
	}
	a, err := r.Authenticate(q.HTTP.Context(), presented.User, presented.Secret, access.Address(q.HTTP))
	if err != nil {
		return nil, err
	}
	q.Trace.CredentialKind, q.Trace.AccountID = "password", a.ID
	return &a.Account, nil
}

func (r *Room) signIn(q *rest.Request) (any, error) {
	var in struct{ Email, Password string }
	if err := q.Decode(&in); err != nil {
		return nil, err
	}
	a, err := r.Authenticate(q.HTTP.Context(), in.Email, in.Password, access.Address(q.HTTP))
	if err != nil {
		return nil, err
	}
	s, err := r.Gate.StartSession(q.HTTP.Context(), a.ID, access.Address(q.HTTP), q.HTTP.UserAgent())
	if err != nil {
		return nil, err
	}
	http.SetCookie(headerWriter(q.Header), access.NewSessionCookie(s, r.URLs.Base))
	return rest.Answer{Status: http.StatusCreated, Body: map[string]any{
		"csrf_token": s.CSRF, "expires_on": rest.Time(s.Expires), "user": r.Render(&a.Account)}}, nil
}

// headerWriter lets http.SetCookie write into the headers of an answer that is still being made.
type headerWriter http.Header

func (h headerWriter) Header() http.Header       { return http.Header(h) }
func (headerWriter) Write(b []byte) (int, error) { return len(b), nil }
func (headerWriter) WriteHeader(int)             {}

func (r *Room) signOut(q *rest.Request, _ *access.Account) (any, error) {
	if cookie, err := q.HTTP.Cookie(access.SessionCookie); err == nil {
		if err := r.Gate.EndSession(q.HTTP.Context(), cookie.Value); err != nil {
			return nil, err
		}
		http.SetCookie(headerWriter(q.Header), access.NewSessionCookie(access.SignedIn{}, r.URLs.Base))
	}
	return nil, nil
}

// TokenJSON is an API token as Pail's own API writes it. Token is there once, in the answer that made it.
type TokenJSON struct {
	ID            string               `json:"id"`
	Name          string               `json:"name"`
	Token         string               `json:"token,omitempty"`
	Scopes        scope.Set            `json:"scopes"`
	Workspace     string               `json:"workspace,omitempty"` // the slug of the one that it is limited to
	CreatedOn     rest.Time            `json:"created_on"`
	ExpiresOn     rest.Time            `json:"expires_on"`
	ReplacedBy    string               `json:"replaced_by,omitempty"` // the id of the token that it was rotated to
	LastAccessed  rest.Time            `json:"last_accessed"`         // null: never accessed
	AccessedFrom  string               `json:"last_accessed_address,omitempty"`
	AccessedBy    string               `json:"last_accessed_user_agent,omitempty"`
	LastRefused   rest.Time            `json:"last_refused"` // null: never refused
	RefusedFrom   string               `json:"last_refused_address,omitempty"`
	RefusedReason reason.Code          `json:"last_refused_reason,omitempty"`
	RefusedDoc    string               `json:"last_refused_doc,omitempty"`
	Links         map[string]rest.Link `json:"links"`
}

func (r *Room) tokenJSON(c access.Credential, secret string) TokenJSON {
	at := func(more ...string) rest.Link {
		return r.URLs.Web(append([]string{"pail", "v1", "user", "api-tokens", c.ID}, more...)...)
	}
	t := TokenJSON{ID: c.ID, Name: c.Name, Token: secret, Scopes: c.Scopes, Workspace: c.Workspace, CreatedOn: rest.Time(c.Created), ExpiresOn: rest.Time(c.Expires),
		ReplacedBy: c.ReplacedBy, Links: map[string]rest.Link{"self": at(), "activity": at("activity"), "usage": at("usage")}}
	t.LastAccessed, t.AccessedFrom, t.AccessedBy = rest.Time(c.LastAccessed), c.LastAccessedAddress, c.LastAccessedAgent
	t.LastRefused, t.RefusedFrom, t.RefusedReason = rest.Time(c.LastRefused), c.LastRefusedAddress, c.LastRefusedReason
	if c.LastRefusedReason != "" {
		t.RefusedDoc = r.URLs.Base + c.LastRefusedReason.DocPath()
	}
	return t
}

func (r *Room) createToken(q *rest.Request, self *access.Account) (any, error) {
	var in struct {
		Name          *string  `json:"name"`
		Scopes        []string `json:"scopes"`
		ExpiresInDays *int     `json:"expires_in_days"`
		Workspace     *string  `json:"workspace"`
	}
	if err := q.Decode(&in); err != nil {
		return nil, err
	}
	switch {
	case in.Name == nil:
		return nil, rest.MissingField("name")
	case in.Scopes == nil:
		return nil, rest.MissingField("scopes")
	case in.ExpiresInDays == nil:
		return nil, rest.MissingField("expires_in_days")
	}
	n := NewToken{Name: *in.Name, Scopes: in.Scopes, Days: *in.ExpiresInDays}
	if in.Workspace != nil {
		if n.Workspace = *in.Workspace; n.Workspace == "" {
			return nil, rest.InvalidField("workspace", noSuchWorkspace)
		}
	}
	c, secret, err := r.MakeToken(q.HTTP.Context(), self.ID, n)
	return r.made(q, c, secret, err)
}

// made answers with a token that was made, and its secret.
func (r *Room) made(q *rest.Request, c access.Credential, secret string, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	q.Header.Set("Cache-Control", "no-store")
	t := r.tokenJSON(c, secret)
	return rest.Created(t, t.Links["self"]), nil
}

func (r *Room) rotateToken(q *rest.Request, self *access.Account) (any, error) {
	var in struct {
		OverlapHours  int  `json:"overlap_hours"`
		ExpiresInDays *int `json:"expires_in_days"`
	}
	if err := q.Decode(&in); err != nil {
		return nil, err
	}
	old, err := r.token(q, self)
	if err != nil {
		return nil, err
	}
	days := LifeOf(old)
	if in.ExpiresInDays != nil {
		days = *in.ExpiresInDays
	}
	c, secret, err := r.Rotate(q.HTTP.Context(), old, time.Duration(min(max(in.OverlapHours, -1), 169))*time.Hour, days)
	if errors.Is(err, access.ErrNotFound) {
		return nil, tokenNotFound()
	}
	return r.made(q, c, secret, err)
}

func (r *Room) listTokens(q *rest.Request, self *access.Account) (any, error) {
	p, err := q.Paging(rest.DefaultPagelen)
	if err != nil {
		return nil, err
	}
	if err := r.Gate.Recorder.Flush(q.HTTP.Context()); err != nil {
		return nil, err
	}
	all, err := r.Credentials.OfAccount(q.HTTP.Context(), self.ID, access.APIToken)
	if err != nil {
		return nil, err
	}
	values := make([]TokenJSON, len(all))
	for i, c := range all {
		values[i] = r.tokenJSON(c, "")
	}
	return rest.Slice(q, p, values), nil
}

// token finds the token that a path names, with bookkeeping up to this moment.
func (r *Room) token(q *rest.Request, self *access.Account) (access.Credential, error) {
	if err := r.Gate.Recorder.Flush(q.HTTP.Context()); err != nil {
		return access.Credential{}, err
	}
	id, ok := rest.Unbraced(q.Param("id"))
	if !ok {
		return access.Credential{}, tokenNotFound()
	}
	c, err := r.Credentials.Get(q.HTTP.Context(), self.ID, access.APIToken, id)
	if errors.Is(err, access.ErrNotFound) {
		return c, tokenNotFound()
	}
	return c, err
}

func tokenNotFound() error {
	return rest.Refuse(reason.ResourceNotFound, "The account has no API token with this id.")
}

func (r *Room) getToken(q *rest.Request, self *access.Account) (any, error) {
	c, err := r.token(q, self)
	if err != nil {
		return nil, err
	}
	return r.tokenJSON(c, ""), nil
}

type eventJSON struct {
	On        rest.Time   `json:"on"`
	Method    string      `json:"method"`
	Path      string      `json:"path"`
	Operation string      `json:"operation,omitempty"`
	Outcome   string      `json:"outcome"`
	Reason    reason.Code `json:"reason,omitempty"`
	Address   string      `json:"address"`
	Agent     string      `json:"user_agent"`
}

func (r *Room) tokenActivity(q *rest.Request, self *access.Account) (any, error) {
	p, err := q.Paging(rest.DefaultPagelen)
	if err != nil {
		return nil, err
	}
	c, err := r.token(q, self)
	if err != nil {
		return nil, err
	}
	events, err := r.Gate.Recorder.Activity(q.HTTP.Context(), c.ID, access.MaxActivity)
	if err != nil {
		return nil, err
	}
	values := make([]eventJSON, len(events))
	for i, e := range events {
		values[i] = eventJSON{rest.Time(e.At), e.Method, e.Path, e.Operation, "accepted", e.Reason, e.Address, e.Agent}
		if e.Reason != "" {
			values[i].Outcome = "refused"
		}
	}
	return rest.Slice(q, p, values), nil
}

func (r *Room) deleteToken(q *rest.Request, self *access.Account) (any, error) {
	id, ok := rest.Unbraced(q.Param("id"))
	if !ok {
		return nil, tokenNotFound()
	}
	err := r.Credentials.Revoke(q.HTTP.Context(), self.ID, access.APIToken, id)
	if errors.Is(err, access.ErrNotFound) {
		return nil, tokenNotFound()
	}
	return nil, err
}
