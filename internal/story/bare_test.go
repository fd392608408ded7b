package story

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/token"
)

// The tables of pitfalls and of git's cases once more, on a server that answers as Bitbucket Cloud does.

// unreadable is what Bitbucket Cloud says to a header that makes no sense.
var unreadable = rest.Plain{Status: 400, Message: badHeader}

// plain is what a bare server answers: that depends on the header alone where a credential is refused.
func (p pitfall) plain() rest.Plain {
	switch {
	case p.bare != rest.Plain{}:
		return p.bare
	case p.reason == reason.HeaderLineBreak, p.reason == reason.HeaderControlCharacter:
		return rest.Plain{Status: 400} // no body
	}
	return rest.Plain{Status: p.status, Message: p.message}
}

// TestBarePitfalls: a bare server decides and notes the same, and tells nothing but what Bitbucket Cloud does. What it
// says to a secret that it knows, in whatever state, it says to one that it never saw, down to the last header.
func TestBarePitfalls(t *testing.T) {
	t.Parallel()
	w := pailtest.Start(t, pailtest.Options{Bare: true}).World()
	answers := map[rest.Plain]string{}
	walk(t, w, func(t *testing.T, p pitfall, x subject, a *pailtest.Answer) {
		diagnose(t, w, p, x, a, true)
		want := p.plain()
		w.Want(a, want.Status)
		if got := a.String("error.message"); got != want.Message {
			t.Errorf("says %q, want %q", got, want.Message)
		}
		if p.accessed || p.status == 404 {
			return
		}
		whole := everythingTold(a)
		if first := answers[want]; first == "" {
			answers[want] = whole
		} else if whole != first && !p.raw { // before HTTP is read the answer also ends the connection
			t.Errorf("the cause can be told apart:\n%s\n%s", first, whole)
		}
		x.secret = token.Mint(token.Inspect(x.secret).Kind) // x is a copy
		if stranger, _, _ := p.send(w, x); everythingTold(stranger) != whole {
			t.Errorf("a secret that is known can be told from one that is not:\n%s\n%s", whole, everythingTold(stranger))
		}
	})
}

// everythingTold is the whole of an answer but for what is new in each.
func everythingTold(a *pailtest.Answer) string {
	h := a.Header.Clone()
	h.Del("X-Request-Id")
	h.Del("Date")
	var b strings.Builder
	fmt.Fprintln(&b, a.Status)
	_ = h.Write(&b) // sorted
	return b.String() + string(a.Body)
}

