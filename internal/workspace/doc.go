// Package workspace is the room of workspaces: who belongs to one, its groups, its projects, and who may do what on
// them.
//
//	workspace.go    Workspace, Project, Group, Role, and what may be a slug, a key or a name
//	privilege.go    the rule: how far a principal reaches on a workspace and on a project
//	service.go      workspaces and members: create, change, add, remove
//	groups.go       groups: create, rename, delete, their members
//	invitations.go  links that let people join
//	projects.go     projects: create, change, delete, default reviewers
//	grants.go       permissions of groups and users on projects, and on repositories
//	effective.go    who may do what on a project, and on which grants
//	lists.go        members, projects and one's own workspaces as people look through them
//	store.go        the SQL that finds workspaces, projects, groups and members
//	operations.go   declarations; operations on workspaces, members and projects
//	permissions.go  operations below permissions-config and default-reviewers
//	json.go         a workspace, a project and a group as JSON
//
// Repositories are in package repository; how far somebody reaches on one is decided there, by the rule that begins here
// (Grants). What a credential may do at all is decided in package access.
package workspace
