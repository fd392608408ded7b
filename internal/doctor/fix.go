package doctor

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/scope"
	"github.com/pailforge/pail/internal/token"
)

// The ways out. They are for the service at hand: whoever runs a Pail is not sent to Atlassian, nor the other way round.

const (
	cloudTokens = "https://id.atlassian.com/manage-profile/security/api-tokens"
	cloudAPIURL = "https://api.bitbucket.org"
	printedToo  = "Clients repeat such an address in their messages: if others can read them, revoke the secret."
)

// find begins a finding, with the way out that the reason has for this service.
func (f *facts) find(code reason.Code, how Certainty, because, evidence string) Finding {
	x := Finding{Reason: code, Certainty: how, Because: because, Title: reason.Of(code).Title, Evidence: strings.TrimSpace(evidence), Doc: code.DocPath()}
	x.Fix = f.fix(code)
	return x
}

func (x Finding) at(place string) Finding {
	x.Place = place
	return x
}

func (x Finding) titled(title string) Finding {
	x.Title = title
	return x
}

func (x Finding) fine() Finding {
	x.Fine = true
	return x
}

func (x Finding) mend(text, command string) Finding {
	x.Fix = Fix{text, command}
	return x
}

// fix is the way out for a reason, where the rule has no closer one.
func (f *facts) fix(code reason.Code) Fix {
	switch code {
	case reason.CredentialBearerNotAccepted:
		if f.surface == SurfaceGit {
			return fixOf(f.sendWhole())
		}
		return Fix{"Send it as Basic: the account's e-mail is the user, the token the password. In a tool with fields for them leave a field named token or bearer empty.", f.basic()}
	case reason.CredentialEmailRequired, reason.CredentialUserEmpty, reason.CredentialUserMismatch, reason.CredentialSwapped:
		switch {
		case f.surface == SurfaceGit || f.wantsBearer():
			return fixOf(f.sendWhole())
		case len(f.sent) > 0 && f.sent[0].is(token.AppPassword):
			return f.userFix()
		}
		return Fix{"For REST the user is the account's e-mail and the token is the password; the username is for git.", f.basic()}
	case reason.TokenEmpty, reason.HeaderDuplicate, reason.CredentialMissing,
		reason.CredentialDuplicate, reason.HeaderSchemeMissing, reason.HeaderMalformed, reason.HeaderLineBreak, reason.CredentialInURL:
		return fixOf(f.sendWhole())
	case reason.CredentialBasicNotAccepted:
		return Fix{"Send the token as Bearer, without a user.", f.bearer()}
	case reason.AppPasswordAsBearer:
		if f.service == pail {
			return Fix{"Send the app password as Basic, with the username.", fmt.Sprintf("curl --user \"$USERNAME:$APP_PASSWORD\" %s", quote(f.target()))}
		}
		return Fix{"Make an API token in its place, and send that as Basic with the e-mail: as Bearer it would be refused too.", f.basic()}
	case reason.CredentialUsernameRequired, reason.CredentialGitUser:
		return f.userFix()
	case reason.AppPasswordDisabled:
		return f.replaceAppPassword()
	case reason.CredentialStored:
		return Fix{"Have git forget it; then it asks, or takes the new one.", f.forget()}
	case reason.CredentialPasswordNotAccepted, reason.TokenExpired, reason.TokenRevoked, reason.TokenUnscoped, reason.CredentialUnknown:
		text, command := f.newToken(f.needed())
		return Fix{text, command}
	case reason.CredentialForeignProduct:
		text, command := f.newToken(f.needed())
		return Fix{"Use a token of the service that the request goes to. " + text, command}
	case reason.TokenTruncated, reason.TokenMistyped:
		return Fix{"Copy the token again, whole, and look at its length. If it is not shown any more, " + lower(f.makeToken()), "printf %s \"$TOKEN\" | wc -c"}
	case reason.TokenWhitespace:
		return Fix{"Write the token without what stands around it.", "TOKEN=$(printf %s \"$TOKEN\" | tr -d ' \\t\\r\\n')"}
	case reason.TokenEscaped:
		return Fix{"Take the backslash out and put the value in single quotes.", "TOKEN=$(printf %s \"$TOKEN\" | tr -d '\\\\')"}
	case reason.TokenNotExpanded, reason.ValueNotExpanded:
		return Fix{"Use double quotes in a shell: inside single quotes nothing is replaced. Then check that the variable is set where the request is sent.", "test -n \"$TOKEN\" && echo set"}
	case reason.TokenRefused:
		return Fix{"Send it once the right way, with -i: a 200, or a 403 that lists scopes, means that the token is good. If it is refused again, " + lower(f.makeToken()), f.probe()}
	case reason.ScopeMissing:
		text, command := f.newToken(f.needed())
		return Fix{text, command}
	case reason.HostWebsite, reason.HostOtherProduct, reason.HostMalformed, reason.HostScheme, reason.PathDataCenter, reason.PathVersionMissing, reason.PathDoubleSlash:
		if f.surface == SurfaceGit {
			return Fix{"Use the address of the repository.", f.setURL()}
		}
		return Fix{"Use this address.", f.curl()}
	case reason.PathBraces:
		return Fix{"Write %7B and %7D for the braces.", f.curl()}
	case reason.PathRemoved:
		return Fix{join("Use the operations that took its place.", f.replacement()), ""}
	case reason.URLShape:
		return Fix{"Use the address of the repository.", f.setURL()}
	case reason.URLUserNotEncoded:
		if f.surface == SurfaceGit || f.surface == SurfaceUnknown {
			return Fix{"Leave the e-mail out: git takes another user, and asks for the token. In other addresses write %40 for the @ of the e-mail. " + printedToo, f.setURL()}
		}
		return Fix{"Take the login out of the address. " + printedToo, f.basic()}
	case reason.URLSecretNotEncoded:
		if f.surface == SurfaceGit || f.surface == SurfaceUnknown {
			return Fix{"Take the secret out of the address; git asks for it, or a credential helper has it. " + printedToo, f.setURL()}
		}
		return Fix{"Take the login out of the address. " + printedToo, f.basic()}
	case reason.CredentialKindNotAccepted:
		return Fix{"Use a kind of credential that the operation takes. For permissions and for /user that is a person's API token.", f.basic()}
	case reason.RepositoryNotFound, reason.WorkspaceNotFound, reason.ResourceNotFound, reason.ProjectNotFound:
		return Fix{"See which workspaces the account of the token has, and take the names from there.", fmt.Sprintf("curl --user \"$EMAIL:$TOKEN\" %s", quote(f.base()+"/2.0/user/workspaces"))}
	case reason.PrivilegeMissing:
		return Fix{"Have an administrator give the account the permission that the operation takes; the answer's error.message may name it. Look at the workspace's IP allow list and at two-step verification too.", ""}
	case reason.WorkspaceForbidden:
		return Fix{"Have an administrator of the workspace add the account, or use the token of an account that is a member.", ""}
	case reason.RateLimited:
		return Fix{"Wait, and ask less often: follow `next` with larger pages, and keep what does not change. A new token changes nothing.", ""}
	case reason.PathName, reason.PathPersonalWorkspace:
		return Fix{"Name workspaces and repositories by their slug, as in the address of the repository, or by their uuid. This lists the workspaces of the account.", fmt.Sprintf("curl --user \"$EMAIL:$TOKEN\" %s", quote(f.base()+"/2.0/user/workspaces"))}
	case reason.OAuthExpired:
		return Fix{"Get a new access token with the refresh token or with the client credentials.", ""}
	case reason.OAuthConsumerPublic:
		return Fix{`Tick "This is a private consumer" in the settings of the consumer.`, ""}
	case reason.OAuthPasswordGrant:
		return Fix{"Use an API token with Basic, or the consumer's client credentials.", ""}
	case reason.OAuthConsumerAsLogin:
		return Fix{"Buy an access token with key and secret, and send that as Bearer.", f.buyToken()}
	case reason.PathUnknown:
		return Fix{"Compare the path with the operations of the API.", "pail operations"}
	case reason.MethodNotAllowed:
		return Fix{"Use one of the methods that the path takes.", "pail operations"}
	}
	return f.fromTable(code)
}

