package reason

// Bitbucket Cloud answers nearly every bad credential with the one sentence.
const (
	badToken     = "Token is invalid, expired, or not supported for this endpoint."
	badMechanism = "This API is not accessible by this authentication mechanism"
	badGitLogin  = "Invalid credentials"

	// makeToken is the way to a token; curl asks for the password.
	makeToken   = "`curl --user \"$EMAIL\" {base}/pail/v1/user/api-tokens -d '{\"name\": \"ci\", \"scopes\": [\"read:repository:bitbucket\"], \"expires_in_days\": 90}'`, or on the server `pail token create`."
	newToken    = "Make a new API token and put it where the old one was: " + makeToken
	gitAPIToken = "API token: `git clone https://x-bitbucket-api-token-auth:$TOKEN@HOST/WORKSPACE/REPOSITORY.git`, or your username in place of `x-bitbucket-api-token-auth`."
	gitAccess   = "Access token: `git clone https://x-token-auth:$TOKEN@HOST/WORKSPACE/REPOSITORY.git`."
	bearerUse   = "`curl -H \"Authorization: Bearer $TOKEN\" {base}/2.0/...`."
)

var credentialReasons = []Reason{
	{
		Code: CredentialMissing, Title: "No credential was sent", Status: 401,
		Message: badToken,
		Why:     "The request came without an Authorization header and without a session, and what it asks for is not open to everybody. A client may also have dropped the header, for example after a redirect to another host.",
		Fix: []string{
			"API token: " + curlUser,
			"Access token: " + bearerUse,
			"Check that the variables are set in the process that sends the request: `test -n \"$TOKEN\" && echo set`.",
		},
		See: []Code{RepositoryNotFound, TokenEmpty, HeaderDuplicate},
	},
	{
		Code: CredentialBearerNotAccepted, Title: "An API token was sent as Bearer", Status: 401,
		Message: badToken,
		Why:     "An API token belongs to a person and goes with the scheme Basic: the account's e-mail is the user, the token is the password. The token itself is good.",
		Fix: []string{
			curlUser,
			"In a tool with fields for user and password: the e-mail is the user, the token the password. Leave a field named `token` or `bearer` empty.",
			"If the tool can only do Bearer, use an access token of the repository, project or workspace.",
		},
		See: []Code{CredentialEmailRequired, CredentialBasicNotAccepted},
	},
	{
		Code: CredentialBasicNotAccepted, Title: "An access token was sent as Basic", Status: 401,
		Message: badToken,
		Why:     "An access token of a repository, project or workspace belongs to no person and goes with the scheme Bearer, without a user. The token itself is good.",
		Fix: []string{
			bearerUse,
			gitAccess,
		},
		See: []Code{CredentialBearerNotAccepted, CredentialGitUser},
	},
	{
		Code: CredentialEmailRequired, Title: "The user must be the account's e-mail", Status: 401,
		Message: badToken,
		Why:     "For the REST API an API token goes with the account's e-mail. The user that came is not the e-mail of the token's owner: mostly it is the username, which was right for app passwords. The token itself is good.",
		Fix: []string{
			curlUser,
			"Is the e-mail in doubt? error.detail names it to whoever holds the whole token.",
			"For git it is the other way round: the username or `x-bitbucket-api-token-auth`, not the e-mail.",
		},
		See: []Code{CredentialUsernameRequired, CredentialUserMismatch, CredentialGitUser},
	},
	{
		Code: CredentialUsernameRequired, Title: "The user must be the username", Status: 401,
		Message: badToken,
		Why:     "The user that came is an e-mail. App passwords go with the username, and so does git with an API token. The secret itself is good.",
		Fix: []string{
			"App password: `curl --user \"$USERNAME:$APP_PASSWORD\" {base}/2.0/user`.",
			gitAPIToken,
			"The username is in the answer to `GET {base}/2.0/user`.",
		},
		See: []Code{CredentialEmailRequired, CredentialGitUser},
	},
	{
		Code: CredentialUserEmpty, Title: "The user is empty", Status: 401,
		Message: badToken,
		Why:     "The credential is `:secret`, with nothing before the colon. Mostly the variable for the user is not set. The secret itself is good.",
		Fix: []string{
			curlUser,
			"Check the variable: `test -n \"$EMAIL\" && echo set`.",
		},
		See: []Code{CredentialEmailRequired, TokenEmpty, TokenNotExpanded},
	},
	{
		Code: CredentialUserMismatch, Title: "The secret belongs to another user", Status: 401,
		Message: badToken,
		Why:     "The secret is good, but the user that came with it is not its owner. Mostly two accounts of the same person, or the values of two people, are mixed up.",
		Fix: []string{
			"Send the user who made the token: `curl --user \"$EMAIL:$TOKEN\" {base}/2.0/user`.",
			"Whose token it is: the owner sees it in `curl --user \"$EMAIL\" {base}/pail/v1/user/api-tokens`.",
		},
		See: []Code{CredentialEmailRequired, CredentialUsernameRequired},
	},
	{
		Code: CredentialGitUser, Title: "The git user does not fit the kind of secret", Status: 401,
		Message: badGitLogin,
		Why:     "For git over HTTPS each kind of secret goes with its own user name: `x-token-auth` belongs to access tokens, `x-bitbucket-api-token-auth` or the username to API tokens, the username to app passwords. The secret itself is good.",
		Fix: []string{
			gitAPIToken,
			gitAccess,
			"Forget a stored credential first: `printf 'protocol=https\\nhost=HOST\\n\\n' | git credential reject`.",
		},
		See: []Code{CredentialUsernameRequired, CredentialEmailRequired},
	},
	{
		Code: CredentialKindNotAccepted, Title: "The operation does not take this kind of credential", Status: 403,
		Message: badMechanism,
		Why:     "The credential is good, but this operation is for other kinds. An access token, for example, belongs to no person, so it has no user to show and cannot read or change permissions.",
		Fix: []string{
			"Use a kind that the operation takes; error.data lists them.",
			"For permissions and for `GET /2.0/user`: an API token of a person, " + curlUser,
		},
		See: []Code{TokenOutOfBounds, ScopeMissing, CredentialBasicNotAccepted},
	},
	{
		Code: CredentialPasswordNotAccepted, Title: "An account password was sent", Status: 401,
		Message: "Bitbucket Cloud recently stopped supporting account passwords for API authentication.",
		Why:     "The secret does not look like any token. The password of the account makes and manages tokens; it opens neither the API nor git.",
		Fix: []string{
			"Make an API token: " + makeToken,
			"Send it in place of the password: " + curlUser,
			"If it is a token, it was not copied whole, or it is the token's name.",
		},
		See: []Code{CredentialUnknown, TokenTruncated, CredentialForeignProduct},
	},
	{
		Code: CredentialUnknown, Title: "The secret is not known", Status: 401,
		Message: badToken,
		Why:     "The secret has the right form, but this server did not issue it, or it was deleted so long ago that nothing is left of it.",
		Fix: []string{
			"Check that the URL is that of the server that issued the token: {base}.",
			newToken,
		},
		See: []Code{TokenRevoked, CredentialForeignProduct, TokenMistyped},
	},
	{
		Code: CredentialForeignProduct, Title: "The secret is of another service", Status: 401,
		Message: badToken,
		Why:     "The form of the secret shows that another service issued it, such as Atlassian's cloud, Bitbucket Data Center, GitHub or GitLab. This server cannot know it. It has now been shown to a server that it is not meant for.",
		Fix: []string{
			newToken,
			"If the request was meant for bitbucket.org, correct the URL: `https://api.bitbucket.org/2.0/...`.",
			"Consider to revoke the foreign secret at the service that issued it.",
		},
		See: []Code{CredentialUnknown, CredentialPasswordNotAccepted},
	},
	{
		Code: CredentialInURL, Title: "The credential stands in the URL", Status: 400,
		Message: badRequest,
		Why:     "A secret in the query of a URL ends up in logs, in histories and in Referer headers. It is not taken from there, and it should be seen as leaked.",
		Fix: []string{
			"Send it in the header: " + bearerUse,
			"Revoke the secret and make a new one.",
		},
		See: []Code{CredentialMissing},
	},
	{
		Code: CredentialSwapped, Title: "The secret stands in the place of the user", Status: 401,
		Message: badToken,
		Why:     "What came before the colon is a token. Some services take a token as the user name; here it is the password, and the user stands before it.",
		Fix: []string{
			curlUser,
			gitAPIToken,
			"Access token: " + bearerUse,
		},
		See: []Code{CredentialUserEmpty, TokenEmpty, CredentialGitUser},
	},
	{
		Code: AppPasswordDisabled, Title: "App passwords are switched off", Status: 401,
		Message: "App passwords are deprecated and must be replaced with API tokens.",
		Why:     "The app password is good, but this server takes none any more, or not since the date that the administrator has set. Over git the answer is 410.",
		Fix: []string{
			"Make an API token with the scopes that the automation needs, which `pail operations` lists: " + makeToken,
			"Then change the user too: " + curlUser,
			"For git: " + gitAPIToken,
		},
		See: []Code{CredentialEmailRequired, CredentialGitUser},
	},
	{
		Code: AppPasswordAsBearer, Title: "An app password was sent as Bearer", Status: 401,
		Message: "Access token expired.",
		Why:     "An app password goes with the scheme Basic and the username. It has not expired, whatever Bitbucket Cloud's message says.",
		Fix: []string{
			"`curl --user \"$USERNAME:$APP_PASSWORD\" {base}/2.0/user`.",
			"Better, replace it by an API token: " + curlUser,
		},
		See: []Code{CredentialBearerNotAccepted, AppPasswordDisabled},
	},
	{
		Code: AccountDeactivated, Title: "The account is deactivated", Status: 401,
		Message: badToken,
		Why:     "The secret is good, but an administrator has deactivated the account that it belongs to. None of its credentials work.",
		Fix: []string{
			"Ask an administrator of the server to activate the account.",
			"For automation, use an access token of the repository, project or workspace: it does not depend on a person's account.",
		},
		See: []Code{TokenRevoked, CredentialUnknown},
	},
	{
		Code: LoginRefused, Title: "The login was refused", Status: 401,
		Message: "Login failed due to incorrect login credentials or method.",
		Why:     "The user and the password do not belong together. Which of the two is wrong is not said, so that nobody can learn who has an account.",
		Fix: []string{
			"Check the e-mail and the password; mind the keyboard layout and caps lock.",
			"Have an administrator send a new set-up link.",
		},
		See: []Code{SetupLinkUsed, CredentialPasswordNotAccepted},
	},
	{
		Code: SetupLinkUsed, Title: "The set-up link is used up or expired", Status: 410,
		Message: "Resource removed",
		Why:     "A set-up link works once and for a limited time, so that nobody who finds it later can take over the account.",
		Fix:     []string{"Ask an administrator of the server for a new link."},
		See:     []Code{LoginRefused},
	},
	{
		Code: InvitationUnknown, Title: "There is no such invitation", Status: 404,
		Message: "Resource not found",
		Why:     "The link leads to no invitation. It was revoked, its maker has left, or it was not copied whole; which of them is not said.",
		Fix: []string{
			"Open the link again as it was sent: it ends with 57 characters that begin with `PAILI1`.",
			"Ask an owner of the workspace for a new link.",
		},
		See: []Code{InvitationExpired, InvitationUsed},
	},
	{
		Code: InvitationExpired, Title: "The invitation has expired", Status: 410,
		Message: "Resource removed",
		Why:     "An invitation works for 1 to 30 days, as its maker chose, so that a link that is found later opens nothing.",
		Fix:     []string{"Ask an owner of the workspace for a new link."},
		See:     []Code{InvitationUsed, InvitationUnknown},
	},
	{
		Code: InvitationUsed, Title: "The invitation is used up", Status: 410,
		Message: "Resource removed",
		Why:     "An invitation lets in as many people as its maker chose, mostly one. That many have come already.",
		Fix: []string{
			"If you are one of them, sign in: the workspace is in your list at {base}/workspaces.",
			"Ask an owner of the workspace for a new link.",
		},
		See: []Code{InvitationExpired, InvitationUnknown},
	},
	{
		Code: InvitationNoAccount, Title: "Invitations make no accounts here", Status: 403,
		Message: "Forbidden",
		Why:     "The invitation is good, but this server makes no accounts for those who are invited: the setting `invitations.accounts` is off.",
		Fix: []string{
			"If you have an account, sign in and open the link again.",
			"Ask an administrator of the server for an account: `pail admin user create`.",
		},
		See: []Code{InvitationUnknown, LoginRefused},
	},
}

