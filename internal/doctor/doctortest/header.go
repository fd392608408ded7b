package doctortest

import (
	"encoding/base64"
	"strings"

	"github.com/pailforge/pail/internal/doctor"
	"github.com/pailforge/pail/internal/reason"
)

const groups = "/2.0/workspaces/acme/projects/FTO/permissions/groups"

var header = []Pitfall{
	{Name: "story", Symptom: "`echo -n \"$EMAIL:$TOKEN\" | base64` in a header, GET `.../projects/FTO/permissions/groups`: 400, empty, \"Never accessed\"",
		Make: func(k Kit) doctor.Case {
			return seen(k.Header("Basic "+wrap(pair(k.Email, k.APIToken), 76, "\n"), groups), 400, "", "Server: envoy")
		},
		First: reason.HeaderLineBreak, How: doctor.Certain, Also: codes(reason.PathDataCenter), Never: codes(reason.CredentialEmailRequired, reason.TokenRefused, reason.HeaderMalformed)},
	{Name: "story as Bearer", Symptom: "the same wrapped value after `Bearer`",
		Make: func(k Kit) doctor.Case {
			return seen(k.Header("Bearer "+wrap(pair(k.Email, k.APIToken), 76, "\n"), groups), 400, "", "Server: envoy")
		},
		First: reason.HeaderLineBreak, How: doctor.Certain, Also: codes(reason.PathDataCenter, reason.CredentialBearerNotAccepted)},
	{Name: "wrapped by openssl", Symptom: "`openssl base64` without -A in the header",
		Make: func(k Kit) doctor.Case {
			return k.Header("Basic "+wrap(pair(k.Email, k.APIToken), 64, "\n"), "/2.0/user")
		},
		First: reason.HeaderLineBreak, How: doctor.Certain},
	{Name: "wrapped, Windows line ends", Symptom: "base64 wrapped with CRLF",
		Make: func(k Kit) doctor.Case {
			return k.Header("Basic "+wrap(pair(k.Email, k.APIToken), 76, "\r\n"), "/2.0/user")
		},
		First: reason.HeaderLineBreak, How: doctor.Certain, Never: codes(reason.HeaderControlCharacter)},
	{Name: "wrapped, lines joined by spaces", Symptom: "`echo $(... | base64)` without quotes: spaces in place of line breaks",
		Make: func(k Kit) doctor.Case {
			return k.Header("Basic "+wrap(pair(k.Email, k.APIToken), 76, " "), "/2.0/user")
		},
		First: reason.HeaderLineBreak, How: doctor.Certain},
	{Name: "newline at the end of a Bearer token", Symptom: "a token read from a file with its newline, as Bearer",
		Make: func(k Kit) doctor.Case {
			return k.Header("Bearer "+k.AccessToken+"\n", "/2.0/repositories/acme/widgets")
		},
		First: reason.HeaderLineBreak, How: doctor.Certain, Never: codes(reason.CredentialBearerNotAccepted)},
	{Name: "carriage return", Symptom: "a .env file with Windows line ends: CR at the end of the header",
		Make: func(k Kit) doctor.Case {
			return k.Header("Bearer "+k.AccessToken+"\r", "/2.0/repositories/acme/widgets")
		},
		First: reason.HeaderControlCharacter, How: doctor.Certain},
	{Name: "recipe not run", Symptom: "`-H \"Authorization: Basic $(echo -n $EMAIL:$TOKEN | base64)\"` in a script",
		Make: func(k Kit) doctor.Case {
			c := k.Header("Basic $(…)", "/2.0/user")
			c.Header[0].Value.Open, c.Header[0].Value.Source = true, `"Authorization: Basic $(echo -n "$EMAIL:$TOKEN" | base64)"`
			return c
		},
		First: reason.HeaderLineBreak, How: doctor.Likely, Never: codes(reason.TokenWhitespace)},
	{Name: "recipe with echo", Symptom: "`$(echo $EMAIL:$TOKEN | base64 -w0)`: echo adds a newline",
		Make: func(k Kit) doctor.Case {
			c := k.Header("Basic $(…)", "/2.0/user")
			c.Header[0].Value.Open, c.Header[0].Value.Source = true, `"Authorization: Basic $(echo "$EMAIL:$TOKEN" | base64 -w0)"`
			return c
		},
		First: reason.TokenWhitespace, How: doctor.Likely, Never: codes(reason.HeaderLineBreak)},
	{Name: "recipe decodes", Symptom: "`$(echo -n $TOKEN | base64 -d)` after Basic",
		Make: func(k Kit) doctor.Case {
			c := k.Header("Basic $(…)", "/2.0/user")
			c.Header[0].Value.Open, c.Header[0].Value.Source = true, `"Authorization: Basic $(printf %s "$AUTH" | base64 -d)"`
			return c
		},
		First: reason.HeaderNotBase64, How: doctor.Likely, Never: codes(reason.HeaderLineBreak)},
	{Name: "newline inside base64", Symptom: "`echo \"$EMAIL:$TOKEN\" | base64 -w0`: 401, and the base64 ends in K",
		Make: func(k Kit) doctor.Case {
			return seen(k.Header("Basic "+pair(k.Email, k.APIToken+"\n"), "/2.0/user"), 401, message(badToken), refused...)
		},
		First: reason.TokenWhitespace, How: doctor.Certain, Never: codes(reason.TokenRefused)},
	{Name: "two headers", Symptom: "two Authorization headers",
		Make: func(k Kit) doctor.Case {
			c := k.Header("Basic "+pair(k.Email, k.APIToken), "/2.0/user")
			c.Header = append(c.Header, c.Header[0])
			return c
		},
		First: reason.HeaderDuplicate, How: doctor.Certain},
	{Name: "header and login", Symptom: "curl -u and an Authorization header",
		Make: func(k Kit) doctor.Case {
			c := k.Basic(k.Email, k.APIToken, "/2.0/user")
			c.Header = k.Header("Basic "+pair(k.Email, k.APIToken), "").Header
			return c
		},
		First: reason.CredentialDuplicate, How: doctor.Possible},
	{Name: "not encoded", Symptom: "`Authorization: Basic $EMAIL:$TOKEN`, not encoded",
		Make:  func(k Kit) doctor.Case { return k.Header("Basic "+k.Email+":"+k.APIToken, "/2.0/user") },
		First: reason.HeaderNotBase64, How: doctor.Certain, Never: codes(reason.CredentialEmailRequired)},
	{Name: "not encoded, and the username", Symptom: "`Authorization: Basic $USERNAME:$TOKEN`, not encoded",
		Make:  func(k Kit) doctor.Case { return k.Header("Basic "+k.Username+":"+k.APIToken, "/2.0/user") },
		First: reason.HeaderNotBase64, How: doctor.Certain, Also: codes(reason.CredentialEmailRequired)},
	{Name: "token after Basic", Symptom: "`Authorization: Basic $TOKEN`",
		Make:  func(k Kit) doctor.Case { return k.Header("Basic "+k.APIToken, "/2.0/user") },
		First: reason.HeaderNotBase64, How: doctor.Certain, Never: codes(reason.CredentialUserEmpty, reason.CredentialEmailRequired)},
	{Name: "no colon", Symptom: "only the token encoded after Basic",
		Make: func(k Kit) doctor.Case {
			return k.Header("Basic "+base64.StdEncoding.EncodeToString([]byte(k.APIToken)), "/2.0/user")
		},
		First: reason.HeaderNoColon, How: doctor.Certain},
	{Name: "colon lost", Symptom: "e-mail and token run together, encoded",
		Make: func(k Kit) doctor.Case {
			return k.Header("Basic "+base64.StdEncoding.EncodeToString([]byte(k.Email+k.APIToken)), "/2.0/user")
		},
		First: reason.HeaderNoColon, How: doctor.Certain},
	{Name: "encoded twice", Symptom: "base64 of base64 after Basic",
		Make: func(k Kit) doctor.Case {
			return k.Header("Basic "+base64.StdEncoding.EncodeToString([]byte(pair(k.Email, k.APIToken))), "/2.0/user")
		},
		First: reason.HeaderEncodedTwice, How: doctor.Certain},
	{Name: "scheme twice", Symptom: "`Basic Basic ...`: the tool adds the word itself",
		Make:  func(k Kit) doctor.Case { return k.Header("Basic Basic "+pair(k.Email, k.APIToken), "/2.0/user") },
		First: reason.HeaderSchemeTwice, How: doctor.Certain},
	{Name: "no scheme", Symptom: "`Authorization: $TOKEN`: public repositories answer, private ones are 404",
		Make: func(k Kit) doctor.Case {
			return seen(k.Header(k.APIToken, "/2.0/repositories/acme/widgets"), 404, message(noRepository), anonymous...)
		},
		First: reason.HeaderSchemeMissing, How: doctor.Certain, Never: codes(reason.HeaderStripped, reason.RepositoryNotFound, reason.CredentialMissing)},
	{Name: "no scheme, pair", Symptom: "`Authorization: <base64>` without Basic",
		Make:  func(k Kit) doctor.Case { return k.Header(pair(k.Email, k.APIToken), "/2.0/user") },
		First: reason.HeaderSchemeMissing, How: doctor.Certain},
	{Name: "scheme of another service", Symptom: "`Authorization: Token ...`",
		Make:  func(k Kit) doctor.Case { return k.Header("Token "+k.APIToken, "/2.0/user") },
		First: reason.HeaderSchemeUnknown, How: doctor.Certain},
	{Name: "scheme in small letters", Symptom: "`authorization: basic ...`, refused",
		Make: func(k Kit) doctor.Case {
			return seen(k.Header("basic "+pair(k.Email, k.APIToken), "/2.0/user"), 401, message(badToken), refused...)
		},
		First: reason.HeaderSchemeCase, How: doctor.Likely, Also: codes(reason.TokenRefused)},
	{Name: "header of another name", Symptom: "`Authentication: Basic ...`",
		Make: func(k Kit) doctor.Case {
			c := k.Header("Basic "+pair(k.Email, k.APIToken), "/2.0/user")
			c.Header[0].Name = "Authentication"
			return c
		},
		First: reason.CredentialMissing, How: doctor.Likely},
	{Name: "empty header", Symptom: "`Authorization: Bearer` with nothing behind",
		Make:  func(k Kit) doctor.Case { return k.Header("Bearer ", "/2.0/user") },
		First: reason.TokenEmpty, How: doctor.Certain},
	{Name: "400, nothing else known", Where: Cloud, Symptom: "400 with an empty body and no X-OAuth-Scopes",
		Make:  func(Kit) doctor.Case { return seen(doctor.Case{}, 400, "", "Server: envoy", "Content-Length: 0") },
		First: reason.HeaderLineBreak, How: doctor.Likely},
	{Name: "400 to a whole header", Symptom: "400 with an empty body, though the header is whole",
		Make: func(k Kit) doctor.Case {
			return seen(k.Header("Basic "+pair(k.Email, k.APIToken), "/2.0/user"), 400, "", "Server: envoy", "Content-Length: 0")
		},
		First: reason.HeaderMalformed, How: doctor.Likely, Never: codes(reason.HeaderLineBreak)},
	{Name: "400 that names the header", Where: Cloud, Symptom: "400 `Invalid Authorization header`",
		Make:  func(Kit) doctor.Case { return seen(doctor.Case{}, 400, "Bad Request Invalid Authorization header") },
		First: reason.HeaderMalformed, How: doctor.Certain},
}

