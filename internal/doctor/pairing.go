package doctor

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/pailforge/pail/internal/catalog"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/token"
)

// Which kind of secret goes with which user and which scheme on which surface: decided from shape alone, and the cause
// of most reports.

// The user names of git that belong to a kind of secret.
const (
	gitAPIToken = "x-bitbucket-api-token-auth"
	gitAccess   = "x-token-auth"
	bots        = "@bots.bitbucket.org"
)

// The days on which things ended on bitbucket.org.
var (
	appPasswordsEnd = time.Date(2026, 7, 28, 0, 0, 0, 0, time.UTC) // CHANGE-3222
	oldTokensEnd    = time.Date(2026, 5, 12, 0, 0, 0, 0, time.UTC) // the last of those made before 2024-12-15
	issuesEnd       = time.Date(2026, 8, 20, 0, 0, 0, 0, time.UTC)
)

const fromShape = "It follows from the kind of secret, the user and the scheme alone."

// pairing judges each credential by its kind. Where two would be sent, the first one counts.
func pairing(f *facts) []Finding {
	if len(f.sent) == 0 || f.surface == SurfaceOther || f.service == elsewhere || strings.HasPrefix(f.path, "/pail/v1/") {
		return nil
	}
	s := &f.sent[0]
	if s.unread || s.scheme == token.NoScheme {
		return nil // what is wrong with the header is told already
	}
	if list := f.swapped(s); list != nil {
		return list
	}
	if s.secret.Open || f.foreign(s) {
		return nil
	}
	switch {
	case f.oauth:
		return f.atOAuth(s)
	case s.is(token.APIToken):
		return f.apiToken(s)
	case s.is(token.AccessToken, token.OAuthAccess):
		return f.bearerToken(s)
	case s.is(token.AppPassword):
		return f.appPassword(s)
	case s.is(token.OAuthRefresh, token.OAuthCode, token.Session, token.SetupLink, token.Invitation):
		return []Finding{f.find(reason.CredentialKindNotAccepted, Certain, fromShape, fmt.Sprintf("The secret is of the kind %q, which opens neither the API nor git.", s.shape.Kind)).at(s.secret.Place)}
	case s.is(token.OAuthClientSecret):
		return []Finding{f.find(reason.OAuthConsumerAsLogin, Certain, fromShape, "The secret is that of an OAuth consumer.").at(s.secret.Place)}
	case s.password():
		return f.unknownSecret(s)
	}
	return nil
}

// swapped finds a token in the user's place.
func (f *facts) swapped(s *sending) []Finding {
	switch {
	case s.fault != nil && s.fault.Code == reason.CredentialSwapped:
		return []Finding{f.find(reason.CredentialSwapped, Certain, fromShape, s.fault.Detail).at(s.place)}
	case s.fault == nil && tokenShaped(s.user):
		return []Finding{f.find(reason.CredentialSwapped, Certain, fromShape, fmt.Sprintf("The user from %s is a token: %s.", s.from, token.Mask(s.user.Text))).at(s.user.Place)}
	}
	return nil
}

func (f *facts) apiToken(s *sending) []Finding {
	user := s.user
	switch {
	case s.scheme == token.Bearer && s.paired:
		return []Finding{f.find(reason.CredentialBearerNotAccepted, Certain, fromShape, "After the word Bearer stands base64 of a user and an API token, which belongs after the word Basic.").at(s.place)}
	case s.scheme == token.Bearer && f.surface == SurfaceGit:
		return []Finding{f.find(reason.CredentialBearerNotAccepted, Likely, "Git with an API token is documented with Basic only.", "An API token is sent as Bearer.").at(s.place)}
	case s.scheme == token.Bearer:
		return []Finding{f.find(reason.CredentialBearerNotAccepted, Certain, fromShape, "An API token is sent as Bearer.").at(s.place)}
	case s.noUser || user.Open || hole(user.Text) != "" || blankOf(user.Text) != "":
		return nil
	case user.Text == "":
		return f.userEmpty(s)
	case f.surface == SurfaceGit:
		return f.apiTokenInGit(s)
	case isEmail(user.Text) && !isBot(user.Text):
		return nil
	}
	what := "a user name without an @"
	switch {
	case user.Text == gitAPIToken, user.Text == gitAccess:
		what = user.Text + ", which is for git"
	case isBot(user.Text):
		what = "the address of an access token's bot"
	case strings.Contains(user.Text, "%40"):
		what = "an e-mail with %40; only in a URL the @ is written so"
	case strings.Contains(user.Text, "@"):
		what = "no whole e-mail"
	}
	return []Finding{f.find(reason.CredentialEmailRequired, Certain, fromShape, fmt.Sprintf("An API token is sent to the REST API with %s as the user.", what)).at(user.Place)}
}

