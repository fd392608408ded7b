package probe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/pailforge/pail/internal/doctor"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/token"
)

// Limit is the most requests that a probe sends.
const Limit = 6

// Limits of one request: its time, and how much of an answer is read, in bytes.
const (
	perRequest = 15 * time.Second
	maxBody    = 64 << 10
)

// Cloud is the API of Bitbucket Cloud, and CloudGit where its repositories are.
const (
	Cloud    = "https://api.bitbucket.org/2.0"
	CloudGit = "https://bitbucket.org"
)

// Options say what to probe.
type Options struct {
	API   string       // base address of the API, with /2.0 or without; "" for Bitbucket Cloud's
	Login doctor.Login // the credential as it would be sent

	// Method and Path are the operation that is asked about, "" when none is. The path may have the base in front, and a
	// query.
	Method, Path string

	// Git is the address of a repository, without a login. When it is set, the credential is probed for git, and not for
	// REST. Anonymous probes without the login, which is the zero one then.
	Git       string
	Anonymous bool

	Client *http.Client      // its transport is used; nil for one with the proxies of the process
	Say    func(line string) // gets a line before each request; nil drops it
	Now    func() time.Time  // nil for time.Now
}

// State is what the probe found out about something.
type State string

// The states. Unknown: no request could tell.
const (
	Yes     State = "yes"
	No      State = "no"
	Unknown State = "not known"
)

// Result is what a probe found out.
type Result struct {
	Requests []Request `json:"requests"`
	Valid    State     `json:"valid"` // the credential, in the form in which it was accepted
	As       string    `json:"accepted_as,omitempty"`
	Account  string    `json:"account,omitempty"`
	Kind     string    `json:"kind,omitempty"` // in the words of X-Credential-Type
	Scopes   []string  `json:"scopes"`         // nil when they are not known
	From     string    `json:"scopes_from,omitempty"`
	Seen     []Seen    `json:"resources"`
	Missing  []string  `json:"missing"`         // scopes that the operation takes and the credential lacks
	Fetch    State     `json:"fetch,omitempty"` // with Git only
	Push     State     `json:"push,omitempty"`

	Cases []doctor.Case `json:"-"`
}

// Request is one request that was sent, and the status of its answer; 0 when none came.
type Request struct {
	Target string `json:"request"` // "GET https://…"
	As     string `json:"as"`      // how the credential was sent, without the secret
	Status int    `json:"status"`
}

// Seen tells whether something that the path names can be seen.
type Seen struct {
	Name    string `json:"resource"` // "repository acme/widgets"
	Visible State  `json:"visible"`
}

// ErrCannotSend is that the credential or the address is such that no client could send it. The doctor finds why from
// its shape.
var ErrCannotSend = errors.New("it cannot be sent as it is")

