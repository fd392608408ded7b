package catalog

// dcRoute pairs a path of Data Center with a template of Cloud. Parameters that
// have the same name on both sides carry their value over. A last parameter
// that ends in "..." takes everything that is left.
type dcRoute struct {
	method string // the method that this row is for; empty for any
	from   string
	to     string // a Cloud template; "" where Cloud has no operation
	note   string // what is different beyond the path
}

const (
	noteQuery    = "What Data Center takes as ?name= is the last segment of the path in Cloud."
	noteCompare  = "What Data Center takes as ?from= and ?to= is one spec in Cloud: {from}..{to}, the other way round for diffs."
	noteAt       = "What Data Center takes as ?at= is the commit, branch or tag in the path in Cloud."
	noteProjects = "In Cloud a repository is addressed by its workspace, not by its project; ?q=project.key=\"KEY\" filters a list by project."
)

// dcRepository has what Data Center serves below a repository, and what Cloud
// serves below /repositories/{workspace}/{repo_slug}.
var dcRepository = []dcRoute{
	{"POST", "", "/forks", ""},
	{"", "", "", ""},
	{"DELETE", "/branches", "/refs/branches/{name}", noteQuery},
	{"", "/branches", "/refs/branches", ""},
	{"", "/branches/default", "", "The main branch is the field mainbranch of the repository in Cloud."},
	{"", "/default-branch", "", "The main branch is the field mainbranch of the repository in Cloud."},
	{"", "/tags", "/refs/tags", ""},
	{"", "/tags/{name...}", "/refs/tags/{name}", ""},
	{"", "/commits", "/commits", ""},
	{"", "/commits/{commit}", "/commit/{commit}", ""},
	{"", "/commits/{commit}/comments", "/commit/{commit}/comments", ""},
	{"", "/commits/{commit}/comments/{comment_id}", "/commit/{commit}/comments/{comment_id}", ""},
	{"", "/commits/{commit}/pull-requests", "/commit/{commit}/pullrequests", ""},
	{"POST", "/commits/{commit}/builds", "/commit/{commit}/statuses/build", ""},
	{"", "/commits/{commit}/builds", "/commit/{commit}/statuses", ""},
	{"", "/commits/{spec}/changes", "/diffstat/{spec}", ""},
	{"", "/commits/{spec}/diff", "/diff/{spec}", ""},
	{"", "/commits/{spec}/diff/{path...}", "/diff/{spec}", "Cloud takes the file as ?path=."},
	{"", "/compare/changes", "/diffstat/{spec}", noteCompare},
	{"", "/compare/diff", "/diff/{spec}", noteCompare},
	{"", "/compare/diff/{path...}", "/diff/{spec}", noteCompare},
	{"", "/compare/commits", "/commits", "What Data Center takes as ?from= and ?to= is ?include= and ?exclude= in Cloud."},
	{"", "/browse", "/src", noteAt},
	{"PUT", "/browse/{path...}", "/src", "In Cloud a commit is made with POST, each file as a field of a form."},
	{"", "/browse/{path...}", "/src/{commit}/{path}", noteAt},
	{"", "/raw/{path...}", "/src/{commit}/{path}", noteAt},
	{"", "/files", "/src", noteAt},
	{"", "/files/{path...}", "/src/{commit}/{path}", noteAt},
	{"", "/last-modified/{path...}", "/filehistory/{commit}/{path}", noteAt},
	{"", "/pull-requests", "/pullrequests", ""},
	{"", "/pull-requests/{pull_request_id}", "/pullrequests/{pull_request_id}", ""},
	{"", "/pull-requests/{pull_request_id}/merge", "/pullrequests/{pull_request_id}/merge", ""},
	{"", "/pull-requests/{pull_request_id}/decline", "/pullrequests/{pull_request_id}/decline", ""},
	{"", "/pull-requests/{pull_request_id}/approve", "/pullrequests/{pull_request_id}/approve", ""},
	{"", "/pull-requests/{pull_request_id}/reopen", "/pullrequests", "A declined pull request cannot be reopened in Cloud: create a new one."},
	{"", "/pull-requests/{pull_request_id}/activities", "/pullrequests/{pull_request_id}/activity", ""},
	{"", "/pull-requests/{pull_request_id}/activity", "/pullrequests/{pull_request_id}/activity", ""},
	{"", "/pull-requests/{pull_request_id}/changes", "/pullrequests/{pull_request_id}/diffstat", ""},
	{"", "/pull-requests/{pull_request_id}/diffstat", "/pullrequests/{pull_request_id}/diffstat", ""},
	{"", "/pull-requests/{pull_request_id}/commits", "/pullrequests/{pull_request_id}/commits", ""},
	{"", "/pull-requests/{pull_request_id}/diff", "/pullrequests/{pull_request_id}/diff", ""},
	{"", "/pull-requests/{pull_request_id}/diff/{path...}", "/pullrequests/{pull_request_id}/diff", "Cloud takes the file as ?path=."},
	{"", "/pull-requests/{pull_request_id}/statuses", "/pullrequests/{pull_request_id}/statuses", ""},
	{"", "/pull-requests/{pull_request_id}/comments", "/pullrequests/{pull_request_id}/comments", ""},
	{"", "/pull-requests/{pull_request_id}/comments/{comment_id}", "/pullrequests/{pull_request_id}/comments/{comment_id}", ""},
	{"", "/pull-requests/{pull_request_id}/tasks", "/pullrequests/{pull_request_id}/tasks", ""},
	{"", "/pull-requests/{pull_request_id}/blocker-comments", "/pullrequests/{pull_request_id}/tasks", ""},
	{"", "/pull-requests/{pull_request_id}/blocker-comments/{task_id}", "/pullrequests/{pull_request_id}/tasks/{task_id}", ""},
	{"", "/pull-requests/{pull_request_id}/participants", "/pullrequests/{pull_request_id}", "Participants and reviewers are fields of the pull request in Cloud."},
	{"GET", "/pull-requests/{pull_request_id}/participants/{selected_user}", "/pullrequests/{pull_request_id}", "Participants and reviewers are fields of the pull request in Cloud."},
	{"PUT", "/pull-requests/{pull_request_id}/participants/{selected_user}", "/pullrequests/{pull_request_id}/approve", "In Cloud callers approve, or request changes, for themselves with POST."},
	{"", "/pull-requests/{pull_request_id}/participants/{selected_user}", "/pullrequests/{pull_request_id}", "Reviewers are a field of the pull request in Cloud."},
	{"", "/webhooks", "/hooks", ""},
	{"", "/webhooks/{uid}", "/hooks/{uid}", ""},
	{"", "/forks", "/forks", ""},
	{"", "/watchers", "/watchers", ""},
	{"", "/permissions", "/permissions-config/groups", ""},
	{"PUT", "/permissions/groups", "/permissions-config/groups/{group_slug}", noteQuery},
	{"DELETE", "/permissions/groups", "/permissions-config/groups/{group_slug}", noteQuery},
	{"", "/permissions/groups", "/permissions-config/groups", ""},
	{"", "/permissions/groups/none", "/permissions-config/groups", "Cloud lists the groups that hold a permission, not those that hold none."},
	{"", "/permissions/groups/{group_slug}", "/permissions-config/groups/{group_slug}", ""},
	{"PUT", "/permissions/users", "/permissions-config/users/{selected_user_id}", noteQuery},
	{"DELETE", "/permissions/users", "/permissions-config/users/{selected_user_id}", noteQuery},
	{"", "/permissions/users", "/permissions-config/users", ""},
	{"", "/permissions/users/none", "/permissions-config/users", "Cloud lists the users that hold a permission, not those that hold none."},
	{"", "/permissions/users/{selected_user_id}", "/permissions-config/users/{selected_user_id}", ""},
}

