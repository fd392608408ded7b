package doctortest

import (
	"github.com/pailforge/pail/internal/doctor"
	"github.com/pailforge/pail/internal/reason"
)

// says gives a pitfall for what a client printed, of which nothing else is known.
func says(name, output string, first reason.Code, how doctor.Certainty, never ...reason.Code) Pitfall {
	return Pitfall{Name: name, Symptom: "`" + firstLine(output) + "`", Where: Cloud, First: first, How: how, Never: never,
		Make: func(Kit) doctor.Case { return doctor.Case{Output: output, Now: day} }}
}

func firstLine(text string) string {
	for i := range len(text) {
		if text[i] == '\n' {
			return text[:i]
		}
	}
	return text
}

// In these outputs the address has no secret, as git prints it.
const (
	remoteMay  = "remote: You may not have access to this repository or it no longer exists in this workspace. If you think this repository exists and you have access, make sure you are authenticated.\n"
	failed     = "fatal: Authentication failed for 'https://bitbucket.org/acme/widgets.git/'\n"
	unable     = "fatal: unable to access 'https://bitbucket.org/acme/widgets.git/': "
	returned   = unable + "The requested URL returned error: "
	deprecated = "remote: CHANGE-3222 - Functionality has been deprecated\nremote: App passwords are deprecated and must be replaced with API tokens.\nremote: https://developer.atlassian.com/cloud/bitbucket/changelog#CHANGE-3222\n"
)

