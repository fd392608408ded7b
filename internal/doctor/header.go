package doctor

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/token"
)

// The header as a text. What is wrong here is refused before anybody looks at the credential.

// lineBreaks finds the fault that Pail exists for: base64 that was wrapped, or a secret with a line end in it.
func lineBreaks(f *facts) []Finding {
	var list []Finding
	for i := range f.Header {
		h := &f.Header[i]
		if h.Value.Open {
			continue
		}
		at := strings.IndexByte(h.Value.Text, '\n')
		if at < 0 {
			if s := f.sentWith(h); s != nil && s.fault != nil && s.fault.Code == reason.HeaderLineBreak {
				list = append(list, f.find(reason.HeaderLineBreak, Certain, "The scheme Basic has no spaces inside its value: a line break was made a space.",
					fmt.Sprintf("%s: the value is in %d pieces, with white space between; the first piece ends in column %d. %s",
						where(h), s.fault.Lines, firstGap(h.Value.Text), widthOf(strings.Fields(h.Value.Text)))).at(h.Value.Place).mend(f.sendWhole()))
			}
			continue
		}
		pieces := strings.Split(strings.TrimRight(h.Value.Text, "\r\n"), "\n")
		column := utf8.RuneCountInString(strings.TrimSuffix(h.Value.Text[:at], "\r")) + 1
		evidence := fmt.Sprintf("%s: a line break in column %d; the value is in %d pieces. %s", where(h), column, len(pieces), widthOf(pieces))
		if len(pieces) == 1 {
			evidence = fmt.Sprintf("%s: a line break at its end, in column %d.", where(h), column)
		}
		because := "A header ends at its first line break: what follows is no header, and the request is refused before anybody looks at the credential."
		if f.HTTP2 {
			because = "A header ends at its first line break. Over HTTP/2 the stream is reset (curl 92), or the header is dropped and the request is anonymous; over HTTP/1.1 the answer is an empty 400."
		}
		list = append(list, f.find(reason.HeaderLineBreak, Certain, because,
			evidence).at(h.Value.Place).mend(f.sendWhole()))
	}
	return list
}

// firstGap is the column, from 1, of the white space that splits the value after its scheme.
func firstGap(text string) int {
	words := strings.Fields(text)
	if len(words) < 2 {
		return 1
	}
	at := strings.Index(text, words[0]) + len(words[0])
	at += strings.Index(text[at:], words[1]) + len(words[1])
	return utf8.RuneCountInString(text[:at]) + 1
}

// widthOf says who breaks lines at this width.
func widthOf(pieces []string) string {
	if len(pieces) < 2 {
		return ""
	}
	first := strings.TrimRight(pieces[0], "\r")
	if i := strings.LastIndexByte(first, ' '); i >= 0 {
		first = first[i+1:]
	}
	if schemeOf(first) != token.NoScheme && len(pieces) > 2 {
		first = strings.TrimRight(pieces[1], "\r")
	}
	switch len(first) {
	case 76:
		return "Each full piece has 76 characters, as GNU base64 wraps them."
	case 64:
		return "Each full piece has 64 characters, as openssl wraps them."
	}
	return ""
}

func where(h *Field) string {
	if strings.EqualFold(h.Name, "Authorization") {
		return "The Authorization header"
	}
	return "A header"
}

func (f *facts) sentWith(h *Field) *sending {
	for i := range f.sent {
		if f.sent[i].header == h {
			return &f.sent[i]
		}
	}
	return nil
}

// controlCharacters finds what no header may hold, beside line breaks.
func controlCharacters(f *facts) []Finding {
	var list []Finding
	for i := range f.Header {
		h := &f.Header[i]
		if h.Value.Open || strings.Contains(h.Value.Text, "\n") {
			continue
		}
		column := 0
		for _, r := range h.Value.Text {
			column++
			if r != '\t' && (unicode.IsControl(r) || r == 0xFEFF || r == 0x200B) {
				what := fmt.Sprintf("the character U+%04X", r)
				if r == '\r' {
					what = "a carriage return (CR), as lines of Windows files end with"
				}
				list = append(list, f.find(reason.HeaderControlCharacter, Certain, "A header may hold printable characters only.",
					fmt.Sprintf("%s: %s in column %d.", where(h), what, column)).at(h.Value.Place).
					mend("Take the character out where the value is read.", "TOKEN=$(printf %s \"$TOKEN\" | tr -d '\\r\\n')"))
				break
			}
		}
	}
	return list
}

var (
	usesBase64  = regexp.MustCompile(`\bbase64\b`)
	unwrapped   = regexp.MustCompile(`base64\s+(-w\s*0|--wrap[= ]0|-b\s*0|--break=0)|tr\s+-d\s|openssl\s+base64\s[^|]*-A|-i\s+-`)
	plainEcho   = regexp.MustCompile(`\becho\s+(-e\s+)?["'$A-Za-z{]`)
	decodesIt   = regexp.MustCompile(`base64\s+(-d|-D|--decode)\b`)
	echoWithout = regexp.MustCompile(`\becho\s+-[a-zA-Z]*n`)
)

