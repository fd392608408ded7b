package token

import (
	"encoding/base64"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/pailforge/pail/internal/reason"
)

// Scheme is the scheme of an Authorization header.
type Scheme uint8

// The schemes that are taken; NoScheme when there is no header.
const (
	NoScheme Scheme = iota
	Basic
	Bearer
)

// String is the scheme as it is written in the header; empty for NoScheme.
func (s Scheme) String() string {
	return [...]string{"", "Basic", "Bearer"}[min(s, Bearer)]
}

// Credential is what an Authorization header says. Its Secret may still be of
// any form; see [Inspect].
type Credential struct {
	Scheme Scheme
	User   string // Basic only; may be empty
	Secret string // never empty, except with NoScheme
}

// Fault says why an Authorization header cannot be used. No part of the header
// is in it, so that it may be logged and shown.
type Fault struct {
	Code   reason.Code
	Detail string // one or two sentences about this header
	Lines  int    // for reason.HeaderLineBreak, the number of pieces; otherwise 0
}

// Error is the title of the reason and the detail.
func (f *Fault) Error() string { return reason.Of(f.Code).Title + ": " + f.Detail }

func fault(code reason.Code, format string, args ...any) (Credential, *Fault) {
	return Credential{}, &Fault{Code: code, Detail: fmt.Sprintf(format, args...)}
}

