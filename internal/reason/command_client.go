package reason

// The addresses of Bitbucket Cloud, where these faults are met.
const (
	cloudUser = `--user "$EMAIL:$TOKEN" https://api.bitbucket.org/2.0/user`
	cloudGit  = `git ls-remote https://x-bitbucket-api-token-auth@bitbucket.org/WORKSPACE/REPOSITORY.git`
)

var (
	cloudREST = curl(cloudUser, "The account in JSON.")
	cloudRefs = git(cloudGit, "The branches and tags, after git has asked for the password, which is the token.")
	cloudWays = []Command{cloudREST, cloudRefs}

	doctorCurl = shell(`pail doctor -- curl `+cloudUser, "What is wrong with a command line, without sending anything.")
	doctorGit  = shell(`pail doctor git`, "What is wrong with the remotes of the repository here, and with what git would send.")
)

// The commands for what is found on the caller's side. Those that only an administrator of the service can mend have
// none to mend.
var clientCommands = map[Code]ways{
	HostWebsite:       {show: []Command{curl(`-sSI https://bitbucket.org/api/2.0/user | head -1`, "The website's answer: no API is there for a token."), doctorCurl}, mend: cloudWays},
	HostOtherProduct:  {show: []Command{doctorCurl, git(`git remote -v`, "The hosts that git talks to.")}, mend: cloudWays},
	HostDataCenter:    {show: []Command{doctorCurl, git(`git remote -v | grep /scm/`, "The remotes with Data Center's address. No output is right.")}, mend: cloudWays},
	HostMalformed:     {show: []Command{shell(`printf '%s\n' "$HOST"`, "The value: no scheme, no slash and no @ may stand in it."), doctorGit}, mend: cloudWays},
	HostScheme:        {show: []Command{shell(`env | grep -i '=http://'`, "Variables that hold an address without encryption."), git(`git remote -v | grep http://`, "The remotes of that kind.")}, mend: cloudWays},
	NetworkName:       {show: []Command{shell(`getent hosts api.bitbucket.org bitbucket.org`, "The addresses of the two hosts. No output: the resolver does not know them."), curl(`-sv https://api.bitbucket.org/ 2>&1 | head -3`, "Whether curl finds the host.")}, mend: []Command{shell(`cat /etc/resolv.conf`, "The resolver that is asked."), cloudREST, cloudRefs}},
	NetworkConnect:    {show: []Command{curl(`-sS -o /dev/null -w '%{http_code} from %{remote_ip} in %{time_connect}s\n' https://api.bitbucket.org/2.0/`, "A status and an address: the connection works. 000: it does not.")}, mend: []Command{curl(`--noproxy '*' `+cloudUser, "The same past the proxy."), git(`git -c http.proxy= ls-remote https://bitbucket.org/WORKSPACE/REPOSITORY.git`, "The same in git.")}},
	NetworkTLS:        {show: []Command{curl(`-sv https://api.bitbucket.org/ 2>&1 | grep -i -e issuer -e expire`, "Who issued the certificate, and until when it holds. The name of your company there means a proxy that opens connections.")}, mend: []Command{curl(`--cacert proxy-ca.pem `+cloudUser, "With the certificate of the proxy's authority."), git(`git -c http.sslCAInfo=proxy-ca.pem ls-remote https://bitbucket.org/WORKSPACE/REPOSITORY.git`, "The same in git.")}},
	NetworkProxy:      {show: []Command{shell(`env | grep -i _proxy`, "The proxies that programs take from the environment."), git(`git config --get-regexp 'http\..*proxy'`, "Those that git has in its configuration.")}, mend: []Command{curl(`--noproxy bitbucket.org,api.bitbucket.org `+cloudUser, "The same past the proxy."), git(`git -c http.proxy= ls-remote https://bitbucket.org/WORKSPACE/REPOSITORY.git`, "The same in git.")}},
	ServiceIncident:   {show: []Command{curl(`-sS -o /dev/null -w '%{http_code}\n' https://api.bitbucket.org/2.0/user`, "5xx: the service. 401: it works, and asks who you are.")}, mend: []Command{curl(`--retry 5 `+cloudUser, "curl tries again, with growing pauses."), git(`until git fetch; do sleep 60; done`, "git has no option for it.")}},
	ServiceOther:      {show: []Command{shell(`go env GOPRIVATE GONOSUMDB GOPROXY`, "Whom Go asks on the way to a private module.")}, mend: []Command{shell(`go env -w GOPRIVATE=bitbucket.org/WORKSPACE`, "Go asks the repository itself."), cloudRefs}},
	URLUserNotEncoded: {show: []Command{git(`git remote -v | grep -c '@.*@'`, "How many remotes have two @ in their address. 0 is right."), doctorGit}, mend: cloudWays},
	URLSecretNotEncoded: {
		show: []Command{shell(`printf %s "$TOKEN" | tr -d 'A-Za-z0-9_.~-'; echo`, "The characters of the secret that mean something in a URL. None: it may stand there as it is."), doctorGit},
		mend: []Command{cloudREST, git(`git config --global credential.https://bitbucket.org.username x-bitbucket-api-token-auth && git config --global credential.helper cache`, "git asks for the secret once and keeps it, so that none stands in a URL."), cloudRefs},
	},
	URLShape:              {show: []Command{git(`git remote -v`, "The addresses as git has them.")}, mend: []Command{git(`git remote set-url origin https://bitbucket.org/WORKSPACE/REPOSITORY.git`, "The address that git can clone from."), cloudRefs}},
	PathBraces:            {show: []Command{curl(`-sS -o /dev/null -w '%{url_effective}\n' 'https://api.bitbucket.org/2.0/users/{uuid}'`, "The address as curl sends it: without the braces.")}, mend: []Command{curl(`--globoff --user "$EMAIL:$TOKEN" "https://api.bitbucket.org/2.0/users/{$UUID}"`, "With the braces.")}},
	PathDoubleSlash:       {show: []Command{shell(`printf '%s\n' "$BASE_URL" | grep '/$'`, "The base address, when it ends with a slash. No output is right.")}, mend: []Command{curl(`--user "$EMAIL:$TOKEN" "${BASE_URL%/}/user"`, "A slash at the end is cut off.")}},
	PathName:              {show: []Command{curl(`--user "$EMAIL:$TOKEN" 'https://api.bitbucket.org/2.0/user/workspaces'`, "The slugs of the workspaces.")}, mend: []Command{curl(`--user "$EMAIL:$TOKEN" https://api.bitbucket.org/2.0/repositories/WORKSPACE`, "The slugs of the repositories."), cloudRefs}},
	PathPersonalWorkspace: {show: []Command{git(`git remote -v | grep '/~'`, "The remotes with Data Center's name for a person. No output is right.")}, mend: []Command{curl(`--user "$EMAIL:$TOKEN" https://api.bitbucket.org/2.0/user/workspaces`, "Your workspaces."), cloudRefs}},
	PathVersionGone:       {show: []Command{shell(`grep -rn '/api/1\.0\|/1\.0/' .`, "Where this directory still uses the old version.")}, mend: []Command{shell(`pail scopes for 'GET /2.0/repositories/WORKSPACE'`, "The operation of today, and its scopes."), cloudREST}},
	ValueNotExpanded:      {show: []Command{shell(`printf '%s\n' "${WORKSPACE:-not set}"`, "The value in this shell."), doctorCurl}, mend: []Command{shell(`export WORKSPACE`, "Hands the value on to the programs that this shell starts."), curl(`--user "$EMAIL:$TOKEN" "https://api.bitbucket.org/2.0/repositories/$WORKSPACE"`, "In double quotes the value is put in."), git(`git ls-remote "https://bitbucket.org/$WORKSPACE/REPOSITORY.git"`, "The same in git.")}},
	ValueNotEvaluated:     {show: []Command{doctorCurl}, mend: []Command{shell(`pail doctor --allow-exec - < script.sh`, "Runs what stands inside of `$(…)`, but for curl.")}},
	HeaderSchemeCase:      {show: []Command{shell(`curl -v `+cloudUser+` 2>&1 | sed -n 's/^> \(Authorization: [^ ]*\).*/\1/Ip'`, "The scheme as it is sent.")}, mend: cloudWays},
	HeaderStripped:        {show: []Command{curl(`-sSi `+cloudUser+` | grep -i '^x-oauth-scopes'`, "Is there once the header has arrived. No output: it did not, or was refused.")}, mend: []Command{shell(`grep -rn 'proxy_set_header Authorization' /etc/nginx`, "Where nginx removes or replaces the header."), curl(`--noproxy '*' `+cloudUser, "The same past the proxy."), git(`git -c http.proxy= ls-remote https://bitbucket.org/WORKSPACE/REPOSITORY.git`, "The same in git.")}},
	HeaderDroppedRedirect: {show: []Command{curl(`-sSI --user "$EMAIL:$TOKEN" "$URL" | grep -i -e '^HTTP' -e '^location'`, "Whether there is a redirect, and where it leads.")}, mend: []Command{curl(`-L --user "$EMAIL:$TOKEN" "$URL"`, "curl follows, and leaves the credential behind where the host changes, which is right for storage."), git(`git config --global http.followRedirects initial`, "git follows the first redirect only, which is what it does without any setting too.")}},
	CredentialDuplicate:   {show: []Command{git(`git config --get-regexp '^http\..*extraheader$' | sed 's/\(asic\|earer\) .*/\1 ***/'`, "A header that git adds beside its own credential."), doctorCurl}, mend: cloudWays},
	CredentialStored: {
		show: []Command{git(`printf 'url=https://bitbucket.org\n\n' | git credential fill | sed 's/^\(password=.\{12\}\).*/\1***/'`, "What git would send, with the first characters of the secret.")},
		mend: []Command{git(`printf 'url=https://bitbucket.org\n\n' | git credential reject`, "Makes every helper forget it."), cloudRefs},
	},
	CredentialHelper:      {show: []Command{git(`git config --get-all credential.helper`, "The helpers, in the order in which they are asked."), git(`printf 'url=https://bitbucket.org\n\n' | GIT_TRACE=1 git credential fill 2>&1 | grep -v ^password`, "What git runs and gets.")}, mend: []Command{git(`git config --global credential.https://bitbucket.org.helper '!pail git-credential'`, "Has `pail login`'s credential used for this host."), cloudRefs}},
	CredentialHelperTests: {show: []Command{git(`git config --get-regexp 'credential.*bitbucket'`, "How the helper is set up for this host.")}, mend: []Command{git(`git config --global credential.bitbucketAuthModes basic`, "Has the helper store what is typed."), cloudRefs}},
	TokenUnscoped:         {show: []Command{curl(`-sSi `+cloudUser+` | grep -i -e '^HTTP' -e '^x-oauth-scopes'`, "A token with Bitbucket's scopes is answered with `X-OAuth-Scopes`, whatever else is wrong.")}, mend: cloudWays},
	TokenEscaped:          {show: []Command{shell(`printf %s "$TOKEN" | tr -dc '\\' | wc -c`, "How many backslashes the value has. 0 is right.")}, mend: append([]Command{shell(`TOKEN=$(printf %s "$TOKEN" | tr -d '\\'); export TOKEN`, "Takes them out.")}, cloudWays...)},
	TokenRefused:          {show: []Command{curl(`-sSi `+cloudUser, "200, or a 403 that lists scopes: the token is good, and something else is wrong."), doctorCurl}, mend: cloudWays},
	ClockSkew:             {show: []Command{shell(`date -u; curl -sSI https://api.bitbucket.org/ | grep -i '^date'`, "The time here and the time there.")}, mend: []Command{shell(`sudo timedatectl set-ntp true`, "Has the machine ask a time server.")}},
	OAuthCallback:         {show: []Command{curl(`-sS --user "$KEY:$SECRET" -d grant_type=client_credentials https://bitbucket.org/site/oauth2/access_token`, "`error_description` says that there is no callback.")}, mend: oauthWays},
	SSHHostKey:            {show: []Command{shell(`ssh-keygen -F bitbucket.org`, "The keys that are stored for the host.")}, mend: []Command{shell(`ssh-keygen -R bitbucket.org && ssh -T git@bitbucket.org`, "Removes the old ones, and asks for the new one: compare it with the published fingerprints."), git(`git ls-remote git@bitbucket.org:WORKSPACE/REPOSITORY.git`, "The branches and tags, over SSH.")}},
	PolicyBranch:          {show: []Command{git(`git push --dry-run origin HEAD`, "Whether the credential is good enough to push at all. The rule is asked only by a real push.")}, mend: []Command{git(`git push origin HEAD:refs/heads/my-change`, "Another branch, from which a pull request can be opened.")}},
	PolicyPlan:            {show: []Command{curl(`-sSi `+cloudUser+` | grep -i '^x-oauth-scopes'`, "Is there: the token is fine.")}},
	PolicyDeployKey:       {show: []Command{shell(`ssh -T git@bitbucket.org`, "Whom the service takes you for: a deploy key names a repository.")}, mend: []Command{git(`git remote set-url --push origin https://x-bitbucket-api-token-auth@bitbucket.org/WORKSPACE/REPOSITORY.git`, "Pushes go over HTTPS, with a token; fetches stay as they are.")}},
	PolicyAddress:         {show: []Command{curl(`-sS https://checkip.amazonaws.com`, "The address that services see you come from, as another service tells it.")}},
	PolicyTwoStep:         {show: []Command{curl(`-sSi `+cloudUser+` | grep -i '^x-oauth-scopes'`, "Is there: the token is fine.")}},
	PolicyInactive:        {show: []Command{curl(`-sS --user "$EMAIL:$TOKEN" https://api.bitbucket.org/2.0/workspaces/WORKSPACE`, "What the service says about the workspace.")}},
	GitLFS:                {show: []Command{git(`git lfs env | grep -i endpoint`, "The address that Git LFS uses, and how it gets its credential."), git(`GIT_TRACE=1 GIT_CURL_VERBOSE=0 git lfs fetch --dry-run`, "What it does, step by step.")}, mend: []Command{git(`git config lfs.url https://x-bitbucket-api-token-auth@bitbucket.org/WORKSPACE/REPOSITORY.git/info/lfs`, "The address with the user, so that the helper finds the same token.")}},
	ClientCommandLine:     {show: []Command{shell(`set -x; curl `+cloudUser+`; set +x`, "The words that the shell makes of the line. They hold the secret: look, and do not keep it."), doctorCurl}, mend: []Command{cloudREST}},
}

var oauthWays = []Command{
	curl(`-sS --user "$KEY:$SECRET" -d grant_type=client_credentials https://bitbucket.org/site/oauth2/access_token`, "An access token for the consumer."),
	curl(`-H "Authorization: Bearer $ACCESS_TOKEN" https://api.bitbucket.org/2.0/repositories/WORKSPACE`, "The API with it."),
	git(`git ls-remote https://x-token-auth@bitbucket.org/WORKSPACE/REPOSITORY.git`, "git with it: the access token is the password."),
}
