package oauth

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/token"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
	"github.com/zitadel/schema"
)

// codeLength is how long an authorization code is good. RFC 6749 (4.1.2) allows ten minutes at most.
const codeLength = 5 * time.Minute

// Question is an application's request for access to a person's account.
type Question struct {
	Consumer    Consumer
	RedirectURI string // where the answer goes: registered, or below what is registered

	redirectSent     bool
	state, challenge string
}

// Told is a refusal that the application itself is to learn: the browser goes to URL with it. Every other error of a
// question is shown to the person, because nobody knows who would get it.
type Told struct {
	URL     string
	Refused *rest.Error
}

// Error is the text for the log.
func (t *Told) Error() string { return t.Refused.Error() }

// Unwrap gives the refusal.
func (t *Told) Unwrap() error { return t.Refused }

// decoder reads the parameters of requests. It keeps what it has learnt about the structs.
var decoder = func() *schema.Decoder {
	d := schema.NewDecoder()
	d.IgnoreUnknownKeys(true)
	return d
}()

var (
	encoder = oidc.NewEncoder()

	s256 = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)
)

// Ask reads a request to the authorization endpoint from its query. The errors are a *rest.Error to be shown to the
// person, or a *Told.
func (r *Room) Ask(ctx context.Context, query string) (*Question, error) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, rest.Refuse(reason.OAuthRequestInvalid, "The query cannot be read: a percent escape or a separator in it is broken.")
	}
	if err := once(values); err != nil {
		return nil, err
	}
	in, err := op.ParseAuthorizeRequest(&http.Request{Method: http.MethodGet, URL: &url.URL{RawQuery: values.Encode()}}, decoder)
	if err != nil {
		return nil, refused(err)
	}
	if in.ClientID == "" {
		return nil, rest.Refuse(reason.OAuthRequestInvalid, "client_id is missing: the key of the consumer that asks.")
	}
	c, err := r.byKey(ctx, in.ClientID)
	if err != nil {
		return nil, err
	}
	q := &Question{Consumer: c, RedirectURI: c.CallbackURL, state: in.State, challenge: in.CodeChallenge}
	if in.RedirectURI != "" {
		if !redirectFits(c.CallbackURL, in.RedirectURI) {
			return nil, rest.Refuse(reason.OAuthRedirect, "The application asked for an answer at an address that is neither the callback URL registered for it nor below it.").
				With("redirect_uri", in.RedirectURI)
		}
		q.RedirectURI, q.redirectSent = in.RedirectURI, true
	}
	if refusal := q.check(in); refusal != nil {
		return nil, r.tell(q, refusal)
	}
	return q, nil
}

// once refuses a parameter that is there twice (RFC 6749, 3.1 and 3.2): who reads the first and who reads the last
// would see two requests.
func once(values url.Values) error {
	for name, all := range values {
		if len(all) > 1 {
			if len(name) > 40 {
				name = name[:40]
			}
			return rest.Refusef(reason.OAuthRequestInvalid, "The parameter %q is there %d times.", name, len(all))
		}
	}
	return nil
}

// byKey finds a consumer by its key. A *rest.Error says that there is none.
func (r *Room) byKey(ctx context.Context, key string) (Consumer, error) {
	if !text(key, false) || len(key) > maxName { // what PostgreSQL refuses as text
		return Consumer{}, rest.Refuse(reason.OAuthClientUnknown, "")
	}
	c, err := consumer(ctx, r.DB, `o.key = $1`, key)
	if errors.Is(err, ErrNotFound) {
		return c, rest.Refuse(reason.OAuthClientUnknown, "")
	}
	return c, err
}

// check looks at everything that the application may be told about.
func (q *Question) check(in *oidc.AuthRequest) *rest.Error {
	switch {
	case in.ResponseType == "":
		return rest.Refuse(reason.OAuthRequestInvalid, "response_type is missing: it is to be code.")
	case in.ResponseType != oidc.ResponseTypeCode:
		return rest.Refuse(reason.OAuthResponseType, "")
	case in.ResponseMode != "" && in.ResponseMode != oidc.ResponseModeQuery:
		return rest.Refuse(reason.OAuthRequestInvalid, "The answer is given in the query of the redirect_uri: leave response_mode out.")
	case in.CodeChallenge == "" && in.CodeChallengeMethod != "":
		return rest.Refuse(reason.OAuthRequestInvalid, "code_challenge_method is there, and no code_challenge.")
	case in.CodeChallenge != "" && in.CodeChallengeMethod != oidc.CodeChallengeMethodS256:
		return rest.Refuse(reason.OAuthRequestInvalid, "The only code_challenge_method is S256.")
	case in.CodeChallenge != "" && !s256.MatchString(in.CodeChallenge):
		return rest.Refuse(reason.OAuthRequestInvalid, "code_challenge is no SHA-256 in base64url: 43 characters without padding.")
	case len(in.State) > maxURL || !text(in.State, false):
		return rest.Refuse(reason.OAuthRequestInvalid, "state is longer than 2000 characters, or holds control characters.")
	}
	return q.Consumer.within(in.Scopes)
}

