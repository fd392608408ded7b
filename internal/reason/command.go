package reason

// Tool is the program that a command is for.
type Tool string

// The tools. Shell is whatever a shell has anyway.
const (
	Curl  Tool = "curl"
	Git   Tool = "git"
	Shell Tool = "shell"
)

// Command is a line to paste into a POSIX shell. "{base}" stands for the server's external base URL, as in Fix;
// variables such as $EMAIL and $TOKEN, or $KEY and $SECRET of an OAuth consumer, for what is the caller's own, and must be
// exported for git; WORKSPACE, PROJECT and REPOSITORY for names.
type Command struct {
	Tool Tool
	Text string
	// Says is what comes out, in a sentence or two. A part in backquotes is literal.
	Says string
	// Provokes tells that the command brings the refusal about on any server, with a token that is good, or a private
	// consumer and a code of its.
	Provokes bool
}

// Line is the command for the server with this external base URL.
func (c Command) Line(base string) string { return fill(c.Text, "base", base) }

// ways are the commands of one code.
type ways struct{ show, mend []Command }

// withCommands puts the commands into a table of reasons. A code without any is found by a test.
func withCommands(table []Reason, all ...map[Code]ways) []Reason {
	for i := range table {
		r := &table[i]
		for _, group := range all {
			w, ok := group[r.Code]
			if !ok {
				continue
			}
			r.Show, r.Mend = w.show, w.mend
			for j := range r.Show {
				if c := &r.Show[j]; c.Provokes && c.Says == "" {
					c.Says = map[Tool]string{
						Curl: "The answer names the reason in a header: `X-Pail-Reason: " + string(r.Code) + "`.",
						Git:  "git prints it: `remote: Reason: " + string(r.Code) + "`.",
					}[c.Tool]
				}
			}
		}
	}
	return table
}

// provoke is a call of curl that is refused for the reason at hand. Its Says is made from the code.
func provoke(arguments string) Command {
	return Command{Tool: Curl, Text: "curl -sSi " + arguments, Provokes: true}
}

// provokeGit is the same with git, which sends secret as user.
func provokeGit(user, secret string) Command {
	return Command{Tool: Git, Text: gitAs(user, secret), Provokes: true}
}

// curl is a call that goes right, or that asks for something.
func curl(arguments, says string) Command {
	return Command{Tool: Curl, Text: "curl " + arguments, Says: says}
}

func git(text, says string) Command { return Command{Tool: Git, Text: text, Says: says} }

func shell(text, says string) Command { return Command{Tool: Shell, Text: text, Says: says} }

// gitAs asks for the branches with a user and a secret that stand neither in the URL nor among the arguments.
func gitAs(user, secret string) string {
	return `git -c credential.helper= -c credential.helper='!f() { echo "username=` + user + `"; echo "password=` + secret + `"; }; f' ls-remote {base}/WORKSPACE/REPOSITORY.git`
}

// The ways that are right, each for one kind of secret.
var (
	restToken  = curl(`--user "$EMAIL:$TOKEN" {base}/2.0/user`, "With an API token: the account in JSON.")
	gitToken   = git(gitAs("x-bitbucket-api-token-auth", "$TOKEN"), "With an API token: the branches and tags.")
	restAccess = curl(`-H "Authorization: Bearer $ACCESS_TOKEN" {base}/2.0/repositories/WORKSPACE/REPOSITORY`, "With an access token: the repository in JSON.")
	gitAccessT = git(gitAs("x-token-auth", "$ACCESS_TOKEN"), "With an access token: the branches and tags.")

	tokenWays  = []Command{restToken, gitToken}
	accessWays = []Command{restAccess, gitAccessT}
	bothWays   = []Command{restToken, restAccess, gitToken, gitAccessT}

	ownTokens = curl(`--user "$EMAIL" {base}/pail/v1/user/api-tokens`, "Your tokens, after curl has asked for the account's password: with `expires_on`, `last_accessed` and `last_refused`.")
	mint      = curl(`--user "$EMAIL" --json '{"name": "ci", "scopes": ["read:repository:bitbucket", "read:user:bitbucket"], "expires_in_days": 90}' {base}/pail/v1/user/api-tokens`,
		"A new token, after curl has asked for the account's password. Its secret is shown this once.")
	renewed = []Command{mint, restToken, gitToken}

	whoAmI  = curl(`-sSi --user "$EMAIL:$TOKEN" {base}/2.0/user`, "The account that the token belongs to. The header `X-OAuth-Scopes` lists what the token has; without this header the caller was not authenticated.")
	lookGit = git(`GIT_TERMINAL_PROMPT=0 git ls-remote {base}/WORKSPACE/REPOSITORY.git`, "Among the lines that begin with `remote:` is the reason.")
	isSet   = shell(`test -n "$TOKEN" && echo "$(printf %s "$TOKEN" | wc -c) characters" || echo "not set"`, "Whether the variable has a value in this shell, and how long it is, without showing it.")
)
