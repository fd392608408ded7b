package catalog

import "github.com/pailforge/pail/internal/scope"

// Source, refs, commits and what is reported on commits.
var tableSource = section{"Source", []row{
	{"GET /repositories/{workspace}/{repo_slug}/filehistory/{commit}/{path}", "Lists the commits that changed a file, seen from one commit.",
		need(scope.ReadRepository), need(scope.LegacyRepository), inRepository | Anonymous, current},
	{"GET /repositories/{workspace}/{repo_slug}/src", "Lists the root directory of the main branch.",
		need(scope.ReadRepository), need(scope.LegacyRepository), inRepository | Anonymous, current},
	{"POST /repositories/{workspace}/{repo_slug}/src", "Commits new, changed and deleted files.",
		need(scope.WriteRepository), need(scope.LegacyRepositoryWrite), inRepository, current},
	{"GET /repositories/{workspace}/{repo_slug}/src/{commit}/{path}", "Delivers a file's content or lists a directory at a commit.",
		need(scope.ReadRepository), need(scope.LegacyRepository), inRepository | Anonymous, current},
}}

var tableRefs = section{"Refs", []row{
	{"GET /repositories/{workspace}/{repo_slug}/refs", "Lists the branches and tags of a repository.",
		need(scope.ReadRepository), need(scope.LegacyRepository), inRepository | Anonymous, current},
	{"GET /repositories/{workspace}/{repo_slug}/refs/branches", "Lists the branches of a repository.",
		need(scope.ReadRepository), need(scope.LegacyRepository), inRepository | Anonymous, current},
	{"POST /repositories/{workspace}/{repo_slug}/refs/branches", "Creates a branch at a commit.",
		need(scope.ReadRepository, scope.WriteRepository), need(scope.LegacyRepositoryWrite), inRepository, current},
	{"DELETE /repositories/{workspace}/{repo_slug}/refs/branches/{name}", "Deletes a branch.",
		need(scope.WriteRepository), need(scope.LegacyRepositoryWrite), inRepository, current},
	{"GET /repositories/{workspace}/{repo_slug}/refs/branches/{name}", "Shows one branch with its latest commit.",
		need(scope.ReadRepository), need(scope.LegacyRepository), inRepository | Anonymous, current},
	{"GET /repositories/{workspace}/{repo_slug}/refs/tags", "Lists the tags of a repository.",
		need(scope.ReadRepository), need(scope.LegacyRepository), inRepository | Anonymous, current},
	{"POST /repositories/{workspace}/{repo_slug}/refs/tags", "Creates a tag at a commit.",
		need(scope.ReadRepository, scope.WriteRepository), need(scope.LegacyRepositoryWrite), inRepository, current},
	{"DELETE /repositories/{workspace}/{repo_slug}/refs/tags/{name}", "Deletes a tag.",
		need(scope.WriteRepository), need(scope.LegacyRepositoryWrite), inRepository, current},
	{"GET /repositories/{workspace}/{repo_slug}/refs/tags/{name}", "Shows one tag.",
		need(scope.ReadRepository), need(scope.LegacyRepository), inRepository | Anonymous, current},
}}

var tableCommits = section{"Commits", []row{
	{"GET /repositories/{workspace}/{repo_slug}/commit/{commit}", "Shows one commit.",
		need(scope.ReadRepository), need(scope.LegacyRepository), inRepository | Anonymous, current},
	{"DELETE /repositories/{workspace}/{repo_slug}/commit/{commit}/approve", "Takes back the caller's approval of a commit.",
		need(scope.WriteRepository), need(scope.LegacyRepositoryWrite), inRepository, current},
	{"POST /repositories/{workspace}/{repo_slug}/commit/{commit}/approve", "Approves a commit as the caller.",
		need(scope.ReadRepository, scope.WriteRepository), need(scope.LegacyRepositoryWrite), inRepository, current},
	{"GET /repositories/{workspace}/{repo_slug}/commit/{commit}/comments", "Lists the comments on a commit.",
		need(scope.ReadRepository), need(scope.LegacyRepository), inRepository | Anonymous, current},
	{"POST /repositories/{workspace}/{repo_slug}/commit/{commit}/comments", "Comments on a commit.",
		need(scope.ReadRepository), need(scope.LegacyRepository), inRepository, current},
	{"DELETE /repositories/{workspace}/{repo_slug}/commit/{commit}/comments/{comment_id}", "Deletes a comment on a commit.",
		need(scope.ReadRepository), need(scope.LegacyRepository), inRepository, current},
	{"GET /repositories/{workspace}/{repo_slug}/commit/{commit}/comments/{comment_id}", "Shows one comment on a commit.",
		need(scope.ReadRepository), need(scope.LegacyRepository), inRepository | Anonymous, current},
	{"PUT /repositories/{workspace}/{repo_slug}/commit/{commit}/comments/{comment_id}", "Edits a comment on a commit.",
		need(scope.ReadRepository), need(scope.LegacyRepository), inRepository, current},
	{"GET /repositories/{workspace}/{repo_slug}/commits", "Lists the commits of a repository, newest first.",
		need(scope.ReadRepository), need(scope.LegacyRepository), inRepository | Anonymous, current},
	{"POST /repositories/{workspace}/{repo_slug}/commits", "Lists commits like the GET form, with the included and excluded revisions in the body.",
		need(scope.ReadRepository), need(scope.LegacyRepository), inRepository, current},
	{"GET /repositories/{workspace}/{repo_slug}/commits/{revision}", "Lists the commits that a revision can reach.",
		need(scope.ReadRepository), need(scope.LegacyRepository), inRepository | Anonymous, current},
	{"POST /repositories/{workspace}/{repo_slug}/commits/{revision}", "Lists the commits of a revision, with included and excluded revisions in the body.",
		need(scope.ReadRepository), need(scope.LegacyRepository), inRepository, current},
	{"GET /repositories/{workspace}/{repo_slug}/diff/{spec}", "Shows the diff of a commit or between two revisions as text.",
		need(scope.ReadRepository), need(scope.LegacyRepository), inRepository | Anonymous, current},
	{"GET /repositories/{workspace}/{repo_slug}/diffstat/{spec}", "Lists the files that differ in a commit or between two revisions, with line counts.",
		need(scope.ReadRepository), need(scope.LegacyRepository), inRepository | Anonymous, current},
	{"GET /repositories/{workspace}/{repo_slug}/merge-base/{revspec}", "Shows the best common ancestor of two revisions.",
		need(scope.ReadRepository), need(scope.LegacyRepository), inRepository | Anonymous, current},
	{"GET /repositories/{workspace}/{repo_slug}/patch/{spec}", "Shows a commit or a range of commits as patches.",
		need(scope.ReadRepository), need(scope.LegacyRepository), inRepository | Anonymous, current},
}}

