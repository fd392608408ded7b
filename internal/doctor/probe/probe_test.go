package probe

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/doctor"
	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/token"
	"pgregory.net/rapid"
)

// wire writes down what is sent.
type wire struct{ requests []string }

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	w.requests = append(w.requests, r.Method+" "+r.URL.RequestURI())
	return http.DefaultTransport.RoundTrip(r)
}

func value(text string) doctor.Value { return doctor.Value{Text: text, Place: "test"} }

func basic(user, secret string) doctor.Login {
	return doctor.Login{User: value(user), Secret: value(secret), From: "test"}
}

func bearer(secret string) doctor.Login {
	return doctor.Login{Secret: value(secret), From: "test", Bearer: true}
}

// told is a result in a few lines.
func told(r Result) string {
	var b strings.Builder
	fmt.Fprintf(&b, "valid %s", r.Valid)
	for _, pair := range [][2]string{{"as", r.As}, {"of", r.Account}, {"kind", r.Kind}, {"scopes", strings.Join(r.Scopes, " ")}, {"from", r.From}, {"missing", strings.Join(r.Missing, " ")},
		{"fetch", string(r.Fetch)}, {"push", string(r.Push)}} {
		if pair[1] != "" {
			fmt.Fprintf(&b, " %s %s;", pair[0], strings.ReplaceAll(pair[1], ":bitbucket", ""))
		}
	}
	for _, s := range r.Seen {
		fmt.Fprintf(&b, " sees %s %s;", s.Name, s.Visible)
	}
	for _, c := range r.Cases {
		u, _ := url.Parse(c.URL.Text)
		fmt.Fprintf(&b, "\n%s %s", c.Method, u.Path)
		if c.Answer != nil {
			fmt.Fprintf(&b, " %d", c.Answer.Status)
		}
		for _, f := range c.Notes {
			fmt.Fprintf(&b, " !%s %s", f.Reason, f.Certainty)
		}
	}
	return b.String()
}

// both runs f on a server that explains and on one that does not.
func both(t *testing.T, f func(t *testing.T, w *pailtest.World)) {
	for _, bare := range []bool{false, true} {
		t.Run(fmt.Sprintf("bare=%v", bare), func(t *testing.T) {
			f(t, pailtest.Start(t, pailtest.Options{Bare: bare}).World())
		})
	}
}

