package oauth

import (
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"strings"

	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/token"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// tokenPath is where tokens are bought.
const tokenPath = "/site/oauth2/access_token"

// maxForm is how large a request for tokens may be, in bytes.
const maxForm = 16 << 10

// Mount adds the token endpoint to mux. api says how refusals are told: a bare server leaves out what is Pail's.
func (r *Room) Mount(mux *http.ServeMux, api *rest.API) {
	mux.HandleFunc(tokenPath, func(w http.ResponseWriter, hr *http.Request) {
		trace := rest.TraceOf(hr.Context())
		trace.Operation = "POST " + tokenPath
		h := w.Header()
		h.Set("Cache-Control", "no-store") // RFC 6749, 5.1
		h.Set("Pragma", "no-cache")
		h.Set("X-Content-Type-Options", "nosniff")
		t, err := r.sell(w, hr)
		if err != nil {
			r.refuse(w, hr, api, err)
			return
		}
		trace.CredentialKind, trace.CredentialID = string(t.Kind), t.CredentialID
		scopes := t.Scopes.Names()
		write(w, http.StatusOK, answer{Scopes: strings.Join(scopes, " "), AccessTokenResponse: oidc.AccessTokenResponse{
			AccessToken: t.Access, TokenType: "bearer", RefreshToken: t.Refresh, ExpiresIn: uint64(t.Length.Seconds()), State: t.State, Scope: scopes}})
	})
}

// answer has the scopes twice: as RFC 6749 names them, and as Bitbucket Cloud did for long.
type answer struct {
	oidc.AccessTokenResponse
	Scopes string `json:"scopes"`
}

// sell reads a request for tokens and serves its grant.
func (r *Room) sell(w http.ResponseWriter, hr *http.Request) (Tokens, error) {
	if hr.Method != http.MethodPost {
		return Tokens{}, rest.Refuse(reason.MethodNotAllowed, "Tokens are bought with POST.").WithHeader("Allow", http.MethodPost)
	}
	in, err := readForm(w, hr)
	if err != nil {
		return Tokens{}, err
	}
	ctx, scopes := hr.Context(), strings.Fields(hr.PostForm.Get("scope"))
	grant := oidc.GrantType(hr.PostForm.Get("grant_type"))
	switch grant {
	case oidc.GrantTypeCode, oidc.GrantTypeRefreshToken, oidc.GrantTypeClientCredentials:
	case "":
		return Tokens{}, rest.Refuse(reason.OAuthRequestInvalid, "grant_type is missing.")
	case "password":
		return Tokens{}, rest.Refuse(reason.OAuthPasswordGrant, "")
	default:
		return Tokens{}, rest.Refuse(reason.OAuthGrant, "")
	}
	if grant == oidc.GrantTypeClientCredentials && r.Sold != nil && in.ClientID != "" {
		if t, ok, err := r.Sold(ctx, in.ClientID, in.ClientSecret); ok || err != nil {
			return t, err
		}
	}
	c, err := r.prove(ctx, in.ClientID, in.ClientSecret)
	if err != nil {
		return Tokens{}, err
	}
	switch grant {
	case oidc.GrantTypeCode:
		return r.exchange(ctx, c, in)
	case oidc.GrantTypeRefreshToken:
		return r.renew(ctx, c, hr.PostForm.Get("refresh_token"), scopes)
	}
	return r.own(ctx, c, scopes)
}

// readForm reads the body, and who sends it: from Basic, or from the body.
func readForm(w http.ResponseWriter, hr *http.Request) (*oidc.AccessTokenRequest, error) {
	for _, name := range []string{"client_secret", "code", "refresh_token"} {
		if hr.URL.Query().Has(name) {
			return nil, rest.Refuse(reason.CredentialInURL, "")
		}
	}
	const form = "application/x-www-form-urlencoded"
	if media, _, _ := mime.ParseMediaType(hr.Header.Get("Content-Type")); media != form {
		return nil, rest.Refuse(reason.MediaTypeUnsupported, "Tokens are bought with a form: "+form+".")
	}
	hr.Body = http.MaxBytesReader(w, hr.Body, maxForm)
	if err := hr.ParseForm(); err != nil {
		if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return nil, rest.Refusef(reason.BodyTooLarge, "The form is larger than %d bytes.", tooLarge.Limit)
		}
		return nil, rest.Refuse(reason.OAuthRequestInvalid, "The body is no form: a percent escape or a separator in it is broken.")
	}
	hr.Form = hr.PostForm // the query is no place for parameters of this endpoint
	if err := once(hr.PostForm); err != nil {
		return nil, err
	}
	if values := hr.Header["Authorization"]; len(values) > 0 {
		presented, fault := token.ParseAuthorization(values)
		switch {
		case fault != nil && fault.Code != reason.TokenEmpty: // a public consumer may send its key alone
			return nil, rest.Refuse(fault.Code, fault.Detail)
		case presented.Scheme == token.Bearer:
			return nil, rest.Refuse(reason.OAuthClientMissing, "A token buys no token. Key and secret of the consumer go in Basic, or in the body.")
		}
	}
	var in oidc.AccessTokenRequest
	if err := op.ParseAuthenticatedTokenRequest(hr, decoder, &in); err != nil {
		return nil, refused(err)
	}
	return &in, nil
}

