package migrate

import (
	"regexp"
	"strings"

	"github.com/pailforge/pail/internal/token"
)

// form is what a written value is.
type form uint8

const (
	absent      form = iota
	literal          // the value itself
	reference        // a variable, a secret of a pipeline, an expression
	placeholder      // an example's stand-in for a value
)

// value is what is written where a user or a secret goes.
type value struct {
	text string // without quotation marks around it
	at   int    // where the text begins
	form form
}

// valueOf judges a text that stands where values are written as they are, such as in a URL or a configuration file.
func valueOf(text string, at int) value {
	inner := strings.TrimLeft(text, " \t\"'`\\")
	at += len(text) - len(inner)
	inner = strings.TrimRight(inner, " \t\r\"'`\\")
	v := value{text: inner, at: at, form: literal}
	switch {
	case inner == "":
		v.form = absent
	case isReference(inner):
		v.form = reference
	case isPlaceholder(inner):
		v.form = placeholder
	}
	return v
}

// expression judges a piece of source code: what has no quotation marks is a name or a call.
func expression(text string, at int) value {
	trimmed := strings.TrimLeft(text, " \t")
	at += len(text) - len(trimmed)
	trimmed = strings.TrimRight(trimmed, " \t\r")
	bare := strings.TrimLeft(trimmed, "fFrRbBuU@$")
	if bare != "" && strings.ContainsRune("\"'`", rune(bare[0])) && strings.IndexByte(bare[1:], bare[0]) == len(bare)-2 {
		return valueOf(trimmed, at)
	}
	if trimmed == "" {
		return value{at: at}
	}
	return value{text: trimmed, at: at, form: reference}
}

var references = regexp.MustCompile(`\$[A-Za-z_{(\[]|\$\$|\{\{|\$%|%[A-Za-z_]\w*%|%[svq]|#\{|<%|` + // shells, pipelines, templates, formats
	`^\{[\w.\[\]'"()]+\}$|^(?:process\.env|os\.|ENV\[|System\.|env\.|secrets\.|vars?\.|local\.|data\.|params\.|credentials\()|` + // code
	`^(?:vault:|ENC\[|op://|ssm:|arn:|ref\+|AQICAH|\{AQ)|` + // sealed, or kept elsewhere
	`["']\s*[+.]|^[+.]\s|\s[+.]$`) // pieces put together

func isReference(s string) bool { return references.MatchString(s) }

var (
	stands = regexp.MustCompile(`(?i)\.\.\.|…|^(?:your|my|some|the|an?|new|old)[-_ ]|example|change[-_ ]?me|placeholder|redacted|dummy|fake|replace[-_ ]?me|insert[-_ ]|to[-_ ]?do\b|x{4,}|\*{3,}|^[<\[{].*[>\]}]$|not[-_ ]?set|hunter2`)
	// examples are the words that documents write for a login.
	examples = map[string]bool{
		"pass": true, "passwd": true, "pwd": true, "pw": true, "password": true, "secret": true, "token": true, "apppassword": true,
		"app-password": true, "app_password": true, "api-token": true, "api_token": true, "apitoken": true, "credentials": true, "key": true,
		"passphrase": true, "none": true, "null": true, "true": true, "false": true, "empty": true, "test": true, "foo": true, "bar": true,
	}
)

func isPlaceholder(s string) bool {
	if examples[strings.ToLower(s)] || stands.MatchString(s) {
		return true
	}
	switch token.Inspect(s).Problem {
	case token.NotExpanded, token.Masked:
		return true
	}
	return false
}

// random tells whether a text looks drawn by chance: an example such as ATBB1234567890 or ATBBabcdef does not.
func random(s string) bool {
	var seen [256]bool
	distinct, up, same := 0, 1, 1
	for i := range len(s) {
		if !seen[s[i]] {
			seen[s[i]] = true
			distinct++
		}
		if i == 0 {
			continue
		}
		if up++; s[i] != s[i-1]+1 {
			up = 1
		}
		if same++; s[i] != s[i-1] {
			same = 1
		}
		if up >= 6 || same >= 5 {
			return false
		}
	}
	return distinct >= min(10, len(s)/2)
}

