package story

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/token"
)

// The sentences of Bitbucket Cloud, as clients know them.
const (
	badToken      = "Token is invalid, expired, or not supported for this endpoint."
	lacksScopes   = "Your credentials lack one or more required privilege scopes."
	wrongMeans    = "This API is not accessible by this authentication mechanism"
	noAccess      = "You may not have access to this repository or it no longer exists in this workspace. If you think this repository exists and you have access, make sure you are authenticated."
	noPasswords   = "Bitbucket Cloud recently stopped supporting account passwords for API authentication."
	endedAppPass  = "App passwords are deprecated and must be replaced with API tokens."
	deprecated    = "CHANGE-2770 - Functionality has been deprecated"
	announcement  = "https://developer.atlassian.com/cloud/bitbucket/changelog#CHANGE-2770"
	badHeader     = "Invalid Authorization header"
	expiredAccess = "Access token expired."
	foreignSecret = "ATATT3xFfGF0"
)

// subject is the credential that one pitfall is tried with: fresh, so that nothing of another one sticks to it.
type subject struct {
	w      *pailtest.World
	id     string
	secret string
}

func (s subject) email() string { return s.w.Admin.Email }

// pair is what base64 makes of a user and the secret.
func (s subject) pair(user string) string { return encode(user + ":" + s.secret) }