// within refuses scopes that the consumer does not have. A request may name some or none: the token gets all.
func (c *Consumer) within(scopes []string) *rest.Error {
	has := c.Scopes.Names()
	for _, s := range scopes {
		if s != "" && !slices.Contains(has, s) {
			return rest.Refuse(reason.OAuthScopeInvalid, "").With("scopes", has)
		}
	}
	return nil
}

// refused is an error of the library in Pail's words.
func refused(err error) error {
	if e, ok := errors.AsType[*oidc.Error](err); ok {
		return rest.Refuse(reason.OAuthRequestInvalid, sentence(e.Description))
	}
	return err
}

func sentence(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:] + "."
}

// tell makes the refusal that the browser carries to the application.
func (r *Room) tell(q *Question, refusal *rest.Error) error {
	answer := r.refusal(refusal)
	answer.State = q.state
	to, err := op.AuthResponseURL(q.RedirectURI, oidc.ResponseTypeCode, "", answer, encoder)
	if err != nil {
		return err
	}
	return &Told{URL: to, Refused: refusal}
}

// Allowed reports whether the account has allowed the application all of this before, so that it need not be asked
// again. Whoever can be impersonated, because it has no secret or gets its answer on the person's own machine, is asked
// for again each time (RFC 8252, 8.6).
func (r *Room) Allowed(ctx context.Context, q *Question, accountID string) (bool, error) {
	to, err := url.Parse(q.RedirectURI)
	if err != nil || !q.Consumer.Private || loopback(to) || to.Scheme != "http" && to.Scheme != "https" {
		return false, err
	}
	c, err := r.Credentials.Allowed(ctx, r.DB, q.Consumer.ID, accountID)
	if errors.Is(err, access.ErrNotFound) {
		return false, nil
	}
	return c.Scopes.Contains(q.Consumer.Scopes), err
}

// Yes lets the application into the account, with the scopes that were shown, and returns where the browser takes the
// code. A *rest.Error says that the consumer was changed or removed meanwhile.
func (r *Room) Yes(ctx context.Context, q *Question, accountID string) (string, error) {
	family, err := uuid.NewV7()
	if err != nil {
		return "", err
	}
	secret, now := token.Mint(token.OAuthCode), r.now()
	k := code{family: family.String(), redirectURI: q.RedirectURI, redirectSent: q.redirectSent, challenge: q.challenge, state: q.state,
		created: now, expires: now.Add(codeLength)}
	if k.challenge != "" {
		k.method = string(oidc.CodeChallengeMethodS256)
	}
	err = r.DB.Update(ctx, func(tx *database.Tx) error {
		c, err := lockConsumer(ctx, tx, q.Consumer.ID)
		if errors.Is(err, ErrNotFound) {
			return rest.Refuse(reason.OAuthClientUnknown, "The consumer was removed while you looked at the page.")
		}
		if err != nil {
			return err
		}
		if c.Scopes != q.Consumer.Scopes || c.CallbackURL != q.Consumer.CallbackURL {
			return rest.Refuse(reason.ConflictState, "The application's settings were changed while you looked at the page. Begin again in the application.")
		}
		k.credentialID, err = r.Credentials.Allow(ctx, tx, c.ID, access.Credential{AccountID: accountID, Name: c.Name, Scopes: c.Scopes})
		if err != nil {
			return err
		}
		if err := tidy(ctx, tx, k.credentialID, now); err != nil {
			return err
		}
		return insertCode(ctx, tx, hashOf(secret), &k)
	})
	if err != nil {
		return "", err
	}
	return op.AuthResponseURL(q.RedirectURI, oidc.ResponseTypeCode, "", op.CodeResponseType{Code: secret, State: q.state}, encoder)
}

// No returns where the browser takes the person's refusal.
func (r *Room) No(q *Question) (string, error) {
	err := r.tell(q, rest.Refuse(reason.OAuthDenied, ""))
	if told, ok := errors.AsType[*Told](err); ok {
		return told.URL, nil
	}
	return "", err
}
