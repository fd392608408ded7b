package reason

// providerSettings is what the operator compares with what the provider has.
var providerSettings = shell(`pail serve --print-config | grep '^ *\(oidc\|issuer\|client_id\|scopes\|allowed_domains\|create_accounts\)'`,
	"On the server's machine, with the server's own flags and variables: the settings of the provider, without the secret.")

var (
	providerAnswers = curl(`-sSi "$ISSUER/.well-known/openid-configuration"`, "On the server's machine: the provider describes itself, with `\"issuer\"` equal to the setting to the letter.")
	clockIsRight    = shell(`date -u`, "On the server's machine: the time of day, in UTC.")
	newAccount      = shell(`pail admin user create --email "$EMAIL" --username ada`, "On the server's machine: makes the account, and asks for its password.")
	whoIsThere      = shell(`pail admin user list`, "On the server's machine: the accounts with their e-mails.")
	signInPage      = shell(`echo "{base}/signin"`, "The address to begin again at, in one browser window.")
)

// The commands for what goes wrong in a browser. Most of it is seen and mended there, or on the server's machine.
var signInCommands = map[Code]ways{
	OIDCProviderUnreachable: {show: []Command{providerAnswers}, mend: []Command{providerSettings}},
	OIDCProviderRefused:     {show: []Command{providerSettings}, mend: []Command{signInPage}},
	OIDCCodeRefused:         {show: []Command{providerSettings}, mend: []Command{signInPage}},
	OIDCTokenInvalid:        {show: []Command{clockIsRight, providerAnswers}, mend: []Command{providerSettings}},
	OIDCStateMismatch:       {show: []Command{curl(`-sSi "{base}/signin/oidc/callback?state=x"`, "Where a provider is configured: what a browser is told that began no sign-in.")}, mend: []Command{signInPage}},
	OIDCExpired:             {show: []Command{clockIsRight}, mend: []Command{signInPage}},
	OIDCEmailMissing:        {show: []Command{providerSettings}, mend: []Command{signInPage}},
	OIDCEmailUnverified:     {show: []Command{providerSettings}, mend: []Command{signInPage}},
	OIDCDomainNotAllowed:    {show: []Command{providerSettings}, mend: []Command{signInPage}},
	OIDCAccountMissing:      {show: []Command{whoIsThere}, mend: []Command{newAccount}},
	OIDCAccountLinked: {show: []Command{whoIsThere}, mend: []Command{shell(`pail admin user unlink --email ada@example.com`,
		"On the server's machine: takes the old link away, so that the next sign-in makes a new one.")}},

	InvitationUnknown:   {show: []Command{provoke(`{base}/invitations/x`)}, mend: []Command{anotherInvitation}},
	InvitationExpired:   {show: []Command{openInvitation}, mend: []Command{anotherInvitation}},
	InvitationUsed:      {show: []Command{openInvitation}, mend: []Command{anotherInvitation}},
	InvitationNoAccount: {show: []Command{openInvitation}, mend: []Command{newAccount}},
}

var (
	openInvitation    = curl(`-sSi "$LINK"`, "With the link in a variable: the header `X-Pail-Reason` says what is wrong with it. Looking does not use it up.")
	anotherInvitation = shell(`echo "{base}/WORKSPACE/settings/invitations"`, "Where who administers the workspace makes another link.")
)