// dcProject has what Data Center serves below a project, and what Cloud serves
// below /workspaces/{workspace}/projects/{project_key}.
var dcProject = []dcRoute{
	{"", "", "", ""},
	{"", "/permissions", "/permissions-config/groups", ""},
	{"PUT", "/permissions/groups", "/permissions-config/groups/{group_slug}", noteQuery},
	{"DELETE", "/permissions/groups", "/permissions-config/groups/{group_slug}", noteQuery},
	{"", "/permissions/groups", "/permissions-config/groups", ""},
	{"", "/permissions/groups/none", "/permissions-config/groups", "Cloud lists the groups that hold a permission, not those that hold none."},
	{"", "/permissions/groups/{group_slug}", "/permissions-config/groups/{group_slug}", ""},
	{"PUT", "/permissions/users", "/permissions-config/users/{selected_user_id}", noteQuery},
	{"DELETE", "/permissions/users", "/permissions-config/users/{selected_user_id}", noteQuery},
	{"", "/permissions/users", "/permissions-config/users", ""},
	{"", "/permissions/users/none", "/permissions-config/users", "Cloud lists the users that hold a permission, not those that hold none."},
	{"", "/permissions/users/{selected_user_id}", "/permissions-config/users/{selected_user_id}", ""},
}

// dcServer has the routes of Data Center's core API, below /rest/api/{version},
// that stand below no project.
var dcServer = []dcRoute{
	{"", "/projects", "/workspaces/{workspace}/projects", ""},
	{"POST", "/projects/{project_key}/repos", "/repositories/{workspace}/{repo_slug}", "In Cloud the new repository's slug is in the path and its project in the body."},
	{"", "/projects/{project_key}/repos", "/repositories/{workspace}", noteProjects},
	{"", "/projects/{project_key}/webhooks", "/workspaces/{workspace}/hooks", "In Cloud webhooks belong to a repository or to the whole workspace, not to a project."},
	{"", "/repos", "/repositories/{workspace}", "Cloud lists the repositories of one workspace at a time."},
	{"", "/users", "/workspaces/{workspace}/members", "Cloud lists the members of one workspace at a time."},
	{"", "/users/{selected_user}", "/users/{selected_user}", "Cloud takes an account id or a {uuid}, no user name."},
	{"", "/users/{selected_user}/repos", "/repositories/{workspace}", "Cloud has no personal projects: a person's repositories are in a workspace."},
	{"", "/groups", "", "Cloud's API 2.0 has no operation on groups as such."},
	{"", "/inbox/pull-requests", "/workspaces/{workspace}/pullrequests/{selected_user}", "Cloud lists what a user wrote in one workspace."},
	{"", "/inbox/pull-requests/count", "/workspaces/{workspace}/pullrequests/{selected_user}", "The field size of the list is the count."},
	{"", "/dashboard/pull-requests", "/workspaces/{workspace}/pullrequests/{selected_user}", "Cloud lists what a user wrote in one workspace."},
	{"", "/dashboard/pull-request-suggestions", "/workspaces/{workspace}/pullrequests/{selected_user}", "Cloud lists what a user wrote in one workspace."},
	{"", "/profile/recent/repos", "/repositories/{workspace}", "?sort=-updated_on puts the latest first."},
	{"", "/application-properties", "/user", "Cloud has no version to ask for. As a probe of a credential, this one tells whose it is."},
	{"", "/admin/permissions/groups", "/workspaces/{workspace}/permissions", "Permissions on the whole server are permissions on the workspace in Cloud."},
	{"", "/admin/permissions/users", "/workspaces/{workspace}/permissions", "Permissions on the whole server are permissions on the workspace in Cloud."},
	{"", "/admin/users", "/workspaces/{workspace}/members", "Accounts are administered on the organization's pages in Cloud."},
	{"", "/admin/groups/more-members", "", "Groups are administered on the workspace's pages in Cloud."},
	{"", "/admin/groups", "", "Groups are administered on the workspace's pages in Cloud."},
	{"", "/admin/{rest...}", "", "The administration of the server has no counterpart in Cloud's API."},
}

