package doctortest

import (
	"github.com/pailforge/pail/internal/doctor"
	"github.com/pailforge/pail/internal/reason"
)

// The sentences of Bitbucket Cloud.
const (
	badToken     = "Token is invalid, expired, or not supported for this endpoint."
	noRepository = "You may not have access to this repository or it no longer exists in this workspace. If you think this repository exists and you have access, make sure you are authenticated."
	lacks        = `{"type":"error","error":{"message":"Your credentials lack one or more required privilege scopes.","detail":{"required":["read:webhook:bitbucket"],"granted":["read:repository:bitbucket","read:user:bitbucket"]}}}`
	lacksLegacy  = `{"type":"error","error":{"message":"Your credentials lack one or more required privilege scopes.","detail":{"required":["webhook"],"granted":["read:repository:bitbucket","read:user:bitbucket"]}}}`
	noAPI        = `{"type":"error","error":{"message":"Resource not found","detail":"There is no API hosted at this URL.\n\nFor information about our API's, please refer to the documentation at: https://developer.atlassian.com/bitbucket/api/2/reference/"}}`
	gone2770     = `{"type":"error","error":{"message":"CHANGE-2770 - Functionality has been deprecated","detail":"Please read the changelog entry for more details.","data":{"announcement_url":"https://developer.atlassian.com/cloud/bitbucket/changelog#CHANGE-2770"}}}`
)

// alone gives a pitfall for a saved answer of which nothing else is known.
func alone(name, symptom string, status int, content string, head []string, first reason.Code, how doctor.Certainty, never ...reason.Code) Pitfall {
	return Pitfall{Name: name, Symptom: symptom, Where: Cloud, First: first, How: how, Never: never,
		Make: func(Kit) doctor.Case { return seen(doctor.Case{Now: day}, status, content, head...) }}
}

// good gives one for an answer to a request that nothing is wrong with before it is sent.
func good(name, symptom, path string, status int, content string, head []string, first reason.Code, how doctor.Certainty, never ...reason.Code) Pitfall {
	return Pitfall{Name: name, Symptom: symptom, First: first, How: how, Never: never,
		Make: func(k Kit) doctor.Case { return seen(k.Basic(k.Email, k.APIToken, path), status, content, head...) }}
}

// fine adds that the credential is not to blame.
func (p Pitfall) fine() Pitfall {
	p.Fine = true
	return p
}

func (p Pitfall) also(list ...reason.Code) Pitfall {
	p.Also = list
	return p
}

const repo = "/2.0/repositories/acme/widgets"

