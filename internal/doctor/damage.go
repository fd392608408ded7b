package doctor

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/token"
)

// Values that were not filled in, or were damaged on their way.

// damagedURL names why the address cannot be taken apart.
func damagedURL(f *facts) []Finding {
	if f.url.fault == "" {
		return nil
	}
	certainty, because := Certain, "It follows from the address alone."
	return []Finding{f.find(f.url.fault, certainty, because, f.url.detail).at(f.URL.Place)}
}

// emptySecret finds a user without a secret.
func emptySecret(f *facts) []Finding {
	var list []Finding
	for i := range f.sent {
		s := &f.sent[i]
		switch {
		case s.fault != nil && s.fault.Code == reason.TokenEmpty:
			list = append(list, f.find(reason.TokenEmpty, Certain, "It follows from the value alone.", s.fault.Detail).at(s.place))
		case s.fault == nil && !s.secret.Open && s.shape.Problem == token.Empty && !tokenShaped(s.user):
			if s.header == nil && f.surface == SurfaceGit {
				continue // git asks for it
			}
			list = append(list, f.find(reason.TokenEmpty, Certain, "It follows from the value alone.", fmt.Sprintf("The secret from %s is empty.", s.from)).at(s.secret.Place))
		}
	}
	return list
}

// secretNotExpanded finds a variable or a placeholder in place of the secret.
func secretNotExpanded(f *facts) []Finding {
	var list []Finding
	for i := range f.sent {
		s := &f.sent[i]
		p := s.shape.Problem
		switch {
		case s.fault != nil && s.fault.Code == reason.TokenNotExpanded:
			list = append(list, f.find(reason.TokenNotExpanded, Certain, "It follows from the value alone.", s.fault.Detail).at(s.place))
		case s.secret.Open:
		case p == token.NotExpanded || p == token.Masked:
			list = append(list, f.find(reason.TokenNotExpanded, Certain, "It follows from the value alone.", join(s.shape.Detail, named(s.secret.Text))).at(s.secret.Place).mend(f.setVariable(s.secret.Text)))
		case strings.HasSuffix(s.secret.Text, "...") && len(s.secret.Text) < 64:
			list = append(list, f.find(reason.TokenNotExpanded, Likely, "A secret that ends in three dots is a shortened display.", "The secret ends in three dots.").at(s.secret.Place))
		}
	}
	return list
}

// holes are the marks of a value that was not filled in, outside of secrets.
var (
	holes        = regexp.MustCompile(`^\$\{[^}]*\}$|^\$[A-Za-z_]\w*$|^\$\([^)]*\)$|^\{\{.*\}\}$|^\$\{\{.*\}\}$|^<[^>]+>$|^%[A-Za-z_]\w+%$|^%3C.+%3E$|^%7B[a-z_]+%7D$|^\$env:\w+$|^__[A-Z_]+__$|^@@\w+@@$`)
	holeInside   = regexp.MustCompile(`\$\{[A-Za-z_][^}]*\}|\$[A-Z_][A-Z0-9_]{2,}|\{\{[^}]*\}\}|\$\(`)
	paramInBrace = regexp.MustCompile(`^\{[a-z_]+\}$|^:[a-z_]+$`)
	nothings     = map[string]string{
		"undefined": "JavaScript's word for a value that is not set", "null": "a program's word for nothing", "nil": "a program's word for nothing",
		"None": "Python's word for nothing", "<nil>": "Go's word for nothing", "[object Object]": "what JavaScript makes of an object in a text",
		"(null)": "a program's word for nothing", "NaN": "a program's word for no number",
	}
)

// hole says what stands in place of a value, "" when nothing speaks against the value.
func hole(text string) string {
	if what := nothings[text]; what != "" {
		return what
	}
	switch {
	case holes.MatchString(text):
		return "the name of a variable or of a field"
	case paramInBrace.MatchString(text):
		return "the name that the documentation has for the value"
	case holeInside.MatchString(text):
		return "a value with a variable inside that was not replaced"
	}
	return ""
}

// named repeats what stands in a value's place, when it is short and plainly the name of something.
func named(text string) string {
	if len(text) > 40 || hole(text) == "" || holeInside.MatchString(text) && !holes.MatchString(text) {
		return ""
	}
	return "It is: " + text
}

var variable = regexp.MustCompile(`[A-Za-z_][A-Za-z0-9_]*`)

