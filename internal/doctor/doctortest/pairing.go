package doctortest

import (
	"strings"

	"github.com/pailforge/pail/internal/doctor"
	"github.com/pailforge/pail/internal/reason"
)

const (
	bot       = "12ab34cd@bots.bitbucket.org"
	gitToken  = "x-bitbucket-api-token-auth"
	gitAccess = "x-token-auth"
	password  = "Correct-Horse-7!"
	github    = "ghp_aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dE3fG5"
	dc        = "BBDC-MDEyMzQ1Njc4OTAxOsYQabcdefghijkl"
)

var pairing = []Pitfall{
	{Name: "API token, username", Symptom: "API token with the username over REST: 401",
		Make: func(k Kit) doctor.Case {
			return seen(k.Basic(k.Username, k.APIToken, "/2.0/user"), 401, message(badToken), refused...)
		},
		First: reason.CredentialEmailRequired, How: doctor.Certain, Never: codes(reason.TokenRefused, reason.TokenUnscoped)},
	{Name: "API token, name of the token", Symptom: "API token with the token's name as the user",
		Make:  func(k Kit) doctor.Case { return k.Basic("ci-token", k.APIToken, "/2.0/user") },
		First: reason.CredentialEmailRequired, How: doctor.Certain},
	{Name: "API token, static user over REST", Symptom: "`x-bitbucket-api-token-auth` over REST",
		Make:  func(k Kit) doctor.Case { return k.Basic(gitToken, k.APIToken, "/2.0/user") },
		First: reason.CredentialEmailRequired, How: doctor.Certain},
	{Name: "API token, x-token-auth over REST", Symptom: "API token with `x-token-auth` over REST",
		Make:  func(k Kit) doctor.Case { return k.Basic(gitAccess, k.APIToken, "/2.0/user") },
		First: reason.CredentialEmailRequired, How: doctor.Certain},
	{Name: "API token, %40", Symptom: "`-u jane%40example.com:...`: the e-mail encoded where it need not be",
		Make:  func(k Kit) doctor.Case { return k.Basic("jane%40example.com", k.APIToken, "/2.0/user") },
		First: reason.CredentialEmailRequired, How: doctor.Certain},
	{Name: "API token, bot over REST", Symptom: "API token with a bot's address",
		Make:  func(k Kit) doctor.Case { return k.Basic(bot, k.APIToken, "/2.0/user") },
		First: reason.CredentialEmailRequired, How: doctor.Certain},
	{Name: "API token, no user", Symptom: "`-u :$TOKEN`",
		Make:  func(k Kit) doctor.Case { return k.Basic("", k.APIToken, "/2.0/user") },
		First: reason.CredentialUserEmpty, How: doctor.Certain},
	{Name: "API token as Bearer", Symptom: "`Authorization: Bearer` with an API token: 401",
		Make: func(k Kit) doctor.Case {
			return seen(k.Header("Bearer "+k.APIToken, "/2.0/user"), 401, message(badToken), refused...)
		},
		First: reason.CredentialBearerNotAccepted, How: doctor.Certain, Never: codes(reason.TokenRefused)},
	{Name: "base64 after Bearer", Symptom: "`Bearer <base64 of e-mail:token>`",
		Make:  func(k Kit) doctor.Case { return k.Header("Bearer "+pair(k.Email, k.APIToken), "/2.0/user") },
		First: reason.CredentialBearerNotAccepted, How: doctor.Certain},
	{Name: "token field of a tool", Symptom: "an API token in a tool's field for Bearer tokens",
		Make: func(k Kit) doctor.Case {
			c := k.Basic("", k.APIToken, "/2.0/user")
			c.Client, c.Login.From, c.Login.Bearer = "renovate", "variables", true
			return c
		},
		First: reason.CredentialBearerNotAccepted, How: doctor.Certain, Never: codes(reason.CredentialUserEmpty)},
	{Name: "swapped", Symptom: "`-u $TOKEN:`, the token as the user",
		Make:  func(k Kit) doctor.Case { return k.Basic(k.APIToken, "", "/2.0/user") },
		First: reason.CredentialSwapped, How: doctor.Certain, Never: codes(reason.TokenEmpty)},
	{Name: "swapped with the e-mail", Symptom: "`-u $TOKEN:$EMAIL`",
		Make:  func(k Kit) doctor.Case { return k.Basic(k.APIToken, k.Email, "/2.0/user") },
		First: reason.CredentialSwapped, How: doctor.Certain, Never: codes(reason.CredentialPasswordNotAccepted)},
	{Name: "token as user in git", Symptom: "`https://TOKEN@bitbucket.org/...`",
		Make:  func(k Kit) doctor.Case { return k.Clone(k.APIToken, "x-oauth-basic") },
		First: reason.CredentialSwapped, How: doctor.Certain},
	{Name: "access token as Basic", Symptom: "access token with an e-mail over REST",
		Make:  func(k Kit) doctor.Case { return k.Basic(k.Email, k.AccessToken, "/2.0/repositories/acme/widgets") },
		First: reason.CredentialBasicNotAccepted, How: doctor.Certain, Never: codes(reason.CredentialEmailRequired)},
	{Name: "access token, x-token-auth over REST", Symptom: "access token as Basic with `x-token-auth` over REST",
		Make:  func(k Kit) doctor.Case { return k.Basic(gitAccess, k.AccessToken, "/2.0/repositories/acme/widgets") },
		First: reason.CredentialBasicNotAccepted, How: doctor.Certain},
	{Name: "access token on /user", Symptom: "access token on GET /user: 403",
		Make: func(k Kit) doctor.Case {
			return seen(k.Header("Bearer "+k.AccessToken, "/2.0/user"), 403, message("This API is not accessible by this authentication mechanism"), authenticated...)
		},
		First: reason.CredentialKindNotAccepted, How: doctor.Certain, Never: codes(reason.PrivilegeMissing, reason.ScopeMissing)},
	{Name: "access token on permissions", Symptom: "access token on permissions: they cannot query them",
		Make: func(k Kit) doctor.Case {
			return k.Header("Bearer "+k.AccessToken, "/2.0/workspaces/acme/projects/FTO/permissions-config/groups")
		},
		First: reason.CredentialKindNotAccepted, How: doctor.Certain},
	{Name: "app password after the end", Symptom: "app password over REST after 2026-07-28: 401", Where: Cloud,
		Make: func(k Kit) doctor.Case {
			return seen(k.Basic(k.Username, k.AppPassword, "/2.0/user"), 401, "", refused...)
		},
		First: reason.AppPasswordDisabled, How: doctor.Certain, Never: codes(reason.TokenRefused, reason.CredentialUsernameRequired)},
	{Name: "app password with the e-mail after the end", Symptom: "app password with the e-mail, after the end", Where: Cloud,
		Make:  func(k Kit) doctor.Case { return k.Basic(k.Email, k.AppPassword, "/2.0/user") },
		First: reason.AppPasswordDisabled, How: doctor.Certain, Never: codes(reason.CredentialUsernameRequired)},
	{Name: "app password with the e-mail", Symptom: "app password with the e-mail, where they still work",
		Make: func(k Kit) doctor.Case {
			c := k.Basic(k.Email, k.AppPassword, "/2.0/user")
			c.Now = day.AddDate(-1, 0, 0)
			return c
		},
		First: reason.CredentialUsernameRequired, How: doctor.Certain, Never: codes(reason.AppPasswordDisabled)},
	{Name: "app password as Bearer", Symptom: "app password as Bearer: `Access token expired.`",
		Make: func(k Kit) doctor.Case {
			c := seen(k.Header("Bearer "+k.AppPassword, "/2.0/user"), 401, message("Access token expired."), refused...)
			c.Now = day.AddDate(-1, 0, 0)
			return c
		},
		First: reason.AppPasswordAsBearer, How: doctor.Certain, Never: codes(reason.OAuthExpired, reason.TokenExpired)},
	{Name: "app password as Bearer after the end", Symptom: "app password as Bearer, after the end", Where: Cloud,
		Make: func(k Kit) doctor.Case {
			return seen(k.Header("Bearer "+k.AppPassword, "/2.0/user"), 401, message("Access token expired."), refused...)
		},
		First: reason.AppPasswordDisabled, How: doctor.Certain, Also: codes(reason.AppPasswordAsBearer), Never: codes(reason.OAuthExpired)},
	{Name: "account password", Symptom: "the account's password over REST",
		Make:  func(k Kit) doctor.Case { return k.Basic(k.Email, password, "/2.0/user") },
		First: reason.CredentialPasswordNotAccepted, How: doctor.Likely, Never: codes(reason.TokenTruncated)},
	{Name: "old Atlassian token", Symptom: "an Atlassian token of 24 characters, from before 2023", Where: Cloud,
		Make:  func(k Kit) doctor.Case { return k.Basic(k.Email, "aB3dE5gH7jK9mN1pQ3sT5vW7", "/2.0/user") },
		First: reason.TokenExpired, How: doctor.Likely, Never: codes(reason.CredentialPasswordNotAccepted)},
	{Name: "consumer as login", Symptom: "key and secret of an OAuth consumer as user and password", Where: Cloud,
		Make: func(k Kit) doctor.Case {
			return k.Basic("aB3dE5gH7jK9mN1pQ3", "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dE", "/2.0/user")
		},
		First: reason.OAuthConsumerAsLogin, How: doctor.Likely, Never: codes(reason.CredentialPasswordNotAccepted)},
	{Name: "JWT that ended", Symptom: "an OAuth access token whose end has passed", Where: Cloud,
		Make: func(k Kit) doctor.Case {
			c := k.Header("Bearer "+k.OAuth, "/2.0/repositories/acme/widgets")
			c.Now = day.AddDate(100, 0, 0)
			return c
		},
		First: reason.OAuthExpired, How: doctor.Certain},
	{Name: "GitHub's token", Symptom: "a token of GitHub",
		Make:  func(k Kit) doctor.Case { return k.Header("Bearer "+github, "/2.0/user") },
		First: reason.CredentialForeignProduct, How: doctor.Certain, Never: codes(reason.CredentialBearerNotAccepted)},
	{Name: "Data Center's token", Symptom: "an HTTP access token of Data Center (BBDC-)",
		Make:  func(k Kit) doctor.Case { return k.Header("Bearer "+dc, "/2.0/user") },
		First: reason.CredentialForeignProduct, How: doctor.Certain},
	{Name: "Pail's token at bitbucket.org", Symptom: "a Pail server's token at api.bitbucket.org", Where: Cloud,
		Make:  func(k Kit) doctor.Case { return k.Basic(k.Email, PailToken, "/2.0/user") },
		First: reason.CredentialForeignProduct, How: doctor.Certain},
	{Name: "Atlassian's token at a Pail", Symptom: "an Atlassian token at a Pail server", Where: Pail,
		Make:  func(k Kit) doctor.Case { return k.Basic(k.Email, Bitbucket().APIToken, "/2.0/user") },
		First: reason.CredentialForeignProduct, How: doctor.Certain, Never: codes(reason.CredentialEmailRequired)},
	{Name: "Atlassian's token at an unknown host", Symptom: "an Atlassian token at a host that is not Bitbucket Cloud's", Where: Cloud,
		Make: func(k Kit) doctor.Case {
			c := k.Basic(k.Email, k.APIToken, "")
			c.URL.Text = "https://bitbucket.corp.example/rest/api/1.0/projects"
			return c
		},
		First: reason.CredentialForeignProduct, How: doctor.Likely, Never: codes(reason.PathDataCenter)},
	{Name: "token in the query", Symptom: "`?access_token=` with an API token",
		Make:  func(k Kit) doctor.Case { return k.request("GET", "/2.0/user?access_token="+k.APIToken) },
		First: reason.CredentialInURL, How: doctor.Certain, Never: codes(reason.CredentialMissing)},
	{Name: "nothing sent", Symptom: "curl without a credential, on what is not public",
		Make:  func(k Kit) doctor.Case { return k.request("GET", "/2.0/user") },
		First: reason.CredentialMissing, How: doctor.Certain},

	{Name: "git with the e-mail", Symptom: "git with an API token and the e-mail: 401",
		Make:  func(k Kit) doctor.Case { return k.Clone(k.Email, k.APIToken) },
		First: reason.CredentialUsernameRequired, How: doctor.Certain, Never: codes(reason.CredentialEmailRequired)},
	{Name: "git with the e-mail, encoded", Symptom: "`https://jane%40example.com:TOKEN@bitbucket.org/...`: sent as jane@example.com",
		Make: func(k Kit) doctor.Case {
			c := k.Clone("", "")
			c.URL.Text = strings.Replace(k.Git, "://", "://jane%40example.com:"+k.APIToken+"@", 1) + "/acme/widgets.git"
			return c
		},
		First: reason.CredentialUsernameRequired, How: doctor.Certain, Never: codes(reason.URLUserNotEncoded)},
	{Name: "git with x-token-auth", Symptom: "git with an API token and `x-token-auth`",
		Make:  func(k Kit) doctor.Case { return k.Clone(gitAccess, k.APIToken) },
		First: reason.CredentialGitUser, How: doctor.Certain},
	{Name: "git, access token with the e-mail", Symptom: "git with an access token and an e-mail",
		Make:  func(k Kit) doctor.Case { return k.Clone(k.Email, k.AccessToken) },
		First: reason.CredentialGitUser, How: doctor.Certain, Never: codes(reason.CredentialUsernameRequired)},
	{Name: "git with the bot", Symptom: "git with an access token and the address of its bot",
		Make:  func(k Kit) doctor.Case { return k.Clone(bot, k.AccessToken) },
		First: reason.CredentialGitUser, How: doctor.Certain},
	{Name: "git, API token as Bearer", Symptom: "git with `http.extraHeader: Authorization: Bearer` and an API token",
		Make: func(k Kit) doctor.Case {
			c := k.Clone("", "")
			c.Header = k.Header("Bearer "+k.APIToken, "").Header
			return c
		},
		First: reason.CredentialBearerNotAccepted, How: doctor.Likely},
	{Name: "git, stored app password", Symptom: "git 410: an app password in the credential helper", Where: Cloud,
		Make:  func(k Kit) doctor.Case { return k.Clone(k.Username, k.AppPassword) },
		First: reason.AppPasswordDisabled, How: doctor.Certain, Also: codes(reason.CredentialStored)},
	{Name: "git without a helper", Symptom: "git has no helper, no terminal and no login",
		Make: func(k Kit) doctor.Case {
			c := k.Clone("", "")
			c.NoHelper = true
			return c
		},
		First: reason.CredentialMissing, How: doctor.Certain},
	{Name: "git with the account password", Symptom: "git with the account's password",
		Make:  func(k Kit) doctor.Case { return k.Clone(k.Username, password) },
		First: reason.CredentialPasswordNotAccepted, How: doctor.Likely},
}
