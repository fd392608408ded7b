package reason

// Bitbucket Cloud answers a damaged header with 400 and an empty body, or with
// a plain text that says no more than these.
const (
	badRequest      = "Bad Request"
	badAuthHeader   = "Invalid Authorization header"
	curlUser        = "Let curl build the header: `curl --user \"$EMAIL:$TOKEN\" {base}/2.0/user`."
	encodeUnwrapped = "Encode without wrapping: `printf %s \"$EMAIL:$TOKEN\" | base64 -w0` (GNU), or `printf %s \"$EMAIL:$TOKEN\" | base64 | tr -d '\\n'` (anywhere)."
)

var headerReasons = []Reason{
	{
		Code: HeaderLineBreak, Title: "The header is broken over several lines", Status: 400,
		Message: badAuthHeader,
		Why: "A line break stands inside the value of the header, so the header ends too early and the rest of it is not a header at all. " +
			"The usual cause is `base64` of GNU coreutils, which wraps its output at 76 columns: an app password fits into one line, an e-mail with an API token does not. " +
			"The token was not looked at and may well be good.",
		Fix: []string{
			curlUser,
			encodeUnwrapped,
			"If the token comes from a file or a secret store, strip the newline at its end: `TOKEN=$(tr -d '\\r\\n' < token.txt)`.",
			"With OpenSSL in place of base64: `printf %s \"$EMAIL:$TOKEN\" | openssl base64 -A`.",
			"When curl says only `(92) HTTP/2 stream 1 was not closed cleanly: PROTOCOL_ERROR`, it is the same fault: `curl --http1.1 ...` shows the answer.",
		},
		See: []Code{HeaderControlCharacter, TokenWhitespace, HeaderNotBase64},
	},
	{
		Code: HeaderControlCharacter, Title: "The header holds a control character", Status: 400,
		Message: badAuthHeader,
		Why: "The value of the header holds a character that HTTP forbids there, most often a carriage return from a file with Windows line ends, or a zero byte. " +
			"The token was not looked at.",
		Fix: []string{
			"Strip control characters where the value is read: `TOKEN=$(tr -d '\\000-\\037\\177' < token.txt)`.",
			"Save scripts and .env files with Unix line ends: `sed -i 's/\\r$//' .env`.",
		},
		See: []Code{HeaderLineBreak, TokenWhitespace},
	},
	{
		Code: HeaderMalformed, Title: "A header line cannot be read", Status: 400,
		Message: badRequest,
		Why:     "A line among the headers has no colon, no name, or a character in its name that HTTP forbids there, such as a space before the colon.",
		Fix: []string{
			"Write each header as `Name: value`, the colon right after the name: `curl -H \"Accept: application/json\" {base}/2.0/user`.",
			"See what is sent, with the secret hidden: `curl -v ... 2>&1 | sed 's/\\(uthorization: [A-Za-z]* \\).*/\\1***/'`.",
		},
		See: []Code{HeaderLineBreak, HeaderControlCharacter, RequestMalformed},
	},
	{
		Code: HeaderTooLarge, Title: "The headers are too large", Status: 431,
		Message: "Request Header Fields Too Large",
		Why:     "The request line and the headers together are larger than the server reads. Cookies of other programs on the same host, or a file put into a header by mistake, are the usual causes.",
		Fix: []string{
			"Send only the headers that are needed; leave out cookies: `curl -b '' ...`.",
			"Send long input in the body, not in a header or in the query.",
		},
		See: []Code{RequestTooLarge, BodyTooLarge},
	},
	{
		Code: HeaderDuplicate, Title: "There are several Authorization headers", Status: 400,
		Message: badAuthHeader,
		Why:     "The request carries more than one Authorization header. Which one counts would be a guess, so none does.",
		Fix: []string{
			"Give the credential once: either `--user` or `-H \"Authorization: ...\"`, not both.",
			"Look for a second source: a `.netrc` (`curl --disable --no-netrc ...`), a proxy, or `git config --get-regexp 'http\\..*extraheader'`.",
		},
		See: []Code{CredentialMissing, HeaderMalformed},
	},
	{
		Code: HeaderSchemeMissing, Title: "The Authorization header has no scheme", Status: 400,
		Message: badAuthHeader,
		Why:     "The value of the Authorization header begins with the secret itself. HTTP wants the name of a scheme first: `Basic` or `Bearer`.",
		Fix: []string{
			"API token: " + curlUser,
			"Access token of a repository, project or workspace: `curl -H \"Authorization: Bearer $TOKEN\" {base}/2.0/...`.",
		},
		See: []Code{HeaderSchemeUnknown, CredentialMissing},
	},
	{
		Code: HeaderSchemeUnknown, Title: "The scheme of the Authorization header is not known", Status: 400,
		Message: badAuthHeader,
		Why:     "Only the schemes Basic and Bearer are taken. `Token`, `PRIVATE-TOKEN`, `JWT`, `Digest` and others belong to other services.",
		Fix: []string{
			"API token: " + curlUser,
			"Access token: `curl -H \"Authorization: Bearer $TOKEN\" {base}/2.0/...`.",
		},
		See: []Code{HeaderSchemeMissing, CredentialBearerNotAccepted},
	},
	{
		Code: HeaderNotBase64, Title: "What follows Basic is not base64", Status: 400,
		Message: badAuthHeader,
		Why:     "The scheme Basic takes `user:secret` encoded as base64. What came is not base64: it was not encoded at all, was decoded instead, or was damaged on the way.",
		Fix: []string{
			curlUser,
			encodeUnwrapped,
			"A token that needs no user goes in as it is, with the other scheme: `Authorization: Bearer $TOKEN`.",
		},
		See: []Code{HeaderNoColon, HeaderEncodedTwice, HeaderLineBreak},
	},
	{
		Code: HeaderNoColon, Title: "What follows Basic has no colon in it", Status: 400,
		Message: badAuthHeader,
		Why:     "The base64 text after Basic decodes to something without a colon. It must be `user:secret`; mostly the secret alone was encoded.",
		Fix: []string{
			curlUser,
			"Encode user and secret together, with a colon between: `printf %s \"$EMAIL:$TOKEN\" | base64 -w0`.",
		},
		See: []Code{HeaderNotBase64, HeaderEncodedTwice},
	},
	{
		Code: HeaderEncodedTwice, Title: "The credential is encoded twice", Status: 400,
		Message: badAuthHeader,
		Why:     "The base64 text after Basic decodes to base64 text again. A script encoded the value and then handed it to a client that encodes it once more.",
		Fix: []string{
			"Give the client the plain values: `curl --user \"$EMAIL:$TOKEN\" ...`, or the encoded header, but not both.",
		},
		See: []Code{HeaderNotBase64, HeaderNoColon},
	},
	{
		Code: HeaderSchemeTwice, Title: "The scheme or the header's name stands there twice", Status: 400,
		Message: badAuthHeader,
		Why:     "The value is `Basic Basic ...`, `Bearer Bearer ...` or `Authorization: ...` once more. A tool adds the word by itself, and the value that it was given begins with it already.",
		Fix: []string{
			"Give the tool the bare token, without `Basic`, `Bearer` or `Authorization:` in front.",
		},
		See: []Code{HeaderSchemeUnknown, HeaderEncodedTwice},
	},
}

