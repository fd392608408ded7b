package token

import (
	"fmt"
	"strings"
	"unicode"
)

// damage is what hides a secret, in a form that can be shown.
type damage struct {
	problem Problem
	detail  string
}

// words are what programs write for "no value" and what examples write for
// "your value here". In lower case.
var words = map[string]string{
	"undefined":         "JavaScript's word for a value that is not set",
	"null":              "a program's word for nothing",
	"(null)":            "a program's word for nothing",
	"<null>":            "a program's word for nothing",
	"nil":               "a program's word for nothing",
	"<nil>":             "Go's word for nothing",
	"none":              "Python's word for nothing",
	"nan":               "a program's word for no number",
	"[object object]":   "what JavaScript makes of an object in a text",
	"[object promise]":  "what JavaScript makes of a promise that was not awaited",
	"changeme":          "a placeholder of an example",
	"token":             "the word \"token\" in place of one",
	"api_token":         "the name of a variable",
	"app_password":      "the name of a variable",
	"password":          "the word \"password\" in place of one",
	"secret":            "the word \"secret\" in place of one",
	"your_token":        "a placeholder of an example",
	"your_api_token":    "a placeholder of an example",
	"your-token":        "a placeholder of an example",
	"your-api-token":    "a placeholder of an example",
	"your_app_password": "a placeholder of an example",
	"my_token":          "a placeholder of an example",
	"bitbucket_token":   "the name of a variable",
}

// brackets are the marks between which shells, pipelines and templates name a
// value, the longer ones first.
var brackets = []struct{ open, close, what string }{
	{"${{", "}}", "an expression of a pipeline that was not evaluated"},
	{"{{", "}}", "a template that was not filled in"},
	{"${", "}", "a shell variable that was not replaced; single quotes keep it as it is"},
	{"$(", ")", "a command that was not run; single quotes keep it as it is"},
	{"$env:", "", "a PowerShell variable that was not replaced"},
	{"%{", "}", "a variable that was not replaced"},
	{"#{", "}", "a variable that was not replaced"},
	{"@@", "@@", "a placeholder of a template"},
	{"__", "__", "a placeholder of a template"},
	{"<", ">", "a placeholder of an example"},
	{"{", "}", "a placeholder of an example"},
	{"[", "]", "a placeholder of an example"},
	{"%", "%", "a Windows variable that was not replaced"},
	{"process.env.", "", "the name of a JavaScript variable"},
	{"secrets.", "", "the name of a pipeline's secret"},
}

// placeholder tells whether something stands in the place of a secret.
func placeholder(s string) damage {
	s = strings.Trim(s, " \t\r\n\"'`")
	if s == "" || len(s) > 200 {
		return damage{}
	}
	if len(s) <= 24 {
		if what, ok := words[strings.ToLower(s)]; ok {
			return damage{NotExpanded, "In place of the secret stands " + what + "."}
		}
	}
	for _, b := range brackets {
		if len(s) > len(b.open)+len(b.close) && strings.HasPrefix(s, b.open) && strings.HasSuffix(s, b.close) {
			return damage{NotExpanded, "In place of the secret stands " + b.what + "."}
		}
	}
	if len(s) > 1 && s[0] == '$' && isName(s[1:]) {
		return damage{NotExpanded, "In place of the secret stands a shell variable that was not replaced; single quotes keep it as it is."}
	}
	if strings.Trim(s, "*") == "" || strings.Trim(s, "•") == "" || len(s) >= 3 && strings.Trim(s, "xX") == "" || strings.HasSuffix(s, "…") {
		return damage{Masked, "A masked display of a secret was sent, not the secret."}
	}
	if strings.Count(s, "*") >= 3 && isAlnum(strings.ReplaceAll(s, "*", "")) {
		return damage{Masked, "The secret is masked in part: a display was copied, not the secret."}
	}
	return damage{}
}

