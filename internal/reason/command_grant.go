package reason

// The commands for callers who may not do this, and for what is not there.
var grantCommands = map[Code]ways{
	ScopeMissing: {
		show: []Command{
			whoAmI,
			shell(`pail scopes for 'GET /2.0/repositories/WORKSPACE/REPOSITORY'`, "The scopes that a request takes."),
			lookGit,
		},
		mend: renewed,
	},
	PrivilegeMissing: {
		show: []Command{
			curl(`--user "$EMAIL:$TOKEN" {base}/2.0/user/workspaces/WORKSPACE/permission`, "The account's permission in the workspace."),
			curl(`--user "$EMAIL:$TOKEN" {base}/2.0/workspaces/WORKSPACE/projects/PROJECT/permissions-config/users`, "For an administrator of the project: who has which permission on it."),
			lookGit,
		},
		mend: []Command{
			curl(`-X PUT --user "$EMAIL:$TOKEN" --json '{"permission": "write"}' {base}/2.0/workspaces/WORKSPACE/projects/PROJECT/permissions-config/users/USER`, "An administrator of the project gives USER, an account id, the permission."),
			git(gitAs("x-bitbucket-api-token-auth", "$TOKEN"), "Once the permission is there, the same token works in git."),
		},
	},
	WorkspaceForbidden: {
		show: []Command{
			whoAmI,
			curl(`--user "$EMAIL:$TOKEN" {base}/2.0/user/workspaces`, "The workspaces that the account belongs to."),
		},
	},
	CSRFMissing: {
		show: []Command{shell(`echo {base}`, "The address that the browser must have been on, letter by letter: a session of another name or port does not count.")},
		mend: tokenWays,
	},
	RateLimited: {
		show: []Command{curl(`-sSi --user "$EMAIL:$TOKEN" {base}/2.0/user | grep -i -e '^HTTP' -e '^retry-after' -e '^x-ratelimit'`, "Whether the limit still holds, and how long to wait.")},
		mend: []Command{
			curl(`--retry 5 --retry-max-time 300 --user "$EMAIL:$TOKEN" {base}/2.0/user`, "curl waits as long as Retry-After says, and tries again."),
			git(`until git fetch; do sleep 60; done`, "git does not wait by itself."),
		},
	},
	ResourceNotFound: {
		show: []Command{provoke(`--user "$EMAIL:$TOKEN" {base}/2.0/user/emails/nobody@example.com`)},
		mend: []Command{curl(`--user "$EMAIL:$TOKEN" {base}/2.0/user/emails`, "The list, one part of the path less: what there is.")},
	},
	IssueTrackerOff: {
		show: []Command{curl(`--user "$EMAIL:$TOKEN" '{base}/2.0/repositories/WORKSPACE/REPOSITORY?fields=has_issues'`, "Whether the tracker is on.")},
		mend: []Command{curl(`-X PUT --user "$EMAIL:$TOKEN" --json '{"has_issues": true}' {base}/2.0/repositories/WORKSPACE/REPOSITORY`, "Switches it on.")},
	},
	IssueArchiveBroken: {
		show: []Command{curl(`--user "$EMAIL:$TOKEN" {base}/2.0/repositories/WORKSPACE/REPOSITORY/issues/import`, "What became of the last import. Of one that has failed, phase says where the archive broke.")},
		mend: []Command{curl(`-X POST --user "$EMAIL:$TOKEN" -F archive=@FILE {base}/2.0/repositories/WORKSPACE/REPOSITORY/issues/import`, "Imports the archive again. Everything that is in the tracker is replaced.")},
	},
	IssueJobRunning: {
		show: []Command{curl(`--user "$EMAIL:$TOKEN" {base}/2.0/repositories/WORKSPACE/REPOSITORY/issues/import`, "How far the import is.")},
		mend: []Command{curl(`--retry 5 --retry-all-errors -X POST --user "$EMAIL:$TOKEN" {base}/2.0/repositories/WORKSPACE/REPOSITORY/issues/export`, "curl waits as long as Retry-After says, and tries again.")},
	},
	WikiOff: {
		show: []Command{curl(`--user "$EMAIL:$TOKEN" '{base}/2.0/repositories/WORKSPACE/REPOSITORY?fields=has_wiki'`, "Whether the wiki is on.")},
		mend: []Command{curl(`-X PUT --user "$EMAIL:$TOKEN" --json '{"has_wiki": true}' {base}/2.0/repositories/WORKSPACE/REPOSITORY`, "Switches it on.")},
	},
	WikiPageName: {
		show: []Command{provoke(`-X PUT --user "$EMAIL:$TOKEN" --json '{"content": {"raw": "Hello"}}' {base}/2.0/repositories/WORKSPACE/REPOSITORY/wiki/Home`)},
		mend: []Command{curl(`--user "$EMAIL:$TOKEN" '{base}/2.0/repositories/WORKSPACE/REPOSITORY/wiki?fields=values.path'`, "The names of the pages.")},
	},
	WikiEdited: {
		show: []Command{provoke(`-X PUT --user "$EMAIL:$TOKEN" --json '{"content": {"raw": "Hello"}, "revision": "0123456789012345678901234567890123456789"}' {base}/2.0/repositories/WORKSPACE/REPOSITORY/wiki/Home.md`)},
		mend: []Command{curl(`--user "$EMAIL:$TOKEN" '{base}/2.0/repositories/WORKSPACE/REPOSITORY/wiki/Home.md?fields=revision,content.raw'`, "The text as it is now, and the revision to send with the next edit.")},
	},
	WorkspaceNotFound: {
		show: []Command{provoke(`--user "$EMAIL:$TOKEN" {base}/2.0/workspaces/no-such-workspace`)},
		mend: []Command{curl(`--user "$EMAIL:$TOKEN" {base}/2.0/user/workspaces`, "The workspaces of the account, by their slugs.")},
	},
	ProjectNotFound: {
		show: []Command{provoke(`--user "$EMAIL:$TOKEN" {base}/2.0/workspaces/WORKSPACE/projects/NOSUCH`)},
		mend: []Command{curl(`--user "$EMAIL:$TOKEN" {base}/2.0/workspaces/WORKSPACE/projects`, "The projects of the workspace, by their keys.")},
	},
	RepositoryNotFound: {
		show: []Command{
			provoke(`--user "$EMAIL:$TOKEN" {base}/2.0/repositories/WORKSPACE/no-such-repository`),
			lookGit,
		},
		mend: []Command{
			curl(`--user "$EMAIL:$TOKEN" {base}/2.0/repositories/WORKSPACE`, "The repositories that the account can see."),
			gitToken,
		},
	},
	UserNotFound: {
		show: []Command{provoke(`--user "$EMAIL:$TOKEN" {base}/2.0/users/no-such-user`)},
		mend: []Command{curl(`--user "$EMAIL:$TOKEN" {base}/2.0/workspaces/WORKSPACE/members`, "The members of the workspace, with uuid and account id.")},
	},
	GroupNotFound: {
		show: []Command{provoke(`--user "$EMAIL:$TOKEN" {base}/2.0/workspaces/WORKSPACE/projects/PROJECT/permissions-config/groups/no-such-group`)},
		mend: []Command{curl(`--user "$EMAIL:$TOKEN" {base}/2.0/workspaces/WORKSPACE/projects/PROJECT/permissions-config/groups`, "The groups that have a permission on the project, by their slugs.")},
	},
	RevisionNotFound: {
		show: []Command{provoke(`--user "$EMAIL:$TOKEN" {base}/2.0/repositories/WORKSPACE/REPOSITORY/commits/no-such-branch`)},
		mend: []Command{
			curl(`--user "$EMAIL:$TOKEN" {base}/2.0/repositories/WORKSPACE/REPOSITORY/refs`, "The branches and tags."),
			git(gitAs("x-bitbucket-api-token-auth", "$TOKEN"), "The same list in git."),
		},
	},
	RepositoryMoved: {
		show: []Command{curl(`--head --user "$EMAIL:$TOKEN" {base}/2.0/repositories/WORKSPACE/REPOSITORY`, "Location says where it is now.")},
		mend: []Command{
			curl(`--location --user "$EMAIL:$TOKEN" {base}/2.0/repositories/WORKSPACE/REPOSITORY`, "Follows to where it is now."),
			git(`git remote set-url origin {base}/WORKSPACE/NEW-NAME.git`, "In a clone: the new address, without a redirect at each step."),
		},
	},
	ConflictExists: {
		show: []Command{curl(`--user "$EMAIL:$TOKEN" {base}/2.0/repositories/WORKSPACE/REPOSITORY`, "What has the name already.")},
		mend: []Command{curl(`-X PUT --user "$EMAIL:$TOKEN" --json '{"description": "…"}' {base}/2.0/repositories/WORKSPACE/REPOSITORY`, "PUT changes what is there.")},
	},
	ConflictInUse: {
		show: []Command{curl(`--user "$EMAIL:$TOKEN" --get --data-urlencode 'q=project.key = "PROJECT"' {base}/2.0/repositories/WORKSPACE`, "What a project still holds.")},
		mend: []Command{curl(`-X PUT --user "$EMAIL:$TOKEN" --json '{"project": {"key": "OTHER"}}' {base}/2.0/repositories/WORKSPACE/REPOSITORY`, "Moves a repository to another project.")},
	},
	BranchRestricted: {
		show: []Command{curl(`--user "$EMAIL:$TOKEN" {base}/2.0/repositories/WORKSPACE/REPOSITORY/branch-restrictions`, "The restrictions of the repository, for its administrators.")},
		mend: []Command{curl(`--user "$EMAIL:$TOKEN" --json '{"name": "topic/mine", "target": {"hash": "main"}}' {base}/2.0/repositories/WORKSPACE/REPOSITORY/refs/branches`, "A branch that no restriction matches, to push to and to have merged.")},
	},
	ConflictState: {
		show: []Command{curl(`--user "$EMAIL:$TOKEN" {base}/2.0/repositories/WORKSPACE/REPOSITORY`, "The state now: read with GET what was to be changed.")},
	},
}