// buyToken is the command that buys an access token of OAuth.
func (f *facts) buyToken() string {
	site := strings.Replace(f.base(), "://api.", "://", 1) // Bitbucket Cloud sells tokens on its website
	return fmt.Sprintf("curl --user \"$KEY:$SECRET\" %s --data grant_type=client_credentials", quote(site+"/site/oauth2/access_token"))
}

// fixOf makes a Fix of a pair.
func fixOf(text, command string) Fix { return Fix{text, command} }

var backquoted = regexp.MustCompile("`((?:curl|git|printf|pail|env|ssh-keygen|timedatectl|getent|test|jq|go) [^`]+)`")

// fromTable is the first way out that the reason's own page has, with the command in it.
func (f *facts) fromTable(code reason.Code) Fix {
	r := reason.Of(code)
	steps := r.Steps(f.base())
	if f.service != pail && !r.Local() {
		return Fix{Text: r.Why} // the steps are a Pail server's
	}
	fix := Fix{Text: strings.ReplaceAll(steps[0], "`", "")}
	if m := backquoted.FindStringSubmatch(steps[0]); m != nil {
		fix.Command = m[1]
	}
	return fix
}

func lower(text string) string { return strings.ToLower(text[:1]) + text[1:] }

// base is the address of the API without /2.0 and a slash.
func (f *facts) base() string {
	switch {
	case f.service == cloud || f.service == elsewhere:
		return cloudAPIURL
	case f.API != "":
		return strings.TrimSuffix(strings.TrimRight(f.API, "/"), "/2.0")
	case f.url.host != "":
		scheme, port := f.url.scheme, ""
		if scheme == "" {
			scheme = "https"
		}
		if f.url.port != "" {
			port = ":" + f.url.port
		}
		return scheme + "://" + f.url.host + port
	}
	return "https://PAIL"
}

