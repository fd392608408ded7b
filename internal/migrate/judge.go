package migrate

import (
	"strings"

	"github.com/pailforge/pail/internal/catalog"
	"github.com/pailforge/pail/internal/doctor"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/scope"
	"github.com/pailforge/pail/internal/token"
)

// What a use becomes, by what it is for.
const (
	becomesREST    = "user: the account's e-mail; secret: an API token; still Basic: curl --user \"$EMAIL:$TOKEN\""
	becomesGit     = "an address without a login, and the API token from a credential helper: git config --global credential.https://bitbucket.org.helper '!pail git-credential'"
	becomesGitCI   = "https://x-bitbucket-api-token-auth:$TOKEN@bitbucket.org/… with an API token"
	becomesGitUser = "user: x-bitbucket-api-token-auth; secret: an API token"
	becomesBoth    = "an API token; its user is the account's e-mail for the REST API, and x-bitbucket-api-token-auth for git"
)

// findings judges the uses of a document.
func findings(d *document, uses []use) []Finding {
	var out []Finding
	type place struct {
		rule         reason.Code
		line, column int
	}
	seen := map[place]bool{}
	for _, u := range uses {
		code, becomes := judge(u)
		if code == "" {
			continue
		}
		f := Finding{Rule: code, File: d.path, Title: RuleOf(code).Title, Evidence: u.evidence(), Becomes: becomes, Fixable: len(u.edits) > 0, Scopes: []string{}, Doc: RuleOf(code).Doc}
		f.Line, f.Column = d.position(u.at)
		key := place{f.Rule, f.Line, f.Column}
		if seen[key] {
			continue
		}
		seen[key] = true
		scopes, from := u.scopes()
		f.Scopes, f.ScopesFrom = scopes.Names(), from
		out = append(out, f)
	}
	return out
}

// judge names what is to change about a use, "" when nothing is, and what it becomes.
func judge(u use) (code reason.Code, becomes string) {
	switch u.what {
	case useSecret:
		return reason.AppPasswordDisabled, becomesBoth
	case useVariable:
		return RuleVariable, becomesBoth
	case useLogin:
		return judgeLogin(u)
	case useBearer:
		return judgeBearer(u)
	case useWrap:
		return reason.HeaderLineBreak, "curl --user \"$EMAIL:$TOKEN\", or keep the line whole: base64 -w0, or base64 | tr -d '\\n'"
	case useNewline:
		return reason.TokenWhitespace, "printf '%s' \"$EMAIL:$TOKEN\", which adds no line end"
	case useJenkins:
		return RuleJenkins, "the credential with the account's e-mail as user name and an API token as password"
	case useCall:
		return judgeCall(u)
	}
	return "", ""
}

func judgeLogin(u use) (reason.Code, string) {
	becomes := becomesBoth
	switch {
	case u.surface == doctor.SurfaceREST:
		becomes = becomesREST
	case u.surface == doctor.SurfaceGit && u.inURL && u.secret.form == literal:
		becomes = becomesGit
	case u.surface == doctor.SurfaceGit && u.inURL:
		becomes = becomesGitCI
	case u.surface == doctor.SurfaceGit:
		becomes = becomesGitUser
	}
	if u.secret.holdsAppPassword() {
		return reason.AppPasswordDisabled, becomes
	}
	switch u.secret.form {
	case literal:
		return judgeLiteral(u, becomes)
	case reference:
		return judgeReference(u, becomes)
	case absent:
		if u.surface == doctor.SurfaceGit && u.user.isEmail() {
			return reason.CredentialUsernameRequired, becomesGitUser
		}
	}
	return "", ""
}

// gitUser tells that the user is one of git's names for a kind of token.
func (u use) gitUser(name string) bool { return u.user.form == literal && u.user.text == name }

func judgeLiteral(u use, becomes string) (reason.Code, string) {
	shape := token.Inspect(u.secret.text)
	switch {
	case shape.Origin == token.OriginUnknown && (u.gitUser("x-token-auth") || u.gitUser("x-bitbucket-api-token-auth")):
		if u.inURL {
			return reason.CredentialInURL, becomes
		}
		return "", ""
	case shape.Origin == token.OriginUnknown && u.user.form == absent && !u.inURL && !names.appPassword.MatchString(u.where) && !isPasswordName(u.where):
		return "", ""
	case shape.Origin == token.OriginUnknown:
		return reason.AppPasswordDisabled, becomes
	case shape.Kind == token.APIToken && (shape.Origin == token.OriginAtlassian || shape.Origin == token.OriginPail):
		switch {
		case u.surface == doctor.SurfaceGit && u.gitUser("x-token-auth"):
			return reason.CredentialGitUser, becomesGitUser
		case u.surface == doctor.SurfaceGit && u.user.isEmail():
			return reason.CredentialUsernameRequired, becomesGitUser
		case u.surface == doctor.SurfaceREST && u.user.form == literal && !u.user.isEmail():
			return reason.CredentialEmailRequired, becomesREST
		case u.inURL:
			return reason.CredentialInURL, becomes
		}
	case shape.Kind == token.AccessToken && shape.Origin == token.OriginAtlassian:
		switch {
		case u.surface == doctor.SurfaceREST:
			return reason.CredentialBasicNotAccepted, "curl -H \"Authorization: Bearer $ACCESS_TOKEN\""
		case u.surface == doctor.SurfaceGit && u.user.form == literal && !u.gitUser("x-token-auth"):
			return reason.CredentialGitUser, "user: x-token-auth; the access token stays"
		case u.inURL:
			return reason.CredentialInURL, becomesGit
		}
	case u.restOrGit() && shape.Origin != token.OriginJWT:
		return reason.CredentialForeignProduct, becomes
	}
	return "", ""
}