func isName(s string) bool {
	for i := range len(s) {
		c := s[i]
		if !(c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || i > 0 && '0' <= c && c <= '9') {
			return false
		}
	}
	return s != ""
}

// unwrap removes what does not belong to the secret: white space around and
// inside, quotation marks around, a scheme in front. It reports the first thing
// that it met, from outside to inside.
func unwrap(s string) (inner string, d damage) {
	note := func(p Problem, detail string) {
		if d.problem == None {
			d = damage{p, detail}
		}
	}
	for {
		before := s
		if t := strings.TrimFunc(s, isBlank); t != s {
			note(Whitespace, blankDetail(s, t))
			s = t
		}
		for _, escaped := range []string{`\r\n`, `\n`, `\r`} {
			if t := strings.TrimSuffix(s, escaped); t != s {
				note(Whitespace, fmt.Sprintf("The two characters %s, an escape that was not evaluated, stand at the end of the secret.", escaped[:2]))
				s = t
			}
		}
		if t := unquote(s); t != s {
			note(Quoted, "Quotation marks stand around the secret and are part of what was sent.")
			s = t
		}
		for _, scheme := range []string{"bearer ", "basic ", "token "} {
			if len(s) > len(scheme) && strings.EqualFold(s[:len(scheme)], scheme) {
				note(Prefixed, "The word "+strings.TrimSpace(scheme)+" stands in front of the secret, inside of it.")
				s = s[len(scheme):]
			}
		}
		if s == before {
			break
		}
	}
	if i := strings.IndexFunc(s, isBlank); i >= 0 {
		joined := strings.Map(func(r rune) rune {
			if isBlank(r) {
				return -1
			}
			return r
		}, s)
		// A sentence is not a token with a fault: white space inside counts only
		// when what remains looks like a token.
		if known := identify(joined); known.Origin != OriginUnknown {
			note(Whitespace, "White space or a line break stands inside the secret.")
			s = joined
		}
	}
	return s, d
}

// isBlank also knows the invisible characters that chat programs and word
// processors put into copied text.
func isBlank(r rune) bool {
	switch r {
	case 0, 0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, 0x00AD:
		return true
	}
	return unicode.IsSpace(r)
}

// blankDetail names what was trimmed off s to get t, and where.
func blankDetail(s, t string) string {
	at := strings.Index(s, t)
	front, end := s[:at], s[at+len(t):]
	place := "at the end"
	rest := end
	switch {
	case front != "" && end != "":
		place, rest = "at both ends", front+end
	case front != "":
		place, rest = "at the beginning", front
	}
	what := "white space"
	switch {
	case rest == "\n":
		what = "a newline (LF)"
	case rest == "\r\n":
		what = "a Windows line end (CR LF)"
	case rest == "\r":
		what = "a carriage return (CR)"
	case strings.Trim(rest, " ") == "":
		what = "a space"
		if len(rest) > 1 {
			what = "spaces"
		}
	case strings.Trim(rest, "\t") == "":
		what = "a tab"
	case strings.Trim(rest, "\x00") == "":
		what = "a zero byte"
	case !strings.ContainsFunc(rest, unicode.IsSpace):
		what = "an invisible character"
	}
	sentence := fmt.Sprintf("There is %s %s of the secret.", what, place)
	if strings.HasSuffix(what, "s") && what != "white space" {
		sentence = fmt.Sprintf("There are %s %s of the secret.", what, place)
	}
	if strings.HasSuffix(end, "\n") {
		sentence += " `echo` adds one; `printf %s` does not."
	}
	return sentence
}

// unquote removes one pair of quotation marks, or a single one left over at an
// end.
func unquote(s string) string {
	for _, q := range []string{`\"`, `"`, `'`, "`", "“", "”", "‘", "’", "„", "«", "»"} {
		s = strings.TrimSuffix(strings.TrimPrefix(s, q), q)
	}
	return s
}
