package doctortest

import (
	"strings"

	"github.com/pailforge/pail/internal/doctor"
)

// Healthy is a case that nothing is wrong with: a finding would be a false accusation.
type Healthy struct {
	Name    string
	Where   Where
	Make    func(Kit) doctor.Case
	Verdict doctor.Verdict // Clean, or Unknown where too little is known
}

// On tells whether the case exists at the service of a kit.
func (h *Healthy) On(k Kit) bool { return h.Where == Both || h.Where == Pail == k.Pail }

// AllHealthy lists every healthy case.
func AllHealthy() []Healthy { return healthy }

var healthy = []Healthy{
	{"API token, e-mail", Both, rightPath, doctor.Clean},
	{"API token, encoded by hand", Both, func(k Kit) doctor.Case { return k.Header("Basic "+pair(k.Email, k.APIToken), repo) }, doctor.Clean},
	{"e-mail with a plus sign", Both, func(k Kit) doctor.Case { return k.Basic("jane+ci@example.com", k.APIToken, repo) }, doctor.Clean},
	{"e-mail in another case", Both, func(k Kit) doctor.Case { return k.Basic("Jane.Doe@Example.COM", k.APIToken, repo) }, doctor.Clean},
	{"e-mail with an apostrophe", Both, func(k Kit) doctor.Case { return k.Basic("o'brien@example.com", k.APIToken, repo) }, doctor.Clean},
	{"file of a template", Both, func(k Kit) doctor.Case {
		return k.Basic(k.Email, k.APIToken, repo+"/src/main/{{cookiecutter.name}}/__INIT__")
	}, doctor.Clean},
	{"Jira's own", Cloud, func(k Kit) doctor.Case {
		return under(k.Basic(k.Email, k.APIToken, "/rest/api/3/myself"), "api.bitbucket.org", "acme.atlassian.net")
	}, doctor.Unknown},
	{"download from storage", Both, func(k Kit) doctor.Case {
		c := seen(k.Basic(k.Email, k.APIToken, repo+"/downloads/a.zip"), 200, "PK", "Server: AmazonS3", "Content-Type: application/zip")
		c.Answer.Before = []doctor.Answer{{Status: 302, Header: map[string][]string{"Location": {"https://storage.example/a.zip"}}}}
		return c
	}, doctor.Unknown},
	{"app's own token", Cloud, func(k Kit) doctor.Case {
		c := k.Header("JWT "+k.OAuth, "/2.0/addon")
		c.Method = "DELETE"
		return c
	}, doctor.Unknown},
	{"below the API's base address", Pail, func(k Kit) doctor.Case {
		c := rightPath(k)
		c.URL.Text = "/repositories/acme/widgets"
		return c
	}, doctor.Clean},
	{"trailing slash", Both, func(k Kit) doctor.Case { return k.Basic(k.Email, k.APIToken, "/2.0/user/") }, doctor.Clean},
	{"host in another case", Cloud, func(k Kit) doctor.Case { return under(rightPath(k), "api.bitbucket.org", "API.Bitbucket.org") }, doctor.Clean},
	{"encoded uuid", Both, func(k Kit) doctor.Case {
		return k.Basic(k.Email, k.APIToken, "/2.0/repositories/%7B1d1c9a7e-3b1f-4b8e-9a52-0f6f3c1d2e4b%7D/%7B7d1c9a7e-3b1f-4b8e-9a52-0f6f3c1d2e4b%7D")
	}, doctor.Clean},
	{"uuid in braces, no globbing", Both, func(k Kit) doctor.Case {
		c := k.Basic(k.Email, k.APIToken, "/2.0/repositories/acme/{7d1c9a7e-3b1f-4b8e-9a52-0f6f3c1d2e4b}")
		c.Globs = false
		return c
	}, doctor.Clean},
	{"branch with a slash", Both, func(k Kit) doctor.Case { return k.Basic(k.Email, k.APIToken, repo+"/refs/branches/feature/one") }, doctor.Clean},
	{"file with an @", Both, func(k Kit) doctor.Case { return k.Basic(k.Email, k.APIToken, repo+"/src/main/packages/@acme/index.js") }, doctor.Clean},
	{"query", Both, func(k Kit) doctor.Case {
		return k.Basic(k.Email, k.APIToken, "/2.0/repositories/acme?q=name%20~%20%22a%22&pagelen=100")
	}, doctor.Clean},
	{"access token, Bearer", Both, func(k Kit) doctor.Case { return k.Header("Bearer "+k.AccessToken, repo) }, doctor.Clean},
	{"OAuth token, Bearer", Both, func(k Kit) doctor.Case { return k.Header("Bearer "+k.OAuth, repo) }, doctor.Clean},
	{"OAuth token in the query", Cloud, func(k Kit) doctor.Case { return k.request("GET", repo+"?access_token="+k.OAuth) }, doctor.Unknown},
	{"opaque OAuth token", Cloud, func(k Kit) doctor.Case { return k.Header("Bearer "+body[:92], repo) }, doctor.Unknown},
	{"app password before the end", Both, func(k Kit) doctor.Case {
		c := k.Basic(k.Username, k.AppPassword, repo)
		c.Now = day.AddDate(-1, 0, 0)
		return c
	}, doctor.Clean},
	{"consumer buys a token", Cloud, func(k Kit) doctor.Case {
		c := k.Basic("aB3dE5gH7jK9mN1pQ3", "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dE", "")
		c.Method, c.URL.Text = "POST", "https://bitbucket.org/site/oauth2/access_token"
		return c
	}, doctor.Clean},
	{"public list, anonymous", Both, func(k Kit) doctor.Case { return k.request("GET", "/2.0/repositories/acme") }, doctor.Unknown},
	{"variables that are not set here", Cloud, func(k Kit) doctor.Case {
		c := rightPath(k)
		c.Login.User = doctor.Value{Text: "$EMAIL", Source: `"$EMAIL:$TOKEN"`, Open: true}
		c.Login.Secret = doctor.Value{Text: "$TOKEN", Source: `"$EMAIL:$TOKEN"`, Open: true}
		return c
	}, doctor.Unknown},
	{"header from a variable", Cloud, func(k Kit) doctor.Case {
		c := k.Header("Basic $AUTH", repo)
		c.Header[0].Value.Open = true
		return c
	}, doctor.Unknown},
	{"recipe with -w0", Cloud, func(k Kit) doctor.Case {
		c := k.Header("Basic $(…)", repo)
		c.Header[0].Value.Open, c.Header[0].Value.Source = true, `"Authorization: Basic $(printf %s "$EMAIL:$TOKEN" | base64 -w0)"`
		return c
	}, doctor.Unknown},
	{"recipe with tr", Cloud, func(k Kit) doctor.Case {
		c := k.Header("Basic $(…)", repo)
		c.Header[0].Value.Open, c.Header[0].Value.Source = true, `"Authorization: Basic $(echo -n "$EMAIL:$TOKEN" | base64 | tr -d '\n')"`
		return c
	}, doctor.Unknown},
	{"workspace from a variable", Cloud, func(k Kit) doctor.Case {
		c := k.Basic(k.Email, k.APIToken, "/2.0/repositories/$WORKSPACE/widgets")
		c.URL.Open = true
		return c
	}, doctor.Unknown},
	{"git, static user", Both, func(k Kit) doctor.Case { return k.Clone(gitToken, k.APIToken) }, doctor.Clean},
	{"git, username", Both, func(k Kit) doctor.Case { return k.Clone(k.Username, k.APIToken) }, doctor.Clean},
	{"git, access token", Both, func(k Kit) doctor.Case { return k.Clone(gitAccess, k.AccessToken) }, doctor.Clean},
	{"git, OAuth token", Both, func(k Kit) doctor.Case { return k.Clone(gitAccess, k.OAuth) }, doctor.Clean},
	{"git, opaque OAuth token", Cloud, func(k Kit) doctor.Case { return k.Clone(gitAccess, body[:92]) }, doctor.Unknown},
	{"git, token in the URL", Both, func(k Kit) doctor.Case {
		c := k.Clone("", "")
		c.URL.Text = strings.Replace(k.Git, "://", "://"+gitToken+":"+k.APIToken+"@", 1) + "/acme/widgets.git"
		return c
	}, doctor.Clean},
	{"git, e-mail-free URL with a user", Both, func(k Kit) doctor.Case {
		c := k.Clone("", "")
		c.URL.Text = strings.Replace(k.Git, "://", "://"+k.Username+"@", 1) + "/acme/widgets.git"
		return c
	}, doctor.Unknown},
	{"git over SSH", Cloud, func(k Kit) doctor.Case {
		c := k.Clone("", "")
		c.URL.Text = "git@bitbucket.org:acme/widgets.git"
		return c
	}, doctor.Unknown},
	{"Data Center's own", Cloud, func(k Kit) doctor.Case {
		c := k.Header("Bearer "+dc, "")
		c.URL.Text = "https://bitbucket.corp.example/rest/api/1.0/projects/FTO/repos"
		return c
	}, doctor.Unknown},
	{"GitHub's own", Cloud, func(k Kit) doctor.Case {
		c := k.Header("Bearer "+github, "")
		c.URL.Text, c.Surface = "https://api.github.com/user", doctor.SurfaceUnknown
		return c
	}, doctor.Unknown},
	{"recorder on this machine", Cloud, func(k Kit) doctor.Case {
		return under(rightPath(k), "https://api.bitbucket.org", "http://127.0.0.1:8080")
	}, doctor.Unknown},
	{"tokens of a Pail with a password", Pail, func(k Kit) doctor.Case { return k.Basic(k.Email, password, "/pail/v1/user/api-tokens") }, doctor.Unknown},
	{"200, authenticated", Both, func(k Kit) doctor.Case { return seen(rightPath(k), 200, `{}`, authenticated...) }, doctor.Clean},
	{"200, authenticated, nothing else known", Both, func(Kit) doctor.Case { return seen(doctor.Case{}, 200, `{}`, authenticated...) }, doctor.Clean},
	{"200, headers not seen", Both, func(k Kit) doctor.Case { return seen(rightPath(k), 200, `{}`) }, doctor.Unknown},
	{"200 of a public list, nothing else known", Both, func(Kit) doctor.Case { return seen(doctor.Case{}, 200, `{"values":[]}`, anonymous...) }, doctor.Unknown},
	{"204, authenticated", Both, func(k Kit) doctor.Case { return seen(rightPath(k), 204, "", authenticated...) }, doctor.Clean},
	{"302 to storage", Both, func(k Kit) doctor.Case {
		return seen(k.Basic(k.Email, k.APIToken, repo+"/pullrequests/1/diff"), 302, "", append([]string{"Location: " + k.API + "/2.0/repositories/acme/widgets/diff/a..b"}, authenticated...)...)
	}, doctor.Clean},
	{"accepted though it looks wrong", Both, func(k Kit) doctor.Case {
		return seen(k.Basic(k.Username, k.APIToken, repo), 200, `{}`, authenticated...)
	}, doctor.Clean},
	{"output without a fault", Cloud, func(Kit) doctor.Case { return doctor.Case{Output: "Already up to date.\n", Now: day} }, doctor.Unknown},
	{"nothing", Both, func(Kit) doctor.Case { return doctor.Case{} }, doctor.Unknown},
}
