package scope

// Migrate returns the API-token scopes that take over what a legacy grant
// permitted, for the advice on moving off an app password. Legacy scopes are
// expanded first; API-token scopes in the grant are kept.
//
// The answer opens no kind of data that the legacy grant kept shut, so a few
// calls are left out, where the API-token scope they take opens much more:
//
//   - account listed the repositories' permissions of a workspace, which takes
//     read:repository and with it the source;
//   - repository:admin read a repository's permissions, which takes
//     read:repository and with it the source;
//   - project:admin read a project's branching model and default reviewers,
//     which take read:repository and read:pullrequest;
//   - pipeline changed environments, which takes admin:pipeline and with it
//     the pipelines' variables.
//
// An automation seldom needs all of the answer: what it was seen to call says
// more than what it was allowed to call.
func Migrate(legacy Set) Set {
	granted := legacy.Expand()
	var out Set
	for _, m := range migrations {
		if granted.Contains(m.from) {
			out = out.Union(m.to)
		}
	}
	for _, s := range legacy.Scopes() {
		if !s.Legacy() {
			out = out.Add(s)
		}
	}
	return out
}

// migrations pairs legacy scopes, all of them held, with what takes over. What
// an implied scope gives is listed there and not repeated.
var migrations = []struct{ from, to Set }{
	{NewSet(LegacyEmail), NewSet(ReadUser)},
	{NewSet(LegacyAccount), NewSet(ReadUser, ReadWorkspace, ReadSSHKey, ReadGPGKey)},
	{NewSet(LegacyAccountWrite), NewSet(WriteUser, WriteSSHKey, DeleteSSHKey, WriteGPGKey, DeleteGPGKey)},
	{NewSet(LegacyTeam), NewSet(ReadWorkspace)},
	{NewSet(LegacyTeamWrite), NewSet(AdminWorkspace)},
	{NewSet(LegacyProject), NewSet(ReadProject)},
	{NewSet(LegacyProjectAdmin), NewSet(ReadProject, AdminProject, WritePermission, DeletePermission)},
	{NewSet(LegacyProject, LegacyProjectAdmin), NewSet(WriteSSHKey, DeleteSSHKey)}, // deploy keys
	{NewSet(LegacyRepository), NewSet(ReadRepository)},
	{NewSet(LegacyRepositoryWrite), NewSet(WriteRepository)},
	{NewSet(LegacyRepositoryAdmin), NewSet(AdminRepository, WritePermission, DeletePermission)},
	{NewSet(LegacyRepository, LegacyRepositoryAdmin), NewSet(WriteSSHKey, DeleteSSHKey)}, // deploy keys
	{NewSet(LegacyRepositoryDelete), NewSet(DeleteRepository)},
	{NewSet(LegacyPullRequest), NewSet(ReadPullRequest)},
	{NewSet(LegacyPullRequestWrite), NewSet(WritePullRequest)},
	{NewSet(LegacyIssue), NewSet(ReadIssue)},
	{NewSet(LegacyIssueWrite), NewSet(WriteIssue, DeleteIssue)},
	{NewSet(LegacyIssue, LegacyAccountWrite), NewSet(WriteIssue)}, // votes and watches
	{NewSet(LegacyWiki), NewSet(ReadWiki, WriteWiki, DeleteWiki)},
	{NewSet(LegacySnippet), NewSet(ReadSnippet, WriteSnippet)}, // commenting takes write:snippet
	{NewSet(LegacySnippetWrite), NewSet(DeleteSnippet)},
	{NewSet(LegacyWebhook), NewSet(ReadWebhook, WriteWebhook, DeleteWebhook)},
	{NewSet(LegacyPipeline), NewSet(ReadPipeline, WritePipeline)}, // starting one takes write:pipeline
	{NewSet(LegacyPipelineVariable), NewSet(AdminPipeline)},
	{NewSet(LegacyRunner), NewSet(ReadRunner)},
	{NewSet(LegacyRunnerWrite), NewSet(WriteRunner)},
	{NewSet(LegacyTest), NewSet(ReadTest)},
	{NewSet(LegacyTestWrite), NewSet(WriteTest)},
}
