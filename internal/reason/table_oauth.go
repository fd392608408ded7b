package reason

// badClient is how RFC 6749 has a consumer refused that is not known or has not proved who it is.
const badClient = "Invalid OAuth client credentials"

const (
	buyToken    = "`curl --user \"$KEY:$SECRET\" {base}/site/oauth2/access_token -d grant_type=client_credentials`"
	swapCode    = "`curl --user \"$KEY:$SECRET\" {base}/site/oauth2/access_token -d grant_type=authorization_code -d code=\"$CODE\"`"
	refreshUse  = "`curl --user \"$KEY:$SECRET\" {base}/site/oauth2/access_token -d grant_type=refresh_token -d refresh_token=\"$REFRESH_TOKEN\"`"
	askAgain    = "Send the person to `{base}/site/oauth2/authorize?client_id=KEY&response_type=code` once more."
	keptAt      = "The consumer's settings are at `{base}/WORKSPACE/settings/consumers`; who administers the workspace sees them."
	challengeOf = `printf %s "$VERIFIER" | openssl dgst -sha256 -binary | openssl base64 -A | tr +/ -_ | tr -d =`
	storeTokens = "After every refresh keep the new refresh token and forget the old one."
)

var oauthReasons = []Reason{
	{
		Code: OAuthExpired, Title: "The OAuth access token has expired", Status: 401,
		Message: "OAuth2 access token expired. Use your refresh token to obtain a new access token.",
		Why:     "Access tokens of OAuth live for two hours. That is meant so: what is kept for longer is the refresh token, or the consumer's own key and secret.",
		Fix: []string{
			"With a refresh token: " + refreshUse + ".",
			"With client credentials ask for another one: " + buyToken + ".",
			"Most libraries do this by themselves when they are told `expires_in` of the answer.",
		},
		See: []Code{TokenExpired, OAuthRevoked, OAuthRefreshExpired},
	},
	{
		Code: OAuthNotAccessToken, Title: "Another of OAuth's secrets stands for the access token", Status: 401,
		Message: badToken,
		Why:     "The secret is an authorization code or a refresh token. These are exchanged for an access token; only the access token opens the API and git.",
		Fix: []string{
			"Exchange a refresh token: " + refreshUse + ".",
			"Exchange a code: " + swapCode + ".",
			"Then send `access_token` of the answer: " + bearerUse,
		},
		See: []Code{OAuthConsumerAsLogin, CredentialUnknown},
	},
	{
		Code: OAuthConsumerAsLogin, Title: "A consumer's key is used as a login", Status: 401,
		Message: badToken,
		Why:     "Key and secret of an OAuth consumer buy an access token. They are no user and password for the API or for git.",
		Fix: []string{
			"Buy a token: " + buyToken + ".",
			"Send `access_token` of the answer: " + bearerUse,
			"In git it goes with the user `x-token-auth`: `git clone https://x-token-auth:$ACCESS_TOKEN@HOST/WORKSPACE/REPOSITORY.git`.",
		},
		See: []Code{OAuthNotAccessToken, CredentialPasswordNotAccepted},
	},
	{
		Code: OAuthRequestInvalid, Title: "The OAuth request lacks a parameter", Status: 400,
		Message: "The OAuth request is not valid",
		Why:     "A parameter that the request takes is missing, is there twice, or cannot be read. error.detail names it.",
		Fix: []string{
			"Send the parameters as a form, in the body: " + buyToken + ".",
			"Send each parameter once, and the consumer's secret either in Basic or in the body.",
		},
		See: []Code{OAuthGrant, OAuthClientMissing},
	},
	{
		Code: OAuthClientMissing, Title: "No consumer has named itself", Status: 401,
		Message: badClient,
		Why:     "The request came without a consumer's key and secret, so there is nobody to give a token to. They go in Basic, key as the user and secret as the password, or as `client_id` and `client_secret` in the body.",
		Fix: []string{
			buyToken + ".",
			"Check that the variables are set in the process that sends the request: `test -n \"$SECRET\" && echo set`.",
		},
		See: []Code{OAuthClientUnknown, OAuthClientSecret},
	},
	{
		Code: OAuthClientUnknown, Title: "No consumer has this key", Status: 401,
		Message: badClient,
		Why:     "The value of `client_id`, or the user in Basic, is the key of no OAuth consumer of this server. It may belong to another server, or the consumer was deleted.",
		Fix: []string{
			"Compare the key with the one in the consumer's settings. " + keptAt,
			"Was the consumer registered at bitbucket.org? Register it here too: every server has its own.",
		},
		See: []Code{OAuthClientSecret, OAuthClientMissing},
	},
	{
		Code: OAuthClientSecret, Title: "The secret is not this consumer's", Status: 401,
		Message: badClient,
		Why:     "The key is that of a consumer, but the secret that came with it is another one. It may be cut off, or from before the secret was renewed.",
		Fix: []string{
			"Copy the secret again; it has 57 characters and begins with PAILK1.",
			"A lost secret cannot be shown again. Renew it in the consumer's settings: the old one stops at once. " + keptAt,
		},
		See: []Code{OAuthClientUnknown, OAuthClientMissing},
	},
	{
		Code: OAuthConsumerPublic, Title: "The OAuth consumer is not private", Status: 400,
		Message: "The client is not allowed to use client credentials",
		Why:     "Client credentials are given to private consumers only: one whose secret is in many hands could act for the whole workspace.",
		Fix: []string{
			"Tick \"This is a private consumer\" in the consumer's settings. " + keptAt,
			"Or have a person give access: " + askAgain,
		},
		See: []Code{OAuthClientSecret, OAuthGrant},
	},
	{
		Code: OAuthRedirect, Title: "The redirect_uri is not the consumer's", Status: 400,
		Message: "Invalid redirect_uri",
		Why:     "A code is sent only to the callback URL that was registered for the consumer, or to a path below it. Anything else could be somebody who wants to catch the code, so the browser is not sent there. When the code is exchanged the address must be the same once more.",
		Fix: []string{
			"Make `redirect_uri` equal to the callback URL, to the letter: scheme, host, port and path. " + keptAt,
			"Or leave `redirect_uri` out, in both requests: then it is the callback URL.",
			"For a program on the person's own machine register `http://127.0.0.1/callback`; its port may be any.",
		},
		See: []Code{OAuthCallback, OAuthCodeUnknown},
	},
	{
		Code: OAuthResponseType, Title: "The response_type is not code", Status: 400,
		Message: "Unsupported response_type",
		Why:     "Access is given by an authorization code. The implicit grant (`response_type=token`) puts the token into an address, where it leaks; it is not served.",
		Fix: []string{
			"Ask for `response_type=code`. A program without a secret adds `code_challenge` and `code_challenge_method=S256` (PKCE).",
		},
		See: []Code{OAuthGrant, OAuthRequestInvalid},
	},
	{
		Code: OAuthScopeInvalid, Title: "The consumer does not have this scope", Status: 400,
		Message: "Invalid scope",
		Why:     "The scopes of OAuth belong to the consumer. A request may name some of them, which changes nothing, but none that the consumer does not have. They are the legacy names, such as `repository:write`, separated by spaces.",
		Fix: []string{
			"Leave `scope` out: the token gets the scopes of the consumer.",
			"Or give the consumer the scope; people who allowed it before are asked again. " + keptAt,
		},
		See: []Code{ScopeMissing, OAuthRequestInvalid},
	},
	{
		Code: OAuthDenied, Title: "The person did not give access", Status: 403,
		Message: "The resource owner denied the request",
		Why:     "The person who was asked chose not to let the application in. The application learns that and nothing else.",
		Fix: []string{
			"Say in the application why it needs access, and let the person start again.",
			"Ask for fewer scopes: the page shows each of them.",
		},
		See: []Code{OAuthRevoked, OAuthScopeInvalid},
	},
	{
		Code: OAuthGrant, Title: "There is no such grant", Status: 400,
		Message: "Unsupported grant_type",
		Why:     "The value of `grant_type` is none of `authorization_code`, `client_credentials` and `refresh_token`. Exchanging JSON web tokens belongs to installed apps and is not served.",
		Fix: []string{
			"For automation: " + buyToken + ".",
			"For a person's access: " + swapCode + ".",
		},
		See: []Code{OAuthPasswordGrant, OAuthResponseType},
	},
	{
		Code: OAuthPasswordGrant, Title: "The password grant is gone", Status: 400,
		Message: "Invalid resource owner username/password",
		Why:     "There is no grant of user and password any more, here as at Bitbucket Cloud: nobody should type a password into an application.",
		Fix: []string{
			"Use an API token with Basic: " + curlUser,
			"Or the consumer's own credentials: " + buyToken + ".",
		},
		See: []Code{CredentialPasswordNotAccepted, OAuthGrant},
	},
	{
		Code: OAuthCodeUnknown, Title: "The authorization code is not known", Status: 400,
		Message: "Invalid authorization code",
		Why:     "The code was not given by this server, was given to another consumer, or was not copied whole.",
		Fix: []string{
			"Take the value of `code` out of the address as a query is decoded, with nothing before or behind it.",
			"Exchange it with key and secret of the consumer that asked.",
		},
		See: []Code{OAuthCodeUsed, OAuthCodeExpired, OAuthClientUnknown},
	},
	{
		Code: OAuthCodeUsed, Title: "The authorization code was used before", Status: 400,
		Message: "Invalid authorization code",
		Why:     "A code works once. When it comes a second time, one of the two who had it may have stolen it, so all tokens that came from it were revoked now.",
		Fix: []string{
			askAgain,
			"Exchange each code once: look for a page that is loaded twice, a retry after a time-out, or two workers on one request.",
		},
		See: []Code{OAuthCodeExpired, OAuthRefreshUsed},
	},
	{
		Code: OAuthCodeExpired, Title: "The authorization code has expired", Status: 400,
		Message: "Invalid authorization code",
		Why:     "A code is to be exchanged at once and lives for five minutes.",
		Fix: []string{
			askAgain,
			"Exchange the code in the request that brings it.",
		},
		See: []Code{OAuthCodeUsed, ClockSkew},
	},
	{
		Code: OAuthVerifier, Title: "The code_verifier does not fit", Status: 400,
		Message: "Invalid code_verifier",
		Why:     "Whoever exchanges a code proves with `code_verifier` to be the one who asked for it (PKCE): its SHA-256 must be the `code_challenge` of the first request. A consumer that sends no secret must use it.",
		Fix: []string{
			"Send the verifier that belongs to this request: keep it beside `state`, one for each.",
			"The challenge is the SHA-256 in base64url without padding: `" + challengeOf + "`.",
			"Without `code_challenge` in the first request leave `code_verifier` out, and send the secret.",
		},
		See: []Code{OAuthCodeUnknown, OAuthClientMissing},
	},
	{
		Code: OAuthRefreshUnknown, Title: "The refresh token is not known", Status: 400,
		Message: "Invalid refresh_token",
		Why:     "The refresh token was not given by this server, was given to another consumer, or was not copied whole.",
		Fix: []string{
			"Send `refresh_token` of the last answer, with key and secret of the same consumer: " + refreshUse + ".",
			"Client credentials come without a refresh token: ask again with key and secret. " + buyToken + ".",
		},
		See: []Code{OAuthRefreshUsed, OAuthRefreshExpired},
	},
	{
		Code: OAuthRefreshUsed, Title: "The refresh token was used before", Status: 400,
		Message: "Invalid refresh_token",
		Why:     "Each refresh gives a new refresh token, and the old one is used up. When it comes again, one of the two who had it may have stolen it, so the tokens that came from the same access were revoked now.",
		Fix: []string{
			storeTokens,
			"Let one process refresh: two that share a token and refresh at the same moment look like a theft.",
			askAgain,
		},
		See: []Code{OAuthCodeUsed, OAuthRevoked},
	},
	{
		Code: OAuthRefreshExpired, Title: "The refresh token has expired", Status: 400,
		Message: "Invalid refresh_token",
		Why:     "A refresh token that is not used for 90 days ends. Each refresh begins the 90 days anew.",
		Fix: []string{
			askAgain,
		},
		See: []Code{OAuthExpired, OAuthRefreshUsed},
	},
	{
		Code: OAuthRevoked, Title: "The access was taken back", Status: 400,
		Message: "Access was revoked",
		Why:     "The person has taken the application's access back, the account was deactivated, or the tokens were revoked because one of them, or the code, came twice.",
		Fix: []string{
			askAgain,
			"People see what they allowed at `{base}/account/applications`.",
		},
		See: []Code{OAuthRefreshUsed, OAuthCodeUsed, TokenRevoked},
	},
}