func (f *facts) apiTokenInGit(s *sending) []Finding {
	switch user := s.user.Text; {
	case user == gitAccess:
		return []Finding{f.find(reason.CredentialGitUser, Certain, fromShape, gitAccess+" is the user for access tokens, and this is an API token.").at(s.user.Place)}
	case isBot(user):
		return []Finding{f.find(reason.CredentialGitUser, Certain, fromShape, "The user is the address of an access token's bot, and the secret is an API token.").at(s.user.Place)}
	case strings.Contains(user, "@"):
		return []Finding{f.find(reason.CredentialUsernameRequired, Certain, fromShape, "An API token is sent to git with an e-mail as the user; the e-mail is for REST.").at(s.user.Place)}
	case strings.EqualFold(user, gitAPIToken) && user != gitAPIToken:
		return []Finding{f.find(reason.CredentialGitUser, Likely, "The name is documented in small letters.", "The static user name is not in small letters.").at(s.user.Place)}
	}
	return nil
}

func (f *facts) userEmpty(s *sending) []Finding {
	return []Finding{f.find(reason.CredentialUserEmpty, Certain, fromShape, fmt.Sprintf("The user from %s is empty.", s.from)).at(s.user.Place)}
}

// bearerToken is for access tokens and what OAuth hands out.
func (f *facts) bearerToken(s *sending) []Finding {
	name := s.shape.Kind.String()
	var list []Finding
	if end, ok := expiry(s.secret.Text); ok && f.now.After(end) {
		list = append(list, f.find(reason.OAuthExpired, Certain, "The token itself holds its end.", fmt.Sprintf("The token ended on %s.", end.Format(time.RFC3339))).at(s.secret.Place))
	}
	switch {
	case s.scheme == token.Bearer && s.paired:
		return append(list, f.find(reason.CredentialBasicNotAccepted, Certain, fromShape, fmt.Sprintf("After the word Bearer stands base64 of a user and the %s; the token alone belongs there.", name)).at(s.place))
	case s.scheme == token.Bearer:
		return list
	case f.surface == SurfaceGit && (s.user.Open || s.user.Text == gitAccess || hole(s.user.Text) != ""):
		return list
	case f.surface == SurfaceGit:
		what := "another user than " + gitAccess
		if isBot(s.user.Text) {
			what = "the address of its bot as the user"
		}
		certainty := Certain
		if s.shape.Origin == token.OriginJWT {
			certainty = Likely
		}
		return append(list, f.find(reason.CredentialGitUser, certainty, fromShape, fmt.Sprintf("An %s is sent to git with %s.", strings.TrimPrefix(name, "an "), what)).at(s.user.Place))
	}
	return append(list, f.find(reason.CredentialBasicNotAccepted, Certain, fromShape, fmt.Sprintf("An %s is sent as Basic.", name)).at(s.place))
}

// expiry reads the end out of a JSON web token.
func expiry(text string) (time.Time, bool) {
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return time.Time{}, false
	}
	plain, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	var claims struct {
		Exp int64 `json:"exp"`
	}
	if err != nil || json.Unmarshal(plain, &claims) != nil || claims.Exp <= 0 || claims.Exp > 1<<40 {
		return time.Time{}, false
	}
	return time.Unix(claims.Exp, 0).UTC(), true
}

// appPassword: on bitbucket.org they are gone, so a wrong user is no longer worth a word; what would break the API
// token that takes their place is.
func (f *facts) appPassword(s *sending) []Finding {
	ended := f.service == cloud && !f.now.Before(appPasswordsEnd)
	var list []Finding
	if ended {
		list = append(list, f.find(reason.AppPasswordDisabled, Certain, "App passwords ended on bitbucket.org on 2026-07-28 (CHANGE-3222).", "The secret has the form of an app password: "+token.Mask(s.secret.Text)+".").at(s.secret.Place))
		if f.surface == SurfaceGit && stored(s.from) {
			list = append(list, f.find(reason.CredentialStored, Likely, "Git sends what is stored before it asks for anything.", fmt.Sprintf("The app password comes from %s.", s.from)).at(s.secret.Place))
		}
	}
	switch {
	case s.scheme == token.Bearer:
		list = append(list, f.find(reason.AppPasswordAsBearer, Certain, fromShape, "An app password is sent as Bearer.").at(s.place))
	case ended || s.noUser || s.user.Open || hole(s.user.Text) != "":
	case s.user.Text == "":
		list = append(list, f.userEmpty(s)...)
	case s.user.Text == gitAccess || s.user.Text == gitAPIToken:
		list = append(list, f.find(reason.CredentialUsernameRequired, Certain, fromShape, "An app password is sent with "+s.user.Text+" as the user.").at(s.user.Place))
	case strings.Contains(s.user.Text, "@"):
		list = append(list, f.find(reason.CredentialUsernameRequired, Certain, fromShape, "An app password is sent with an e-mail as the user.").at(s.user.Place))
	}
	return list
}