func judgeReference(u use, becomes string) (reason.Code, string) {
	api := names.apiToken.MatchString(u.secret.text)
	access := names.accessToken.MatchString(u.secret.text) && !api
	username := u.user.form == literal && !u.user.isEmail() || u.user.form == reference && !u.user.isEmail() && names.user.MatchString(u.user.text)
	switch u.surface {
	case doctor.SurfaceREST:
		if username && !access && !u.gitUser("x-token-auth") {
			return reason.CredentialEmailRequired, becomes
		}
	case doctor.SurfaceGit:
		switch {
		case u.gitUser("x-token-auth") && api:
			return reason.CredentialGitUser, becomesGitUser
		case u.gitUser("x-token-auth"), u.gitUser("x-bitbucket-api-token-auth"):
		case u.user.isEmail():
			return reason.CredentialUsernameRequired, becomesGitUser
		case username && !api && !access:
			return RuleGitLogin, becomes
		}
	}
	return "", ""
}

func judgeBearer(u use) (reason.Code, string) {
	switch {
	case u.secret.holdsAppPassword():
		return reason.AppPasswordAsBearer, becomesREST
	case isAPIToken(u.secret), u.secret.form == reference && names.apiToken.MatchString(u.secret.text) && !names.accessToken.MatchString(u.secret.text):
		return reason.CredentialBearerNotAccepted, becomesREST
	}
	return "", ""
}

// judgeCall judges an address of the API that needs another form, whatever the credential.
func judgeCall(u use) (reason.Code, string) {
	a := u.address
	path := plainPath(a.path)
	if a.host != "api.bitbucket.org" {
		if rest, ok := strings.CutPrefix(strings.Replace(path, "/!api/", "/api/", 1), "/api/"); ok && a.surface() == doctor.SurfaceREST {
			if strings.HasPrefix(rest, "1.0") {
				return reason.PathVersionGone, "the operation of API 2.0 at https://api.bitbucket.org/2.0"
			}
			return reason.HostWebsite, "https://api.bitbucket.org/" + shownPath(rest)
		}
		return "", ""
	}
	if strings.HasPrefix(path, "/1.0") {
		return reason.PathVersionGone, "the operation of API 2.0 at https://api.bitbucket.org/2.0"
	}
	if hit, ok := catalog.DataCenter(u.method, path); ok {
		becomes := hit.Note
		if hit.Path != "" {
			becomes = "https://api.bitbucket.org" + hit.Path
		}
		return reason.PathDataCenter, scrub(becomes)
	}
	op, nearest := a.operation(u.method)
	switch {
	case op == nil || nearest || op.Removed == nil || a.open:
		return "", ""
	case u.isBase():
		return "", ""
	}
	return reason.PathRemoved, strings.Join(op.Removed.Replacement, ", then ")
}

// isBase tells that an address is one that the rest is put behind somewhere else in the file.
func (u use) isBase() bool {
	op, nearest := u.address.operation(u.method)
	return op != nil && !nearest && op.Removed != nil && u.tool == "" && !u.address.query && strings.Count(op.Template, "/") == 1
}

func shownPath(path string) string { return scrub(strings.TrimSuffix(path, "/")) }

// scopes is what an API token needs for a use, and what that was read off.
func (u use) scopes() (needs scope.Set, from string) {
	switch {
	case u.tool == "renovate":
		return scope.NewSet(scope.ReadRepository, scope.WriteRepository, scope.ReadPullRequest, scope.WritePullRequest, scope.ReadUser, scope.ReadWorkspace), "Renovate's documentation"
	case u.surface == doctor.SurfaceGit && u.tool != "jenkins" || u.tool == "jenkins" && u.address.known():
		needs = scope.NewSet(scope.ReadRepository)
		if u.pushes {
			return needs.Add(scope.WriteRepository), "git push"
		}
		return needs, "git clone and fetch"
	case u.address.known():
		op, nearest := u.address.operation(u.method)
		if op == nil || len(op.Scopes) == 0 || op.Removed != nil {
			return scope.Set{}, ""
		}
		from = op.Key
		if nearest {
			from = "the nearest operation, " + op.Key
		}
		return op.Scopes[0], from
	}
	return scope.Set{}, ""
}

// evidence is what stands there, for a person, without a secret.
func (u use) evidence() string {
	login := u.user.shownUser()
	if secret := u.secret.shownSecret(); secret != "" {
		login += ":" + secret
	}
	switch u.what {
	case useSecret:
		return u.secret.shownSecret()
	case useVariable:
		return u.secret.text
	case useJenkins:
		return "credential " + scrub(u.where) + behind(" for ", u.address.String())
	case useBearer:
		return u.where + ": Authorization: Bearer " + u.secret.shownSecret() + behind(" to ", u.address.String())
	case useWrap:
		return u.where + behind(" of ", strings.TrimPrefix(login, ":"))
	case useNewline:
		return "a line end after " + login
	case useCall:
		return u.method + " " + u.address.String()
	}
	text := u.where + ": " + strings.TrimPrefix(login, ":")
	if u.inURL {
		return text + "@" + strings.TrimPrefix(strings.TrimPrefix(u.address.String(), u.address.scheme), "://")
	}
	return text + behind(" for ", u.address.String())
}

func behind(word, text string) string {
	if text == "" {
		return ""
	}
	return word + text
}
