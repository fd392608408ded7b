package doctor

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/token"
)

// What only an answer can tell.

// explained takes the word of a Pail server that explains its answers.
func explained(f *facts) []Finding {
	a := f.answer
	if a == nil || a.code == "" || a.code == reason.ScopeMissing {
		return nil
	}
	x := f.find(a.code, Certain, "The server says so itself.", join(a.words()+" explains itself.", a.detail)).at(a.Place)
	if a.authentic {
		x = x.fine()
	}
	found := []Finding{x}
	for _, code := range a.beside {
		found = append(found, f.find(code, Certain, "The server says so itself.", a.words()+" names it beside the first.").at(a.Place))
	}
	return found
}

// answerSays reads the sentence and the status of the answer.
func answerSays(f *facts) []Finding {
	a := f.answer
	if a == nil || a.code != "" && a.code != reason.ScopeMissing {
		return nil
	}
	if s := say(served, a.message+"\n"+a.detail); s != nil && s.code != reason.ScopeMissing {
		return f.said(s)
	}
	switch {
	case a.Status == 407:
		return []Finding{f.find(reason.NetworkProxy, Certain, "407 is the answer of a proxy.", "The answer is 407.").at(a.Place).fine()}
	case f.fromProxy():
		return []Finding{f.find(reason.NetworkProxy, Likely, "The answer has the form of none of the service's.", fmt.Sprintf("The answer is %d, and its headers are not the service's.", a.Status)).at(a.Place).fine()}
	case a.Status == 429:
		return f.limited(f.find(reason.RateLimited, Certain, "429 says so.", "The answer is 429.").at(a.Place).fine())
	case a.Status >= 500:
		return []Finding{f.find(reason.ServiceIncident, Certain, "An answer of 500 and above is the service's own fault.", fmt.Sprintf("The answer is %d.", a.Status)).at(a.Place).fine()}
	case a.Status >= 300 && a.Status < 400:
		return f.redirected()
	case a.Status == 400:
		return f.badRequest()
	case a.Status == 401:
		return f.unauthorized()
	case a.Status == 402:
		return []Finding{f.find(reason.PolicyPlan, Certain, "402 says so.", "The answer is 402.").at(a.Place).fine()}
	case a.Status == 403:
		return f.forbidden()
	case a.Status == 404:
		return f.notFound(reason.ResourceNotFound)
	case a.Status == 405:
		return []Finding{f.find(reason.MethodNotAllowed, Certain, "405 says so.", join("The answer is 405.", allowed(a.Header))).at(a.Place).fine()}
	case a.Status == 406:
		return []Finding{f.find(reason.MediaTypeUnsupported, Certain, "406 says so.", "The answer is 406: the Accept header leaves no form that the service has.").at(a.Place).fine().
			mend("Ask for another form; a step's log needs an Accept header that takes application/octet-stream.", f.curl()+" -H 'Accept: application/octet-stream'")}
	case a.Status == 410:
		return f.gone()
	}
	return f.success()
}

// words name the answer at the beginning of a sentence.
func (a *answered) words() string {
	if a.Status == 0 {
		return "The answer"
	}
	return fmt.Sprintf("The answer %d", a.Status)
}

func allowed(h http.Header) string {
	if list := h.Get("Allow"); list != "" && len(list) < 60 {
		return "It takes " + list + "."
	}
	return ""
}

// said makes the finding of a sentence that the answer holds, and looks at who it was said to.
func (f *facts) said(s *sentence) []Finding {
	a := f.answer
	x := f.find(s.code, s.how, s.because, fmt.Sprintf("%s says: %q.", a.words(), s.says)).at(a.Place)
	if s.fine {
		x.Fine = true
	}
	switch s.code {
	case reason.TokenRefused:
		return f.refused(x)
	case reason.RepositoryNotFound:
		return f.notFound(s.code)
	case reason.RateLimited:
		return f.limited(x)
	case reason.OAuthExpired:
		if s.how == Likely {
			return f.accessTokenExpired(x)
		}
	case reason.PathRemoved, reason.PathVersionGone:
		x.Evidence = join(x.Evidence, f.replacement())
	case reason.WorkspaceNotFound, reason.PathUnknown:
		if s.code == reason.PathUnknown && f.blames("path", "host", "value") {
			return nil
		}
		x.Fine = a.authentic || !a.seenHeaders
	case reason.HeaderMalformed:
		return []Finding{x.mend(f.sendWhole())}
	case reason.CredentialKindNotAccepted:
		if f.op != nil {
			x.Evidence = join(x.Evidence, fmt.Sprintf("%s takes %s.", f.op.Key, f.op.Accepts))
		}
	}
	return []Finding{x}
}

