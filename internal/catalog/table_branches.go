package catalog

import "github.com/pailforge/pail/internal/scope"

// Branch restrictions and branching models, of repositories and projects.
var tableBranchRestrictions = section{"Branch restrictions", []row{
	{"GET /repositories/{workspace}/{repo_slug}/branch-restrictions", "Lists the branch restrictions of a repository.",
		need(scope.AdminRepository), need(scope.LegacyRepositoryAdmin), inRepository, current},
	{"POST /repositories/{workspace}/{repo_slug}/branch-restrictions", "Adds a branch restriction to a repository.",
		need(scope.AdminRepository), need(scope.LegacyRepositoryAdmin), inRepository, current},
	{"DELETE /repositories/{workspace}/{repo_slug}/branch-restrictions/{id}", "Removes a branch restriction.",
		need(scope.AdminRepository), need(scope.LegacyRepositoryAdmin), inRepository, current},
	{"GET /repositories/{workspace}/{repo_slug}/branch-restrictions/{id}", "Shows one branch restriction.",
		need(scope.AdminRepository), need(scope.LegacyRepositoryAdmin), inRepository, current},
	{"PUT /repositories/{workspace}/{repo_slug}/branch-restrictions/{id}", "Changes a branch restriction.",
		need(scope.AdminRepository), need(scope.LegacyRepositoryAdmin), inRepository, current},
}}

var tableBranchingModel = section{"Branching model", []row{
	{"GET /repositories/{workspace}/{repo_slug}/branching-model", "Shows the branching model of a repository with the branches it resolves to.",
		need(scope.ReadRepository), need(scope.LegacyRepository), inRepository | Anonymous, current},
	{"GET /repositories/{workspace}/{repo_slug}/branching-model/settings", "Shows how the branching model of a repository is configured.",
		need(scope.AdminRepository), need(scope.LegacyRepositoryAdmin), inRepository, current},
	{"PUT /repositories/{workspace}/{repo_slug}/branching-model/settings", "Changes the branching model of a repository.",
		need(scope.AdminRepository), need(scope.LegacyRepositoryAdmin), inRepository, current},
	{"GET /repositories/{workspace}/{repo_slug}/effective-branching-model", "Shows the branching model in force, the project's included when it is inherited.",
		need(scope.ReadRepository), need(scope.LegacyRepository), inRepository | Anonymous, current},
	{"GET /workspaces/{workspace}/projects/{project_key}/branching-model", "Shows the branching model of a project.",
		need(scope.ReadRepository), need(scope.LegacyProjectAdmin), inProject, current},
	{"GET /workspaces/{workspace}/projects/{project_key}/branching-model/settings", "Shows how the branching model of a project is configured.",
		need(scope.AdminProject), need(scope.LegacyProjectAdmin), inProject, current},
	{"PUT /workspaces/{workspace}/projects/{project_key}/branching-model/settings", "Changes the branching model of a project.",
		need(scope.AdminProject), need(scope.LegacyProjectAdmin), inProject, current},
}}
