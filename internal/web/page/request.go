package page

import (
	"cmp"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
)

// MaxForm is how large a form may be, in bytes, as it comes over the wire; see Long.
const MaxForm = 128 << 10

// Request is one request for a page.
type Request struct {
	*http.Request
	Site      *Site
	Principal *access.Principal // who is looking; anonymous without a session
	Self      *access.Account   // the account that is signed in; nil: nobody
	Form      url.Values        // what a POST has sent; nil for everything else

	// Parts are what was sent to a page that takes files, behind the CSRF token.
	Parts *rest.Parts

	w       http.ResponseWriter
	session access.Visitor
	files   bool  // the page takes files
	most    int64 // bytes of a form; 0: MaxForm
}

// identify finds out who is looking, and reads the form of a change. A change that another website began, or one in a
// session without the session's own token, is refused.
func (r *Request) identify() error {
	v, err := r.Site.Gate.Visitor(r.Request)
	if err != nil {
		return err
	}
	r.session, r.Principal, r.Self = v, v.Principal, v.Principal.Account
	trace := rest.TraceOf(r.Context())
	trace.CredentialKind, trace.AccountID = string(v.Principal.Kind), v.Principal.AccountID()
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return nil
	}
	if err := r.Site.origin.Check(r.Request); err != nil {
		return rest.Refuse(reason.CSRFMissing, "The change was asked for by another website.")
	}
	if r.files {
		r.Form, r.Parts, err = readToken(r.Request)
	} else {
		r.Form, err = readForm(r.w, r.Request, cmp.Or(r.most, MaxForm))
	}
	if err != nil {
		return err
	}
	if !v.Principal.Anonymous() && !v.Confirms(r.Form.Get("csrf")) {
		return rest.Refuse(reason.CSRFMissing, "The form is older than this sign-in. Go back, load the page again, and send the form once more.")
	}
	r.Request = r.WithContext(access.As(r.Context(), r.Principal))
	return nil
}

// CSRF is the token that every form of this visitor carries in the field csrf. It is another one for each page, and ""
// for whoever is not signed in.
func (r *Request) CSRF() string { return r.session.CSRF() }

// SessionID names the session of this request among those of the account.
func (r *Request) SessionID() string { return r.session.ID }

// As has what is rendered next link to the page at path, which a form that was refused is shown on.
func (r *Request) As(path string, query url.Values) {
	copied := *r.Request
	copied.URL = &url.URL{Path: path, RawQuery: query.Encode()}
	r.Request = &copied
}

// SignIn begins a session for the account. The caller has found out who it is.
func (r *Request) SignIn(accountID string) error {
	s, err := r.Site.Gate.StartSession(r.Context(), accountID, access.Address(r.Request), r.UserAgent())
	if err != nil {
		return err
	}
	if !r.Principal.Anonymous() { // whoever signs in again leaves no session behind
		if err := r.Site.Gate.EndSession(r.Context(), r.session.Secret); err != nil {
			return err
		}
	}
	http.SetCookie(r.w, access.NewSessionCookie(s, r.Site.URLs.Base))
	r.session.Secret = s.Secret // what Done leaves is read in the new session
	return nil
}

// SignOut ends the session.
func (r *Request) SignOut() error {
	if err := r.Site.Gate.EndSession(r.Context(), r.session.Secret); err != nil {
		return err
	}
	http.SetCookie(r.w, access.NewSessionCookie(access.SignedIn{}, r.Site.URLs.Base))
	return nil
}

// SetCookie adds a cookie to the answer. It is HttpOnly, SameSite=Lax, and Secure where the server's address is.
func (r *Request) SetCookie(c *http.Cookie) {
	c.HttpOnly, c.SameSite = true, http.SameSiteLaxMode
	c.Secure = access.Secure(r.Site.URLs.Base)
	http.SetCookie(r.w, c)
}

// readForm reads an urlencoded body.
func readForm(w http.ResponseWriter, r *http.Request, most int64) (url.Values, error) {
	const form = "application/x-www-form-urlencoded"
	if media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); media != form {
		return nil, rest.Refuse(reason.MediaTypeUnsupported, "This page takes a form, sent as "+form+".")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, rest.Refusef(reason.BodyTooLarge, "The form is larger than %d bytes.", tooLarge.Limit)
	}
	if err != nil {
		return nil, rest.Refuse(reason.BodyMalformed, "The form did not arrive as a whole.")
	}
	sent, err := url.ParseQuery(string(body))
	if err != nil { // the error may quote the body, and with it the password
		return nil, rest.Refuse(reason.BodyMalformed, "The body is no form: a percent escape or a separator in it is broken.")
	}
	return sent, nil
}

// maxToken is how long a CSRF token may be, in bytes.
const maxToken = 1 << 10

// readToken reads the first part of a form with files, which is the field csrf: what the files are is read after it is known who
// sends them.
func readToken(r *http.Request) (url.Values, *rest.Parts, error) {
	parts, ok := rest.PartsOf(r)
	if !ok {
		return nil, nil, rest.Refuse(reason.MediaTypeUnsupported, "This page takes a form with files, sent as multipart/form-data.")
	}
	first, err := parts.Next()
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, nil, err
	}
	if err != nil || first.Name != "csrf" {
		return url.Values{}, parts, nil
	}
	token, err := io.ReadAll(io.LimitReader(first, maxToken))
	if err != nil {
		return nil, nil, rest.BodyError(err)
	}
	return url.Values{"csrf": {string(token)}}, parts, nil
}