// stored tells a place that gives its secret by itself from one that was typed.
func stored(from string) bool {
	from = strings.ToLower(from)
	for _, word := range []string{"helper", "keychain", "netrc", "git-credentials", "store", "cache", "manager", "url", "remote"} {
		if strings.Contains(from, word) {
			return true
		}
	}
	return false
}

var (
	consumerKey    = regexp.MustCompile(`^[A-Za-z0-9]{18}$`)
	consumerSecret = regexp.MustCompile(`^[A-Za-z0-9]{32}$`)
	oldToken       = regexp.MustCompile(`^[A-Za-z0-9]{24}$`)
)

// unknownSecret has the form of no token: a password mostly. As Bearer it may be an OAuth token of the old, opaque form.
func (f *facts) unknownSecret(s *sending) []Finding {
	secret := s.shape.Trimmed
	if f.url.fault != "" && f.Login == nil {
		return nil // perhaps only a part of the secret
	}
	if s.scheme != token.Basic || s.noUser || f.service == unknownService || f.lowered(s) || strings.HasSuffix(secret, "...") || s.user.Text == gitAccess {
		return nil
	}
	switch {
	case f.service == pail && f.surface == SurfaceWebsite:
		return nil
	case s.user.Text == "" && !s.user.Open:
		return f.userEmpty(s)
	case s.user.Text == gitAPIToken:
		return []Finding{f.find(reason.TokenMistyped, Likely, "API tokens begin with ATAT.", "The secret does not begin as API tokens do: its beginning was lost, or it is another secret.").at(s.secret.Place)}
	case f.service == cloud && consumerSecret.MatchString(secret) && consumerKey.MatchString(s.user.Text):
		return []Finding{f.find(reason.OAuthConsumerAsLogin, Likely, "Keys and secrets of consumers have 18 and 32 characters.", "User and secret have the form of an OAuth consumer's key and secret.").at(s.user.Place)}
	case f.service == cloud && oldToken.MatchString(secret) && mixed(secret):
		if f.now.Before(oldTokensEnd) {
			return []Finding{f.find(reason.TokenUnscoped, Likely, "Those tokens are older than scopes.", "The secret has 24 characters, as Atlassian's API tokens had before 2023.").at(s.secret.Place)}
		}
		return []Finding{f.find(reason.TokenExpired, Likely, "The last tokens of this form ended on 2026-05-12, and none had Bitbucket scopes.", "The secret has 24 characters, as Atlassian's API tokens had before 2023.").at(s.secret.Place)}
	}
	return []Finding{f.find(reason.CredentialPasswordNotAccepted, Likely, "The secret has the form of no token; most such secrets are account passwords.", fmt.Sprintf("The secret from %s has the form of no token.", s.from)).at(s.secret.Place)}
}

// mixed tells what no person chose.
func mixed(s string) bool {
	return strings.ContainsAny(s, "0123456789") && strings.ToLower(s) != s && strings.ToUpper(s) != s
}

// atOAuth: at the address where tokens are bought a consumer's key and secret are right, and a token is not.
func (f *facts) atOAuth(s *sending) []Finding {
	if s.shape.Origin == token.OriginUnknown || s.is(token.OAuthClientSecret) || s.secret.Text == "" {
		return nil
	}
	return []Finding{f.find(reason.CredentialKindNotAccepted, Likely, "This address takes a consumer's key and secret.", fmt.Sprintf("An %s is sent to the address that hands out OAuth tokens.", s.shape.Kind)).at(s.secret.Place)}
}

func isBot(user string) bool { return strings.HasSuffix(strings.ToLower(user), bots) }

// isEmail is generous: a plus sign and any case are fine.
func isEmail(user string) bool {
	local, domain, ok := strings.Cut(user, "@")
	return ok && local != "" && len(domain) > 1 && !strings.ContainsAny(domain, "@ /:") && domain[0] != '.'
}

