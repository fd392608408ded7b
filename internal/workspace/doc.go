// Package workspace is the room of workspaces: who belongs to one, its groups, its projects, and who may do what on
// them.
//
//	workspace.go    Workspace, Project, Group, Role, and what may be a slug, a key or a name
//	privilege.go    the rule: how far a principal reaches on a workspace and on a project
//	service.go      workspaces, members and groups: create, add, remove
//	projects.go     projects: create, change, delete, default reviewers
//	grants.go       permissions of groups and users on projects
//	store.go        the SQL that finds workspaces, projects, groups and members
//	operations.go   declarations; operations on workspaces, members and projects
//	permissions.go  operations below permissions-config and default-reviewers
//	json.go         a workspace, a project and a group as JSON
//
// Repositories, and the permissions on a single one, are in package repository. What a credential may do at all is
// decided in package access.
package workspace