// accessTokenExpired: the sentence comes for an app password as Bearer too, and has nothing to do with expiry then.
func (f *facts) accessTokenExpired(x Finding) []Finding {
	if len(f.sent) > 0 {
		switch s := &f.sent[0]; {
		case s.is(token.AppPassword):
			return []Finding{f.find(reason.AppPasswordAsBearer, Certain, "The service says so to an app password sent as Bearer; nothing has expired.", x.Evidence).at(x.Place)}
		case s.is(token.APIToken):
			return nil // told by the pairing
		}
	}
	y := f.find(reason.AppPasswordAsBearer, Possible, "The sentence comes for an app password sent as Bearer too.", x.Evidence).at(x.Place)
	return []Finding{x, y}
}

// refused: the one sentence for a bad credential, with the list of what it can be.
func (f *facts) refused(x Finding) []Finding {
	switch {
	case len(f.sent) > 0 && hole(f.sent[0].user.Text) != "" && !f.sent[0].user.Open:
		return nil // the user is the cause
	case f.nothing:
		return []Finding{f.find(reason.CredentialMissing, Certain, "The request has no credential, and the answer asks for one.", x.Evidence).at(x.Place)}
	case f.answer != nil && f.answer.authentic:
		x.Because = "The credential was accepted, as X-OAuth-Scopes in the answer shows; the endpoint does not take its kind."
		return []Finding{f.find(reason.CredentialKindNotAccepted, Likely, x.Because, x.Evidence).at(x.Place)}
	}
	x.Evidence = join(x.Evidence, "It can be: "+strings.Join(f.couldBe(), "; ")+".")
	return []Finding{x}
}

// couldBe lists what a refusal may mean, without what is known not to be so.
func (f *facts) couldBe() []string {
	list := []string{"a token that is not known, expired or revoked"}
	if f.service == cloud {
		list = append(list, "one without Bitbucket scopes, or of another product of Atlassian's", "rarely a fault of the service, when the same credential works at other times")
	}
	if len(f.sent) == 0 {
		if f.surface == SurfaceGit {
			return append(list, "the e-mail as the user of git", "a stored credential that is old")
		}
		return append(list, "an API token sent as Bearer, or with the username in place of the e-mail", "no credential at all")
	}
	s := &f.sent[0]
	if s.is(token.AccessToken) {
		list = append(list, "an access token that was rotated: the old one lives on for 30 minutes at most")
	}
	if s.scheme == token.Basic && f.surface == SurfaceREST {
		list = append(list, "the e-mail of another account than the token's")
	}
	if f.surface == SurfaceGit {
		list = append(list, "a username that is spelt in another way than in the account")
	}
	if s.secret.Open || s.unread {
		list = append(list, "a variable that is empty or damaged")
	}
	return list
}

// limited: the limit of 60 an hour is that of anonymous callers.
func (f *facts) limited(x Finding) []Finding {
	limit, _, _ := strings.Cut(f.answer.Header.Get("X-Ratelimit-Limit"), ",")
	if strings.TrimSpace(limit) != "60" {
		return []Finding{x}
	}
	x.Evidence = join(x.Evidence, "The limit is 60 an hour, that of callers without a credential.")
	if f.nothing || len(f.sent) == 0 {
		return []Finding{f.find(reason.CredentialMissing, Likely, "Only anonymous callers have that limit.", "The limit in the answer is 60 an hour.").at(x.Place), x}
	}
	return []Finding{f.find(reason.HeaderStripped, Likely, "Only anonymous callers have that limit, and a credential was sent.", "The limit in the answer is 60 an hour.").at(x.Place), x}
}