// TestRest: what a probe finds out is the same whether the server explains its refusals or not.
func TestRest(t *testing.T) {
	both(t, func(t *testing.T, w *pailtest.World) {
		w.Push(1)
		email := w.Member.Email
		good := w.Secret(w.Member, "read:user", "read:repository", "read:workspace")
		narrow := w.Secret(w.Member, "read:repository")
		reads := w.Secret(w.Member, "read:workspace")
		outside := w.Secret(w.Outsider, "read:user", "read:repository", "read:workspace")
		app := w.AppPassword(w.Member, "account", "repository")
		access := accessToken(t, w)
		const repo, all = "/2.0/repositories/acme/widgets", "read:repository read:user read:workspace"
		for _, c := range []struct {
			name         string
			login        doctor.Login
			method, path string
			want         string
		}{
			{"a good token", basic(email, good), "", "", "valid yes as Basic, user " + email + "; of acme-member; kind api_token; scopes read:repository read:workspace read:user; from X-OAuth-Scopes;\nGET /2.0/user 200"},
			{"without read:user, which nobody asks for", basic(email, reads), "", "", "valid yes as Basic, user " + email + "; kind api_token; scopes read:workspace; from X-OAuth-Scopes;\nGET /2.0/user/workspaces 200"},
			{"without anything that can be read", basic(email, narrow), "", "", "valid yes as Basic, user " + email + "; kind api_token; scopes read:repository; from X-OAuth-Scopes;\nGET "},
			{"a read", basic(email, good), "GET", repo + "/refs/branches", "valid yes as Basic, user " + email + "; of acme-member; kind api_token; scopes read:repository read:workspace read:user; from X-OAuth-Scopes; sees repository acme/widgets yes;\nGET /2.0/repositories/acme/widgets/refs/branches 200"},
			{"a read that lacks a scope", basic(email, good), "GET", "/2.0/workspaces/acme/projects/FTO", "valid yes as Basic, user " + email + "; of acme-member; kind api_token; scopes read:repository read:workspace read:user; from X-OAuth-Scopes; missing read:project; sees project acme/FTO not known;\nGET /2.0/workspaces/acme/projects/FTO 403"},
			{"a write that lacks scopes", basic(email, good), "PUT", repo, "valid yes as Basic, user " + email + "; of acme-member; kind api_token; scopes read:repository read:workspace read:user; from X-OAuth-Scopes; missing admin:repository; sees repository acme/widgets yes;\nPUT /2.0/repositories/acme/widgets !scope.missing certain"},
			{"a write that nothing is in the way of", basic(email, w.Secret(w.Member, "read:repository", "admin:repository")), "PUT", repo, "valid yes as Basic, user " + email + "; kind api_token; scopes read:repository admin:repository; from X-OAuth-Scopes; sees repository acme/widgets yes;\nPUT /2.0/repositories/acme/widgets"},
			{"another account", basic(w.Outsider.Email, outside), "GET", repo, "valid yes as Basic, user " + w.Outsider.Email + "; of acme-outsider; kind api_token; scopes read:repository read:workspace read:user; from X-OAuth-Scopes; sees repository acme/widgets no; sees workspace acme no;\nGET /2.0/repositories/acme/widgets 404"},
			{"another account, a write", basic(w.Outsider.Email, outside), "DELETE", repo, "valid yes as Basic, user " + w.Outsider.Email + "; of acme-outsider; kind api_token; scopes read:repository read:workspace read:user; from X-OAuth-Scopes; missing delete:repository; sees repository acme/widgets no; sees workspace acme no;\nDELETE /2.0/repositories/acme/widgets !scope.missing certain\nGET /2.0/repositories/acme/widgets 404"},
			{"no such repository", basic(email, good), "GET", "/2.0/repositories/acme/nothing", "valid yes as Basic, user " + email + "; of acme-member; kind api_token; scopes read:repository read:workspace read:user; from X-OAuth-Scopes; sees repository acme/nothing no; sees workspace acme yes;\nGET /2.0/repositories/acme/nothing 404"},
			{"no such path, which is not sent", basic(email, good), "GET", "/2.0/workspaces/acme/projects/FTO/permissions/groups", "valid yes as Basic, user " + email + "; of acme-member; kind api_token; scopes read:repository read:workspace read:user; from X-OAuth-Scopes; missing read:project;\nGET /2.0/workspaces/acme/projects/FTO/permissions/groups !scope.missing certain"},
			{"the username", basic(w.Member.Username, good), "GET", repo, "valid yes as git, user x-bitbucket-api-token-auth;\nGET /2.0/user 401 !credential.email_required certain"},
			{"the username, and no repository", basic(w.Member.Username, good), "", "", "valid no\nGET /2.0/user 401"},
			{"Bearer", bearer(good), "GET", repo, "valid yes as git, user x-bitbucket-api-token-auth;\nGET /2.0/user 401 !credential.bearer_not_accepted certain"},
			{"Bearer, with an e-mail that is known", doctor.Login{User: value(email), Secret: value(good), Bearer: true}, "GET", "/2.0/workspaces/acme/projects/FTO", "valid yes as Basic, user " + email + "; of acme-member; kind api_token; scopes read:repository read:workspace read:user; from X-OAuth-Scopes; missing read:project; sees project acme/FTO not known;\nGET /2.0/user 401 !credential.bearer_not_accepted certain\nGET /2.0/workspaces/acme/projects/FTO 403"},
			{"a newline behind it", basic(email, good+"\n"), "", "", "valid yes as Basic, user " + email + "; of acme-member; kind api_token; scopes read:repository read:workspace read:user; from X-OAuth-Scopes;\nGET /2.0/user 401 !token.whitespace certain"},
			{"nobody's", basic(email, token.Mint(token.APIToken)), "GET", repo, "valid no\nGET /2.0/user 401"},
			{"an access token", bearer(access), "GET", repo, "valid yes as Bearer; kind repo_access_token; scopes repository; from X-OAuth-Scopes; sees repository acme/widgets yes;\nGET /2.0/repositories/acme/widgets 200"},
			{"an access token as Basic", basic("x-token-auth", access), "", "", "valid yes as Bearer; kind repo_access_token; scopes repository; from X-OAuth-Scopes;\nGET /2.0/user 401 !credential.basic_not_accepted certain"},
			{"an access token for a permission", bearer(access), "PUT", repo + "/permissions-config/groups/developers", "valid yes as Bearer; kind repo_access_token; scopes repository; from X-OAuth-Scopes; missing repository:admin; sees repository acme/widgets yes;\nPUT /2.0/repositories/acme/widgets/permissions-config/groups/developers !credential.kind_not_accepted certain"},
			{"an app password", basic(w.Member.Username, app), "POST", repo + "/pullrequests", "valid yes as Basic, user acme-member; of acme-member; kind app_password; scopes account repository; from X-OAuth-Scopes; missing pullrequest:write; sees repository acme/widgets yes;\nPOST /2.0/repositories/acme/widgets/pullrequests !scope.missing certain"},
		} {
			t.Run(c.name, func(t *testing.T) {
				var sent wire
				var said []string
				before := w.Store()
				r, err := Run(t.Context(), Options{API: w.URL + "/2.0", Login: c.login, Method: c.method, Path: c.path, Client: &http.Client{Transport: &sent},
					Say: func(line string) { said = append(said, line) }})
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(c.want, told(r)); diff != "" {
					t.Error(diff)
				}
				if len(said) != len(sent.requests) || len(r.Requests) != len(sent.requests) {
					t.Errorf("sent %q, said %q, told %v", sent.requests, said, r.Requests)
				}
				check(t, r, sent, said, c.login.Secret.Text)
				if after := w.Store(); bookkeeping(before) != bookkeeping(after) {
					t.Error("the store changed")
				}
			})
		}
	})
}

