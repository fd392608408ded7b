// Package teams is the pages about who belongs together and who may do what: workspaces, their members, invitations,
// groups and projects, and the permissions on projects and repositories.
//
//	teams.go        Pages and its addresses; what the pages of one workspace share
//	workspaces.go   one's own workspaces, a new one, and what is in one
//	settings.go     a workspace's name and privacy, and its end
//	members.go      who belongs to a workspace, with which role
//	groups.go       groups and their members
//	invitations.go  links that let people join, and what their holders see
//	projects.go     projects: what is in one, a new one, settings, and its end
//	permissions.go  who may do what on a project or a repository, through which grant
//	templates/      one file for each page
//
// What does not live here: rules. They are in packages workspace and repository; the list of all repositories of a
// workspace and the pages of one are in package code.
package teams
