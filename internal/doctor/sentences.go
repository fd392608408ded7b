package doctor

import (
	"strings"

	"github.com/pailforge/pail/internal/reason"
)

// sentence is a wording that services or clients use, and what it means.
type sentence struct {
	says    string // a part of the text, in any case of letters
	and     string // another part that must be there too, "" for none
	code    reason.Code
	how     Certainty
	because string
	fine    bool // the credential is not to blame
}

// wording is a sentence as it is compared.
type wording struct {
	*sentence
	low, lowAnd string
}

// fits tells whether a text in small letters says it.
func (w *wording) fits(text string) bool {
	return strings.Contains(text, w.low) && strings.Contains(text, w.lowAnd)
}

// sentences makes a table ready to be compared.
func sentences(list []sentence) []wording {
	ready := make([]wording, len(list))
	for i := range list {
		ready[i] = wording{&list[i], strings.ToLower(list[i].says), strings.ToLower(list[i].and)}
	}
	return ready
}

const (
	itself  = "The service says so itself."
	oneOf   = "The service has one sentence for many causes."
	clients = "It is the client's wording for this, and the request did not leave it."
)

// served are the sentences of the service, over REST and, behind "remote:", over git. The first one that fits counts.
var served = sentences([]sentence{
	{"App passwords are deprecated", "", reason.AppPasswordDisabled, Certain, itself, false},
	{"CHANGE-3222", "", reason.AppPasswordDisabled, Certain, itself, false},
	{"CHANGE-", "Functionality has been deprecated", reason.PathRemoved, Certain, itself, true},
	{"stopped supporting account passwords", "", reason.CredentialPasswordNotAccepted, Certain, itself, false},
	{"This endpoint does not support token-based authentication", "", reason.HostWebsite, Certain, "Only the website says so.", false},
	{"Your credentials lack one or more required privilege scopes", "", reason.ScopeMissing, Certain, itself, false},
	{"This API is only accessible with the following authentication types", "", reason.CredentialKindNotAccepted, Certain, itself, false},
	{"This API is not accessible by this authentication mechanism", "", reason.CredentialKindNotAccepted, Certain, itself, false},
	{"This resource does not support authentication using the provided token", "", reason.CredentialKindNotAccepted, Certain, itself, false},
	{"whitelist your IP", "", reason.PolicyAddress, Certain, itself, true},
	{"allowlist your IP", "", reason.PolicyAddress, Certain, itself, true},
	{"enable two-step", "", reason.PolicyTwoStep, Certain, itself, true},
	{"deactivated due to inactivity", "", reason.PolicyInactive, Certain, itself, true},
	{"You do not have access to view this workspace", "", reason.WorkspaceForbidden, Certain, itself, true},
	{"exceeded its user limit", "", reason.PolicyPlan, Certain, itself, true},
	{"restricted to read-only access", "", reason.PolicyPlan, Certain, itself, true},
	{"over its size limit", "", reason.PolicyPlan, Certain, itself, true},
	{"repository size limit", "", reason.PolicyPlan, Certain, itself, true},
	{"upgrade your plan", "", reason.PolicyPlan, Certain, itself, true},
	{"access via a deployment key is read-only", "", reason.PolicyDeployKey, Certain, itself, true},
	{"Rate limit for this resource has been exceeded", "", reason.RateLimited, Certain, itself, true},
	{"Permission denied to update branch", "", reason.PolicyBranch, Certain, itself, true},
	{"can only be modified through pull requests", "", reason.PolicyBranch, Certain, itself, true},
	{"permission to update branch", "denied", reason.PolicyBranch, Certain, itself, true},
	{"branch restriction", "", reason.PolicyBranch, Certain, itself, true},
	{"OAuth2 access token expired", "", reason.OAuthExpired, Certain, itself, false},
	{"Use your refresh token to obtain a new access token", "", reason.OAuthExpired, Certain, itself, false},
	{"Access token expired.", "", reason.OAuthExpired, Likely, "The sentence also comes for an app password that is sent as Bearer.", false},
	{"No callback uri defined for the OAuth client", "", reason.OAuthCallback, Certain, itself, false},
	{"Invalid resource owner username/password", "", reason.OAuthPasswordGrant, Certain, "Only the password grant asks for a resource owner's password.", false},
	{"unsupported_grant_type", "", reason.OAuthPasswordGrant, Likely, "The password grant is the one that was taken away.", false},
	{"invalid_grant", "", reason.OAuthConsumerPublic, Likely, "With client credentials it means a consumer that is not private; a code or a refresh token that is used up gives it too.", false},
	{"invalid_client", "", reason.CredentialUnknown, Likely, "The service does not know the consumer's key with this secret.", false},
	{"unauthorized_client", "", reason.OAuthConsumerPublic, Likely, "The consumer may not use this grant.", false},
	{"Invalid Authorization header", "", reason.HeaderMalformed, Certain, itself, false},
	{"plain HTTP request was sent to HTTPS port", "", reason.TLSExpected, Certain, "The server says so itself.", false},
	{"Only one auth mechanism allowed", "", reason.CredentialDuplicate, Certain, "Storage takes the signature in the address or a credential, not both.", false},
	{"There is no API hosted at this URL", "", reason.PathUnknown, Certain, itself, true},
	{"No workspace with identifier", "", reason.WorkspaceNotFound, Certain, itself, true},
	{"This API is no longer supported", "", reason.PathVersionGone, Certain, itself, true},
	{"Resource removed", "", reason.PathVersionGone, Certain, itself, true},
	{"Invalid pagelen", "", reason.PageInvalid, Certain, itself, true},
	{"The requested repository either does not exist or you do not have access", "", reason.RepositoryNotFound, Likely, "Git answers 403 for plain lack of access; the braces of a uuid that got lost have the same answer.", false},
	{"Token is invalid", "not supported for this endpoint", reason.TokenRefused, Possible, oneOf, false},
	{"Login failed due to incorrect login credentials or method", "", reason.TokenRefused, Possible, oneOf, false},
	{"Invalid username or password", "", reason.TokenRefused, Possible, oneOf, false},
	{"Invalid credentials", "", reason.TokenRefused, Possible, oneOf, false},
	{"You may not have access to this repository or it no longer exists", "", reason.RepositoryNotFound, Possible, oneOf, false},
	{"repository ", " not found", reason.RepositoryNotFound, Possible, oneOf, false},
})