// refusal is an error as OAuth has it (RFC 6749, 4.1.2.1 and 5.2), with what Pail adds.
type refusal struct {
	Error       string         `json:"error" schema:"error"`
	Description string         `json:"error_description" schema:"error_description"`
	URI         string         `json:"error_uri,omitempty" schema:"error_uri,omitempty"`
	State       string         `json:"-" schema:"state,omitempty"`
	Detail      any            `json:"detail,omitempty" schema:"-"`
	Reason      reason.Code    `json:"reason,omitempty" schema:"-"`
	Doc         string         `json:"doc,omitempty" schema:"-"`
	Fix         []string       `json:"fix,omitempty" schema:"-"`
	RequestID   string         `json:"request_id,omitempty" schema:"-"`
	Data        map[string]any `json:"data,omitempty" schema:"-"`
}

// kinds are OAuth's names of the reasons. What is not here is invalid_request.
var kinds = map[reason.Code]string{
	reason.OAuthClientMissing: string(oidc.InvalidClient), reason.OAuthClientUnknown: string(oidc.InvalidClient), reason.OAuthClientSecret: string(oidc.InvalidClient),
	reason.OAuthResponseType: "unsupported_response_type", reason.OAuthScopeInvalid: string(oidc.InvalidScope), reason.OAuthDenied: string(oidc.AccessDenied),
	reason.OAuthGrant: string(oidc.UnsupportedGrantType), reason.OAuthPasswordGrant: string(oidc.UnsupportedGrantType),
	reason.OAuthConsumerPublic: string(oidc.InvalidGrant), reason.OAuthRedirect: string(oidc.InvalidGrant), reason.OAuthVerifier: string(oidc.InvalidGrant),
	reason.OAuthCodeUnknown: string(oidc.InvalidGrant), reason.OAuthCodeUsed: string(oidc.InvalidGrant), reason.OAuthCodeExpired: string(oidc.InvalidGrant),
	reason.OAuthRefreshUnknown: string(oidc.InvalidGrant), reason.OAuthRefreshUsed: string(oidc.InvalidGrant), reason.OAuthRefreshExpired: string(oidc.InvalidGrant),
	reason.OAuthRevoked: string(oidc.InvalidGrant), reason.ServerFault: string(oidc.ServerError), reason.ServerBusy: "temporarily_unavailable",
}

func (r *Room) refusal(e *rest.Error) refusal {
	kind, ok := kinds[e.Reason]
	switch {
	case ok:
	case e.Status == http.StatusUnauthorized: // a header that cannot be read names nobody
		kind = string(oidc.InvalidClient)
	default:
		kind = string(oidc.InvalidRequest)
	}
	return refusal{Error: kind, Description: e.Message, URI: r.URLs.Base + e.Reason.DocPath()}
}

// refuse answers err. What is no *rest.Error is the server's fault, and goes to the log.
func (r *Room) refuse(w http.ResponseWriter, hr *http.Request, api *rest.API, err error) {
	trace := rest.TraceOf(hr.Context())
	e, ok := errors.AsType[*rest.Error](err)
	if !ok {
		e = rest.Fault(err)
	}
	if e.Cause != nil && hr.Context().Err() == nil {
		r.Log.Error("request failed", "request_id", trace.RequestID, "operation", trace.Operation, "reason", e.Reason, "error", e.Cause)
	}
	trace.Reason = e.Reason
	body := r.refusal(e)
	h := w.Header()
	for k, v := range e.Header {
		h[k] = v
	}
	if e.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Basic realm="OAuth"`) // RFC 6749, 5.2
	}
	if api.Bare {
		body.URI = ""
	} else {
		h.Set("X-Pail-Reason", string(e.Reason))
		body.Detail, body.Reason, body.Doc, body.Fix = e.Detail, e.Reason, body.URI, reason.Of(e.Reason).Steps(r.URLs.Base)
		body.RequestID, body.Data = trace.RequestID, e.Data
	}
	write(w, e.Status, body)
}

func write(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(body) // the client went away: nothing is left to tell it
}