// setVariable says how to get a value where the name of a variable stands.
func (f *facts) setVariable(text string) (fix, command string) {
	name := ""
	if named(text) != "" && strings.ContainsAny(text, "$%{") && !strings.Contains(text, "{{") && !paramInBrace.MatchString(text) {
		name = variable.FindString(strings.TrimPrefix(text, "$env:"))
	}
	if name == "" {
		return "Put the value itself in, or look why the variable that should hold it is empty where the request is sent.", ""
	}
	return "Use double quotes in a shell: inside single quotes nothing is replaced. Then check that the variable is set and exported where the request is sent.", "test -n \"$" + name + "\" && echo set"
}

// userNotExpanded finds the same in place of the user.
func userNotExpanded(f *facts) []Finding {
	var list []Finding
	for i := range f.sent {
		s := &f.sent[i]
		if s.user.Open || s.scheme == token.Bearer && !s.paired {
			continue
		}
		if what := hole(s.user.Text); what != "" {
			list = append(list, f.find(reason.ValueNotExpanded, Certain, "It follows from the value alone.", join("In place of the user stands "+what+".", named(s.user.Text))).at(s.user.Place).mend(f.setVariable(s.user.Text)))
		}
	}
	return list
}

// pathNotExpanded finds the same in the host and in each part of the path.
func pathNotExpanded(f *facts) []Finding {
	if f.URL.Open || f.service == elsewhere {
		return nil
	}
	var list []Finding
	add := func(part, text, what string) {
		list = append(list, f.find(reason.ValueNotExpanded, Certain, "It follows from the value alone.", join(fmt.Sprintf("In place of %s stands %s.", part, what), named(text))).at(f.URL.Place).mend(f.setVariable(text)))
	}
	if what := hole(f.url.host); what != "" || strings.ContainsAny(f.url.host, "${}<>") {
		if what == "" {
			what = "a value with a variable inside that was not replaced"
		}
		add("the host", f.url.host, what)
	}
	for i, segment := range strings.Split(f.url.path, "/") {
		if i > 4 && (segment == "src" || segment == "refs" || segment == "downloads" || segment == "filehistory") {
			break // from here on the names are free: a file may be called as a template is
		}
		if what := hole(segment); what != "" {
			add(fmt.Sprintf("part %d of the path", i), segment, what)
		}
	}
	return list
}

// whitespace finds white space, quotation marks and invisible characters with a secret or a user.
func whitespace(f *facts) []Finding {
	var list []Finding
	for i := range f.sent {
		s := &f.sent[i]
		p := s.shape.Problem
		switch {
		case s.fault != nil && s.fault.Code == reason.TokenWhitespace:
			list = append(list, f.find(reason.TokenWhitespace, Certain, "It follows from the value alone.", s.fault.Detail).at(s.place).mend(f.strip(s)))
		case s.secret.Open:
		case p == token.Whitespace || p == token.Quoted:
			certainty, because := Certain, "No token has such a character."
			if s.shape.Origin == token.OriginUnknown {
				certainty, because = Likely, "Hardly any secret has such a character at its end."
			}
			list = append(list, f.find(reason.TokenWhitespace, certainty, because, s.shape.Detail).at(s.secret.Place).mend(f.strip(s)))
		case p == token.Prefixed:
			list = append(list, f.find(reason.HeaderSchemeTwice, Certain, "The client adds the word itself.", s.shape.Detail).at(s.secret.Place).
				mend("Give the client the bare token, without Basic or Bearer in front.", ""))
		}
		if s.user.Open || s.fault != nil {
			continue
		}
		if what := blankOf(s.user.Text); what != "" {
			list = append(list, f.find(reason.TokenWhitespace, Certain, "No user name and no e-mail has such a character.", "With the user stands "+what+".").at(s.user.Place).
				mend("Write the user without it.", ""))
		}
	}
	return list
}

// blankOf says what does not belong to a user name.
func blankOf(user string) string {
	switch {
	case strings.TrimSpace(user) != user:
		return "white space or a line end"
	case strings.Trim(user, "\"'`“”‘’„«»") != user:
		return "a quotation mark"
	}
	for _, r := range user {
		switch {
		case r == 0x200B || r == 0x200C || r == 0x200D || r == 0x2060 || r == 0xFEFF || r == 0xAD:
			return "an invisible character"
		case unicode.IsSpace(r):
			return "white space"
		case unicode.IsControl(r):
			return "a control character"
		}
	}
	return ""
}

