package scope

// The areas, in the order in which forms and pages show them.
const (
	areaRepositories = "repositories"
	areaPullRequests = "pull requests"
	areaProjects     = "projects"
	areaWorkspaces   = "workspaces"
	areaUser         = "user data"
	areaPipelines    = "pipelines"
	areaRunners      = "runners"
	areaIssues       = "issues"
	areaWikis        = "wikis"
	areaWebhooks     = "webhooks"
	areaSnippets     = "snippets"
	areaSSHKeys      = "SSH keys"
	areaGPGKeys      = "GPG keys"
	areaPermissions  = "permissions"
	areaTests        = "tests"
	areaPackages     = "packages"
	areaAccount      = "Atlassian account"
)

// table holds every scope at its own index; entry 0 is empty. Source: the
// scope lists of Bitbucket's REST introduction, and for wiki, test, package
// and the account scopes the dialog in which tokens are made.
var table = [end]Info{
	ReadRepository:   token("read:repository:bitbucket", areaRepositories, "read", "See repositories, their source and part of their settings; clone and fetch", "pull requests"),
	WriteRepository:  token("write:repository:bitbucket", areaRepositories, "write", "Change or remove source, branches and tags; fork; push", "reading the repository, pull requests"),
	AdminRepository:  token("admin:repository:bitbucket", areaRepositories, "admin", "Create repositories; manage branch restrictions, the branching model and default reviewers", "reading or changing source; changing permissions, which also takes write:permission or delete:permission"),
	DeleteRepository: token("delete:repository:bitbucket", areaRepositories, "delete", "Delete repositories", "reading the repository"),

	ReadPullRequest:  token("read:pullrequest:bitbucket", areaPullRequests, "read", "See pull requests and comment on them", "reading the repository"),
	WritePullRequest: token("write:pullrequest:bitbucket", areaPullRequests, "write", "Create, update, approve, decline and merge pull requests", "seeing pull requests, writing to the repository"),

	ReadProject:  token("read:project:bitbucket", areaProjects, "read", "See projects and who has permission on them", "the projects' repositories"),
	AdminProject: token("admin:project:bitbucket", areaProjects, "admin", "Create, update and delete projects", "seeing projects; changing permissions, which also takes write:permission or delete:permission"),

	ReadWorkspace:  token("read:workspace:bitbucket", areaWorkspaces, "read", "See workspaces, their members and their permissions", "the workspaces' projects and repositories"),
	AdminWorkspace: token("admin:workspace:bitbucket", areaWorkspaces, "admin", "Create, update and delete workspaces", "seeing workspaces"),

	ReadUser:  token("read:user:bitbucket", areaUser, "read", "See the account's own data, its e-mail addresses among them", "SSH and GPG keys"),
	WriteUser: token("write:user:bitbucket", areaUser, "write", "Change the account's own data", "seeing it"),

	ReadPipeline:  token("read:pipeline:bitbucket", areaPipelines, "read", "See pipelines, steps, logs, caches, artifacts, deployments and environments", "running anything"),
	WritePipeline: token("write:pipeline:bitbucket", areaPipelines, "write", "Start and stop pipelines, manage schedules and caches", "seeing pipelines; pipeline variables"),
	AdminPipeline: token("admin:pipeline:bitbucket", areaPipelines, "admin", "Manage pipeline variables, SSH keys of pipelines and environments", "seeing or running pipelines"),

	ReadRunner:  token("read:runner:bitbucket", areaRunners, "read", "See pipeline runners", ""),
	WriteRunner: token("write:runner:bitbucket", areaRunners, "write", "Create, change, disable and delete pipeline runners", "seeing runners"),

	ReadIssue:   token("read:issue:bitbucket", areaIssues, "read", "See, list and search issues, and comment on them", ""),
	WriteIssue:  token("write:issue:bitbucket", areaIssues, "write", "Create, update, move and delete issues", "seeing issues"),
	DeleteIssue: token("delete:issue:bitbucket", areaIssues, "delete", "Delete issues", "seeing or changing issues"),

	ReadWiki:   token("read:wiki:bitbucket", areaWikis, "read", "See and clone wikis", ""),
	WriteWiki:  token("write:wiki:bitbucket", areaWikis, "write", "Create, edit and push wiki pages", "seeing wikis"),
	DeleteWiki: token("delete:wiki:bitbucket", areaWikis, "delete", "Delete wiki pages", "seeing or editing wikis"),
	AllWiki:    token("wiki:bitbucket", areaWikis, "all", "See, clone, create, edit, push and delete wiki pages", "", ReadWiki, WriteWiki, DeleteWiki),

	ReadWebhook:   token("read:webhook:bitbucket", areaWebhooks, "read", "See webhooks", ""),
	WriteWebhook:  token("write:webhook:bitbucket", areaWebhooks, "write", "Create and change webhooks", "seeing webhooks"),
	DeleteWebhook: token("delete:webhook:bitbucket", areaWebhooks, "delete", "Delete webhooks", "seeing or changing webhooks"),

	ReadSnippet:   token("read:snippet:bitbucket", areaSnippets, "read", "See snippets and their comments", ""),
	WriteSnippet:  token("write:snippet:bitbucket", areaSnippets, "write", "Create and change snippets, comment on them, watch them", "seeing snippets"),
	DeleteSnippet: token("delete:snippet:bitbucket", areaSnippets, "delete", "Delete snippets", "seeing or changing snippets"),

	ReadSSHKey:   token("read:ssh-key:bitbucket", areaSSHKeys, "read", "See SSH keys of the account", ""),
	WriteSSHKey:  token("write:ssh-key:bitbucket", areaSSHKeys, "write", "Add and change SSH keys; with admin of a repository or project, deploy keys too", "seeing keys"),
	DeleteSSHKey: token("delete:ssh-key:bitbucket", areaSSHKeys, "delete", "Remove SSH keys; with admin of a repository or project, deploy keys too", "seeing or adding keys"),

	ReadGPGKey:   token("read:gpg-key:bitbucket", areaGPGKeys, "read", "See GPG keys of the account", ""),
	WriteGPGKey:  token("write:gpg-key:bitbucket", areaGPGKeys, "write", "Add GPG keys", "seeing keys"),
	DeleteGPGKey: token("delete:gpg-key:bitbucket", areaGPGKeys, "delete", "Remove GPG keys", "seeing or adding keys"),

	ReadPermission:   token("read:permission:bitbucket", areaPermissions, "read", "See permissions", "permissions of projects and repositories, which take read:project and read:repository"),
	WritePermission:  token("write:permission:bitbucket", areaPermissions, "write", "Grant and change permissions, together with admin of the project or repository", "admin of the project or repository"),
	DeletePermission: token("delete:permission:bitbucket", areaPermissions, "delete", "Take permissions away, together with admin of the project or repository", "admin of the project or repository"),

	ReadTest:  token("read:test:bitbucket", areaTests, "read", "See test results", ""),
	WriteTest: token("write:test:bitbucket", areaTests, "write", "Upload test results", "seeing test results"),

	ReadPackage:  token("read:package:bitbucket", areaPackages, "read", "Pull from the container registry", ""),
	WritePackage: token("write:package:bitbucket", areaPackages, "write", "Push to the container registry", "pulling"),

	ReadMe:      token("read:me", areaAccount, "read", "See the profile of the Atlassian account", "any data of the forge"),
	ReadAccount: token("read:account", areaAccount, "read", "See other Atlassian accounts' profiles", "any data of the forge"),
	ManageOrg:   token("manage:org", areaAccount, "manage", "Manage the Atlassian organization", "any data of the forge"),

	LegacyAccount:          legacy("account", areaUser, "read", "See the account's own data, keys, workspaces and memberships", "changing any of it", LegacyEmail),
	LegacyAccountWrite:     legacy("account:write", areaUser, "write", "Change the account's own data and keys", "", LegacyAccount, LegacyEmail),
	LegacyEmail:            legacy("email", areaUser, "read", "See the account's e-mail addresses", "the rest of the account's data"),
	LegacyTeam:             old(legacy("team", areaWorkspaces, "read", "See workspaces that the account belongs to", "")),
	LegacyTeamWrite:        old(legacy("team:write", areaWorkspaces, "write", "Manage workspaces that the account administers", "", LegacyTeam)),
	LegacyProject:          legacy("project", areaProjects, "read", "See projects and the repositories in them", "", LegacyRepository),
	LegacyProjectWrite:     old(legacy("project:write", areaProjects, "write", "See projects and the repositories in them; changing them takes project:admin", "changing projects", LegacyProject, LegacyRepository)),
	LegacyProjectAdmin:     legacy("project:admin", areaProjects, "admin", "Create, update and delete projects and manage their permissions", "seeing projects and their repositories"),
	LegacyRepository:       legacy("repository", areaRepositories, "read", "See repositories and their source; clone and fetch", "pull requests"),
	LegacyRepositoryWrite:  legacy("repository:write", areaRepositories, "write", "Change source; fork; push", "pull requests", LegacyRepository),
	LegacyRepositoryAdmin:  legacy("repository:admin", areaRepositories, "admin", "Create repositories and manage their settings and permissions", "reading or changing source"),
	LegacyRepositoryDelete: legacy("repository:delete", areaRepositories, "delete", "Delete repositories", "reading the repository"),
	LegacyPullRequest:      legacy("pullrequest", areaPullRequests, "read", "See pull requests, comment on them; see the repository", "", LegacyRepository),
	LegacyPullRequestWrite: legacy("pullrequest:write", areaPullRequests, "write", "Create, approve, decline and merge pull requests; push", "", LegacyPullRequest, LegacyRepositoryWrite, LegacyRepository),
	LegacyIssue:            legacy("issue", areaIssues, "read", "See issues", ""),
	LegacyIssueWrite:       legacy("issue:write", areaIssues, "write", "Create, change and delete issues", "", LegacyIssue),
	LegacyWiki:             legacy("wiki", areaWikis, "all", "See and change wikis", ""),
	LegacySnippet:          legacy("snippet", areaSnippets, "read", "See snippets and comment on them", ""),
	LegacySnippetWrite:     legacy("snippet:write", areaSnippets, "write", "Create, change and delete snippets", "", LegacySnippet),
	LegacyWebhook:          legacy("webhook", areaWebhooks, "all", "See, create, change and delete webhooks", "the data that a webhook's events carry"),
	LegacyPipeline:         legacy("pipeline", areaPipelines, "read", "See pipelines, deployments and environments", "pipeline variables' values"),
	LegacyPipelineWrite:    legacy("pipeline:write", areaPipelines, "write", "Start and stop pipelines", "pipeline variables", LegacyPipeline),
	LegacyPipelineVariable: legacy("pipeline:variable", areaPipelines, "admin", "Manage pipeline variables", "", LegacyPipelineWrite, LegacyPipeline),
	LegacyRunner:           legacy("runner", areaRunners, "read", "See pipeline runners", ""),
	LegacyRunnerWrite:      legacy("runner:write", areaRunners, "write", "Create, change and delete pipeline runners", "", LegacyRunner),
	LegacyTest:             legacy("test", areaTests, "read", "See test results", ""),
	LegacyTestWrite:        legacy("test:write", areaTests, "write", "Upload test results", "", LegacyTest),
}

func token(name, area, verb, permits, excludes string, implies ...Scope) Info {
	return Info{Name: name, Area: area, Verb: verb, Permits: permits, Excludes: excludes, Implies: NewSet(implies...)}
}

func legacy(name, area, verb, permits, excludes string, implies ...Scope) Info {
	i := token(name, area, verb, permits, excludes, implies...)
	i.Legacy = true
	return i
}

func old(i Info) Info {
	i.Deprecated = true
	return i
}

func init() {
	for s := range table {
		table[s].Scope = Scope(s)
	}
}