// dcPlugins has the routes of the APIs beside the core. {version} stands for
// any version.
var dcPlugins = []dcRoute{
	{"POST", "/build-status/{version}/commits/{commit}", "/repositories/{workspace}/{repo_slug}/commit/{commit}/statuses/build", "In Cloud a build status belongs to a commit of a repository."},
	{"", "/build-status/{version}/commits/{commit}", "/repositories/{workspace}/{repo_slug}/commit/{commit}/statuses", "In Cloud a build status belongs to a commit of a repository."},
	{"", "/build-status/{version}/commits/stats/{commit}", "/repositories/{workspace}/{repo_slug}/commit/{commit}/statuses", "Cloud has no counts; they follow from the list."},

	{"", "/default-reviewers/{version}/projects/{project_key}/conditions", "/workspaces/{workspace}/projects/{project_key}/default-reviewers", "Cloud has default reviewers, without conditions."},
	{"", "/default-reviewers/{version}/projects/{project_key}/condition", "/workspaces/{workspace}/projects/{project_key}/default-reviewers/{selected_user}", "Cloud has default reviewers, without conditions."},
	{"", "/default-reviewers/{version}/projects/{project_key}/repos/{repo_slug}/conditions", "/repositories/{workspace}/{repo_slug}/default-reviewers", "Cloud has default reviewers, without conditions."},
	{"", "/default-reviewers/{version}/projects/{project_key}/repos/{repo_slug}/condition", "/repositories/{workspace}/{repo_slug}/default-reviewers/{target_username}", "Cloud has default reviewers, without conditions."},
	{"", "/default-reviewers/{version}/projects/{project_key}/repos/{repo_slug}/reviewers", "/repositories/{workspace}/{repo_slug}/effective-default-reviewers", ""},

	{"", "/branch-permissions/{version}/projects/{project_key}/repos/{repo_slug}/restrictions", "/repositories/{workspace}/{repo_slug}/branch-restrictions", ""},
	{"", "/branch-permissions/{version}/projects/{project_key}/repos/{repo_slug}/restrictions/{id}", "/repositories/{workspace}/{repo_slug}/branch-restrictions/{id}", ""},
	{"", "/branch-permissions/{version}/projects/{project_key}/restrictions", "/repositories/{workspace}/{repo_slug}/branch-restrictions", "Cloud's API sets branch restrictions on repositories only."},

	{"DELETE", "/branch-utils/{version}/projects/{project_key}/repos/{repo_slug}/branches", "/repositories/{workspace}/{repo_slug}/refs/branches/{name}", "What Data Center takes as name in the body is the last segment of the path in Cloud."},
	{"", "/branch-utils/{version}/projects/{project_key}/repos/{repo_slug}/branches", "/repositories/{workspace}/{repo_slug}/refs/branches", ""},
	{"", "/branch-utils/{version}/projects/{project_key}/repos/{repo_slug}/branchmodel", "/repositories/{workspace}/{repo_slug}/branching-model", ""},
	{"", "/branch-utils/{version}/projects/{project_key}/repos/{repo_slug}/branchmodel/configuration", "/repositories/{workspace}/{repo_slug}/branching-model/settings", ""},
	{"", "/branch-utils/{version}/projects/{project_key}/branchmodel/configuration", "/workspaces/{workspace}/projects/{project_key}/branching-model/settings", ""},

	{"", "/keys/{version}/projects/{project_key}/repos/{repo_slug}/ssh", "/repositories/{workspace}/{repo_slug}/deploy-keys", "Access keys are called deploy keys in Cloud."},
	{"", "/keys/{version}/projects/{project_key}/repos/{repo_slug}/ssh/{key_id}", "/repositories/{workspace}/{repo_slug}/deploy-keys/{key_id}", "Access keys are called deploy keys in Cloud."},
	{"", "/keys/{version}/projects/{project_key}/ssh", "/workspaces/{workspace}/projects/{project_key}/deploy-keys", "Access keys are called deploy keys in Cloud."},
	{"", "/keys/{version}/projects/{project_key}/ssh/{key_id}", "/workspaces/{workspace}/projects/{project_key}/deploy-keys/{key_id}", "Access keys are called deploy keys in Cloud."},

	{"", "/ssh/{version}/keys", "/users/{selected_user}/ssh-keys", ""},
	{"", "/ssh/{version}/keys/{key_id}", "/users/{selected_user}/ssh-keys/{key_id}", ""},
	{"", "/gpg/{version}/keys", "/users/{selected_user}/gpg-keys", ""},
	{"", "/gpg/{version}/keys/{fingerprint}", "/users/{selected_user}/gpg-keys/{fingerprint}", ""},

	{"", "/insights/{version}/projects/{project_key}/repos/{repo_slug}/commits/{commit}/reports", "/repositories/{workspace}/{repo_slug}/commit/{commit}/reports", ""},
	{"", "/insights/{version}/projects/{project_key}/repos/{repo_slug}/commits/{commit}/reports/{reportId}", "/repositories/{workspace}/{repo_slug}/commit/{commit}/reports/{reportId}", ""},
	{"", "/insights/{version}/projects/{project_key}/repos/{repo_slug}/commits/{commit}/reports/{reportId}/annotations", "/repositories/{workspace}/{repo_slug}/commit/{commit}/reports/{reportId}/annotations", ""},

	{"", "/search/{version}/{rest...}", "/workspaces/{workspace}/search/code", "Cloud searches the code of one workspace."},
	{"", "/access-tokens/{version}/{rest...}", "", "API tokens are made on the account's page, not through the API."},
	{"", "/jira/{version}/{rest...}", "", "Cloud's API has no operation for it."},
	{"", "/audit/{version}/{rest...}", "", "Cloud's API has no operation for it."},
	{"", "/mirroring/{version}/{rest...}", "", "Cloud has no mirrors."},
	{"", "/git/{version}/{rest...}", "", "Cloud's API has no operation for it."},
	{"", "/authconfig/{version}/{rest...}", "", "The administration of the server has no counterpart in Cloud's API."},
}
