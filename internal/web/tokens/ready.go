package tokens

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/scope"
)

// ready is a piece of text that works as it stands, with the secret in it.
type ready struct {
	ID, Name string
	About    string // a sentence; "" when the name says it all
	Text     string
}

// The user names of git that stand for no account.
const (
	gitUserAPIToken    = "x-bitbucket-api-token-auth"
	gitUserAccessToken = "x-token-auth"
)

// sender is how a credential of one kind is sent.
type sender struct {
	base, host, scheme string
	secret             string
	restUser           string // "": as Bearer, without a user
	gitUser            string
	call               string // a path below /2.0 that its scopes open
	repository         string // "acme/widgets", or words to be replaced
	clones, pushes     bool
}

func (p *Pages) sender(at place, c access.Credential, secret string) sender {
	u, _ := url.Parse(p.URLs.Base) // the configuration has checked it
	s := sender{base: p.URLs.Base, host: u.Host, scheme: u.Scheme, secret: secret, repository: "WORKSPACE/REPOSITORY"}
	workspace := "WORKSPACE"
	if c.Workspace != "" {
		workspace = c.Workspace
		s.repository = workspace + "/REPOSITORY"
	}
	if at.Repository != "" {
		s.repository = at.Workspace + "/" + at.Repository
	}
	switch {
	case at.APIToken():
		s.restUser, s.gitUser = at.Self.Email, gitUserAPIToken
	case at.AppPassword():
		s.restUser, s.gitUser = at.Self.Username, at.Self.Username
	default:
		s.gitUser = gitUserAccessToken
	}
	may := func(legacy, token scope.Scope) bool {
		need := token
		if at.Legacy() {
			need = legacy
		}
		return c.Scopes.Expand().Has(need)
	}
	s.clones = may(scope.LegacyRepository, scope.ReadRepository)
	s.pushes = may(scope.LegacyRepositoryWrite, scope.WriteRepository)
	switch {
	case at.Repository != "":
		s.call = "/repositories/" + s.repository
	case at.Project != "" && c.Scopes.Expand().Has(scope.LegacyProject):
		s.call = "/workspaces/" + at.Workspace + "/projects/" + at.Project
	case at.AccessToken():
		s.call = "/repositories/" + at.Workspace
	case may(scope.LegacyAccount, scope.ReadUser):
		s.call = "/user"
	case may(scope.LegacyAccount, scope.ReadWorkspace):
		s.call = "/user/workspaces"
	case s.clones:
		s.call = "/repositories/" + workspace
	default:
		s.call = "/user"
	}
	return s
}

// quoted is text for a POSIX shell, in single quotes.
func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// ready are the lines for a new credential, each right for its kind.
func (p *Pages) ready(at place, c access.Credential, secret string) []ready {
	s := p.sender(at, c, secret)
	all := []ready{s.curl()}
	if s.clones || s.pushes {
		all = append(all, s.git(), s.helper())
	} else {
		all = append(all, ready{ID: "git", Name: "git", About: "Its scopes open nothing in git."})
	}
	all = append(all, s.netrc()...)
	return append(all, s.login(), s.renovate(), s.terraform(), s.jenkins(), s.bkt(), s.python(), s.node())
}

func (s sender) curl() ready {
	url := quoted(s.base + "/2.0" + s.call)
	r := ready{ID: "curl", Name: "curl", Text: "curl --header " + quoted("Authorization: Bearer "+s.secret) + " " + url, About: "As Bearer, without a user."}
	if s.restUser != "" {
		r.Text = "curl --user " + quoted(s.restUser+":"+s.secret) + " " + url
		r.About = "The user is " + s.userWords() + ". Let curl make the header."
	}
	return r
}

func (s sender) userWords() string {
	if strings.Contains(s.restUser, "@") {
		return "the account's e-mail"
	}
	return "the username"
}

// remote is the address of the repository with the user, and with the secret, in it.
func (s sender) remote(withSecret bool) string {
	user := url.User(s.gitUser)
	if withSecret {
		user = url.UserPassword(s.gitUser, s.secret)
	}
	return s.scheme + "://" + user.String() + "@" + s.host + "/" + s.repository + ".git"
}

func (s sender) git() ready {
	about := "In git the user is " + s.gitUser + ". The address, and with it the secret, stays in the clone's configuration: the next one keeps it out of there."
	if !s.clones {
		return ready{ID: "git", Name: "git", Text: "git push " + quoted(s.remote(true)) + " HEAD", About: about + " It pushes, and does not clone."}
	}
	return ready{ID: "git", Name: "git", Text: "git clone " + quoted(s.remote(true)), About: about}
}

func (s sender) helper() ready {
	lines := fmt.Sprintf("protocol=%s\\nhost=%s\\nusername=%s\\npassword=%s\\n", s.scheme, s.host, s.gitUser, s.secret)
	text := "printf " + quoted(lines) + " | git credential approve"
	if s.clones {
		text += "\ngit clone " + quoted(s.remote(false))
	}
	return ready{ID: "helper", Name: "git, with a credential helper", Text: text,
		About: "Keeps the secret where git keeps passwords, once a helper is set: git config --global credential.helper store, or your system's own."}
}

