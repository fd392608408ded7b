package doctor

import (
	"encoding/base64"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/pailforge/pail/internal/catalog"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/token"
)

// service is who the request is meant for. Rules and ways out differ.
type service uint8

const (
	unknownService service = iota
	cloud                  // bitbucket.org
	pail                   // a Pail server
	elsewhere              // another product or service
)

// facts is a case after it was classified: everything that the rules look at.
type facts struct {
	*Case
	now     time.Time
	service service
	surface Surface
	url     address
	class   hostClass
	method  string
	path    string // of the API, with /2.0 where it was given, without what the base address has; "" when not known
	oauth   bool   // the address where OAuth tokens are bought: a consumer's key is a login there

	match   catalog.Match
	outcome catalog.Outcome
	op      *catalog.Operation // what the path is, or after mending what it was meant to be; nil when not known

	sent    []sending // every credential that would go out; the first one counts
	nothing bool      // it is known that no credential goes out
	answer  *answered

	found []Finding
}

// sending is one credential on its way.
type sending struct {
	from   string // "-u", "the header Authorization"
	place  string
	scheme token.Scheme
	bare   bool // a secret without a scheme
	user   Value
	noUser bool // a secret alone was sent where a user belongs too
	secret Value
	shape  token.Shape

	header *Field       // nil for a login
	fault  *token.Fault // what is wrong with the header as a whole
	paired bool         // after Bearer stands base64 of a user and a secret
	unread bool         // the header's value is not known
}

// is tells whether the secret is of one of the kinds, of a service that Pail or Bitbucket Cloud may know.
func (s *sending) is(kinds ...token.Kind) bool {
	if s.shape.Origin == token.OriginUnknown || s.secret.Open {
		return false
	}
	for _, k := range kinds {
		if s.shape.Kind == k {
			return true
		}
	}
	return false
}

// password tells that the secret has the form of no token.
func (s *sending) password() bool {
	return !s.secret.Open && s.shape.Origin == token.OriginUnknown && s.shape.Problem != token.Empty &&
		s.shape.Problem != token.NotExpanded && s.shape.Problem != token.Masked && s.secret.Text != ""
}

// classify finds out what the case is about. It judges nothing.
func classify(c *Case) *facts {
	f := &facts{Case: c.withOutput(), now: c.Now, method: strings.ToUpper(c.Method)}
	c = f.Case
	if f.now.IsZero() {
		f.now = time.Now()
	}
	if f.method == "" {
		f.method = http.MethodGet
	}
	f.url = takeApart(c.URL.Text)
	if c.URL.Open {
		f.url.fault = "" // what is not known may be anything
		if strings.ContainsAny(f.url.host, "${}`") {
			f.url.host = ""
		}
	}
	if f.url.host == "" && f.url.fault == "" && c.API != "" {
		base := takeApart(c.API)
		f.url.scheme, f.url.host, f.url.port = base.scheme, base.host, base.port
		f.path = f.url.path
		if strings.HasSuffix(strings.TrimRight(base.path, "/"), "/2.0") && f.path != "" && !strings.HasPrefix(f.path, "/2.0") {
			f.path = "/2.0" + f.path // below the base address
		}
	} else {
		f.path = f.withoutBase(f.url.path)
	}
	if f.class = classOf(f.url.host); hole(f.url.host) != "" || strings.ContainsAny(f.url.host, "${}<>") {
		f.class = noHost // told as a value that was not filled in
	}
	f.answer = readAnswered(c.Answer)
	f.collect()
	f.surface = f.decideSurface()
	if f.surface == SurfaceGit && f.answer != nil {
		f.answer.anonymous = false // git's answers have no X-OAuth-Scopes, whoever asks
	}
	f.service = f.decideService()
	f.nothing = len(f.sent) == 0 && len(inQuery(f)) == 0 && (c.NoHelper || c.Client == "curl" && c.URL.Text != "")
	f.findOperation()
	return f
}

// withoutBase takes the path of the API's base address off a path, but for its version.
func (f *facts) withoutBase(path string) string {
	if f.API == "" {
		return path
	}
	prefix := strings.TrimSuffix(strings.TrimRight(takeApart(f.API).path, "/"), "/2.0")
	if rest, ok := strings.CutPrefix(path, prefix); ok && prefix != "" && strings.HasPrefix(rest, "/") {
		return rest
	}
	return path
}

// collect gathers what would be sent. A header of the caller's own takes the place of a login, as curl has it.
func (f *facts) collect() {
	for i := range f.Header {
		if h := &f.Header[i]; strings.EqualFold(strings.TrimSpace(h.Name), "Authorization") {
			f.sent = append(f.sent, readHeader(h))
		}
	}
	if l := f.Login; l != nil {
		s := sending{from: l.From, place: l.Secret.Place, scheme: token.Basic, user: l.User, secret: l.Secret, shape: token.Inspect(l.Secret.Text)}
		if l.Bearer {
			s.scheme = token.Bearer
		}
		f.sent = append(f.sent, s)
	} else if f.url.login && f.url.scheme != "ssh" && token.Inspect(f.url.secret).Problem != token.Masked {
		f.sent = append(f.sent, sending{from: "URL", place: f.URL.Place, scheme: token.Basic, user: Value{Text: f.url.user, Place: f.URL.Place},
			secret: Value{Text: f.url.secret, Place: f.URL.Place}, shape: token.Inspect(f.url.secret)})
	}
}

