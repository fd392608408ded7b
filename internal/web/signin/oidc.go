package signin

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/web/page"
)

// An attempt is one sign-in that goes by way of the provider, as the text of its cookie: a random number, when it began,
// and the page to go on to. What the provider gets to see of it (state, nonce and the PKCE challenge) are hashes of the
// whole text. So nothing needs to be stored, whichever node the visitor comes back to; and whoever changes the time or
// the page in the cookie has a state that no answer of the provider carries.
type attempt string

const (
	attemptTime   = 10 * time.Minute // from the click to the provider's answer
	attemptCookie = "pail_oidc"
	maxNext       = 1000 // bytes of the page to go on to; a cookie has room for about 4000
)

func newAttempt(now time.Time, next string) attempt {
	if len(next) > maxNext {
		next = "/"
	}
	return attempt(strings.Join([]string{rand.Text(), strconv.FormatInt(now.Unix(), 10), base64.RawURLEncoding.EncodeToString([]byte(next))}, "."))
}

func (a attempt) state() string    { return a.hash("state") }
func (a attempt) nonce() string    { return a.hash("nonce") }
func (a attempt) verifier() string { return a.hash("verifier") }

func (a attempt) hash(what string) string {
	sum := sha256.Sum256([]byte("oidc " + what + " " + string(a)))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// read takes an attempt apart; a cookie that holds something else is over and leads to the front page.
func (a attempt) read() (began time.Time, next string) {
	parts := strings.Split(string(a), ".")
	if len(parts) != 3 {
		return time.Time{}, "/"
	}
	seconds, _ := strconv.ParseInt(parts[1], 10, 64)
	path, _ := base64.RawURLEncoding.DecodeString(parts[2])
	return time.Unix(seconds, 0), inside(string(path))
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// attemptName is the cookie's name. Over TLS it has the prefix that keeps other hosts of the same domain from setting
// it.
func attemptName(base string) string {
	if access.Secure(base) {
		return "__Host-" + attemptCookie
	}
	return attemptCookie
}

// begin sends the visitor to the provider. It is a link, not a form: the policy of the pages lets forms lead nowhere
// else.
func (p *Pages) begin(r *page.Request) (page.Answer, error) {
	next := inside(r.URL.Query().Get("next"))
	if r.Self != nil {
		return page.Redirect(next), nil
	}
	a := newAttempt(r.Site.Gate.Now(), next)
	to, err := p.Provider.begin(r.Context(), a)
	if err != nil {
		return page.Answer{}, err
	}
	// Kept longer than it is good for: then a visitor who comes back too late learns that.
	r.SetCookie(&http.Cookie{Name: attemptName(p.URLs.Base), Value: string(a), Path: "/", MaxAge: int((6 * attemptTime).Seconds())})
	return page.Redirect(to), nil
}

// callback is where the provider sends the visitor back to.
func (p *Pages) callback(r *page.Request) (page.Answer, error) {
	name, q := attemptName(p.URLs.Base), r.URL.Query()
	cookie, err := r.Cookie(name)
	if err != nil {
		return page.Answer{}, rest.Refuse(reason.OIDCStateMismatch, "")
	}
	a := attempt(cookie.Value)
	if !same(q.Get("state"), a.state()) {
		return page.Answer{}, rest.Refuse(reason.OIDCStateMismatch, "")
	}
	r.SetCookie(&http.Cookie{Name: name, Path: "/", MaxAge: -1}) // it is good for one answer
	began, next := a.read()
	if age := r.Site.Gate.Now().Sub(began); age > attemptTime || age < -attemptTime {
		return page.Answer{}, rest.Refuse(reason.OIDCExpired, "")
	}
	if issuer := q.Get("iss"); issuer != "" && issuer != p.Provider.settings.Issuer { // RFC 9207
		return page.Answer{}, rest.Refuse(reason.OIDCTokenInvalid, "The answer comes from another provider than the one that was asked.")
	}
	if word := q.Get("error"); word != "" || q.Get("code") == "" {
		return page.Answer{}, providerRefused(word, q.Get("error_description"))
	}
	identity, err := p.Provider.identity(r.Context(), a, q.Get("code"))
	if err != nil {
		return page.Answer{}, err
	}
	found, err := p.Accounts.SignInWith(r.Context(), identity, p.Provider.Rules)
	if err != nil {
		return page.Answer{}, err
	}
	if err := r.SignIn(found.ID); err != nil {
		return page.Answer{}, err
	}
	return page.Redirect(next), nil
}

// providerRefused is the answer when the provider sends somebody back without a code.
func providerRefused(word, description string) error {
	if word == "" {
		return rest.Refuse(reason.OIDCProviderRefused, "The provider sent you back with neither a code nor an error.")
	}
	said := "It says `" + providersWord(word) + "`"
	if description = providersWord(description); description != "" {
		said += ": “" + strings.TrimSuffix(description, ".") + "”"
	}
	return rest.Refuse(reason.OIDCProviderRefused, "The provider sent you back without having signed you in. "+said+".").With("provider_error", providersWord(word))
}

// providerButton is the way to the provider on the sign-in page.
type providerButton struct{ Name, Href string }

func (p *Pages) button(next string) *providerButton {
	if p.Provider == nil {
		return nil
	}
	href := "/signin/oidc"
	if next != "/" {
		href += "?next=" + url.QueryEscape(next)
	}
	return &providerButton{p.Provider.Name, href}
}
