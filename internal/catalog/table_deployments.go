package catalog

import "github.com/pailforge/pail/internal/scope"

// Deployments, environments and deploy keys.
var tableDeployments = section{"Deployments", []row{
	{"GET /repositories/{workspace}/{repo_slug}/deploy-keys", "Lists the deploy keys of a repository.",
		need(scope.AdminRepository), need(scope.LegacyRepository, scope.LegacyRepositoryAdmin), inRepository, current},
	{"POST /repositories/{workspace}/{repo_slug}/deploy-keys", "Adds a deploy key to a repository.",
		need(scope.AdminRepository, scope.WriteSSHKey), need(scope.LegacyRepository, scope.LegacyRepositoryAdmin), inRepository, current},
	{"DELETE /repositories/{workspace}/{repo_slug}/deploy-keys/{key_id}", "Removes a deploy key from a repository.",
		need(scope.AdminRepository, scope.DeleteSSHKey), need(scope.LegacyRepository, scope.LegacyRepositoryAdmin), inRepository, current},
	{"GET /repositories/{workspace}/{repo_slug}/deploy-keys/{key_id}", "Shows one deploy key of a repository.",
		need(scope.AdminRepository), need(scope.LegacyRepository, scope.LegacyRepositoryAdmin), inRepository, current},
	{"PUT /repositories/{workspace}/{repo_slug}/deploy-keys/{key_id}", "Changes the label or comment of a repository's deploy key.",
		need(scope.AdminRepository, scope.WriteSSHKey), need(scope.LegacyRepository, scope.LegacyRepositoryAdmin), inRepository, current},
	{"GET /repositories/{workspace}/{repo_slug}/deployments", "Lists the deployments of a repository.",
		need(scope.ReadPipeline), need(scope.LegacyPipeline), inRepository | Anonymous, current},
	{"GET /repositories/{workspace}/{repo_slug}/deployments/{deployment_uuid}", "Shows one deployment.",
		need(scope.ReadPipeline), need(scope.LegacyPipeline), inRepository | Anonymous, current},
	{"GET /repositories/{workspace}/{repo_slug}/environments", "Lists the deployment environments of a repository.",
		need(scope.ReadPipeline), need(scope.LegacyPipeline), inRepository | Anonymous, current},
	{"POST /repositories/{workspace}/{repo_slug}/environments", "Creates a deployment environment.",
		need(scope.AdminPipeline), need(scope.LegacyPipeline), inRepository, current},
	{"DELETE /repositories/{workspace}/{repo_slug}/environments/{environment_uuid}", "Deletes a deployment environment.",
		need(scope.AdminPipeline), need(scope.LegacyPipeline), inRepository, current},
	{"GET /repositories/{workspace}/{repo_slug}/environments/{environment_uuid}", "Shows one deployment environment.",
		need(scope.ReadPipeline), need(scope.LegacyPipeline), inRepository | Anonymous, current},
	{"POST /repositories/{workspace}/{repo_slug}/environments/{environment_uuid}/changes", "Changes a deployment environment.",
		need(scope.AdminPipeline), need(scope.LegacyPipeline), inRepository, current},
	{"GET /workspaces/{workspace}/projects/{project_key}/deploy-keys", "Lists the deploy keys of a project.",
		need(scope.AdminProject), need(scope.LegacyProject, scope.LegacyProjectAdmin), inProject, current},
	{"POST /workspaces/{workspace}/projects/{project_key}/deploy-keys", "Adds a deploy key to a project.",
		need(scope.AdminProject, scope.WriteSSHKey), need(scope.LegacyProject, scope.LegacyProjectAdmin), inProject, current},
	{"DELETE /workspaces/{workspace}/projects/{project_key}/deploy-keys/{key_id}", "Removes a deploy key from a project.",
		need(scope.AdminProject, scope.DeleteSSHKey), need(scope.LegacyProject, scope.LegacyProjectAdmin), inProject, current},
	{"GET /workspaces/{workspace}/projects/{project_key}/deploy-keys/{key_id}", "Shows one deploy key of a project.",
		need(scope.AdminProject), need(scope.LegacyProject, scope.LegacyProjectAdmin), inProject, current},
}}