var inBraces = regexp.MustCompile(`\{([a-z_]+)\}`)

// target is the address that the request should have had.
func (f *facts) target() string {
	path := f.mendedPath()
	if path == "" || f.surface == SurfaceGit || hasHole(path) || !strings.HasPrefix(path, "/2.0/") {
		path = "/2.0/user"
	}
	path = inBraces.ReplaceAllStringFunc(path, func(name string) string { return strings.ToUpper(strings.Trim(name, "{}")) })
	path = strings.NewReplacer("{", "%7B", "}", "%7D", "'", "%27", " ", "%20").Replace(path)
	return f.base() + path
}

// hasHole tells a path with a value that was not filled in, but for the documentation's names.
func hasHole(path string) bool {
	for segment := range strings.SplitSeq(path, "/") {
		if hole(segment) != "" && !paramInBrace.MatchString(segment) {
			return true
		}
	}
	return strings.ContainsAny(path, "\\\"`\n\r\t$")
}

func quote(text string) string { return "'" + text + "'" }

func (f *facts) verb() string {
	if f.method == http.MethodGet || f.surface == SurfaceGit {
		return ""
	}
	switch f.method {
	case "POST", "PUT", "DELETE", "PATCH", "HEAD":
		return "-X " + f.method + " "
	}
	return ""
}

func (f *facts) basic() string {
	return fmt.Sprintf("curl %s--user \"$EMAIL:$TOKEN\" %s", f.verb(), quote(f.target()))
}

func (f *facts) bearer() string {
	if f.surface == SurfaceGit {
		return f.setURL()
	}
	return fmt.Sprintf("curl %s-H \"Authorization: Bearer $TOKEN\" %s", f.verb(), quote(f.target()))
}

// wantsBearer tells whether what is sent, or should be, goes as Bearer.
func (f *facts) wantsBearer() bool {
	return len(f.sent) > 0 && f.sent[0].is(token.AccessToken, token.OAuthAccess)
}

// curl is the request as it should have been.
func (f *facts) curl() string {
	if f.wantsBearer() {
		return f.bearer()
	}
	return f.basic()
}

// probe is the one request that tells most.
func (f *facts) probe() string {
	if f.wantsBearer() {
		return fmt.Sprintf("curl -si -H \"Authorization: Bearer $TOKEN\" %s", quote(f.target()))
	}
	return fmt.Sprintf("curl -si --user \"$EMAIL:$TOKEN\" %s", quote(f.base()+"/2.0/user"))
}