// isEmail tells that the user is an e-mail address, or a variable that says it holds one.
func (v value) isEmail() bool {
	switch v.form {
	case literal:
		return strings.Contains(v.text, "@") || strings.Contains(v.text, "%40")
	case reference:
		return names.email.MatchString(v.text)
	}
	return false
}

// names tells from the name of a variable what it holds.
var names = struct{ appPassword, apiToken, accessToken, email, user, secret, bitbucket *regexp.Regexp }{
	appPassword: regexp.MustCompile(`(?i)app[-_. ]?pass(?:word|wd|wrd)?|app[-_]?p(?:w|wd)(?:[^a-z]|$)`),
	apiToken:    regexp.MustCompile(`(?i)api[-_. ]?token|atlassian[-_. ]?token|apitok`),
	accessToken: regexp.MustCompile(`(?i)(?:access|repo|repository|project|workspace|oauth2?|bearer)[-_. ]?token|oauth`),
	email:       regexp.MustCompile(`(?i)e?mail`),
	user:        regexp.MustCompile(`(?i)user|login|usr(?:[^a-z]|$)`),
	secret:      regexp.MustCompile(`(?i)pass|pw|secret|token|psw`),
	bitbucket:   regexp.MustCompile(`(?i:bitbucket)|(?:^|[^A-Za-z])(?:bb|BB)(?:[^a-z]|$)`),
}

// holdsAppPassword tells that the secret is an app password by its form or by the name of its variable.
func (v value) holdsAppPassword() bool {
	switch v.form {
	case literal:
		return token.Inspect(v.text).Kind == token.AppPassword
	case reference:
		return names.appPassword.MatchString(v.text)
	}
	return false
}

var referred = []*regexp.Regexp{
	regexp.MustCompile(`(?:secrets|vars|env|params|process\.env|var|local|data)\.([A-Za-z_][\w.-]*)`),
	regexp.MustCompile(`(?i)(?:environ(?:\.get)?|getenv|lookupenv|env|credentials)[\[(]\s*["']([\w.-]+)["']`),
	regexp.MustCompile(`(?i)\$env:([A-Za-z_]\w*)`),
	regexp.MustCompile(`\$+[({]?\{?\s*([A-Za-z_][\w.]*)`),
	regexp.MustCompile(`%([A-Za-z_]\w*)%`),
	regexp.MustCompile(`([A-Za-z_][\w.]*)`),
}

// name is the name of what a reference refers to, "" when there is none. No other part of a reference is shown: it can
// hold a default.
func (v value) name() string {
	if v.form != reference {
		return ""
	}
	for _, r := range referred {
		if m := r.FindStringSubmatch(v.text); m != nil {
			return scrub(m[1][:min(len(m[1]), 60)])
		}
	}
	return ""
}

// shownUser is the user as it may be shown.
func (v value) shownUser() string {
	switch v.form {
	case reference:
		return v.shownSecret()
	case absent:
		return ""
	}
	if token.Inspect(v.text).Origin != token.OriginUnknown || len(v.text) > 64 {
		return token.Mask(v.text)
	}
	return scrub(v.text)
}

// shownSecret is the secret as it may be shown.
func (v value) shownSecret() string {
	switch v.form {
	case reference:
		if n := v.name(); n != "" {
			return "$" + n
		}
		return "(an expression)"
	case absent:
		return ""
	}
	return token.Mask(v.text)
}

var tokens = regexp.MustCompile(`(?:ATBB|ATATT3|ATCTT3|ATATP1|ATCTP1|gh[pousr]_|github_pat_|glpat-|BBDC-|eyJ)[A-Za-z0-9_\-=+/.]{6,}`)

// scrub masks whatever in a text has the form of a token.
func scrub(s string) string {
	return tokens.ReplaceAllStringFunc(s, token.Mask)
}