// unauthorized is a 401 without a sentence that is known.
func (f *facts) unauthorized() []Finding {
	x := f.find(reason.TokenRefused, Possible, oneOf, "The answer is 401.").at(f.answer.Place)
	return f.refused(x)
}

// badRequest: without X-OAuth-Scopes nobody looked at the credential, so the header is the first thing to look at.
func (f *facts) badRequest() []Finding {
	a := f.answer
	switch {
	case a.authentic:
		return []Finding{f.find(reason.ValueInvalid, Likely, "The answer has X-OAuth-Scopes, so the credential was accepted; the rest of the request is at fault.", "The answer is 400 to an authenticated caller.").at(a.Place).fine().
			mend("Read error.message of the answer: a parameter, the body or its Content-Type is wrong.", "")}
	case a.message != "" || a.html:
		return []Finding{f.find(reason.RequestMalformed, Possible, "The answer does not say what is wrong, and nobody looked at the credential.", "The answer is 400, with a text that says nothing of a credential.").at(a.Place)}
	case f.wholeHeader():
		return []Finding{f.find(reason.HeaderMalformed, Likely, "An empty 400 without X-OAuth-Scopes was refused before authentication, though the header that is known here is whole.", "The answer is 400 and empty.").at(a.Place)}
	}
	how, because := Possible, "An empty 400 mostly is a broken header. Without the answer's headers it is not known whether anybody looked at the credential."
	if a.seenHeaders {
		how, because = Likely, "An empty 400 without X-OAuth-Scopes was refused before anybody looked at the credential; base64 that was wrapped is the usual cause, and the token's page says \"Never accessed\"."
	}
	return []Finding{f.find(reason.HeaderLineBreak, how, because, "The answer is 400 and empty.").at(a.Place).mend(f.sendWhole())}
}

// wholeHeader tells that every credential is known, and none has a fault in its header.
func (f *facts) wholeHeader() bool {
	for i := range f.sent {
		if s := &f.sent[i]; s.unread || s.fault != nil || s.secret.Open || s.user.Open {
			return false
		}
	}
	return len(f.sent) > 0
}

// forbidden is a 403 without a sentence that is known.
func (f *facts) forbidden() []Finding {
	a := f.answer
	switch {
	case len(scopes(f)) > 0:
		return nil
	case strings.EqualFold(strings.TrimSpace(a.message), "forbidden") && !a.authentic:
		how := Likely
		if f.path == "" {
			how = Possible
		}
		if f.path != "" && strings.HasPrefix(f.path, "/2.0") {
			break
		}
		return []Finding{f.find(reason.PathVersionMissing, how, "The service answers a bare \"Forbidden\" to a path without /2.0, whatever the credential.", "The answer is 403: Forbidden.").at(a.Place)}
	case a.authentic:
		return []Finding{f.find(reason.PrivilegeMissing, Likely, "The credential was accepted, as X-OAuth-Scopes shows, and no scope is named as missing. An IP allow list or two-step verification would mostly say so.", "The answer is 403 to an authenticated caller.").at(a.Place).fine()}
	}
	if f.nothing {
		return []Finding{f.find(reason.CredentialMissing, Likely, "The request has no credential; LFS, for one, answers 403 then.", "The answer is 403.").at(a.Place)}
	}
	if a.anonymous && len(f.sent) > 0 {
		return f.lost()
	}
	return []Finding{f.find(reason.PrivilegeMissing, Possible, "A 403 can be a scope, a permission, an IP allow list, two-step verification, or a request without a credential.", "The answer is 403, without a reason that is known.").at(a.Place)}
}