// recipe reads the command that would make the header, where it was not run: the recipe that everybody copies is wrong
// for tokens.
func recipe(f *facts) []Finding {
	var list []Finding
	for i := range f.Header {
		h := &f.Header[i]
		src := h.Value.Source
		if !h.Value.Open || !strings.EqualFold(strings.TrimSpace(h.Name), "Authorization") || !usesBase64.MatchString(src) {
			continue
		}
		switch {
		case decodesIt.MatchString(src):
			list = append(list, f.find(reason.HeaderNotBase64, Likely, "The command decodes; Basic takes encoded text.",
				where(h)+" is made with base64 in the direction of decoding.").at(h.Value.Place).mend(f.sendWhole()))
			continue
		case !unwrapped.MatchString(src):
			list = append(list, f.find(reason.HeaderLineBreak, Likely, "GNU base64 breaks lines after 76 characters, which is 57 bytes; an e-mail and an API token are far more. base64 of macOS does not wrap.",
				where(h)+" is made with base64 without -w0.").at(h.Value.Place).mend(f.sendWhole()))
		}
		if plainEcho.MatchString(src) && !echoWithout.MatchString(src) {
			list = append(list, f.find(reason.TokenWhitespace, Likely, "echo without -n adds a newline, which base64 encodes as a part of the secret.",
				where(h)+" is made with echo.").at(h.Value.Place).mend(f.sendWhole()))
		}
	}
	return list
}

// duplicates finds several credentials in one request.
func duplicates(f *facts) []Finding {
	headers, logins := 0, 0
	for i := range f.sent {
		if f.sent[i].header != nil {
			headers++
		} else {
			logins++
		}
	}
	switch {
	case headers > 1:
		return []Finding{f.find(reason.HeaderDuplicate, Certain, "A request may have one Authorization header.", fmt.Sprintf("There are %d Authorization headers.", headers)).at(f.sent[1].place)}
	case headers == 1 && logins > 0:
		return []Finding{f.find(reason.CredentialDuplicate, Possible, "curl sends the header and leaves the login out; other clients send both, or the login.",
			fmt.Sprintf("There is an Authorization header, and a login from %s.", f.sent[headers].from)).at(f.sent[0].place)}
	}
	return nil
}

// malformedHeader names what token.ParseAuthorization found, but for line breaks.
func malformedHeader(f *facts) []Finding {
	var list []Finding
	for i := range f.sent {
		s := &f.sent[i]
		if s.fault == nil || s.fault.Code == reason.HeaderLineBreak || s.fault.Code == reason.HeaderDuplicate || !s.fromFamily("header") {
			continue
		}
		if s.fault.Code == reason.HeaderSchemeUnknown && s.shape.Origin == token.OriginJWT && f.service == cloud {
			continue // an installed app sends JWT
		}
		because := "It follows from the header alone."
		if s.fault.Code == reason.HeaderSchemeMissing {
			because = "A header without a scheme is ignored: the request is anonymous, so public things answer and private ones are not found."
		}
		list = append(list, f.find(s.fault.Code, Certain, because, s.fault.Detail).at(s.place).mend(f.send(s)))
	}
	return list
}

// fromFamily tells whether the header's fault is of a family of reasons.
func (s *sending) fromFamily(family string) bool { return s.fault.Code.Family() == family }

var nearNames = []string{"authorisation", "authentication", "authentification", "autorization", "authorizaton", "x-authorization", "auth", "authorize", "basic", "bearer", "private-token", "x-api-key", "token", "x-token-auth"}

// headerName finds a credential under another name than Authorization.
func headerName(f *facts) []Finding {
	if len(f.sent) > 0 || f.service == elsewhere {
		return nil
	}
	for _, h := range f.Header {
		if !h.Value.Open && slices.Contains(nearNames, strings.ToLower(strings.TrimSpace(h.Name))) {
			return []Finding{f.find(reason.CredentialMissing, Likely, "The service reads the header Authorization and no other.",
				"The credential is in a header of another name.").at(h.Value.Place).mend(f.sendWhole())}
		}
	}
	return nil
}

// schemeCase: the standard takes any case, some proxies do not.
func schemeCase(f *facts) []Finding {
	for i := range f.sent {
		s := &f.sent[i]
		if s.header == nil || s.unread || s.scheme == token.NoScheme || s.fault != nil {
			continue
		}
		if word, _, _ := strings.Cut(strings.TrimSpace(s.header.Value.Text), " "); word != s.scheme.String() {
			certainty, because := Possible, "By the standard the case does not matter, and the service does not mind; some proxies do."
			if a := f.answer; a != nil && (a.anonymous && (a.Status == 401 || a.Status == 400 || a.Status == 404)) {
				certainty, because = Likely, "The answer is one to a caller whose credential was not taken, and some proxies mind the case."
			}
			return []Finding{f.find(reason.HeaderSchemeCase, certainty, because, fmt.Sprintf("The scheme is written %q.", word)).at(s.place).mend(f.send(s))}
		}
	}
	return nil
}
