package probe

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/pailforge/pail/internal/doctor"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/token"
)

// git probes a credential for a repository: what git asks for before a fetch, and before a push. Both only list the
// branches, and change nothing.
func (p *prober) git(ctx context.Context) error {
	p.out.Fetch, p.out.Push = Unknown, Unknown
	target := strings.TrimSuffix(p.Git, "/") + "/info/refs?service="
	l := &p.Login
	if p.Anonymous {
		l = nil
		p.Login = doctor.Login{}
	}
	first, err := p.get(ctx, target+"git-upload-pack", p.Login)
	if err != nil {
		return err
	}
	c := p.case1(doctor.SurfaceGit, p.Git, "probe", l, first)
	switch {
	case first.Answer == nil:
	case first.Status == http.StatusOK:
		p.out.Fetch = Yes
		if l != nil {
			p.out.Valid, p.out.As = Unknown, "git, user "+doctor.Shown(p.Login.User.Text) // a public repository lets everybody in
		}
		if err := p.push(ctx, target, p.Login); err != nil {
			return err
		}
	default:
		p.out.Fetch = No
		if first.Status == http.StatusUnauthorized && l != nil {
			p.out.Valid = No
			if err := p.gitUsers(ctx, target, &c); err != nil {
				return err
			}
		} else if first.Status == http.StatusForbidden && strings.Contains(string(first.Body), "privilege scopes") {
			p.out.Valid = Yes
		}
	}
	p.out.Cases = append(p.out.Cases, c)
	return nil
}

// push asks for what git asks for before a push. Its refusal is no fault: nobody may want to push.
func (p *prober) push(ctx context.Context, target string, l doctor.Login) error {
	r, err := p.get(ctx, target+"git-receive-pack", l)
	if err != nil || r.Answer == nil {
		return err
	}
	switch r.Status {
	case http.StatusOK:
		p.out.Push, p.out.Valid = Yes, Yes
	case http.StatusForbidden:
		p.out.Push, p.out.Valid = No, Yes
	case http.StatusUnauthorized, http.StatusNotFound:
		p.out.Push = No
	}
	return nil
}

// gitUsers tries the users that fit the secret's kind.
func (p *prober) gitUsers(ctx context.Context, target string, c *doctor.Case) error {
	shape := token.Inspect(p.Login.Secret.Text)
	users := []string{"x-bitbucket-api-token-auth", "x-token-auth"}
	switch shape.Kind {
	case token.APIToken:
		users = users[:1]
	case token.AccessToken, token.OAuthAccess:
		users = users[1:]
	case token.AppPassword:
		return nil
	}
	for _, user := range users {
		if user == p.Login.User.Text && shape.Trimmed == p.Login.Secret.Text && !p.Login.Bearer {
			continue
		}
		l := p.Login
		l.User.Text, l.Secret.Text, l.Bearer = user, shape.Trimmed, false
		r, err := p.get(ctx, target+"git-upload-pack", l)
		if err != nil {
			return err
		}
		if r.Answer == nil || r.Status != http.StatusOK && (r.Status != http.StatusForbidden || !strings.Contains(string(r.Body), "privilege scopes")) {
			continue
		}
		p.out.Valid, p.out.As = Yes, "git, user "+user
		code := reason.CredentialGitUser
		switch {
		case user == p.Login.User.Text:
			code = reason.TokenWhitespace
		case strings.Contains(p.Login.User.Text, "@"):
			code = reason.CredentialUsernameRequired
		}
		c.Notes = append(c.Notes, finding(code, doctor.Certain, "The service was asked with both users.", "The same token is accepted with the user "+user+".", p.Login.User.Place,
			"Use that user; forget what is stored first.", forget(p.Git)))
		return nil
	}
	return nil
}

// forget is the command that makes git's helpers forget what they have for an address.
func forget(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return `printf 'protocol=` + u.Scheme + `\nhost=` + u.Host + `\n\n' | git credential reject`
}