// notFound: what is invisible is not found, so first it counts whether the caller was known.
func (f *facts) notFound(code reason.Code) []Finding {
	a := f.answer
	if f.blames("path", "host", "value") {
		return nil
	}
	evidence := fmt.Sprintf("The answer is %d.", a.Status)
	switch {
	case f.nothing:
		return []Finding{f.find(reason.CredentialMissing, Certain, "The request has no credential, and what is private is not found without one.", evidence).at(a.Place)}
	case len(f.sent) > 0 && f.sent[0].bare:
		return nil // the missing scheme is the cause
	case a.anonymous && len(f.sent) > 0 && f.blames("header", "token", "credential"):
		return nil
	case a.anonymous && len(f.sent) > 0:
		return f.lost()
	case a.authentic && code == reason.RepositoryNotFound:
		return append(f.spelling(), f.find(code, Likely, "The credential was accepted, as X-OAuth-Scopes shows: its account has no access to the repository, or the repository has another name.", evidence).at(a.Place).fine())
	case a.authentic:
		return append(f.spelling(), f.find(code, Likely, "The credential was accepted, as X-OAuth-Scopes shows.", evidence).at(a.Place).fine())
	case a.anonymous && a.service():
		return []Finding{f.find(reason.CredentialMissing, Likely, "The answer has no X-OAuth-Scopes: the caller was anonymous.", evidence).at(a.Place)}
	}
	return []Finding{f.find(code, Possible, "It can be another account's token, a name that is not right, or a request without a credential: X-OAuth-Scopes in the answer's headers would tell.", evidence).at(a.Place).
		mend("Save the answer with its headers and look for X-OAuth-Scopes: where it is missing, no credential arrived.", f.curl()+" -si | grep -i x-oauth-scopes")}
}

// service tells that headers are enough to say who answered.
func (a *answered) service() bool { return len(a.Header) > 1 }

// spelling: slugs are in small letters, keys in capital ones.
func (f *facts) spelling() []Finding {
	for name, value := range f.match.Params() {
		wrong := (name == "workspace" || name == "repo_slug") && strings.ToLower(value) != value && !strings.HasPrefix(value, "{") ||
			name == "project_key" && strings.ToUpper(value) != value && !strings.HasPrefix(value, "{")
		if wrong && !f.URL.Open {
			return []Finding{f.find(reason.PathName, Possible, "Slugs are in small letters, keys of projects in capital ones.", fmt.Sprintf("What stands in the place of {%s} has letters of the other case.", name)).at(f.URL.Place)}
		}
	}
	return nil
}

// lost: a credential was sent, and the answer is one to an anonymous caller.
func (f *facts) lost() []Finding {
	a := f.answer
	for i := range a.Before {
		if b := &a.Before[i]; b.Status >= 300 && b.Status < 400 {
			to := takeApart(b.Header.Get("Location")).host
			if to != "" && to != f.url.host {
				return []Finding{f.find(reason.HeaderDroppedRedirect, Likely, "Clients do not send a credential on to another host.", fmt.Sprintf("A redirect (%d) went to another host, and the answer there is %d, to an anonymous caller.", b.Status, a.Status)).at(a.Place)}
			}
		}
	}
	how := Likely
	if !a.service() || a.Status == 403 || a.html {
		how = Possible // a firewall or a page of the service's may answer without the header
	}
	return []Finding{f.find(reason.HeaderStripped, how, "A credential is sent, and the answer has no X-OAuth-Scopes, which every answer to an authenticated caller has.", fmt.Sprintf("The answer is %d, to an anonymous caller.", a.Status)).at(a.Place)}
}

// redirected is an answer that sends the client on.
func (f *facts) redirected() []Finding {
	a := f.answer
	to := takeApart(a.Header.Get("Location"))
	evidence := fmt.Sprintf("The answer is %d.", a.Status)
	switch {
	case to.host == "" && to.path == "":
		return nil
	case strings.Contains(to.path, "/login") || strings.Contains(to.path, "/signin") || strings.HasPrefix(to.host, "id.atlassian"):
		return []Finding{f.find(reason.HostWebsite, Certain, "Only the website sends callers to a page for logging in.", evidence+" It leads to a page for logging in.").at(a.Place)}
	case f.url.scheme == "http" && to.scheme == "https":
		return []Finding{f.find(reason.HostScheme, Certain, "The redirect leads from http to https.", evidence).at(a.Place)}
	case to.host != "" && f.url.host != "" && to.host != f.url.host && !f.Redirects:
		return []Finding{f.find(reason.HeaderDroppedRedirect, Possible, "The client was sent to another host; when it goes there, the credential stays behind, which is right for storage.", evidence+fmt.Sprintf(" It leads to %s.", clip(to.host))).at(a.Place).fine()}
	}
	return nil
}