var answers = []Pitfall{
	// 3a
	alone("the one sentence", "401 `Token is invalid, expired, or not supported for this endpoint.`, nothing else known", 401, message(badToken), refused, reason.TokenRefused, doctor.Possible, reason.TokenExpired),
	alone("the one sentence, older", "401 `Token is invalid or not supported for this endpoint.`", 401, message("Token is invalid or not supported for this endpoint."), refused, reason.TokenRefused, doctor.Possible),
	good("refused though sent right", "the same 401, though e-mail, token and scheme go together: unscoped, expired, revoked or another product's", "/2.0/user", 401, message(badToken), refused, reason.TokenRefused, doctor.Possible, reason.CredentialEmailRequired, reason.TokenExpired),
	alone("older challenge", "401 with `WWW-Authenticate: Basic realm=\"Bitbucket.org HTTP\"` from envoy", 401, message(badToken), []string{"Server: envoy", `Www-Authenticate: Basic realm="Bitbucket.org HTTP"`}, reason.TokenRefused, doctor.Possible, reason.NetworkProxy),
	good("older challenge, no body", "the same without a body, though the credential is right by its form", repo, 401, "", []string{"Server: envoy", `Www-Authenticate: Basic realm="Bitbucket.org HTTP"`}, reason.TokenRefused, doctor.Possible, reason.NetworkProxy),
	alone("OAuth expired", "401 `OAuth2 access token expired. ...`", 401, message("OAuth2 access token expired. Use your refresh token to obtain a new access token."), refused, reason.OAuthExpired, doctor.Certain),
	alone("OAuth expired, older", "401 `Access token expired. Use your refresh token ...`", 401, message("Access token expired. Use your refresh token to obtain a new access token."), refused, reason.OAuthExpired, doctor.Certain),
	alone("Access token expired.", "401 `Access token expired.`, nothing else known", 401, message("Access token expired."), refused, reason.OAuthExpired, doctor.Likely).also(reason.AppPasswordAsBearer),
	good("missing scope", "403 `Your credentials lack one or more required privilege scopes.`", repo+"/hooks", 403, lacks, authenticated, reason.ScopeMissing, doctor.Certain, reason.PrivilegeMissing),
	alone("missing scope, alone", "the same, nothing else known", 403, lacks, nil, reason.ScopeMissing, doctor.Certain, reason.PrivilegeMissing),
	good("missing scope, old name", "403 that requires a scope by its old name", repo+"/hooks", 403, lacksLegacy, authenticated, reason.ScopeMissing, doctor.Certain),
	good("write does not read", "403 though write is granted: read is missing", repo+"/pullrequests", 403, `{"type":"error","error":{"message":"Your credentials lack one or more required privilege scopes.","detail":{"required":["read:pullrequest:bitbucket"],"granted":["write:pullrequest:bitbucket"]}}}`,
		[]string{"Server: AtlassianEdge", "X-Oauth-Scopes: write:pullrequest:bitbucket"}, reason.ScopeMissing, doctor.Certain),
	good("login check of a tool", "403 on GET /user in a tool's login check", "/2.0/user", 403, `{"type":"error","error":{"message":"Your credentials lack one or more required privilege scopes.","detail":{"required":["read:user:bitbucket"],"granted":["read:repository:bitbucket"]}}}`,
		[]string{"Server: AtlassianEdge", "X-Oauth-Scopes: read:repository:bitbucket"}, reason.ScopeMissing, doctor.Certain, reason.TokenRefused),
	good("missing scope, not said", "403 without a sentence, to a token without the operation's scope", repo+"/hooks", 403, "", authenticated, reason.ScopeMissing, doctor.Likely, reason.PrivilegeMissing),
	alone("types", "403 `This API is only accessible with the following authentication types: ...`", 403, message("This API is only accessible with the following authentication types: apppassword, session, api_token"), authenticated, reason.CredentialKindNotAccepted, doctor.Certain),
	alone("mechanism", "403 `This API is not accessible by this authentication mechanism`", 403, message("This API is not accessible by this authentication mechanism"), authenticated, reason.CredentialKindNotAccepted, doctor.Certain),
	alone("provided token", "403 `This resource does not support authentication using the provided token`", 403, message("This resource does not support authentication using the provided token"), authenticated, reason.CredentialKindNotAccepted, doctor.Certain),
	alone("workspace", "403 `You do not have access to view this workspace.`", 403, message("You do not have access to view this workspace."), authenticated, reason.WorkspaceForbidden, doctor.Certain, reason.ScopeMissing).fine(),
	alone("inactive", "403 `This workspace and its content have been deactivated due to inactivity.`", 403, message("Error: This workspace and its content have been deactivated due to inactivity. ..."), authenticated, reason.PolicyInactive, doctor.Certain).fine(),
	good("private, authenticated", "404 for a repository, with X-OAuth-Scopes: another account, or no access", repo, 404, message(noRepository), authenticated, reason.RepositoryNotFound, doctor.Likely, reason.TokenRefused, reason.HeaderStripped).fine(),
	alone("private, alone", "404 for a repository, without headers", 404, message(noRepository), nil, reason.RepositoryNotFound, doctor.Possible, reason.CredentialMissing),
	alone("private, other words", "404 `Repository acme/widgets not found`", 404, message("Repository acme/widgets not found"), nil, reason.RepositoryNotFound, doctor.Possible),
	alone("private, anonymous", "404 for a repository, headers without X-OAuth-Scopes", 404, message(noRepository), anonymous, reason.CredentialMissing, doctor.Likely),
	{Name: "private, nothing sent", Symptom: "404 for a repository, and curl has no credential",
		Make:  func(k Kit) doctor.Case { return seen(k.request("GET", repo), 404, message(noRepository), anonymous...) },
		First: reason.CredentialMissing, How: doctor.Certain, Never: codes(reason.RepositoryNotFound)},
	good("unknown workspace", "404 `No workspace with identifier 'x'.`", "/2.0/workspaces/x", 404, message("No workspace with identifier 'x'."), []string{"Server: AtlassianEdge", "X-Oauth-Scopes: read:workspace:bitbucket"}, reason.WorkspaceNotFound, doctor.Certain).fine(),
	alone("unknown route", "404 `There is no API hosted at this URL.`", 404, noAPI, nil, reason.PathUnknown, doctor.Certain).fine(),
	good("unknown route, known path", "the same for Data Center's path", groups, 404, noAPI, authenticated, reason.PathDataCenter, doctor.Certain, reason.PathUnknown),
	good("404 as a web page", "404 as a web page of 25 KB", repo+"/commits/nosuch", 404, "<!DOCTYPE html><html><body>Not found</body></html>", []string{"Server: AtlassianEdge", "Content-Type: text/html", "X-Oauth-Scopes: read:repository:bitbucket"}, reason.ResourceNotFound, doctor.Likely, reason.NetworkProxy).fine(),
	alone("410", "410 `CHANGE-2770 - Functionality has been deprecated`", 410, gone2770, anonymous, reason.PathRemoved, doctor.Certain, reason.AppPasswordDisabled).fine(),
	{Name: "app password, 401", Symptom: "401 to an app password after the end", Where: Cloud,
		Make:  func(k Kit) doctor.Case { return seen(k.Basic(k.Username, k.AppPassword, repo), 401, "", refused...) },
		First: reason.AppPasswordDisabled, How: doctor.Certain, Never: codes(reason.TokenRefused)},
	alone("429", "429 `Rate limit for this resource has been exceeded`", 429, "Rate limit for this resource has been exceeded", nil, reason.RateLimited, doctor.Certain).fine(),
	good("429 for the anonymous", "429 with the limit of anonymous callers, 60 an hour", repo, 429, "", []string{"Server: AtlassianEdge", "X-Ratelimit-Limit: 60, 60;w=3600"}, reason.HeaderStripped, doctor.Likely).also(reason.RateLimited),
	good("pagelen", "400 `Invalid pagelen`", repo+"/commits?pagelen=1000", 400, message("Invalid pagelen"), authenticated, reason.PageInvalid, doctor.Certain, reason.HeaderLineBreak, reason.HeaderMalformed).fine(),
	good("400, authenticated", "400 with X-OAuth-Scopes: no broken header", repo+"/commits", 400, "", authenticated, reason.ValueInvalid, doctor.Likely, reason.HeaderLineBreak, reason.HeaderMalformed).fine(),
	alone("402", "402 on PUT of permissions-config: the plan", 402, "", authenticated, reason.PolicyPlan, doctor.Certain).fine(),
	good("406", "406 for a step's log with `Accept: application/json`", repo+"/pipelines/1/steps/2/log", 406, "", []string{"Server: AtlassianEdge", "X-Oauth-Scopes: read:pipeline:bitbucket"}, reason.MediaTypeUnsupported, doctor.Certain).fine(),

	// 3c, and what no table lists
	{Name: "stripped", Symptom: "404 without X-OAuth-Scopes, though a header was sent: a proxy took it",
		Make: func(k Kit) doctor.Case {
			return seen(k.Basic(k.Email, k.APIToken, repo), 404, message(noRepository), anonymous...)
		},
		First: reason.HeaderStripped, How: doctor.Likely, Never: codes(reason.RepositoryNotFound, reason.TokenRefused)},
	{Name: "stripped, though 200", Symptom: "200 of a public list without X-OAuth-Scopes: it proves nothing",
		Make: func(k Kit) doctor.Case {
			return seen(k.Basic(k.Email, k.APIToken, "/2.0/repositories/acme"), 200, `{"values":[]}`, anonymous...)
		},
		First: reason.HeaderStripped, How: doctor.Likely},
	{Name: "dropped on a redirect", Symptom: "401 or 404 after a redirect to another host",
		Make: func(k Kit) doctor.Case {
			c := seen(k.Basic(k.Email, k.APIToken, repo), 404, message(noRepository), anonymous...)
			c.Redirects = true
			c.Answer.Before = []doctor.Answer{{Status: 302, Header: map[string][]string{"Location": {"https://elsewhere.example/acme"}}}}
			return c
		},
		First: reason.HeaderDroppedRedirect, How: doctor.Likely, Never: codes(reason.HeaderStripped)},
	alone("407", "407 Proxy Authentication Required", 407, "", nil, reason.NetworkProxy, doctor.Certain).fine(),
	{Name: "a proxy's login", Symptom: "401 with `WWW-Authenticate: Negotiate`", Where: Cloud,
		Make: func(k Kit) doctor.Case {
			return seen(k.Basic(k.Email, k.APIToken, repo), 401, "", "Www-Authenticate: Negotiate")
		},
		First: reason.NetworkProxy, How: doctor.Likely, Fine: true, Never: codes(reason.TokenRefused)},
	{Name: "a proxy's page", Symptom: "403 with a web page of the company's proxy", Where: Cloud,
		Make: func(k Kit) doctor.Case {
			return seen(k.Basic(k.Email, k.APIToken, repo), 403, "<html>Blocked</html>", "Server: squid/5.7", "Content-Type: text/html")
		},
		First: reason.NetworkProxy, How: doctor.Likely, Fine: true, Never: codes(reason.ScopeMissing, reason.PrivilegeMissing)},
	{Name: "a page for logging in", Symptom: "302 to a page for logging in", Where: Cloud,
		Make: func(k Kit) doctor.Case {
			return seen(under(rightPath(k), "api.bitbucket.org/2.0/repositories", "bitbucket.org"), 302, "", "Location: https://id.atlassian.com/login?application=bitbucket", "Server: AtlassianEdge")
		},
		First: reason.HostWebsite, How: doctor.Certain},
	{Name: "storage refuses two", Symptom: "400 `Only one auth mechanism allowed` from storage, with --location-trusted",
		Make: func(k Kit) doctor.Case {
			return seen(k.Basic(k.Email, k.APIToken, repo+"/downloads/a.zip"), 400, "<Error><Code>InvalidArgument</Code><Message>Only one auth mechanism allowed</Message></Error>")
		},
		First: reason.CredentialDuplicate, How: doctor.Certain},
	good("403 to whoever has the scopes", "403 with all scopes: permission, IP list or two-step verification", repo, 403, "", authenticated, reason.PrivilegeMissing, doctor.Likely, reason.ScopeMissing, reason.TokenRefused).fine(),
	alone("Forbidden", "403 `Forbidden`, nothing else known: /2.0 may be missing", 403, message("Forbidden"), nil, reason.PathVersionMissing, doctor.Possible),
	{Name: "Forbidden, known path", Symptom: "403 `Forbidden` at `https://api.bitbucket.org/user`",
		Make: func(k Kit) doctor.Case {
			return seen(k.Basic(k.Email, k.APIToken, "/user"), 403, message("Forbidden"), anonymous...)
		},
		First: reason.PathVersionMissing, How: doctor.Certain, Never: codes(reason.HeaderStripped, reason.PrivilegeMissing)},
	alone("503", "503 of the service", 503, "", []string{"Server: AtlassianEdge"}, reason.ServiceIncident, doctor.Certain).fine(),

	// 9
	alone("app passwords are deprecated", "401 `App passwords are deprecated and must be replaced with API tokens.`", 401, message("App passwords are deprecated and must be replaced with API tokens."), nil, reason.AppPasswordDisabled, doctor.Certain, reason.TokenRefused),
	alone("login failed", "401 `Login failed due to incorrect login credentials or method.`", 401, "Login failed due to incorrect login credentials or method.", nil, reason.TokenRefused, doctor.Possible),
	alone("account passwords", "401 `Bitbucket Cloud recently stopped supporting account passwords for API authentication.`", 401, message("Bitbucket Cloud recently stopped supporting account passwords for API authentication."), nil, reason.CredentialPasswordNotAccepted, doctor.Certain),
	alone("no token here", "`This endpoint does not support token-based authentication`", 401, message("This endpoint does not support token-based authentication"), nil, reason.HostWebsite, doctor.Certain, reason.TokenRefused),
	alone("Resource removed", "410 `Resource removed`", 410, message("Resource removed"), nil, reason.PathVersionGone, doctor.Certain).fine(),
	alone("no longer supported", "410 `This API is no longer supported.`", 410, "This API is no longer supported.", nil, reason.PathVersionGone, doctor.Certain).fine(),
	alone("no callback", "OAuth: `No callback uri defined for the OAuth client.`", 400, `{"error":"invalid_request","error_description":"No callback uri defined for the OAuth client."}`, nil, reason.OAuthCallback, doctor.Certain, reason.HeaderLineBreak),
	alone("public consumer", "OAuth: `invalid_grant` to client credentials", 400, `{"error":"invalid_grant"}`, nil, reason.OAuthConsumerPublic, doctor.Likely, reason.HeaderLineBreak),
	alone("password grant", "OAuth: `Invalid resource owner username/password`", 400, `{"error":"invalid_grant","error_description":"Invalid resource owner username/password"}`, nil, reason.OAuthPasswordGrant, doctor.Certain, reason.OAuthConsumerPublic),
	alone("no access", "404 `The requested repository either does not exist or you do not have access.`", 404, "The requested repository either does not exist or you do not have access.", nil, reason.RepositoryNotFound, doctor.Possible),

	// What a Pail server says itself.
	{Name: "explained", Symptom: "a Pail server's answer with `error.data.reason`", Where: Pail,
		Make: func(k Kit) doctor.Case {
			return seen(k.Basic(k.Email, k.APIToken, repo), 401, `{"type":"error","error":{"message":"`+badToken+`","detail":"The API token \"ci\" expired on 2026-10-01T00:00:00Z.","data":{"reason":"token.expired","doc":"/docs/errors/token.expired"}}}`)
		},
		First: reason.TokenExpired, How: doctor.Certain, Never: codes(reason.TokenRefused)},
	{Name: "explained, git", Symptom: "a Pail server's answer to git, with X-Pail-Reason", Where: Pail,
		Make: func(k Kit) doctor.Case {
			return seen(k.Clone(k.Username, k.APIToken), 401, "The token has expired", "X-Pail-Reason: token.expired")
		},
		First: reason.TokenExpired, How: doctor.Certain, Never: codes(reason.TokenRefused)},
	{Name: "explained, alone", Symptom: "the same, nothing else known",
		Make: func(Kit) doctor.Case {
			return seen(doctor.Case{}, 401, `{"type":"error","error":{"message":"`+badToken+`","detail":"The secret is right.","data":{"reason":"credential.email_required"}}}`)
		},
		First: reason.CredentialEmailRequired, How: doctor.Certain, Never: codes(reason.TokenRefused)},
	{Name: "explained scope", Symptom: "a Pail server's 403 for a scope", Where: Pail,
		Make: func(k Kit) doctor.Case {
			return seen(k.Basic(k.Email, k.APIToken, repo+"/hooks"), 403, `{"type":"error","error":{"message":"Your credentials lack one or more required privilege scopes.","detail":{"required":["read:webhook:bitbucket"],"granted":["read:repository:bitbucket"]},"data":{"reason":"scope.missing","missing":["read:webhook:bitbucket"]}}}`, "X-Oauth-Scopes: read:repository:bitbucket")
		},
		First: reason.ScopeMissing, How: doctor.Certain},
}
