package migrate

import (
	"slices"
	"strings"

	"github.com/pailforge/pail/internal/reason"
)

// Finding is one place that has to change for API tokens.
type Finding struct {
	Rule     reason.Code `json:"rule"`     // a code of package reason, or one of the migrate rules
	File     string      `json:"file"`     // as the path was given, with slashes
	Line     int         `json:"line"`     // from 1
	Column   int         `json:"column"`   // from 1, in characters
	Title    string      `json:"title"`    // what it is
	Evidence string      `json:"evidence"` // what stands there, secrets masked
	Becomes  string      `json:"becomes"`  // what to make of it
	// Scopes is what an API token needs for this use, as far as it can be read off; it may be empty.
	Scopes     []string `json:"scopes"`
	ScopesFrom string   `json:"scopes_from,omitempty"` // what they were read off: "git clone", "GET /user"
	Fixable    bool     `json:"fixable"`               // Fix can change it
	Doc        string   `json:"doc,omitempty"`         // path of the reason's page on every Pail server
}

// The rules that no refusal has a reason for.
const (
	RuleVariable reason.Code = "migrate.app_password_variable"
	RuleGitLogin reason.Code = "migrate.git_login"
	RuleJenkins  reason.Code = "migrate.jenkins_credential"
)

// Rule says what a rule is about.
type Rule struct {
	ID    reason.Code
	Title string
	Why   string
	Fix   []string
	Doc   string
}

var own = []Rule{
	{ID: reason.AppPasswordDisabled, Title: "An app password", Doc: reason.AppPasswordDisabled.DocPath(),
		Why: "Bitbucket Cloud has refused app passwords since 28 July 2026: git answers 410, and the REST API 401. A secret without the form of a token is an app password from before they had one, or the account's password, which is refused too.",
		Fix: []string{"Make an API token with scopes for Bitbucket at https://id.atlassian.com/manage-profile/security/api-tokens.",
			"For the REST API: `curl --user \"$EMAIL:$TOKEN\"`, with the account's e-mail.", "For git: the user is `x-bitbucket-api-token-auth`, best from a credential helper."}},
	{ID: RuleVariable, Title: "A variable holds an app password",
		Why: "The name says that the variable or the secret of a pipeline holds an app password. Bitbucket Cloud has refused those since 28 July 2026.",
		Fix: []string{"Put an API token there, and the account's e-mail where the user is sent to the REST API."}},
	{ID: RuleGitLogin, Title: "User name and secret for git stand in an address",
		Why: "Variables with a user name and a secret are put into a clone address. The secret was an app password, unless it was changed already; git prints such addresses in errors, and keeps them in .git/config.",
		Fix: []string{"Use `x-bitbucket-api-token-auth` as the user and an API token as the secret, best through a credential helper."}},
	{ID: RuleJenkins, Title: "Jenkins keeps a user name and a password for Bitbucket Cloud",
		Why: "A credential of the kind \"Username with password\" is used for Bitbucket Cloud. What it holds was an app password, unless it was changed already.",
		Fix: []string{"Change the credential: the account's e-mail as the user name and an API token as the password; the Bitbucket Branch Source plugin takes that for both REST and git. For plain git the user name is `x-bitbucket-api-token-auth`."}},
}

// RuleOf describes a rule.
func RuleOf(id reason.Code) Rule {
	for _, r := range own {
		if r.ID == id {
			return r
		}
	}
	r := reason.Of(id)
	steps := slices.DeleteFunc(r.Steps("https://api.bitbucket.org"), func(s string) bool { return strings.Contains(s, "/pail/") })
	return Rule{ID: id, Title: r.Title, Why: r.Why, Fix: steps, Doc: id.DocPath()}
}