// escaped finds a backslash or the escapes of a URL inside a token.
func escaped(f *facts) []Finding {
	var list []Finding
	for i := range f.sent {
		s := &f.sent[i]
		if s.secret.Open || s.shape.Origin == token.OriginUnknown || s.shape.Origin == token.OriginJWT {
			continue
		}
		if n := strings.Count(s.shape.Trimmed, `\`); n > 0 {
			list = append(list, f.find(reason.TokenEscaped, Certain, "No token has a backslash.", fmt.Sprintf("There is a backslash in the token, at character %d.", strings.Index(s.secret.Text, `\`)+1)).at(s.secret.Place))
		}
		if r := foreignLetter(s.shape.Trimmed); r != 0 {
			list = append(list, f.find(reason.TokenMistyped, Certain, "Tokens are made of letters and digits of ASCII.",
				fmt.Sprintf("In the token stands the character U+%04X, in place of one that looks like it: a word processor changed it.", r)).at(s.secret.Place))
		}
		if i := strings.IndexByte(s.shape.Trimmed, '%'); i >= 0 {
			list = append(list, f.find(reason.TokenMistyped, Certain, "No token has a percent sign.", fmt.Sprintf("There is a percent sign in the token, at character %d: it was encoded for a URL, and this is none.", i+1)).
				at(s.secret.Place).titled("The token is encoded for a URL").mend("Send the token as it is. Only in a URL, before the host, a character may have to be encoded.", ""))
		}
	}
	return list
}

// foreignLetter is the first character that is none of ASCII, 0 when there is none.
func foreignLetter(secret string) rune {
	for _, r := range secret {
		if r > unicode.MaxASCII {
			return r
		}
	}
	return 0
}

// cut finds a token that is not whole. Pail's carry a checksum; of Atlassian's the form is observed, not promised.
func cut(f *facts) []Finding {
	var list []Finding
	for i := range f.sent {
		s := &f.sent[i]
		p := s.shape.Problem
		if s.secret.Open || strings.ContainsAny(s.shape.Trimmed, `\%`) || strings.HasSuffix(s.secret.Text, "...") || foreignLetter(s.shape.Trimmed) != 0 {
			continue
		}
		switch {
		case f.lowered(s):
			list = append(list, f.find(reason.TokenMistyped, Likely, "Tokens of this service begin with capital letters.", "The token begins like one of the service's, but in other letters: its case was changed.").at(s.secret.Place))
		case p != token.Truncated && p != token.Mistyped && p != token.Surplus || s.shape.Origin == token.OriginUnknown:
			continue
		case s.shape.Certain:
			code := reason.TokenMistyped
			if p == token.Truncated {
				code = reason.TokenTruncated
			}
			list = append(list, f.find(code, Certain, "The token carries a checksum.", s.shape.Detail).at(s.secret.Place))
		default:
			list = append(list, f.hint(s))
		}
	}
	return list
}

// lowered tells a token whose capital letters got lost.
func (f *facts) lowered(s *sending) bool {
	if s.shape.Origin != token.OriginUnknown || len(s.secret.Text) < 30 {
		return false
	}
	return token.Inspect(strings.ToUpper(s.secret.Text[:6])+s.secret.Text[6:]).Origin != token.OriginUnknown && !strings.HasPrefix(strings.ToLower(s.secret.Text), "eyj")
}

// endOfAtlassian is the end of most tokens: an equals sign and a checksum.
var cutAtEnd = regexp.MustCompile(`=[0-9A-F]{0,7}$`)

// hint judges the form of a token of Atlassian's.
func (f *facts) hint(s *sending) Finding {
	text := s.shape.Trimmed
	switch {
	case s.shape.Problem != token.Truncated:
		return f.find(reason.TokenMistyped, Possible, "The form of these tokens is observed, not promised.", s.shape.Detail).at(s.secret.Place)
	case s.shape.Kind == token.AppPassword:
		return f.find(reason.TokenTruncated, Likely, "All app passwords seen have the same length.", s.shape.Detail).at(s.secret.Place)
	case cutAtEnd.MatchString(text), len(text) == 183, len(text) == 184:
		return f.find(reason.TokenTruncated, Likely, "It ends where the equals sign before the last eight characters stands: something split the value there.",
			s.shape.Detail+" It was cut at its equals sign.").at(s.secret.Place).
			mend("Copy the token whole. A reader of NAME=VALUE lines must split at the first equals sign only: in the shell `${line#*=}`.", "printf %s \"$TOKEN\" | wc -c")
	case len(text) < 64:
		return f.find(reason.TokenTruncated, Likely, "Whole tokens are far longer.", s.shape.Detail).at(s.secret.Place)
	}
	return f.find(reason.TokenTruncated, Possible, "The length of these tokens is not promised.", s.shape.Detail).at(s.secret.Place)
}

func tokenShaped(v Value) bool {
	return !v.Open && len(v.Text) > 12 && token.Inspect(v.Text).Origin != token.OriginUnknown
}