// gone is a 410 without a sentence that is known.
func (f *facts) gone() []Finding {
	a := f.answer
	if f.surface == SurfaceGit {
		return []Finding{f.find(reason.AppPasswordDisabled, Likely, "Over git only an app password is answered with 410.", "The answer is 410.").at(a.Place)}
	}
	return []Finding{f.find(reason.PathRemoved, Likely, "410 says that something was there and is gone.", join("The answer is 410.", f.replacement())).at(a.Place).fine()}
}

// replacement names what stands in for a removed operation.
func (f *facts) replacement() string {
	if f.op != nil && f.op.Removed != nil {
		return "In its place: " + strings.Join(f.op.Removed.Replacement, ", ") + "."
	}
	return ""
}

// success: an answer that is fine may still prove nothing.
func (f *facts) success() []Finding {
	a := f.answer
	switch {
	case a.Status < 200 || a.Status >= 300:
		return nil
	case a.html && !a.authentic && f.surface == SurfaceREST && f.class != noHost && (f.op == nil || f.op.Tag != "Source" && !strings.Contains(f.op.Template, "/downloads")):
		return []Finding{f.find(reason.NetworkProxy, Likely, "The API answers JSON; a page for people comes from a proxy, or from a page for logging in.", fmt.Sprintf("The answer is %d, with a web page.", a.Status)).at(a.Place)}
	case a.anonymous && a.service() && len(f.sent) > 0 && f.surface == SurfaceREST && !f.oauth && !f.sent[0].bare && !f.fromStorage():
		return f.lost()
	}
	return nil
}

// fromStorage tells that the answer is that of a storage which a redirect led to: it needs no credential.
func (f *facts) fromStorage() bool {
	for i := range f.answer.Before {
		if to := takeApart(f.answer.Before[i].Header.Get("Location")).host; to != "" && to != f.url.host {
			return true
		}
	}
	return f.answer.Header.Get("X-Amz-Request-Id") != ""
}

// fromProxy tells an answer that the service does not give: it asks for a login that is not the service's, or is a web
// page where the API has none.
func (f *facts) fromProxy() bool {
	a := f.answer
	if f.service != cloud || f.class == noHost && f.URL.Text == "" && a.Header.Get("Www-Authenticate") == "" {
		return false
	}
	challenge := strings.ToLower(a.Header.Get("Www-Authenticate"))
	if a.Status == 401 && challenge != "" {
		return !strings.Contains(challenge, "bitbucket") && !strings.Contains(challenge, "pail") && !strings.Contains(challenge, "oauth") && !strings.HasPrefix(challenge, "bearer")
	}
	server := strings.ToLower(a.Header.Get("Server") + a.Header.Get("Via") + a.Header.Get("X-Squid-Error"))
	for _, name := range []string{"squid", "zscaler", "bluecoat", "netskope", "forcepoint", "mcafee", "fortigate"} {
		if strings.Contains(server, name) {
			return true
		}
	}
	return a.Status == 403 && a.html && f.class == cloudAPI
}

// maxSkew is the least difference between two clocks that counts.
const maxSkew = 5 * time.Minute

// clock compares the answer's clock with this machine's.
func clock(f *facts) []Finding {
	if f.answer == nil || f.Sent.IsZero() {
		return nil
	}
	theirs, err := http.ParseTime(f.answer.Header.Get("Date"))
	if err != nil {
		return nil
	}
	off := f.Sent.Sub(theirs)
	if off.Abs() < maxSkew {
		return nil
	}
	word := "ahead of"
	if off < 0 {
		word = "behind"
	}
	return []Finding{f.find(reason.ClockSkew, Likely, "The Date of the answer is the service's clock. Whether it is the cause is not known; expiry dates and certificates are judged by it.",
		fmt.Sprintf("This machine's clock is %s %s the service's.", off.Abs().Round(time.Second), word)).at(f.answer.Place)}
}

func join(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), " ")
}
