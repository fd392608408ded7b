package reason

// The ways to sign in that are left when the provider's does not work.
const (
	signInAgain    = "Begin again on the sign-in page: {base}/signin."
	signInPassword = "If the account has a password, sign in with that: {base}/signin."
)

var oidcReasons = []Reason{
	{
		Code: OIDCProviderUnreachable, Title: "The sign-in provider cannot be reached", Status: 502,
		Message: "The OpenID provider did not answer.",
		Why:     "To sign in, this server asks an OpenID provider, which gave no answer, or one that is none. Nothing is wrong with the account.",
		Fix: []string{
			"Try again in a moment.",
			signInPassword,
			"Whoever runs the server looks whether its machine reaches the provider: `curl \"$ISSUER/.well-known/openid-configuration\"`, with the address of the setting `oidc.issuer`. The log has the cause.",
		},
		See: []Code{OIDCCodeRefused, OIDCTokenInvalid},
	},
	{
		Code: OIDCProviderRefused, Title: "The sign-in provider said no", Status: 403,
		Message: "The OpenID provider refused the sign-in.",
		Why:     "The provider sent you back without having signed you in: the sign-in was given up there, or the provider does not let this person use this server.",
		Fix: []string{
			signInAgain,
			"Ask whoever administers the provider whether you may use this server.",
			"If the provider's word is `invalid_scope` or `unauthorized_client`, whoever runs the server compares the settings `oidc.scopes` and `oidc.client_id` with what the provider has.",
		},
		See: []Code{OIDCCodeRefused, OIDCAccountMissing},
	},
	{
		Code: OIDCCodeRefused, Title: "The provider did not take its own code back", Status: 502,
		Message: "The OpenID provider refused the authorization code.",
		Why:     "You were signed in at the provider, but it would not tell this server who you are: it refused the server's own credentials, or the code had been used or was too old.",
		Fix: []string{
			signInAgain,
			"Whoever runs the server compares `oidc.client_id`, the client's secret and the redirect address `{base}/signin/oidc/callback` with what the provider has. The log has the provider's answer.",
		},
		See: []Code{OIDCProviderUnreachable, OIDCStateMismatch},
	},
	{
		Code: OIDCTokenInvalid, Title: "The provider's word cannot be trusted", Status: 502,
		Message: "The ID token is not valid.",
		Why:     "The provider's statement of who you are has a wrong signature, is meant for somebody else, is out of date, or does not belong to this sign-in.",
		Fix: []string{
			signInAgain,
			"Whoever runs the server checks that its clock is right, and that `oidc.issuer` and `oidc.client_id` are the provider's. The log has the cause.",
		},
		See: []Code{OIDCStateMismatch, OIDCCodeRefused},
	},
	{
		Code: OIDCStateMismatch, Title: "This sign-in did not begin in this browser", Status: 400,
		Message: "The state of the sign-in does not match.",
		Why:     "The provider sent back an answer to a sign-in that this browser did not begin, or began in another window. It is not taken, so that nobody can sign you in to an account of theirs.",
		Fix: []string{
			signInAgain,
			"Keep cookies allowed for {base}, and finish one sign-in before you begin another.",
		},
		See: []Code{OIDCExpired, CSRFMissing},
	},
	{
		Code: OIDCExpired, Title: "The sign-in took too long", Status: 400,
		Message: "The sign-in has expired.",
		Why:     "Between the click on this server and the answer of the provider there may be ten minutes.",
		Fix:     []string{signInAgain},
		See:     []Code{OIDCStateMismatch},
	},
	{
		Code: OIDCEmailMissing, Title: "The provider names no e-mail", Status: 403,
		Message: "The OpenID provider did not send an e-mail address.",
		Why:     "The first time, the account is found by its e-mail, and the provider sent none, or none that an account could have.",
		Fix: []string{
			"Enter an e-mail address at the provider, and begin again.",
			"Whoever runs the server asks the provider for it: `oidc.scopes` has to hold `email`.",
			signInPassword,
		},
		See: []Code{OIDCEmailUnverified, OIDCAccountMissing},
	},
	{
		Code: OIDCEmailUnverified, Title: "The provider has not verified the e-mail", Status: 403,
		Message: "The e-mail address is not verified by the OpenID provider.",
		Why:     "Anybody can enter any address at a provider. Only one that the provider has verified opens the account that has it here.",
		Fix: []string{
			"Have the provider verify the address: it sends a link to it. Then begin again.",
			signInPassword,
		},
		See: []Code{OIDCEmailMissing, OIDCAccountMissing},
	},
	{
		Code: OIDCDomainNotAllowed, Title: "The e-mail's domain is not let in here", Status: 403,
		Message: "The domain of the e-mail address is not allowed.",
		Why:     "Whoever runs this server lets in identities with e-mails of certain domains only, and this one is of another.",
		Fix: []string{
			"Sign in at the provider with your identity of the organisation that runs this server.",
			"Whoever runs the server adds the domain to the setting `oidc.allowed_domains`.",
		},
		See: []Code{OIDCAccountMissing, OIDCEmailUnverified},
	},
	{
		Code: OIDCAccountMissing, Title: "Nobody here has this e-mail", Status: 403,
		Message: "There is no account for this identity.",
		Why:     "The provider has confirmed who you are, but no account on this server has the e-mail, and accounts are not made by signing in.",
		Fix: []string{
			"Ask an administrator of the server for an account with this e-mail: `pail admin user create --email ada@example.com --username ada`. Then begin again.",
			"Whoever runs the server can have accounts made at the first sign-in: `oidc.create_accounts: true`.",
			"If you have an account with another e-mail, sign in with its password.",
		},
		See: []Code{OIDCDomainNotAllowed, OIDCAccountLinked, LoginRefused},
	},
	{
		Code: OIDCAccountLinked, Title: "The account belongs to another identity", Status: 403,
		Message: "The account is linked to another identity of the same provider.",
		Why:     "An account has the e-mail, but somebody else signs in to it with this provider: another identity that had the address before. It is not handed over by itself.",
		Fix: []string{
			"Sign in with the identity that was used before.",
			"If the person is the same, an administrator of the server takes the old link away: `pail admin user unlink --email ada@example.com`. Then begin again.",
			"If it is another person, the old account has to get another e-mail first.",
		},
		See: []Code{OIDCAccountMissing, OIDCEmailUnverified},
	},
}
