package docs

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/pailforge/pail/internal/doctor"
	"github.com/pailforge/pail/internal/doctor/curlline"
	"github.com/pailforge/pail/internal/doctor/httphead"
	"github.com/pailforge/pail/internal/rest"
)

// Bounds of what is looked at.
const (
	maxPasted = 16 << 10 // bytes
	maxCases  = 5        // requests in one text
)

// read makes cases of what somebody pasted: the head of a request, a git command, or curl. Nothing of this machine goes
// into it: no environment, no file, and no command is run. The error is about the field, and repeats nothing of the
// text that could be a secret.
func (p *Pages) read(ctx context.Context, text string) ([]doctor.Case, error) {
	switch {
	case strings.TrimSpace(text) == "":
		return nil, rest.InvalidField("request", "paste a request")
	case len(text) > maxPasted:
		return nil, rest.InvalidField("request", "it is too long: 16 KiB are looked at")
	}
	cases, err := p.cases(ctx, text)
	if err != nil {
		if !strings.Contains(text, "curl") {
			return nil, rest.InvalidField("request", "this is no request: paste a command that begins with curl or git, or a line such as GET /2.0/user with the headers in the lines below")
		}
		return nil, rest.InvalidField("request", "the command cannot be read: it needs the address, and every quotation mark its partner")
	}
	for i := range cases {
		cases[i].API = p.URLs.Base + "/2.0"
	}
	return cases, nil
}

func (p *Pages) cases(ctx context.Context, text string) ([]doctor.Case, error) {
	if httphead.Looks(text) {
		c, err := httphead.Read(text)
		return []doctor.Case{c}, err
	}
	if c, ok := gitLine(text); ok {
		return []doctor.Case{c}, nil
	}
	return curlline.Line(ctx, text, curlline.Options{}) // the zero options: nothing is read, nothing is run
}

// gitLine reads a git command that names its remote.
func gitLine(text string) (doctor.Case, bool) {
	words := strings.Fields(strings.TrimPrefix(strings.TrimSpace(text), "$ "))
	if len(words) < 2 || words[0] != "git" || strings.ContainsAny(text, "\n") && strings.Contains(text, "curl ") {
		return doctor.Case{}, false
	}
	at := slices.IndexFunc(words, func(w string) bool { return strings.Contains(w, "://") })
	if at < 0 {
		return doctor.Case{}, false
	}
	c := doctor.Case{Client: "git", Surface: doctor.SurfaceGit, Method: http.MethodGet,
		URL: doctor.Value{Text: strings.Trim(words[at], `"'`), Place: "the address"}}
	if strings.Contains(c.URL.Text, "$") {
		c.URL.Open = true
	}
	if slices.Contains(words[:at], "push") {
		c.Method = http.MethodPost
	}
	return c, true
}

// sending is a case as this server would get it: the path with its query, and the values of the header Authorization.
type sending struct {
	Method, URI   string
	Authorization []string
}

// sendingOf finds out what would arrive here. why says, in a sentence, why nothing can be said about it.
func (p *Pages) sendingOf(c *doctor.Case) (s sending, why string) {
	if c.URL.Open {
		return s, "A part of the address is not known, so this server decides nothing about it."
	}
	uri, here := p.here(c.URL.Text)
	if !here {
		return s, "The request goes to another server: what that one decides is not known here."
	}
	s = sending{Method: c.Method, URI: uri}
	if s.Method == "" {
		s.Method = http.MethodGet
	}
	if c.Surface == doctor.SurfaceGit && s.Method == http.MethodPost {
		path, _, _ := strings.Cut(uri, "?")
		s.Method, s.URI = http.MethodGet, strings.TrimSuffix(path, "/")+"/info/refs?service=git-receive-pack"
	}
	const unknown = "The credential is not written out: paste it with its value, and this server says what it would decide. It is not kept."
	for _, h := range c.Header {
		if !strings.EqualFold(strings.TrimSpace(h.Name), "Authorization") {
			continue
		}
		if h.Value.Open {
			return s, unknown
		}
		s.Authorization = append(s.Authorization, h.Value.Text)
	}
	switch l := c.Login; {
	case len(s.Authorization) > 0: // a header of one's own takes the place of a login
	case l != nil && (l.Secret.Open || l.User.Open):
		return s, unknown
	case l != nil && l.Bearer:
		s.Authorization = []string{"Bearer " + l.Secret.Text}
	case l != nil:
		s.Authorization = []string{basic(l.User.Text, l.Secret.Text)}
	default:
		if u, err := url.Parse(c.URL.Text); err == nil && u.User != nil {
			if secret, set := u.User.Password(); set {
				s.Authorization = []string{basic(u.User.Username(), secret)}
			}
		}
	}
	return s, ""
}

func basic(user, secret string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+secret))
}

// here is the path and the query of an address of this server.
func (p *Pages) here(text string) (uri string, ok bool) {
	path := strings.HasPrefix(text, "/") && !strings.HasPrefix(text, "//")
	if !path && !strings.Contains(text, "://") {
		text = "http://" + text // as curl completes it
	}
	u, err := url.Parse(text)
	if err != nil || !path && !strings.EqualFold(u.Host, p.URLs.Host()) {
		return "", false
	}
	uri = u.RequestURI()
	if base, err := url.Parse(p.URLs.Base); err == nil && base.Path != "" && !path {
		uri = "/" + strings.TrimPrefix(strings.TrimPrefix(uri, base.Path), "/")
	}
	return uri, strings.HasPrefix(uri, "/")
}