var printed = []Pitfall{
	// 3b
	says("git 410", deprecated+returned+"410\n", reason.AppPasswordDisabled, doctor.Certain, reason.PathRemoved),
	says("git 410, the number alone", returned+"410\n", reason.AppPasswordDisabled, doctor.Likely),
	says("git 401", remoteMay+failed, reason.TokenRefused, doctor.Possible, reason.RepositoryNotFound),
	says("git 403, scope", "remote: Your credentials lack one or more required privilege scopes.\n"+returned+"403\n", reason.ScopeMissing, doctor.Certain, reason.PrivilegeMissing),
	says("git 403, address", "remote: To access this repository, an admin must whitelist your IP.\n"+returned+"403\n", reason.PolicyAddress, doctor.Certain, reason.PrivilegeMissing, reason.ScopeMissing).fine(),
	says("git 403, two-step", "remote: To access this repository, enable two-step authentication.\n"+returned+"403\n", reason.PolicyTwoStep, doctor.Certain, reason.PrivilegeMissing).fine(),
	says("git, old words", "remote: Invalid username or password\n"+failed, reason.TokenRefused, doctor.Possible),
	says("git, invalid credentials", "remote: Invalid credentials\n"+failed, reason.TokenRefused, doctor.Possible),
	says("git, login failed", "remote: Login failed due to incorrect login credentials or method.\n"+failed, reason.TokenRefused, doctor.Possible),
	says("git, account password", "remote: Bitbucket Cloud recently stopped supporting account passwords for Git authentication.\n"+failed, reason.CredentialPasswordNotAccepted, doctor.Certain, reason.TokenRefused),
	says("git 403, no access", "remote: The requested repository either does not exist or you do not have access. If you believe this repository exists and you have access, make sure you're authenticated.\n"+returned+"403\n", reason.RepositoryNotFound, doctor.Likely),
	{Name: "git with the e-mail, 401", Symptom: "git 401, and the user is the e-mail",
		Make: func(k Kit) doctor.Case {
			c := k.Clone(k.Email, k.APIToken)
			c.Output = remoteMay + failed
			return c
		},
		First: reason.CredentialUsernameRequired, How: doctor.Certain, Never: codes(reason.TokenRefused, reason.RepositoryNotFound)},
	says("git, a fault of the service", returned+"503\n", reason.ServiceIncident, doctor.Certain).fine(),

	// Nothing was sent.
	says("git, no terminal", "fatal: could not read Username for 'https://bitbucket.org': terminal prompts disabled\n", reason.CredentialMissing, doctor.Certain, reason.TokenRefused),
	says("git, no device", "fatal: could not read Username for 'https://bitbucket.org': No such device or address\n", reason.CredentialMissing, doctor.Certain),
	says("JGit, no provider", "org.eclipse.jgit.errors.TransportException: https://bitbucket.org/acme/widgets.git: Authentication is required but no CredentialsProvider has been registered\n", reason.CredentialMissing, doctor.Certain),
	says("GCM, not interactive", "fatal: Cannot prompt because user interactivity has been disabled.\n", reason.CredentialMissing, doctor.Certain),
	says("Renovate, nothing set", "FATAL: Initialization error\n  \"errorMessage\": \"Init: You must configure a Bitbucket token or username/password\"\n", reason.CredentialMissing, doctor.Certain),

	// JGit, GCM, Renovate.
	says("JGit, not authorized", "org.eclipse.jgit.api.errors.TransportException: https://bitbucket.org/acme/widgets.git: not authorized\n", reason.TokenRefused, doctor.Possible),
	says("JGit, push", "https://bitbucket.org/acme/widgets.git: git-receive-pack not permitted on 'https://bitbucket.org/acme/widgets.git/'\n", reason.ScopeMissing, doctor.Possible, reason.TokenRefused),
	says("GCM tests", "trace: git-credential-manager: GET https://api.bitbucket.org/2.0/user: 401 Unauthorized\nfatal: Authentication failed for 'https://bitbucket.org/acme/widgets.git/'\n", reason.CredentialHelperTests, doctor.Likely, reason.TokenRefused),
	says("GCM, logon failed", "Logon failed, use ctrl+c to cancel basic credential prompt.\n", reason.TokenRefused, doctor.Possible),
	says("helper missing", "git: 'credential-manager-core' is not a git command. See 'git --help'.\n", reason.CredentialHelper, doctor.Certain),
	says("Renovate 401", "DEBUG: Response code 401 (Unauthorized)\nERROR: Authentication failure\n", reason.TokenRefused, doctor.Possible),

	says("Python requests, 401", "requests.exceptions.HTTPError: 401 Client Error: Unauthorized for url: https://api.bitbucket.org/2.0/user\n", reason.TokenRefused, doctor.Possible),
	says("axios, 410", "AxiosError: Request failed with status code 410\n", reason.PathRemoved, doctor.Likely, reason.AppPasswordDisabled).fine(),

	// Libraries that refuse a header.
	says("Python requests", "requests.exceptions.InvalidHeader: Invalid leading whitespace, reserved character(s), or return character(s) in header value: 'Basic amFuZS5kb2U='\n", reason.HeaderLineBreak, doctor.Likely),
	says("Python http.client", "ValueError: Invalid header value b'Basic amFuZS5kb2U='\n", reason.HeaderLineBreak, doctor.Likely),
	says("Node", "TypeError [ERR_INVALID_CHAR]: Invalid character in header content [\"authorization\"]\n", reason.HeaderLineBreak, doctor.Likely),
	says("Node's fetch", "TypeError: Headers.append: \"Basic amFuZS5k\nb2U=\" is an invalid header value.\n", reason.HeaderLineBreak, doctor.Likely),
	says("Go", "Get \"https://api.bitbucket.org/2.0/user\": net/http: invalid header field value for \"Authorization\"\n", reason.HeaderLineBreak, doctor.Likely),
	says("Java", "java.lang.IllegalArgumentException: Illegal character(s) in message header value: Basic amFuZS5kb2U=\n", reason.HeaderLineBreak, doctor.Likely),
	says(".NET", "System.FormatException: New-line characters are not allowed in header values.\n", reason.HeaderLineBreak, doctor.Likely),
	says("HTTP/2", "curl: (92) HTTP/2 stream 1 was not closed cleanly: PROTOCOL_ERROR (err 1)\n", reason.HeaderLineBreak, doctor.Likely),

	// Addresses.
	says("git, bad URL", "fatal: unable to access 'https://jane@example.com:…@bitbucket.org/acme/widgets.git/': URL using bad/illegal format or missing URL\n", reason.URLUserNotEncoded, doctor.Certain),
	says("curl, bad URL", "curl: (3) URL using bad/illegal format or missing URL\n", reason.URLUserNotEncoded, doctor.Likely),
	says("port ended", "curl: (3) Port number ended with 'A'\n", reason.URLSecretNotEncoded, doctor.Likely),
	says("port no number", "curl: (3) URL rejected: Port number was not a decimal number between 0 and 65535\n", reason.URLSecretNotEncoded, doctor.Likely),
	says("two schemes, printed", "curl: (6) Could not resolve host: https\n", reason.HostMalformed, doctor.Certain, reason.NetworkName),
	says("undefined host", "curl: (6) Could not resolve host: undefined\n", reason.ValueNotExpanded, doctor.Certain, reason.NetworkName),
	says("quote in front", "curl: (1) Protocol \"\"https\" not supported\n", reason.HostMalformed, doctor.Likely),
	says("quote in front, git", "fatal: protocol '\"http' is not supported\n", reason.HostMalformed, doctor.Likely),
	says("globbing, brackets", "curl: (3) bad range in URL position 24:\n", reason.PathBraces, doctor.Certain),
	says("globbing", "curl: (3) unmatched brace in URL position 44:\n", reason.PathBraces, doctor.Certain),

	// The network.
	says("name", "curl: (6) Could not resolve host: api.bitbucket.org\n", reason.NetworkName, doctor.Certain, reason.TokenRefused).fine(),
	says("git, name", unable+"Could not resolve host: bitbucket.org\n", reason.NetworkName, doctor.Certain, reason.TokenRefused).fine(),
	says("Node, name", "Error: getaddrinfo ENOTFOUND api.bitbucket.org\n", reason.NetworkName, doctor.Certain).fine(),
	says("Go, name", "dial tcp: lookup api.bitbucket.org: no such host\n", reason.NetworkName, doctor.Certain).fine(),
	says("connection", "curl: (7) Failed to connect to api.bitbucket.org port 443 after 2 ms: Couldn't connect to server\n", reason.NetworkConnect, doctor.Certain, reason.TokenRefused).fine(),
	says("TLS 35", "curl: (35) OpenSSL/3.0.13: error:0A00010B:SSL routines::wrong version number\n", reason.NetworkTLS, doctor.Certain).fine(),
	says("TLS 60", "curl: (60) SSL certificate problem: unable to get local issuer certificate\n", reason.NetworkTLS, doctor.Certain).fine(),
	says("TLS, not yet valid", "curl: (60) SSL certificate problem: certificate is not yet valid\n", reason.ClockSkew, doctor.Likely).fine(),
	says("TLS, Go", "tls: failed to verify certificate: x509: certificate signed by unknown authority\n", reason.NetworkTLS, doctor.Certain).fine(),
	says("TLS, Java", "javax.net.ssl.SSLHandshakeException: PKIX path building failed\n", reason.NetworkTLS, doctor.Certain).fine(),
	says("proxy", "curl: (56) Received HTTP code 407 from proxy after CONNECT\n", reason.NetworkProxy, doctor.Certain).fine(),
	says("proxy, newer", "curl: (56) CONNECT tunnel failed, response 407\n", reason.NetworkProxy, doctor.Certain).fine(),

	// What is no matter of the credential.
	says("branch rule", "remote: Permission denied to update branch main.\nTo https://bitbucket.org/acme/widgets.git\n ! [remote rejected] main -> main (pre-receive hook declined)\n", reason.PolicyBranch, doctor.Certain, reason.ScopeMissing, reason.TokenRefused).fine(),
	says("pull requests only", "remote: Branch refs/heads/main can only be modified through pull requests.\n ! [remote rejected] main -> main (pre-receive hook declined)\n", reason.PolicyBranch, doctor.Certain).fine(),
	says("plan", "remote: Your push failed because the account 'acme' has exceeded its user limit and this repository is restricted to read-only access.\n", reason.PolicyPlan, doctor.Certain, reason.ScopeMissing).fine(),
	says("deploy key", "conq: repository access denied. access via a deployment key is read-only.\nfatal: Could not read from remote repository.\n", reason.PolicyDeployKey, doctor.Certain, reason.RepositoryNotFound).fine(),
	says("SSH host key", "@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\nHost key verification failed.\nfatal: Could not read from remote repository.\n", reason.SSHHostKey, doctor.Certain).fine(),
	says("LFS", "batch response: Authorization error: https://bitbucket.org/acme/widgets/info/lfs/objects/batch\nCheck that you have proper access to the repository\n", reason.GitLFS, doctor.Likely),
	says("Go modules", "verifying module: bitbucket.org/acme/widgets@v1.0.0: reading https://sum.golang.org/lookup/bitbucket.org/acme/widgets@v1.0.0: 410 Gone\n", reason.ServiceOther, doctor.Certain, reason.AppPasswordDisabled, reason.PathRemoved).fine(),
	says("rate limit", "remote: Rate limit for this resource has been exceeded\n"+returned+"429\n", reason.RateLimited, doctor.Certain).fine(),
}