// Run probes. The error is ErrCannotSend, wrapped, or the context's; that the service cannot be reached is a finding, not
// an error.
func Run(ctx context.Context, o Options) (Result, error) {
	p := &prober{Options: o, got: map[question]reply{}, out: Result{Valid: Unknown, Requests: []Request{}, Seen: []Seen{}, Missing: []string{}}}
	if p.Say == nil {
		p.Say = func(string) {}
	}
	if p.Now == nil {
		p.Now = time.Now
	}
	p.client = &http.Client{Timeout: perRequest, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	if o.Client != nil {
		p.client.Transport = o.Client.Transport
	}
	if p.API == "" {
		p.API = Cloud
	}
	p.API = strings.TrimRight(p.API, "/")
	p.root = strings.TrimSuffix(p.API, "/2.0")
	var err error
	if o.Git != "" {
		err = p.git(ctx)
	} else {
		err = p.rest(ctx)
	}
	return p.out, err
}

type prober struct {
	Options
	client *http.Client
	root   string // API without /2.0
	got    map[question]reply
	out    Result
}

// question is a request as it goes out. None is sent twice.
type question struct {
	target, user, secret string
	bearer               bool
}

// left is how many requests may still be sent.
func (p *prober) left() int { return Limit - len(p.out.Requests) }

// reply is an answer, or why none came.
type reply struct {
	*doctor.Answer
	failure string // what the client said when no answer came
	sent    time.Time
}

// get sends one request, unless its answer is there already. When none is left, the reply has neither an answer nor a
// failure.
func (p *prober) get(ctx context.Context, target string, l doctor.Login) (reply, error) {
	q := question{target, l.User.Text, l.Secret.Text, l.Bearer}
	if l.Bearer {
		q.user = "" // is not sent
	}
	if before, ok := p.got[q]; ok {
		return before, nil
	}
	if p.left() == 0 {
		return reply{}, nil
	}
	r, err := p.send(ctx, target, l)
	if err == nil {
		p.got[q] = r
	}
	return r, err
}

func (p *prober) send(ctx context.Context, target string, l doctor.Login) (reply, error) {
	u, err := url.Parse(target)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
		return reply{}, fmt.Errorf("the address: %w", ErrCannotSend)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return reply{}, fmt.Errorf("the address: %w", ErrCannotSend)
	}
	r.Header.Set("User-Agent", "pail-doctor")
	r.Header.Set("Accept", "*/*")
	as := "without a credential"
	switch {
	case l == (doctor.Login{}):
	case l.Bearer:
		if strings.ContainsFunc(l.Secret.Text, func(c rune) bool { return c <= ' ' || c >= 0x7F }) {
			return reply{}, fmt.Errorf("the token: %w", ErrCannotSend)
		}
		r.Header.Set("Authorization", "Bearer "+l.Secret.Text)
		as = "Bearer, " + token.Mask(l.Secret.Text)
	default:
		r.SetBasicAuth(l.User.Text, l.Secret.Text)
		as = "Basic, user " + doctor.Shown(l.User.Text) + ", " + token.Mask(l.Secret.Text)
	}
	name := "GET " + doctor.Shown(target)
	p.Say(name + " (" + as + ")")
	p.out.Requests = append(p.out.Requests, Request{Target: name, As: as})
	res, err := p.client.Do(r)
	if err != nil {
		if ctx.Err() != nil {
			return reply{}, ctx.Err()
		}
		var inner *url.Error
		if errors.As(err, &inner) {
			err = inner.Err // without the address
		}
		return reply{failure: err.Error(), sent: p.Now()}, nil
	}
	defer func() { _ = res.Body.Close() }()
	body, _ := io.ReadAll(io.LimitReader(res.Body, maxBody)) // what arrived is judged
	p.out.Requests[len(p.out.Requests)-1].Status = res.StatusCode
	return reply{sent: p.Now(), Answer: &doctor.Answer{Status: res.StatusCode, Header: res.Header, Body: body, Place: "probe GET " + doctor.Shown(u.EscapedPath())}}, nil
}

// case1 is the case of a request that was sent.
func (p *prober) case1(surface doctor.Surface, target, place string, l *doctor.Login, r reply) doctor.Case {
	c := doctor.Case{Surface: surface, Client: "", Method: http.MethodGet, URL: doctor.Value{Text: target, Place: place}, Login: l, Answer: r.Answer, Output: r.failure, Sent: r.sent}
	if p.root != strings.TrimSuffix(Cloud, "/2.0") {
		c.API = p.root
	}
	if surface == doctor.SurfaceGit {
		c.Client, c.Method = "git", ""
	}
	return c
}

func finding(code reason.Code, how doctor.Certainty, because, evidence, place, fix, command string) doctor.Finding {
	return doctor.Finding{Reason: code, Certainty: how, Because: because, Title: reason.Of(code).Title, Evidence: evidence, Place: place,
		Fix: doctor.Fix{Text: fix, Command: command}, Doc: code.DocPath()}
}