// at gives a pitfall for a secret that was damaged on its way.
func damaged(name, symptom string, change func(token string) string, first reason.Code, how doctor.Certainty, never ...reason.Code) Pitfall {
	return Pitfall{Name: name, Symptom: symptom, First: first, How: how, Never: append(never, reason.CredentialPasswordNotAccepted, reason.CredentialEmailRequired),
		Make: func(k Kit) doctor.Case { return k.Basic(k.Email, change(k.APIToken), "/2.0/user") }}
}

// on narrows a pitfall to a service.
func (p Pitfall) on(w Where) Pitfall {
	p.Where = w
	return p
}

var damage = []Pitfall{
	damaged("$TOKEN", "a variable in single quotes: `-u 'me@x.org:$TOKEN'`", func(string) string { return "$BITBUCKET_TOKEN" }, reason.TokenNotExpanded, doctor.Certain),
	damaged("${TOKEN}", "`${TOKEN}` was not replaced", func(string) string { return "${TOKEN}" }, reason.TokenNotExpanded, doctor.Certain),
	damaged("secrets.TOKEN", "`${{ secrets.TOKEN }}` was not replaced", func(string) string { return "${{ secrets.TOKEN }}" }, reason.TokenNotExpanded, doctor.Certain),
	damaged("undefined", "`undefined` in place of the token", func(string) string { return "undefined" }, reason.TokenNotExpanded, doctor.Certain),
	damaged("masked", "`ATATT3xF****` was copied from a log", func(t string) string { return t[:8] + "********" }, reason.TokenNotExpanded, doctor.Certain),
	damaged("shortened", "`ATATT3xFfGF0...` was copied from a page", func(t string) string { return t[:12] + "..." }, reason.TokenNotExpanded, doctor.Likely),
	damaged("empty", "the variable for the token is not set", func(string) string { return "" }, reason.TokenEmpty, doctor.Certain),
	damaged("newline", "a newline behind the token", func(t string) string { return t + "\n" }, reason.TokenWhitespace, doctor.Certain),
	damaged("CR", "a carriage return behind the token, from a Windows file", func(t string) string { return t + "\r" }, reason.TokenWhitespace, doctor.Certain),
	damaged("space in front", "a space in front of the token", func(t string) string { return " " + t }, reason.TokenWhitespace, doctor.Certain),
	damaged("quotes", "quotes pasted with the token", func(t string) string { return `"` + t + `"` }, reason.TokenWhitespace, doctor.Certain),
	damaged("curly quotes", "typographic quotes pasted with the token", func(t string) string { return "“" + t + "”" }, reason.TokenWhitespace, doctor.Certain),
	damaged("zero width space", "an invisible character pasted with the token", func(t string) string { return t + "\u200b" }, reason.TokenWhitespace, doctor.Certain),
	damaged("zero width inside", "an invisible character inside the token", func(t string) string { return t[:20] + "\u200b" + t[20:] }, reason.TokenWhitespace, doctor.Certain),
	damaged("Bearer inside", "`Bearer ` as a part of the token", func(t string) string { return "Bearer " + t }, reason.HeaderSchemeTwice, doctor.Certain),
	damaged("backslash", "a backslash before the `=` of the token", func(t string) string { return strings.Replace(t, "=", `\=`, 1) }, reason.TokenEscaped, doctor.Certain, reason.TokenMistyped, reason.TokenTruncated).on(Cloud),
	damaged("percent", "the token encoded for a URL, but sent in a header", func(t string) string { return strings.Replace(t, "=", "%3D", 1) }, reason.TokenMistyped, doctor.Certain, reason.TokenTruncated).on(Cloud),
	damaged("cut at =", "the token cut at its `=`", func(t string) string { t, _, _ = strings.Cut(t, "="); return t }, reason.TokenTruncated, doctor.Likely).on(Cloud),
	damaged("cut behind =", "the token cut behind its `=`", func(t string) string { return t[:strings.Index(t, "=")+1] }, reason.TokenTruncated, doctor.Likely).on(Cloud),
	damaged("first characters only", "only the first 30 characters of the token", func(t string) string { return t[:30] }, reason.TokenTruncated, doctor.Likely).on(Cloud),
	damaged("shorter than most", "a token of another length than most", func(t string) string { return t[:150] }, reason.TokenTruncated, doctor.Possible).on(Cloud),
	damaged("en dash", "a word processor made a dash of a hyphen in the token", func(t string) string { return t[:40] + "–" + t[41:] }, reason.TokenMistyped, doctor.Certain).on(Cloud),
	damaged("small letters", "the token in small letters", strings.ToLower, reason.TokenMistyped, doctor.Likely).on(Cloud),
	damaged("cut", "the end of the token is missing", func(t string) string { return t[:len(t)-1] }, reason.TokenTruncated, doctor.Certain).on(Pail),
	damaged("wrong character", "one character of the token is wrong", func(t string) string { return t[:20] + other(t[20]) + t[21:] }, reason.TokenMistyped, doctor.Certain).on(Pail),
	{Name: "$EMAIL", Symptom: "a variable in place of the user", Make: func(k Kit) doctor.Case { return k.Basic("$EMAIL", k.APIToken, "/2.0/user") },
		First: reason.ValueNotExpanded, How: doctor.Certain, Never: codes(reason.CredentialEmailRequired)},
	{Name: "undefined user", Symptom: "`undefined` in place of the user", Make: func(k Kit) doctor.Case { return k.Basic("undefined", k.APIToken, "/2.0/user") },
		First: reason.ValueNotExpanded, How: doctor.Certain, Never: codes(reason.CredentialEmailRequired)},
	{Name: "newline behind the user", Symptom: "a line end behind the e-mail", Make: func(k Kit) doctor.Case { return k.Basic(k.Email+"\r", k.APIToken, "/2.0/user") },
		First: reason.TokenWhitespace, How: doctor.Certain},
	{Name: "${WORKSPACE}", Symptom: "`${WORKSPACE}` in the path", Make: func(k Kit) doctor.Case { return k.Basic(k.Email, k.APIToken, "/2.0/repositories/${WORKSPACE}/widgets") },
		First: reason.ValueNotExpanded, How: doctor.Certain, Never: codes(reason.PathUnknown, reason.PathName)},
	{Name: "{workspace}", Symptom: "`{workspace}` copied from the documentation", Make: func(k Kit) doctor.Case { return k.Basic(k.Email, k.APIToken, "/2.0/repositories/{workspace}/widgets") },
		First: reason.ValueNotExpanded, How: doctor.Certain, Never: codes(reason.PathBraces)},
	{Name: "undefined in the path", Symptom: "`/2.0/repositories/undefined/widgets`", Make: func(k Kit) doctor.Case { return k.Basic(k.Email, k.APIToken, "/2.0/repositories/undefined/widgets") },
		First: reason.ValueNotExpanded, How: doctor.Certain},
	{Name: "$HOST", Symptom: "`https://$BITBUCKET_HOST/2.0/user`", Make: func(k Kit) doctor.Case {
		c := k.Basic(k.Email, k.APIToken, "")
		c.URL.Text = "https://$BITBUCKET_HOST/2.0/user"
		return c
	}, First: reason.ValueNotExpanded, How: doctor.Certain, Never: codes(reason.CredentialForeignProduct)},
	{Name: "e-mail in a URL", Symptom: "`https://jane@example.com:TOKEN@bitbucket.org/...`: \"URL using bad/illegal format\"", Make: func(k Kit) doctor.Case {
		c := k.Clone("", "")
		c.URL.Text = strings.Replace(k.Git, "://", "://"+k.Email+":"+k.APIToken+"@", 1) + "/acme/widgets.git"
		return c
	}, First: reason.URLUserNotEncoded, How: doctor.Certain, Also: codes(reason.CredentialUsernameRequired)},
	{Name: "slash in a URL's secret", Symptom: "a secret with `/` before the `@` of a URL: \"Port number ended with\"", Make: func(k Kit) doctor.Case {
		c := k.Clone("", "")
		c.URL.Text = strings.Replace(k.Git, "://", "://janedoe:pass/word"+body[:20]+"@", 1) + "/acme/widgets.git"
		return c
	}, First: reason.URLSecretNotEncoded, How: doctor.Certain},
	{Name: "hash in a URL's secret", Symptom: "a secret with `#` or `?` before the `@` of a URL", Make: func(k Kit) doctor.Case {
		c := k.Clone("", "")
		c.URL.Text = strings.Replace(k.Git, "://", "://janedoe:pass#word@", 1) + "/acme/widgets.git"
		return c
	}, First: reason.URLSecretNotEncoded, How: doctor.Certain},
	{Name: "clock", Symptom: "the clock here and the Date of the answer are hours apart", Make: func(k Kit) doctor.Case {
		c := seen(k.Basic(k.Email, k.APIToken, "/2.0/user"), 401, message(badToken), append([]string{"Date: Mon, 02 Nov 2026 06:00:00 GMT"}, refused...)...)
		c.Sent = day
		return c
	}, First: reason.ClockSkew, How: doctor.Likely, Also: codes(reason.TokenRefused)},
}

// other is another letter.
func other(c byte) string {
	if c == 'A' {
		return "B"
	}
	return "A"
}