var tableCommitStatuses = section{"Commit statuses", []row{
	{"GET /repositories/{workspace}/{repo_slug}/commit/{commit}/statuses", "Lists the build statuses of a commit.",
		need(scope.ReadRepository), need(scope.LegacyRepository), inRepository | Anonymous, current},
	{"POST /repositories/{workspace}/{repo_slug}/commit/{commit}/statuses/build", "Reports a build status for a commit.",
		need(scope.ReadRepository), need(scope.LegacyRepository), inRepository, current},
	{"GET /repositories/{workspace}/{repo_slug}/commit/{commit}/statuses/build/{key}", "Shows one build status of a commit.",
		need(scope.ReadRepository), need(scope.LegacyRepository), inRepository | Anonymous, current},
	{"PUT /repositories/{workspace}/{repo_slug}/commit/{commit}/statuses/build/{key}", "Updates one build status of a commit.",
		need(scope.ReadRepository), need(scope.LegacyRepository), inRepository, current},
}}

var tableReports = section{"Reports", []row{
	{"GET /repositories/{workspace}/{repo_slug}/commit/{commit}/reports", "Lists the code insight reports on a commit.",
		need(scope.ReadRepository), need(scope.LegacyRepository), inRepository | Anonymous, current},
	{"DELETE /repositories/{workspace}/{repo_slug}/commit/{commit}/reports/{reportId}", "Deletes a report on a commit together with its annotations.",
		need(scope.ReadRepository), need(scope.LegacyRepository), inRepository, current},
	{"GET /repositories/{workspace}/{repo_slug}/commit/{commit}/reports/{reportId}", "Shows one report on a commit.",
		need(scope.ReadRepository), need(scope.LegacyRepository), inRepository | Anonymous, current},
	{"PUT /repositories/{workspace}/{repo_slug}/commit/{commit}/reports/{reportId}", "Creates or replaces a report on a commit.",
		need(scope.ReadRepository), need(scope.LegacyRepository), inRepository, current},
	{"GET /repositories/{workspace}/{repo_slug}/commit/{commit}/reports/{reportId}/annotations", "Lists the annotations of a report.",
		need(scope.ReadRepository), need(scope.LegacyRepository), inRepository | Anonymous, current},
	{"POST /repositories/{workspace}/{repo_slug}/commit/{commit}/reports/{reportId}/annotations", "Adds many annotations to a report at once.",
		need(scope.ReadRepository), need(scope.LegacyRepository), inRepository, current},
	{"DELETE /repositories/{workspace}/{repo_slug}/commit/{commit}/reports/{reportId}/annotations/{annotationId}", "Deletes one annotation of a report.",
		need(scope.ReadRepository), need(scope.LegacyRepository), inRepository, current},
	{"GET /repositories/{workspace}/{repo_slug}/commit/{commit}/reports/{reportId}/annotations/{annotationId}", "Shows one annotation of a report.",
		need(scope.ReadRepository), need(scope.LegacyRepository), inRepository | Anonymous, current},
	{"PUT /repositories/{workspace}/{repo_slug}/commit/{commit}/reports/{reportId}/annotations/{annotationId}", "Creates or replaces one annotation of a report.",
		need(scope.ReadRepository), need(scope.LegacyRepository), inRepository, current},
}}

var tableSearch = section{"Search", []row{
	{"GET /teams/{username}/search/code", "Searches the code in a team's repositories.",
		need(scope.ReadRepository), need(scope.LegacyRepository), inWorkspace, current},
	{"GET /users/{selected_user}/search/code", "Searches the code in a user's own repositories.",
		need(scope.ReadRepository), need(scope.LegacyRepository), inWorkspace, current},
	{"GET /workspaces/{workspace}/search/code", "Searches the code in a workspace's repositories.",
		need(scope.ReadRepository), need(scope.LegacyRepository), inWorkspace, current},
}}
