// Package code is the pages about repositories: the list of a workspace's, making one, and of each its front page, its
// commits, branches and tags, and its settings.
//
//	code.go      Pages, its routes, and what all pages of a repository have in common
//	list.go      the repositories of a workspace
//	create.go    making one
//	overview.go  the front page: how to clone, the README, the first push
//	clone.go     the lines for git, with the user name of each kind of credential
//	readme.go    READMEs as HTML, kept for a while, and the pictures in them
//	commits.go   histories and single commits
//	refs.go      branches and tags
//	settings.go  changing and deleting a repository
//
// The rules and the queries are package repository's; HTML is made of a README in package markup.
package code