var tokenReasons = []Reason{
	{
		Code: TokenTruncated, Title: "The token was cut off", Status: 401,
		Message: badToken,
		Why:     "The secret begins like a token, but is shorter than one. It was not copied whole, or a field or a variable holds only part of it.",
		Fix: []string{
			"Copy the token again, whole, and check its length: `printf %s \"$TOKEN\" | wc -c`.",
			"Look for a field with a limit on its length, and for a character in the token that a shell or a URL took for its own.",
			newToken,
		},
		See: []Code{TokenMistyped, TokenWhitespace},
	},
	{
		Code: TokenMistyped, Title: "The token has a wrong character", Status: 401,
		Message: badToken,
		Why:     "The secret has the form of a token, but its checksum does not fit: at least one character was changed, swapped, added or lost.",
		Fix: []string{
			"Copy the token again; never type it.",
			newToken,
		},
		See: []Code{TokenTruncated, TokenWhitespace, CredentialUnknown},
	},
	{
		Code: TokenWhitespace, Title: "White space or quotes stand around the token", Status: 401,
		Message: badToken,
		Why: "There is a newline, a carriage return, a space or a quotation mark at an end of the secret or inside it. " +
			"`echo` adds a newline that `base64` then encodes; files with Windows line ends add a carriage return; .env files and Docker keep the quotes.",
		Fix: []string{
			"Use `printf %s` in place of `echo`: `printf %s \"$EMAIL:$TOKEN\" | base64 -w0`.",
			"Strip where the value is read: `TOKEN=$(tr -d ' \\r\\n' < token.txt)`.",
			"In .env files and `docker run -e`, write the value without quotes.",
		},
		See: []Code{HeaderLineBreak, HeaderControlCharacter, TokenTruncated},
	},
	{
		Code: TokenNotExpanded, Title: "A variable was not replaced by its value", Status: 401,
		Message: badToken,
		Why:     "In place of a value came the name of one, such as `$TOKEN`, `${TOKEN}`, `%TOKEN%` or `<token>`, or a program's word for nothing, such as `undefined` or `null`.",
		Fix: []string{
			"In a shell use double quotes: `\"$TOKEN\"`; inside single quotes nothing is replaced.",
			"In a pipeline, check the name of the secured variable and that this step may see it.",
			"Check that it is set: `test -n \"$TOKEN\" && echo set`.",
		},
		See: []Code{TokenEmpty, CredentialUserEmpty},
	},
	{
		Code: TokenEmpty, Title: "The secret is empty", Status: 401,
		Message: badToken,
		Why:     "The credential names a user, or a scheme, but nothing follows. Mostly the variable for the token is not set in the process that sends the request.",
		Fix: []string{
			"Check that it is set: `test -n \"$TOKEN\" && echo set`; a variable must be exported to reach another program: `export TOKEN`.",
			curlUser,
		},
		See: []Code{TokenNotExpanded, CredentialMissing, CredentialUserEmpty},
	},
	{
		Code: TokenExpired, Title: "The token has expired", Status: 401,
		Message: badToken,
		Why:     "The token is genuine, but the date until which it was made has passed. API tokens live for one day to one year and cannot be prolonged.",
		Fix: []string{
			newToken,
			"Note the date of the new one, and replace it before that day.",
		},
		See: []Code{TokenRevoked},
	},
	{
		Code: TokenRevoked, Title: "The token was revoked", Status: 401,
		Message: badToken,
		Why:     "The token is genuine, but its owner or an administrator has revoked it. The activity of the token says who and when.",
		Fix: []string{
			newToken,
			"If you did not revoke it, ask an administrator: it may have been found in a public place.",
		},
		See: []Code{TokenExpired, AccountDeactivated},
	},
	{
		Code: TokenOutOfBounds, Title: "The token is bound to another resource", Status: 403,
		Message: badMechanism,
		Why:     "The token is good, but it was made for one repository, project or workspace, and the request speaks of another. No scope changes that. What is private there answers 404, as it does to everybody without permission.",
		Fix: []string{
			"Use a token that is made for the resource in the URL, or one for the project or workspace that holds it.",
			"For several workspaces, use an API token that is not limited to one: " + curlUser,
		},
		See: []Code{ScopeMissing, PrivilegeMissing, CredentialKindNotAccepted},
	},
}
