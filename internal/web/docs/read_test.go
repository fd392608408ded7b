package docs

import (
	"context"
	"errors"
	"testing"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/doctor"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
)

func TestHere(t *testing.T) {
	for _, c := range []struct {
		base, text, uri string
	}{
		{"https://pail.example.com", "https://pail.example.com/2.0/user?a=b", "/2.0/user?a=b"},
		{"https://pail.example.com", "http://PAIL.example.com/2.0/user", "/2.0/user"},
		{"https://pail.example.com", "pail.example.com/2.0/user", "/2.0/user"},
		{"https://pail.example.com", "/2.0/user", "/2.0/user"},
		{"https://pail.example.com", "https://pail.example.com", "/"},
		{"https://pail.example.com", "https://a:b@pail.example.com/acme/widgets.git", "/acme/widgets.git"},
		{"https://pail.example.com:8443", "https://pail.example.com:8443/2.0/user", "/2.0/user"},
		{"https://example.com/pail", "https://example.com/pail/2.0/user", "/2.0/user"},
		{"https://pail.example.com", "https://pail.example.com:8443/2.0/user", ""},
		{"https://pail.example.com", "https://api.bitbucket.org/2.0/user", ""},
		{"https://pail.example.com", "https://pail.example.com.evil.example/2.0/user", ""},
		{"https://pail.example.com", "https://a@b@pail.example.com/%zz", ""},
		{"https://pail.example.com", "", ""},
		{"https://pail.example.com", "//evil.example/2.0/user", ""},
	} {
		p := &Pages{URLs: rest.URLs{Base: c.base}}
		if uri, ok := p.here(c.text); uri != c.uri && ok || ok != (c.uri != "") {
			t.Errorf("%s at %s: %q, %v", c.text, c.base, uri, ok)
		}
	}
}

// What curl would send arrives: a header of one's own before a login, a login before what stands in the address.
func TestSending(t *testing.T) {
	p := &Pages{URLs: rest.URLs{Base: "https://pail.example.com"}}
	for _, c := range []struct {
		text, method, uri string
		authorization     []string
		why               bool
	}{
		{text: "curl https://pail.example.com/2.0/user", method: "GET", uri: "/2.0/user"},
		{text: "curl -u a:b https://pail.example.com/2.0/user", method: "GET", uri: "/2.0/user", authorization: []string{"Basic YTpi"}},
		{text: "curl -u a:b -H 'authorization: Bearer c' https://pail.example.com/2.0/user", method: "GET", uri: "/2.0/user", authorization: []string{"Bearer c"}},
		{text: "curl https://a:b@pail.example.com/2.0/user", method: "GET", uri: "/2.0/user", authorization: []string{"Basic YTpi"}},
		{text: "curl --oauth2-bearer c -X DELETE https://pail.example.com/2.0/user", method: "DELETE", uri: "/2.0/user", authorization: []string{"Bearer c"}},
		{text: "git push https://a:b@pail.example.com/x/y.git", method: "GET", uri: "/x/y.git/info/refs?service=git-receive-pack", authorization: []string{"Basic YTpi"}},
		{text: "git fetch https://a:b@pail.example.com/x/y.git", method: "GET", uri: "/x/y.git", authorization: []string{"Basic YTpi"}},
		{text: "curl -u a:$B https://pail.example.com/2.0/user", why: true},
		{text: "curl -H \"Authorization: $B\" https://pail.example.com/2.0/user", why: true},
		{text: "curl https://pail.example.com/2.0/$B", why: true},
		{text: "curl https://example.org/2.0/user", why: true},
	} {
		cases, err := p.read(t.Context(), c.text)
		if err != nil || len(cases) != 1 {
			t.Fatalf("%s: %v", c.text, err)
		}
		s, why := p.sendingOf(&cases[0])
		if (why != "") != c.why || !c.why && (s.Method != c.method || s.URI != c.uri || len(s.Authorization) != len(c.authorization)) {
			t.Errorf("%s: %+v, %q", c.text, s, why)
			continue
		}
		for i, want := range c.authorization {
			if s.Authorization[i] != want {
				t.Errorf("%s: %q", c.text, s.Authorization)
			}
		}
	}
}

type nobodyGuesses struct{}

func (nobodyGuesses) MayGuess(string) error { return nil }
func (nobodyGuesses) Guessed(string)        {}

// Only so many requests are looked at at the same time.
func TestTryIsBounded(t *testing.T) {
	p := &Pages{URLs: rest.URLs{Base: "https://pail.example.com"}, Guesses: nobodyGuesses{}, trying: make(chan struct{}, 1),
		Try: func(context.Context, string, string, []string) (access.Trial, error) { return access.Trial{}, nil }}
	if _, _, err := p.try(t.Context(), "192.0.2.1", "GET /2.0/user"); err != nil {
		t.Fatal(err)
	}
	p.trying <- struct{}{}
	over, cancel := context.WithCancel(t.Context())
	cancel() // whoever asks has no more time
	_, _, err := p.try(over, "192.0.2.1", "GET /2.0/user")
	if e, ok := errors.AsType[*rest.Error](err); !ok || e.Reason != reason.ServerBusy {
		t.Errorf("%v", err)
	}
	<-p.trying
	// A fault of the store is nobody's refusal.
	p.Try = func(context.Context, string, string, []string) (access.Trial, error) {
		return access.TryBroken(rest.Fault(errors.New("the disk is gone"))), nil
	}
	if _, _, err := p.try(t.Context(), "192.0.2.1", "GET /2.0/user"); err == nil {
		t.Error("a fault is shown as a decision")
	}
	if len(p.trying) != 0 {
		t.Error("a place is not given back")
	}
}

func FuzzRead(f *testing.F) {
	for _, seed := range []string{"curl -u a:b https://pail.example.com/2.0/user", "git clone https://a:b@pail.example.com/x/y.git", "GET /2.0/user\nAuthorization: Basic a\nb", "git \"://", "curl", "> GET /\n>"} {
		f.Add(seed)
	}
	p := &Pages{URLs: rest.URLs{Base: "https://pail.example.com"}}
	f.Fuzz(func(t *testing.T, text string) {
		cases, err := p.read(t.Context(), text)
		if err != nil {
			if e, ok := errors.AsType[*rest.Error](err); !ok || len(e.Fields["request"]) != 1 {
				t.Fatalf("%v is not about the field", err)
			}
			return
		}
		for i := range cases {
			if s, why := p.sendingOf(&cases[i]); why == "" && (s.Method == "" || s.URI == "" || s.URI[0] != '/') {
				t.Errorf("%+v", s)
			}
			doctor.Examine(cases[i])
		}
	})
}