// bookkeeping takes away what every request with a credential changes.
func bookkeeping(store string) string {
	var kept []string
	for line := range strings.Lines(store) {
		if !strings.HasPrefix(line, "activity ") && !strings.HasPrefix(line, "credential ") && !strings.HasPrefix(line, "credential_usage ") && !strings.HasPrefix(line, "credential_day ") {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "")
}

// fataler is a test, or a check of a property.
type fataler interface {
	Errorf(string, ...any)
	Fatal(...any)
}

// check holds what holds for every probe: six requests at most, all of them GET, and no secret in what is told.
func check(t fataler, r Result, sent wire, said []string, secret string) {
	if len(sent.requests) > 6 { // not Limit, which this checks
		t.Errorf("%d requests", len(sent.requests))
	}
	for _, one := range sent.requests {
		if !strings.HasPrefix(one, "GET ") {
			t.Errorf("sent %s", one)
		}
	}
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	shown := string(text) + strings.Join(said, "\n")
	for _, c := range r.Cases {
		notes, _ := json.Marshal(c.Notes)
		shown += string(notes)
		if c.Answer != nil {
			shown += c.Answer.Place
		}
	}
	if len(secret) > 13 && strings.Contains(shown, secret[:13]) {
		t.Errorf("a secret is shown: %s", shown)
	}
}

func accessToken(t *testing.T, w *pailtest.World) string {
	t.Helper()
	_, secret, err := w.Accounts.CreateAccessToken(context.Background(), access.RepositoryTok, access.Bounds{WorkspaceID: w.Workspace.ID, ProjectID: w.Project.ID, RepositoryID: w.Repository.ID}, "test", []string{"repository"}, 0)
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

// TestGit: fetch and push are told apart without doing either.
func TestGit(t *testing.T) {
	both(t, func(t *testing.T, w *pailtest.World) {
		w.Push(1)
		reads := w.Secret(w.Member, "read:repository")
		writes := w.Secret(w.Member, "read:repository", "write:repository")
		outside := w.Secret(w.Outsider, "read:repository")
		access := accessToken(t, w)
		const path = "\n /acme/widgets.git"
		for _, c := range []struct {
			name  string
			login doctor.Login
			want  string
		}{
			{"fetch and push", basic("x-bitbucket-api-token-auth", writes), "valid yes as git, user x-bitbucket-api-token-auth; fetch yes; push yes;" + path + " 200"},
			{"fetch only", basic(w.Member.Username, reads), "valid yes as git, user acme-member; fetch yes; push no;" + path + " 200"},
			{"no scope", basic(w.Member.Username, w.Secret(w.Member, "read:user")), "valid yes fetch no; push not known;" + path + " 403"},
			{"the e-mail", basic(w.Member.Email, reads), "valid yes as git, user x-bitbucket-api-token-auth; fetch no; push not known;" + path + " 401 !credential.username_required certain"},
			{"the access tokens' user", basic("x-token-auth", reads), "valid yes as git, user x-bitbucket-api-token-auth; fetch no; push not known;" + path + " 401 !credential.git_user certain"},
			{"an access token with another user", basic("jane", access), "valid yes as git, user x-token-auth; fetch no; push not known;" + path + " 401 !credential.git_user certain"},
			{"another account", basic("x-bitbucket-api-token-auth", outside), "valid not known fetch no; push not known;" + path + map[bool]string{false: " 404", true: " 403"}[w.Config.Answers == "bare"]},
			{"nobody's", basic("x-bitbucket-api-token-auth", token.Mint(token.APIToken)), "valid no fetch no; push not known;" + path + " 401"},
			{"anonymous", doctor.Login{}, "valid not known fetch no; push not known;" + path + " 401"},
		} {
			t.Run(c.name, func(t *testing.T) {
				var sent wire
				r, err := Run(t.Context(), Options{API: w.URL, Login: c.login, Git: w.URL + "/acme/widgets.git", Anonymous: c.login == doctor.Login{}, Client: &http.Client{Transport: &sent}})
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(c.want, told(r)); diff != "" {
					t.Error(diff)
				}
				check(t, r, sent, nil, c.login.Secret.Text)
			})
		}
	})
}

// TestLimits: whatever credential and path it is given, a probe keeps to six requests, and to GET.
func TestLimits(t *testing.T) {
	both(t, func(t *testing.T, w *pailtest.World) {
		w.Push(1)
		secrets := []string{w.Secret(w.Member, "read:user"), w.Secret(w.Member, "read:repository"), w.Secret(w.Admin, "read:user", "read:workspace", "read:repository", "admin:repository"),
			accessToken(t, w), w.AppPassword(w.Member, "repository"), token.Mint(token.APIToken), "hunter2", "", "$TOKEN", "ATATT3xFfGF0" + strings.Repeat("a", 171) + "=0123ABCD"}
		rapid.Check(t, func(t *rapid.T) {
			secret := rapid.SampledFrom(secrets).Draw(t, "secret")
			login := basic(rapid.SampledFrom([]string{w.Member.Email, w.Member.Username, "x-token-auth", "", "a@b.c ", "x\n"}).Draw(t, "user"),
				rapid.SampledFrom([]string{"", " ", "\"", "Bearer "}).Draw(t, "around")+secret)
			login.Bearer = rapid.Bool().Draw(t, "bearer")
			path := rapid.OneOf(rapid.String(), rapid.Custom(func(t *rapid.T) string {
				parts := rapid.SliceOf(rapid.SampledFrom([]string{"2.0", "repositories", "workspaces", "acme", "widgets", "nothing", "projects", "FTO", "user", "hooks", "pullrequests", "%7B", "?x=1", "..", w.URL})).Draw(t, "parts")
				return "/" + strings.Join(parts, "/")
			})).Draw(t, "path")
			o := Options{API: w.URL, Login: login, Method: rapid.SampledFrom([]string{"", "GET", "POST", "put", "DELETE", "HEAD", "PATCH"}).Draw(t, "method"), Path: path}
			if rapid.Bool().Draw(t, "git") {
				o.Git = w.URL + "/acme/" + rapid.SampledFrom([]string{"widgets.git", "nothing", "", "a b"}).Draw(t, "repository")
			}
			var sent wire
			var said []string
			o.Client, o.Say = &http.Client{Transport: &sent}, func(line string) { said = append(said, line) }
			r, err := Run(context.Background(), o)
			if err != nil && !errors.Is(err, ErrCannotSend) {
				t.Fatal(err)
			}
			check(t, r, sent, said, secret)
		})
	})
}

// TestAnyService: also a service that answers without sense gets no more than six requests, and none twice.
func TestAnyService(t *testing.T) {
	const lacks = `{"type":"error","error":{"message":"Your credentials lack one or more required privilege scopes."}}`
	secret := token.Mint(token.APIToken)
	rapid.Check(t, func(t *rapid.T) {
		answers := rapid.SliceOfN(rapid.SampledFrom([]string{"200 {}", "200 x", "401 ", "403 " + lacks, "403 ", "404 ", "410 ", "429 ", "302 ", "500 <html>"}), 12, 12).Draw(t, "answers")
		scopes := rapid.SampledFrom([]string{"-", "", "read:user:bitbucket", "repository, nonsense"}).Draw(t, "scopes")
		var sent wire
		fake := transport(func(r *http.Request) (*http.Response, error) {
			status, body, _ := strings.Cut(answers[len(sent.requests)%len(answers)], " ")
			sent.requests = append(sent.requests, r.Method+" "+r.URL.RequestURI()+" "+r.Header.Get("Authorization"))
			n, _ := strconv.Atoi(status)
			h := http.Header{}
			if scopes != "-" {
				h.Set("X-OAuth-Scopes", scopes)
			}
			return &http.Response{StatusCode: n, Header: h, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
		})
		user := rapid.SampledFrom([]string{"a@b.c", "jane", " jane"}).Draw(t, "user")
		o := Options{API: "http://service.example", Client: &http.Client{Transport: fake}, Method: rapid.SampledFrom([]string{"GET", "POST", "PUT"}).Draw(t, "method"),
			Login: basic(user, rapid.SampledFrom([]string{secret, secret + " ", "opaque", "opaque\n"}).Draw(t, "secret")),
			Path:  rapid.SampledFrom([]string{"", "/2.0/repositories/acme/widgets/pullrequests", "/2.0/repositories/acme/widgets", "/2.0/workspaces/acme/projects/FTO", "/2.0/repositories/acme/widgets/default-reviewers/jane", "/2.0/repositories/acme/widgets/pullrequests/1/merge"}).Draw(t, "path")}
		o.Login.Bearer = rapid.Bool().Draw(t, "bearer")
		if rapid.IntRange(0, 3).Draw(t, "git") == 0 {
			o.Git = "http://service.example/acme/widgets.git"
		}
		r, err := Run(context.Background(), o)
		if err != nil && !errors.Is(err, ErrCannotSend) {
			t.Fatal(err)
		}
		check(t, r, sent, nil, secret)
		for i, one := range sent.requests {
			if slices.Contains(sent.requests[:i], one) {
				t.Errorf("sent twice: %s", one)
			}
		}
	})
}

// TestNoSeventh: whatever is asked of it, the one place that sends stops at six.
func TestNoSeventh(t *testing.T) {
	var sent wire
	fake := transport(func(r *http.Request) (*http.Response, error) {
		sent.requests = append(sent.requests, r.Method+" "+r.URL.Path)
		return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Request: r}, nil
	})
	p := &prober{Options: Options{Say: func(string) {}, Now: time.Now}, client: &http.Client{Transport: fake}, got: map[question]reply{}}
	for i := range 8 {
		r, err := p.get(t.Context(), fmt.Sprintf("http://service.example/%d", i), basic("a", "b"))
		if err != nil || (r.Answer != nil) != (i < 6) {
			t.Errorf("request %d: %v, %v", i+1, r.Answer, err)
		}
	}
	check(t, p.out, sent, nil, "")
}

// TestRedirect: the credential does not follow a redirect, to this host or another one.
func TestRedirect(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a redirect was followed") }))
	t.Cleanup(elsewhere.Close)
	server := httptest.NewServer(http.RedirectHandler(elsewhere.URL+"/2.0/user", http.StatusFound))
	t.Cleanup(server.Close)
	r, err := Run(t.Context(), Options{API: server.URL, Login: basic("a@b.c", token.Mint(token.APIToken)), Path: "/2.0/user"})
	if err != nil || told(r) != "valid not known\nGET /2.0/user 302" {
		t.Errorf("%v: %s", err, told(r))
	}
}

// TestStripped: a proxy takes the headers away that tell scopes, so they are taken from a refusal, or tried one by one.
func TestStripped(t *testing.T) {
	w := pailtest.Start(t, pailtest.Options{Bare: true}).World()
	w.Push(1)
	secret := w.Secret(w.Member, "read:user")
	for _, c := range []struct {
		silent bool
		want   string
	}{
		{false, "scopes read:user; from the refusal; missing read:repository; sees repository acme/widgets not known; sees workspace acme not known;"},
		{true, "missing read:repository; sees repository acme/widgets not known; sees workspace acme not known;"},
	} {
		strip := transport(func(r *http.Request) (*http.Response, error) {
			res, err := http.DefaultTransport.RoundTrip(r)
			if err == nil {
				res.Header.Del("X-Oauth-Scopes")
				res.Header.Del("X-Credential-Type")
			}
			if err == nil && res.StatusCode == http.StatusForbidden && c.silent {
				_ = res.Body.Close()
				res.Body = io.NopCloser(strings.NewReader(`{"type":"error","error":{"message":"Your credentials lack one or more required privilege scopes."}}`))
			}
			return res, err
		})
		r, err := Run(t.Context(), Options{API: w.URL, Login: basic(w.Member.Email, secret), Method: "POST", Path: "/2.0/repositories/acme/widgets/commits", Client: &http.Client{Transport: strip}})
		if err != nil {
			t.Fatal(err)
		}
		want := "valid yes as Basic, user " + w.Member.Email + "; of acme-member; " + c.want + "\nPOST /2.0/repositories/acme/widgets/commits !scope.missing certain"
		if diff := cmp.Diff(want, told(r)); diff != "" {
			t.Error(diff)
		}
	}
}

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestNoAnswer: a service that cannot be reached is a finding, without a word about the credential.
func TestNoAnswer(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	r, err := Run(t.Context(), Options{API: server.URL, Login: basic("a@b.c", token.Mint(token.APIToken)), Method: "GET", Path: "/user"})
	if err != nil || r.Valid != Unknown || len(r.Cases) != 1 || !strings.Contains(r.Cases[0].Output, "connection refused") || r.Cases[0].Answer != nil {
		t.Errorf("%v: %+v", err, r)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Run(ctx, Options{API: server.URL, Login: basic("a", "b")}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