var requestReasons = []Reason{
	{
		Code: RequestMalformed, Title: "The request cannot be read", Status: 400,
		Message: badRequest,
		Why:     "What arrived is not an HTTP request: its first line is not `METHOD target HTTP/1.1`, or the lines after it are no headers.",
		Fix: []string{
			"Check that the program speaks HTTP to this port, and the URL that it uses: `curl -v {base}/2.0/user`.",
			"Encode what goes into the URL: `curl --get --data-urlencode 'q=name = \"x\"' ...`.",
		},
		See: []Code{RequestSpaceInTarget, HeaderMalformed, TLSExpected},
	},
	{
		Code: RequestSpaceInTarget, Title: "The URL holds a space that is not encoded", Status: 400,
		Message: badRequest,
		Why:     "The first line of the request holds more spaces than the two that HTTP allows, so the URL was sent without percent-encoding. Nothing of the request was carried out.",
		Fix: []string{
			"Let the client encode the query: `curl --get --data-urlencode 'q=name = \"x\"' {base}/2.0/repositories/...`.",
			"By hand, write a space as `%20` and a quotation mark as `%22`.",
		},
		See: []Code{RequestMalformed, QueryInvalid, PathMalformed},
	},
	{
		Code: RequestHost, Title: "The Host header is missing or malformed", Status: 400,
		Message: badRequest,
		Why:     "A request of HTTP/1.1 must name the host that it is for, exactly once and without forbidden characters.",
		Fix: []string{
			"Remove a hand-made `Host` header from the client or the proxy, so that it is set from the URL.",
			"In nginx in front of the server: `proxy_set_header Host $host;`.",
		},
		See: []Code{RequestMalformed},
	},
	{
		Code: RequestVersion, Title: "The version of HTTP is not spoken here", Status: 505,
		Message: "HTTP Version Not Supported",
		Why:     "The first line names a version of HTTP other than 1.0 and 1.1. HTTP/2 is spoken over TLS, where client and server agree on it first.",
		Fix: []string{
			"Use HTTP/1.1: `curl --http1.1 {base}/2.0/user`.",
		},
		See: []Code{RequestMalformed, TLSExpected},
	},
	{
		Code: RequestTooLarge, Title: "The URL is too long", Status: 431,
		Message: "Request Header Fields Too Large",
		Why:     "The first line of the request is longer than the server reads.",
		Fix: []string{
			"Make the query shorter: split long `IN (...)` lists into several requests, or use `fields=` with fewer names.",
		},
		See: []Code{HeaderTooLarge, BodyTooLarge},
	},
	{
		Code: RequestTimeout, Title: "The request did not arrive in time", Status: 408,
		Message: "Request Timeout",
		Why:     "The connection was open, but the request line and the headers were not complete within the time that the server waits.",
		Fix: []string{
			"Send the request again; when it happens often, look at the network and the proxies between client and server.",
			"A hand-made request must end its headers with an empty line (`\\r\\n\\r\\n`).",
		},
		See: []Code{RequestMalformed, ServerBusy},
	},
	{
		Code: RequestExpectation, Title: "The Expect header asks for something unknown", Status: 417,
		Message: "Expectation Failed",
		Why:     "The only value that the Expect header may have is `100-continue`.",
		Fix: []string{
			"Send no Expect header: `curl -H 'Expect:' ...`.",
		},
		See: []Code{HeaderMalformed},
	},
	{
		Code: RequestTransferEncoding, Title: "The transfer encoding is not supported", Status: 501,
		Message: "Not Implemented",
		Why:     "The Transfer-Encoding header names something other than `chunked`, or names it more than once. A compressed body is announced with Content-Encoding instead.",
		Fix: []string{
			"Leave the Transfer-Encoding header to the HTTP library.",
			"Send the length: `curl --data-binary @file ...` does so.",
		},
		See: []Code{HeaderMalformed, MediaTypeUnsupported},
	},
	{
		Code: TLSExpected, Title: "Plain HTTP was sent to a TLS port", Status: 400,
		Message: badRequest,
		Why:     "This port speaks HTTPS, and the request came without encryption. If it carried a credential, that credential crossed the network in the clear.",
		Fix: []string{
			"Write `https://` in place of `http://`: `curl {base}/2.0/user`.",
			"If a secret was sent this way over a network that others can read, revoke it and make a new one.",
		},
		See: []Code{RequestMalformed},
	},
}