// TestBareGit: a bare server decides and notes the same, and git prints what Bitbucket Cloud has it print, the same to
// a secret that is known as to one that is not.
func TestBareGit(t *testing.T) {
	t.Parallel()
	w := pailtest.Start(t, pailtest.Options{Bare: true}).World()
	refused := "remote: " + noAccess + "\nfatal: Authentication failed for 'URL'\n"
	walkGit(t, w, func(t *testing.T, c gitCase, x subject, out string) {
		diagnoseGit(t, w, c, x, out, true)
		want := refused
		switch {
		case c.says == nil:
			return
		case c.reason == "scope.missing":
			want = "remote: " + lacksScopes + "\nfatal: unable to access 'URL': The requested URL returned error: 403\n"
		case c.accessed:
			want = "remote: The requested repository either does not exist or you do not have access.\nfatal: unable to access 'URL': The requested URL returned error: 403\n"
		case c.name == "account password":
			want = "remote: Bitbucket Cloud recently stopped supporting account passwords for Git authentication.\nfatal: Authentication failed for 'URL'\n"
		}
		out = regexp.MustCompile(`'http://[^']*'`).ReplaceAllString(out, "'URL'")
		if diff := cmp.Diff(want, out); diff != "" {
			t.Error(diff)
		}
		if c.accessed || x.id == "" {
			return
		}
		var told []string
		for _, secret := range []string{x.secret, token.Mint(token.Inspect(x.secret).Kind)} {
			user, err := url.PathUnescape(c.user)
			check(w, err)
			told = append(told, everythingTold(askGit(w, pailtest.Basic(user, secret))))
		}
		if told[0] != told[1] || !strings.Contains(told[0], `Basic realm="Bitbucket.org HTTP"`) {
			t.Errorf("a secret that is known can be told from one that is not:\n%s\n%s", told[0], told[1])
		}
	})
	// Without a credential, and with a secret that has no scheme, git is challenged in the same words.
	for name, c := range map[string]pailtest.Credential{"none": pailtest.None, "no scheme": pailtest.Authorization(w.Secret(w.Admin, "read:repository"))} {
		if a := askGit(w, c); a.Status != 401 || string(a.Body) != noAccess+"\n" || a.Header.Get("WWW-Authenticate") != `Basic realm="Bitbucket.org HTTP"` {
			t.Errorf("%s: %s", name, everythingTold(a))
		}
	}
	if a := askGit(w, pailtest.Authorization("Basic nonsense!")); a.Status != 400 || string(a.Body) != badHeader+"\n" {
		t.Errorf("nonsense: %s", everythingTold(a))
	}
	// A header that was broken over several lines has no answer, whoever joined the lines.
	for _, method := range []string{"GET", "POST"} {
		path := map[string]string{"GET": "/info/refs?service=git-upload-pack", "POST": "/git-upload-pack"}[method]
		for _, end := range []string{"\n", "\r\n ", " "} {
			a := w.Raw(method + " /acme/widgets.git" + path + " HTTP/1.1\r\nHost: HOST\r\nContent-Type: application/x-git-upload-pack-request\r\nContent-Length: 0\r\n" +
				"Authorization: Basic " + wrap(encode("acme-admin:"+strings.Repeat("x", 200)), 76, end) + "\r\nConnection: close\r\n\r\n")
			if a.Status != 400 || len(a.Body) > 0 || a.Header.Get("Content-Type") != "" {
				t.Errorf("%s with %q: %s", method, end, everythingTold(a))
			}
		}
	}
}

// askGit asks for the references of acme/widgets as git does.
func askGit(w *pailtest.World, c pailtest.Credential) *pailtest.Answer {
	w.T.Helper()
	return w.Do(c, "GET", "/acme/widgets.git/info/refs?service=git-upload-pack", nil)
}

// TestBareAppPasswordsEnded: once app passwords have ended, a bare server says so to whatever has the form of one, over
// REST and to git, and to nothing else. That is no word about which ones there were.
func TestBareAppPasswordsEnded(t *testing.T) {
	w := pailtest.Start(t, pailtest.Options{Bare: true, Env: []string{"PAIL_APP_PASSWORDS_UNTIL=2026-07-27"}}).World()
	w.Push(1)
	revoked := ended(appPassword, `UPDATE credential SET revoked_on = 1 WHERE id = $1`)(w)
	var rest, git string
	for _, secret := range []string{appPassword(w).secret, revoked.secret, token.Mint(token.AppPassword), "ATBB" + strings.Repeat("x", 24) + "0123ABCD"} {
		for _, user := range []string{"acme-admin", w.Admin.Email, "nobody", ""} {
			a := w.Want(w.Do(pailtest.Basic(user, secret), "GET", "/2.0/user", nil), 401)
			g := w.Want(askGit(w, pailtest.Basic(user, secret)), 410)
			if rest == "" {
				rest, git = everythingTold(a), everythingTold(g)
			}
			if a.String("error.message") != endedAppPass || everythingTold(a) != rest {
				t.Errorf("%s", everythingTold(a))
			}
			if string(g.Body) != strings.ReplaceAll(deprecatedGit, "remote: ", "") || everythingTold(g) != git {
				t.Errorf("%s", everythingTold(g))
			}
		}
	}
	out, err := w.TryGit("", "ls-remote", w.Remote("acme-admin", appPassword(w).secret, "acme/widgets"))
	if err == nil || !strings.Contains(out, deprecatedGit) || !strings.Contains(out, "The requested URL returned error: 410") {
		t.Errorf("%v %s", err, out)
	}
	if a := w.Want(w.Do(pailtest.Basic("acme-admin", apiToken(w).secret), "GET", "/2.0/user", nil), 401); a.String("error.message") != badToken {
		t.Errorf("an API token: %s", a.Body)
	}
	w.Want(askGit(w, pailtest.Basic(w.Admin.Email, apiToken(w).secret)), 401)
}
