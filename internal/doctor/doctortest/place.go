package doctortest

import (
	"strings"

	"github.com/pailforge/pail/internal/doctor"
	"github.com/pailforge/pail/internal/reason"
)

// to gives a pitfall for an address of bitbucket.org that is wrong, with a credential that is right.
func to(name, symptom, address string, first reason.Code, how doctor.Certainty, never ...reason.Code) Pitfall {
	return Pitfall{Name: name, Symptom: symptom, Where: Cloud, First: first, How: how, Never: append(never, reason.CredentialEmailRequired, reason.TokenRefused),
		Make: func(k Kit) doctor.Case {
			c := k.Basic(k.Email, k.APIToken, "")
			c.URL.Text, c.Surface = address, doctor.SurfaceUnknown
			return c
		}}
}

// at gives one for a path that is wrong, on either service.
func at(name, symptom, path string, first reason.Code, how doctor.Certainty, never ...reason.Code) Pitfall {
	return Pitfall{Name: name, Symptom: symptom, First: first, How: how, Never: append(never, reason.CredentialEmailRequired, reason.TokenRefused),
		Make: func(k Kit) doctor.Case { return k.Basic(k.Email, k.APIToken, path) }}
}

// remote gives one for the address of a repository on bitbucket.org.
func remote(name, address string, first reason.Code, how doctor.Certainty, never ...reason.Code) Pitfall {
	return Pitfall{Name: name, Symptom: "`git clone " + address + "`", Where: Cloud, First: first, How: how, Never: never,
		Make: func(k Kit) doctor.Case {
			c := k.Clone(gitToken, k.APIToken)
			c.URL.Text = address
			return c
		}}
}