func encode(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

func one(value string) []string { return []string{value} }

// The kinds of subjects.
func apiToken(w *pailtest.World) subject {
	c, secret := w.APIToken(w.Admin, "read:user", "read:workspace", "read:repository")
	return subject{w, c.ID, secret}
}

func tokenWith(scopes ...string) func(*pailtest.World) subject {
	return func(w *pailtest.World) subject {
		c, secret := w.APIToken(w.Admin, slices.Clone(scopes)...)
		return subject{w, c.ID, secret}
	}
}

func appPassword(w *pailtest.World) subject {
	secret := w.AppPassword(w.Admin, "account", "repository")
	all, err := w.Credentials.OfAccount(w.T.Context(), w.Admin.ID, access.AppPassword)
	check(w, err)
	return subject{w, all[0].ID, secret}
}

func accessToken(w *pailtest.World) subject {
	c, secret := w.AccessToken(access.RepositoryTok, access.Bounds{WorkspaceID: w.Workspace.ID, RepositoryID: w.Repository.ID}, "repository:write", "account", "project:admin")
	return subject{w, c.ID, secret}
}

// ended is kind after the store was changed by a statement about its row.
func ended(kind func(*pailtest.World) subject, statement string) func(*pailtest.World) subject {
	return func(w *pailtest.World) subject {
		s := kind(w)
		w.Exec(statement, s.id)
		return s
	}
}

// pitfall is one way to send a credential wrongly.
type pitfall struct {
	name    string
	subject func(*pailtest.World) subject // nil: apiToken
	header  func(subject) []string        // the Authorization headers
	raw     bool                          // header holds what no library sends: it goes over a bare connection
	request string                        // "" is GET /2.0/user

	status  int
	reason  reason.Code
	message string // exactly Bitbucket's; "" where it has none that is known
	also    string // somewhere in the answer

	bare rest.Plain // what a bare server says; zero: see plain

	known    bool // the secret arrived whole: its owner is told
	accessed bool // the credential was taken for what it is: that counts as an access
}

var pitfalls = []pitfall{
	// The header is broken.
	{name: "wrapped by base64", raw: true, header: func(s subject) []string { return one("Basic " + wrap(s.pair(s.email()), 76, "\n")) },
		status: 400, reason: "header.line_break", message: badHeader, also: "base64 -w0"},
	{name: "wrapped with CRLF", raw: true, header: func(s subject) []string { return one("Basic " + wrap(s.pair(s.email()), 76, "\r\n")) },
		status: 400, reason: "header.line_break", message: badHeader},
	{name: "wrapped by openssl", raw: true, header: func(s subject) []string { return one("Basic " + wrap(s.pair(s.email()), 64, "\n")) },
		status: 400, reason: "header.line_break", message: badHeader, also: "openssl"},
	{name: "folded", raw: true, header: func(s subject) []string { return one("Basic " + wrap(s.pair(s.email()), 76, "\r\n ")) },
		status: 400, reason: "header.line_break", message: badHeader},
	{name: "wrapped with spaces", header: func(s subject) []string { return one("Basic " + wrap(s.pair(s.email()), 76, " ")) },
		status: 400, reason: "header.line_break", message: badHeader},
	{name: "a newline in a Bearer token", raw: true, header: func(s subject) []string { return one("Bearer " + wrap(s.secret, 30, "\n")) },
		status: 400, reason: "header.line_break", message: badHeader},
	{name: "a wrapped value after Bearer", raw: true, header: func(s subject) []string { return one("Bearer " + wrap(s.pair(s.email()), 76, "\n")) },
		status: 400, reason: "header.line_break", message: badHeader},
	{name: "a control character", raw: true, header: func(s subject) []string { return one("Bearer \x1b" + s.secret) },
		status: 400, reason: "header.control_character", message: badHeader},
	{name: "a zero byte", raw: true, header: func(s subject) []string { return one("Basic " + s.pair(s.email()) + "\x00") },
		status: 400, reason: "header.control_character", message: badHeader},
	{name: "two headers", header: func(s subject) []string { return []string{"Basic " + s.pair(s.email()), "Bearer " + s.secret} },
		status: 400, reason: "header.duplicate", message: badHeader},
	{name: "two equal headers", header: func(s subject) []string { return []string{"Basic " + s.pair(s.email()), "Basic " + s.pair(s.email())} },
		status: 400, reason: "header.duplicate", message: badHeader},
	{name: "no base64", header: func(s subject) []string { return one("Basic " + s.email() + ":" + s.secret) },
		status: 400, reason: "header.not_base64", message: badHeader},
	{name: "the bare token after Basic", header: func(s subject) []string { return one("Basic " + s.secret) },
		status: 400, reason: "header.not_base64", message: badHeader},
	{name: "decoded in place of encoded", header: func(subject) []string { return one("Basic " + encode("\xff\xfe\xfd:x")) },
		status: 400, reason: "header.not_base64", message: badHeader},
	{name: "UTF-16", header: func(s subject) []string {
		return one("Basic " + encode(strings.Join(strings.Split(s.email()+":"+s.secret, ""), "\x00")+"\x00"))
	},
		status: 400, reason: "header.not_base64", message: badHeader, also: "UTF8"},
	{name: "escaped for a URL", header: func(s subject) []string { return one("Basic " + strings.TrimRight(s.pair(s.email()), "=") + "%3D") },
		status: 400, reason: "header.not_base64", message: badHeader},
	{name: "only the token encoded", header: func(s subject) []string { return one("Basic " + encode(s.secret)) },
		status: 400, reason: "header.no_colon", message: badHeader},
	{name: "encoded twice", header: func(s subject) []string { return one("Basic " + encode(s.pair(s.email()))) },
		status: 400, reason: "header.encoded_twice", message: badHeader},
	{name: "Basic twice", header: func(s subject) []string { return one("Basic Basic " + s.pair(s.email())) },
		status: 400, reason: "header.scheme_twice", message: badHeader},
	{name: "Bearer Bearer", header: func(s subject) []string { return one("Bearer Bearer " + s.secret) },
		status: 400, reason: "header.scheme_twice", message: badHeader},
	{name: "the header's name twice", header: func(s subject) []string { return one("Authorization: Bearer " + s.secret) },
		status: 400, reason: "header.scheme_twice", message: badHeader},
	{name: "scheme token", header: func(s subject) []string { return one("token " + s.secret) },
		status: 400, reason: "header.scheme_unknown", message: badHeader},
	{name: "scheme Digest", header: func(s subject) []string { return one(`Digest username="` + s.email() + `"`) },
		status: 400, reason: "header.scheme_unknown", message: badHeader},
	{name: "a colon after Basic", header: func(s subject) []string { return one("Basic: " + s.pair(s.email())) },
		status: 400, reason: "header.scheme_unknown", message: badHeader},
	{name: "quotes around the header", header: func(s subject) []string { return one(`"Basic ` + s.pair(s.email()) + `"`) },
		status: 400, reason: "header.scheme_unknown", message: badHeader},

	// Without a scheme it is as if no header was there.
	{name: "the token without a scheme", header: func(s subject) []string { return one(s.secret) },
		status: 401, reason: "header.scheme_missing", message: badToken},
	{name: "the pair without a scheme", header: func(s subject) []string { return one(s.email() + ":" + s.secret) },
		status: 401, reason: "header.scheme_missing", message: badToken},
	{name: "base64 without a scheme", header: func(s subject) []string { return one(s.pair(s.email())) },
		status: 401, reason: "header.scheme_missing", message: badToken},
	{name: "without a scheme, private repository", header: func(s subject) []string { return one(s.secret) }, request: "GET /2.0/repositories/acme/widgets",
		status: 404, reason: "repository.not_found", message: noAccess, also: "header.scheme_missing"},
	{name: "no header", header: func(subject) []string { return nil },
		status: 401, reason: "credential.missing", message: badToken},
	{name: "no header, private repository", header: func(subject) []string { return nil }, request: "GET /2.0/repositories/acme/widgets",
		status: 404, reason: "repository.not_found", message: noAccess, also: "credential.missing"},
	{name: "in the URL", header: func(subject) []string { return nil }, request: "GET /2.0/user?access_token=SECRET",
		status: 400, reason: "credential.in_url", bare: rest.BadToken},

	// Something is empty, or was not replaced.
	{name: "an empty header", header: func(subject) []string { return one("") }, status: 401, reason: "token.empty", message: badToken},
	{name: "Basic alone", header: func(subject) []string { return one("Basic") }, status: 401, reason: "token.empty", message: badToken, bare: unreadable},
	{name: "Basic $TOKEN", header: func(subject) []string { return one("Basic $TOKEN") }, status: 401, reason: "token.not_expanded", message: badToken, bare: unreadable},
	{name: "$TOKEN encoded alone", header: func(subject) []string { return one("Basic " + encode("$TOKEN")) }, status: 401, reason: "token.not_expanded", message: badToken, bare: unreadable},
	{name: "Bearer alone", header: func(subject) []string { return one("Bearer ") }, status: 401, reason: "token.empty", message: badToken},
	{name: "a colon alone", header: func(subject) []string { return one("Basic " + encode(":")) }, status: 401, reason: "token.empty", message: badToken},
	{name: "no password", header: func(s subject) []string { return one("Basic " + encode(s.email()+":")) }, status: 401, reason: "token.empty", message: badToken},
	{name: "empty user", header: func(s subject) []string { return one("Basic " + s.pair("")) },
		status: 401, reason: "credential.user_empty", message: badToken, known: true},
	{name: "$TOKEN", header: func(s subject) []string { return one("Basic " + encode(s.email()+":$TOKEN")) }, status: 401, reason: "token.not_expanded", message: badToken},
	{name: "${TOKEN}", header: func(s subject) []string { return one("Basic " + encode(s.email()+":${TOKEN}")) }, status: 401, reason: "token.not_expanded", message: badToken},
	{name: "Bearer ${{ secrets.TOKEN }}", header: func(subject) []string { return one("Bearer ${{ secrets.TOKEN }}") }, status: 401, reason: "token.not_expanded", message: badToken},
	{name: "undefined", header: func(s subject) []string { return one("Basic " + encode(s.email()+":undefined")) }, status: 401, reason: "token.not_expanded", message: badToken},
	{name: "Bearer undefined", header: func(subject) []string { return one("Bearer undefined") }, status: 401, reason: "token.not_expanded", message: badToken},
	{name: "<token>", header: func(s subject) []string { return one("Basic " + encode(s.email()+":<token>")) }, status: 401, reason: "token.not_expanded", message: badToken},
	{name: "masked", header: func(s subject) []string { return one("Basic " + encode(s.email()+":****")) }, status: 401, reason: "token.not_expanded", message: badToken},

	// The secret was damaged on its way.
	{name: "the scheme in the password", header: func(s subject) []string { return one("Basic " + encode(s.email()+":Bearer "+s.secret)) },
		status: 400, reason: "header.scheme_twice", message: badHeader, bare: rest.BadToken},
	{name: "echo without -n", header: func(s subject) []string { return one("Basic " + encode(s.email()+":"+s.secret+"\n")) },
		status: 401, reason: "token.whitespace", message: badToken, also: "a newline (LF)"},
	{name: "CRLF at the end", header: func(s subject) []string { return one("Basic " + encode(s.email()+":"+s.secret+"\r\n")) },
		status: 401, reason: "token.whitespace", message: badToken, also: "CR LF"},
	{name: "CR at the end", header: func(s subject) []string { return one("Basic " + encode(s.email()+":"+s.secret+"\r")) }, status: 401, reason: "token.whitespace", message: badToken},
	{name: "a space in front", header: func(s subject) []string { return one("Basic " + encode(s.email()+": "+s.secret)) }, status: 401, reason: "token.whitespace", message: badToken},
	{name: "a space after the user", header: func(s subject) []string { return one("Basic " + encode(s.email()+" :"+s.secret)) }, status: 401, reason: "token.whitespace", message: badToken},
	{name: "a zero width space", header: func(s subject) []string { return one("Basic " + encode(s.email()+":"+s.secret+"\u200b")) }, status: 401, reason: "token.whitespace", message: badToken},
	{name: "a space inside", header: func(s subject) []string { return one("Basic " + encode(s.email()+":"+s.secret[:20]+" "+s.secret[20:])) }, status: 401, reason: "token.whitespace", message: badToken},
	{name: "single quotes", header: func(s subject) []string { return one("Basic " + encode(s.email()+":'"+s.secret+"'")) }, status: 401, reason: "token.whitespace", message: badToken},
	{name: "double quotes", header: func(s subject) []string { return one("Basic " + encode(s.email()+`:"`+s.secret+`"`)) }, status: 401, reason: "token.whitespace", message: badToken},
	{name: "quotes around the pair", header: func(s subject) []string { return one("Basic " + encode(`"`+s.email()+":"+s.secret+`"`)) }, status: 401, reason: "token.whitespace", message: badToken},
	{name: "quotes around Bearer's", header: func(s subject) []string { return one(`Bearer "` + s.secret + `"`) }, status: 401, reason: "token.whitespace", message: badToken},
	{name: "cut off", header: func(s subject) []string { return one("Basic " + encode(s.email()+":"+s.secret[:len(s.secret)-1])) }, status: 401, reason: "token.truncated", message: badToken, also: "56 of the 57"},
	{name: "cut off early", header: func(s subject) []string { return one("Basic " + encode(s.email()+":"+s.secret[:10])) }, status: 401, reason: "token.truncated", message: badToken},
	{name: "the beginning lost", header: func(s subject) []string { return one("Basic " + encode(s.email()+":"+s.secret[3:])) }, status: 401, reason: "token.truncated", message: badToken},
	{name: "one wrong character", header: func(s subject) []string { return one("Basic " + encode(s.email()+":"+flip(s.secret, 20))) }, status: 401, reason: "token.mistyped", message: badToken},
	{name: "wrong checksum", header: func(s subject) []string { return one("Basic " + encode(s.email()+":"+flip(s.secret, len(s.secret)-1))) }, status: 401, reason: "token.mistyped", message: badToken},
	{name: "pasted twice", header: func(s subject) []string { return one("Basic " + encode(s.email()+":"+s.secret+s.secret)) }, status: 401, reason: "token.mistyped", message: badToken},
	{name: "backslash before the end", header: func(s subject) []string { return one("Basic " + encode(s.email()+":"+s.secret[:49]+`\`+s.secret[49:])) }, status: 401, reason: "token.mistyped", message: badToken},

	// The secret is none of Pail's.
	{name: "unknown", header: func(s subject) []string { return one("Basic " + encode(s.email()+":"+token.Mint(token.APIToken))) }, status: 401, reason: "credential.unknown", message: badToken},
	{name: "unknown, as Bearer", header: func(subject) []string { return one("Bearer " + token.Mint(token.AccessToken)) }, status: 401, reason: "credential.unknown", message: badToken},
	{name: "the account's password", header: func(s subject) []string { return one("Basic " + encode(s.email()+":"+pailtest.Password)) }, status: 401, reason: "credential.password_not_accepted", message: noPasswords},
	{name: "the account's password with the username", header: func(s subject) []string { return one("Basic " + encode("acme-admin:"+pailtest.Password)) }, status: 401, reason: "credential.password_not_accepted", message: noPasswords},
	{name: "Atlassian's API token", header: func(s subject) []string {
		return one("Basic " + encode(s.email()+":"+foreignSecret+strings.Repeat("x", 171)+"=0123ABCD"))
	}, status: 401, reason: "credential.foreign_product", message: badToken},
	{name: "Atlassian's access token", header: func(subject) []string { return one("Bearer ATCTT3xFfGN0" + strings.Repeat("x", 171) + "=0123ABCD") }, status: 401, reason: "credential.foreign_product", message: badToken},
	{name: "Atlassian's app password", header: func(subject) []string {
		return one("Basic " + encode("acme-admin:ATBB"+strings.Repeat("x", 24)+"0123ABCD"))
	}, status: 401, reason: "credential.foreign_product", message: badToken},
	{name: "Data Center's token", header: func(subject) []string { return one("Bearer BBDC-MDEyMzQ1Njc4OTAxOsYQ") }, status: 401, reason: "credential.foreign_product", message: badToken},
	{name: "GitHub's token", header: func(subject) []string { return one("Bearer ghp_" + strings.Repeat("a", 36)) }, status: 401, reason: "credential.foreign_product", message: badToken},
	{name: "the token in the user's place", header: func(s subject) []string { return one("Basic " + encode(s.secret+":")) }, status: 401, reason: "credential.swapped", message: badToken},
	{name: "the token in the user's place, with a filler", header: func(s subject) []string { return one("Basic " + encode(s.secret+":x-oauth-basic")) }, status: 401, reason: "credential.swapped", message: badToken},
	{name: "swapped", header: func(s subject) []string { return one("Basic " + encode(s.secret+":"+s.email())) }, status: 401, reason: "credential.swapped", message: badToken},

	// An API token with the wrong scheme or user.
	{name: "Bearer", header: func(s subject) []string { return one("Bearer " + s.secret) }, status: 401, reason: "credential.bearer_not_accepted", message: badToken, also: "admin@acme.example", known: true},
	{name: "bearer in small letters", header: func(s subject) []string { return one("bearer " + s.secret) }, status: 401, reason: "credential.bearer_not_accepted", message: badToken, known: true},
	{name: "username", header: func(s subject) []string { return one("Basic " + s.pair("acme-admin")) }, status: 401, reason: "credential.email_required", message: badToken, also: "admin@acme.example", known: true},
	{name: "x-token-auth", header: func(s subject) []string { return one("Basic " + s.pair("x-token-auth")) }, status: 401, reason: "credential.email_required", message: badToken, known: true},
	{name: "x-bitbucket-api-token-auth", header: func(s subject) []string { return one("Basic " + s.pair("x-bitbucket-api-token-auth")) }, status: 401, reason: "credential.email_required", message: badToken, known: true},
	{name: "another person's e-mail", header: func(s subject) []string { return one("Basic " + s.pair(s.w.Member.Email)) }, status: 401, reason: "credential.user_mismatch", message: badToken, known: true},
	{name: "another person's username", header: func(s subject) []string { return one("Basic " + s.pair(s.w.Member.Username)) }, status: 401, reason: "credential.user_mismatch", message: badToken, known: true},
	{name: "nobody's e-mail", header: func(s subject) []string { return one("Basic " + s.pair("nobody@acme.example")) }, status: 401, reason: "credential.user_mismatch", message: badToken, known: true},
	{name: "the name of the token", header: func(s subject) []string { return one("Basic " + s.pair("test")) }, status: 401, reason: "credential.user_mismatch", message: badToken, known: true},
	{name: "$EMAIL", header: func(s subject) []string { return one("Basic " + s.pair("$EMAIL")) }, status: 401, reason: "token.not_expanded", message: badToken, known: true},

	// An app password or an access token with the wrong scheme or user.
	{name: "app password with the e-mail", subject: appPassword, header: func(s subject) []string { return one("Basic " + s.pair(s.email())) }, status: 401, reason: "credential.username_required", message: badToken, also: "acme-admin", known: true},
	{name: "app password as Bearer", subject: appPassword, header: func(s subject) []string { return one("Bearer " + s.secret) }, status: 401, reason: "app_password.as_bearer", message: expiredAccess, known: true},
	{name: "app password of another", subject: appPassword, header: func(s subject) []string { return one("Basic " + s.pair("acme-member")) }, status: 401, reason: "credential.user_mismatch", message: badToken, known: true},
	{name: "app password without a user", subject: appPassword, header: func(s subject) []string { return one("Basic " + s.pair("")) }, status: 401, reason: "credential.user_empty", message: badToken, known: true},
	{name: "access token as Basic", subject: accessToken, header: func(s subject) []string { return one("Basic " + s.pair(s.email())) }, status: 401, reason: "credential.basic_not_accepted", message: badToken, known: true},
	{name: "access token with git's user", subject: accessToken, header: func(s subject) []string { return one("Basic " + s.pair("x-token-auth")) }, status: 401, reason: "credential.basic_not_accepted", message: badToken, known: true},

	// The credential has ended.
	{name: "revoked", subject: ended(apiToken, `UPDATE credential SET revoked_on = 1 WHERE id = $1`), header: func(s subject) []string { return one("Basic " + s.pair(s.email())) }, status: 401, reason: "token.revoked", message: badToken, known: true},
	{name: "revoked, and as Bearer", subject: ended(apiToken, `UPDATE credential SET revoked_on = 1 WHERE id = $1`), header: func(s subject) []string { return one("Bearer " + s.secret) }, status: 401, reason: "token.revoked", message: badToken, known: true},
	{name: "expired", subject: ended(apiToken, `UPDATE credential SET expires_on = 1 WHERE id = $1`), header: func(s subject) []string { return one("Basic " + s.pair(s.email())) }, status: 401, reason: "token.expired", message: badToken, known: true},
	{name: "expired access token", subject: ended(accessToken, `UPDATE credential SET expires_on = 1 WHERE id = $1`), header: func(s subject) []string { return one("Bearer " + s.secret) }, status: 401, reason: "token.expired", message: badToken, known: true},

	// The credential is good, and not good for this.
	{name: "access token on /user", subject: accessToken, header: func(s subject) []string { return one("Bearer " + s.secret) }, status: 403, reason: "credential.kind_not_accepted", message: wrongMeans, known: true, accessed: true},
	{name: "access token on permissions", subject: accessToken, header: func(s subject) []string { return one("Bearer " + s.secret) }, request: "GET /2.0/workspaces/acme/projects/FTO/permissions-config/groups",
		status: 403, reason: "credential.kind_not_accepted", message: "This API is only accessible with the following authentication types: api_token, apppassword, session", known: true, accessed: true},
	{name: "access token outside of its repository", subject: accessToken, header: func(s subject) []string { return one("Bearer " + s.secret) }, request: "GET /2.0/repositories/acme/other",
		status: 404, reason: "repository.not_found", message: noAccess, also: "token.out_of_bounds", known: true, accessed: true},
	{name: "write without read", subject: tokenWith("write:repository"), header: func(s subject) []string { return one("Basic " + s.pair(s.email())) }, request: "GET /2.0/repositories/acme/widgets",
		status: 403, reason: "scope.missing", message: lacksScopes, also: "read:repository:bitbucket", known: true, accessed: true},
	{name: "admin without read", subject: tokenWith("admin:repository", "admin:project", "admin:workspace"), header: func(s subject) []string { return one("Basic " + s.pair(s.email())) }, request: "GET /2.0/workspaces/acme",
		status: 403, reason: "scope.missing", message: lacksScopes, also: "read:workspace:bitbucket", known: true, accessed: true},
	{name: "a tool's login check without read:user", subject: tokenWith("read:repository"), header: func(s subject) []string { return one("Basic " + s.pair(s.email())) },
		status: 403, reason: "scope.missing", message: lacksScopes, also: "read:user:bitbucket", known: true, accessed: true},

	// The path is wrong as well: both are named.
	{name: "Bearer, on Data Center's path", header: func(s subject) []string { return one("Bearer " + s.secret) }, request: "GET /2.0/workspaces/acme/projects/FTO/permissions/groups",
		status: 401, reason: "credential.bearer_not_accepted", message: badToken, also: "path.data_center", known: true},
	{name: "good, on Data Center's path", header: func(s subject) []string { return one("Basic " + s.pair(s.email())) }, request: "GET /2.0/workspaces/acme/projects/FTO/permissions/groups",
		status: 404, reason: "path.data_center", message: "Resource not found", known: true, accessed: true},
	{name: "good, on an unknown path", header: func(s subject) []string { return one("Basic " + s.pair(s.email())) }, request: "GET /2.0/wrokspaces",
		status: 404, reason: "path.unknown", message: "Resource not found", also: "There is no API hosted at this URL.", known: true, accessed: true},
	{name: "wrong user, on a removed path", header: func(s subject) []string { return one("Basic " + s.pair("acme-admin")) }, request: "GET /2.0/workspaces",
		status: 401, reason: "credential.email_required", message: badToken, also: "path.removed", known: true},
	{name: "good, on a removed path", header: func(s subject) []string { return one("Basic " + s.pair(s.email())) }, request: "GET /2.0/workspaces",
		status: 410, reason: "path.removed", message: deprecated, also: announcement, known: true, accessed: true},
}

// wrap breaks text after every width characters.
func wrap(text string, width int, end string) string {
	var b strings.Builder
	for len(text) > width {
		b.WriteString(text[:width] + end)
		text = text[width:]
	}
	return b.String() + text
}

// flip changes one character into another letter or digit.
func flip(secret string, at int) string {
	c := "A"
	if secret[at] == 'A' {
		c = "B"
	}
	return secret[:at] + c + secret[at+1:]
}

// send makes the request of a pitfall with the subject's secret.
func (p pitfall) send(w *pailtest.World, x subject) (a *pailtest.Answer, method, path string) {
	request := p.request
	if request == "" {
		request = "GET /2.0/user"
	}
	method, target, _ := strings.Cut(request, " ")
	path, _, _ = strings.Cut(target, "?")
	if p.raw {
		return w.Raw(request + " HTTP/1.1\r\nHost: HOST\r\nAuthorization: " + p.header(x)[0] + "\r\nConnection: close\r\n\r\n"), method, path
	}
	c := pailtest.None
	if h := p.header(x); h != nil {
		c = pailtest.Authorization(h...)
	}
	return w.Do(c, method, strings.Replace(target, "SECRET", x.secret, 1), nil), method, path
}

// TestPitfalls walks everything that goes wrong with credentials in practice: what the caller is told, and what the
// owner of the credential is told.
func TestPitfalls(t *testing.T) {
	t.Parallel()
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := s.World()
		walk(t, w, func(t *testing.T, p pitfall, x subject, a *pailtest.Answer) {
			diagnose(t, w, p, x, a, false)
			s.Want(a, p.status, string(p.reason))
			if got := a.String("error.message"); p.message != "" && got != p.message {
				t.Errorf("says %q, want %q", got, p.message)
			}
			if a.Header.Get("X-Pail-Reason") != string(p.reason) {
				t.Errorf("the header X-Pail-Reason says %q", a.Header.Get("X-Pail-Reason"))
			}
			if !strings.Contains(string(a.Body), p.also) {
				t.Errorf("does not say %q: %s", p.also, a.Body)
			}
		})
	})
}

// walk sends every pitfall, each with a credential of its own, has told look at the answer, and checks what does not
// depend on how the server tells it.
func walk(t *testing.T, w *pailtest.World, told func(*testing.T, pitfall, subject, *pailtest.Answer)) {
	s := w.Server
	w.NewRepository("other")
	signedIn := signIn(w)
	for _, p := range pitfalls {
		t.Run(p.name, func(t *testing.T) {
			outer := s.T
			s.T = t
			defer func() { s.T = outer }()
			make := p.subject
			if make == nil {
				make = apiToken
			}
			x := make(w)
			if u := w.Used(x.id); !u.Accessed.IsZero() || !u.Refused.IsZero() || len(u.Events) > 0 {
				t.Fatalf("a new credential was used already: %+v", u)
			}
			unchanged := w.Store()
			before := time.Now().Truncate(time.Microsecond)
			a, method, path := p.send(w, x)
			after := time.Now()
			told(t, p, x, a)
			if strings.Contains(string(a.Body), x.secret) || strings.Contains(string(a.Body), x.secret[:13]) {
				t.Errorf("the answer holds the secret: %s", a.Body)
			}
			if challenged := a.Header.Get("WWW-Authenticate") != ""; challenged != (a.Status == 401) {
				t.Errorf("%d with WWW-Authenticate %q", a.Status, a.Header.Get("WWW-Authenticate"))
			}
			if authenticated := a.Header.Get("X-Credential-Type") != ""; authenticated != p.accessed || authenticated != (len(a.Header["X-Oauth-Scopes"]) > 0) {
				t.Errorf("the headers of an authenticated answer are there: %v, want %v", authenticated, p.accessed)
			}
			if !p.known {
				if now := w.Store(); now != unchanged {
					t.Errorf("the store was changed by a secret that is not known:\nbefore %s\nafter %s", unchanged, now)
				}
				return
			}
			u := w.Used(x.id)
			if u.Reason != p.reason || u.Refused.Before(before) || u.Refused.After(after) {
				t.Errorf("last refused for %q on %v, want %q between %v and %v", u.Reason, u.Refused, p.reason, before, after)
			}
			if p.accessed != !u.Accessed.IsZero() {
				t.Errorf("last accessed on %v, want an access: %v", u.Accessed, p.accessed)
			}
			if len(u.Events) != 1 || u.Events[0].Reason != p.reason || u.Events[0].Method != method || u.Events[0].Path != path {
				t.Errorf("the activity is %+v", u.Events)
			}
			if p.subject == nil {
				page := w.Want(w.Do(signedIn, "GET", "/pail/v1/user/api-tokens/"+x.id, nil), 200)
				if page.String("last_refused_reason") != string(p.reason) || page.String("last_refused") == "" || (page.String("last_accessed") != "") != p.accessed {
					t.Errorf("the token's page says %s", page.Body)
				}
			}
		})
	}
}

// signIn starts a session of the owner's.
func signIn(w *pailtest.World) pailtest.Credential {
	w.T.Helper()
	cookie, _ := session(w)
	return func(r *http.Request) { r.Header.Set("Cookie", cookie) }
}

// session is the cookie of a new session, and its CSRF token.
func session(w *pailtest.World) (cookie, csrf string) {
	w.T.Helper()
	a := w.Want(w.Do(pailtest.None, "POST", "/pail/v1/session", map[string]string{"email": w.Admin.Email, "password": pailtest.Password}), 201)
	cookie, _, _ = strings.Cut(a.Header.Get("Set-Cookie"), ";")
	return cookie, a.String("csrf_token")
}

// TestGoodForms: what is unusual and clear all the same is taken.
func TestGoodForms(t *testing.T) {
	w := pailtest.Start(t, pailtest.Options{}).World()
	x := apiToken(w)
	pair := w.Admin.Email + ":" + x.secret
	for name, value := range map[string]string{
		"usual":               "Basic " + encode(pair),
		"scheme in capitals":  "BASIC " + encode(pair),
		"scheme in lower":     "basic " + encode(pair),
		"e-mail in capitals":  "Basic " + encode(strings.ToUpper(w.Admin.Email)+":"+x.secret),
		"without padding":     "Basic " + base64.RawStdEncoding.EncodeToString([]byte(pair)),
		"alphabet for URLs":   "Basic " + base64.URLEncoding.EncodeToString([]byte(pair)),
		"several spaces":      "Basic   " + encode(pair),
		"space at both ends":  "  Basic " + encode(pair) + "  ",
		"a tab for the space": "Basic\t" + encode(pair),
	} {
		t.Run(name, func(t *testing.T) {
			w.Want(w.Do(pailtest.Authorization(value), "GET", "/2.0/user", nil), 200)
		})
	}
	// Headers of other clients do no harm.
	w.Want(w.Do(pailtest.Header(pailtest.Basic(w.Admin.Email, x.secret), "X-Atlassian-Token", "no-check"), "GET", "/2.0/user", nil), 200)
	w.Want(w.Do(pailtest.Header(w.Token(w.Admin, "read:project", "admin:project"), "X-Atlassian-Token", "no-check"), "PUT", "/2.0/workspaces/acme/projects/FTO", `{"description":"d"}`), 200)
}

// TestBookkeeping: a token is never accessed until the first authenticated request, and then the time is that of the
// last one.
func TestBookkeeping(t *testing.T) {
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := s.World()
		x := apiToken(w)
		page := func() *pailtest.Answer {
			return w.Want(w.Do(pailtest.Basic(w.Admin.Email, pailtest.Password), "GET", "/pail/v1/user/api-tokens/"+x.id, nil), 200)
		}
		null := func(field string) {
			t.Helper()
			var fields map[string]any
			if err := json.Unmarshal(page().Body, &fields); err != nil {
				t.Fatal(err)
			}
			if v, ok := fields[field]; !ok || v != nil {
				t.Errorf("%s is %v, want null", field, v)
			}
		}
		null("last_accessed")
		null("last_refused")
		w.Want(w.Do(pailtest.Bearer(x.secret), "GET", "/2.0/user", nil), 401)
		null("last_accessed")
		within := func(field string, request func()) {
			t.Helper()
			before := time.Now().Truncate(time.Microsecond)
			request()
			after := time.Now()
			at, err := time.Parse(time.RFC3339, page().String(field))
			if err != nil || at.Before(before) || at.After(after) {
				t.Errorf("%s is %v (%v), want between %v and %v", field, at, err, before, after)
			}
		}
		good := func() {
			w.Want(w.Do(pailtest.Header(pailtest.Basic(w.Admin.Email, x.secret), "User-Agent", "script/1.0"), "GET", "/2.0/user", nil), 200)
		}
		within("last_accessed", good)
		accessed := page().String("last_accessed")
		within("last_refused", func() {
			w.Want(w.Do(pailtest.Basic("acme-admin", x.secret), "GET", "/2.0/user", nil), 401)
		})
		if got := page().String("last_accessed"); got != accessed {
			t.Errorf("a refusal moved last_accessed from %s to %s", accessed, got)
		}
		within("last_accessed", good)
		p := page()
		if p.String("last_accessed_user_agent") != "script/1.0" || p.String("last_accessed_address") != "127.0.0.1" || p.String("last_refused_doc") != w.URL+reason.CredentialEmailRequired.DocPath() {
			t.Errorf("the token's page says %s", p.Body)
		}
		// What git does counts as well: two requests.
		within("last_accessed", func() { w.Git("", "ls-remote", w.Remote("acme-admin", x.secret, "acme/widgets")) })
		events := w.Want(w.Do(pailtest.Basic(w.Admin.Email, pailtest.Password), "GET", "/pail/v1/user/api-tokens/"+x.id+"/activity?pagelen=100", nil), 200)
		var outcomes []string
		for i := range 10 {
			if o := events.String(fmt.Sprintf("values.%d.outcome", i)); o != "" {
				outcomes = append(outcomes, o+" "+events.String(fmt.Sprintf("values.%d.reason", i)))
			}
		}
		want := []string{"accepted ", "accepted ", "accepted ", "refused credential.email_required", "accepted ", "refused credential.bearer_not_accepted"}
		if !slices.Equal(outcomes, want) {
			t.Errorf("the activity is %q, want %q", outcomes, want)
		}
	})
}

// TestUnknownSecretTellsNothing: the answer is the same whether the user exists or not, and whatever the path names.
func TestUnknownSecretTellsNothing(t *testing.T) {
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := s.World()
		secret := token.Mint(token.APIToken)
		unchanged := w.Store()
		for _, paths := range [][]string{{"/2.0/user"}, {"/2.0/repositories/acme/widgets", "/2.0/repositories/acme/nothing", "/2.0/repositories/nobody/nothing"},
			{"/acme/widgets.git/info/refs?service=git-upload-pack", "/acme/nothing.git/info/refs?service=git-upload-pack"}} {
			first := ""
			for _, path := range paths {
				for _, user := range []string{w.Admin.Email, "nobody@acme.example", w.Admin.Username, "nobody", "", "x-token-auth"} {
					r, err := http.NewRequest("GET", w.URL+path, nil)
					if err != nil {
						t.Fatal(err)
					}
					r.SetBasicAuth(user, secret)
					r.Header.Set("X-Request-Id", "same")
					res, err := w.Client.Do(r)
					if err != nil {
						t.Fatal(err)
					}
					res.Header.Del("Date")
					var b strings.Builder
					fmt.Fprintln(&b, res.Status)
					if err := res.Header.Write(&b); err != nil {
						t.Fatal(err)
					}
					if _, err := fmt.Fprint(&b, readAll(t, res)); err != nil {
						t.Fatal(err)
					}
					if first == "" {
						first = b.String()
					}
					if b.String() != first || res.StatusCode != 401 {
						t.Errorf("%s as %q answers\n%s\nand the first answer was\n%s", path, user, b.String(), first)
					}
				}
			}
		}
		if w.Store() != unchanged {
			t.Error("the store was changed")
		}
	})
}

// TestDeactivatedAccount: whoever holds the secret is told.
func TestDeactivatedAccount(t *testing.T) {
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := s.World()
		c, secret := w.APIToken(w.Member, "read:user", "read:repository")
		use := pailtest.Basic(w.Member.Email, secret)
		w.Want(w.Do(use, "GET", "/2.0/user", nil), 200)
		w.Exec(`UPDATE account SET is_active = FALSE WHERE id = $1`, w.Member.ID)
		a := w.Want(w.Do(use, "GET", "/2.0/user", nil), 401, "account.deactivated")
		if a.String("error.message") != badToken || w.Used(c.ID).Reason != "account.deactivated" {
			t.Errorf("%s; the token says %+v", a.Body, w.Used(c.ID))
		}
		if out, err := w.TryGit("", "ls-remote", w.Remote("acme-member", secret, "acme/widgets")); err == nil || !strings.Contains(out, "account.deactivated") {
			t.Errorf("git says %v %s", err, out)
		}
		w.Want(w.Do(pailtest.None, "POST", "/pail/v1/session", map[string]string{"email": w.Member.Email, "password": pailtest.Password}), 401, "login.refused")
		w.Exec(`UPDATE account SET is_active = TRUE WHERE id = $1`, w.Member.ID)
		w.Want(w.Do(use, "GET", "/2.0/user", nil), 200)
	})
}

// TestAppPasswordsEnded: after their last day app passwords are refused by name, and everything else goes on.
func TestAppPasswordsEnded(t *testing.T) {
	w := pailtest.Start(t, pailtest.Options{Env: []string{"PAIL_APP_PASSWORDS_UNTIL=2026-07-28"}}).World()
	x := appPassword(w)
	a := w.Want(w.Do(pailtest.Basic("acme-admin", x.secret), "GET", "/2.0/user", nil), 401, "app_password.disabled")
	if a.String("error.message") != endedAppPass || !strings.Contains(a.String("error.detail"), "2026-07-2") {
		t.Errorf("%s", a.Body)
	}
	if u := w.Used(x.id); u.Reason != "app_password.disabled" || !u.Accessed.IsZero() {
		t.Errorf("the app password says %+v", u)
	}
	// Nothing is told to whoever has another secret.
	w.Want(w.Do(pailtest.Basic("acme-admin", token.Mint(token.AppPassword)), "GET", "/2.0/user", nil), 401, "credential.unknown")
	w.Want(w.Do(w.Token(w.Admin, "read:user"), "GET", "/2.0/user", nil), 200)
}

// TestLegacyScopes: the scopes of app passwords and access tokens imply one another; those of API tokens do not.
func TestLegacyScopes(t *testing.T) {
	w := pailtest.Start(t, pailtest.Options{}).World()
	w.Push(1)
	const repository, project, account = "GET /2.0/repositories/acme/widgets", "GET /2.0/workspaces/acme/projects/FTO", "GET /2.0/user"
	for _, c := range []struct {
		scopes  []string
		request string
		status  int
	}{
		{[]string{"repository"}, repository, 200},
		{[]string{"project"}, repository, 200},
		{[]string{"repository:write"}, repository, 200},
		{[]string{"pullrequest"}, repository, 200},
		{[]string{"pullrequest:write"}, repository, 200},
		{[]string{"repository:admin"}, repository, 403},
		{[]string{"repository:delete"}, repository, 403},
		{[]string{"project:admin"}, repository, 403},
		{[]string{"project"}, project, 200},
		{[]string{"project:admin"}, project, 403},
		{[]string{"repository"}, project, 403},
		{[]string{"account"}, account, 200},
		{[]string{"email"}, account, 403},
		{[]string{"repository"}, account, 403},
	} {
		t.Run(strings.Join(c.scopes, ",")+" "+c.request, func(t *testing.T) {
			method, path, _ := strings.Cut(c.request, " ")
			a := w.Want(w.Do(pailtest.Basic("acme-admin", w.AppPassword(w.Admin, c.scopes...)), method, path, nil), c.status)
			if c.status == 403 && a.Reason() != "scope.missing" {
				t.Errorf("%s", a.Body)
			}
			if got := a.Header.Get("X-Oauth-Scopes"); got != strings.Join(c.scopes, ", ") || a.Header.Get("X-Credential-Type") != "app_password" {
				t.Errorf("the headers say %q", got)
			}
		})
	}
	// pullrequest:write reaches as far as a push.
	dir := t.TempDir() + "/clone"
	w.Git("", "clone", "--quiet", w.Remote("acme-admin", w.AppPassword(w.Admin, "pullrequest:write"), "acme/widgets"), dir)
	w.Git(dir, "push", "--quiet", "origin", "HEAD:refs/heads/by-implication")
}
