package reason

// endpoint is where tokens are bought, and asConsumer how a consumer asks for one.
const (
	endpoint   = "{base}/site/oauth2/access_token"
	asConsumer = `--user "$KEY:$SECRET" ` + endpoint + ` -d grant_type=`
)

var (
	// buyAndKeep fails where no token comes, so that the next line is not run with an empty one.
	buyAndKeep = Command{Tool: Curl, Says: "For automation: buys a token for the consumer's workspace and keeps it in a variable, without showing it.",
		Text: `ACCESS_TOKEN=$(curl -sS ` + asConsumer + `client_credentials | sed -n 's/.*"access_token":"\([^"]*\)".*/\1/p'); test -n "$ACCESS_TOKEN" && export ACCESS_TOKEN`}
	refresh  = curl(asConsumer+`refresh_token -d refresh_token="$REFRESH_TOKEN"`, "A new access token, and a new refresh token: the old one is used up.")
	exchange = curl(asConsumer+`authorization_code -d code="$CODE"`, "For a code from the browser: an access token and a refresh token.")
	ask      = shell(`echo "{base}/site/oauth2/authorize?client_id=$KEY&response_type=code"`, "The address to open in a browser. After a yes the browser goes to the callback URL with `code` in its query.")

	ownAccess    = []Command{buyAndKeep, restAccess, gitAccessT}
	personAccess = []Command{ask, exchange}

	consumerIsSet = shell(`test -n "$KEY" && test -n "$SECRET" && echo "$(printf %s "$SECRET" | wc -c) characters" || echo "not set"`,
		"Whether both have a value in this shell, and how long the secret is, without showing it. 57 is right.")
	stillGood = curl(`-sSi -H "Authorization: Bearer $ACCESS_TOKEN" {base}/2.0/repositories/WORKSPACE`,
		"Whether an access token still works that came from it. With `X-Pail-Reason: token.revoked` everything that came from it was taken back.")
	broughtBack = shell(`printf '%s\n' "$URL" | grep -o 'error[a-z_]*=[^&]*'`, "For the address that the browser brought back: what the application is told.")
	askedFor    = func(parameter, says string) Command {
		return shell(`printf '%s\n' "$URL" | grep -o '`+parameter+`=[^&]*'`, "For the address that the application sends people to: "+says)
	}
	// whatIsSaid is for a grant that is over, where a good one would be used up by looking.
	whatIsSaid = func(grant, says string) Command { return curl(`-sSi `+asConsumer+grant, says) }
)