// ParseAuthorization reads the values of the Authorization headers of one
// request, as net/http hands them out: a value that was continued on further
// lines is joined by spaces.
//
// No header at all is no fault: the credential has NoScheme. The names of
// schemes are taken in any case (RFC 7235), Basic is read as UTF-8 (RFC 7617)
// and also without padding and in the URL alphabet, since the value is clear
// all the same.
//
// The codes of a fault are header.*, token.whitespace, token.empty and
// credential.swapped. For a good header it allocates the decoded text of Basic
// and nothing for Bearer.
func ParseAuthorization(values []string) (Credential, *Fault) {
	switch len(values) {
	case 0:
		return Credential{}, nil
	case 1:
	default:
		return fault(reason.HeaderDuplicate, "The request has %d Authorization headers.", len(values))
	}
	value := trimBlank(values[0])
	if value == "" {
		return fault(reason.TokenEmpty, "The Authorization header is there, but empty.")
	}
	word, rest := cutWord(value)
	switch {
	case strings.EqualFold(word, "basic"):
		return parseBasic(rest)
	case strings.EqualFold(word, "bearer"):
		return parseBearer(rest)
	}
	return parseOther(word, rest)
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

func trimBlank(s string) string { return strings.Trim(s, " \t\r\n") }

// cutWord splits at the first white space; rest has none in front.
func cutWord(s string) (word, rest string) {
	for i := range len(s) {
		if isSpace(s[i]) {
			return s[:i], strings.TrimLeft(s[i:], " \t\r\n")
		}
	}
	return s, ""
}

func hasSpace(s string) bool {
	for i := range len(s) {
		if isSpace(s[i]) {
			return true
		}
	}
	return false
}

// repeated tells whether the value begins with a scheme or the header's name
// once more.
func repeated(s string) bool {
	word, rest := cutWord(s)
	if rest == "" {
		return strings.EqualFold(word, "authorization:")
	}
	return strings.EqualFold(word, "basic") || strings.EqualFold(word, "bearer") || strings.EqualFold(word, "authorization:")
}

func broken(s string) (Credential, *Fault) {
	pieces := strings.Fields(s)
	wrapped := ""
	if len(pieces[0]) == 76 || len(pieces) > 2 && len(pieces[1]) == 76 {
		wrapped = " Each is 76 columns wide, as GNU base64 wraps them."
	}
	return Credential{}, &Fault{
		Code:   reason.HeaderLineBreak,
		Lines:  len(pieces),
		Detail: fmt.Sprintf("The value arrived in %d pieces: it was broken over several lines, or has spaces inside.%s", len(pieces), wrapped),
	}
}

func parseBearer(secret string) (Credential, *Fault) {
	switch {
	case secret == "":
		return fault(reason.TokenEmpty, "Nothing follows the word Bearer.")
	case !hasSpace(secret):
		return Credential{Scheme: Bearer, Secret: secret}, nil
	case repeated(secret):
		return fault(reason.HeaderSchemeTwice, "After the word Bearer comes a scheme again.")
	case placeholder(secret).problem != None:
		// Inspect says what it is, better than "it has spaces".
		return Credential{Scheme: Bearer, Secret: secret}, nil
	}
	return broken(secret)
}

func parseBasic(value string) (Credential, *Fault) {
	if value == "" {
		return fault(reason.TokenEmpty, "Nothing follows the word Basic.")
	}
	if hasSpace(value) {
		if repeated(value) {
			return fault(reason.HeaderSchemeTwice, "After the word Basic comes a scheme again.")
		}
		if isBase64Text(strings.Join(strings.Fields(value), "")) {
			return broken(value)
		}
		return notBase64(value)
	}
	var stack [512]byte
	text, ok := decode(stack[:0], value)
	if !ok {
		return notBase64(value)
	}
	return parsePair(string(text))
}

// decode appends the decoded value to dst. Padding may be missing and the
// alphabet may be the one for URLs.
func decode(dst []byte, value string) ([]byte, bool) {
	trimmed := strings.TrimRight(value, "=")
	if trimmed == "" || len(value)-len(trimmed) > 2 || hasSpace(value) {
		return nil, false
	}
	n := base64.RawStdEncoding.DecodedLen(len(trimmed))
	if n > cap(dst) {
		dst = make([]byte, 0, n)
	}
	enc := base64.RawStdEncoding
	if strings.ContainsAny(trimmed, "-_") {
		enc = base64.RawURLEncoding
	}
	// Copied to the stack: the conversion of a long string would allocate.
	var source [512]byte
	m, err := enc.Decode(dst[:n], append(source[:0], trimmed...))
	if err != nil {
		return nil, false
	}
	return dst[:m], true
}

// isBase64Text tells whether the characters are those of base64, whatever the
// length.
func isBase64Text(s string) bool {
	s = strings.TrimRight(s, "=")
	for i := range len(s) {
		c := s[i]
		if !('0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' || c == '+' || c == '/' || c == '-' || c == '_') {
			return false
		}
	}
	return s != ""
}

func notBase64(value string) (Credential, *Fault) {
	shape := Inspect(value)
	switch {
	case shape.Problem == NotExpanded || shape.Problem == Masked:
		return fault(reason.TokenNotExpanded, "%s", shape.Detail)
	case shape.Origin != OriginUnknown:
		return fault(reason.HeaderNotBase64, "After the word Basic comes a token as it is, neither encoded nor with a user.")
	case strings.Contains(value, ":"):
		return fault(reason.HeaderNotBase64, "After the word Basic comes a text with a colon: user and secret were sent as they are, not encoded.")
	case strings.ContainsAny(value, "\"'`"):
		return fault(reason.HeaderNotBase64, "There are quotation marks in the value.")
	case strings.Contains(value, "%"):
		return fault(reason.HeaderNotBase64, "There is a percent sign in the value: it was encoded for a URL.")
	case isBase64Text(value):
		return fault(reason.HeaderNotBase64, "The characters are those of base64, but %s cannot be a whole text: some are missing or too many.", count(value))
	}
	return fault(reason.HeaderNotBase64, "The value, %s, has characters that base64 does not have.", count(value))
}

// parsePair splits what Basic holds.
func parsePair(text string) (Credential, *Fault) {
	user, secret, found := strings.Cut(text, ":")
	if f := checkText(text); f != nil {
		return Credential{}, f
	}
	if !found {
		return noColon(text)
	}
	if trimmed := trimBlank(user); trimmed != user {
		return fault(reason.TokenWhitespace, "There is white space around the user, before the colon.")
	}
	if whole(secret) {
		return Credential{Scheme: Basic, User: user, Secret: secret}, nil
	}
	switch {
	case secret == "" && user == "":
		return fault(reason.TokenEmpty, "The value decodes to a colon alone: both the user and the secret are empty.")
	case Inspect(user).Origin != OriginUnknown && Inspect(secret).Origin == OriginUnknown:
		return fault(reason.CredentialSwapped, "The part before the colon is a token.")
	case secret == "":
		return fault(reason.TokenEmpty, "There is a user, but nothing after the colon.")
	}
	if inner, d := unwrap(secret); d.problem == Whitespace {
		if inner == "" {
			return fault(reason.TokenEmpty, "After the colon there is only white space.")
		}
		return fault(reason.TokenWhitespace, "%s", d.detail)
	}
	return Credential{Scheme: Basic, User: user, Secret: secret}, nil
}

// checkText refuses what no client means to send: bytes that are not text. It
// lets white space through; the caller can say better where it stands.
func checkText(text string) *Fault {
	zeros := strings.Count(text, "\x00")
	if zeros > 0 && zeros >= len(text)/2-1 {
		return &Fault{Code: reason.HeaderNotBase64, Detail: "The text was encoded as UTF-16 before base64. In PowerShell use [Text.Encoding]::UTF8."}
	}
	if !utf8.ValidString(text) {
		return &Fault{Code: reason.HeaderNotBase64, Detail: "The value decodes to bytes that are not UTF-8 text. Perhaps it was decoded in place of encoded, or is the bare secret."}
	}
	for i := range len(text) {
		if c := text[i]; (c < ' ' || c == 0x7F) && !isSpace(c) {
			return &Fault{Code: reason.HeaderNotBase64, Detail: "The value decodes to a text with control characters."}
		}
	}
	return nil
}

func noColon(text string) (Credential, *Fault) {
	if inner, ok := decode(nil, trimBlank(text)); ok && utf8.Valid(inner) && strings.Contains(string(inner), ":") {
		return fault(reason.HeaderEncodedTwice, "What the value decodes to is base64 again, of a text with a colon.")
	}
	shape := Inspect(text)
	switch {
	case shape.Problem == NotExpanded || shape.Problem == Masked:
		return fault(reason.TokenNotExpanded, "%s", shape.Detail)
	case shape.Origin != OriginUnknown:
		return fault(reason.HeaderNoColon, "The secret alone was encoded, without a user and a colon in front.")
	}
	return fault(reason.HeaderNoColon, "The value decodes to a text of %s without a colon.", count(text))
}

// schemes are the names that may be repeated to the caller: they are no secrets.
var schemes = []string{
	"Token", "Digest", "Negotiate", "NTLM", "JWT", "ApiKey", "Api-Key", "Key", "OAuth", "MAC", "Hawk",
	"Private-Token", "X-Token-Auth", "AWS4-HMAC-SHA256", "BitbucketCustom", "Bot", "GenieKey", "SSWS", "PAT",
}

func parseOther(word, rest string) (Credential, *Fault) {
	if strings.EqualFold(word, "authorization:") {
		return fault(reason.HeaderSchemeTwice, "The value begins with the name of the header, Authorization, once more.")
	}
	for _, scheme := range []string{"Basic", "Bearer"} {
		if len(word) > len(scheme) && strings.EqualFold(word[:len(scheme)], scheme) && strings.IndexByte(":=,;", word[len(scheme)]) >= 0 {
			return fault(reason.HeaderSchemeUnknown, "After the word %s comes %q; a space belongs there.", scheme, word[len(scheme)])
		}
	}
	if strings.Trim(word, "\"'`") != word && (strings.EqualFold(strings.Trim(word, "\"'`"), "basic") || strings.EqualFold(strings.Trim(word, "\"'`"), "bearer")) {
		return fault(reason.HeaderSchemeUnknown, "Quotation marks stand around the scheme or the whole value.")
	}
	if rest == "" {
		return schemeMissing(word)
	}
	for _, scheme := range schemes {
		if strings.EqualFold(word, scheme) {
			return fault(reason.HeaderSchemeUnknown, "The scheme is %s; Basic and Bearer are taken.", scheme)
		}
	}
	if value := word + " " + rest; Inspect(word).Origin != OriginUnknown || strings.Contains(word, ":") || placeholder(value).problem != None {
		return schemeMissing(value)
	}
	return fault(reason.HeaderSchemeUnknown, "The value begins with a word of %s that is neither Basic nor Bearer.", count(word))
}

func schemeMissing(value string) (Credential, *Fault) {
	shape := Inspect(value)
	switch {
	case shape.Problem == NotExpanded || shape.Problem == Masked:
		return fault(reason.TokenNotExpanded, "%s", shape.Detail)
	case shape.Origin != OriginUnknown && shape.Kind != Unknown:
		return fault(reason.HeaderSchemeMissing, "The value is %s alone.", article(shape.Kind.String()))
	case strings.Contains(value, ":"):
		return fault(reason.HeaderSchemeMissing, "The value is a text with a colon: user and secret were sent as they are.")
	}
	if text, ok := decode(nil, value); ok && utf8.Valid(text) && strings.Contains(string(text), ":") {
		return fault(reason.HeaderSchemeMissing, "The value is base64 of a text with a colon: the word Basic is missing in front of it.")
	}
	return fault(reason.HeaderSchemeMissing, "The value is one word of %s.", count(value))
}