// readHeader reads an Authorization header and, when it is broken, what can be saved of it: the faults behind the first
// one are named too.
func readHeader(h *Field) sending {
	s := sending{from: "the header Authorization", place: h.Value.Place, header: h}
	if h.Value.Open {
		s.unread = true
		s.scheme = schemeOf(h.Value.Text)
		s.user.Open, s.secret.Open = true, true
		return s
	}
	var credential token.Credential
	credential, s.fault = token.ParseAuthorization([]string{h.Value.Text})
	if s.fault == nil {
		s.scheme, s.user.Text, s.secret.Text = credential.Scheme, credential.User, credential.Secret
	} else {
		s.salvage(h.Value.Text)
	}
	if s.scheme == token.Bearer {
		if user, secret, ok := pair(decoded(s.secret.Text)); ok && token.Inspect(secret).Origin != token.OriginUnknown {
			s.paired, s.user.Text, s.secret.Text = true, user, secret
		}
	}
	s.user.Place, s.secret.Place = h.Value.Place, h.Value.Place
	s.shape = token.Inspect(s.secret.Text)
	return s
}

// salvage reads a header that no server would.
func (s *sending) salvage(text string) {
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' || r == 0 }), "")
	text = strings.Trim(text, "\"'` \t")
	for {
		word, rest, _ := strings.Cut(text, " ")
		scheme := schemeOf(word)
		if scheme == token.NoScheme && !strings.EqualFold(word, "authorization:") {
			break
		}
		if scheme != token.NoScheme {
			s.scheme = scheme
		}
		text = strings.Trim(rest, "\"'` \t")
	}
	s.bare = s.scheme == token.NoScheme && s.fault.Code == reason.HeaderSchemeMissing
	joined := strings.Join(strings.Fields(text), "")
	last := text[strings.LastIndexByte(text, ' ')+1:] // behind a scheme of another service
	for _, candidate := range []string{text, last, joined, decoded(joined), decoded(decoded(joined))} {
		if user, secret, ok := pair(candidate); ok {
			s.user.Text, s.secret.Text = user, secret
			return
		}
		if shape := token.Inspect(candidate); shape.Origin != token.OriginUnknown {
			s.secret.Text, s.noUser = shape.Trimmed, s.scheme != token.Bearer
			return
		}
	}
	// Nothing is known of what this is.
	s.user.Open, s.secret.Open = true, true
}

func schemeOf(text string) token.Scheme {
	word, _, _ := strings.Cut(strings.TrimLeft(text, "\"'` \t"), " ")
	switch strings.ToLower(strings.TrimRight(word, ":=,;")) {
	case "basic":
		return token.Basic
	case "bearer":
		return token.Bearer
	}
	return token.NoScheme
}

// decoded is what base64 hides, "" when it is no base64 of a text.
func decoded(text string) string {
	text = strings.TrimRight(text, "=")
	if text == "" {
		return ""
	}
	enc := base64.RawStdEncoding
	if strings.ContainsAny(text, "-_") {
		enc = base64.RawURLEncoding
	}
	plain, err := enc.DecodeString(text)
	if err != nil || !utf8.Valid(plain) {
		return ""
	}
	return string(plain)
}

func pair(text string) (user, secret string, ok bool) {
	user, secret, ok = strings.Cut(text, ":")
	return user, secret, ok
}

func (f *facts) decideSurface() Surface {
	f.oauth = f.class == cloudSite && strings.HasPrefix(f.url.path, "/site/oauth2/")
	switch {
	case f.oauth:
		return SurfaceREST
	case f.Surface != SurfaceUnknown:
		return f.Surface
	case f.Client == "git" || isGitPath(f.url.path):
		return SurfaceGit
	case f.class == cloudSite && !isAPIPath(f.url.path):
		return SurfaceWebsite
	case f.class == atlassian || f.class == stranger || f.class == registry:
		return SurfaceOther
	}
	return SurfaceREST
}

func isGitPath(path string) bool {
	return strings.HasSuffix(path, ".git") || strings.HasSuffix(path, "/info/refs") || strings.HasSuffix(path, "/git-upload-pack") || strings.HasSuffix(path, "/git-receive-pack")
}

// isAPIPath tells a path of some API, in whatever form, from a page of the website.
func isAPIPath(path string) bool {
	for _, prefix := range []string{"/2.0", "/1.0", "/api/", "/!api/", "/rest/"} {
		if strings.HasPrefix(path, prefix) {
			return true
		}
	}
	return false
}

// decideService finds out whose rules hold. A token tells it where the address does not: nobody sends a Pail's token to
// somebody else's server on purpose.
func (f *facts) decideService() service {
	if f.answer != nil && f.answer.pail || reasonPrinted.MatchString(f.Output) {
		return pail
	}
	switch f.class {
	case cloudAPI, cloudSite, cloudSSH, misspelt:
		return cloud
	case atlassian, stranger, registry:
		return elsewhere
	}
	if f.API != "" {
		return pail
	}
	for i := range f.sent {
		switch f.sent[i].shape.Origin {
		case token.OriginPail:
			return pail
		case token.OriginAtlassian:
			if f.class == noHost {
				return cloud
			}
		}
	}
	if f.class == noHost && f.url.fault == "" && !f.URL.Open {
		return cloud // nothing speaks against it
	}
	if strings.HasPrefix(f.url.path, "/pail/v1/") {
		return pail
	}
	return unknownService
}

// findOperation looks the path up, as it is and as it was meant.
func (f *facts) findOperation() {
	if f.surface != SurfaceREST || f.path == "" || f.oauth {
		return
	}
	if below, ok := strings.CutPrefix(f.path, "/2.0"); ok {
		f.match, f.outcome = catalog.Find(f.method, below)
		f.op = f.match.Operation
	}
	if f.op == nil && f.outcome == catalog.Unknown {
		if below, ok := strings.CutPrefix(f.mendedPath(), "/2.0"); ok {
			m, _ := catalog.Find(f.method, below)
			f.op = m.Operation
		}
	}
}