// sendWhole says how to send the credential so that nothing can break on the way.
func (f *facts) sendWhole() (text, command string) {
	switch {
	case f.surface == SurfaceGit:
		return f.gitText(), f.setURL()
	case f.wantsBearer():
		return "Send the token as Bearer, without line breaks, spaces or a user.", f.bearer()
	}
	return "Let curl make the header: the user is the account's e-mail, the password the token. By hand: printf %s \"$EMAIL:$TOKEN\" | base64 -w0, or | base64 | tr -d '\\n'.", f.basic()
}

// send is sendWhole for one credential.
func (f *facts) send(s *sending) (text, command string) {
	if s.is(token.AccessToken, token.OAuthAccess) && f.surface != SurfaceGit {
		return "Send the token as Bearer, without a user.", f.bearer()
	}
	return f.sendWhole()
}

// strip says how to get rid of what stands around a secret.
func (f *facts) strip(s *sending) (text, command string) {
	if s.header != nil {
		return f.send(s)
	}
	return "Write the secret without what stands around it. echo adds a newline, printf %s does not; files with Windows line ends add a carriage return; .env files and docker keep quotes.", "TOKEN=$(printf %s \"$TOKEN\" | tr -d ' \\t\\r\\n')"
}

func (f *facts) userFix() Fix {
	switch {
	case len(f.sent) > 0 && f.sent[0].is(token.AppPassword):
		if f.surface == SurfaceGit {
			return Fix{"An app password goes with the username.", strings.Replace(f.setURL(), gitAPIToken, "USERNAME", 1)}
		}
		return Fix{"An app password goes with the username.", fmt.Sprintf("curl --user \"$USERNAME:$APP_PASSWORD\" %s", quote(f.target()))}
	default:
		return Fix{f.gitText(), f.setURL()}
	}
}

func (f *facts) replaceAppPassword() Fix {
	if f.service == pail {
		text, command := f.newToken(f.needed())
		return Fix{"This server takes no app passwords any more. " + text, command}
	}
	if f.surface == SurfaceGit {
		return Fix{f.makeToken() + " Then make git forget the app password, and give the remote the right user: " + lower(f.gitText()), f.forget() + "\n" + f.setURL()}
	}
	return Fix{f.makeToken() + " Then change the user too: for REST it is the account's e-mail, no longer the username.", f.basic()}
}

// makeToken says where tokens are made.
func (f *facts) makeToken() string {
	switch access := len(f.sent) > 0 && f.sent[0].is(token.AccessToken); {
	case access && f.service == cloud:
		return "Make a new access token in the settings of the repository, the project or the workspace."
	case access && f.service == pail:
		return "Make a new access token: pail token create --for repository:WORKSPACE/REPOSITORY on the server."
	case f.service == cloud:
		return "Make an API token at " + cloudTokens + ": \"Create API token with scopes\", then Bitbucket."
	case f.service == pail:
		return "Make an API token: pail token create on the server, or POST /pail/v1/user/api-tokens."
	}
	return "Make a new token at the service that the request is for."
}

// needed are the scopes that the operation takes, as far as it is known.
func (f *facts) needed() scope.Set {
	if f.op != nil {
		return f.op.Scopes.Nearest(scope.Set{})
	}
	if f.surface == SurfaceGit {
		return scope.NewSet(scope.ReadRepository)
	}
	return scope.Set{}
}

// newToken says how to make a token with scopes, which cannot be added to one that is there.
func (f *facts) newToken(scopes scope.Set) (text, command string) {
	text = f.makeToken()
	if len(f.sent) > 0 && f.sent[0].is(token.AccessToken) {
		return text, ""
	}
	var names []string
	for _, s := range scopes.Scopes() {
		if !s.Legacy() {
			names = append(names, s.String())
		}
	}
	switch f.service {
	case cloud:
		if len(names) > 0 {
			text += " It needs " + strings.Join(names, ", ") + "."
		}
	case pail:
		if len(names) == 0 {
			names = []string{scope.ReadRepository.String()}
		}
		command = "pail token create --email \"$EMAIL\" --name ci --days 90"
		for _, n := range names {
			command += " --scope " + n
		}
	}
	return text, command
}