// foreign tells that another service issued the secret.
func (f *facts) foreign(s *sending) bool {
	if s.secret.Open {
		return false
	}
	switch s.shape.Origin {
	case token.OriginPail:
		return f.service == cloud || f.service == elsewhere
	case token.OriginAtlassian:
		return f.service == pail || f.class == stranger || f.service == unknownService && f.class == unknownHost
	case token.OriginDataCenter:
		return f.service == cloud || f.service == pail
	case token.OriginGitHub, token.OriginGitLab:
		return f.service == cloud || f.service == pail
	case token.OriginJWT:
		return f.service == pail
	}
	return false
}

// foreignSecrets finds a secret of another service.
func foreignSecrets(f *facts) []Finding {
	var list []Finding
	for i := range f.sent {
		s := &f.sent[i]
		if !f.foreign(s) {
			continue
		}
		certainty, because := Certain, "Secrets of each service begin in their own way."
		if f.service == unknownService {
			certainty, because = Likely, "The host is none of Bitbucket Cloud's. Only a proxy in front of it could have a use for the token."
		}
		list = append(list, f.find(reason.CredentialForeignProduct, certainty, because,
			fmt.Sprintf("The secret is one of %s, and the request goes to %s.", s.shape.Origin, f.serviceName())).at(s.secret.Place))
	}
	return list
}

// kindForOperation finds a kind of credential that the operation does not take at all.
func kindForOperation(f *facts) []Finding {
	if f.op == nil || len(f.sent) == 0 {
		return nil
	}
	s := &f.sent[0]
	var accepted bool
	switch {
	case f.foreign(s) || s.unread || s.scheme == token.NoScheme:
		return nil
	case s.is(token.APIToken):
		accepted = f.op.Accepts.Has(catalog.APIToken)
	case s.is(token.AppPassword):
		accepted = f.op.Accepts.Has(catalog.AppPassword)
	case s.is(token.AccessToken):
		accepted = f.op.Accepts&catalog.AccessToken != 0
	case s.is(token.OAuthAccess):
		accepted = f.op.Accepts.Has(catalog.OAuth2)
	default:
		return nil
	}
	if accepted || f.op.Removed != nil {
		return nil
	}
	takes := "It takes " + f.op.Accepts.String() + "."
	if f.op.AppOnly() {
		takes = "It is for installed apps with a token of their own."
	}
	how := Certain
	if s.shape.Origin == token.OriginJWT {
		how = Likely // perhaps an app's own
	}
	return []Finding{f.find(reason.CredentialKindNotAccepted, how, "It follows from the operation and the kind of secret.", fmt.Sprintf("%s does not take an %s. %s", f.op.Key, s.shape.Kind, takes)).at(s.secret.Place)}
}

// inQuery finds a secret in the query of the address.
func inQuery(f *facts) []Finding {
	for part := range strings.SplitSeq(f.url.query, "&") {
		name, value, _ := strings.Cut(part, "=")
		if name != "access_token" && name != "private_token" && name != "token" || value == "" || f.service == elsewhere {
			continue
		}
		shape := token.Inspect(value)
		if f.service == cloud && name == "access_token" && (shape.Origin == token.OriginJWT || shape.Origin == token.OriginUnknown) {
			return nil // documented for OAuth
		}
		return []Finding{f.find(reason.CredentialInURL, Certain, "A secret in a query is not taken, and ends up in logs and histories.", fmt.Sprintf("The query has a secret in %q.", name)).at(f.URL.Place)}
	}
	return nil
}

// notSent finds a request without a credential that needs one.
func notSent(f *facts) []Finding {
	switch {
	case f.blames("credential"): // it is in a header of another name
		return nil
	case !f.nothing || f.service == elsewhere || f.oauth:
		return nil
	case f.surface == SurfaceGit && f.url.scheme != "ssh" && f.NoHelper:
		return []Finding{f.find(reason.CredentialMissing, Certain, "Git has nowhere to take one from.", "No credential helper answers, git cannot ask, and the address of the repository has no login.").at(f.URL.Place)}
	case f.surface == SurfaceREST && f.op != nil && !f.op.Accepts.Has(catalog.Anonymous) && f.op.Removed == nil:
		return []Finding{f.find(reason.CredentialMissing, Certain, "The operation is not open to anonymous callers.", fmt.Sprintf("%s is sent without a credential.", f.op.Key)).at(f.URL.Place)}
	}
	return nil
}