// The commands for OAuth. What shows that a code or a refresh token came twice does not send it once more: that would take
// away what is left of the access.
var oauthCommands = map[Code]ways{
	OAuthExpired: {
		show: []Command{curl(`-sSi -H "Authorization: Bearer $ACCESS_TOKEN" {base}/2.0/user`, "The reason in `X-Pail-Reason`, and in error.detail when the token expired.")},
		mend: append([]Command{refresh}, ownAccess...),
	},
	OAuthNotAccessToken: {
		show: []Command{
			provoke(`-H "Authorization: Bearer $REFRESH_TOKEN" {base}/2.0/user`),
			shell(`printf %.6s "$ACCESS_TOKEN"; echo`, "The first characters. Access tokens of OAuth begin with `PAILA1`; `PAILR1` is a refresh token, `PAILC1` a code, `PAILK1` a consumer's secret."),
		},
		mend: []Command{refresh, exchange, restAccess, gitAccessT},
	},
	OAuthConsumerAsLogin: {
		show: []Command{provoke(`--user "$KEY:$SECRET" {base}/2.0/user`), provokeGit("$KEY", "$SECRET")},
		mend: ownAccess,
	},
	OAuthRequestInvalid: {show: []Command{provoke(`--user "$KEY:$SECRET" ` + endpoint + ` -d scope=account`)}, mend: ownAccess},
	OAuthClientMissing:  {show: []Command{consumerIsSet, provoke(endpoint + ` -d grant_type=client_credentials`)}, mend: ownAccess},
	OAuthClientUnknown: {
		show: []Command{
			shell(`printf '%s\n' "$KEY"`, "The key, which is no secret: compare it with the one in the consumer's settings."),
			provoke(`--user "no-such-key:$SECRET" ` + endpoint + ` -d grant_type=client_credentials`),
		},
		mend: ownAccess,
	},
	OAuthClientSecret: {
		show: []Command{consumerIsSet, provoke(`--user "$KEY:${SECRET%?????}" ` + endpoint + ` -d grant_type=client_credentials`)},
		mend: ownAccess,
	},
	OAuthConsumerPublic: {
		show: []Command{curl(`-sS -o /dev/null -D - `+asConsumer+`client_credentials | grep -i '^x-pail-reason'`, "The reason, while the consumer is public. No output: it is private now.")},
		mend: append([]Command{ask, exchange}, ownAccess...),
	},
	OAuthRedirect: {
		show: []Command{
			provoke(asConsumer + `authorization_code -d code="$CODE" -d redirect_uri=https://elsewhere.example/`),
			askedFor("redirect_uri", "the address that is to get the answer, percent-encoded. No output: the callback URL is taken."),
		},
		mend: personAccess,
	},
	OAuthResponseType: {show: []Command{askedFor("response_type", "`response_type=code` is right."), broughtBack}, mend: personAccess},
	OAuthScopeInvalid: {
		show: []Command{provoke(asConsumer + `client_credentials -d scope=no-such-scope`), askedFor("scope", "the scopes, percent-encoded.")},
		mend: ownAccess,
	},
	OAuthDenied:        {show: []Command{broughtBack}, mend: personAccess},
	OAuthGrant:         {show: []Command{provoke(asConsumer + `implicit`)}, mend: ownAccess},
	OAuthPasswordGrant: {show: []Command{provoke(asConsumer + `password`), shell(`grep -rn 'grant_type.*password' .`, "Where this directory still uses it.")}, mend: append([]Command{restToken}, ownAccess...)},
	OAuthCodeUnknown: {
		show: []Command{
			provoke(asConsumer + `authorization_code -d code=no-such-code`),
			shell(`printf %s "$CODE" | wc -c`, "The length of the code: 57 is right."),
		},
		mend: personAccess,
	},
	OAuthCodeUsed:    {show: []Command{stillGood}, mend: personAccess},
	OAuthCodeExpired: {show: []Command{whatIsSaid(`authorization_code -d code="$CODE"`, "The same answer for a code of more than five minutes. A younger one is used up by this, for the tokens in the answer.")}, mend: personAccess},
	OAuthVerifier: {
		show: []Command{
			provoke(asConsumer + `authorization_code -d code="$CODE" -d code_verifier=a-verifier-that-belongs-to-another-request-altogether`),
			askedFor("code_challenge", "what the verifier is compared with. No output: leave `code_verifier` out."),
			shell(challengeOf, "The challenge that belongs to a verifier: the two must be the same."),
		},
		mend: personAccess,
	},
	OAuthRefreshUnknown: {
		show: []Command{
			provoke(asConsumer + `refresh_token -d refresh_token=no-such-token`),
			shell(`printf %s "$REFRESH_TOKEN" | wc -c`, "The length of the refresh token: 57 is right."),
		},
		mend: append([]Command{refresh}, ownAccess...),
	},
	OAuthRefreshUsed:    {show: []Command{stillGood}, mend: personAccess},
	OAuthRefreshExpired: {show: []Command{whatIsSaid(`refresh_token -d refresh_token="$REFRESH_TOKEN"`, "The same answer for a token that was not used for 90 days. One that is good is used up by this, for the next in the answer.")}, mend: personAccess},
	OAuthRevoked:        {show: []Command{stillGood}, mend: personAccess},
}