// printed are the wordings of git, curl, libraries and tools. The first one that fits a line counts.
var printed = sentences([]sentence{
	// Another service altogether.
	{"sum.golang.org", "410 gone", reason.ServiceOther, Certain, "sum.golang.org is Go's checksum database, not Bitbucket.", true},
	{"sum.golang.org", "404 not found", reason.ServiceOther, Certain, "sum.golang.org is Go's checksum database, not Bitbucket.", true},
	{"proxy.golang.org", "410 gone", reason.ServiceOther, Certain, "proxy.golang.org is Go's module proxy, not Bitbucket.", true},
	{"proxy.golang.org", "404 not found", reason.ServiceOther, Certain, "proxy.golang.org is Go's module proxy, not Bitbucket.", true},

	// The address.
	{"unmatched brace in url", "", reason.PathBraces, Certain, clients, false},
	{"nested brace in url", "", reason.PathBraces, Certain, clients, false},
	{"unmatched close brace", "", reason.PathBraces, Certain, clients, false},
	{"bad range in URL", "", reason.PathBraces, Certain, clients, false},
	{"Port number ended with", "", reason.URLSecretNotEncoded, Likely, "A part of a login that was not encoded is taken for the port.", false},
	{"Port number was not a decimal number", "", reason.URLSecretNotEncoded, Likely, "A part of a login that was not encoded is taken for the port.", false},
	{"invalid port", "after host", reason.URLSecretNotEncoded, Likely, "A part of a login that was not encoded is taken for the port.", false},
	{"URL using bad/illegal format", "", reason.URLUserNotEncoded, Likely, "An e-mail in the address whose @ is not written %40 is the usual cause; a secret with /, ? or # in it has the same effect.", false},
	{"malformed input to a url function", "", reason.URLUserNotEncoded, Likely, "A login in the address that is not encoded is the usual cause.", false},
	{"bad hostname", "", reason.HostMalformed, Likely, clients, false},
	{"no host part in the url", "", reason.HostMalformed, Certain, clients, false},
	{"protocol \"", "not supported", reason.HostMalformed, Likely, "A quotation mark or a space in front of the address is taken for a part of its scheme.", false},
	{"protocol '", "is not supported", reason.HostMalformed, Likely, "A quotation mark or a space in front of the address is taken for a part of its scheme.", false},
	{"invalid uri", "", reason.HostMalformed, Likely, clients, false},

	// The header.
	{"invalid header field value for \"Authorization\"", "", reason.HeaderLineBreak, Likely, "Go refuses a header with a line break or a control character; mostly it is a line break.", false},
	{"invalid header field value", "", reason.HeaderLineBreak, Likely, "Go refuses a header with a line break or a control character; mostly it is a line break.", false},
	{"ERR_INVALID_CHAR", "", reason.HeaderLineBreak, Likely, "Node refuses a header with a line break or a character that no header may hold; mostly it is a line break.", false},
	{"invalid character in header content", "", reason.HeaderLineBreak, Likely, "Node refuses a header with a line break or a character that no header may hold; mostly it is a line break.", false},
	{"return character(s) in header value", "", reason.HeaderLineBreak, Likely, "Python's requests refuses a header with a line break, or with a space in front.", false},
	{"return character(s), or leading", "in header value", reason.HeaderLineBreak, Likely, "Python's requests refuses a header with a line break, or with a space in front.", false},
	{"InvalidHeader", "", reason.HeaderLineBreak, Likely, "Python's requests refuses a header with a line break, or with a space in front.", false},
	{"Invalid header value", "", reason.HeaderLineBreak, Likely, "The client refuses a header with a line break in it.", false},
	{"illegal character(s) in message header value", "", reason.HeaderLineBreak, Likely, "Java refuses a header with a line break in it.", false},
	{"new-line characters are not allowed in header values", "", reason.HeaderLineBreak, Likely, ".NET refuses a header with a line break in it.", false},
	{"new-line or nul characters", "header", reason.HeaderLineBreak, Likely, ".NET refuses a header with a line break in it.", false},
	{"failed to parse header value", "", reason.HeaderLineBreak, Likely, "Rust's libraries refuse a header with a line break in it.", false},
	{"was not closed cleanly: PROTOCOL_ERROR", "", reason.HeaderLineBreak, Likely, "Over HTTP/2 a server resets the stream when a header has a line break in it.", false},
	{"curl: (92)", "", reason.HeaderLineBreak, Likely, "Over HTTP/2 a server resets the stream when a header has a line break in it.", false},

	// The network.
	{"Could not resolve proxy", "", reason.NetworkProxy, Certain, clients, true},
	{"from proxy after connect", "", reason.NetworkProxy, Certain, "The proxy answered, not the service.", true},
	{"CONNECT tunnel failed", "", reason.NetworkProxy, Certain, "The proxy answered, not the service.", true},
	{"proxy authentication required", "", reason.NetworkProxy, Certain, "The proxy answered, not the service.", true},
	{"Could not resolve host", "", reason.NetworkName, Certain, clients, true},
	{"getaddrinfo enotfound", "", reason.NetworkName, Certain, clients, true},
	{"getaddrinfo eai_again", "", reason.NetworkName, Certain, clients, true},
	{"no such host", "", reason.NetworkName, Certain, clients, true},
	{"name or service not known", "", reason.NetworkName, Certain, clients, true},
	{"temporary failure in name resolution", "", reason.NetworkName, Certain, clients, true},
	{"unknownhostexception", "", reason.NetworkName, Certain, clients, true},
	{"SSL certificate problem", "not yet valid", reason.ClockSkew, Likely, "A certificate that is not valid yet mostly means a clock that is behind.", true},
	{"certificate is not yet valid", "", reason.ClockSkew, Likely, "A certificate that is not valid yet mostly means a clock that is behind.", true},
	{"SSL certificate problem", "", reason.NetworkTLS, Certain, clients, true},
	{"server certificate verification failed", "", reason.NetworkTLS, Certain, clients, true},
	{"certificate signed by unknown authority", "", reason.NetworkTLS, Certain, clients, true},
	{"certificate_verify_failed", "", reason.NetworkTLS, Certain, clients, true},
	{"certificate verify failed", "", reason.NetworkTLS, Certain, clients, true},
	{"unable to get local issuer certificate", "", reason.NetworkTLS, Certain, clients, true},
	{"unable to verify the first certificate", "", reason.NetworkTLS, Certain, clients, true},
	{"self_signed_cert_in_chain", "", reason.NetworkTLS, Certain, clients, true},
	{"self-signed certificate", "", reason.NetworkTLS, Certain, clients, true},
	{"self signed certificate", "", reason.NetworkTLS, Certain, clients, true},
	{"pkix path building failed", "", reason.NetworkTLS, Certain, clients, true},
	{"schannel:", "", reason.NetworkTLS, Likely, clients, true},
	{"curl: (35)", "", reason.NetworkTLS, Certain, clients, true},
	{"curl: (60)", "", reason.NetworkTLS, Certain, clients, true},
	{"ssl_error_syscall", "", reason.NetworkTLS, Likely, clients, true},
	{"gnutls_handshake() failed", "", reason.NetworkTLS, Certain, clients, true},
	{"wrong version number", "ssl", reason.NetworkTLS, Certain, clients, true},
	{"Failed to connect to", "", reason.NetworkConnect, Certain, clients, true},
	{"connection refused", "", reason.NetworkConnect, Certain, clients, true},
	{"econnrefused", "", reason.NetworkConnect, Certain, clients, true},
	{"econnreset", "", reason.NetworkConnect, Likely, clients, true},
	{"connection timed out", "", reason.NetworkConnect, Certain, clients, true},
	{"etimedout", "", reason.NetworkConnect, Certain, clients, true},
	{"network is unreachable", "", reason.NetworkConnect, Certain, clients, true},
	{"connection reset by peer", "", reason.NetworkConnect, Likely, clients, true},
	{"empty reply from server", "", reason.NetworkConnect, Likely, clients, true},
	{"i/o timeout", "", reason.NetworkConnect, Likely, clients, true},

	// Nothing was sent.
	{"could not read Username for", "", reason.CredentialMissing, Certain, clients, false},
	{"could not read Password for", "", reason.CredentialMissing, Certain, clients, false},
	{"terminal prompts disabled", "", reason.CredentialMissing, Certain, clients, false},
	{"no CredentialsProvider has been registered", "", reason.CredentialMissing, Certain, clients, false},
	{"cannot prompt because user interactivity has been disabled", "", reason.CredentialMissing, Certain, clients, false},
	{"must configure a bitbucket token", "", reason.CredentialMissing, Certain, clients, false},
	{"no credentials found", "", reason.CredentialMissing, Likely, clients, false},

	// Helpers.
	{"git: 'credential-", "is not a git command", reason.CredentialHelper, Certain, clients, false},
	{"credential-manager", "401", reason.CredentialHelperTests, Likely, "Git Credential Manager tries the token against the REST API with the user of git.", false},
	{"credential-manager", "unauthorized", reason.CredentialHelperTests, Likely, "Git Credential Manager tries the token against the REST API with the user of git.", false},

	// SSH.
	{"REMOTE HOST IDENTIFICATION HAS CHANGED", "", reason.SSHHostKey, Certain, clients, true},
	{"Host key verification failed", "", reason.SSHHostKey, Likely, "The stored host key is missing or old.", true},
	{"Permission denied (publickey", "", reason.CredentialMissing, Likely, "SSH found no key that the service knows. No token plays a part in SSH.", true},
	{"conq: repository access denied", "", reason.RepositoryNotFound, Likely, "The SSH key is known, but its account or repository has no access.", true},

	// LFS.
	{"batch response: authorization error", "", reason.GitLFS, Likely, "LFS answers 403 to a caller without a credential.", false},
	{"lfs: authorization error", "", reason.GitLFS, Likely, "LFS answers 403 to a caller without a credential.", false},
	{"lfs: client error", "", reason.GitLFS, Likely, "LFS sends requests of its own.", false},
	{"batch request: missing protocol", "", reason.GitLFS, Likely, "LFS sends requests of its own.", false},
	{"/info/lfs", "403", reason.GitLFS, Likely, "LFS answers 403 to a caller without a credential.", false},

	// Refusals, in the words of clients.
	{"git-receive-pack not permitted", "", reason.ScopeMissing, Possible, "JGit says so for every 403 on a push: a scope, a permission or a rule may lack.", false},
	{"git-upload-pack not permitted", "", reason.ScopeMissing, Possible, "JGit says so for every 403 on a fetch: a scope or a permission may lack.", false},
	{"not authorized", "", reason.TokenRefused, Possible, "JGit says so for every 401.", false},
	{"logon failed", "", reason.TokenRefused, Possible, oneOf, false},
	{"Authentication failed", "", reason.TokenRefused, Possible, oneOf, false},
	{"authentication-error", "", reason.TokenRefused, Possible, "Renovate says so for every 401.", false},
	{"authentication failure", "", reason.TokenRefused, Possible, oneOf, false},
	{"pre-receive hook declined", "", reason.PolicyBranch, Likely, "On bitbucket.org a declined push mostly meets a branch restriction.", true},
})

// say finds what a text means.
func say(table []wording, text string) *sentence {
	text = strings.ToLower(text)
	for i := range table {
		if table[i].fits(text) {
			return table[i].sentence
		}
	}
	return nil
}
