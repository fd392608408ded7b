package migrate

import (
	"regexp"
	"strings"

	"github.com/pailforge/pail/internal/doctor"
	"github.com/pailforge/pail/internal/token"
)

var (
	assignment = regexp.MustCompile(`(?m)(?:^|[\s,{;("'-])((?:\$env:|\$)?[A-Za-z_][\w.-]*)["'\]]?[ \t]*(?:=>|:=|\?=|[=:])[ \t]*([^\s,;][^\n\r]*)`)
	dockerEnv  = regexp.MustCompile(`(?m)^\s*ENV[ \t]+([A-Za-z_]\w*)[ \t]+([^\s=][^\n\r]*)`)
)

// assigned is a name and the value that a line gives it.
type assigned struct {
	name  string
	at    int
	value value
}

// assignments reads where a variable of the service gets a secret, and the users beside them.
func (r *reader) assignments() {
	var all []assigned
	for n, start := range r.starts {
		line := r.line(n)
		if len(line) > 4*maxLine || !about(line) || r.commented(start) {
			continue
		}
		found := assignment.FindAllStringSubmatchIndex(line, -1)
		if r.kind == kindDocker {
			found = append(found, dockerEnv.FindAllStringSubmatchIndex(line, -1)...)
		}
		for _, m := range found {
			name := line[m[2]:m[3]]
			if !names.secret.MatchString(name) && !names.user.MatchString(name) && !names.email.MatchString(name) {
				continue
			}
			all = append(all, assigned{name, start + m[2], r.assignedValue(start+m[4], start+m[5])})
		}
	}
	for _, a := range all {
		if !names.secret.MatchString(a.name) || a.value.form != literal || r.claimed(a.value.at) || !r.secretLike(a.value.text) {
			continue
		}
		app := names.appPassword.MatchString(a.name)
		ours := names.bitbucket.MatchString(a.name) || toolVariable(a.name, r.text)
		if !ours {
			continue
		}
		user := partner(all, a)
		u := use{what: useLogin, at: a.at, where: strings.TrimPrefix(a.name, "$"), tool: toolOf(a.name), secret: a.value, user: user}
		if u.tool != "" {
			u.surface = doctor.SurfaceREST
		}
		shape := token.Inspect(a.value.text)
		if !app && shape.Kind != token.AppPassword && !isPasswordName(a.name) && shape.Origin == token.OriginUnknown {
			continue
		}
		r.add(u, a.value.span())
	}
}

// about is a quick look whether a line can name a user or a secret.
func about(line string) bool {
	line = strings.ToLower(line)
	for _, word := range []string{"pass", "pw", "secret", "token", "user", "login", "mail"} {
		if strings.Contains(line, word) {
			return true
		}
	}
	return false
}

var passwordName = regexp.MustCompile(`(?i)pass(?:word|wd)?$|pw$`)

func isPasswordName(name string) bool { return passwordName.MatchString(name) }

// toolVariable tells whether a variable belongs to a tool that the file sets to the service.
func toolVariable(name, text string) bool {
	return toolOf(name) == "renovate" && renovatePlatform.MatchString(text)
}

var renovatePlatform = regexp.MustCompile(`RENOVATE_PLATFORM["']?\s*[:=]\s*["']?bitbucket["'\s]`)

func toolOf(name string) string {
	if strings.HasPrefix(name, "RENOVATE_") {
		return "renovate"
	}
	return ""
}

// assignedValue reads the value of an assignment: a quoted text, or what goes up to a blank.
func (r *reader) assignedValue(start, end int) value {
	text := r.text[start:end]
	if text[0] == '"' || text[0] == '\'' || text[0] == '`' {
		if n := strings.IndexByte(text[1:], text[0]); n >= 0 {
			return valueOf(text[1:n+1], start+1)
		}
	}
	if n := strings.IndexAny(text, " \t\"'`,;)}"); n >= 0 && !strings.Contains(text[:n], "{{") && !strings.Contains(text[:n], "$(") {
		text = text[:n]
	}
	v := valueOf(text, start)
	if v.form == literal && r.kind.quotes() {
		v.form = reference
	}
	return v
}

var secretText = regexp.MustCompile(`^[A-Za-z0-9_\-=+/.!@#%^*~]{8,}$`)

// secretLike tells a secret from a word, a path or a number.
func (r *reader) secretLike(s string) bool {
	return secretText.MatchString(s) && !strings.HasPrefix(s, "/") && !strings.HasPrefix(s, "./") && !strings.Contains(s, "://") &&
		(strings.ContainsAny(s, "0123456789") || strings.ToLower(s) != s)
}

var secretSuffix = regexp.MustCompile(`(?i)(?:app[-_]?)?(?:password|passwd|pass|token|secret|pw)$|(?:api|access)[-_]?token$`)

// partner is the user whose variable has the same beginning as that of a secret.
func partner(all []assigned, of assigned) value {
	stem := strings.ToLower(strings.TrimRight(secretSuffix.ReplaceAllString(of.name, ""), "_-."))
	for _, a := range all {
		name := strings.ToLower(a.name)
		if !names.secret.MatchString(name) && strings.HasPrefix(name, stem) && (names.user.MatchString(name) || names.email.MatchString(name)) {
			return a.value
		}
	}
	return value{}
}

