package probe

import (
	"context"
	"net/http"
	"strings"

	"github.com/pailforge/pail/internal/doctor"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/token"
)

// rest probes a credential for the API.
func (p *prober) rest(ctx context.Context) error {
	target := p.root + "/2.0/user"
	first, err := p.get(ctx, target, p.Login)
	if err != nil {
		return err
	}
	p.learn(first)
	if p.out.Valid = p.accepted(first); p.out.Valid == Yes {
		p.out.As = how(p.Login)
		return p.path(ctx, p.Login, first)
	}
	c := p.case1(doctor.SurfaceREST, target, "probe", &p.Login, first)
	if p.out.Valid == No {
		good, err := p.alternatives(ctx, &c)
		if err != nil {
			return err
		}
		if good != nil {
			p.out.Valid, p.out.As = Yes, good.as()
			if !good.git {
				if err := p.path(ctx, good.Login, reply{}); err != nil {
					return err
				}
				// What is behind the first fault is told too, but only what is one.
				p.out.Cases = onlyRefused(p.out.Cases)
			}
		}
	}
	p.out.Cases = append([]doctor.Case{c}, p.out.Cases...)
	return nil
}

// how says in which form a credential was accepted.
func how(l doctor.Login) string {
	if l.Bearer {
		return "Bearer"
	}
	return "Basic, user " + doctor.Shown(l.User.Text)
}

// onlyRefused keeps the cases that hold a fault: a note, or an answer that is none of success.
func onlyRefused(cases []doctor.Case) []doctor.Case {
	var list []doctor.Case
	for _, c := range cases {
		if len(c.Notes) > 0 || c.Answer != nil && c.Answer.Status >= 400 {
			list = append(list, c)
		}
	}
	return list
}

// accepted tells whether the service took the credential at an address that nobody sees without one.
func (p *prober) accepted(r reply) State {
	if r.Answer == nil {
		return Unknown
	}
	e := readError(r.Body)
	switch _, scopes := r.Header["X-Oauth-Scopes"]; {
	case scopes, len(e.Required)+len(e.Granted) > 0:
		return Yes
	case r.Status == http.StatusOK && strings.HasPrefix(strings.TrimSpace(string(r.Body)), "{"):
		return Yes
	case r.Status == http.StatusForbidden && (strings.Contains(e.Message, "authentication mechanism") || strings.Contains(e.Message, "privilege scopes") || strings.Contains(e.Message, "authentication types")):
		return Yes
	case r.Status == http.StatusUnauthorized:
		return No
	}
	return Unknown
}

// other is the same secret in another form, and what it means when that form is accepted.
type other struct {
	doctor.Login
	git     bool // tried with git, which takes another user
	code    reason.Code
	because string
	fix     string
	command string
}

func (o *other) as() string {
	if o.git {
		return "git, user " + doctor.Shown(o.User.Text)
	}
	return how(o.Login)
}

// alternatives tries the other forms of the secret that would tell something, until one is accepted, and notes it in
// the case of the first request.
func (p *prober) alternatives(ctx context.Context, c *doctor.Case) (*other, error) {
	list := p.others()
	for i := range list {
		o := &list[i]
		if p.left() <= 1 && i > 0 {
			break
		}
		target := p.root + "/2.0/user"
		if o.git {
			target = p.repository() + "/info/refs?service=git-upload-pack"
		}
		r, err := p.get(ctx, target, o.Login)
		if err != nil {
			return nil, err
		}
		state := p.accepted(r)
		if o.git && r.Answer != nil && (r.Status == http.StatusOK || r.Status == http.StatusForbidden && strings.Contains(string(r.Body), "privilege scopes")) {
			state = Yes
		}
		if state != Yes {
			continue
		}
		if !o.git {
			p.learn(r)
		}
		evidence := "The same token is accepted as " + o.as() + "."
		place := p.Login.Secret.Place
		if o.code == reason.CredentialEmailRequired {
			place = p.Login.User.Place
		}
		c.Notes = append(c.Notes, finding(o.code, doctor.Certain, o.because, evidence, place, o.fix, o.command))
		return o, nil
	}
	return nil, nil
}

// others lists the forms, the most likely one first. What cannot be right by the secret's own form is left out.
func (p *prober) others() []other {
	const curl = `curl -u "$EMAIL:$TOKEN" `
	l := p.Login
	shape := token.Inspect(l.Secret.Text)
	user := strings.TrimSpace(l.User.Text)
	whole := doctor.Login{User: doctor.Value{Text: user, Place: l.User.Place}, Secret: doctor.Value{Text: shape.Trimmed, Place: l.Secret.Place}, From: l.From}
	bearer := whole
	bearer.Bearer, bearer.User = true, doctor.Value{}
	api, access := shape.Kind == token.APIToken, shape.Kind == token.AccessToken || shape.Kind == token.OAuthAccess
	var list []other
	if shape.Trimmed == "" || shape.Problem == token.NotExpanded || shape.Problem == token.Masked || shape.Problem == token.Empty {
		return nil
	}
	if shape.Trimmed != l.Secret.Text || user != l.User.Text && !l.Bearer {
		same := whole
		same.Bearer = l.Bearer
		if l.Bearer {
			same = bearer
		}
		list = append(list, other{Login: same, code: reason.TokenWhitespace, because: "Without what stands around it the same value is accepted.",
			fix: "Take white space, quotation marks and line ends off where the value is read.", command: `TOKEN=$(printf %s "$TOKEN" | tr -d ' \r\n"')`})
	}
	switch {
	case l.Bearer && !access && user != "":
		list = append(list, other{Login: whole, code: reason.CredentialBearerNotAccepted, because: "The service was asked both ways.",
			fix: "Send it as Basic, with the account's e-mail as the user.", command: curl + p.root + "/2.0/user"})
	case !l.Bearer && !api && shape.Kind != token.AppPassword:
		list = append(list, other{Login: bearer, code: reason.CredentialBasicNotAccepted, because: "The service was asked both ways.",
			fix: "Send it as Bearer, without a user.", command: `curl -H "Authorization: Bearer $TOKEN" ` + p.root + "/2.0/"})
	}
	if (api || shape.Origin == token.OriginUnknown) && p.repository() != "" && (l.Bearer || !strings.Contains(user, "@")) {
		asGit := whole
		asGit.User.Text = "x-bitbucket-api-token-auth"
		o := other{Login: asGit, git: true, code: reason.CredentialEmailRequired, because: "Git takes the token with a user that fits every API token, so the token is good and the user is not.",
			fix: "For REST the user is the account's e-mail.", command: curl + p.root + "/2.0/user"}
		if l.Bearer {
			o.code, o.because = reason.CredentialBearerNotAccepted, "Git takes the token, so it is good; REST takes it as Basic only."
		}
		list = append(list, o)
	}
	return list
}

// repository is the address for git of the repository that the path speaks of, "" when it speaks of none.
func (p *prober) repository() string {
	m, ok := p.match()
	if !ok {
		return ""
	}
	workspace, slug := m.Param("workspace"), m.Param("repo_slug")
	if workspace == "" || slug == "" || strings.ContainsAny(workspace+slug, "/?#%{} ") {
		return ""
	}
	root := p.root
	if root == strings.TrimSuffix(Cloud, "/2.0") {
		root = CloudGit
	}
	return root + "/" + workspace + "/" + slug + ".git"
}