var place = []Pitfall{
	to("website", "`https://bitbucket.org/2.0/user`", "https://bitbucket.org/2.0/user", reason.HostWebsite, doctor.Certain),
	to("www", "`https://www.bitbucket.org/2.0/user`", "https://www.bitbucket.org/2.0/user", reason.HostWebsite, doctor.Certain),
	to("bitbucket.org/api", "`https://bitbucket.org/api/2.0/user`", "https://bitbucket.org/api/2.0/user", reason.HostWebsite, doctor.Certain, reason.PathUnknown),
	to("bitbucket.org/!api", "`https://bitbucket.org/!api/2.0/user`", "https://bitbucket.org/!api/2.0/user", reason.HostWebsite, doctor.Certain, reason.PathUnknown),
	to("page", "a page of the website with a token: `https://bitbucket.org/acme/widgets/raw/main/README.md`", "https://bitbucket.org/acme/widgets/raw/main/README.md", reason.HostWebsite, doctor.Likely),
	to("Jira's host", "`https://acme.atlassian.net/2.0/user`", "https://acme.atlassian.net/2.0/user", reason.HostOtherProduct, doctor.Certain),
	to("misspelt host", "`https://api.bitbuket.org/2.0/user`", "https://api.bitbuket.org/2.0/user", reason.HostMalformed, doctor.Likely),
	to("two schemes", "`https://https://api.bitbucket.org/2.0/user`", "https://https://api.bitbucket.org/2.0/user", reason.HostMalformed, doctor.Certain),
	to("http", "`http://api.bitbucket.org/2.0/user`", "http://api.bitbucket.org/2.0/user", reason.HostScheme, doctor.Certain),
	to("no scheme in front", "`curl api.bitbucket.org/2.0/user`", "api.bitbucket.org/2.0/user", reason.HostScheme, doctor.Certain),
	to("Data Center API", "`https://api.bitbucket.org/rest/api/1.0/projects/FTO/repos`", "https://api.bitbucket.org/rest/api/1.0/projects/FTO/repos", reason.PathDataCenter, doctor.Certain, reason.PathUnknown, reason.PathVersionMissing),
	to("Data Center API at the website", "`https://bitbucket.org/rest/api/1.0/projects/FTO/repos`", "https://bitbucket.org/rest/api/1.0/projects/FTO/repos", reason.PathDataCenter, doctor.Certain),
	{Name: "Data Center client", Symptom: "a tool that is set to Data Center", Where: Cloud,
		Make: func(k Kit) doctor.Case {
			c := k.Basic(k.Email, k.APIToken, "/rest/api/1.0/projects/FTO/repos")
			c.Client = "renovate"
			return c
		},
		First: reason.HostDataCenter, How: doctor.Certain, Also: codes(reason.PathDataCenter)},
	at("permissions/groups", "`GET /2.0/workspaces/acme/projects/FTO/permissions/groups`: 404", groups, reason.PathDataCenter, doctor.Certain, reason.PathUnknown),
	at("API 1.0", "`/1.0/...`", "/1.0/repositories/acme/widgets", reason.PathVersionGone, doctor.Certain, reason.PathUnknown, reason.PathVersionMissing),
	at("teams", "`/2.0/teams/acme`", "/2.0/teams/acme", reason.PathVersionGone, doctor.Certain, reason.PathUnknown),
	at("issues", "`/2.0/repositories/acme/widgets/issues` after 2026-08-20", "/2.0/repositories/acme/widgets/issues", reason.PathVersionGone, doctor.Likely).on(Cloud),
	at("workspaces", "`GET /2.0/workspaces`: 410, CHANGE-2770", "/2.0/workspaces", reason.PathRemoved, doctor.Certain),
	at("repositories by role", "`GET /2.0/repositories?role=member`: 410", "/2.0/repositories?role=member", reason.PathRemoved, doctor.Certain),
	at("no /2.0", "`https://api.bitbucket.org/user`: 403 Forbidden", "/user", reason.PathVersionMissing, doctor.Certain, reason.PathUnknown),
	at("/v2", "`https://api.bitbucket.org/v2/user`", "/v2/user", reason.PathVersionMissing, doctor.Likely),
	at("double slash", "`https://api.bitbucket.org/2.0//user`", "/2.0//user", reason.PathDoubleSlash, doctor.Likely, reason.PathUnknown),
	at("unknown path", "a path that no operation has", "/2.0/repositories/acme/widgets/pulls", reason.PathUnknown, doctor.Likely),
	at("personal workspace", "`/2.0/repositories/~jane/widgets`", "/2.0/repositories/~jane/widgets", reason.PathPersonalWorkspace, doctor.Certain, reason.PathDataCenter),
	at("braces", "`curl .../{uuid}/...`: curl's globbing eats the braces", "/2.0/repositories/acme/{7d1c9a7e-3b1f-4b8e-9a52-0f6f3c1d2e4b}", reason.PathBraces, doctor.Certain, reason.ValueNotExpanded),
	at("braces eaten", "a uuid in the path without its braces", "/2.0/repositories/acme/7d1c9a7e-3b1f-4b8e-9a52-0f6f3c1d2e4b", reason.PathBraces, doctor.Likely),
	at("display name", "`/2.0/repositories/Acme%20Inc/widgets`: a name for a slug", "/2.0/repositories/Acme%20Inc/widgets", reason.PathName, doctor.Likely),
	at("space in the address", "a space in the query: `?q=name ~ \"api\"`", `/2.0/repositories/acme?q=name ~ "api"`, reason.RequestSpaceInTarget, doctor.Certain),
	at("half an escape", "a percent sign in the path", "/2.0/repositories/acme/100%", reason.PathMalformed, doctor.Certain),
	{Name: "wrong method", Symptom: "a method that the path does not take",
		Make: func(k Kit) doctor.Case {
			c := k.Basic(k.Email, k.APIToken, "/2.0/repositories/acme/widgets/commits/main")
			c.Method = "DELETE"
			return c
		},
		First: reason.MethodNotAllowed, How: doctor.Likely},
	{Name: "letter case", Symptom: "404 for a slug in capital letters, though authenticated",
		Make: func(k Kit) doctor.Case {
			return seen(k.Basic(k.Email, k.APIToken, "/2.0/repositories/Acme/Widgets"), 404, message(noRepository), authenticated...)
		},
		First: reason.RepositoryNotFound, How: doctor.Likely, Fine: true, Also: codes(reason.PathName)},
	{Name: "several at once", Symptom: "username, website and Data Center's path in one line", Where: Cloud,
		Make: func(k Kit) doctor.Case {
			c := k.Basic(k.Username, k.APIToken, "")
			c.URL.Text = "https://bitbucket.org/2.0/workspaces/acme/projects/FTO/permissions/groups"
			return c
		},
		First: reason.CredentialEmailRequired, How: doctor.Certain, Also: codes(reason.HostWebsite, reason.PathDataCenter)},

	remote("clone from the API", "https://api.bitbucket.org/2.0/repositories/acme/widgets", reason.URLShape, doctor.Certain),
	remote("clone from /2.0", "https://bitbucket.org/2.0/repositories/acme/widgets", reason.URLShape, doctor.Certain, reason.HostWebsite),
	remote("clone a page", "https://bitbucket.org/acme/widgets/src/main/", reason.URLShape, doctor.Certain),
	remote("clone a workspace", "https://bitbucket.org/acme", reason.URLShape, doctor.Certain),
	remote("clone from /scm", "https://bitbucket.org/scm/fto/widgets.git", reason.PathDataCenter, doctor.Certain, reason.URLShape),
	remote("clone from /projects", "https://bitbucket.org/projects/FTO/repos/widgets", reason.PathDataCenter, doctor.Certain, reason.URLShape),
	remote("clone from www", "https://www.bitbucket.org/acme/widgets.git", reason.HostWebsite, doctor.Likely),
	remote("ssh:// with a colon", "ssh://git@bitbucket.org:acme/widgets.git", reason.URLShape, doctor.Certain),
}

// rightPath is a request that everything is right with.
func rightPath(k Kit) doctor.Case {
	return k.Basic(k.Email, k.APIToken, "/2.0/repositories/acme/widgets")
}

// under is a case whose address begins in another way.
func under(c doctor.Case, old, base string) doctor.Case {
	c.URL.Text = strings.Replace(c.URL.Text, old, base, 1)
	return c
}