// secrets reads app passwords that stand anywhere.
func (r *reader) secrets() {
	for from := 0; ; {
		n := strings.Index(r.text[from:], "ATBB")
		if n < 0 {
			return
		}
		at := from + n
		from = at + 4
		if at > 0 && isNameByte(r.text[at-1]) && r.text[at-1] != '_' && r.text[at-1] != '-' || r.claimed(at) {
			continue
		}
		end := at
		for end < len(r.text) && isNameByte(r.text[end]) && r.text[end] != '_' && r.text[end] != '-' {
			end++
		}
		if wholeAppPassword(r.text[at:end]) {
			secret := value{r.text[at:end], at, literal}
			r.add(use{what: useSecret, at: at, secret: secret}, secret.span())
		}
		from = end
	}
}

// wholeAppPassword tells whether a text is a whole app password, of Bitbucket Cloud or of Pail, and no example.
func wholeAppPassword(s string) bool {
	shape := token.Inspect(s)
	if shape.Kind != token.AppPassword || shape.Problem != token.None || !random(s[4:]) {
		return false
	}
	if shape.Origin == token.OriginPail {
		return true
	}
	return len(s) == 36 && strings.Trim(s[28:], "0123456789abcdefABCDEF") == ""
}

var appPasswordNames = regexp.MustCompile(`(?i)[\w.-]*(?:bitbucket|\bbb|_bb)[\w.-]*app[-_]?pass(?:word|wd)?[\w-]*|[\w.-]*app[-_]?pass(?:word|wd)?[-_](?:bitbucket|bb)\b[\w-]*|\bappPasswordRef\b`)

// variables reads the names of variables that hold an app password of the service, once for each name and line.
func (r *reader) variables() {
	if !strings.Contains(r.lower, "app") || !strings.Contains(r.lower, "pass") {
		return
	}
	lines := map[int]bool{}
	for _, u := range r.uses {
		if u.what == useCall {
			continue
		}
		lines[r.lineOf(u.at)] = true
		lines[r.lineOf(u.secret.at)] = true
	}
	for _, m := range appPasswordNames.FindAllStringIndex(r.text, -1) {
		n := r.lineOf(m[0])
		if lines[n] || r.claimed(m[0]) || r.commented(m[0]) || r.empty(m[1]) || notVariable.MatchString(r.text[m[0]:m[1]]) {
			continue
		}
		lines[n] = true
		r.add(use{what: useVariable, at: m[0], secret: value{r.text[m[0]:m[1]], m[0], reference}, pushes: strings.Contains(r.lower, "git push")})
	}
}

// notVariable is a name that is no variable: a file, an address, a reason's code.
var notVariable = regexp.MustCompile(`(?i)\.(?:md|go|py|js|ts|html|org|com|txt)$|^https?`)

// empty tells whether what follows a name gives it an empty value or an example's.
func (r *reader) empty(at int) bool {
	line, start := r.lineAround(at)
	rest := strings.TrimLeft(line[min(len(line), at-start):], "\"' \t]")
	for _, sign := range []string{":=", "?=", "=", ":"} {
		if text, ok := strings.CutPrefix(rest, sign); ok {
			text = strings.TrimSpace(text)
			v := valueOf(strings.TrimRight(text, ",;"), 0)
			return v.form == absent && r.kind == kindEnv || v.form == placeholder
		}
	}
	return false
}

var (
	jenkinsID    = regexp.MustCompile(`credentialsId\s*[:=]\s*["']([^"'\n]+)["']`)
	jenkinsCalls = regexp.MustCompile(`credentials\(\s*["']([^"'\n]*(?i:bitbucket)[^"'\n]*)["']\s*\)`)
	sshID        = regexp.MustCompile(`(?i)ssh|key|deploy`)
)

// jenkinsfile reads which of Jenkins' credentials a pipeline uses for the service.
func (r *reader) jenkinsfile() {
	if r.kind != kindGroovy {
		return
	}
	add := func(at, start, end int) {
		if r.commented(at) || r.claimed(start) {
			return
		}
		id := value{r.text[start:end], start, reference}
		line, _ := r.lineAround(at)
		a := addressIn(line, 0)
		if !a.known() {
			a = addressIn(r.around(at), 0)
		}
		if a.surface() != doctor.SurfaceGit || strings.Count(a.path, "/") < 2 {
			a = address{}
		}
		r.add(use{what: useJenkins, at: at, where: r.text[start:end], tool: "jenkins", secret: id, surface: a.surface(), address: a, pushes: strings.Contains(r.lower, "git push")}, id.span())
	}
	for _, m := range jenkinsID.FindAllStringSubmatchIndex(r.text, -1) {
		line, _ := r.lineAround(m[0])
		around := line
		if !strings.Contains(line, cloud) {
			around = r.around(m[0])
		}
		id := r.text[m[2]:m[3]]
		switch {
		case strings.Contains(line, "sshUserPrivateKey"), strings.Contains(around, "git@bitbucket.org"), sshID.MatchString(id) && !names.appPassword.MatchString(id):
		case strings.Contains(line, "string(") && !names.appPassword.MatchString(id):
		case names.bitbucket.MatchString(id) && !strings.Contains(strings.ToLower(id), "server"), strings.Contains(around, "https://"+cloud), strings.Contains(around, "@"+cloud) && strings.Contains(around, "https://"):
			add(m[0], m[2], m[3])
		}
	}
	for _, m := range jenkinsCalls.FindAllStringSubmatchIndex(r.text, -1) {
		if id := r.text[m[2]:m[3]]; !sshID.MatchString(id) && !strings.Contains(strings.ToLower(id), "server") {
			add(m[0], m[2], m[3])
		}
	}
}
