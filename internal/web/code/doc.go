// Package code is the pages about repositories: the list of a workspace's, making one, and of each its front page, its
// files, commits, branches and tags, its downloads, and its settings.
//
//	code.go      Pages, its routes, and what all pages of a repository have in common
//	list.go      the repositories of a workspace
//	create.go    making one
//	search.go    the search for code in a workspace
//	overview.go  the front page: how to clone, the README, the first push
//	clone.go     the lines for git, with the user name of each kind of credential
//	readme.go    READMEs and other documents as HTML, kept for a while
//	files.go     directories, files, and their bytes
//	blame.go     who made which line
//	commits.go   histories, also of one path, and single commits
//	diffs.go     what differs between two commits
//	table.go     the lines of a difference as a table
//	compare.go   what lies between two revisions
//	beside.go    commits, differences and builds for pages of other areas
//	builds.go    what builds and analyses say of commits
//	refs.go      branches and tags
//	downloads.go files that are offered beside the history
//	settings.go  changing and deleting a repository
//
// The rules and the queries are package repository's; HTML is made of a README in package markup, of code in package highlight, and
// package diff reads what git says differs.
//
// A page about a path stands at /{workspace}/{repo}/src/{rev}/{path}, and blame and raw in the same way. The revision is one segment:
// a slash in the name of a branch is %2F there. An address with the slash as it is leads to that one, where a branch has the name.
package code
