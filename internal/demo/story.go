package demo

import (
	"fmt"
	"strings"

	"github.com/pailforge/pail/internal/reason"
)

// step is one line to copy, and what comes of it.
type step struct {
	tells   string      // what this is about; lines of at most 110 characters
	command string      // one line, as it is typed
	status  int         // the answer's; 0: git, which has an exit code and no status
	reason  reason.Code // why not; "" when it works
	answer  string      // what else there is to see
}

// The groups of a project, by the path of Bitbucket Cloud and by one that Bitbucket Data Center would have.
const (
	groups     = "$API/workspaces/acme/projects/FTO/permissions-config/groups"
	dataCenter = "$API/workspaces/acme/projects/FTO/permissions/groups"
)

// steps is the story: the way of an automation from an app password to an API token. Every command can be copied as it
// is once the variables are set, and answers what stands here: a test runs them all.
var steps = []step{
	{"A script worked for years, with a user name and an app password:",
		`curl -si -u "$USERNAME:$APP_PASSWORD" "$API/user"`, 200, "", "the account"},

	{"Its owner makes an API token, and puts it in. The header was built by hand, and GNU base64 breaks a line after 76\ncharacters, which an app password never filled. Elsewhere this is a 400 without a word.",
		`curl -si -H "Authorization: Basic $(echo -n "$EMAIL:$TOKEN" | base64)" "` + dataCenter + `"`, 400, reason.HeaderLineBreak,
		"says so, and names the next fault too (not where base64 does not wrap, as on macOS)"},

	{"With curl doing the encoding, that next fault is left. The path comes from the Data Center edition:",
		`curl -si -u "$EMAIL:$TOKEN" "` + dataCenter + `"`, 404, reason.PathDataCenter, "names the path of the Cloud API"},

	{"Somebody says that tokens are sent as Bearer. Access tokens are, API tokens are not:",
		`curl -si -H "Authorization: Bearer $TOKEN" "` + groups + `"`, 401, reason.CredentialBearerNotAccepted, "says what to send"},

	{"An app password goes with the user name. An API token goes with the e-mail:",
		`curl -si -u "$USERNAME:$TOKEN" "` + groups + `"`, 401, reason.CredentialEmailRequired, "names the e-mail, as the secret was right"},

	{"Another token of the same account was made without read:project:bitbucket:",
		`curl -si -u "$EMAIL:$NARROW_TOKEN" "` + groups + `"`, 403, reason.ScopeMissing, "lists all that is missing at once"},

	{"A token is never more than the account behind it. This one belongs to a member who does not administer the project:",
		`curl -si -u "$MEMBER_EMAIL:$MEMBER_TOKEN" "` + groups + `"`, 403, reason.PrivilegeMissing, "scopes are fine, the permission is not"},

	{"E-mail, token with the scope, account with the permission, path of the Cloud API:",
		`curl -si -u "$EMAIL:$TOKEN" "` + groups + `"`, 200, "", "the groups: developers, write"},

	{"The rest of the API works alike. The commits since v1.0.0, two at a time:",
		`curl -si -u "$EMAIL:$TOKEN" -d include=main -d exclude=v1.0.0 "$API/repositories/acme/widgets/commits?pagelen=2"`, 200, "", "commits, and next"},

	{"In git the same token goes with a fixed user name:",
		`git -c credential.helper= clone "$SCHEME://x-bitbucket-api-token-auth:$TOKEN@$HOST/acme/widgets.git" "$(mktemp -d)"`, 0, "", "the whole history is there"},

	{"With the e-mail it does not, and git shows why:",
		`git -c credential.helper= clone "$SCHEME://admin%40acme.example:$TOKEN@$HOST/acme/widgets.git" "$(mktemp -d)"`, 0, reason.CredentialUsernameRequired,
		"remote: lines name the right users"},

	{"All of this stands on the token's own page: last accessed, last refused, from where and why.",
		`curl -si -u "$EMAIL:$PASSWORD" "$WEB/pail/v1/user/api-tokens/$TOKEN_ID"`, 200, "", "last_refused_reason"},
}

// expects is what comes of a step, as the story prints it: a bare server gives no reason.
func (s step) expects(bare bool) string {
	outcome := "works"
	switch {
	case bare && s.status > 0 && s.reason != "":
		return fmt.Sprintf("%d: and no word about why", s.status)
	case bare && s.reason != "":
		return "refused: and no word about why"
	case s.status > 0 && s.reason != "":
		outcome = fmt.Sprintf("%d %s", s.status, s.reason)
	case s.status > 0:
		outcome = fmt.Sprint(s.status)
	case s.reason != "":
		outcome = fmt.Sprintf("refused %s", s.reason)
	}
	return outcome + ": " + s.answer
}

// story is the text that a demo prints.
func (w *world) story(bare bool) string {
	var b strings.Builder
	base := w.Config.ExternalURL
	scheme, host, _ := strings.Cut(base, "://")
	a, m := w.persons[admin], w.persons[member]
	fmt.Fprintf(&b, "Pail serves a demo at %s: workspace acme, project FTO, repository widgets.\n", base)
	if bare {
		b.WriteString("It answers as Bitbucket Cloud does and gives no reasons. The page of a token, in the last step, still does.\n")
	}
	b.WriteString("Everything in it is made up. Ctrl-C ends it.\n\nSet these in another terminal:\n\n")
	for _, line := range [][]string{
		{"WEB", base, "API", base + "/2.0", "SCHEME", scheme, "HOST", host},
		{"EMAIL", a.account.Email, "USERNAME", a.account.Username, "PASSWORD", a.password},
		{"TOKEN", a.apiToken, "TOKEN_ID", a.apiTokenID},
		{"NARROW_TOKEN", w.narrow},
		{"APP_PASSWORD", a.appPassword},
		{"MEMBER_EMAIL", m.account.Email, "MEMBER_TOKEN", m.apiToken},
	} {
		b.WriteString("    export")
		for i := 0; i < len(line); i += 2 {
			fmt.Fprintf(&b, " %s=%s", line[i], line[i+1])
		}
		b.WriteByte('\n')
	}
	b.WriteString("\nThen copy line by line. Below each stands what it answers.\n")
	for i, s := range steps {
		tells := strings.ReplaceAll(s.tells, "\n", "\n    ")
		fmt.Fprintf(&b, "\n%2d. %s\n    %s\n    -> %s\n", i+1, tells, s.command, s.expects(bare))
	}
	fmt.Fprintf(&b, "\nEach reason has a page: %s%s\n", base, reason.HeaderLineBreak.DocPath())
	if w.self {
		fmt.Fprintf(&b, "The clone that you are in is served too: %s/repositories/acme/self\n", base+"/2.0")
	}
	return b.String()
}