func (s sender) netrc() []ready {
	entry := func(user string) string {
		return "machine " + strings.Split(s.host, ":")[0] + " login " + user + " password " + s.secret
	}
	switch {
	case s.restUser == "":
		return []ready{{ID: "netrc-git", Name: ".netrc", Text: entry(s.gitUser), About: "For git. The REST API takes this kind of token as Bearer only, which .netrc cannot say."}}
	case s.restUser == s.gitUser:
		return []ready{{ID: "netrc", Name: ".netrc", Text: entry(s.restUser), About: "For curl --netrc and for git."}}
	}
	return []ready{
		{ID: "netrc", Name: ".netrc for the REST API", Text: entry(s.restUser), About: "For curl --netrc. One file has one user for a server: for git take the other line, in a file of its own, or a credential helper."},
		{ID: "netrc-git", Name: ".netrc for git", Text: entry(s.gitUser), About: "For git, in the .netrc of an account that does not call the REST API."},
	}
}

func (s sender) login() ready {
	who := ""
	switch {
	case strings.Contains(s.restUser, "@"):
		who = " --email " + quoted(s.restUser)
	case s.restUser != "":
		who = " --username " + quoted(s.restUser)
	}
	return ready{ID: "login", Name: "pail login", About: "The toolkit keeps it, and gives it to git and to pail api.",
		Text: "printf %s " + quoted(s.secret) + " | pail login --api " + quoted(s.base) + who + " --token-stdin"}
}

func (s sender) renovate() ready {
	lines := []string{"RENOVATE_PLATFORM=bitbucket", "RENOVATE_ENDPOINT=" + quoted(s.base+"/")}
	if s.restUser == "" {
		return ready{ID: "renovate", Name: "Renovate", Text: env(append(lines, "RENOVATE_TOKEN="+quoted(s.secret)))}
	}
	return ready{ID: "renovate", Name: "Renovate", Text: env(append(lines, "RENOVATE_USERNAME="+quoted(s.restUser), "RENOVATE_PASSWORD="+quoted(s.secret))),
		About: "It finds out itself which user git takes."}
}

func (s sender) terraform() ready {
	lines := []string{"BITBUCKET_USERNAME=" + quoted(s.restUser), "BITBUCKET_PASSWORD=" + quoted(s.secret)}
	if s.restUser == "" {
		lines = []string{"BITBUCKET_OAUTH_TOKEN=" + quoted(s.secret)}
	}
	return ready{ID: "terraform", Name: "Terraform (DrFaust92/bitbucket)", Text: env(append([]string{"BITBUCKET_API_BASE_URL=" + quoted(s.base+"/2.0")}, lines...))}
}

func env(lines []string) string { return "export " + strings.Join(lines, "\nexport ") }

func (s sender) jenkins() ready {
	text := "Kind:     Username with password\nUsername: " + s.gitUser + "\nPassword: " + s.secret
	about := "A credential for the git plugin."
	if s.restUser != "" && s.restUser != s.gitUser {
		text = "Kind:     Username with password\nUsername: " + s.restUser + "\nPassword: " + s.secret
		about = "A credential for the Bitbucket branch source plugin, which asks git with the right user itself. For the plain git plugin the username is " + s.gitUser + "."
	}
	return ready{ID: "jenkins", Name: "Jenkins", Text: text, About: about}
}

func (s sender) bkt() ready {
	lines := []string{"BKT_HOST=" + quoted(s.base)}
	if s.restUser == "" {
		return ready{ID: "bkt", Name: "bkt", Text: env(append(lines, "BKT_AUTH_METHOD=bearer", "BKT_TOKEN="+quoted(s.secret)))}
	}
	return ready{ID: "bkt", Name: "bkt", Text: env(append(lines, "BKT_USERNAME="+quoted(s.restUser), "BKT_TOKEN="+quoted(s.secret)))}
}

// literal is text as Python and JavaScript write it.
func literal(text string) string { return fmt.Sprintf("%q", text) }

func (s sender) python() ready {
	how := "auth=(" + literal(s.restUser) + ", " + literal(s.secret) + ")"
	if s.restUser == "" {
		how = "headers={\"Authorization\": " + literal("Bearer "+s.secret) + "}"
	}
	return ready{ID: "python", Name: "Python, requests", Text: "import requests\n\nr = requests.get(" + literal(s.base+"/2.0"+s.call) + ",\n                 " + how + ")\nprint(r.status_code, r.json())"}
}

func (s sender) node() ready {
	value := literal("Basic ") + " + Buffer.from(" + literal(s.restUser+":"+s.secret) + ").toString(\"base64\")"
	if s.restUser == "" {
		value = literal("Bearer " + s.secret)
	}
	return ready{ID: "node", Name: "Node", Text: "const r = await fetch(" + literal(s.base+"/2.0"+s.call) + ", {\n  headers: { Authorization: " + value + " },\n});\nconsole.log(r.status, await r.json());"}
}
