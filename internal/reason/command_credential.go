package reason

// The commands for credentials that are not accepted, and for secrets that are damaged or over.
var credentialCommands = map[Code]ways{
	CredentialMissing: {
		show: []Command{
			provoke(`{base}/2.0/user`),
			git(`git -c credential.helper= -c core.askPass=true ls-remote {base}/WORKSPACE/REPOSITORY.git`, "Without a helper and a terminal git has nothing to send, and says `Authentication failed` or `could not read Username`."),
			isSet,
		},
		mend: bothWays,
	},
	CredentialBearerNotAccepted: {show: []Command{provoke(`-H "Authorization: Bearer $TOKEN" {base}/2.0/user`)}, mend: tokenWays},
	CredentialBasicNotAccepted: {
		show: []Command{curl(`-sSi --user "x-token-auth:$ACCESS_TOKEN" {base}/2.0/repositories/WORKSPACE/REPOSITORY`, "The same answer, for an access token sent as Basic.")},
		mend: accessWays,
	},
	CredentialEmailRequired: {
		show: []Command{
			provoke(`--user "$USERNAME:$TOKEN" {base}/2.0/user`),
			shell(`case $EMAIL in *@*) echo "an e-mail" ;; *) echo "no e-mail" ;; esac`, "Whether the user that is sent is an e-mail at all."),
		},
		mend: tokenWays,
	},
	CredentialUsernameRequired: {show: []Command{provokeGit("$EMAIL", "$TOKEN")}, mend: tokenWays},
	CredentialUserEmpty:        {show: []Command{provoke(`--user ":$TOKEN" {base}/2.0/user`)}, mend: tokenWays},
	CredentialUserMismatch: {
		show: []Command{
			provoke(`--user "somebody-else@example.com:$TOKEN" {base}/2.0/user`),
			git(`git config --get-regexp '^credential\..*username$'`, "The user names that git's configuration sets."),
		},
		mend: tokenWays,
	},
	CredentialGitUser: {
		show: []Command{
			provokeGit("x-token-auth", "$TOKEN"),
			git(`git remote -v | sed 's#//\([^:@/]*\):[^@]*@#//\1:***@#'`, "The user that stands in the address of a remote, without the secret behind it."),
		},
		mend: bothWays,
	},
	CredentialKindNotAccepted: {
		show: []Command{
			curl(`-sSi -H "Authorization: Bearer $ACCESS_TOKEN" {base}/2.0/user`, "The same answer, for an access token on what belongs to a person; `X-Credential-Type` names the kind that came."),
			shell(`pail operations | grep /2.0/user`, "What the operation takes. The reference of this server has it too."),
		},
		mend: tokenWays,
	},
	CredentialPasswordNotAccepted: {show: []Command{provoke(`--user "$EMAIL:a-password" {base}/2.0/user`), isSet}, mend: renewed},
	CredentialUnknown: {
		show: []Command{
			ownTokens,
			git(`printf 'url={base}\n\n' | git credential fill | sed 's/^\(password=.\{12\}\).*/\1***/'`, "What git would send to this server, with the first characters of the secret."),
		},
		mend: renewed,
	},
	CredentialForeignProduct: {
		show: []Command{
			shell(`printf %.6s "$TOKEN"; echo`, "The first characters. Tokens of Pail begin with `ATATP1`, `ATCTP1` or `ATBBP1`, those of bitbucket.org with `ATATT3`, `ATCTT3` or `ATBB`."),
			provoke(`--user "$EMAIL:ghp_0123456789abcdefghijklmnopqrstuvwxyz" {base}/2.0/user`),
		},
		mend: renewed,
	},
	CredentialInURL: {
		show: []Command{
			provoke(`"{base}/2.0/user?access_token=x"`),
			git(`git remote -v | grep -c '://[^/]*:[^/]*@'`, "How many remotes have a secret in their address. 0 is right."),
		},
		mend: append([]Command{git(`git remote set-url origin {base}/WORKSPACE/REPOSITORY.git`, "The address without a secret; git asks a credential helper for it.")}, bothWays...),
	},
	CredentialSwapped: {show: []Command{provoke(`--user "$TOKEN:" {base}/2.0/user`), provokeGit("$TOKEN", "x")}, mend: bothWays},
	AppPasswordDisabled: {
		show: []Command{
			shell(`printf %.4s "$APP_PASSWORD"; echo`, "`ATBB` begins an app password, `ATAT` an API token."),
			git(`printf 'url={base}\n\n' | git credential fill | sed 's/^\(password=.\{4\}\).*/\1***/'`, "What git has stored for this server."),
			shell(`pail migrate scan .`, "Where this directory still uses app passwords, and what to write in their place."),
		},
		mend: append([]Command{git(`printf 'url={base}\n\n' | git credential reject`, "Makes git forget what it has stored; it asks again the next time.")}, renewed...),
	},
	AppPasswordAsBearer: {
		show: []Command{curl(`-sSi -H "Authorization: Bearer $APP_PASSWORD" {base}/2.0/user`, "The same answer, for an app password as Bearer.")},
		mend: renewed,
	},
	AccountDeactivated: {
		show: []Command{
			curl(`-sSi --user "$EMAIL:$TOKEN" {base}/2.0/user`, "The reason in `X-Pail-Reason`: whoever holds the whole secret learns it."),
			shell(`pail admin user list`, "On the server: the accounts, and which are active."),
		},
		mend: accessWays,
	},
	LoginRefused: {
		show: []Command{curl(`-sSi --user "$EMAIL" {base}/pail/v1/user/api-tokens`, "The same answer while the password is wrong; curl asks for it, so that nothing is changed on its way.")},
		mend: []Command{shell(`pail admin user password --email "$EMAIL"`, "On the server: sets a new password.")},
	},
	SetupLinkUsed: {
		show: []Command{shell(`pail admin user list`, "On the server: whether there is an account already. The link is for the first one only.")},
		mend: []Command{shell(`pail serve`, "Prints a new link at its start as long as there is no account.")},
	},
	TokenTruncated: {show: []Command{isSet, provoke(`--user "$EMAIL:${TOKEN%?????}" {base}/2.0/user`), provokeGit("x-bitbucket-api-token-auth", "${TOKEN%?????}")}, mend: renewed},
	TokenMistyped: {
		show: []Command{provoke(`--user "$EMAIL:$(printf %s "$TOKEN" | sed 's/.$/-/')" {base}/2.0/user`), isSet},
		mend: renewed,
	},
	TokenWhitespace: {
		show: []Command{
			shell(`printf %s "$TOKEN" | tr -d '!-~' | od -c`, "What is in the value beside printable characters: nothing but the last offset is right."),
			provoke(`--user "$EMAIL: $TOKEN" {base}/2.0/user`),
		},
		mend: append([]Command{shell(`TOKEN=$(printf %s "$TOKEN" | tr -d ' "\r\n'); export TOKEN`, "Takes white space and quotation marks out.")}, tokenWays...),
	},
	TokenNotExpanded: {
		show: []Command{isSet, provoke(`--user "$EMAIL:"'$TOKEN' {base}/2.0/user`)},
		mend: append([]Command{shell(`export EMAIL TOKEN`, "Hands both on to the programs that this shell starts.")}, tokenWays...),
	},
	TokenEmpty: {
		show: []Command{isSet, provoke(`--user "$EMAIL:" {base}/2.0/user`)},
		mend: append([]Command{shell(`export EMAIL TOKEN`, "Hands both on to the programs that this shell starts.")}, tokenWays...),
	},
	TokenExpired: {
		show: []Command{
			curl(`-sSi --user "$EMAIL:$TOKEN" {base}/2.0/user`, "The reason in `X-Pail-Reason`, and in error.detail the day on which the token expired."),
			ownTokens,
			lookGit,
		},
		mend: renewed,
	},
	TokenRevoked: {
		show: []Command{
			curl(`-sSi --user "$EMAIL:$TOKEN" {base}/2.0/user`, "The reason in `X-Pail-Reason`: whoever holds the whole secret learns it."),
			ownTokens,
			lookGit,
		},
		mend: renewed,
	},
	TokenOutOfBounds: {
		show: []Command{curl(`-sSi -H "Authorization: Bearer $ACCESS_TOKEN" {base}/2.0/repositories/WORKSPACE`, "The repositories that the token reaches; anything else is answered with 403 or 404.")},
		mend: bothWays,
	},
}
