// Package wiki is the room of wikis: beside each repository, pages that people write together, in a Git repository of their own with
// one branch. Bitbucket Cloud had wikis with pages and git, scopes for both, and no operations for them: those here are Pail's own
// (catalog.Own). Nothing that happens to a wiki is an event, as none is documented.
//
//	room.go       declarations, whom operations let in, and where the wiki of a repository is
//	name.go       what pages are called
//	page.go       reading: pages, their list, their history, and what changed on them
//	write.go      the rules: make, edit, rename, delete
//	operations.go a page as JSON
//	text.go       a page as HTML
//	push.go       what git may push
//
// A wiki is there as long as its repository is, and goes where that goes, because it is found by the repository's id; a fork begins
// without one. Git data lives in package gitstore, under an id that is made of the repository's (ID), so that nothing of a wiki is in
// the database: has_wiki of the repository alone says whether anybody sees it.
package wiki
